"""What of an instance works, and what to do about what does not.

The answer comes within some seconds, whatever is broken: questions to the database go over a
connection that waits for nobody long, and what does not answer in time is told as not answering.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Collection
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.database.engine import Database, is_locked
from studyq.database.migrate import head_revision
from studyq.jobs.models import Queue, Worker
from studyq.jobs.service import WORKER_SILENT
from studyq.jobs.transport import InProcess, Transport
from studyq.library.models import Pdf
from studyq.operations.conditions import Moment, in_words, unserved_queues
from studyq.operations.parts import Part
from studyq.operations.probing import LOCK_PATIENCE, probing
from studyq.operations.upkeep import backups_part, duties_part
from studyq.providers.embedding import Embedder, Unavailable
from studyq.providers.language import BUILTIN, LanguageModels
from studyq.settings import Settings
from studyq.storage.originals import Storage

PATIENCE = 3.0  #: seconds after which a part counts as not answering
OPTIONAL = frozenset({"backups"})  #: looks without which an instance works


def examine(
    settings: Settings,
    database: Database,
    storage: Storage,
    embedder: Embedder | Unavailable,
    transport: Transport | None = None,
    queues: Collection[str] | None = None,
    languages: LanguageModels | None = None,
) -> dict[str, Part]:
    """Look at every part, all of them at once, for at most `PATIENCE` seconds.

    Args:
        queues: those that this version has work for, by default all; others need a worker only
            when jobs wait in them.
        transport: this process's; that of others tell their rows.
        languages: doors to language models; without them, that part is left out.
    """
    looks = {
        "database": _Look.of(
            f"database {database.url}",
            lambda: _database(database, transport or InProcess(), queues),
        ),
        "storage": _Look.of(f"storage {storage.url}", lambda: _storage(storage, database)),
        "disk": _Look.of(f"disk {settings.data}", lambda: {"disk": _disk(settings)}),
        "backups": _Look.of(
            f"backups {settings.backups_dir}",
            lambda: {"backups": backups_part(settings, database)},
        ),
    }
    deadline = time.monotonic() + PATIENCE
    parts = {}
    for name, look in looks.items():
        parts.update(look.result(name, deadline))
    parts["embedding"] = _embedding(embedder)
    if languages is not None:
        parts["language_model"] = _language_model(languages)
    return parts


class _Look:
    """A question in a thread of its own, since what it asks may never answer."""

    _pending: ClassVar[dict[str, _Look]] = {}  # one that never answers is not asked anew
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, ask: Callable[[], dict[str, Part]]) -> None:
        self._ask = ask
        self._begun = time.monotonic()
        self._found: dict[str, Part] | None = None
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="studyq-health", daemon=True)
        self._thread.start()

    @classmethod
    def of(cls, what: str, ask: Callable[[], dict[str, Part]]) -> _Look:
        """Look at something, or join those who are looking at it already."""
        with cls._lock:
            look = cls._pending.get(what)
            if look is None or not look._thread.is_alive():
                look = cls._pending[what] = cls(ask)
            return look

    def _run(self) -> None:
        try:
            self._found = self._ask()
        except Exception as error:  # told as the part's reason
            self._failure = error

    def result(self, name: str, deadline: float) -> dict[str, Part]:
        """What was found; a part of this name when nothing was.

        Args:
            deadline: by the monotonic clock.
        """
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._found is not None:
            return self._found
        if self._failure is not None:
            kind = type(self._failure).__name__
            reason = f"It cannot be looked at: {self._failure} ({kind})."
        else:
            reason = f"It has not answered for {time.monotonic() - self._begun:.0f} s."
        next_step = "Look at the log, and at the machine that it is on."
        return {name: Part(False, reason, next_step, needed=name not in OPTIONAL)}


def _database(
    database: Database, transport: Transport, queues: Collection[str] | None
) -> dict[str, Part]:
    """The parts that are read from the database, over a connection of their own."""
    try:
        with probing(database) as engine:
            return _asked(engine, database.url, transport, queues)
    except FileNotFoundError as gone:
        next_step = "Stop studyq and put the file, or a backup of it, back."
        return {"database": Part(False, str(gone), next_step)}


def _asked(
    engine: sa.Engine, url: sa.URL, transport: Transport, queues: Collection[str] | None
) -> dict[str, Part]:
    looks: dict[str, Callable[[Session], Part]] = {
        "schema": lambda session: _schema(session, url),
        "worker": lambda session: _worker(session, queues),
        "queue": lambda session: _queue(session, transport),
        "duties": duties_part,
    }
    parts = {"database": _writable(engine)}
    for name, look in looks.items():
        try:
            with Session(engine) as session:
                parts[name] = look(session)
        except sa.exc.DatabaseError as error:
            parts[name] = Part(
                False, f"The database does not tell: {error.orig}.", "Mend the database first."
            )
    return parts


def _writable(engine: sa.Engine) -> Part:
    try:
        # IMMEDIATE: it takes the lock that writes take, which is what may be missing.
        with engine.connect().execution_options(write=True) as connection, connection.begin():
            connection.execute(sa.update(Worker).where(sa.false()).values(seen_at=0))
    except sa.exc.OperationalError as error:
        if is_locked(error):
            return Part(
                False,
                f"The database cannot be written: it was locked for {LOCK_PATIENCE:.0f} s.",
                "Look for another process that holds the file (a backup, a shell, a copy).",
            )
        return Part(
            False,
            f"The database cannot be written: {error.orig}.",
            "Look at the disk, and at the permissions of the file and its folder.",
        )
    except sa.exc.DatabaseError as error:
        return Part(
            False,
            f"The database cannot be read: {error.orig}.",
            "Stop studyq, run `studyq doctor`, and restore a backup if it finds damage.",
        )
    return Part(True, "can be written")


def _schema(session: Session, url: sa.URL) -> Part:
    current = session.scalar(sa.text("SELECT version_num FROM alembic_version"))
    head = head_revision(url)
    if current == head:
        return Part(True, f"at {head}")
    return Part(
        False, f"The schema is at {current}, not at {head}.", "Run `studyq db upgrade`, restart."
    )


def _worker(session: Session, queues: Collection[str] | None) -> Part:
    """Every queue has somebody who serves it, except those that are paused."""
    at = now()
    if queues is None:
        queues = session.scalars(sa.select(Queue.name)).all()
    silent = unserved_queues(session, queues, Moment(at))
    if not silent:
        seen = session.scalar(sa.select(sa.func.max(Worker.seen_at)))
        if seen is None:
            return Part(True, "every queue is paused")
        return Part(True, f"heard {max(0.0, (at - seen) / 1e6):.0f} s ago")
    heard = [seen for seen in silent.values() if seen is not None]
    since = (
        f"has been heard of for {in_words((at - max(heard)) / 1e6)}" if heard else "is signed in"
    )
    return Part(
        False,
        f"No worker serves {_listed(sorted(silent))}: none {since}.",
        "Start `studyq worker`, or `studyq serve` without --no-worker; pause a queue that nobody "
        "is to serve.",
    )


def _queue(session: Session, transport: Transport) -> Part:
    problem = transport.problem() or session.scalar(
        sa.select(Worker.transport_error)
        .where(Worker.transport_error != "", Worker.seen_at > now() - round(WORKER_SILENT * 1e6))
        .limit(1)
    )
    if problem:
        return Part(
            False,
            f"Rings between processes do not arrive: {problem} Jobs are run, but start later.",
            "Look after the Redis that STUDYQ_QUEUE_URL or REDIS_HOST names.",
        )
    return Part(True, transport.name)


def _storage(storage: Storage, database: Database) -> dict[str, Part]:
    try:
        storage.check()
        sample = _newest_original(database)
        lost = sample is not None and not storage.exists(sample)
        lost = lost and sample == _newest_original(database)  # else it was deleted meanwhile
    except Exception as error:  # each kind of storage has its own
        return {
            "storage": Part(
                False,
                f"{storage.url} is out of reach: {error} ({type(error).__name__}).",
                "Check STUDYQ_STORAGE_URL and access.",
            )
        }
    if lost:
        return {
            "storage": Part(
                False,
                f"The newest original is not in {storage.url}.",
                "See that STUDYQ_STORAGE_URL is right and mounted; `studyq doctor` says what else "
                "is missing.",
            )
        }
    return {"storage": Part(True, storage.url)}


def _newest_original(database: Database) -> str | None:
    """The key of a file that should be there, if any can be told."""
    try:
        with database.read() as session:
            return session.scalar(sa.select(Pdf.storage_key).order_by(Pdf.id.desc()).limit(1))
    except sa.exc.DatabaseError:  # which is a part of its own
        return None


def _disk(settings: Settings) -> Part:
    try:
        free = shutil.disk_usage(settings.data).free
    except OSError as error:
        return Part(
            False,
            f"The data folder {settings.data} is out of reach: {error.strerror}.",
            "See that it exists and is mounted.",
        )
    if free < settings.min_free:
        return Part(
            False,
            f"{free:,} bytes are free in the data folder; uploads need {settings.min_free:,}.",
            "Free some space, or lower STUDYQ_MIN_FREE.",
        )
    return Part(True, f"{free // 1024**2:,} MiB free")


def _embedding(embedder: Embedder | Unavailable) -> Part:
    if isinstance(embedder, Unavailable):
        return Part(False, embedder.reason, embedder.next_step, needed=False)
    return Part(True, embedder.model_id, needed=False)


def _listed(names: Collection[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _language_model(languages: LanguageModels) -> Part:
    """Whether the model of the settings can be asked; it is not asked, which would cost."""
    name = languages.options.default
    found = None if name == BUILTIN else languages.open(name)
    if isinstance(found, Unavailable):
        return Part(False, found.reason, found.next_step, needed=False)
    return Part(True, name, needed=False)
