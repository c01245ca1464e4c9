"""The log of reviews: appending to it, and working out from it what a card's state must be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import Instant
from studyq.reviews.models import Entry, Review, Schedule, Scheduler
from studyq.reviews.scheduling import Memory, Rating, Scheduling, as_body, rate, refitted

#: Floats of two machines may differ in their last bits.
TOLERANCE = 1e-9

SchedulerOf = Callable[[int], Scheduling]


class LogBroken(Exception):
    """The log contradicts itself; the message says where."""


@dataclass(frozen=True)
class Disagreement:
    """A card whose state is not the one that follows from its log."""

    card_id: str
    kept: Memory
    #: None when the log contradicts itself.
    rebuilt: Memory | None


def memory_of(schedule: Schedule) -> Memory:
    """The memory that a schedule keeps."""
    return msgspec.convert(
        {name: getattr(schedule, name) for name in Memory.__struct_fields__}, Memory
    )


def remember(schedule: Schedule, memory: Memory) -> None:
    """Put a memory into a schedule."""
    for name, value in as_body(memory).items():
        setattr(schedule, name, value)
    schedule.version += 1


def append(
    session: Session, schedule: Schedule, entry: Entry, after: Memory, **more: Any
) -> Review:
    """Write a row of the log about a card, and give the card the state that it leads to."""
    before = memory_of(schedule)
    facts: dict[str, Any] = {
        "early": False,
        "suspended": False,
        "source": "review",
        **more,
    }
    row = Review(
        user_id=schedule.user_id,
        card_id=schedule.card_id,
        document_id=schedule.document_id,
        entry=entry,
        phase_before=before.phase,
        before=as_body(before),
        after=as_body(after),
        **facts,
    )
    session.add(row)
    remember(schedule, after)
    session.flush()
    return row


def stored_memory(body: dict[str, Any]) -> Memory:
    """A memory as a row of the log has it."""
    return msgspec.convert(body, Memory)


def scheduler_lookup(session: Session) -> SchedulerOf:
    """Finds schedulers by id, each read once."""
    known: dict[int, Scheduling] = {}

    def look_up(scheduler_id: int) -> Scheduling:
        if scheduler_id not in known:
            body = session.get_one(Scheduler, scheduler_id).body
            known[scheduler_id] = msgspec.convert(body, Scheduling)
        return known[scheduler_id]

    return look_up


@dataclass(frozen=True)
class _Step:
    """A rating that may still be undone, and the memory before it."""

    review_id: int
    before: Memory
    rating: Rating
    elapsed_days: int


@dataclass
class _Replay:
    """A card's memory while its log is gone through."""

    memory: Memory
    start: Memory
    steps: list[_Step]


def replay(rows: Sequence[Review], scheduler_of: SchedulerOf) -> Memory:
    """The memory that follows from a card's rows, oldest first.

    Raises:
        LogBroken: when they contradict themselves.
    """
    return _replayed(rows, scheduler_of).memory


def refit_card(
    session: Session, schedule: Schedule, scheduler_id: int, scheduler_of: SchedulerOf, at: Instant
) -> bool:
    """Work out a card's stability and difficulty again with another scheduler; the log says so.

    Returns:
        Whether it had a history to work them out from.
    """
    rows = session.scalars(
        sa.select(Review).where(Review.card_id == schedule.card_id).order_by(Review.id)
    ).all()
    if not rows:
        return False
    state = _replayed(rows, scheduler_of)
    if state.memory.stability is None or not same(state.memory, memory_of(schedule)):
        return False
    append(
        session,
        schedule,
        Entry.REFIT,
        _refitted(state, scheduler_of(scheduler_id)),
        at=at,
        scheduler_id=scheduler_id,
    )
    return True


def live_ratings(rows: Sequence[Review]) -> list[Review]:
    """Those ratings of a card's rows that nothing undoes."""
    undone = {row.undoes for row in rows if row.undoes is not None}
    return [row for row in rows if row.entry == Entry.RATING and row.id not in undone]


