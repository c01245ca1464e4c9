"""Taking a test: start, save each response as it is given, submit once."""

from __future__ import annotations

import random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from studyq.assessment.models import (
    Item,
    ItemKind,
    Response,
    Sitting,
    SittingStatus,
    Test,
    TestStatus,
)
from studyq.database.base import Instant, isoformat, new_id, now
from studyq.jobs.enqueue import NewJob, enqueue
from studyq.jobs.registry import TEST_ANALYSIS
from studyq.library.errors import ConflictError, NotFoundError, RefusedError

ANALYSE_SITTING = "analyse_sitting"
GRACE = 5_000_000  #: µs after the deadline in which a response that was under way is still taken
LONGEST_ANSWER = 2_000  #: characters
LONGEST_NAME = 100
OVERDUE_AT_ONCE = 100  #: sittings handed in by one transaction
LONGEST_VIEW = 24 * 3_600_000  #: milliseconds on one item


def find_test(session: Session, user_id: str, test_id: str) -> Test:
    """A test of the user's.

    Raises:
        NotFoundError: when there is none.
    """
    test = session.get(Test, test_id)
    if test is None or test.user_id != user_id:
        raise NotFoundError("test_not_found", f"There is no test {test_id}.")
    return test


def find_sitting(session: Session, user_id: str, sitting_id: str) -> Sitting:
    """A sitting of the user's.

    Raises:
        NotFoundError: when there is none.
    """
    sitting = session.get(Sitting, sitting_id)
    if sitting is None or sitting.user_id != user_id:
        raise NotFoundError("sitting_not_found", f"There is no sitting {sitting_id}.")
    return sitting


def items_of(session: Session, test_id: str) -> list[Item]:
    """A test's items in their order."""
    query = sa.select(Item).where(Item.test_id == test_id).order_by(Item.ordinal, Item.id)
    return list(session.scalars(query))


def start(session: Session, user_id: str, test_id: str, *, taker: str = "") -> Sitting:
    """Begin a test, or go on with the sitting that this taker has left open.

    Options are put in an order of the sitting's own.

    Raises:
        NotFoundError: when there is no such test.
        ConflictError: when it cannot be taken.
        RefusedError: for a name that is too long.
    """
    test = find_test(session, user_id, test_id)
    taker = " ".join(taker.split())
    if len(taker) > LONGEST_NAME:
        raise RefusedError("name_too_long", f"A name has at most {LONGEST_NAME} characters.")
    if test.status != TestStatus.READY:
        raise ConflictError(f"test_{test.status}", _NOT_READY[TestStatus(test.status)])
    items = items_of(session, test_id)
    if not items:
        raise ConflictError("test_empty", "This test has no items: it was held elsewhere.")
    mine = sa.select(Sitting).where(Sitting.test_id == test_id, Sitting.taker == taker)
    open_one = session.scalar(mine.where(Sitting.status == SittingStatus.OPEN))
    at = now()
    if open_one is not None and not is_over(open_one, at):
        return open_one
    if open_one is not None:
        submit(session, user_id, open_one.id)
    sitting_id = new_id()
    shuffle = random.Random(sitting_id)  # noqa: S311  # an order, not a secret
    number = session.scalar(sa.select(sa.func.count()).select_from(mine.subquery())) or 0
    sitting = Sitting(
        id=sitting_id,
        user_id=user_id,
        test_id=test_id,
        taker=taker,
        number=number + 1,
        status=SittingStatus.OPEN,
        order=[[item.id, _shuffled(item, shuffle)] for item in items],
        started_at=at,
        deadline=None if test.time_limit is None else at + test.time_limit * 1_000_000,
        submitted_at=None,
        points=None,
        error_message=None,
        job_id=None,
    )
    session.add(sitting)
    session.flush()
    return sitting


def save_response(
    session: Session,
    user_id: str,
    sitting_id: str,
    item_id: str,
    *,
    answer: str,
    flagged: bool = False,
    milliseconds: int = 0,
) -> None:
    """Keep an answer; the same item again replaces it.

    Args:
        answer: an option in its own words, or what was written; empty takes it back.
        milliseconds: how long the item has been on the screen, in all.

    Raises:
        NotFoundError: when the sitting or the item in it does not exist.
        ConflictError: when it has been submitted, or its time is over.
        RefusedError: for an answer that is none of the options, or too long.
    """
    sitting = find_sitting(session, user_id, sitting_id)
    at = now()
    if sitting.status != SittingStatus.OPEN:
        raise ConflictError(
            "sitting_submitted", "This test has been handed in; responses stay as they were."
        )
    if is_over(sitting, at - GRACE):
        raise ConflictError("time_over", "The time for this test is over; hand it in.")
    item = session.get(Item, item_id)
    if item is None or item.test_id != sitting.test_id:
        raise NotFoundError("item_not_found", f"There is no item {item_id} in this test.")
    if len(answer) > LONGEST_ANSWER:
        raise RefusedError(
            "answer_too_long", f"An answer has at most {LONGEST_ANSWER:,} characters."
        )
    if answer and item.kind in _CHOSEN and answer not in options_of(item):
        raise RefusedError("not_an_option", "This answer is none of the item's options.")
    values = {
        "answer": answer,
        "flagged": flagged,
        "milliseconds": min(max(0, milliseconds), LONGEST_VIEW),
        "saved_at": at,
    }
    row = {"sitting_id": sitting_id, "item_id": item_id, "reason": "", "evidence": "", **values}
    session.execute(
        insert(Response).values(row).on_conflict_do_update(["sitting_id", "item_id"], set_=values)
    )


