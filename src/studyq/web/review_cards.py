"""The sides of a card under review, as sanitised HTML."""

from __future__ import annotations

from typing import Any

from studyq.cards.models import Flashcard, Kind
from studyq.text.markup import render


def describe_sides(card: Flashcard) -> dict[str, Any]:
    """Both sides of a card and where it comes from, as the API tells them."""
    cloze = card.kind == Kind.CLOZE
    known = card.kind == Kind.CHOICE and card.back in card.options
    return {
        "id": card.id,
        "kind": card.kind,
        "front_html": render(card.front, clozes="covered" if cloze else "literal"),
        "back_html": render(card.front, clozes="uncovered") if cloze else render(card.back),
        "options_html": [render(option) for option in card.options],
        "correct_index": card.options.index(card.back) if known else None,
        "tags": card.tags,
        "source": {
            "document_id": card.document_id,
            "title": card.source_title,
            "page": card.page,
            "page_label": card.page_label or (str(card.page) if card.page else None),
            "section": card.section,
            "quote": card.quote,
            "rectangles": card.rectangles,
        },
    }
