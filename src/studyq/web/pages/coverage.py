"""The coverage strip: a row of thin cells, one a page, drawn as one SVG path for each state.

The strip's view box is one unit wide a page. A run of pages in one state is a horizontal line, and
a dash pattern of period 1 cuts it into cells, so that a book of a thousand pages costs a few bytes.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from msgspec import Struct

STATE_NAMES = {
    "t": "read",
    "n": "without cards",
    "d": "with drafts",
    "l": "learning",
    "k": "known",
    "p": "slipping",
    "e": "no text",
    "s": "no text",
    "u": "unreadable",
    ".": "not read yet",
}
"""What each letter means to a reader; empty and scanned pages look the same.

The letters are those of `page_kinds` and, of documents with cards, those of their coverage.
"""

STATE_CLASSES = {
    "t": "read", "n": "bare", "d": "drafts", "l": "learning", "k": "known", "p": "slipping",
    "e": "blank", "s": "blank", "u": "bad", ".": "unread",
}  # fmt: skip

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


def coverage_strip(states: str) -> Strip:
    """Draws the strip of a document from one letter a page.

    Args:
        states: As in `LibraryRow.page_states`; letters it does not know count as not read.
    """
    segments: dict[str, list[str]] = {name: [] for name in dict.fromkeys(STATE_CLASSES.values())}
    start = 0
    for name, run in groupby(states, key=state_class):
        length = sum(1 for _ in run)
        segments[name].append(f"M{start} .5h{length}")
        start += length
    paths = tuple(StripPath(name, "".join(parts)) for name, parts in segments.items() if parts)
    return Strip(
        pages=len(states),
        paths=paths,
        dashes=_dashes(len(states)),
        summary=coverage_summary(states),
    )


def _dashes(pages: int) -> str:
    """The SVG dash pattern of period 1 that cuts a run into cells; `none` for long documents."""
    if pages > MAX_SEPARATE_CELLS:
        return "none"
    gap = min(WIDEST_GAP, pages * GAP)
    return f"{1 - gap:.3f} {gap:.3f}"


def state_class(letter: str) -> str:
    """The CSS class of a page's cell, by its letter."""
    return STATE_CLASSES.get(letter, "unread")


def state_name(letter: str) -> str:
    """What a page's letter means, in words."""
    return STATE_NAMES.get(letter, STATE_NAMES["."])


def coverage_summary(states: str) -> str:
    """Says in words what a strip shows: `112 read · 3 no text · 2 not read yet`."""
    counts = Counter(state_name(letter) for letter in states)
    order = dict.fromkeys(STATE_NAMES.values())
    return " · ".join(f"{counts[name]:,} {name}" for name in order if name in counts)


def coverage_legend(states: str) -> list[tuple[str, str]]:
    """The classes that a strip uses, each with its meaning, in their order."""
    used = dict.fromkeys((state_class(letter), state_name(letter)) for letter in STATE_NAMES)
    shown = {state_class(letter) for letter in states}
    return [(name, words) for name, words in used if name in shown]
