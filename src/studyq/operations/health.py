"""What of an instance works, and what to do about what does not."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

import sqlalchemy as sa

from studyq.database.base import now
from studyq.database.engine import Database
from studyq.database.migrate import current_revision, head_revision
from studyq.jobs.models import Worker
from studyq.jobs.service import WORKER_SILENT
from studyq.providers.embedding import Embedder, Unavailable
from studyq.settings import Settings
from studyq.storage.originals import Storage


@dataclass(frozen=True)
class Part:
    """One part of an instance.

    Args:
        needed: whether the instance is unusable without it.
    """

    ok: bool
    reason: str
    next_step: str = ""
    needed: bool = True


def examine(
    settings: Settings, database: Database, storage: Storage, embedder: Embedder | Unavailable
) -> dict[str, Part]:
    """Look at every part."""
    return {
        "database": _database(database),
        "schema": _schema(database),
        "worker": _worker(database),
        "storage": _storage(storage),
        "disk": _disk(settings),
        "embedding": _embedding(embedder),
    }


def _database(database: Database) -> Part:
    try:
        with database.write() as session:
            session.execute(sa.update(Worker).where(sa.false()).values(seen_at=0))
    except sa.exc.OperationalError as error:
        return Part(
            False,
            f"The database cannot be written: {error.orig}.",
            "Look for another process that holds it, for a full disk, and at its permissions.",
        )
    return Part(True, "can be written")


def _schema(database: Database) -> Part:
    current, head = current_revision(database.url), head_revision(database.url)
    if current == head:
        return Part(True, f"at {head}")
    return Part(
        False, f"The schema is at {current}, not at {head}.", "Run `studyq db upgrade`, restart."
    )


def _worker(database: Database) -> Part:
    with database.read() as session:
        seen = session.scalar(sa.select(sa.func.max(Worker.seen_at)))
    if seen is None:
        return Part(False, "No worker is running.", "Start `studyq serve` without --no-worker.")
    age = (now() - seen) / 1e6
    if age > WORKER_SILENT:
        return Part(
            False, f"No worker has been heard of for {age:.0f} s.", "Restart `studyq serve`."
        )
    return Part(True, f"heard {age:.0f} s ago")


def _storage(storage: Storage) -> Part:
    try:
        storage.exists("health")
    except OSError as error:
        return Part(
            False,
            f"{storage.url} is out of reach: {error}.",
            "Check STUDYQ_STORAGE_URL and access.",
        )
    return Part(True, storage.url)


def _disk(settings: Settings) -> Part:
    free = shutil.disk_usage(settings.data).free
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
