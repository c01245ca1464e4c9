"""Making a test: what approved cards give at once, the rest by a job that generates."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa
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
from studyq.assessment.generating import GENERATE_ITEMS
from studyq.assessment.items import append_item
from studyq.assessment.models import ItemKind, Test, TestOrigin, TestStatus
from studyq.assessment.service import LONGEST_TITLE, check_time_limit
from studyq.database.base import new_id, now
from studyq.jobs.enqueue import NewJob, enqueue
from studyq.jobs.models import LIVE_SQL, Job
from studyq.jobs.registry import FLASHCARD_GENERATION
from studyq.library.errors import RefusedError
from studyq.library.models import Document, Status


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
    lacking = Counter[ItemKind]()
    for place, part in enumerate(blueprint.parts):
        found = [] if blueprint.source == "generated" else _from_cards(session, test, place, part)
        lacking += missing(part.numbers, (each.body for each in found))
    made = blueprint.wanted - lacking.total()
    test.receipt = {"from_cards": made, "generated": 0, "missing": dict(lacking)}
    if blueprint.parts and not made and blueprint.source == "cards":
        raise RefusedError(
            "no_cards",
            "No approved card gives such an item. Approve some cards, or let items be generated.",
        )
    if lacking and blueprint.source != "cards":
        _have_generated(session, test, blueprint)
    return test


def _have_generated(session: Session, test: Test, blueprint: Blueprint) -> None:
    """Enqueue the job that makes the rest; it waits for documents that are being read."""
    first = session.get(Document, blueprint.parts[0].document_id)
    job = NewJob(
        FLASHCARD_GENERATION,
        GENERATE_ITEMS,
        test.user_id,
        payload={"test_id": test.id},
        subject=first.id if first else None,
        after=_reading(session, blueprint),
    )
    test.status, test.job_id = TestStatus.MAKING, enqueue(session, job)


def _reading(session: Session, blueprint: Blueprint) -> str | None:
    """The last job that still reads one of the documents."""
    documents = sa.select(Document.job_id).where(
        Document.id.in_([part.document_id for part in blueprint.parts]),
        Document.status.in_((Status.PENDING, Status.PROCESSING)),
    )
    query = sa.select(sa.func.max(Job.id)).where(Job.id.in_(documents), LIVE_SQL)
    return session.scalar(query)


def _from_cards(session: Session, test: Test, place: int, part: Part) -> list[Picked]:
    shuffle = random.Random(test.id)  # noqa: S311  # an order, not a secret
    found = pick(approved_cards(session, test.user_id, part), part, part.numbers, shuffle)
    found.sort(key=lambda each: (each.card.page or 0, each.card.id))
    for each in found:
        append_item(
            session, test, each.body, part=place, card_id=each.card.id, **source_of(each.card)
        )
    return found


def _title(session: Session, title: str, parts: Sequence[Part]) -> str:
    title = " ".join(title.split())
    if len(title) > LONGEST_TITLE:
        raise RefusedError("bad_title", f"A title has at most {LONGEST_TITLE} characters.")
    document = session.get(Document, parts[0].document_id) if parts and not title else None
    return title or (document.title[:LONGEST_TITLE] if document else "New test")
