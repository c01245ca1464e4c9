"""Every ``STUDYQ_*`` variable, typed and documented, read once at start-up.

Precedence: the environment, then a ``.env`` file in the working folder, then the default. Each
variable has a ``…_FILE`` twin that names a file holding the value (for container secrets).
``REDIS_HOST``, ``REDIS_PORT`` and ``REDIS_PASSWORD`` are read without the prefix, as other programs
read them.
"""

from __future__ import annotations

import base64
import math
import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_type_hints
from urllib.parse import quote, urlsplit

import msgspec
from dotenv import dotenv_values

PREFIX = "STUDYQ_"
MASK = "••••••"
WEBHOOK_TAKES = "an http:// or https:// address without a user name"
WEBHOOK_KEY_PREFIX = "whsec_"
WEBHOOK_KEY_TAKES = "a text, or whsec_ and the key in base64"
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class SettingsError(ValueError):
    """A variable has a value that cannot be used; the message names it and what it takes."""


def _setting(default: Any, about: str, *, secret: bool = False, prefix: str = PREFIX) -> Any:
    return field(default=default, metadata={"about": about, "secret": secret, "prefix": prefix})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is in force for this process. Sizes are bytes, times are seconds."""

    data: Path = _setting(Path("data"), "Folder of the database, the originals and the models.")
    models: str = _setting("", "Folder of installed models; empty: models/ in the data folder.")
    database_url: str = _setting("", "Database; empty: studyq.db in the data folder.")
    storage_url: str = _setting("", "Originals; empty: files/ in the data folder. gs://… with gcs.")
    host: str = _setting("127.0.0.1", "Address to listen on; others than loopback need AUTH=none.")
    port: int = _setting(8642, "Port to listen on; 0 takes a free one.")
    url: str = _setting("", "Public address of the service; its host name is then accepted too.")
    auth: Literal["", "none"] = _setting(
        "", "'none' serves everybody who can reach the port, and says so in a banner."
    )
    open_browser: Literal["auto", "yes", "no"] = _setting(
        "auto", "Open the library in a browser; auto: when started from a terminal on loopback."
    )
    worker: bool = _setting(True, "Run job workers inside the server process.")
    queue_url: str = _setting(
        "",
        "Where rings go between processes: redis://… or rediss://…; empty: REDIS_HOST, if any.",
    )
    redis_host: str = _setting("", "Host of Redis, where QUEUE_URL names none.", prefix="")
    redis_port: str = _setting("6379", "Port of Redis at REDIS_HOST.", prefix="")
    redis_password: str = _setting("", "Password of Redis at REDIS_HOST.", secret=True, prefix="")
    embedding: str = _setting(
        "builtin",
        "builtin, none, llm:MODEL (an llm plugin's), or openai:MODEL (with EMBEDDING_URL).",
    )
    embedding_url: str = _setting("", "Base address of an OpenAI-compatible embeddings server.")
    embedding_key: str = _setting("", "Key for the embedding model.", secret=True)
    embedding_dimensions: int = _setting(0, "Vector length of an openai: model; 0: ask the model.")
    embedding_threads: int = _setting(0, "Threads of the embedding process; 0: one a core.")
    llm: str = _setting(
        "builtin",
        "Who writes cards: builtin, llm:MODEL (an llm plugin's), or openai:MODEL (with LLM_URL).",
    )
    llm_url: str = _setting("", "Base address of an OpenAI-compatible server (Ollama, llama.cpp…).")
    llm_key: str = _setting(
        "", "Key for the language model; for an llm: model `llm keys` may hold it.", secret=True
    )
    llm_concurrency: int = _setting(4, "Calls to the language model that run at once.")
    llm_timeout: float = _setting(120.0, "Longest time for one call to the language model.")
    llm_max_output: int = _setting(4096, "Most tokens of one answer of the language model.")
    llm_input_price: float = _setting(
        0.0, "Price of a million input tokens of the language model; 0 with OUTPUT_PRICE: unknown."
    )
    llm_output_price: float = _setting(0.0, "Price of a million output tokens of the same model.")
    max_tokens_per_job: int = _setting(
        500_000, "A job stops asking a language model at this many tokens; 0: no limit."
    )
    models_from: str = _setting("", "Folder with the published model files, for machines offline.")
    max_upload: int = _setting(512 * 1024**2, "Largest upload in bytes.")
    max_pages: int = _setting(10_000, "Largest number of pages of a PDF.")
    min_free: int = _setting(64 * 1024**2, "Uploads are refused below this many free bytes.")
    pdf_memory: int = _setting(1536 * 1024**2, "Address space of a PDF-reading process in bytes.")
    pdf_seconds: float = _setting(30.0, "Longest time for one window of pages.")
    chunk_chars: int = _setting(1000, "Length of a chunk in characters.")
    import_buckets: str = _setting(
        "", "gs:// and s3:// buckets that may be imported from, by comma."
    )
    durability: Literal["normal", "full"] = _setting(
        "normal", "full: sync at each commit; normal: a power cut may take the last second."
    )
    busy_timeout: float = _setting(10.0, "How long a statement waits for another process's lock.")
    ingestion_concurrency: int = _setting(2, "Jobs of pdf-ingestion that run at once.")
    generation_concurrency: int = _setting(4, "Jobs of flashcard-generation that run at once.")
    analysis_concurrency: int = _setting(2, "Jobs of test-analysis that run at once.")
    lease: float = _setting(30.0, "A job's lease; a worker silent for longer loses it.")
    heartbeat: float = _setting(10.0, "How often leases are renewed.")
    grace: float = _setting(8.0, "At SIGTERM, how long jobs may go on to reach a checkpoint.")
    retention_completed: float = _setting(3600.0, "Completed jobs are kept this long.")
    retention_failed: float = _setting(86_400.0, "Failed and cancelled jobs are kept this long.")
    alert_waiting: float = _setting(
        300.0, "Alert when a job has waited this long in a queue that is not paused; 0: never."
    )
    alert_stalled: float = _setting(
        600.0, "Alert when a running job has told of no progress for this long; 0: never."
    )
    alert_failure_rate: float = _setting(
        0.5, "Alert when this share of a queue's jobs of the last 15 minutes failed; 0: never."
    )
    alert_webhook: str = _setting(
        "", "Address that alerts and recoveries are posted to, as signed JSON.", secret=True
    )
    alert_webhook_secret: str = _setting(
        "", "Key of the webhook's signature: whsec_… (base64) or any text.", secret=True
    )
    alert_webhook_private: bool = _setting(
        False, "Let the webhook go to addresses that are not public (loopback, private networks)."
    )
    backups: str = _setting("", "Folder of daily backups; empty: backups/ in the data folder.")
    backup_keep: int = _setting(7, "How many daily backups of the database are kept; 0: none.")
    log_level: Literal["debug", "info", "warning", "error"] = _setting("info", "Log level.")
    log_format: Literal["auto", "console", "json"] = _setting(
        "auto", "auto: console on a terminal, else JSON."
    )
    otel_exporter_otlp_endpoint: str = _setting(
        "", "Where traces are sent, as OTLP over HTTP; empty: nowhere. Needs otel.", prefix=""
    )
    otel_exporter_otlp_headers: str = _setting(
        "", "Headers sent with traces: NAME=VALUE, by comma.", secret=True, prefix=""
    )

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, float):
                _require(math.isfinite(value) and value >= 0, item.name, "a number from 0 up")
        _require(0 <= self.port <= 65535, "port", "a number from 0 to 65535")
        _require(self.backup_keep >= 0, "backup_keep", "a number from 0 up")
        _require(self.chunk_chars >= 200, "chunk_chars", "at least 200")
        _require(self.heartbeat * 2 <= self.lease, "heartbeat", "at most half of STUDYQ_LEASE")
        for name in ("ingestion_concurrency", "generation_concurrency", "analysis_concurrency"):
            _require(1 <= getattr(self, name) <= 64, name, "a number from 1 to 64")
        _require(
            not self.queue_url or _is_redis(self.queue_url),
            "queue_url", "redis://HOST:PORT/DATABASE, rediss:// for TLS, or nothing",
        )  # fmt: skip
        _require(
            not self.redis_host or _is_redis(self.resolved_queue_url),
            "redis_port", "a number from 1 to 65535, and REDIS_HOST a host's name or address",
        )  # fmt: skip
        _require(
            not self.otel_exporter_otlp_endpoint or _is_http(self.otel_exporter_otlp_endpoint),
            "otel_exporter_otlp_endpoint", "http://HOST:PORT, https:// for TLS, or nothing",
        )  # fmt: skip
        _require(self.alert_failure_rate <= 1, "alert_failure_rate", "a number from 0 to 1")
        _require(_is_webhook(self.alert_webhook), "alert_webhook", WEBHOOK_TAKES)
        _require(self.webhook_key is not None, "alert_webhook_secret", WEBHOOK_KEY_TAKES)
        _require(
            self.llm == "builtin" or _is_remote_model(self.llm), "llm",
            "builtin, llm:MODEL or openai:MODEL",
        )  # fmt: skip
        _require(1 <= self.llm_concurrency <= 64, "llm_concurrency", "a number from 1 to 64")
        _require(self.llm_max_output >= 256, "llm_max_output", "at least 256")
        _require(self.max_tokens_per_job >= 0, "max_tokens_per_job", "a number from 0 up")
        for name in (
            "max_upload", "max_pages", "pdf_memory", "pdf_seconds", "busy_timeout", "llm_timeout",
        ):  # fmt: skip
            _require(getattr(self, name) > 0, name, "a number above 0")

    @property
    def resolved_database_url(self) -> str:
        """The SQLAlchemy address of the database."""
        return self.database_url or f"sqlite:///{(self.data / 'studyq.db').absolute()}"

    @property
    def resolved_storage_url(self) -> str:
        """The fsspec address of the folder of originals."""
        return self.storage_url or f"file://{(self.data / 'files').absolute()}"

    @property
    def resolved_queue_url(self) -> str:
        """The address of the Redis that carries rings between processes; empty when none does."""
        if self.queue_url or not self.redis_host:
            return self.queue_url
        login = f":{quote(self.redis_password, safe='')}@" if self.redis_password else ""
        host = f"[{self.redis_host}]" if ":" in self.redis_host else self.redis_host
        return f"redis://{login}{host}:{self.redis_port}/0"

    @property
    def backups_dir(self) -> Path:
        """Where daily backups are."""
        return Path(self.backups) if self.backups else self.data / "backups"

    @property
    def models_dir(self) -> Path:
        """Where `studyq models install` puts its files."""
        return Path(self.models) if self.models else self.data / "models"

    @property
    def webhook_key(self) -> bytes | None:
        """The key of the webhook's signature; empty without a secret, None when that is damaged.

        A secret that begins with whsec_ is the key in base64 (https://www.standardwebhooks.com/).
        """
        secret = self.alert_webhook_secret
        if not secret.startswith(WEBHOOK_KEY_PREFIX):
            return secret.encode()
        try:
            return base64.b64decode(secret[len(WEBHOOK_KEY_PREFIX) :], validate=True) or None
        except ValueError:
            return None

    @property
    def on_loopback(self) -> bool:
        """Whether the service listens where only this machine can reach it."""
        return self.host in LOOPBACK_HOSTS

    @property
    def allowed_buckets(self) -> frozenset[str]:
        """Buckets that imports may read, as ``scheme://bucket``."""
        names = (name.strip().rstrip("/") for name in self.import_buckets.split(","))
        return frozenset(name if "://" in name else f"gs://{name}" for name in names if name)


@dataclass(frozen=True)
class Origin:
    """One setting as `studyq config` shows it."""

    variable: str
    value: str
    source: str
    about: str


def variable_of(item: Field[Any]) -> str:
    """The environment variable of a setting."""
    return str(item.metadata["prefix"]) + item.name.upper()


def without_password(url: str) -> str:
    """An address as it may be shown."""
    parts = urlsplit(url)
    if not parts.password:
        return url
    rest = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username or ''}:{MASK}@{rest}").geturl()


