"""Admitting drafts: gate, grounding, duplicates; what is kept becomes rows, the rest is counted."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.drafts import Draft
from studyq.cards.duplicates import Told, are_near, fingerprint, question_of
from studyq.cards.gate import REASONS, faults
from studyq.cards.grounding import UNGROUNDED, Grounded, ground
from studyq.cards.models import CardState, Flashcard
from studyq.cards.source import Source
from studyq.database.base import new_id, now
from studyq.search.vectors import Vector

#: Every reason for which a draft is not kept, in a sentence.
REJECTIONS = {
    **REASONS,
    **UNGROUNDED,
    "kind_not_wanted": "It is of a kind that was not asked for.",
    "duplicate": "The same card exists already.",
    "surplus": "More cards were given than asked for.",
}

Embed = Callable[[Sequence[str]], Vector]


@dataclass(frozen=True)
class Maker:
    """Who makes cards, for whom.

    Attributes:
        origin: A value of `models.Origin`.
        model: The language model, where there is one.
        kinds: The kinds that are wanted.
        tags: Given to every card, beside its own.
    """

    user_id: str
    origin: str
    session_id: str | None = None
    model: str | None = None
    kinds: frozenset[str] = frozenset({"basic", "cloze", "choice"})
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Admitted:
    """What became of drafts.

    Attributes:
        cards: Rows to be added, not yet in any session.
        rejected: How many were not kept, by key of `REJECTIONS`.
        near_duplicates: How many of the cards kept are marked as saying nearly what another does.
    """

    cards: tuple[Flashcard, ...] = ()
    rejected: dict[str, int] = field(default_factory=dict)
    near_duplicates: int = 0


class KnownCards:
    """The cards that new ones are compared with; safe to share between threads.

    Cards admitted join at once, so that windows worked off side by side do not repeat each other.
    """

    def __init__(self, marks: Mapping[str, str] | None = None, told: Iterable[Told] = ()) -> None:
        self._lock = threading.Lock()
        self._marks = dict(marks or {})  # fingerprint → card
        self._told = list(told)

    def claim(self, mark: str, told: Told) -> bool:
        """Add a card unless an equal one is there; says whether it was added."""
        with self._lock:
            if mark in self._marks:
                return False
            self._marks[mark] = told.id
            self._told.append(told)
            return True

    def holds(self, mark: str) -> bool:
        """Whether an equal card is there."""
        with self._lock:
            return mark in self._marks

    def near(self, told: Told) -> str | None:
        """The first card that says nearly the same."""
        with self._lock:
            others = tuple(self._told)
        return next((other.id for other in others if are_near(told, other)), None)


def known_cards(session: Session, user_id: str, document_id: str) -> KnownCards:
    """What new cards of a document are compared with.

    For equal cards that is all the user has, rejected ones too: what was turned down stays so. For
    cards that say nearly the same it is those of the document.
    """
    mine = Flashcard.user_id == user_id
    marks = sa.select(Flashcard.fingerprint, Flashcard.id).where(mine)
    cards = sa.select(Flashcard).where(mine, Flashcard.document_id == document_id)
    return KnownCards(
        {row.fingerprint: row.id for row in session.execute(marks)},
        [
            Told(
                id=card.id,
                question=question_of(card.kind, card.front),
                answer=card.back,
                document_id=card.document_id,
                page=card.page,
                quote=card.quote,
                vector=np.frombuffer(card.vector, dtype=np.float32) if card.vector else None,
                vector_model=card.vector_model,
            )
            for card in session.scalars(cards.order_by(Flashcard.id))
        ],
    )


def admit(
    drafts: Iterable[Draft],
    *,
    source: Source,
    chunk_ids: Collection[int],
    known: KnownCards,
    maker: Maker,
    limit: int,
    embed: Embed | None = None,
    embedding_model: str | None = None,
) -> Admitted:
    """Check drafts one by one until enough are kept. Reads nothing and writes nothing.

    A near duplicate is kept, marked, only where there is room left at the end.

    Args:
        drafts: Looked at in order, the best first; the built-in generator makes them as they are
            looked at.
        source: The document.
        chunk_ids: The window's chunks.
        known: Cards to compare with; those kept join them.
        maker: Who makes them.
        limit: How many to keep, at most.
        embed: Gives unit vectors of texts, for likeness in meaning; may take time.
        embedding_model: Whose vectors they are.
    """
    rejected: Counter[str] = Counter()
    kept: list[Flashcard] = []
    aside: list[tuple[Flashcard, Told]] = []
    for draft in drafts:
        if len(kept) >= limit:
            break
        place = _check(draft, source, chunk_ids, maker, known)
        if isinstance(place, str):
            rejected[place] += 1
            continue
        card = _row(draft, place, source, maker)
        told = _told(card, place, embed, embedding_model)
        if told.vector is not None:
            card.vector, card.vector_model = told.vector.tobytes(), embedding_model
        card.duplicate_of = known.near(told)
        if card.duplicate_of is not None:
            aside.append((card, told))
        elif known.claim(card.fingerprint, told):
            kept.append(card)
        else:
            rejected["duplicate"] += 1
    near = 0
    for card, told in aside[: max(0, limit - len(kept))]:
        if known.claim(card.fingerprint, told):
            kept.append(card)
            near += 1
        else:
            rejected["duplicate"] += 1
    return Admitted(tuple(kept), dict(rejected), near)


def _check(
    draft: Draft, source: Source, chunk_ids: Collection[int], maker: Maker, known: KnownCards
) -> Grounded | str:
    """Where a draft's quote stands, or the reason for which it is not kept."""
    if draft.kind not in maker.kinds:
        return "kind_not_wanted"
    found = faults(draft.kind, draft.front, draft.back, draft.options)
    if found:
        return found[0]
    place = ground(draft, source, chunk_ids)
    if isinstance(place, Grounded) and known.holds(
        fingerprint(draft.kind, draft.front, draft.back)
    ):
        return "duplicate"
    return place


def _row(draft: Draft, place: Grounded, source: Source, maker: Maker) -> Flashcard:
    moment, card_id = now(), new_id()
    return Flashcard(
        id=card_id,
        user_id=maker.user_id,
        document_id=source.document_id,
        session_id=maker.session_id,
        guid=card_id,
        kind=draft.kind,
        front=draft.front.strip(),
        back=draft.back.strip(),
        options=[option.strip() for option in draft.options],
        state=CardState.DRAFT,
        tags=list(dict.fromkeys((*maker.tags, *draft.tags))),
        origin=maker.origin,
        model=maker.model,
        source_title=source.title,
        page=place.page,
        page_label=place.label,
        section=place.chunk.section if place.chunk else "",
        quote=place.quote,
        rectangles=list(place.rectangles),
        chunk_id=place.chunk.id if place.chunk else None,
        fingerprint=fingerprint(draft.kind, draft.front, draft.back),
        version=1,
        created_at=moment,
        updated_at=moment,
    )


def _told(card: Flashcard, place: Grounded, embed: Embed | None, model: str | None) -> Told:
    question = question_of(card.kind, card.front)
    vector = embed([f"{question}\n{card.back}"])[0] if embed else None
    return Told(
        id=card.id,
        question=question,
        answer=card.back,
        document_id=card.document_id,
        span=(place.start, place.end),
        page=place.page,
        quote=place.quote,
        vector=vector,
        vector_model=model,
    )
