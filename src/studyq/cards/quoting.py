"""Finding the words that a reader selected on a page, and what is known of their place."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.library.lines import passage_rectangles
from studyq.library.models import Chunk, Page
from studyq.text.normalise import readable
from studyq.text.quotes import find_quote


@dataclass(frozen=True)
class Quoted:
    """Words of a page.

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


def find_on_page(session: Session, page: Page, quote: str) -> Quoted | None:
    """Where a quote stands on a page, whatever its line ends, hyphens and case; or None."""
    found = find_quote(page.text, quote)
    if found is None:
        return None
    boxes = passage_rectangles(page.index, page.lines, found.start, found.end)
    chunk = _chunk(session, page, page.offset + found.start, page.offset + found.end)
    return Quoted(
        words=readable(page.text[found.start : found.end]),
        rectangles=tuple(vars(box) for box in boxes),
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
