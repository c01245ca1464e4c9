"""What the job layer does when the wall clock is set, or the machine has slept.

Leases, delays and signs of life are instants of the wall clock, since several processes must agree
on them. A clock that jumps would end every lease at once, or none for an hour; so a process that
sees a jump lets everybody show that they are alive before it takes a lease for expired, and brings
back to earth what a clock put back has left in the future.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import sqlalchemy as sa

from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs.backoff import backoff
from studyq.jobs.identity import host_name, process_started
from studyq.jobs.models import ACTIVE_SQL, DELAYED_SQL, HELD, WAITING_SQL, Job, Worker

TOLERANCE = 1.0  #: seconds that count as a jump; slewing moves a clock by 0.5 ms a second at most
BLINK = 0.1  #: seconds that two readings may be apart and still count as one moment


class Clock:
    """Compares the wall clock with the monotonic one, which nobody can set.

    The monotonic clock stands still while the machine sleeps, so waking up is a jump forward.

    Args:
        wall: the wall clock as an Instant.
        monotonic: the other one in seconds.
    """

    def __init__(
        self, wall: Callable[[], int] = now, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._offset = self._measure()

    def moved(self) -> float:
        """Seconds by which the wall clock was set since the last call; 0 when it was not."""
        offset = self._measure()
        moved = offset - self._offset
        if abs(moved) < TOLERANCE:
            return 0.0
        self._offset = offset
        return moved

    def _measure(self) -> float:
        while True:
            before = self._monotonic()
            wall = self._wall() / 1e6
            if self._monotonic() - before < BLINK:  # else the process was frozen in between
                return wall - before


def held_by_others(database: Database) -> set[tuple[str, int]]:
    """Executions of workers whose process is not known to be gone, as job id and token."""
    with database.read() as session:
        rows = session.execute(
            sa.select(Job.id, Job.token, Worker.host, Worker.pid, Worker.pid_started)
            .join(Worker, Worker.id == Job.worker_id)
            .where(ACTIVE_SQL)
        ).all()
    here = host_name()
    return {
        (row.id, row.token)
        for row in rows
        if row.host != here or process_started(row.pid) == row.pid_started
    }


def after_setback(database: Database, lease: float) -> None:
    """Undo what a clock that was put back has made too late: leases, retries, signs of life.

    Delays that somebody asked for stay: they mean a time of day, which the clock now tells better.
    Several processes may do this after one jump.

    Args:
        lease: seconds.
    """
    at = now()
    longest = at + round(lease * 1e6)
    with database.write() as session:
        session.execute(
            sa.update(Job).where(ACTIVE_SQL, Job.lease_until > longest).values(lease_until=longest)
        )
        # Put back by a reaper, they would otherwise wait for the time at which they were due.
        session.execute(
            sa.update(Job).where(sa.or_(WAITING_SQL, ACTIVE_SQL), Job.run_at > at).values(run_at=at)
        )
        session.execute(sa.update(Worker).where(Worker.seen_at > at).values(seen_at=at))
        retries = session.execute(
            sa.select(Job.id, Job.attempt, Job.run_at).where(
                DELAYED_SQL, Job.attempt > 0, Job.run_at > at, Job.run_at < HELD
            )
        ).all()
        for row in retries:
            due = at + round(backoff(row.attempt) * 1e6)
            session.execute(
                sa.update(Job).where(Job.id == row.id).values(run_at=min(row.run_at, due))
            )
