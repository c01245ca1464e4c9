"""Finding quoted words on a page, and what is known of their place."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.source import SourcePage
from studyq.library.lines import passage_rectangles
from studyq.library.models import Chunk, Page
from studyq.text.normalise import readable
from studyq.text.quotes import find_quote
from studyq.text.scripts import SPACELESS_RUN


@dataclass(frozen=True)
class Located:
    """Words of a page.

    Attributes:
        words: as the page has them.
        start: offset of them in the document's text.
        end: offset after them.
        rectangles: where they stand, a line each, in PDF points from the page's top left; none
            where the page's lines are not known.
    """

    words: str
    start: int
    end: int
    rectangles: tuple[dict[str, float], ...]


@dataclass(frozen=True)
class Quoted:
    """Words that a reader selected on a page.

    Attributes:
        words: as the page has them.
        rectangles: where they stand, a line each; none where the page's lines are not known.
        section: the heading that they stand under.
        chunk_id: the passage that holds most of them.
    """

    words: str
    rectangles: tuple[dict[str, float], ...]
    section: str
    chunk_id: int | None


def locate(page: Page | SourcePage, quote: str, *, whole_words: bool = False) -> Located | None:
    """Where a quote stands on a page, whatever its line ends, hyphens and case; or None.

    Args:
        whole_words: Widen it to whole words and the marks around them.
    """
    found = find_quote(page.text, quote)
    if found is None:
        return None
    start, end = found.start, found.end
    if whole_words:
        start, end = _whole_words(page.text, start, end)
    boxes = passage_rectangles(page.index, page.lines, start, end)
    return Located(
        words=readable(page.text[start:end]),
        start=page.offset + start,
        end=page.offset + end,
        rectangles=tuple(vars(box) for box in boxes),
    )


def find_on_page(session: Session, page: Page, quote: str) -> Quoted | None:
    """Where a reader's quote stands on a page, and in which section and passage; or None."""
    found = locate(page, quote)
    if found is None:
        return None
    chunk = _chunk(session, page, found.start, found.end)
    return Quoted(
        words=found.words,
        rectangles=found.rectangles,
        section=chunk.section if chunk else "",
        chunk_id=chunk.id if chunk else None,
    )


def _chunk(
    session: Session, page: Page, start: int, end: int
) -> sa.Row[*tuple[int, str, int, int]] | None:
    """The chunk that holds most of a stretch of the document's text."""
    rows = session.execute(
        sa.select(Chunk.id, Chunk.section, Chunk.start, Chunk.end).where(
            Chunk.document_id == page.document_id,
            Chunk.generation == page.generation,
            Chunk.start < end,
            Chunk.end > start,
        )
    ).all()
    return max(rows, key=lambda row: min(end, row.end) - max(start, row.start), default=None)


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a passage to whole words and the marks around them."""
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        if SPACELESS_RUN.match(text[start - 1]):
            break
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        if SPACELESS_RUN.match(text[end]):
            break
        end += 1
    while end < len(text) and text[end] in ".,;:!?)]\u3002\uff01\uff1f\u201d\u2019\"'":
        end += 1
    while start > 0 and text[start - 1] in "([\u201c\u2018\"'":
        start -= 1
    return start, end
