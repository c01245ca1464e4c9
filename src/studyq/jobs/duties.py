"""Periodic duties, which many processes offer to do and exactly one carries out at a time.

Who does it is said by the duty's row: a duty that is due is claimed for the length of a lease,
which its holder renews while at work. A holder that is gone loses it when the lease ends. Each
duty has a thread of its own, so that a long backup holds up nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs.models import Duty as DutyRow

log = structlog.get_logger("studyq.duties")

LEASE = 30.0  #: seconds after which the duty of a silent holder is given to another
LONGEST_PAUSE = 10.0  #: seconds between two looks at a duty's row, at the most
LONGEST_OUTCOME = 500  #: characters of an outcome that are kept


@dataclass(frozen=True)
class Duty:
    """Something to be done again and again.

    Args:
        name: its row's.
        every: seconds from the end of a run to the beginning of the next.
        run: does it, and says in a sentence what it did; nothing to say is an empty one.
        wanted: whether there is anything to do; looked at before the duty is claimed, so that an
            idle instance writes nothing. The same in all processes.
        first: seconds from the first start of all to the first run.
    """

    name: str
    every: float
    run: Callable[[], str]
    wanted: Callable[[], bool] = lambda: True
    first: float = 0.0


@dataclass(frozen=True)
class DutyState:
    """A duty as its row tells of it. Instants; `due_at` may lie in the past for a moment."""

    name: str
    due_at: int
    holder: str | None
    started_at: int | None
    finished_at: int | None
    outcome: str
    failed: bool

    @property
    def running(self) -> bool:
        """Whether somebody is at it, as far as is known."""
        return self.holder is not None


def duty_states(session: Session) -> list[DutyState]:
    """All duties that this instance knows, by name."""
    query = sa.select(DutyRow).order_by(DutyRow.name)
    at = now()
    return [
        DutyState(
            name=row.name,
            due_at=row.due_at,
            holder=row.holder if row.lease_until is not None and row.lease_until > at else None,
            started_at=row.started_at,
            finished_at=row.finished_at,
            outcome=row.outcome,
            failed=row.failed,
        )
        for row in session.scalars(query)
    ]


def cursor_of(session: Session, name: str) -> int:
    """How far a duty that goes on where it stopped has got; 0 at first."""
    return session.scalar(sa.select(DutyRow.cursor).where(DutyRow.name == name)) or 0


def set_cursor(session: Session, name: str, cursor: int) -> None:
    """Say how far a duty has got, in the transaction that got so far."""
    row = session.get(DutyRow, name)
    if row is None:
        row = DutyRow(name=name, due_at=0, outcome="", failed=False)
        session.add(row)
    row.cursor = cursor


class DutyRunner:
    """Offers to carry out duties, as every other process does.

    Args:
        holder: this process's name, of which there is no second.
        lease: seconds.
    """

    def __init__(
        self, database: Database, duties: Sequence[Duty], holder: str, *, lease: float = LEASE
    ) -> None:
        self._database = database
        self._holder = holder
        self._lease = lease
        self._over = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._watch, args=(duty,), name=f"studyq-duty-{duty.name}", daemon=True
            )
            for duty in duties
        ]

    def start(self) -> None:
        """Start."""
        for thread in self._threads:
            thread.start()

    def stop(self, patience: float = 5.0) -> None:
        """Begin nothing more, and wait for what is being done.

        Args:
            patience: seconds; a duty that takes longer is left behind, and its lease to its end.
        """
        self._over.set()
        deadline = time.monotonic() + patience
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                log.warning("duty left behind", thread=thread.name)

    def _watch(self, duty: Duty) -> None:
        pause = 0.0
        while not self._over.wait(pause):
            try:
                pause = min(self._turn(duty), LONGEST_PAUSE, duty.every)
            except Exception:
                # A locked database or a full disk: the duty's thread must outlive it.
                log.exception("duty not claimed", duty=duty.name)
                pause = min(duty.every, LONGEST_PAUSE)

    def _turn(self, duty: Duty) -> float:
        """Carry the duty out if it is due and free; returns seconds until the next look."""
        pause = claim(self._database, duty, self._holder, self._lease)
        if pause > 0:
            return pause
        done = threading.Event()
        renewal = threading.Thread(
            target=self._renew, args=(duty, done), name=f"studyq-lease-{duty.name}", daemon=True
        )
        renewal.start()
        try:
            outcome, failed = _carry_out(duty)
        finally:
            done.set()
            renewal.join()
        finish(self._database, duty, self._holder, outcome, failed=failed)
        return duty.every

    def _renew(self, duty: Duty, done: threading.Event) -> None:
        while not done.wait(self._lease / 3):
            try:
                with self._database.write() as session:
                    session.execute(
                        sa.update(DutyRow)
                        .where(DutyRow.name == duty.name, DutyRow.holder == self._holder)
                        .values(lease_until=now() + round(self._lease * 1e6))
                    )
            except sa.exc.OperationalError:
                log.exception("duty's lease not renewed", duty=duty.name)


def claim(database: Database, duty: Duty, holder: str, lease: float = LEASE) -> float:
    """Take a duty if it is due and nobody is at it.

    A time further away than it can have been meant is that of a clock that was set back since. It
    is pulled in: no duty waits for longer than its period, no holder's silence than a lease.

    Returns:
        0.0 when it was taken; else the seconds after which to ask again.
    """
    row = _row(database, duty)
    at = now()
    wait = _wait(row, duty, at)
    until = at + round(lease * 1e6)
    if wait > lease and row.holder is not None:
        _change(database, row, lease_until=until)
        return lease
    if wait > 0:
        return wait
    if not duty.wanted():
        return duty.every
    if _change(database, row, holder=holder, lease_until=until, started_at=at):
        return 0.0
    return min(lease, duty.every)


def finish(database: Database, duty: Duty, holder: str, outcome: str, *, failed: bool) -> bool:
    """Write what became of a duty, unless it has been taken over; returns whether it was written.

    A run that had nothing to say leaves the last outcome in place, unless that was a failure.
    """
    at = now()
    values: dict[str, Any] = {
        "holder": None,
        "lease_until": None,
        "finished_at": at,
        "due_at": at + round(duty.every * 1e6),
        "failed": failed,
        "outcome": outcome[:LONGEST_OUTCOME]
        if outcome
        else sa.case((DutyRow.failed, ""), else_=DutyRow.outcome),
    }
    with database.write() as session:
        written = session.execute(
            sa.update(DutyRow)
            .where(DutyRow.name == duty.name, DutyRow.holder == holder)
            .values(**values)
            .returning(DutyRow.name)
        ).one_or_none()
    if written is None:
        log.warning("duty taken over by another process", duty=duty.name)
    return written is not None


def _row(database: Database, duty: Duty) -> Any:
    query = sa.select(*DutyRow.__table__.columns).where(DutyRow.name == duty.name)
    with database.read() as session:
        row = session.execute(query).one_or_none()
    if row is not None:
        return row
    with database.write() as session:
        if session.get(DutyRow, duty.name) is None:
            due = now() + round(duty.first * 1e6)
            session.add(DutyRow(name=duty.name, due_at=due, outcome="", failed=False, cursor=0))
            session.flush()
        return session.execute(query).one()


def _change(database: Database, row: Any, **values: Any) -> bool:
    """Change a duty's row if it is as it was when it was looked at; returns whether it was."""
    with database.write() as session:
        changed = session.execute(
            sa.update(DutyRow)
            .where(
                DutyRow.name == row.name,
                DutyRow.due_at == row.due_at,
                DutyRow.holder.is_not_distinct_from(row.holder),
                DutyRow.lease_until.is_not_distinct_from(row.lease_until),
            )
            .values(**values)
            .returning(DutyRow.name)
        ).one_or_none()
    return changed is not None


def _wait(row: Any, duty: Duty, at: int) -> float:
    """Seconds until a duty may be taken, by what its row says; 0 when it may be now."""
    if row.holder is not None and row.lease_until is not None:
        held: float = (row.lease_until - at) / 1e6
        return max(0.0, held)
    left: float = (row.due_at - at) / 1e6
    return max(0.0, left) if left <= max(duty.every, duty.first) else 0.0


def _carry_out(duty: Duty) -> tuple[str, bool]:
    begun = time.monotonic()
    try:
        outcome = duty.run()
    except Exception as error:
        # Whatever it is, it is told on the Status page and in the log, and tried again.
        log.exception("duty failed", duty=duty.name)
        return f"{type(error).__name__}: {error}", True
    if outcome:
        log.info("duty done", duty=duty.name, outcome=outcome,
                 seconds=round(time.monotonic() - begun, 3))  # fmt: skip
    return outcome, False
