"""One document: outline and coverage, the page image with lit-up passages, its text, its job."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, SkipValidation
from litestar.response import Template

from studyq.web.pages.card_views import CardData, CardView
from studyq.web.pages.views import DocumentView, PageData, PageView, PassageView

MAX_GRID_PAGES = 3000
"""Above this number of pages the grid of page links is left out; the strip still has them all."""


@get("/app/documents/{document_id:str}", sync_to_thread=True)
def document_page(
    page_data: NamedDependency[SkipValidation[PageData]],
    card_data: NamedDependency[SkipValidation[CardData]],
    document_id: FromPath[str],
    page: FromQuery[str] = "1",
    label: FromQuery[str] = "",
    chunk: FromQuery[str | None] = None,
    card: FromQuery[str | None] = None,
) -> Template:
    """Shows one page of a document, with a passage or the quote of a card lit up.

    `page` counts from 1. `label` is what a reader types: the label printed on a page, or a number.
    """
    document = page_data.document(document_id)
    if document is None:
        raise NotFoundException("This document does not exist, or it was deleted.")
    index = resolve_label(document, label) if label else resolve_page(document, page)
    shown = page_data.page(document_id, index) or _unread_page(document, index)
    chunk_id = _chunk_id(chunk)
    passage = None if chunk_id is None else page_data.passage(document_id, chunk_id)
    if card is not None:
        passage = _quote(card_data.place(card), document_id)
    return Template(
        template_name="document.html",
        context={
            "shell": page_data.shell(),
            "document": document,
            "row": document.row,
            "page": shown,
            "passage": passage,
            "own": card_data.of_document(document_id),
            "max_grid_pages": MAX_GRID_PAGES,
            "current": "library",
        },
    )


def resolve_page(document: DocumentView, wanted: str) -> int:
    """The page with a number counted from 1, or the nearest one that exists."""
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 9 else 1
    return max(1, min(number, document.row.page_count or 1))


def resolve_label(document: DocumentView, wanted: str) -> int:
    """The page on which a label is printed; where none has it, the page of that number."""
    folded = wanted.strip().casefold()
    for index, label in enumerate(document.page_labels, start=1):
        if label.casefold() == folded:
            return index
    return resolve_page(document, folded)


def _quote(card: CardView | None, document_id: str) -> PassageView | None:
    """Where a card's quote stands, if the card is of this document."""
    if card is None or card.source.document_id != document_id:
        return None
    return PassageView(None, card.source.rectangles, card.id)


def _chunk_id(text: str | None) -> int | None:
    """The number of a chunk from an address, or None for what no database row can have."""
    known = text is not None and text.isascii() and text.isdigit() and len(text) < 19
    return int(text) if text is not None and known else None


def _unread_page(document: DocumentView, index: int) -> PageView:
    """Stands in for a page that the job has not reached: A4 in points, no text."""
    return PageView(
        index=index, label=document.label(index), text="", width=595, height=842, kind="pending"
    )
