"""A reader's cards on a database of their own, rated at times that the test says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

import studyq.accounts.models  # noqa: F401  # the cards' rows refer to users
from job_layer import USER, open_database
from studyq.cards.models import Flashcard
from studyq.database.base import new_id
from studyq.database.engine import Database
from studyq.library.models import Document, Page
from studyq.reviews.log import Disagreement, disagreements, memory_of
from studyq.reviews.models import Review, Schedule
from studyq.reviews.preferences import PreferenceChange, change_preferences
from studyq.reviews.queue import Queue, review_queue
from studyq.reviews.scheduling import Memory
from studyq.reviews.service import Answer, rate_card, undo_rating

Row = TypeVar("Row", Review, Schedule)

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOON = int(datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()) * SECOND


def card_row(**facts: Any) -> dict[str, Any]:
    """The columns of a card, an approved one unless something else is said."""
    return {
        "id": new_id(),
        "user_id": USER,
        "guid": new_id(),
        "kind": "basic",
        "front": "What makes ATP?",
        "back": "Mitochondria",
        "options": [],
        "state": "approved",
        "tags": [],
        "origin": "manual",
        "source_title": "",
        "section": "",
        "quote": "",
        "rectangles": [],
        "fingerprint": "",
        "version": 1,
        "created_at": NOON - DAY,
        "updated_at": NOON - DAY,
        **facts,
    }


@dataclass
class Desk:
    """A reader, at a time that only the test moves."""

    database: Database
    at: int = NOON

    def add_document(self, kinds: str = "ttt", *, title: str = "Cells") -> str:
        """A document whose pages have these kinds: t text, e empty, s scanned."""
        names = {"t": "text", "e": "empty", "s": "scanned", "u": "unreadable"}
        document_id = new_id()
        with self.database.write() as session:
            session.add(
                Document(
                    id=document_id, user_id=USER, title=title, filename="", source="pdf",
                    status="COMPLETED", generation=1, page_count=len(kinds), chunk_count=0,
                    outline=[], created_at=self.at, updated_at=self.at,
                )
            )  # fmt: skip
            session.flush()
            for index, letter in enumerate(kinds, start=1):
                session.add(
                    Page(
                        document_id=document_id, generation=1, index=index, label=None, offset=0,
                        width=595, height=842, kind=names[letter], lines=b"", headings=[], text="",
                    )
                )  # fmt: skip
        return document_id

    def add_cards(self, number: int = 1, **facts: Any) -> list[str]:
        """Cards, in the order in which they are to be learnt."""
        rows = [card_row(**{"created_at": NOON - DAY + n, **facts}) for n in range(number)]
        with self.database.write() as session:
            session.execute(sa.insert(Flashcard), rows)
        return [row["id"] for row in rows]

    def set_state(self, card_id: str, state: str) -> None:
        with self.database.write() as session:
            session.execute(sa.update(Flashcard).where(Flashcard.id == card_id).values(state=state))

    def delete_card(self, card_id: str) -> None:
        with self.database.write() as session:
            session.execute(sa.delete(Flashcard).where(Flashcard.id == card_id))

    def rate(self, card_id: str, rating: int, *, user_id: str = USER, **more: Any) -> Review:
        """Rates a card now."""
        with self.database.write() as session:
            answer = Answer(card_id=card_id, rating=rating, **more)
            return self._detached(session, rate_card(session, user_id, answer, self.at).review)

    def undo(self, review_id: int | None = None) -> Review:
        """Takes a rating back."""
        with self.database.write() as session:
            undone = undo_rating(session, USER, self.at, review_id=review_id)
            return self._detached(session, undone.review)

    def learn(self, card_id: str, *days: int) -> None:
        """Rates a card easy, and good again after each number of days."""
        self.rate(card_id, 4)
        for number in days:
            self.at += number * DAY
            self.rate(card_id, 3)

    def schedule(self, card_id: str) -> Schedule:
        with self.database.read() as session:
            return self._detached(session, session.get_one(Schedule, card_id))

    def memory(self, card_id: str) -> Memory:
        return memory_of(self.schedule(card_id))

    def queue(self, **more: Any) -> Queue:
        """What is to be reviewed now."""
        with self.database.read() as session:
            return review_queue(session, USER, self.at, **more)

    def prefer(self, **changes: Any) -> None:
        with self.database.write() as session:
            change_preferences(session, USER, PreferenceChange(**changes))

    def log(self) -> list[Review]:
        with self.database.read() as session:
            rows = list(session.scalars(sa.select(Review).order_by(Review.id)))
            session.expunge_all()
            return rows

    def disagreements(self) -> list[Disagreement]:
        with self.database.read() as session:
            return list(disagreements(session, USER))

    def _detached(self, session: Session, row: Row) -> Row:
        session.flush()
        session.refresh(row)
        session.expunge(row)
        return row


@contextmanager
def open_desk(folder: Path) -> Iterator[Desk]:
    """A desk in a folder of its own."""
    with open_database(folder) as database:
        yield Desk(database)
