"""The queue: what comes next, how much is left, and that limits and days hold."""

from __future__ import annotations

from job_layer import USER
from review_desk import DAY, HOUR, MINUTE, NOON, Desk
from studyq.reviews.models import ReviewLimit
from studyq.reviews.queue import Counts, due_between


def limit(desk: Desk, document_id: str, new: int | None, reviews: int | None = None) -> None:
    with desk.database.write() as session:
        session.merge(
            ReviewLimit(
                user_id=USER, document_id=document_id, new_per_day=new, reviews_per_day=reviews
            )
        )


def test_an_empty_library_has_nothing_to_review(desk: Desk) -> None:
    queue = desk.queue()
    assert (queue.cards, queue.counts, queue.next_due) == ((), Counts(0, 0, 0), None)


def test_steps_come_before_reviews_and_those_before_new_cards(desk: Desk) -> None:
    step, review, new = desk.add_cards(3)
    desk.at -= 12 * DAY  # eight days, give or take two, are over by now
    desk.rate(review, 4)
    desk.at = NOON
    desk.rate(step, 1)
    desk.at += MINUTE
    queue = desk.queue(limit=9)
    assert queue.cards == (step, review, new)
    assert queue.counts == Counts(learning=1, review=1, new=1)


def test_reviews_are_due_all_day(desk: Desk) -> None:
    [card] = desk.add_cards()
    desk.rate(card, 4)  # at noon, for noon eight days later, give or take
    due = desk.memory(card).due_at
    desk.at = due - 8 * HOUR + 1  # just after four in the morning
    assert desk.queue().cards == (card,)
    desk.at = due - 8 * HOUR - 1
    assert desk.queue().cards == ()
    assert desk.queue().next_due == due


def test_steps_of_the_next_minutes_are_shown_when_nothing_else_is_left(desk: Desk) -> None:
    first, second = desk.add_cards(2)
    desk.rate(first, 3)  # due in ten minutes
    assert desk.queue().cards == (second,)
    desk.rate(second, 4)
    assert desk.queue().cards == (first,)
    desk.prefer(learning_steps=(1, 60))
    desk.rate(first, 1)
    desk.rate(first, 3)
    assert desk.queue().cards == ()


def test_new_cards_of_a_day_are_limited(desk: Desk) -> None:
    desk.prefer(new_per_day=2)
    cards = desk.add_cards(5)
    assert desk.queue(limit=9).cards == tuple(cards[:2])
    for card in cards[:2]:
        desk.rate(card, 4)
    assert desk.queue().cards == ()
    assert desk.queue().counts.new == 0
    desk.undo()
    assert desk.queue(limit=9).cards == (cards[1],), "what is undone does not count"
    desk.rate(cards[1], 4)
    desk.at += DAY
    assert desk.queue(limit=9).cards == tuple(cards[2:4])


def test_reviews_of_a_day_are_limited(desk: Desk) -> None:
    cards = desk.add_cards(4)
    for card in cards:
        desk.rate(card, 4)
    desk.at += 20 * DAY
    desk.prefer(reviews_per_day=3)
    assert desk.queue(limit=9).counts.review == 3
    desk.rate(desk.queue().cards[0], 3)
    assert desk.queue(limit=9).counts.review == len(desk.queue(limit=9).cards) == 2
    desk.prefer(reviews_per_day=0)
    assert desk.queue().cards == ()


def test_documents_have_limits_of_their_own(desk: Desk) -> None:
    cells, energy = desk.add_document(), desk.add_document()
    of_cells = desk.add_cards(3, document_id=cells, page=1)
    of_energy = desk.add_cards(3, document_id=energy, page=1, created_at=NOON)
    limit(desk, cells, 1)
    queue = desk.queue(limit=9)
    assert queue.counts.new == 4
    desk.rate(of_cells[0], 4)
    queue = desk.queue(limit=9)
    assert set(queue.cards) == set(of_energy)
    assert queue.counts.new == 3
    assert desk.queue(document_id=cells).cards == ()
    desk.prefer(new_per_day=2)
    assert desk.queue(limit=9).counts.new == 1


def test_one_document_alone_can_be_reviewed(desk: Desk) -> None:
    cells = desk.add_document()
    [here] = desk.add_cards(document_id=cells, page=1)
    [elsewhere] = desk.add_cards()
    assert desk.queue(limit=9, document_id=cells).cards == (here,)
    assert desk.queue(limit=9, document_id=cells).counts.new == 1
    assert set(desk.queue(limit=9).cards) == {here, elsewhere}


def test_cards_under_way_are_passed_over(desk: Desk) -> None:
    first, second, third = desk.add_cards(3)
    assert desk.queue(limit=2, skip=(first,)).cards == (second, third)


def test_minutes_follow_the_readers_pace(desk: Desk) -> None:
    cards = desk.add_cards(10)
    assert desk.queue().seconds == 10 * 8
    desk.rate(cards[0], 4, duration_ms=20_000)
    assert desk.queue().seconds == 9 * 20
    desk.rate(cards[1], 4, duration_ms=10**9)  # away from the desk; a minute counts
    assert desk.queue().seconds == 8 * 40


def test_what_falls_due_is_counted_ahead(desk: Desk) -> None:
    [card] = desk.add_cards()
    desk.rate(card, 4)
    due = desk.memory(card).due_at
    with desk.database.read() as session:
        assert due_between(session, USER, due, due + 1) == 1
        assert due_between(session, USER, due + 1, due + DAY) == 0


def test_the_day_turns_over_where_the_reader_is(desk: Desk) -> None:
    desk.prefer(new_per_day=1, time_zone="America/New_York", turn_hour=4)
    first, second = desk.add_cards(2)
    desk.rate(first, 4)
    desk.at = NOON - 12 * HOUR + 33 * HOUR - 1  # 3:59 in New York
    assert desk.queue().cards == ()
    desk.at += 1
    assert desk.queue().cards == (second,)
