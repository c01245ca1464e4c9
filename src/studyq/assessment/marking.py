"""Grades the responses of a sitting, tells the schedules of the cards, and lets takers overrule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.assessment.analysing import points_of, responses_of
from studyq.assessment.grading import Numeric, grade_answer
from studyq.assessment.models import (
    Grade,
    GradeChange,
    GradedBy,
    Item,
    ItemKind,
    Response,
    Sitting,
    SittingStatus,
)
from studyq.assessment.sittings import analyse_again, find_sitting, items_of
from studyq.database.base import new_id, now
from studyq.library.errors import ConflictError, NotFoundError, RefusedError
from studyq.reviews.scheduling import Rating
from studyq.reviews.service import Answer, make_due, rate_card

RECALLED = (ItemKind.SHORT, ItemKind.CLOZE)  #: answered from memory; the others are recognised


@dataclass(frozen=True)
class Mark:
    """A grade for one response."""

    item_id: str
    grade: Grade
    by: GradedBy
    reason: str
    evidence: str = ""


def marks_by_key(session: Session, sitting: Sitting) -> list[Mark]:
    """Grade what has no grade yet, as far as comparing can; omitted items have no response."""
    responses = responses_of(session, sitting.id)
    return [
        _by_key(item, responses[item.id])
        for item in items_of(session, sitting.test_id)
        if item.id in responses and responses[item.id].grade is None
    ]


def _by_key(item: Item, response: Response) -> Mark:
    graded = grade_answer(
        item.kind,
        response.answer,
        key=item.answer,
        accepted=item.accepted,
        numeric=None if item.numeric is None else Numeric(**item.numeric),
    )
    return Mark(item.id, graded.grade, GradedBy.KEY, graded.reason)


def write_marks(session: Session, sitting: Sitting, marks: list[Mark]) -> None:
    """Store grades; one that somebody has given meanwhile stays."""
    responses = responses_of(session, sitting.id)
    for mark in marks:
        response = responses[mark.item_id]
        if response.graded_by != GradedBy.TAKER:
            response.grade, response.graded_by = mark.grade, mark.by
            response.reason, response.evidence = mark.reason, mark.evidence
    session.flush()


def settle(session: Session, sitting: Sitting) -> dict[str, int]:
    """Add up a sitting's points, and let its cards' schedules learn from it.

    A wrong answer from memory counts as Again, a right one as Good. A wrong choice only makes its
    card due now, and a right one changes nothing: recognising is not recalling. Each response
    counts once, however often the sitting is analysed.

    Returns:
        How many cards were rated, and how many were made due.
    """
    responses = responses_of(session, sitting.id)
    told = {"rated": 0, "made_due": 0}
    points = 0.0
    for item in items_of(session, sitting.test_id):
        response = responses.get(item.id)
        earned = points_of(response)
        points += earned or 0.0
        if response is not None and earned is not None and item.card_id is not None:
            done = _tell_schedule(session, sitting, item, earned)
            if done is not None:
                told[done] += 1
    sitting.points = points
    sitting.status = SittingStatus.GRADED
    session.flush()
    return told


def _tell_schedule(session: Session, sitting: Sitting, item: Item, earned: float) -> str | None:
    card_id = str(item.card_id)
    at = now()
    try:
        if item.kind in RECALLED:
            rating = Rating.Good if earned == 1 else Rating.Again
            key = f"sitting {sitting.id} {item.id}"
            answer = Answer(card_id, rating, key=key, source="test")
            return None if rate_card(session, sitting.user_id, answer, at).repeated else "rated"
        if earned < 1 and make_due(session, sitting.user_id, card_id, at, source="test"):
            return "made_due"
    except (NotFoundError, ConflictError):
        pass  # the card was deleted or is not learnt any more: there is no schedule to tell
    return None


def overrule(session: Session, user_id: str, sitting_id: str, item_id: str, grade: str) -> Sitting:
    """Let the taker decide a grade; what it was stays in the record, and the analysis runs again.

    Raises:
        NotFoundError: when there is no such response.
        ConflictError: when the sitting has not been graded.
        RefusedError: for a grade that does not exist.
    """
    sitting = find_sitting(session, user_id, sitting_id)
    if grade not in (Grade.RIGHT, Grade.PARTIAL, Grade.WRONG):
        raise RefusedError("bad_grade", "A grade is right, partial or wrong.")
    if sitting.status != SittingStatus.GRADED:
        raise ConflictError(
            "sitting_not_graded", f"This sitting is {sitting.status}; grades come first."
        )
    response = session.get(Response, (sitting_id, item_id))
    if response is None:
        raise NotFoundError("response_not_found", "This item was not answered in this sitting.")
    if (response.grade, response.graded_by) == (grade, GradedBy.TAKER):
        return sitting
    session.add(
        GradeChange(
            id=new_id(),
            sitting_id=sitting_id,
            item_id=item_id,
            was=response.grade,
            was_by=response.graded_by,
            became=grade,
            at=now(),
        )
    )
    response.grade, response.graded_by = grade, GradedBy.TAKER
    analyse_again(session, sitting)
    return sitting


def grade_changes(session: Session, sitting_id: str) -> list[dict[str, Any]]:
    """The grades of a sitting that were overruled, oldest first."""
    query = sa.select(GradeChange).where(GradeChange.sitting_id == sitting_id)
    return [
        {"item_id": row.item_id, "was": row.was, "was_by": row.was_by, "became": row.became}
        for row in session.scalars(query.order_by(GradeChange.id))
    ]
