"""What the dashboard asks for, of a service with many finished and many waiting jobs."""

from __future__ import annotations

import time
from pathlib import Path

import sqlalchemy as sa

from benchmarks._running import Server, server
from studyq.accounts.models import LOCAL_USER
from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs.enqueue import NewJob, enqueue_many
from studyq.jobs.models import Job, JobEvent, State
from studyq.jobs.registry import PDF_INGESTION as QUEUE

FINISHED = 100_000
WAITING = 10_000
FAILED_OF = 100  #: one in so many finished jobs has failed
CHUNK = 10_000
ERROR = {
    "attempt": 1, "code": "unreadable", "class": "PermanentError",
    "message": "The file is damaged: no page of it could be read.",
    "at": "2026-01-01T00:00:00.000000Z", "traceback": "",
}  # fmt: skip
DAY = 86_400_000_000  #: microseconds
ASKED = 100
#: What the page Jobs loads, at first and with each event, in each of its views; and the API's data.
ADDRESSES = (
    "/app/jobs",
    "/app/jobs?span=day",
    "/app/jobs?view=needs_attention",
    "/app/jobs?view=in_progress",
    "/app/jobs?view=completed",
    f"/app/jobs?view=in_progress&queue={QUEUE}&state=waiting",
    f"/app/jobs?view=needs_attention&code={ERROR['code']}",
    "/app/jobs?trigger=user",
    "/app/jobs?q=damaged",
    "/queue",
    f"/queue/{QUEUE}/jobs",
    f"/queue/{QUEUE}/jobs?state=failed",
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
    """Let these jobs have ended one after the other, from an Instant on."""
    number = sa.func.row_number().over(order_by=Job.id)
    these = sa.select(Job.id, number.label("n")).where(Job.id.between(first, last)).subquery()
    began = at + these.c.n * (DAY // FINISHED)
    failed = these.c.n % FAILED_OF == 0
    connection.execute(
        sa.update(Job)
        .where(Job.id == these.c.id)
        .values(
            state=sa.case((failed, State.FAILED), else_=State.COMPLETED),
            progress=100,
            errors=sa.case((failed, sa.literal([ERROR], sa.JSON)), else_=Job.errors),
            created_at=began,
            started_at=began + 5_000,
            finished_at=began + 900_000,
        )
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
