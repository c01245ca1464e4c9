"""The duty `retention`: delete jobs, events and idempotency keys when their time is over.

What came after a job that is deleted without having completed is failed first.
"""

from __future__ import annotations

from studyq.database.engine import Database
from studyq.jobs import chains
from studyq.jobs.duties import Duty
from studyq.jobs.registry import Registry
from studyq.jobs.retention import BATCH, DUTY, prune
from studyq.settings import Settings

EVERY = 10.0  #: seconds


def retention(settings: Settings, database: Database, registry: Registry) -> Duty:
    """The duty."""

    def batch() -> int:
        return prune(
            database,
            completed=settings.retention_completed,
            failed=settings.retention_failed,
        )

    def run() -> str:
        while chains.give_up(database, registry, failed=settings.retention_failed) == chains.BATCH:
            pass
        deleted = last = batch()
        while last == BATCH:
            deleted += (last := batch())
        return f"{deleted:,} {'job' if deleted == 1 else 'jobs'} deleted." if deleted else ""

    return Duty(DUTY, EVERY, run)
