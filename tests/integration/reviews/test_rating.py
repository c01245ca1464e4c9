"""Rating cards and taking it back: nothing counts twice, nothing is lost, the log tells all."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from job_layer import USER
from review_desk import DAY, HOUR, MINUTE, NOON, Desk
from studyq.accounts.models import User
from studyq.library.errors import ConflictError, NotFoundError, RefusedError
from studyq.library.models import Document
from studyq.reviews.models import Review, Schedule
from studyq.reviews.service import bury, make_due, suspend, unbury, undo_rating

OTHER = "00000000-0000-7000-8000-000000000002"


def test_a_rating_is_logged_and_schedules_the_card(desk: Desk) -> None:
    [card] = desk.add_cards()
    row = desk.rate(card, 3, duration_ms=4000)
    memory = desk.memory(card)
    assert memory.phase == "learning"
    assert memory.due_at == NOON + 10 * MINUTE
    assert (row.entry, row.rating, row.phase_before, row.duration_ms) == ("rating", 3, "new", 4000)
    assert row.after["due_at"] == memory.due_at
    assert desk.schedule(card).version == 2


def test_only_approved_cards_have_a_schedule(desk: Desk) -> None:
    [draft] = desk.add_cards(state="draft")
    with pytest.raises(ConflictError, match="approve it"):
        desk.rate(draft, 3)
    desk.set_state(draft, "approved")
    desk.rate(draft, 3)
    desk.set_state(draft, "rejected")
    with pytest.raises(ConflictError, match="rejected"):
        desk.rate(draft, 3)
    desk.set_state(draft, "approved")
    assert desk.memory(draft).reps == 1, "what was known is kept"


def test_the_same_answer_sent_twice_counts_once(desk: Desk) -> None:
    [card] = desk.add_cards()
    first = desk.rate(card, 3, key="a", version=1)
    again = desk.rate(card, 3, key="a", version=1)
    assert first.id == again.id
    assert desk.memory(card).reps == 1
    with pytest.raises(ConflictError, match="another answer"):
        desk.rate(card, 1, key="a")


def test_who_rates_second_is_told(desk: Desk) -> None:
    [card] = desk.add_cards()
    version = desk.schedule(card).version
    desk.rate(card, 3, key="phone", version=version)
    with pytest.raises(ConflictError, match="elsewhere"):
        desk.rate(card, 1, key="laptop", version=version)
    assert [row.rating for row in desk.log()] == [3]
    desk.rate(card, 1, key="laptop")  # who names no version rates what there is
    assert desk.memory(card).reps == 2


@pytest.mark.parametrize("rating", [0, 5, -1, 10**20])
def test_ratings_out_of_range_are_refused(desk: Desk, rating: int) -> None:
    [card] = desk.add_cards()
    with pytest.raises(RefusedError, match="again"):
        desk.rate(card, rating)
    assert desk.log() == []


def test_cards_of_others_do_not_exist(desk: Desk) -> None:
    [card] = desk.add_cards()
    with desk.database.write() as session:
        session.add(User(id=OTHER, name="other", created_at=0))
    with pytest.raises(NotFoundError):
        desk.rate(card, 3, user_id=OTHER)
    with pytest.raises(NotFoundError):
        desk.rate("no card", 3)
    row = desk.rate(card, 3)
    with desk.database.write() as session, pytest.raises(NotFoundError):
        undo_rating(session, OTHER, NOON, review_id=row.id)


def test_a_card_deleted_meanwhile_is_said_to_be_gone(desk: Desk) -> None:
    [card, other] = desk.add_cards(2)
    row = desk.rate(card, 3, key="a")
    desk.delete_card(card)
    with pytest.raises(NotFoundError, match="deleted"):
        desk.rate(card, 3)
    with pytest.raises(ConflictError, match="deleted"):
        desk.undo(row.id)
    assert desk.queue().cards == (other,)
    assert len(desk.log()) == 1, "what was done that day stays done"
    assert desk.disagreements() == []


def test_undoing_brings_everything_back(desk: Desk) -> None:
    [card] = desk.add_cards()
    desk.learn(card, 8)
    before = desk.memory(card)
    desk.at += 20 * DAY
    desk.rate(card, 1)
    assert desk.memory(card).lapses == 1
    undone = desk.undo()
    assert desk.memory(card) == before
    assert (undone.entry, undone.undoes) == ("undo", desk.log()[2].id)
    assert [row.rating for row in desk.log()] == [4, 3, 1, None], "the log is only added to"


def test_undo_goes_back_step_by_step_and_ends(desk: Desk) -> None:
    first, second = desk.add_cards(2)
    desk.rate(first, 3)
    last = desk.rate(second, 3)
    desk.undo(last.id)
    with pytest.raises(ConflictError, match="already"):
        desk.undo(last.id)
    desk.undo()
    assert desk.memory(first).phase == desk.memory(second).phase == "new"
    with pytest.raises(ConflictError, match="no rating"):
        desk.undo()


def test_what_was_rated_since_is_undone_first(desk: Desk) -> None:
    [card] = desk.add_cards()
    first = desk.rate(card, 3)
    second = desk.rate(card, 3)
    with pytest.raises(ConflictError, match="changed since"):
        desk.undo(first.id)
    desk.undo(second.id)
    desk.undo(first.id)
    assert desk.memory(card).phase == "new"
    with pytest.raises(NotFoundError):
        desk.undo(10**9)


def test_rating_before_time_is_allowed_and_marked(desk: Desk) -> None:
    desk.prefer(fuzz=False)
    [card] = desk.add_cards()
    desk.learn(card)
    desk.at += DAY
    row = desk.rate(card, 3)
    assert row.early
    assert (row.elapsed_days, row.scheduled_days) == (1, 8)
    assert not desk.log()[0].early
    due = desk.memory(card).due_at
    desk.at = due - HOUR  # on the day on which it falls, it is due from the morning
    assert not desk.rate(card, 3).early


def test_a_clock_set_back_hurts_nobody(desk: Desk) -> None:
    [card] = desk.add_cards()
    desk.learn(card, 8)
    desk.at -= 400 * DAY
    row = desk.rate(card, 3)
    assert row.elapsed_days == 0
    assert desk.memory(card).due_at > desk.at
    assert desk.disagreements() == []
    desk.undo()
    assert desk.disagreements() == []


def test_an_answer_that_waited_counts_for_when_it_was_given(desk: Desk) -> None:
    [card] = desk.add_cards()
    desk.rate(card, 4)
    desk.at += 9 * DAY
    assert desk.rate(card, 3, waited=DAY).at == desk.at - DAY
    assert desk.rate(card, 3, waited=5 * DAY).at == desk.at - DAY, "never before the one before"
    assert desk.rate(card, 3, waited=10**18).at == desk.at


def test_days_are_the_readers_own(desk: Desk) -> None:
    desk.prefer(time_zone="Asia/Tokyo", turn_hour=4)
    [card] = desk.add_cards()
    desk.at = NOON + 5 * HOUR  # two in the night in Tokyo
    desk.rate(card, 4)
    desk.at += 3 * HOUR  # five in the morning
    assert desk.rate(card, 3).elapsed_days == 1


def test_a_card_forgotten_again_and_again_is_a_leech(desk: Desk) -> None:
    desk.prefer(leech_lapses=2)
    [card] = desk.add_cards()
    desk.learn(card)
    for _ in range(2):
        desk.at += 30 * DAY
        row = desk.rate(card, 1)
        if not row.suspended:
            desk.rate(card, 3)
    schedule = desk.schedule(card)
    assert (schedule.leech, schedule.active, row.suspended) == (True, False, True)
    assert desk.queue().cards == ()
    desk.undo()
    schedule = desk.schedule(card)
    assert (schedule.leech, schedule.active) == (False, True)
    desk.prefer(leech_suspends=False)
    desk.rate(card, 1)
    schedule = desk.schedule(card)
    assert (schedule.leech, schedule.active) == (True, True)


def test_buried_cards_come_back_with_the_next_day(desk: Desk) -> None:
    first, second = desk.add_cards(2)
    with desk.database.write() as session:
        bury(session, USER, first, desk.at)
    assert desk.queue(limit=5).cards == (second,)
    desk.at += DAY
    assert desk.queue(limit=5).cards == (first, second)
    with desk.database.write() as session:
        bury(session, USER, first, desk.at)
        unbury(session, USER, first)
    assert desk.queue(limit=5).cards == (first, second)


def test_suspended_cards_keep_what_is_known(desk: Desk) -> None:
    [card] = desk.add_cards()
    desk.learn(card, 8)
    memory = desk.memory(card)
    with desk.database.write() as session:
        assert not suspend(session, USER, card, suspended=True).active
    desk.at += 400 * DAY
    assert desk.queue().cards == ()
    with desk.database.write() as session:
        assert suspend(session, USER, card, suspended=False).active
    assert desk.queue().cards == (card,)
    assert desk.memory(card) == memory


def test_a_wrong_choice_elsewhere_makes_a_card_due(desk: Desk) -> None:
    [card] = desk.add_cards()
    with desk.database.write() as session:
        assert not make_due(session, USER, card, desk.at, source="test")
    desk.learn(card, 8)
    desk.at += DAY
    assert desk.queue().cards == ()
    with desk.database.write() as session:
        assert make_due(session, USER, card, desk.at, source="test")
        assert not make_due(session, USER, card, desk.at, source="test")
    assert desk.queue().cards == (card,)
    assert desk.disagreements() == []


def test_cards_outlive_their_document_in_the_queue(desk: Desk) -> None:
    document = desk.add_document()
    [card] = desk.add_cards(document_id=document, page=1)
    assert desk.queue(document_id=document).cards == (card,)
    with desk.database.write() as session:
        session.execute(sa.delete(Document).where(Document.id == document))
    assert desk.schedule(card).document_id is None
    assert desk.queue().cards == (card,)


def test_two_undos_of_one_rating_cannot_both_be_kept(desk: Desk) -> None:
    [card] = desk.add_cards()
    row = desk.rate(card, 3)
    desk.undo(row.id)
    undone = desk.log()[1]
    with (
        pytest.raises(sa.exc.IntegrityError),
        desk.database.write() as session,
    ):
        session.execute(
            sa.insert(Review).values(
                user_id=USER, card_id=card, entry="undo", at=0, early=False, suspended=False,
                source="review", scheduler_id=undone.scheduler_id, undoes=row.id,
                phase_before="new", before={}, after={},
            )
        )  # fmt: skip
    with desk.database.read() as session:
        assert session.get_one(Schedule, card).phase == "new"
