"""The duty `orphans`: delete what belongs to nobody any more.

Originals that no document names (a crash between their storing and their row's commit leaves one),
temporary files of uploads that never ended, rows of workers that have long been gone.
"""

from __future__ import annotations

import time

import sqlalchemy as sa

from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs.duties import Duty
from studyq.jobs.models import ACTIVE_SQL, Job, Worker
from studyq.operations.file_checks import delete_orphans, find_orphans
from studyq.storage.originals import Storage

EVERY = 3600.0  #: seconds
ORIGINAL_AGE = 3600.0  #: seconds that an original without a document is kept
WORKER_AGE = 86_400.0  #: seconds of silence after which a worker's row is deleted


def orphans(database: Database, storage: Storage) -> Duty:
    """The duty."""

    def run() -> str:
        deleted = {
            "original(s)": delete_orphans(
                database, storage, find_orphans(database, storage), ORIGINAL_AGE
            ),
            "temporary file(s)": storage.sweep(time.time()),
            "worker(s)": _forget_workers(database),
        }
        told = ", ".join(f"{number:,} {what}" for what, number in deleted.items() if number)
        return f"Deleted without an owner: {told}." if told else ""

    return Duty("orphans", EVERY, run)


def _forget_workers(database: Database) -> int:
    """Rows of machines that are gone, which no reaper can look after."""
    held = sa.exists().where(Job.worker_id == Worker.id, ACTIVE_SQL)
    silent = sa.and_(Worker.seen_at < now() - round(WORKER_AGE * 1e6), ~held)
    with database.read() as session:
        if not session.scalar(sa.select(sa.exists().where(silent))):
            return 0
    with database.write() as session:
        return len(session.scalars(sa.delete(Worker).where(silent).returning(Worker.id)).all())
