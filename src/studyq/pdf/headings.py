"""Headings by font size: used where a file has no outline, so rather none than a wrong one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

# Thresholds were set on twelve books and slide sets; sizes are relative to the page's body.
_HEADING_RATIO = 1.15
_LEVEL_RATIOS = ((1.8, 1), (1.4, 2))
_LOWEST_LEVEL = 3
_SAME_SIZE = 0.03  # relative difference between lines of one heading
_MIN_PAGE_CHARACTERS = 300  # title pages and most slides have no body to compare with
_MIN_BODY_SHARE = 0.6
_MAX_HEADING_SHARE = 0.2
_MAX_LENGTH = 120
_MAX_LINES = 3
_MAX_HEADINGS = 6
_WORD = re.compile(r"[^\W\d_]{3}|[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

SizedLine = tuple[int, str, float]  # offset in the page's text, text, font size in points
FoundHeading = tuple[int, str, int]  # offset, title, level


def find_headings(
    lines: Sequence[SizedLine], size_at_end: Callable[[int], float]
) -> list[FoundHeading]:
    """Find the headings of a page.

    Args:
        lines: The page's lines with the font size at their beginning.
        size_at_end: Gives the font size at the end of the line with an index; asked for few
            lines. A paragraph that begins with a large initial ends small.

    Returns:
        Offset, title and level (1 to 3) of each heading; nothing when the page has no clear
        body size or when too much of it is large.
    """
    body = _body_size(lines)
    if body is None:
        return []
    found: list[FoundHeading] = []
    previous, previous_size, joined = -1, 0.0, 0
    for number, (start, text, size) in enumerate(lines):
        if not _looks_like_heading(text, size, body, partial(size_at_end, number)):
            continue
        same = abs(size - previous_size) <= _SAME_SIZE * size
        if found and number == previous + 1 and same and joined < _MAX_LINES:
            begun, title, level = found.pop()
            found.append((begun, f"{title} {text}", level))
            joined += 1
        else:
            found.append((start, text, _level(size / body)))
            joined = 1
        previous, previous_size = number, size
    characters = sum(len(text) for _, text, _ in lines)
    share = sum(len(title) for _, title, _ in found) / characters
    return found if len(found) <= _MAX_HEADINGS and share <= _MAX_HEADING_SHARE else []


def _body_size(lines: Sequence[SizedLine]) -> float | None:
    """The size that most characters of the page have, to half a point."""
    weights: Counter[float] = Counter()
    for _, text, size in lines:
        weights[round(2 * size) / 2] += len(text)
    characters = weights.total()
    if characters < _MIN_PAGE_CHARACTERS:
        return None
    size, weight = weights.most_common(1)[0]
    return size if size > 0 and weight >= _MIN_BODY_SHARE * characters else None


def _looks_like_heading(
    text: str, size: float, body: float, size_at_end: Callable[[], float]
) -> bool:
    return (
        size >= _HEADING_RATIO * body
        and len(text) <= _MAX_LENGTH
        and _WORD.search(text) is not None
        and not text[0].islower()
        and size_at_end() >= _HEADING_RATIO * body
    )


def _level(ratio: float) -> int:
    for threshold, level in _LEVEL_RATIOS:
        if ratio >= threshold:
            return level
    return _LOWEST_LEVEL
