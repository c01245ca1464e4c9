"""What an operator should hear of: each condition is one question to the tables.

A condition has a line at which an incident begins and a lower one at which it may end, so that what
moves about the line is one incident and not many. What begins one is counted from when this process
came up (or the clock was set, or the machine woke) at the earliest: that nobody worked while
nothing ran is no news.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.jobs.models import ACTIVE_SQL, WAITING_SQL, Duty, Job, Queue, State, Worker
from studyq.jobs.overview import WAITING_SINCE
from studyq.jobs.service import WORKER_SILENT
from studyq.settings import Settings

KINDS = ("waiting", "stalled", "failure_rate", "consumer", "disk", "duty", "transport")
EASED = 0.8  #: an incident lasts while its measure is above this share of its line
WINDOW = 900.0  #: seconds of ended jobs that the failure rate is taken over
LEAST_FAILURES = 5  #: fewer say nothing about a rate
DUTY_SETTLES = 60.0  #: seconds; a duty that met a locked database goes well the next time
TRANSPORT_SETTLES = 30.0  #: seconds; a Redis that is restarted is back before
FREE_AGAIN = 1.1  #: times STUDYQ_MIN_FREE that must be free for the disk's incident to end


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be.

    Args:
        kind: one of `KINDS`.
        about: the queue or the duty; empty when it is the whole instance.
        opens: whether it begins an incident; else it only keeps one from ending.
        settles: seconds that it must have been seen for before it begins one, where the tables do
            not tell how long it has been so.
    """

    kind: str
    about: str
    message: str
    next_step: str
    opens: bool
    settles: float = 0.0


@dataclass(frozen=True)
class Moment:
    """When one looks, and what counts from when. All are Instants.

    Args:
        at: now.
        up_since: from when on this process can say what was going on.
        resumed: when queues that were paused were last seen so.
    """

    at: int
    up_since: int = 0
    resumed: Mapping[str, int] = field(default_factory=dict)

    def age(self, instant: int) -> float:
        """Seconds since an Instant."""
        return (self.at - instant) / 1e6

    def witnessed(self, instant: int, queue: str = "") -> float:
        """Seconds since an Instant, as far as this process was there and the queue ran."""
        return self.age(max(instant, self.up_since, self.resumed.get(queue, 0)))

    def before(self, seconds: float) -> int:
        """The Instant some seconds ago."""
        return self.at - round(seconds * 1e6)


def find_all(
    session: Session, settings: Settings, queues: Collection[str], moment: Moment
) -> list[Finding]:
    """Everything that is not as it should be.

    Args:
        queues: those that this version of studyq has work for.
    """
    return [
        *_waiting(session, settings.alert_waiting, moment),
        *_stalled(session, settings.alert_stalled, moment),
        *_failure_rate(session, settings, moment),
        *_consumer(session, queues, moment),
        *_disk(settings),
        *_duties(session),
        *_transport(session, moment),
    ]


def paused_queues(session: Session) -> list[str]:
    """Names of the queues that are paused."""
    return list(session.scalars(sa.select(Queue.name).where(Queue.paused)))


def unserved_queues(
    session: Session, queues: Collection[str], moment: Moment
) -> dict[str, int | None]:
    """Queues that no living worker serves, with when one was last heard of.

    A paused queue is one that nobody serves on purpose. One that is not among `queues` counts only
    when jobs wait in it.
    """
    waits = sa.exists().where(Job.queue == Queue.name, WAITING_SQL)
    wanted = session.scalars(
        sa.select(Queue.name).where(~Queue.paused, sa.or_(Queue.name.in_(queues), waits))
    ).all()
    heard: dict[str, int] = {}
    for served, seen_at in session.execute(sa.select(Worker.queues, Worker.seen_at)):
        heard.update({name: max(seen_at, heard.get(name, 0)) for name in served})
    line = moment.before(WORKER_SILENT)
    return {name: heard.get(name) for name in wanted if heard.get(name, 0) < line}


def _waiting(session: Session, limit: float, moment: Moment) -> list[Finding]:
    if not limit:
        return []
    since = WAITING_SINCE
    old = moment.before(limit * EASED)
    rows = session.execute(
        sa.select(Job.queue, sa.func.count().label("jobs"), sa.func.min(since).label("since"))
        .join(Queue, Queue.name == Job.queue)
        .where(WAITING_SQL, ~Queue.paused, Job.run_at <= old, since <= old)
        .group_by(Job.queue)
    )
    return [
        Finding(
            "waiting",
            row.queue,
            f"{_jobs(row.jobs)} in {row.queue} waited too long, the longest for "
            f"{in_words(moment.age(row.since))}.",
            "See on the page Jobs what runs instead. Raise the queue's concurrency, start another "
            "worker, or cancel what is not needed.",
            moment.witnessed(row.since, row.queue) > limit,
        )
        for row in rows
    ]


