"""Puts a sitting's responses, and all first sittings of a test, in the form that figures need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.assessment.grading import POINTS
from studyq.assessment.item_analysis import analyse
from studyq.assessment.items import describe_source
from studyq.assessment.mastery import GradedResponse, outer_section, student_figures
from studyq.assessment.models import (
    Analysis,
    Grade,
    Item,
    Response,
    Sitting,
    SittingStatus,
)
from studyq.assessment.next_steps import next_steps
from studyq.assessment.response_matrix import OMITTED, ItemResponses, ResponseMatrix
from studyq.assessment.sittings import items_of, options_of
from studyq.database.base import new_id, now

AT_ONCE = 500  #: sittings read in one query


def responses_of(session: Session, sitting_id: str) -> dict[str, Response]:
    """A sitting's responses by item."""
    query = sa.select(Response).where(Response.sitting_id == sitting_id)
    return {response.item_id: response for response in session.scalars(query)}


def points_of(response: Response | None) -> float | None:
    """What a graded response is worth; None while its taker has not decided. Omitted ones: 0."""
    if response is None:
        return 0.0
    if response.grade in (None, Grade.OPEN):
        return None
    return POINTS[Grade(response.grade)]


def analyse_sitting(session: Session, sitting: Sitting) -> dict[str, Any]:
    """A sitting's result: score, sections, next steps, and each item with yours and right."""
    items = items_of(session, sitting.test_id)
    responses = responses_of(session, sitting.id)
    figures = student_figures(
        [
            GradedResponse(
                item_id=item.id,
                document_id=item.document_id,
                document=item.source_title,
                section=outer_section(item.section),
                page=item.page,
                points=points_of(responses.get(item.id)),
            )
            for item in items
        ]
    )
    found: dict[str, Any] = msgspec.to_builtins(figures)
    found["next_steps"] = next_steps(session, sitting.user_id, figures, items)
    found["items"] = [_told(item, responses.get(item.id)) for item in _in_order(sitting, items)]
    found["seconds"] = sum(response.milliseconds for response in responses.values()) / 1000
    return found


def _in_order(sitting: Sitting, items: Sequence[Item]) -> list[Item]:
    by_id = {item.id: item for item in items}
    return [by_id[item_id] for item_id, _ in sitting.order if item_id in by_id]


def _told(item: Item, response: Response | None) -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": item.kind,
        "stem": item.stem,
        "options": options_of(item),
        "yours": response.answer if response else "",
        "right": item.answer,
        "grade": response.grade if response else Grade.WRONG,
        "graded_by": response.graded_by if response else None,
        "reason": response.reason if response else "No answer was given.",
        "evidence": response.evidence if response else "",
        "seconds": response.milliseconds / 1000 if response else 0.0,
        "flagged": bool(response and response.flagged),
        "card_id": item.card_id,
        "source": describe_source(item),
    }


def first_sittings(session: Session, test_id: str, *, with_one: str | None = None) -> list[str]:
    """The graded first sittings of a test's takers, oldest first.

    Args:
        with_one: a sitting that counts as graded already.
    """
    query = sa.select(Sitting.id).where(
        Sitting.test_id == test_id,
        Sitting.number == 1,
        sa.or_(Sitting.status == SittingStatus.GRADED, Sitting.id == with_one),
    )
    return list(session.scalars(query.order_by(Sitting.id)))


def analyse_test(session: Session, test_id: str, sitting_ids: Sequence[str]) -> dict[str, Any]:
    """A test's figures over some sittings of it."""
    items = items_of(session, test_id)
    found: dict[str, Any] = msgspec.to_builtins(analyse(_matrix(session, sitting_ids, items)))
    stems = {item.id: item.stem for item in items}
    for place, figures in enumerate(found["items"], start=1):
        figures["stem"] = stems[figures["item"]]
        figures["number"] = place
    return found


def _matrix(session: Session, sitting_ids: Sequence[str], items: Sequence[Item]) -> ResponseMatrix:
    by_item: defaultdict[str, dict[str, Response]] = defaultdict(dict)
    for begin in range(0, len(sitting_ids), AT_ONCE):
        batch = sitting_ids[begin : begin + AT_ONCE]
        query = sa.select(Response).where(Response.sitting_id.in_(batch))
        for response in session.scalars(query):
            by_item[response.item_id][response.sitting_id] = response
    return ResponseMatrix(
        takers=tuple(sitting_ids),
        items=tuple(
            _column(item, [by_item[item.id].get(sitting_id) for sitting_id in sitting_ids])
            for item in items
        ),
    )


def _column(item: Item, responses: Sequence[Response | None]) -> ItemResponses:
    options = tuple(options_of(item))
    places = {option: place for place, option in enumerate(options)}
    chosen = [
        OMITTED if response is None or not response.answer else places.get(response.answer, 0)
        for response in responses
    ]
    points = [points_of(response) or 0.0 for response in responses]
    return ItemResponses(
        name=item.id,
        key=item.answer,
        options=options,
        chosen=np.array(chosen, dtype=np.int16),
        scores=np.array(points, dtype=np.float64),
    )


def keep_analysis(
    session: Session, test_id: str, sitting_id: str | None, result: dict[str, Any]
) -> None:
    """Store a result beside the earlier ones."""
    same = (Analysis.test_id == test_id, Analysis.sitting_id.is_not_distinct_from(sitting_id))
    last = session.scalar(sa.select(sa.func.max(Analysis.version)).where(*same)) or 0
    session.add(
        Analysis(
            id=new_id(),
            test_id=test_id,
            sitting_id=sitting_id,
            version=last + 1,
            result=result,
            created_at=now(),
        )
    )


def find_analysis(
    session: Session, test_id: str, sitting_id: str | None, version: int | None = None
) -> Analysis | None:
    """The newest result, or that of a version."""
    query = sa.select(Analysis).where(
        Analysis.test_id == test_id, Analysis.sitting_id.is_not_distinct_from(sitting_id)
    )
    if version is not None:
        query = query.where(Analysis.version == version)
    return session.scalar(query.order_by(Analysis.version.desc()).limit(1))
