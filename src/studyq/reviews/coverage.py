"""What of a document has been learnt, page by page.

A page with text has a state by its cards: none, drafts only, learning while any approved card is
new or on its first steps, and after that known or slipping, by the mean retrievability of its
cards. Suspended and rejected cards count as if they were not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.models import CardState, Flashcard
from studyq.database.base import Instant
from studyq.library.models import Document
from studyq.library.service import page_kinds
from studyq.reviews.models import Phase, Schedule
from studyq.reviews.preferences import preferences
from studyq.reviews.scheduling import KNOWN, Scheduling, retrievability
from studyq.reviews.study_days import DAY


class PageState(StrEnum):
    """What of a page has been learnt; the value is its letter in a document's coverage."""

    UNREAD = "."  #: its text has not been read yet
    EMPTY = "e"  #: nothing is on it
    SCANNED = "s"  #: a picture, without text
    UNREADABLE = "u"
    NO_CARDS = "n"  #: text, and no card
    DRAFTS = "d"  #: cards that nobody has approved yet
    LEARNING = "l"  #: some card is new, or on its first steps
    KNOWN = "k"  #: its cards are remembered, with a probability of 0.9 in the mean
    SLIPPING = "p"  #: they were learnt, and are being forgotten


@dataclass(frozen=True)
class PageCoverage:
    """One page. `retrievability` is the mean of its cards that have been learnt."""

    page: int
    state: PageState
    cards: int = 0
    drafts: int = 0
    retrievability: float | None = None


@dataclass
class _Tally:
    """The cards of a page while they are counted."""

    cards: int = 0
    drafts: int = 0
    unlearnt: int = 0
    remembered: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Coverage:
    """A document. `due` counts reviews and steps of today, `new` cards never seen."""

    pages: tuple[PageCoverage, ...]
    cards: int
    drafts: int
    due: int
    new: int

    @property
    def letters(self) -> str:
        """One letter a page."""
        return "".join(page.state for page in self.pages)

    @property
    def uncovered(self) -> list[tuple[int, int]]:
        """Runs of pages that have text and no card, not even a draft: first and last of each."""
        runs = []
        for is_bare, run in groupby(self.pages, key=lambda page: page.state == PageState.NO_CARDS):
            if is_bare:
                pages = [page.page for page in run]
                runs.append((pages[0], pages[-1]))
        return runs


def coverage(
    session: Session, user_id: str, documents: Sequence[Document], at: Instant
) -> dict[str, Coverage]:
    """The coverage of documents of the user's, by id."""
    wishes = preferences(session, user_id)
    day = wishes.days.of(at)
    counted = _Counting(wishes.scheduling, wishes.days.start(day), wishes.days.end(day))
    for row in session.execute(_cards_of([document.id for document in documents])):
        counted.add(row)
    kinds = page_kinds(session, documents)
    return {
        document.id: counted.coverage(document.id, kinds[document.id]) for document in documents
    }


class _Counting:
    """Counts the cards of several documents by page."""

    def __init__(self, scheduling: Scheduling, day_start: Instant, day_end: Instant) -> None:
        self._scheduling = scheduling
        self._day_start = day_start
        self._day_end = day_end
        self._pages: dict[tuple[str, int | None], _Tally] = {}
        self._due: dict[str, int] = {}
        self._new: dict[str, int] = {}

    def add(self, row: Any) -> None:
        """Count a card."""
        tally = self._pages.setdefault((row.document_id, row.page), _Tally())
        if row.state == CardState.DRAFT:
            tally.drafts += 1
            return
        tally.cards += 1
        if row.phase in (None, Phase.NEW):
            self._new[row.document_id] = self._new.get(row.document_id, 0) + 1
            tally.unlearnt += 1
            return
        if row.due_at < self._day_end:
            self._due[row.document_id] = self._due.get(row.document_id, 0) + 1
        if row.phase == Phase.LEARNING:
            tally.unlearnt += 1
        else:
            tally.remembered.append(self._retrievability(row.stability, row.last_review_at))

    def coverage(self, document_id: str, kinds: str) -> Coverage:
        """What was counted of a document."""
        pages = tuple(
            _page(index, kind, self._pages.get((document_id, index)))
            for index, kind in enumerate(kinds, start=1)
        )
        tallies = [tally for key, tally in self._pages.items() if key[0] == document_id]
        return Coverage(
            pages,
            cards=sum(tally.cards for tally in tallies),
            drafts=sum(tally.drafts for tally in tallies),
            due=self._due.get(document_id, 0),
            new=self._new.get(document_id, 0),
        )

    def _retrievability(self, stability: float, last_review_at: Instant) -> float:
        # Whole days up to this morning; near enough where clocks were changed in between.
        days = -((last_review_at - self._day_start) // DAY)
        return retrievability(self._scheduling, stability, days)


def _page(index: int, kind: str, tally: _Tally | None) -> PageCoverage:
    if tally is None:
        return PageCoverage(index, PageState.NO_CARDS if kind == "t" else PageState(kind))
    mean = sum(tally.remembered) / len(tally.remembered) if tally.remembered else None
    if tally.unlearnt or mean is None:
        state = PageState.LEARNING if tally.cards else PageState.DRAFTS
    else:
        state = PageState.KNOWN if mean >= KNOWN else PageState.SLIPPING
    return PageCoverage(index, state, tally.cards, tally.drafts, mean)


def _cards_of(
    document_ids: Sequence[str],
) -> sa.Select[str | None, int | None, str, str, float | None, int, int | None]:
    return (
        sa.select(
            Flashcard.document_id,
            Flashcard.page,
            Flashcard.state,
            Schedule.phase,
            Schedule.stability,
            Schedule.due_at,
            Schedule.last_review_at,
        )
        .outerjoin(Schedule, Schedule.card_id == Flashcard.id)
        .where(
            Flashcard.document_id.in_(document_ids),
            Flashcard.state.in_((CardState.APPROVED, CardState.DRAFT)),
        )
    )
