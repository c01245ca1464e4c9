"""What makes an item sound, whoever writes it; and writing, changing and removing items."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.orm import Session

from studyq.assessment.models import Bloom, Item, ItemKind, Sitting, Test, TestStatus
from studyq.assessment.sittings import find_test
from studyq.cards.gate import REASONS, faults
from studyq.cards.models import Kind
from studyq.database.base import new_id, now
from studyq.library.errors import ConflictError, NotFoundError, RefusedError

GAP = "_____"
WRITTEN = (ItemKind.SHORT, ItemKind.CLOZE)  #: kinds whose answer is written, not chosen
LONGEST_STEM = 2_000  #: characters
LONGEST_OPTION = 500
MOST_OPTIONS = 10
MOST_ACCEPTED = 20
MOST_ITEMS = 200


class NumericKey(Struct, frozen=True, forbid_unknown_fields=True):
    """A number as the answer: an absolute tolerance, and a unit when one must be given."""

    value: float
    tolerance: float = 0.0
    unit: str = ""


class ItemBody(Struct, frozen=True, forbid_unknown_fields=True):
    """An item as its writer gives it."""

    kind: ItemKind
    stem: str
    answer: str
    options: list[str] = []
    accepted: list[str] = []
    numeric: NumericKey | None = None
    bloom: Bloom = Bloom.REMEMBER


def check_item(body: ItemBody) -> None:
    """Refuse an item that could not be answered or graded.

    Raises:
        RefusedError: with what is wrong and what to do.
    """
    fault = _fault(body)
    if fault is not None:
        raise RefusedError(*fault)


def _fault(body: ItemBody) -> tuple[str, str] | None:
    if len(body.stem) > LONGEST_STEM:
        return "too_long", f"A question has at most {LONGEST_STEM:,} characters."
    if any(len(text) > LONGEST_OPTION for text in (body.answer, *body.options, *body.accepted)):
        return "too_long", f"An answer has at most {LONGEST_OPTION} characters."
    if len(body.options) > MOST_OPTIONS or len(body.accepted) > MOST_ACCEPTED:
        return "too_many", f"At most {MOST_OPTIONS} options and {MOST_ACCEPTED} accepted answers."
    if not body.stem.strip() or not body.answer.strip():
        return "empty", "An item needs a question and an answer."
    if body.kind != ItemKind.CHOICE and body.options:
        return "options_unused", "Only a choice has options. Leave them out, or make it a choice."
    if body.kind not in WRITTEN and body.numeric is not None:
        return "number_unused", "Only an answer that is written can be a number. Leave it out."
    if body.kind == ItemKind.TRUE_FALSE:
        if body.answer not in ("true", "false"):
            return "key_out_of_range", "The answer to a statement is true or false."
        return None
    if body.kind == ItemKind.CLOZE and GAP not in body.stem:
        return "no_gap", f"A cloze needs a gap: write {GAP} where the answer belongs."
    if body.kind == ItemKind.CHOICE:
        found = faults(Kind.CHOICE, body.stem, body.answer, tuple(body.options))
        return (found[0], REASONS[found[0]]) if found else None
    if body.numeric is not None and body.numeric.tolerance < 0:
        return "bad_tolerance", "A tolerance is a number from 0 up."
    return None


def add_item(session: Session, user_id: str, test_id: str, body: ItemBody) -> Item:
    """Add an item of one's own at the end of a draft.

    Raises:
        NotFoundError, ConflictError, RefusedError: when it cannot be added.
    """
    test = _draft(session, user_id, test_id)
    check_item(body)
    return append_item(session, test, body)


def append_item(session: Session, test: Test, body: ItemBody, **source: Any) -> Item:
    """Put an item at the end of a test.

    Args:
        source: columns of the item that say where it comes from.

    Raises:
        RefusedError: when the test is full.
    """
    last, count = session.execute(
        sa.select(sa.func.max(Item.ordinal), sa.func.count()).where(Item.test_id == test.id)
    ).one()
    if count >= MOST_ITEMS:
        raise RefusedError("too_many", f"A test has at most {MOST_ITEMS} items.")
    item = Item(
        **{**_NO_SOURCE, **source, **_columns(body)},
        id=new_id(),
        test_id=test.id,
        ordinal=(last or 0) + 1,
        version=1,
    )
    session.add(item)
    test.updated_at = now()
    session.flush()
    return item


def change_item(
    session: Session, user_id: str, test_id: str, item_id: str, body: ItemBody, version: int
) -> Item:
    """Replace what an item of a draft says; its source stays.

    Raises:
        NotFoundError, ConflictError, RefusedError: when it cannot be changed, or has been changed
            since that version.
    """
    test = _draft(session, user_id, test_id)
    item = _find_item(session, test_id, item_id)
    check_item(body)
    if item.version != version:
        raise ConflictError(
            "item_changed", "This item was changed elsewhere meanwhile; look at it again."
        )
    for name, value in _columns(body).items():
        setattr(item, name, value)
    item.version += 1
    test.updated_at = now()
    session.flush()
    return item


def remove_item(session: Session, user_id: str, test_id: str, item_id: str) -> None:
    """Take an item out of a draft.

    Raises:
        NotFoundError, ConflictError: when it cannot be removed.
    """
    test = _draft(session, user_id, test_id)
    session.delete(_find_item(session, test_id, item_id))
    test.updated_at = now()
    session.flush()


def describe_item(item: Item) -> dict[str, Any]:
    """An item with its answer, as its writer sees it."""
    return {
        "id": item.id,
        "ordinal": item.ordinal,
        "kind": item.kind,
        "bloom": item.bloom,
        "stem": item.stem,
        "options": item.options,
        "answer": item.answer,
        "accepted": item.accepted,
        "numeric": item.numeric,
        "card_id": item.card_id,
        "version": item.version,
        "source": describe_source(item),
    }


def describe_source(item: Item) -> dict[str, Any]:
    """Where an item comes from."""
    return {
        "document_id": item.document_id,
        "title": item.source_title,
        "section": item.section,
        "page": item.page,
        "page_label": item.page_label,
        "quote": item.quote,
        "rectangles": item.rectangles,
    }


def _find_item(session: Session, test_id: str, item_id: str) -> Item:
    item = session.get(Item, item_id)
    if item is None or item.test_id != test_id:
        raise NotFoundError("item_not_found", f"There is no item {item_id} in this test.")
    return item


def _draft(session: Session, user_id: str, test_id: str) -> Test:
    test = find_test(session, user_id, test_id)
    taken = session.scalar(sa.select(sa.exists().where(Sitting.test_id == test_id)))
    if test.status != TestStatus.DRAFT or taken:
        why = "somebody has begun it" if taken else f"it is {test.status}"
        raise ConflictError(
            "test_not_draft", f"Items can be changed only while a test is a draft; {why}."
        )
    return test


def _columns(body: ItemBody) -> dict[str, Any]:
    numeric = body.numeric
    return {
        "kind": body.kind,
        "bloom": body.bloom,
        "stem": body.stem.strip(),
        "options": [option.strip() for option in body.options if body.kind == ItemKind.CHOICE],
        "answer": body.answer.strip(),
        "accepted": [text.strip() for text in body.accepted if text.strip()],
        "numeric": numeric
        and {"value": numeric.value, "tolerance": numeric.tolerance, "unit": numeric.unit},
    }


_NO_SOURCE: dict[str, Any] = {
    "part": 0,
    "card_id": None,
    "document_id": None,
    "source_title": "",
    "section": "",
    "page": None,
    "page_label": None,
    "quote": "",
    "rectangles": [],
}
