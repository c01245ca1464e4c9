"""Documents to make cards from, put together without reading a PDF."""

from __future__ import annotations

from collections.abc import Sequence

from studyq.cards.source import Source, SourceChunk, SourcePage
from studyq.library.lines import pack_lines
from studyq.pdf.model import Line
from studyq.text.normalise import readable

LINE_HEIGHT = 12.0
CHARACTER_WIDTH = 5.0


def make_source(pages: Sequence[str], *, sections: Sequence[str] = ()) -> Source:
    """A document with one chunk a page, whose lines stand below one another.

    Args:
        sections: The section of each page; none by default.
    """
    chunks, made, offset = [], {}, 0
    for index, text in enumerate(pages, 1):
        made[index] = SourcePage(index, f"p{index}", offset, text, pack_lines(_lines(text)))
        prose = readable(text)
        chunks.append(
            SourceChunk(
                id=100 + index,
                ordinal=index - 1,
                section=sections[index - 1] if sections else "",
                page_from=index,
                page_to=index,
                start=offset,
                end=offset + len(text),
                text=prose,
                tokens=max(1, len(prose) // 4),
            )
        )
        offset += len(text) + 1
    return Source("document", "Title", tuple(chunks), made)


def _lines(text: str) -> list[Line]:
    lines, start = [], 0
    for number, line in enumerate(text.split("\n")):
        top = 72 + number * LINE_HEIGHT
        width = 72 + CHARACTER_WIDTH * len(line)
        lines.append(Line(start, start + len(line), 72, top, width, top + 10))
        start += len(line) + 1
    return lines
