"""Working on the library of a data folder directly, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from studyq.settings import Settings

if TYPE_CHECKING:
    from studyq.database.engine import Database
    from studyq.web.services import Services


@contextmanager
def open_library(settings: Settings) -> Iterator[Services]:
    """Everything that handlers and jobs work with, closed at the end; no job runs by itself.

    Raises:
        SchemaNewer: when the database belongs to a newer version.
        DriverUnusable: when no SQLite library can be used.
    """
    from studyq.app import concurrency, make_services, open_database, register_jobs
    from studyq.jobs.host import ensure_queues
    from studyq.providers.embedding import Unavailable

    services = make_services(settings, open_database(settings))
    try:
        register_jobs(services)
        if not _has_queues(services.database):  # how many run at once is for servers to say
            ensure_queues(services.database, concurrency(settings))
        yield services
    finally:
        if not isinstance(services.embedder, Unavailable):
            services.embedder.close()
        services.languages.close()
        services.database.close()


def worker_alive(database: Database) -> bool:
    """Whether some process runs jobs of this library."""
    import sqlalchemy as sa

    from studyq.database.base import now
    from studyq.jobs.models import Worker
    from studyq.jobs.service import WORKER_SILENT

    with database.read() as session:
        seen = session.scalar(sa.select(sa.func.max(Worker.seen_at)))
    return seen is not None and now() - seen < WORKER_SILENT * 1e6


def _has_queues(database: Database) -> bool:
    from studyq.jobs.models import Queue
    from studyq.jobs.registry import QUEUES

    with database.read() as session:
        return all(session.get(Queue, name) is not None for name in QUEUES)
