"""Settings: every variable read, converted, traced to where it came from; mistakes are named."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from studyq.settings import PREFIX, Settings, SettingsError, load_settings, variable_of


def load(**variables: str) -> Settings:
    return load_settings({PREFIX + name.upper(): value for name, value in variables.items()})[0]


def test_without_variables_the_defaults_hold() -> None:
    settings, origins = load_settings({})
    assert settings == Settings()
    assert {origin.source for origin in origins} == {"default"}
    assert [origin.variable for origin in origins] == [
        variable_of(item) for item in fields(Settings)
    ]
    assert all(origin.about for origin in origins)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("data", "/srv/studyq", Path("/srv/studyq")),
        ("port", "0", 0),
        ("port", "65535", 65535),
        ("worker", "false", False),
        ("worker", "0", False),
        ("worker", "true", True),
        ("max_upload", "1000000", 1_000_000),
        ("pdf_seconds", "1.5", 1.5),
        ("lease", "40", 40.0),
        ("auth", "none", "none"),
        ("durability", "full", "full"),
        ("log_level", "debug", "debug"),
        ("embedding", "llm:some-model", "llm:some-model"),
        ("url", "https://studyq.example", "https://studyq.example"),
    ],
)
def test_texts_become_what_they_mean(name: str, text: str, value: object) -> None:
    found = getattr(load(**{name: text}), name)
    assert found == value
    assert type(found) is type(value) or isinstance(found, Path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "many"),
        ("port", ""),
        ("port", "-1"),
        ("port", "65536"),
        ("port", "80.5"),
        ("worker", "perhaps"),
        ("auth", "password"),
        ("durability", "FULL"),
        ("log_level", "verbose"),
        ("max_upload", "512MB"),
        ("max_upload", "0"),
        ("max_pages", "-5"),
        ("pdf_memory", "0"),
        ("pdf_seconds", "0"),
        ("pdf_seconds", "nan"),
        ("lease", "inf"),
        ("busy_timeout", "0"),
        ("chunk_chars", "199"),
        ("ingestion_concurrency", "0"),
        ("generation_concurrency", "65"),
        ("analysis_concurrency", "x"),
        ("heartbeat", "20"),
    ],
)
def test_a_value_that_does_not_fit_is_named(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=PREFIX + name.upper()):
        load(**{name: text})


@pytest.mark.parametrize("name", ["STUDYQ_PROT", "STUDYQ_", "STUDYQ_PORT_FILES", "STUDYQ_port"])
def test_an_unknown_variable_is_refused_with_its_name(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} .*not a setting"):
        load_settings({name: "1"})


def test_variables_of_others_are_left_alone() -> None:
    assert load_settings({"PATH": "/bin", "STUDY": "x", "PORT": "1"})[0] == Settings()


class TestFiles:
    def test_hold_values(self, tmp_path: Path) -> None:
        secret = tmp_path / "key"
        secret.write_text("  s3cret\n", encoding="utf-8")
        settings, origins = load_settings({"STUDYQ_EMBEDDING_KEY_FILE": str(secret)})
        assert settings.embedding_key == "s3cret"
        (origin,) = (item for item in origins if item.source != "default")
        assert origin.source == "environment STUDYQ_EMBEDDING_KEY_FILE"

    def test_give_way_to_the_plain_variable(self, tmp_path: Path) -> None:
        file = tmp_path / "port"
        file.write_text("1111", encoding="utf-8")
        variables = {"STUDYQ_PORT_FILE": str(file), "STUDYQ_PORT": "2222"}
        assert load_settings(variables)[0].port == 2222

    @pytest.mark.parametrize("name", ["nowhere", "."])
    def test_that_cannot_be_read_are_named(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(SettingsError, match=r"STUDYQ_PORT_FILE names .*cannot be read"):
            load_settings({"STUDYQ_PORT_FILE": str(tmp_path / name)})

    def test_that_are_no_text_are_named(self, tmp_path: Path) -> None:
        file = tmp_path / "binary"
        file.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(SettingsError, match="STUDYQ_EMBEDDING_KEY_FILE"):
            load_settings({"STUDYQ_EMBEDDING_KEY_FILE": str(file)})

    def test_with_a_value_that_does_not_fit_do_not_show_a_secret(self, tmp_path: Path) -> None:
        file = tmp_path / "lease"
        file.write_text("soon", encoding="utf-8")
        with pytest.raises(SettingsError, match="STUDYQ_LEASE"):
            load_settings({"STUDYQ_LEASE_FILE": str(file)})


class TestDotEnv:
    @pytest.fixture(autouse=True)
    def in_an_empty_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        for item in fields(Settings):
            for suffix in ("", "_FILE"):
                monkeypatch.delenv(PREFIX + item.name.upper() + suffix, raising=False)

    def write(self, text: str) -> None:
        Path(".env").write_text(text, encoding="utf-8")

    def test_is_read_where_one_is(self) -> None:
        self.write('# a comment\nSTUDYQ_PORT=4321\nexport STUDYQ_LOG_LEVEL="debug"\nOTHER=1\n')
        settings, origins = load_settings()
        assert (settings.port, settings.log_level) == (4321, "debug")
        assert {origin.source for origin in origins if origin.variable == "STUDYQ_PORT"} == {
            ".env STUDYQ_PORT"
        }

    def test_gives_way_to_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.write("STUDYQ_PORT=4321\n")
        monkeypatch.setenv("STUDYQ_PORT", "1234")
        settings, origins = load_settings()
        assert settings.port == 1234
        (origin,) = (item for item in origins if item.variable == "STUDYQ_PORT")
        assert (origin.value, origin.source) == ("1234", "environment STUDYQ_PORT")

    def test_gives_way_to_the_command_line(self) -> None:
        self.write("STUDYQ_PORT=4321\nSTUDYQ_HOST=localhost\n")
        settings, origins = load_settings(port=99, host=None)
        assert (settings.port, settings.host) == (99, "localhost")
        (origin,) = (item for item in origins if item.variable == "STUDYQ_PORT")
        assert origin.source == "command line"

    def test_with_an_unknown_variable_is_refused(self) -> None:
        self.write("STUDYQ_PROT=4321\n")
        with pytest.raises(SettingsError, match=r"STUDYQ_PROT \(from the \.env\)"):
            load_settings()


def test_secrets_are_not_shown() -> None:
    _, origins = load_settings({"STUDYQ_EMBEDDING_KEY": "sk-very-secret"})
    shown = {origin.variable: origin.value for origin in origins}
    assert shown["STUDYQ_EMBEDDING_KEY"] == "••••••"
    assert "sk-very-secret" not in repr(origins)
    assert load_settings({})[1] != origins


def test_every_secret_is_marked_as_one() -> None:
    for item in fields(Settings):
        named = any(part in item.name.split("_") for part in ("key", "password", "secret", "token"))
        # The address of many a webhook is its password; headers carry keys.
        named |= item.name in ("alert_webhook", "otel_exporter_otlp_headers")
        assert item.metadata["secret"] == named, item.name


def test_addresses_follow_the_data_folder(tmp_path: Path) -> None:
    settings = load(data=str(tmp_path))
    assert settings.resolved_database_url == f"sqlite:///{tmp_path}/studyq.db"
    assert settings.resolved_storage_url == f"file://{tmp_path}/files"
    assert settings.models_dir == tmp_path / "models"
    assert load(storage_url="gs://a/b").resolved_storage_url == "gs://a/b"


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.2", False), ("127.0.0.1.evil.example", False)],
)  # fmt: skip
def test_what_counts_as_this_machine_alone(host: str, local: bool) -> None:
    assert load(host=host).on_loopback is local


def test_buckets_are_named_with_or_without_a_scheme() -> None:
    settings = load(import_buckets=" one, gs://two/ ,s3://three,, ")
    assert settings.allowed_buckets == {"gs://one", "gs://two", "s3://three"}
    assert load().allowed_buckets == frozenset()


def redis(**variables: str) -> Settings:
    return load_settings(variables)[0]


def test_redis_is_named_by_an_address_or_by_the_variables_that_others_use(tmp_path: Path) -> None:
    assert redis().resolved_queue_url == ""
    assert redis(REDIS_HOST="cache").resolved_queue_url == "redis://cache:6379/0"
    assert redis(REDIS_PORT="7000", REDIS_PASSWORD="x").resolved_queue_url == ""
    secret = tmp_path / "password"
    secret.write_text("p@ss/wörd\n", encoding="utf-8")
    spelt = redis(REDIS_HOST="::1", REDIS_PORT="7000", REDIS_PASSWORD_FILE=str(secret))
    assert spelt.resolved_queue_url == "redis://:p%40ss%2Fw%C3%B6rd@[::1]:7000/0"
    both = redis(STUDYQ_QUEUE_URL="rediss://named:1/2", REDIS_HOST="cache")
    assert both.resolved_queue_url == "rediss://named:1/2"


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("STUDYQ_QUEUE_URL", {"STUDYQ_QUEUE_URL": "amqp://somewhere"}),
        ("STUDYQ_QUEUE_URL", {"STUDYQ_QUEUE_URL": "redis://"}),
        ("STUDYQ_QUEUE_URL", {"STUDYQ_QUEUE_URL": "redis://host:port"}),
        ("REDIS_PORT", {"REDIS_HOST": "cache", "REDIS_PORT": "tcp://10.0.0.1:6379"}),
    ],
)
def test_redis_that_cannot_be_is_refused(name: str, variables: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=name):
        load_settings(variables)


def test_port_of_a_redis_that_is_not_used_may_be_anything() -> None:
    """Kubernetes sets REDIS_PORT to an address wherever a service is called redis."""
    assert redis(REDIS_PORT="tcp://10.0.0.1:6379").resolved_queue_url == ""


def test_passwords_within_addresses_are_masked() -> None:
    secret = "hunter2"
    _, origins = load_settings(
        {
            "STUDYQ_QUEUE_URL": f"redis://me:{secret}@cache:6379/1",
            "REDIS_PASSWORD": secret,
            "REDIS_HOST": "cache",
        }
    )
    shown = {origin.variable: origin.value for origin in origins}
    assert not any(secret in value for value in shown.values())
    assert shown["STUDYQ_QUEUE_URL"] == "redis://me:••••••@cache:6379/1"
    assert shown["REDIS_HOST"] == "cache"
