"""Whether a worker of this machine lives: what a container without a web server is asked."""

from __future__ import annotations

import sqlalchemy as sa

from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs.identity import host_name, process_started
from studyq.jobs.models import Worker
from studyq.jobs.registry import NOTIFICATIONS
from studyq.jobs.service import WORKER_SILENT
from studyq.operations.parts import Part
from studyq.operations.probing import LOCK_PATIENCE


def examine_worker(url: str) -> Part:
    """Look for a worker process of this machine (in a container: of the container) that beats.

    Args:
        url: SQLAlchemy address of the database.
    """
    database = Database(url, busy_timeout=LOCK_PATIENCE)
    try:
        if database.path is not None and not database.path.exists():  # it would be made
            return Part(False, f"There is no database {database.path}.", "See STUDYQ_DATA.")
        with database.read() as session:
            rows = session.execute(
                sa.select(Worker.pid, Worker.pid_started, Worker.seen_at, Worker.queues).where(
                    Worker.host == host_name()
                )
            ).all()
    except sa.exc.DatabaseError as error:
        return Part(False, f"The database does not tell: {error.orig}.", "Mend it first.")
    finally:
        database.close()
    alive = [
        row
        for row in rows
        if set(row.queues) - {NOTIFICATIONS} and process_started(row.pid) == row.pid_started
    ]
    if not alive:
        return Part(False, "No worker runs on this machine.", "Start `studyq worker`.")
    age = (now() - max(row.seen_at for row in alive)) / 1e6
    if age > WORKER_SILENT:
        return Part(
            False,
            f"The worker has not been heard of for {age:.0f} s.",
            "Restart it, and see its log.",
        )
    queues = sorted({name for row in alive for name in row.queues})
    return Part(True, f"heard {max(0.0, age):.0f} s ago, serving {', '.join(queues)}")
