"""Counts of what happened, by queue and minute, which outlive the jobs and events themselves.

Events are counted in the order of their ids. How far that has got (`duties.cursor`) moves in the
transaction that writes the counts, and only from where the counting began: so each event counts
exactly once, whichever process counts and wherever it is killed. SQL does the counting, outside
the write transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from operator import add
from types import SimpleNamespace
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs.duties import cursor_of, set_cursor
from studyq.jobs.models import ENDED, Duty, JobEvent, Rollup, State

#: Upper bounds (s, inclusive) of the buckets that times are counted in; the last has none.
BUCKETS = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0,
)  # fmt: skip
MINUTE = 60_000_000  #: µs
TOTAL = 0  #: the `minute` of the counts of all time
KEPT = 8 * 86_400.0  #: seconds that minutes are kept
BATCH = 50_000  #: events counted in one transaction
DUTY = "rollups"

_NO_TIMES = (0,) * (len(BUCKETS) + 1)
_PUT_BACK = (State.WAITING, State.DELAYED)


@dataclass(frozen=True)
class Tally:
    """What happened in a queue within some time.

    Args:
        enqueued: jobs that came in; one that is put back or retried does not come in again.
        started: attempts.
        completed: jobs that ended so; a retried job can end again. So `failed` and `cancelled`.
        retried: attempts that failed and were put back.
        reaped: attempts taken from a worker that was lost.
        waited: µs from when a job could start to its start, added up over the starts.
        waited_buckets: how many waited so long: one for each of `BUCKETS`, and one for longer.
        ran: µs from an attempt's start to its end, whatever the end, added up.
    """

    enqueued: int = 0
    started: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    retried: int = 0
    reaped: int = 0
    waited: int = 0
    waited_buckets: tuple[int, ...] = _NO_TIMES
    ran: int = 0
    ran_buckets: tuple[int, ...] = _NO_TIMES

    def __add__(self, other: Tally) -> Tally:
        added: dict[str, Any] = {}
        for name in _FIELDS:
            mine, theirs = getattr(self, name), getattr(other, name)
            added[name] = tuple(map(add, mine, theirs)) if name in _LISTS else mine + theirs
        return Tally(**added)


_FIELDS = tuple(field.name for field in fields(Tally))
_LISTS = ("waited_buckets", "ran_buckets")
Tallies = dict[tuple[int, str], Tally]  #: by minute and queue


def is_behind(database: Database) -> bool:
    """Whether there are events that have not been counted."""
    with database.read() as session:
        return _last_event(session) > cursor_of(session, DUTY)


def roll_up(database: Database) -> int:
    """Count the events that have not been counted; returns how many there were.

    Several processes may do so at once: what one has counted the others drop.
    """
    counted = 0
    while True:
        with database.read() as session:
            cursor = cursor_of(session, DUTY)
            last = _last_event(session)
            upto = min(last, cursor + BATCH)
            tallies = _count(session, cursor, upto) if upto > cursor else {}
        if upto <= cursor or not _store(database, cursor, upto, tallies):
            return counted
        counted += upto - cursor
        if upto == last:
            return counted


def forget_old(database: Database) -> int:
    """Delete the counts of minutes that are older than 8 days; totals stay."""
    with database.write() as session:
        gone = session.execute(
            sa.delete(Rollup).where(
                Rollup.minute > TOTAL, Rollup.minute < now() - round(KEPT * 1e6)
            )
        )
        return int(getattr(gone, "rowcount", 0))


def totals(session: Session) -> dict[str, Tally]:
    """What has happened in each queue since the first start, exact at the moment."""
    stored = session.execute(_STORED.where(Rollup.minute == TOTAL))
    found = {row.queue: _tally(row) for row in stored}
    for (_, queue), tally in _count(
        session, cursor_of(session, DUTY), _last_event(session)
    ).items():
        found[queue] = found.get(queue, Tally()) + tally
    return found


def series(
    session: Session, *, since: int, step_minutes: int, queue: str | None = None
) -> list[tuple[int, dict[str, Tally]]]:
    """What happened, step by step up to now, exact at the moment.

    Args:
        since: an Instant; the first step is the one that it falls into.
        queue: only this one.

    Returns:
        Each step's beginning, and what happened in each queue where something did.
    """
    step = step_minutes * MINUTE
    first = since - since % step
    steps: dict[int, dict[str, Tally]] = {at: {} for at in range(first, now() + 1, step)}
    pairs = [*_stored(session, first, step, queue)]
    pairs += _count(session, cursor_of(session, DUTY), _last_event(session)).items()
    for (minute, name), tally in pairs:
        if minute >= first and queue in (None, name):
            # A clock that was set back has left minutes that are still to come.
            tallies = steps.setdefault(minute - minute % step, {})
            tallies[name] = tallies[name] + tally if name in tallies else tally
    return sorted(steps.items())


def quantile(buckets: Sequence[int], q: float) -> float | None:
    """The time (s) that a share `q` of all did not exceed, as far as buckets can tell.

    Within its bucket, times are taken to be spread evenly, as Prometheus' `histogram_quantile`
    does; of those beyond the last bound only that bound is known.
    """
    rank = q * sum(buckets)
    if not any(buckets):
        return None
    below, lower = 0, 0.0
    for count, upper in zip(buckets, BUCKETS, strict=False):
        if count and below + count >= rank:
            inside = (upper - lower) * max(0.0, rank - below) / count
            return min(lower + inside, upper)  # the sum may be rounded up
        below, lower = below + count, upper
    return BUCKETS[-1]


def uncounted(job_id: InstrumentedAttribute[str]) -> sa.ColumnElement[bool]:
    """Whether a job has events that have not been counted; in SQL."""
    cursor = sa.select(Duty.cursor).where(Duty.name == DUTY).scalar_subquery()
    return sa.exists().where(JobEvent.job_id == job_id, JobEvent.id > sa.func.coalesce(cursor, 0))


_STORED = sa.select(*Rollup.__table__.columns)


def _stored(
    session: Session, first: int, step: int, queue: str | None
) -> Iterator[tuple[tuple[int, str], Tally]]:
    """What is stored of each step and queue, added up: by SQL, since a day has many minutes."""
    at = Rollup.minute - Rollup.minute % step
    added = [
        sa.func.json_group_array(sa.func.json(getattr(Rollup, name)), type_=sa.Text)
        if name in _LISTS
        else sa.func.sum(getattr(Rollup, name))
        for name in _FIELDS
    ]
    query = sa.select(at, Rollup.queue, *added).where(Rollup.minute >= max(first, 1))
    if queue is not None:
        query = query.where(Rollup.queue == queue)
    for minute, name, *values in session.execute(query.group_by(at, Rollup.queue)):
        told: dict[str, Any] = dict(zip(_FIELDS, values, strict=True))
        for buckets in _LISTS:
            lists = msgspec.json.decode(told[buckets], type=list[list[int]])
            told[buckets] = tuple(map(sum, zip(*lists, strict=True)))
        yield (minute, name), Tally(**told)


def _last_event(session: Session) -> int:
    return session.scalar(sa.select(sa.func.max(JobEvent.id))) or 0


def _bucket(times: Any) -> sa.ColumnElement[int | None]:
    """The number of the bucket that a time (µs) falls into; in SQL."""
    whens = [(times <= round(bound * 1e6), place) for place, bound in enumerate(BUCKETS)]
    return sa.case((times.is_(None), None), *whens, else_=len(BUCKETS))


def _grouped(after: int, upto: int) -> sa.Select[Any]:
    earlier = sa.alias(JobEvent.__table__, "earlier")
    first = ~sa.exists().where(earlier.c.job_id == JobEvent.job_id, earlier.c.id < JobEvent.id)
    arrived = sa.case((JobEvent.state.in_(_PUT_BACK), sa.and_(JobEvent.ran.is_(None), first)))
    # Only where there may be one: reading JSON costs more than all the rest.
    code = sa.case(
        (JobEvent.state.in_((*_PUT_BACK, State.FAILED)),
         JobEvent.detail["error"]["code"].as_string()),
    )  # fmt: skip
    kinds = (
        sa.case((code == "worker_lost", "reaped"), (code.is_not(None), "failed")).label("error"),
        (JobEvent.at - JobEvent.at % MINUTE).label("minute"),
        JobEvent.queue.label("queue"),
        JobEvent.state.label("state"),
        arrived.label("arrived"),
        _bucket(JobEvent.waited).label("waited_bucket"),
        _bucket(JobEvent.ran).label("ran_bucket"),
    )
    inner = (
        sa.select(*kinds, JobEvent.waited, JobEvent.ran)
        .where(JobEvent.id > after, JobEvent.id <= upto, JobEvent.event == "state")
        .subquery()
    )
    by = [inner.c[kind.name] for kind in kinds]
    sums = [
        sa.func.coalesce(sa.func.sum(inner.c[name]), 0).label(name) for name in ("waited", "ran")
    ]
    return sa.select(*by, sa.func.count().label("count"), *sums).group_by(*by)


def _count(session: Session, after: int, upto: int) -> Tallies:
    """What the events with ids in (after, upto] tell."""
    found: defaultdict[tuple[int, str], dict[str, Any]] = defaultdict(_empty)
    for row in session.execute(_grouped(after, upto)) if upto > after else ():
        tally = found[row.minute, row.queue]
        for name in _counts_as(row):
            tally[name] += row.count
        for name in ("waited", "ran"):
            tally[name] += int(getattr(row, name))
            place = getattr(row, f"{name}_bucket")
            if place is not None:
                tally[f"{name}_buckets"][place] += row.count
    return {key: _tally(SimpleNamespace(**values)) for key, values in found.items()}


def _empty() -> dict[str, Any]:
    return {name: [*_NO_TIMES] if name in _LISTS else 0 for name in _FIELDS}


def _counts_as(row: Any) -> list[str]:
    names = []
    if row.state == State.ACTIVE:
        names.append("started")
    elif row.state in ENDED:
        names.append(row.state)
    elif row.arrived:
        names.append("enqueued")
    elif row.error == "failed":
        names.append("retried")
    if row.error == "reaped":
        names.append("reaped")
    return names


def _store(database: Database, cursor: int, upto: int, tallies: Tallies) -> bool:
    """Add the counts and move the cursor, unless somebody else has moved it."""
    with database.write() as session:
        if cursor_of(session, DUTY) != cursor:
            return False
        for (minute, queue), tally in tallies.items():
            _add(session, minute, queue, tally)
            _add(session, TOTAL, queue, tally)
        set_cursor(session, DUTY, upto)
    return True


def _add(session: Session, minute: int, queue: str, tally: Tally) -> None:
    row = session.get(Rollup, (minute, queue))
    if row is None:
        row = Rollup(minute=minute, queue=queue)
        session.add(row)
    else:
        tally = _tally(row) + tally
    for name in _FIELDS:
        value = getattr(tally, name)
        setattr(row, name, list(value) if name in _LISTS else value)


def _tally(row: Any) -> Tally:
    values = {name: getattr(row, name) for name in _FIELDS}
    return Tally(**{**values, **{name: tuple(values[name]) for name in _LISTS}})