def _stalled(session: Session, limit: float, moment: Moment) -> list[Finding]:
    if not limit:
        return []
    since = sa.func.coalesce(Job.progressed_at, Job.started_at).label("since")
    rows = session.execute(
        sa.select(Job.queue, Job.id, since)
        .where(ACTIVE_SQL, since <= moment.before(limit * EASED))
        .order_by(since.desc())
    ).all()
    number = Counter(row.queue for row in rows)
    longest = {row.queue: row for row in rows}  # the last of each queue remains
    return [
        Finding(
            "stalled",
            queue,
            f"{_jobs(number[queue])} in {queue} got no further, the longest for "
            f"{in_words(moment.age(row.since))} (job {row.id}).",
            "Look at it on the page Jobs; cancel it and retry it if nothing moves.",
            moment.witnessed(row.since) > limit,
        )
        for queue, row in longest.items()
    ]


def _failure_rate(session: Session, settings: Settings, moment: Moment) -> list[Finding]:
    limit = settings.alert_failure_rate
    if not limit:
        return []
    # Completed jobs that are gone already must not make the rest look worse than it was.
    window = min(WINDOW, settings.retention_completed, settings.retention_failed)
    failed = sa.func.sum(sa.case((Job.state == State.FAILED, 1), else_=0))
    rows = session.execute(
        sa.select(Job.queue, sa.func.count().label("ended"), failed.label("failed"))
        .where(
            sa.text("finished_at IS NOT NULL"),
            Job.queue.in_(sa.select(Queue.name)),  # what the index begins with
            Job.finished_at > moment.before(window),
            Job.state.in_((State.COMPLETED, State.FAILED)),
        )
        .group_by(Job.queue)
        .having(failed >= LEAST_FAILURES)
    )
    return [
        Finding(
            "failure_rate",
            row.queue,
            f"{row.failed} of {_jobs(row.ended)} that ended in {row.queue} within the last "
            f"{in_words(window)} failed.",
            "The page Jobs shows their errors. Mend the cause, then retry them all there.",
            row.failed / row.ended >= limit,
        )
        for row in rows
        if row.failed / row.ended >= limit * EASED
    ]


def _consumer(session: Session, queues: Collection[str], moment: Moment) -> list[Finding]:
    return [
        Finding(
            "consumer",
            queue,
            f"No worker serves {queue}"
            + (
                f": the last was heard of {in_words(moment.age(seen))} ago."
                if seen
                else ": none is signed in."
            ),
            "Start `studyq worker`, or `studyq serve` without --no-worker; pause the queue if "
            "nobody is to serve it.",
            seen is None or moment.witnessed(seen, queue) > WORKER_SILENT,
            # One that has signed out, to be followed by another in a moment perhaps.
            settles=WORKER_SILENT if seen is None else 0.0,
        )
        for queue, seen in unserved_queues(session, queues, moment).items()
    ]


def _disk(settings: Settings) -> list[Finding]:
    free = shutil.disk_usage(settings.data).free
    if free >= settings.min_free * FREE_AGAIN:
        return []
    return [
        Finding(
            "disk",
            "",
            f"{free / 1e6:,.0f} MB are free in the data folder; uploads are refused below "
            f"{settings.min_free / 1e6:,.0f} MB.",
            "Free some space, or lower STUDYQ_MIN_FREE.",
            free < settings.min_free,
        )
    ]


def _duties(session: Session) -> list[Finding]:
    rows = session.execute(sa.select(Duty.name, Duty.outcome).where(Duty.failed))
    return [
        Finding(
            "duty",
            row.name,
            f"The duty {row.name} failed: {row.outcome}",
            "The log has the details. It is tried again when it is next due.",
            opens=True,
            settles=DUTY_SETTLES,
        )
        for row in rows
    ]


def _transport(session: Session, moment: Moment) -> list[Finding]:
    problem = session.scalar(
        sa.select(Worker.transport_error)
        .where(Worker.transport_error != "", Worker.seen_at > moment.before(WORKER_SILENT))
        .order_by(Worker.id)
        .limit(1)
    )
    if not problem:
        return []
    return [
        Finding(
            "transport",
            "",
            f"Rings between processes do not arrive: {problem} Jobs still run, but start later.",
            "Look after the Redis that STUDYQ_QUEUE_URL or REDIS_HOST names.",
            opens=True,
            settles=TRANSPORT_SETTLES,
        )
    ]


def _jobs(number: int) -> str:
    return "1 job" if number == 1 else f"{number:,} jobs"


def in_words(seconds: float) -> str:
    """A length of time for people: 45 s, 12 min, 3 h, 2 days."""
    for size, name, plural in ((86_400, "day", "days"), (3600, "h", "h"), (60, "min", "min")):
        if seconds >= 2 * size or (size == 60 and seconds >= size):
            number = round(seconds / size)
            return f"{number} {name if number == 1 else plural}"
    return f"{seconds:.0f} s"