def disagreements(session: Session, user_id: str | None = None) -> Iterator[Disagreement]:
    """Cards whose schedule is not what their log leads to; of one reader, or of all."""
    scheduler_of = scheduler_lookup(session)
    query = sa.select(Review).order_by(Review.card_id, Review.id)
    schedules = sa.select(Schedule).order_by(Schedule.card_id)
    if user_id is not None:
        query = query.where(Review.user_id == user_id)
        schedules = schedules.where(Schedule.user_id == user_id)
    logged = groupby(
        session.scalars(query.execution_options(yield_per=1000)), key=lambda row: row.card_id
    )
    card_id, rows = _next(logged)
    for schedule in session.scalars(schedules.execution_options(yield_per=1000)):
        while card_id is not None and card_id < schedule.card_id:  # of cards that were deleted
            card_id, rows = _next(logged)
        kept = memory_of(schedule)
        if card_id != schedule.card_id:
            if kept != Memory.new(kept.due_at):
                yield Disagreement(schedule.card_id, kept, Memory.new(kept.due_at))
            continue
        rebuilt = _rebuilt(rows, scheduler_of)
        if rebuilt is None or not same(kept, rebuilt):
            yield Disagreement(schedule.card_id, kept, rebuilt)
        card_id, rows = _next(logged)


def same(one: Memory, other: Memory) -> bool:
    """Whether two memories are one, up to the last bits of floats."""
    pairs = zip(msgspec.structs.astuple(one), msgspec.structs.astuple(other), strict=True)
    return all(
        abs(left - right) <= TOLERANCE * max(1.0, abs(right))
        if isinstance(left, float) and isinstance(right, float)
        else left == right
        for left, right in pairs
    )


def rebuild(session: Session, card_ids: Iterable[str]) -> int:
    """Give cards the state that their log leads to; returns how many got another one."""
    scheduler_of = scheduler_lookup(session)
    changed = 0
    for card_id in card_ids:
        schedule = session.get(Schedule, card_id)
        if schedule is None:
            continue
        rows = session.scalars(
            sa.select(Review).where(Review.card_id == card_id).order_by(Review.id)
        ).all()
        kept = memory_of(schedule)
        rebuilt = _rebuilt(rows, scheduler_of) if rows else Memory.new(kept.due_at)
        if rebuilt is not None and not same(kept, rebuilt):
            remember(schedule, rebuilt)
            changed += 1
    return changed


def _replayed(rows: Sequence[Review], scheduler_of: SchedulerOf) -> _Replay:
    first = stored_memory(rows[0].before)
    state = _Replay(first, first, [])
    for row in rows:
        _STEPS[Entry(row.entry)](state, row, scheduler_of)
    return state


def _rebuilt(rows: Sequence[Review], scheduler_of: SchedulerOf) -> Memory | None:
    try:
        return replay(rows, scheduler_of)
    except LogBroken:
        return None


def _next(groups: Iterator[tuple[str, Iterator[Review]]]) -> tuple[str | None, list[Review]]:
    card_id, rows = next(groups, (None, iter(())))
    return card_id, list(rows)


def _rating(state: _Replay, row: Review, scheduler_of: SchedulerOf) -> None:
    if row.rating is None or row.elapsed_days is None:
        raise LogBroken(f"rating {row.id} says neither what nor when")
    rating = Rating(row.rating)
    state.steps.append(_Step(row.id, state.memory, rating, row.elapsed_days))
    state.memory = rate(
        scheduler_of(row.scheduler_id),
        row.card_id,
        state.memory,
        rating,
        row.at,
        row.elapsed_days,
    )


def _undo(state: _Replay, row: Review, _: SchedulerOf) -> None:
    if not state.steps or state.steps[-1].review_id != row.undoes:
        raise LogBroken(f"row {row.id} undoes {row.undoes}, which is not the last that counts")
    state.memory = state.steps.pop().before


def _fact(state: _Replay, row: Review, _: SchedulerOf) -> None:
    """What came before cannot be undone any more."""
    state.memory = state.start = stored_memory(row.after)
    state.steps.clear()


def _due(state: _Replay, row: Review, _: SchedulerOf) -> None:
    state.memory = msgspec.structs.replace(state.memory, due_at=row.at)


def _refit(state: _Replay, row: Review, scheduler_of: SchedulerOf) -> None:
    state.memory = _refitted(state, scheduler_of(row.scheduler_id))


def _refitted(state: _Replay, scheduling: Scheduling) -> Memory:
    history = [(step.rating, step.elapsed_days) for step in state.steps]
    return refitted(scheduling, state.memory, state.start, history)


_STEPS: dict[Entry, Callable[[_Replay, Review, SchedulerOf], None]] = {
    Entry.RATING: _rating,
    Entry.UNDO: _undo,
    Entry.IMPORT: _fact,
    Entry.DUE: _due,
    Entry.REFIT: _refit,
}
