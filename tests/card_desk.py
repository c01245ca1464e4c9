"""A library with its generation job, run in the thread of the test, and a model to ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from job_layer import USER, Jobs
from model_server import ModelServer
from shelf import Shelf
from studyq.cards.models import CardWindow, Flashcard
from studyq.cards.requests import Wish, estimate_cards, request_cards, retry_session
from studyq.cards.sampling import Scope
from studyq.cards.services import CardServices
from studyq.cards.session_listing import describe_session, find_session
from studyq.cards.spending import Prices

MODEL = "openai:card-writer"
PRICES = Prices(MODEL, input=1.0, output=4.0)


@dataclass
class Desk:
    """Where cards are asked for and made.

    Attributes:
        wishes: What requests ask for when they say nothing else.
    """

    shelf: Shelf
    server: ModelServer
    services: CardServices
    document_id: str
    wishes: dict[str, Any] = field(default_factory=dict)

    @property
    def jobs(self) -> Jobs:
        return self.shelf.jobs

    def wish(self, **more: Any) -> Wish:
        asked = {
            "prompt": "",
            "wanted": 12,
            "kinds": ("cloze",),
            "scope": Scope(),
            "model": MODEL,
        }
        return Wish(**{**asked, **self.wishes, **more})

    def request(self, **more: Any) -> str:
        """Asks for cards; returns the session's id."""
        wish = self.wish(**more)
        with self.shelf.database.write() as session:
            foreseen = estimate_cards(session, USER, self.document_id, wish, PRICES)
            return request_cards(session, USER, self.document_id, wish, foreseen).id

    def work(self) -> None:
        """Runs the jobs that can be claimed."""
        self.jobs.drain(queue="flashcard-generation")

    def make(self, **more: Any) -> dict[str, Any]:
        """Asks for cards, works, and returns the session."""
        session_id = self.request(**more)
        self.work()
        return self.session(session_id)

    def retry(self, session_id: str) -> dict[str, Any]:
        """Tries the failed windows again."""
        with self.shelf.database.write() as session:
            retry_session(session, self.jobs.registry, USER, session_id)
        self.work()
        return self.session(session_id)

    def session(self, session_id: str) -> dict[str, Any]:
        """A session as the API tells it."""
        with self.shelf.database.read() as session:
            return describe_session(session, find_session(session, USER, session_id))

    def cards(self, session_id: str) -> list[Flashcard]:
        """The cards of a session, oldest first."""
        query = sa.select(Flashcard).where(Flashcard.session_id == session_id)
        with self.shelf.database.read() as session:
            return list(session.scalars(query.order_by(Flashcard.id)))

    def windows(self, session_id: str) -> list[CardWindow]:
        """The windows of a session, in order."""
        query = sa.select(CardWindow).where(CardWindow.session_id == session_id)
        with self.shelf.database.read() as session:
            return list(session.scalars(query.order_by(CardWindow.ordinal)))
