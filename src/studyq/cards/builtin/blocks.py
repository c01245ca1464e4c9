"""Running text on a page: which lines go on from one another, by their place and size.

A heading, a caption or a cell of a table must not become the beginning of the sentence below it.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from studyq.cards.source import SourcePage
from studyq.library.lines import PlacedLine, unpack_lines

_SAME_SIZE = 0.13  # relative difference in height of the lines of one paragraph
_GAP = 1.35  # distance of two lines over the usual one, from which a new paragraph begins
_ROW = 0.3  # distance below which two lines stand side by side
_SHORT = 0.12  # share of the width that a full line may lack
_STOP = re.compile("[.!?:;\u2026\u3002\uff01\uff1f\u061f\u06d4][\"'\u201d\u2019)\\]\u00bb]*$")
_ITEM = re.compile(
    r"(?:[\u2022\u2023\u25a0-\u25cf\u25e6\u2043\u00b7*\u2013-]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s"
)


@dataclass(frozen=True)
class Block:
    """A run of lines that belong together: offsets in the page's text."""

    start: int
    end: int


def blocks(page: SourcePage) -> Iterator[Block]:
    """Cut a page into paragraphs; what is no sentence stands alone."""
    lines = unpack_lines(page.lines) or _lines_of_text(page.text)
    if not lines:
        return
    leading = _leading(lines)
    start = lines[0].start
    for above, below in pairwise(lines):
        if not _goes_on(page.text, above, below, leading):
            yield Block(start, above.end)
            start = below.start
    yield Block(start, lines[-1].end)


def _goes_on(text: str, above: PlacedLine, below: PlacedLine, leading: float) -> bool:
    """Whether the sentence at the end of a line may go on in the next."""
    height = above.y1 - above.y0
    if abs((below.y1 - below.y0) - height) > _SAME_SIZE * max(height, 1.0):
        return False
    words = text[below.start : below.end]
    if _ITEM.match(words):
        return False
    open_ended = _STOP.search(text[above.start : above.end]) is None
    distance = below.y0 - above.y0
    if distance < 0:  # the next column
        return open_ended and words[:1].islower()
    if distance > _GAP * leading or distance < _ROW * leading:
        return False
    width = max(above.x1 - above.x0, below.x1 - below.x0)
    is_short = above.x1 < max(above.x1, below.x1) - _SHORT * width
    return not (open_ended and is_short and not words[:1].islower())


def _leading(lines: list[PlacedLine]) -> float:
    """The usual distance of lines that follow one another."""
    steps = [
        below.y0 - above.y0
        for above, below in pairwise(lines)
        if 0 < below.y0 - above.y0 < 4 * (above.y1 - above.y0)
    ]
    return statistics.median_low(steps) if steps else 1.0


def _lines_of_text(text: str) -> list[PlacedLine]:
    """Lines of a text whose places are not known, as if typed with one width of letters."""
    lines: list[PlacedLine] = []
    start = 0
    for row, line in enumerate(text.split("\n")):
        if line.strip():
            end = start + len(line)
            lines.append(PlacedLine(start, end, 0.0, float(row), float(len(line)), row + 1.0))
        start += len(line) + 1
    return lines
