"""Three things to do after a sitting: cards to review, pages to read again, pages without cards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct, to_builtins
from sqlalchemy.orm import Session

from studyq.assessment.mastery import SectionMastery, StudentFigures, outer_section
from studyq.assessment.models import Item
from studyq.cards.models import CardState, Flashcard
from studyq.library.models import Document, Page
from studyq.text.sections import SEPARATOR

MOST_PAGES = 12  #: named in one step
ENOUGH = 0.9  #: a section known this well needs no step


class NextStep(Struct, frozen=True):
    """Something to do, for a button to start.

    Attributes:
        card_ids: of `review`, what to review.
        pages: of `read` and `make_cards`, which pages of the document, from 1.
    """

    kind: Literal["review", "read", "make_cards"]
    document_id: str | None
    document: str
    section: str
    card_ids: list[str] = []
    pages: list[int] = []


def next_steps(
    session: Session, user_id: str, figures: StudentFigures, items: Sequence[Item]
) -> list[dict[str, Any]]:
    """At most one step of each kind, for the weakest section that it makes sense for."""
    weak = [section for section in figures.sections if _is_weak(section)]
    kinds = (_review, _read, _make_cards)
    found = (
        next(filter(None, (step(session, user_id, section, items) for section in weak)), None)
        for step in kinds
    )
    return [to_builtins(step) for step in found if step is not None]


def _is_weak(section: SectionMastery) -> bool:
    return bool(section.missed_items) or section.mastery.estimate < ENOUGH


def _review(
    session: Session, user_id: str, section: SectionMastery, items: Sequence[Item]
) -> NextStep | None:
    """The approved cards of a section: those of missed items first."""
    missed = {item.card_id for item in items if item.id in section.missed_items and item.card_id}
    query = sa.select(Flashcard.id).where(
        Flashcard.user_id == user_id,
        Flashcard.state == CardState.APPROVED,
        sa.or_(
            Flashcard.id.in_(missed),
            sa.and_(
                Flashcard.document_id == section.document_id,
                sa.or_(
                    Flashcard.section == section.section,
                    Flashcard.section.startswith(section.section + SEPARATOR, autoescape=True),
                ),
            ),
        ),
    )
    cards = sorted(session.scalars(query), key=lambda card: (card not in missed, card))
    return _step("review", section, card_ids=cards) if cards else None


def _read(
    _session: Session, _user_id: str, section: SectionMastery, _items: Sequence[Item]
) -> NextStep | None:
    if section.document_id is None or not section.missed_pages:
        return None
    return _step("read", section, pages=section.missed_pages[:MOST_PAGES])


def _make_cards(
    session: Session, user_id: str, section: SectionMastery, items: Sequence[Item]
) -> NextStep | None:
    """Pages with text in a section's stretch that no card comes from."""
    document = session.get(Document, section.document_id) if section.document_id else None
    pages = [item.page for item in items if item.page and _lies_in(item, section)]
    if document is None or not pages:
        return None
    covered = sa.select(Flashcard.page).where(
        Flashcard.user_id == user_id,
        Flashcard.document_id == document.id,
        Flashcard.page.is_not(None),
        Flashcard.state != CardState.REJECTED,
    )
    query = sa.select(Page.index).where(
        Page.document_id == document.id,
        Page.generation == document.generation,
        Page.kind == "text",
        Page.index.between(min(pages) - 1, max(pages) + 1),
        Page.index.not_in(covered),
    )
    bare = list(session.scalars(query.order_by(Page.index).limit(MOST_PAGES)))
    return _step("make_cards", section, pages=bare) if bare else None


def _lies_in(item: Item, section: SectionMastery) -> bool:
    return (
        item.document_id == section.document_id and outer_section(item.section) == section.section
    )


def _step(
    kind: Literal["review", "read", "make_cards"],
    section: SectionMastery,
    *,
    card_ids: list[str] | None = None,
    pages: list[int] | None = None,
) -> NextStep:
    return NextStep(
        kind, section.document_id, section.document, section.section, card_ids or [], pages or []
    )
