"""Rating cards, and taking it back; burying and suspending them."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.models import CardState, Flashcard
from studyq.database.base import Instant, now
from studyq.library.errors import ConflictError, NotFoundError, RefusedError
from studyq.reviews.log import append, memory_of, stored_memory
from studyq.reviews.models import COUNTS_SQL, Entry, Phase, Review, Schedule
from studyq.reviews.preferences import Preferences, preferences, scheduler_in_force
from studyq.reviews.scheduling import Memory, Rating, rate
from studyq.reviews.study_days import DAY, SECOND

LONGEST_WAIT = 30 * DAY  #: an answer that is sent later than this counts as given now
LONGEST_DURATION = 10 * 60 * 1000  #: milliseconds; who takes longer was away
LONGEST_KEY = 255


@dataclass(frozen=True)
class Answer:
    """How somebody rated a card.

    Args:
        key: the client's name for this answer; sent again, it counts once.
        version: the schedule's when the card was shown; None to rate whatever there is.
        duration_ms: from the question to the rating.
        waited: microseconds from the rating to its arrival, when the connection was down.
        source: `review` or `test`.
    """

    card_id: str
    rating: int
    key: str | None = None
    version: int | None = None
    duration_ms: int | None = None
    waited: int = 0
    source: str = "review"


@dataclass(frozen=True)
class Rated:
    """What became of a rating."""

    review: Review
    schedule: Schedule
    #: The same answer had come before; nothing was counted again.
    repeated: bool = False


def find_card(session: Session, user_id: str, card_id: str) -> tuple[Flashcard, Schedule]:
    """A card of the user's that is or was learnt, with its schedule.

    Raises:
        NotFoundError: when there is none.
        ConflictError: when nobody has approved it yet.
    """
    card = session.get(Flashcard, card_id)
    if card is None or card.user_id != user_id:
        raise NotFoundError(
            "card_not_found", f"There is no card {card_id}. It may have been deleted meanwhile."
        )
    schedule = session.get(Schedule, card_id)
    if schedule is None:
        raise ConflictError(
            f"card_{card.state}", f"This card is {card.state}: approve it, and it can be reviewed."
        )
    return card, schedule


def rate_card(session: Session, user_id: str, answer: Answer, at: Instant) -> Rated:
    """Rate a card: a row of the log, and the card's next state.

    Args:
        at: the time now.

    Raises:
        RefusedError: for a rating that does not exist.
        NotFoundError: when there is no such card.
        ConflictError: when the card has changed since it was shown, is not approved, or the key
            was used for something else.
    """
    if answer.rating not in (1, 2, 3, 4):
        raise RefusedError("bad_rating", "A rating is 1 (again), 2 (hard), 3 (good) or 4 (easy).")
    before = _same_answer(session, user_id, answer)
    if before is not None:
        return before
    card, schedule = find_card(session, user_id, answer.card_id)
    if not schedule.active:
        raise ConflictError(
            f"card_{card.state}", f"This card is {card.state}; nothing was counted."
        )
    if answer.version is not None and answer.version != schedule.version:
        raise ConflictError(
            "card_changed",
            "This card was rated or changed elsewhere since it was shown; nothing was counted.",
        )
    return _rate(session, card, schedule, answer, at)


def _rate(
    session: Session, card: Flashcard, schedule: Schedule, answer: Answer, at: Instant
) -> Rated:
    wishes = preferences(session, schedule.user_id)
    moment = _answered_at(schedule, answer, at)
    memory, rating = memory_of(schedule), Rating(answer.rating)
    elapsed = _elapsed(wishes, memory, moment)
    after = rate(wishes.scheduling, card.id, memory, rating, moment, elapsed)
    leech = after.lapses > memory.lapses and is_leech(after.lapses, wishes.leech_lapses)
    review = append(
        session,
        schedule,
        Entry.RATING,
        after,
        rating=answer.rating,
        at=moment,
        elapsed_days=elapsed,
        scheduled_days=_scheduled(memory),
        early=_early(wishes, memory, moment),
        duration_ms=None
        if answer.duration_ms is None
        else min(answer.duration_ms, LONGEST_DURATION),
        suspended=leech and wishes.leech_suspends,
        source=answer.source,
        scheduler_id=scheduler_in_force(session, schedule.user_id),
        key=answer.key,
    )
    schedule.leech = schedule.leech or leech
    schedule.buried_until = None
    if review.suspended:
        _set_state(session, card, schedule, CardState.SUSPENDED)
    session.flush()
    return Rated(review, schedule)


def undo_rating(
    session: Session, user_id: str, at: Instant, *, review_id: int | None = None
) -> Rated:
    """Take a rating back: the card is as it was before, and the log says so.

    Args:
        review_id: which; the reader's last one by default.

    Raises:
        NotFoundError: when there is no such rating.
        ConflictError: when there is nothing to undo, or the card has changed since.
    """
    review = _to_undo(session, user_id, review_id)
    schedule = session.get(Schedule, review.card_id)
    card = session.get(Flashcard, review.card_id)
    if schedule is None or card is None:
        raise ConflictError("card_deleted", "The card of this rating has been deleted.")
    if memory_of(schedule) != stored_memory(review.after):
        raise ConflictError(
            "card_changed", "The card has changed since this rating; it cannot be undone any more."
        )
    before = stored_memory(review.before)
    undone = append(
        session,
        schedule,
        Entry.UNDO,
        before,
        at=at,
        scheduler_id=review.scheduler_id,
        undoes=review.id,
    )
    schedule.leech = _was_leech(session, schedule)
    if review.suspended and card.state == CardState.SUSPENDED:
        _set_state(session, card, schedule, CardState.APPROVED)
    session.flush()
    return Rated(undone, schedule)


def last_rating(session: Session, user_id: str) -> Review | None:
    """The rating that undoing would take back."""
    return session.scalars(
        sa.select(Review)
        .where(Review.user_id == user_id, COUNTS_SQL)
        .order_by(Review.id.desc())
        .limit(1)
    ).first()


def bury(session: Session, user_id: str, card_id: str, at: Instant) -> Schedule:
    """Show a card no more until the reader's next day.

    Raises:
        NotFoundError: when there is no such card.
        ConflictError: when it is not learnt.
    """
    _, schedule = find_card(session, user_id, card_id)
    days = preferences(session, user_id).days
    schedule.buried_until = days.end(days.of(at))
    schedule.version += 1
    return schedule


def unbury(session: Session, user_id: str, card_id: str) -> Schedule:
    """Show a buried card again.

    Raises:
        NotFoundError: when there is no such card.
        ConflictError: when it is not learnt.
    """
    _, schedule = find_card(session, user_id, card_id)
    schedule.buried_until = None
    schedule.version += 1
    return schedule


def suspend(session: Session, user_id: str, card_id: str, *, suspended: bool) -> Schedule:
    """Take a card out of the reviews, or back in; it keeps what is known of it.

    Raises:
        NotFoundError: when there is no such card.
        ConflictError: when it is neither approved nor suspended.
    """
    card, schedule = find_card(session, user_id, card_id)
    if card.state not in (CardState.APPROVED, CardState.SUSPENDED):
        raise ConflictError(
            f"card_{card.state}", f"This card is {card.state}: it is not reviewed anyway."
        )
    wanted = CardState.SUSPENDED if suspended else CardState.APPROVED
    _set_state(session, card, schedule, wanted)
    if not suspended:
        schedule.leech = False
    schedule.version += 1
    session.flush()
    return schedule


def make_due(session: Session, user_id: str, card_id: str, at: Instant, *, source: str) -> bool:
    """Make a card due now, because something showed that it is not known.

    Args:
        source: what showed it: `test`.

    Returns:
        Whether it was not due before.

    Raises:
        NotFoundError: when there is no such card.
        ConflictError: when it is not learnt.
    """
    _, schedule = find_card(session, user_id, card_id)
    memory = memory_of(schedule)
    if memory.phase == Phase.NEW or memory.due_at <= at:
        return False
    append(
        session,
        schedule,
        Entry.DUE,
        Memory(
            memory.phase, memory.step, memory.stability, memory.difficulty, at,
            memory.last_review_at, memory.reps, memory.lapses,
        ),
        at=at,
        source=source,
        scheduler_id=scheduler_in_force(session, user_id),
    )  # fmt: skip
    return True


def is_leech(lapses: int, threshold: int) -> bool:
    """Whether a card that was just forgotten is a leech, for the first time or again.

    At the threshold, and at each half of it from there on, as in Anki.
    """
    return lapses >= threshold and (lapses - threshold) % max(1, threshold // 2) == 0


def _same_answer(session: Session, user_id: str, answer: Answer) -> Rated | None:
    if answer.key is None:
        return None
    if not 0 < len(answer.key) <= LONGEST_KEY:
        raise RefusedError("bad_key", f"A key has 1 to {LONGEST_KEY} characters.")
    row = session.scalar(
        sa.select(Review).where(Review.user_id == user_id, Review.key == answer.key)
    )
    if row is None:
        return None
    if (row.card_id, row.rating) != (answer.card_id, answer.rating):
        raise ConflictError("key_reused", "This key was used for another answer.")
    schedule = session.get(Schedule, row.card_id)
    if schedule is None:
        raise NotFoundError("card_not_found", "The card of this answer has been deleted.")
    return Rated(row, schedule, repeated=True)


def _answered_at(schedule: Schedule, answer: Answer, at: Instant) -> Instant:
    """When an answer was given: never before the review before it, unless the clock went back."""
    if not 0 < answer.waited <= LONGEST_WAIT:
        return at
    earliest = min(at, schedule.last_review_at or 0)
    return max(at - answer.waited, earliest)


def _elapsed(wishes: Preferences, memory: Memory, at: Instant) -> int:
    return 0 if memory.last_review_at is None else wishes.days.between(memory.last_review_at, at)


def _scheduled(memory: Memory) -> int | None:
    if memory.phase != Phase.REVIEW or memory.last_review_at is None:
        return None
    return round((memory.due_at - memory.last_review_at) / DAY)


def _early(wishes: Preferences, memory: Memory, at: Instant) -> bool:
    if memory.phase == Phase.NEW:
        return False
    if memory.phase == Phase.REVIEW:
        return memory.due_at >= wishes.days.end(wishes.days.of(at))
    return memory.due_at > at + LEARN_AHEAD


def _to_undo(session: Session, user_id: str, review_id: int | None) -> Review:
    if review_id is None:
        last = last_rating(session, user_id)
        if last is None:
            raise ConflictError("nothing_to_undo", "There is no rating to undo.")
        return last
    review = session.get(Review, review_id)
    if review is None or review.user_id != user_id or review.entry != Entry.RATING:
        raise NotFoundError("review_not_found", f"There is no rating {review_id}.")
    if session.scalar(sa.select(Review.id).where(Review.undoes == review_id)) is not None:
        raise ConflictError("already_undone", "This rating has been undone already.")
    return review


def _was_leech(session: Session, schedule: Schedule) -> bool:
    wishes = preferences(session, schedule.user_id)
    return schedule.leech and schedule.lapses >= wishes.leech_lapses


def _set_state(session: Session, card: Flashcard, schedule: Schedule, state: CardState) -> None:
    card.state, card.updated_at = state, now()
    session.flush()
    session.refresh(schedule)  # a trigger has set `active`


#: A card on its learning steps is shown this much before its time when there is nothing else.
LEARN_AHEAD = 20 * 60 * SECOND
