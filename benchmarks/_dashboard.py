"""What the dashboard asks for, of a service with many finished and many waiting jobs."""

from __future__ import annotations

import time
from pathlib import Path

import sqlalchemy as sa

from benchmarks._running import Server, server
from benchmarks.jobs import QUEUE
from studyq.accounts.models import LOCAL_USER
from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs.enqueue import NewJob, enqueue_many
from studyq.jobs.models import Job, JobEvent, State

FINISHED = 100_000
WAITING = 10_000
FAILED_OF = 100  #: one in so many finished jobs has failed
CHUNK = 10_000
DAY = 86_400_000_000  #: microseconds
ASKED = 100
#: What the pages of the dashboard are made from; the page itself is rendered in the same call.
ADDRESSES = (
    "/queue",
    f"/queue/{QUEUE}/jobs",
    f"/queue/{QUEUE}/jobs?state=failed",
    "/app/jobs",
)


def dashboard_times() -> dict[str, list[float]]:
    """Seconds of each request, by address."""
    kept = str(7 * 86_400)
    with server(
        embedding="none", worker="false", retention_completed=kept, retention_failed=kept
    ) as running:
        fill(running.data / "studyq.db")
        return {f"GET {address}": _times(running, address) for address in ADDRESSES}


def fill(path: Path) -> None:
    """Write jobs that ended over the last day, with their events, and jobs that wait."""
    database = Database(f"sqlite:///{path}")
    for first in range(0, FINISHED, CHUNK):
        with database.write() as session:
            job = NewJob(QUEUE, "nothing", LOCAL_USER)
            ids = enqueue_many(session.connection(), [job] * CHUNK)
            _end(
                session.connection(), ids[0], ids[-1], now() - DAY * (FINISHED - first) // FINISHED
            )
    with database.write() as session:
        enqueue_many(session.connection(), [NewJob(QUEUE, "nothing", LOCAL_USER)] * WAITING)
    database.close()


def _end(connection: sa.Connection, first: str, last: str, at: int) -> None:
    number = sa.func.row_number().over(order_by=Job.id)
    these = sa.select(Job.id, number.label("n")).where(Job.id.between(first, last)).subquery()
    failed = sa.select(these.c.id).where(these.c.n % FAILED_OF == 0)
    state = sa.case((Job.id.in_(failed), State.FAILED), else_=State.COMPLETED)
    ended = {"created_at": at, "started_at": at + 5_000, "finished_at": at + 900_000}
    connection.execute(
        sa.update(Job).where(Job.id.between(first, last)).values(state=state, progress=100, **ended)
    )
    names = [column.name for column in JobEvent.__table__.columns if column.name != "id"]
    for word, waited, ran in ((State.ACTIVE, 5_000, None), (Job.state, None, 895_000)):
        told = {
            "job_id": Job.id, "user_id": Job.user_id, "queue": Job.queue, "subject": Job.subject,
            "event": sa.literal("state"), "state": sa.literal(str(word)) if isinstance(word, State)
            else word, "progress": Job.progress, "message": Job.message, "detail": Job.detail,
            "at": Job.finished_at, "waited": sa.literal(waited, sa.Integer),
            "ran": sa.literal(ran, sa.Integer),
        }  # fmt: skip
        rows = sa.select(*(told[name] for name in names)).where(Job.id.between(first, last))
        connection.execute(sa.insert(JobEvent).from_select(names, rows))


def _times(running: Server, address: str) -> list[float]:
    taken = []
    for _ in range(ASKED):
        begun = time.perf_counter()
        running.client.get(address).raise_for_status()
        taken.append(time.perf_counter() - begun)
    return taken
