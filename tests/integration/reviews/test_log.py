"""The log and the cards' states agree, whatever a reader does, and a damaged state is rebuilt."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from job_layer import USER
from review_desk import DAY, HOUR, NOON, Desk, open_desk
from studyq.library.errors import ConflictError
from studyq.reviews.log import rebuild
from studyq.reviews.models import Review, Schedule
from studyq.reviews.scheduling import Memory
from studyq.reviews.service import bury, make_due, suspend

ratings = st.integers(1, 4)
which = st.integers(0, 3)


class Learner(RuleBasedStateMachine):
    """Somebody who does everything that can be done, in any order."""

    @initialize()
    def begin(self) -> None:
        self.open = ExitStack()
        folder = self.open.enter_context(tempfile.TemporaryDirectory())
        self.desk: Desk = self.open.enter_context(open_desk(Path(folder)))
        self.cards = self.desk.add_cards(4)
        self.desk.prefer(leech_lapses=2)
        self.counted: list[tuple[str, Memory]] = []  #: ratings that count, and what was before

    def teardown(self) -> None:
        if hasattr(self, "open"):
            self.open.close()

    @rule(card=which, rating=ratings, hours=st.integers(-2000, 9000))
    def rates(self, card: int, rating: int, hours: int) -> None:
        self.desk.at = max(NOON, self.desk.at + hours * HOUR)
        card_id = self.cards[card]
        before = self.desk.memory(card_id)
        if not self.desk.schedule(card_id).active:
            with pytest.raises(ConflictError):
                self.desk.rate(card_id, rating)
            return
        self.desk.rate(card_id, rating)
        self.counted.append((card_id, before))

    @rule()
    def undoes(self) -> None:
        if not self.counted:
            with pytest.raises(ConflictError):
                self.desk.undo()
            return
        card_id, before = self.counted[-1]
        try:
            self.desk.undo()
        except ConflictError:  # something else has changed the card since
            assert self.desk.memory(card_id) != before
            return
        self.counted.pop()
        assert self.desk.memory(card_id) == before

    @rule(card=which)
    def finds_out_elsewhere(self, card: int) -> None:
        with self.desk.database.write() as session:
            make_due(session, USER, self.cards[card], self.desk.at, source="test")

    @rule(card=which, suspended=st.booleans())
    def suspends(self, card: int, suspended: bool) -> None:
        with self.desk.database.write() as session:
            suspend(session, USER, self.cards[card], suspended=suspended)

    @rule(card=which)
    def buries(self, card: int) -> None:
        with self.desk.database.write() as session:
            bury(session, USER, self.cards[card], self.desk.at)

    @rule(
        retention=st.floats(0.7, 0.97),
        steps=st.lists(st.integers(1, 60), max_size=3),
        zone=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Apia"]),
        fuzz=st.booleans(),
    )
    def changes_settings(self, retention: float, steps: list[int], zone: str, fuzz: bool) -> None:
        self.desk.prefer(
            desired_retention=retention, learning_steps=tuple(steps), time_zone=zone, fuzz=fuzz
        )

    @invariant()
    def log_and_state_agree(self) -> None:
        if hasattr(self, "desk"):
            assert self.desk.disagreements() == []

    @invariant()
    def nothing_is_counted_twice(self) -> None:
        if hasattr(self, "desk"):
            rows = self.desk.log()
            undone = {row.undoes for row in rows}
            live = [row for row in rows if row.entry == "rating" and row.id not in undone]
            assert len(live) == len(self.counted)


TestLearner = Learner.TestCase
TestLearner.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


def test_the_log_cannot_be_changed_by_rating(desk: Desk) -> None:
    [card] = desk.add_cards()
    desk.learn(card, 8, 20)
    seen = [(row.id, row.rating, row.before, row.after) for row in desk.log()]
    desk.undo()
    desk.rate(card, 1)
    assert [(row.id, row.rating, row.before, row.after) for row in desk.log()][:3] == seen


Damage = Callable[[Desk, str], None]


def other_stability(desk: Desk, card: str) -> None:
    _set(desk, card, stability=99.0)


def other_due(desk: Desk, card: str) -> None:
    _set(desk, card, due_at=NOON + 77 * DAY)


def forgotten(desk: Desk, card: str) -> None:
    _set(desk, card, phase="new", stability=None, difficulty=None, last_review_at=None, reps=0)


def _set(desk: Desk, card: str, **values: object) -> None:
    with desk.database.write() as session:
        session.execute(sa.update(Schedule).where(Schedule.card_id == card).values(**values))


@pytest.mark.parametrize("damage", [other_stability, other_due, forgotten])
def test_a_damaged_state_is_found_and_rebuilt(desk: Desk, damage: Damage) -> None:
    card, sound = desk.add_cards(2)
    desk.learn(card, 8, 20)
    desk.learn(sound, 9)
    memory = desk.memory(card)
    damage(desk, card)
    assert [found.card_id for found in desk.disagreements()] == [card]
    with desk.database.write() as session:
        assert rebuild(session, [card, sound, "no card"]) == 1
    assert desk.memory(card) == memory
    assert desk.disagreements() == []


def test_a_lost_row_is_found(desk: Desk) -> None:
    [card] = desk.add_cards()
    desk.learn(card, 8, 20)
    with desk.database.write() as session:
        session.execute(sa.delete(Review).where(Review.id == desk.log()[1].id))
    assert [found.card_id for found in desk.disagreements()] == [card]


def test_a_log_that_contradicts_itself_is_found(desk: Desk) -> None:
    [card] = desk.add_cards()
    desk.learn(card, 8)
    desk.undo()
    with desk.database.write() as session:
        session.execute(sa.update(Review).where(Review.entry == "undo").values(undoes=1))
    [found] = desk.disagreements()
    assert found.rebuilt is None
    with desk.database.write() as session:
        assert rebuild(session, [card]) == 0, "nothing is guessed"
