"""Scheduling: published figures, properties of fuzz, and agreement with the library itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from fsrs import Card, Scheduler, State
from hypothesis import given
from hypothesis import strategies as st

from studyq.reviews.models import Phase
from studyq.reviews.scheduling import (
    DEFAULT_PARAMETERS,
    Memory,
    Rating,
    Scheduling,
    chance,
    fuzzed,
    interval_words,
    rate,
    refitted,
    retrievability,
)
from studyq.reviews.study_days import DAY

AGAIN, HARD, GOOD, EASY = Rating.Again, Rating.Hard, Rating.Good, Rating.Easy
START = int(datetime(2022, 11, 29, 12, 30, tzinfo=UTC).timestamp()) * 1_000_000
EXACT = Scheduling(fuzz=False)
WITHOUT_STEPS = Scheduling(fuzz=False, learning_steps=(), relearning_steps=())
MINUTE = 60_000_000

ratings = st.sampled_from(list(Rating))
histories = st.lists(st.tuples(ratings, st.integers(0, 400)), min_size=1, max_size=30)


def play(scheduling: Scheduling, history: list[tuple[Rating, int]]) -> list[Memory]:
    """The memories after each of (rating, days since the last)."""
    memory, at, memories = Memory.new(START), START, []
    for rating, days in history:
        at += days * DAY
        memory = rate(scheduling, "card", memory, rating, at, days)
        memories.append(memory)
    return memories


def test_intervals_are_those_of_py_fsrs() -> None:
    # py-fsrs tests/test_basic.py and ts-fsrs FSRS-6.test.ts: each review when it is due.
    given_ratings = [GOOD] * 6 + [AGAIN] * 2 + [GOOD] * 5
    memory, intervals = Memory.new(START), []
    for rating in given_ratings:
        last, at = memory.last_review_at, memory.due_at
        days = 0 if last is None else (at - last) // DAY
        memory = rate(EXACT, "card", memory, rating, at, days)
        intervals.append((memory.due_at - at) // DAY)
    assert intervals == [0, 2, 11, 46, 163, 498, 0, 0, 2, 4, 7, 12, 21]


def test_memory_is_that_of_three_implementations() -> None:
    # py-fsrs test_memo_state, ts-fsrs, fsrs-rs src/inference.rs.
    days = [0, 0, 1, 3, 8, 21]
    last = play(EXACT, list(zip([AGAIN] + [GOOD] * 5, days, strict=True)))[-1]
    assert last.stability == pytest.approx(53.62691, abs=1e-4)
    assert last.difficulty == pytest.approx(6.3574867, abs=1e-4)


def test_memory_without_short_term_is_that_of_two_implementations() -> None:
    # ts-fsrs and fsrs-rs, with w17 = w18 = w19 = 0.
    parameters = (*DEFAULT_PARAMETERS[:17], 0.0, 0.0, 0.0, DEFAULT_PARAMETERS[20])
    days = [0, 0, 1, 3, 8, 21]
    long_term = msgspec.structs.replace(EXACT, parameters=parameters)
    last = play(long_term, list(zip([AGAIN] + [GOOD] * 5, days, strict=True)))[-1]
    assert last.stability == pytest.approx(53.335106, abs=1e-4)
    assert last.difficulty == pytest.approx(6.3574867, abs=1e-4)


@pytest.mark.parametrize(
    ("rating", "stability", "difficulty", "minutes", "phase"),
    [
        # ts-fsrs FSRS-6.test.ts (first review) and py-fsrs test_basic.py (due of each rating).
        (AGAIN, 0.212, 6.4133, 1, Phase.LEARNING),
        (HARD, 1.2931, 5.11217071, 5.5, Phase.LEARNING),
        (GOOD, 2.3065, 2.11810397, 10, Phase.LEARNING),
        (EASY, 8.2956, 1.0, 8 * 24 * 60, Phase.REVIEW),
    ],
)
def test_first_reviews(
    rating: Rating, stability: float, difficulty: float, minutes: float, phase: Phase
) -> None:
    memory = rate(EXACT, "card", Memory.new(START), rating, START, 0)
    assert memory.stability == pytest.approx(stability)
    assert memory.difficulty == pytest.approx(difficulty)
    assert memory.due_at - START == minutes * MINUTE
    assert memory.phase == phase


def test_intervals_by_desired_retention() -> None:
    # fsrs-rs: stability 1; the library's longest interval stands in for the first.
    wanted = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    expected = [34793, 2508, 387, 90, 27, 9, 3, 1]
    parameters = (1.0,) * 4 + DEFAULT_PARAMETERS[4:]
    found = []
    for retention in wanted:
        scheduling = msgspec.structs.replace(
            WITHOUT_STEPS, parameters=parameters, desired_retention=retention
        )
        memory = rate(scheduling, "card", Memory.new(START), GOOD, START, 0)
        found.append((memory.due_at - START) // DAY)
    assert found == expected


def test_retrievability_when_due() -> None:
    # ts-fsrs: first rating easy, due after 8 days.
    assert retrievability(EXACT, 8.2956, 8) == pytest.approx(0.9024733, abs=1e-6)


@given(histories)
def test_the_layer_changes_nothing_of_the_library(history: list[tuple[Rating, int]]) -> None:
    library = Scheduler(enable_fuzzing=False)
    at = datetime.fromtimestamp(START / 1e6, UTC)
    card = Card(card_id=1, due=at)
    for (rating, days), memory in zip(history, play(EXACT, history), strict=True):
        at += timedelta(days=days)
        card, _ = library.review_card(card, rating, at)
        assert (memory.stability, memory.difficulty) == (card.stability, card.difficulty)
        assert memory.step == card.step
        assert memory.due_at == round(card.due.timestamp() * 1e6)
        assert memory.phase == State(card.state).name.lower()
        later = at + timedelta(days=9)
        assert retrievability(EXACT, memory.stability or 0, 9) == pytest.approx(
            library.get_card_retrievability(card, later), rel=1e-12
        )


@given(histories, st.booleans())
def test_memory_stays_within_bounds(history: list[tuple[Rating, int]], steps: bool) -> None:
    for memory in play(Scheduling() if steps else WITHOUT_STEPS, history):
        assert memory.stability is not None
        assert memory.stability >= 0.001
        assert 1 <= (memory.difficulty or 0) <= 10
        assert memory.last_review_at is not None
        assert memory.due_at > memory.last_review_at


@given(histories)
def test_a_better_rating_is_never_due_sooner(history: list[tuple[Rating, int]]) -> None:
    memory = play(Scheduling(), history)[-1]
    at = memory.due_at
    days = (at - (memory.last_review_at or at)) // DAY
    due = [rate(Scheduling(), "card", memory, rating, at, days).due_at for rating in Rating]
    assert due == sorted(due)


@given(st.integers(1, 36_500), st.floats(0, 1, exclude_max=True), st.integers(1, 36_500))
def test_fuzz_keeps_to_its_range(days: int, drawn: float, maximum: int) -> None:
    found = fuzzed(min(days, maximum), drawn, maximum=maximum)
    assert 1 <= found <= maximum
    assert abs(found - min(days, maximum)) <= 2 + 0.15 * 4.5 + 0.1 * 13 + 0.05 * days
    if min(days, maximum) < 3:
        assert found == min(days, maximum)


def test_fuzz_reaches_each_day_of_its_range_equally_often() -> None:
    counts: dict[int, int] = {}
    for number in range(10_000):
        days = fuzzed(10, chance(f"card {number}", 3), maximum=36_500)
        counts[days] = counts.get(days, 0) + 1
    assert sorted(counts) == [8, 9, 10, 11, 12]  # 10 ± round(1 + 0.15 × 4.5 + 0.1 × 3)
    assert all(abs(count - 2000) < 250 for count in counts.values())


def test_fuzz_is_the_same_each_time_it_is_asked_for() -> None:
    memory = play(Scheduling(), [(EASY, 0), (GOOD, 8)])[-1]
    shown = {rate(Scheduling(), "card", memory, GOOD, memory.due_at, 30) for _ in range(5)}
    assert len(shown) == 1
    others = {rate(Scheduling(), f"{n}", memory, GOOD, memory.due_at, 30).due_at for n in range(9)}
    assert len(others) > 1


@given(histories)
def test_refitting_with_the_same_parameters_changes_nothing(
    history: list[tuple[Rating, int]],
) -> None:
    memory = play(Scheduling(), history)[-1]
    assert refitted(Scheduling(), memory, Memory.new(START), history) == memory


def test_intervals_in_words() -> None:
    words = {
        MINUTE // 2: "1 min",
        10 * MINUTE: "10 min",
        3 * 60 * MINUTE: "3 h",
        DAY: "1 d",
        12 * DAY: "12 d",
        46 * DAY: "1.5 mo",
        61 * DAY: "2 mo",
        498 * DAY: "1.4 y",
    }
    assert {length: interval_words(length) for length in words} == words
