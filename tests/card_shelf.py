"""A library with one document of two pages, whose cards tests make, export and import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from job_layer import USER
from shelf import Shelf
from studyq.cards.editing import CardText, Place, create_card, edit_card
from studyq.cards.exporting import Format, export
from studyq.cards.importing import Imported, import_cards
from studyq.cards.listing import CardFilter, find_card, list_cards
from studyq.cards.models import Flashcard
from studyq.cards.records import records_of

ADDRESS = "http://study.example"


@dataclass
class CardShelf:
    """A library and what tests do with its cards."""

    shelf: Shelf
    document_id: str

    def make(self, front: str, back: str = "", **more: Any) -> str:
        """Makes a card by hand; returns its id."""
        page, quote = more.pop("page", None), more.pop("quote", "")
        place = Place(self.document_id, page, quote) if page else None
        text = CardText(more.pop("kind", "basic"), front, back, more.pop("options", ()))
        with self.shelf.database.write() as session:
            return create_card(session, USER, text, place=place, **more).id

    def edit(self, card_id: str, **more: Any) -> None:
        """Edits a card's back, or its tags."""
        with self.shelf.database.write() as session:
            card = find_card(session, USER, card_id)
            back = more.pop("back", None)
            text = back and CardText(card.kind, card.front, back, tuple(card.options))
            edit_card(session, card, text=text or None, **more)

    def cards(self, **wanted: Any) -> list[Flashcard]:
        """The cards that fit a filter, oldest first."""
        with self.shelf.database.read() as session:
            return list_cards(session, USER, CardFilter(**wanted), order="oldest")

    def export(self, form: Format) -> bytes:
        """All cards as a file."""
        with self.shelf.database.read() as session:
            cards = list_cards(session, USER, CardFilter(), order="oldest")
            records = records_of(session, cards, ADDRESS)
        return export(records, form)

    def take_in(self, content: bytes | str, **more: Any) -> Imported:
        """Imports a file."""
        content = content.encode() if isinstance(content, str) else content
        return import_cards(self.shelf.database, USER, content, **more)


PAGES = [
    ["# The cell", "Every living thing is made of cells, and cells come from cells."],
    ["# Membranes", "Osmosis moves water through the membrane of a cell."],
]

OUTLINE = [("The cell", 1, 1), ("Membranes", 2, 1)]
