"""The coverage strip: a row of thin cells, one a page, drawn as one SVG path for each state.

The strip's view box is one unit wide a page. A run of pages in one state is a horizontal line, and
a dash pattern of period 1 cuts it into cells, so that a book of a thousand pages costs a few bytes.
"""

from __future__ import annotations

from itertools import groupby

from msgspec import Struct

KIND_NAMES = {
    "t": "read",
    "e": "no text",
    "s": "no text",
    "u": "unreadable",
    ".": "not read yet",
}
"""What each letter of `page_kinds` means to a reader; empty and scanned pages look the same."""

KIND_CLASSES = {"t": "read", "e": "blank", "s": "blank", "u": "bad", ".": "unread"}

MAX_SEPARATE_CELLS = 240
"""Above this number of pages the gaps between cells would be thinner than half a pixel."""

GAP = 1 / 450
"""Width of the gap between two cells as a part of the strip: 2 px where a strip is 900 px wide."""

WIDEST_GAP = 0.18
"""The most that a gap may take of its cell, so that many cells stay wider than their gaps."""


class StripPath(Struct, frozen=True):
    """The cells of one state: a CSS class and an SVG path."""

    name: str
    d: str


class Strip(Struct, frozen=True):
    """A drawn strip: its width in pages, its paths and their dash pattern, its meaning in words."""

    pages: int
    paths: tuple[StripPath, ...]
    dashes: str
    summary: str


def coverage_strip(page_kinds: str) -> Strip:
    """Draws the strip of a document from one letter a page.

    Args:
        page_kinds: As in `LibraryRow.page_kinds`; letters it does not know count as not read.
    """
    segments: dict[str, list[str]] = {name: [] for name in ("read", "blank", "bad", "unread")}
    start = 0
    for name, run in groupby(page_kinds, key=lambda kind: KIND_CLASSES.get(kind, "unread")):
        length = sum(1 for _ in run)
        segments[name].append(f"M{start} .5h{length}")
        start += length
    paths = tuple(StripPath(name, "".join(parts)) for name, parts in segments.items() if parts)
    return Strip(
        pages=len(page_kinds),
        paths=paths,
        dashes=_dashes(len(page_kinds)),
        summary=coverage_summary(page_kinds),
    )


def _dashes(pages: int) -> str:
    """The SVG dash pattern of period 1 that cuts a run into cells; `none` for long documents."""
    if pages > MAX_SEPARATE_CELLS:
        return "none"
    gap = min(WIDEST_GAP, pages * GAP)
    return f"{1 - gap:.3f} {gap:.3f}"


def coverage_summary(page_kinds: str) -> str:
    """Says in words what a strip shows: `112 read · 3 no text · 2 not read yet`."""
    counts: dict[str, int] = {}
    for kind in page_kinds:
        name = KIND_NAMES.get(kind, KIND_NAMES["."])
        counts[name] = counts.get(name, 0) + 1
    order = ("read", "no text", "unreadable", "not read yet")
    return " · ".join(f"{counts[name]:,} {name}" for name in order if name in counts)
