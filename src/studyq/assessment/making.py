"""Making a test: what approved cards give at once, the rest by a job that generates."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from msgspec import to_builtins
from sqlalchemy.orm import Session

from studyq.assessment.blueprint import (
    Blueprint,
    Part,
    Picked,
    approved_cards,
    check_blueprint,
    missing,
    pick,
)
from studyq.assessment.from_cards import source_of
from studyq.assessment.items import append_item
from studyq.assessment.models import ItemKind, Test, TestOrigin, TestStatus
from studyq.assessment.service import LONGEST_TITLE, check_time_limit
from studyq.database.base import new_id, now
from studyq.library.errors import RefusedError
from studyq.library.models import Document


def make_test(
    session: Session, user_id: str, *, title: str, time_limit: int | None, blueprint: Blueprint
) -> Test:
    """Make a test; without any part it is an empty draft for items of one's own.

    Raises:
        NotFoundError: when a document does not exist.
        RefusedError: when it cannot be made so.
    """
    check_blueprint(session, user_id, blueprint)
    check_time_limit(time_limit)
    at = now()
    test = Test(
        id=new_id(),
        user_id=user_id,
        title=_title(session, title, blueprint.parts),
        origin=TestOrigin.MADE,
        status=TestStatus.DRAFT,
        blueprint=to_builtins(blueprint),
        time_limit=time_limit or None,
        created_at=at,
        updated_at=at,
    )
    session.add(test)
    session.flush()
    short = Counter[ItemKind]()
    for part in blueprint.parts:
        found = [] if blueprint.source == "generated" else _from_cards(session, test, part)
        short += missing(part.numbers, (each.body for each in found))
    made = blueprint.wanted - short.total()
    test.receipt = {"from_cards": made, "generated": 0, "missing": dict(short)}
    if blueprint.parts and not made and blueprint.source == "cards":
        raise RefusedError(
            "no_cards",
            "No approved card gives such an item. Approve some cards, or let items be generated.",
        )
    return test


def _from_cards(session: Session, test: Test, part: Part) -> list[Picked]:
    shuffle = random.Random(test.id)  # noqa: S311  # an order, not a secret
    found = pick(approved_cards(session, test.user_id, part), part, part.numbers, shuffle)
    found.sort(key=lambda each: (each.card.page or 0, each.card.id))
    for each in found:
        append_item(session, test, each.body, card_id=each.card.id, **source_of(each.card))
    return found


def _title(session: Session, title: str, parts: Sequence[Part]) -> str:
    title = " ".join(title.split())
    if len(title) > LONGEST_TITLE:
        raise RefusedError("bad_title", f"A title has at most {LONGEST_TITLE} characters.")
    document = session.get(Document, parts[0].document_id) if parts and not title else None
    return title or (document.title[:LONGEST_TITLE] if document else "New test")