def _is_remote_model(name: str) -> bool:
    kind, _, model = name.partition(":")
    return kind in ("llm", "openai") and bool(model.strip())


def _is_redis(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, half an IPv6 address
        return False


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_webhook(address: str) -> bool:
    """Whether alerts can be posted to an address; without one they are not posted at all."""
    if not address:
        return True
    plain = address.isprintable() and " " not in address
    return plain and _is_http(address) and "@" not in urlsplit(address).netloc


def _require(holds: bool, name: str, takes: str) -> None:
    if not holds:
        variable = next(variable_of(item) for item in fields(Settings) if item.name == name)
        raise SettingsError(f"{variable} takes {takes}.")


def _lookup(variable: str, environ: Mapping[str, str | None], where: str) -> tuple[str, str] | None:
    value = environ.get(variable)
    if value is not None:
        return value, f"{where} {variable}"
    path = environ.get(variable + "_FILE")
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip(), f"{where} {variable}_FILE"
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{variable}_FILE names {path}, which cannot be read: {error}"
        ) from error


def load_settings(
    environ: Mapping[str, str | None] | None = None, **overrides: object
) -> tuple[Settings, list[Origin]]:
    """Read the settings and where each came from.

    Args:
        environ: variables to read instead of the process's and ``.env``.
        **overrides: values from the command line, ``None`` meaning not given.

    Raises:
        SettingsError: when a variable is unknown or its value does not fit.
    """
    layers: list[tuple[str, Mapping[str, str | None]]]
    if environ is None:
        layers = [("environment", os.environ), (".env", dotenv_values(".env"))]
    else:
        layers = [("environment", environ)]
    _refuse_unknown(layers)
    types = get_type_hints(Settings)
    values: dict[str, Any] = {}
    origins: list[Origin] = []
    for item in fields(Settings):
        source = "default"
        if overrides.get(item.name) is not None:
            values[item.name], source = overrides[item.name], "command line"
        else:
            for where, layer in layers:
                found = _lookup(variable_of(item), layer, where)
                if found is not None:
                    values[item.name], source = (
                        _convert(variable_of(item), found[0], types[item.name]),
                        found[1],
                    )
                    break
        shown = _shown(item, values.get(item.name, item.default))
        origins.append(Origin(variable_of(item), shown, source, item.metadata["about"]))
    return Settings(**values), origins


def _shown(item: Field[Any], value: object) -> str:
    text = str(value)
    if item.metadata["secret"] and text:
        return MASK
    return without_password(text) if item.name.endswith(("_url", "_endpoint")) else text


def _refuse_unknown(layers: list[tuple[str, Mapping[str, str | None]]]) -> None:
    known = {variable_of(item) for item in fields(Settings)}
    known |= {name + "_FILE" for name in known}
    for where, layer in layers:
        for name in layer:
            if name.startswith(PREFIX) and name not in known:
                raise SettingsError(
                    f"{name} (from the {where}) is not a setting of studyq. "
                    "`studyq config` lists the settings."
                )


def _convert(variable: str, text: str, kind: Any) -> Any:
    if kind is Path:
        return Path(text)
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{variable} is {text!r}: {error}.") from error