def submit(session: Session, user_id: str, sitting_id: str) -> Sitting:
    """Hand a sitting in and have it graded; handed in again, nothing happens.

    Raises:
        NotFoundError: when there is none.
    """
    sitting = find_sitting(session, user_id, sitting_id)
    if sitting.status == SittingStatus.OPEN:
        sitting.submitted_at = min(now(), sitting.deadline or now())
        analyse_again(session, sitting)
    return sitting


def analyse_again(session: Session, sitting: Sitting, *, trigger: str = "user") -> None:
    """Put the job that grades and analyses a sitting into its queue."""
    sitting.status = SittingStatus.SUBMITTED
    sitting.error_message = None
    sitting.job_id = enqueue(
        session,
        NewJob(
            TEST_ANALYSIS,
            ANALYSE_SITTING,
            sitting.user_id,
            payload={"sitting_id": sitting.id, "test_id": sitting.test_id},
            trigger=trigger,
        ),
    )
    session.flush()


def any_overdue(session: Session) -> bool:
    """Whether a sitting was left open beyond its deadline."""
    return bool(session.scalar(sa.select(sa.exists().where(*_overdue()))))


def submit_overdue(session: Session) -> int:
    """Hand in what was left open beyond its deadline; returns how many there were."""
    overdue = session.scalars(sa.select(Sitting).where(*_overdue()).limit(OVERDUE_AT_ONCE)).all()
    for sitting in overdue:
        submit(session, sitting.user_id, sitting.id)
    return len(overdue)


def _overdue() -> tuple[Any, ...]:
    # A literal, not a parameter: only so does SQLite use the partial index.
    return sa.text("sittings.status = 'open'"), Sitting.deadline < now() - GRACE


def is_over(sitting: Sitting, at: Instant) -> bool:
    """Whether a sitting's time was over at some moment."""
    return sitting.deadline is not None and at > sitting.deadline


def options_of(item: Item) -> list[str]:
    """What can be chosen; nothing where the answer is written."""
    if item.kind == ItemKind.TRUE_FALSE:
        return ["true", "false"]
    return item.options if item.kind == ItemKind.CHOICE else []


def describe_sitting(session: Session, sitting: Sitting) -> dict[str, Any]:
    """A sitting as its taker sees it: items in its order, without a word of the answers."""
    items = {item.id: item for item in items_of(session, sitting.test_id)}
    query = sa.select(Response).where(Response.sitting_id == sitting.id)
    responses = {response.item_id: response for response in session.scalars(query)}
    return {
        "id": sitting.id,
        "test_id": sitting.test_id,
        "taker": sitting.taker,
        "number": sitting.number,
        "status": sitting.status,
        "started_at": isoformat(sitting.started_at),
        "deadline": isoformat(sitting.deadline),
        "seconds_left": _seconds_left(sitting),
        "submitted_at": isoformat(sitting.submitted_at),
        "points": sitting.points,
        "error_message": sitting.error_message,
        "job_id": sitting.job_id,
        "items": [
            _describe_item(items[item_id], order, responses.get(item_id))
            for item_id, order in sitting.order
            if item_id in items
        ],
    }


def _describe_item(item: Item, order: list[int], response: Response | None) -> dict[str, Any]:
    options = options_of(item)
    return {
        "id": item.id,
        "kind": item.kind,
        "stem": item.stem,
        "options": [options[place] for place in order if place < len(options)],
        "unit": (item.numeric or {}).get("unit", ""),
        "answer": response.answer if response else "",
        "flagged": bool(response and response.flagged),
        "milliseconds": response.milliseconds if response else 0,
    }


def _seconds_left(sitting: Sitting) -> int | None:
    if sitting.deadline is None or sitting.status != SittingStatus.OPEN:
        return None
    return max(0, (sitting.deadline - now()) // 1_000_000)


def _shuffled(item: Item, shuffle: random.Random) -> list[int]:
    places = list(range(len(options_of(item))))
    if item.kind == ItemKind.CHOICE:
        shuffle.shuffle(places)
    return places


_CHOSEN = (ItemKind.CHOICE, ItemKind.TRUE_FALSE)
_NOT_READY = {
    TestStatus.MAKING: "This test is still being made.",
    TestStatus.DRAFT: "This test is a draft: look its items over and mark it ready.",
    TestStatus.FAILED: "This test could not be made; its page says why.",
}
