"""FSRS-6: what a rating does to the memory of a card, and when it is due next.

A thin layer over `fsrs` (https://github.com/open-spaced-repetition/py-fsrs), which has the model.
Two things are ours. Days between reviews are counted in days of the reader (`study_days`), because
the library counts periods of 24 hours: a card of the evening that is seen the next morning would
count as seen twice on one day. And the fuzz follows from the card and its number of reviews, so
that the interval on a button is the one that pressing it gives, and a log can be replayed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from fsrs import Card, Rating, Scheduler, State
from fsrs.scheduler import DEFAULT_PARAMETERS
from msgspec import Struct

from studyq.database.base import Instant
from studyq.reviews.models import Phase
from studyq.reviews.study_days import DAY, SECOND

__all__ = ["DEFAULT_PARAMETERS", "Memory", "Rating", "Scheduling", "rate", "retrievability"]

KNOWN = 0.9  #: retrievability from which on something counts as known

#: Intervals from which on, in days, and by how much of what lies above, they may be moved: py-fsrs
#: `FUZZ_RANGES`, after Anki.
FUZZ_RANGES = ((2.5, 7.0, 0.15), (7.0, 20.0, 0.1), (20.0, float("inf"), 0.05))
LEAST_FUZZED = 2.5  #: days; shorter intervals stay as they are

_STATES = {
    Phase.NEW: State.Learning,
    Phase.LEARNING: State.Learning,
    Phase.REVIEW: State.Review,
    Phase.RELEARNING: State.Relearning,
}
_PHASES = {
    State.Learning: Phase.LEARNING,
    State.Review: Phase.REVIEW,
    State.Relearning: Phase.RELEARNING,
}
_CARD = 0  #: an id, because the library sleeps for a millisecond to make one


class Scheduling(Struct, frozen=True):
    """What decides over intervals.

    Args:
        parameters: the 21 of FSRS-6.
        desired_retention: retrievability at which a card is due.
        learning_steps: minutes between the first reviews of a card.
        relearning_steps: minutes between those of a forgotten one.
        maximum_interval: days.
        fuzz: whether intervals are moved a little, so that cards made together come apart.
    """

    parameters: tuple[float, ...] = DEFAULT_PARAMETERS
    desired_retention: float = 0.9
    learning_steps: tuple[int, ...] = (1, 10)
    relearning_steps: tuple[int, ...] = (10,)
    maximum_interval: int = 36_500
    fuzz: bool = True


class Memory(Struct, frozen=True):
    """What is known of a card at a moment; columns of `models.Schedule`."""

    phase: Phase
    step: int | None
    stability: float | None
    difficulty: float | None
    due_at: Instant
    last_review_at: Instant | None
    reps: int = 0
    lapses: int = 0

    @classmethod
    def new(cls, at: Instant) -> Memory:
        """That of a card never seen, made at a moment."""
        return cls(Phase.NEW, None, None, None, at, None)


def rate(
    scheduling: Scheduling,
    card_id: str,
    memory: Memory,
    rating: Rating,
    at: Instant,
    elapsed_days: int,
) -> Memory:
    """The memory of a card after a rating.

    Args:
        at: when it is rated.
        elapsed_days: study days since the last review; no matter for a new card.
    """
    library = _library(scheduling)
    moment = _EPOCH + timedelta(microseconds=at)
    card = Card(
        card_id=_CARD,
        state=_STATES[memory.phase],
        step=0 if memory.phase == Phase.NEW else memory.step,
        stability=memory.stability,
        difficulty=memory.difficulty,
        due=moment,
        last_review=None if memory.stability is None else moment - timedelta(days=elapsed_days),
    )
    rated, _ = library.review_card(card, rating, moment)
    interval = rated.due - moment
    if scheduling.fuzz and rated.state == State.Review:
        days = fuzzed(
            interval.days, chance(card_id, memory.reps), maximum=scheduling.maximum_interval
        )
        interval = timedelta(days=days)
    lapsed = memory.phase == Phase.REVIEW and rating == Rating.Again
    return Memory(
        phase=_PHASES[rated.state],
        step=rated.step,
        stability=rated.stability,
        difficulty=rated.difficulty,
        due_at=at + interval // timedelta(microseconds=1),
        last_review_at=at,
        reps=memory.reps + 1,
        lapses=memory.lapses + lapsed,
    )


def retrievability(scheduling: Scheduling, stability: float, elapsed_days: float) -> float:
    """The probability that a card is remembered.

    R = (1 + F t / S)^-d with d = w20 and F = 0.9^(-1/d) - 1
    (https://github.com/open-spaced-repetition/fsrs4anki/wiki/The-Algorithm, FSRS-6).
    """
    decay = -scheduling.parameters[20]
    factor: float = 0.9 ** (1 / decay) - 1
    remembered: float = (1 + factor * max(0.0, elapsed_days) / stability) ** decay
    return remembered


def refitted(
    scheduling: Scheduling, memory: Memory, start: Memory, ratings: Iterable[tuple[Rating, int]]
) -> Memory:
    """A card's memory with the stability and difficulty that other parameters see in its history.

    Args:
        start: what its history begins with: nothing, or what was imported.
        ratings: each rating since then with the days before it, oldest first.
    """
    without_steps = msgspec.structs.replace(
        scheduling, learning_steps=(), relearning_steps=(), fuzz=False
    )
    seen = start
    for rating, elapsed_days in ratings:
        seen = rate(without_steps, "", seen, rating, 0, elapsed_days)
    return msgspec.structs.replace(memory, stability=seen.stability, difficulty=seen.difficulty)


def chance(card_id: str, reps: int) -> float:
    """A number in [0, 1) that is always the same for a card's n-th review."""
    digest = hashlib.blake2b(f"{card_id} {reps}".encode(), digest_size=6).digest()
    return int.from_bytes(digest) / 2**48


def fuzzed(days: int, chance: float, *, maximum: int) -> int:
    """An interval moved within the range that FSRS allows; each of its days is as likely.

    Args:
        days: the interval.
        chance: in [0, 1).
        maximum: days that are never exceeded.
    """
    if days < LEAST_FUZZED:
        return days
    delta = 1.0 + sum(
        share * max(min(float(days), end) - start, 0.0) for start, end, share in FUZZ_RANGES
    )
    most = min(round(days + delta), maximum)
    least = min(max(2, round(days - delta)), most)
    return least + int(chance * (most - least + 1))


def interval_words(microseconds: int) -> str:
    """An interval as a button shows it: `10 min`, `3 d`, `2.5 mo`, `1.2 y`."""
    minutes = microseconds / (60 * SECOND)
    days = microseconds / DAY
    if minutes < 60:
        return f"{max(1, round(minutes))} min"
    if days < 1:
        return f"{round(minutes / 60)} h"
    if days < 30.5:
        return f"{round(days)} d"
    if days < 365:
        return f"{days / 30.4375:.1f}".removesuffix(".0") + " mo"
    return f"{days / 365.25:.1f}".removesuffix(".0") + " y"


def as_body(value: Struct) -> dict[str, Any]:
    """A structure as the database keeps it."""
    body: dict[str, Any] = msgspec.to_builtins(value)
    return body


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=64)
def _library(scheduling: Scheduling) -> Scheduler:
    return Scheduler(
        parameters=scheduling.parameters,
        desired_retention=scheduling.desired_retention,
        learning_steps=tuple(timedelta(minutes=step) for step in scheduling.learning_steps),
        relearning_steps=tuple(timedelta(minutes=step) for step in scheduling.relearning_steps),
        maximum_interval=scheduling.maximum_interval,
        enable_fuzzing=False,
    )
