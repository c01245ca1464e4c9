"""Headings by font size: used where a file has no outline, so rather none than a wrong one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

# Set by looking at what they find in 18 books, papers and slide sets in six languages. Ratios are
# to the page's body size.
_HEADING_RATIO = 1.15
_LEVEL_RATIOS = ((1.8, 1), (1.4, 2))
_LOWEST_LEVEL = 3
_SAME_SIZE = 0.03  # relative difference between lines of one heading
_MIN_PAGE_CHARACTERS = 300  # title pages and most slides have no body to compare with
_MIN_BODY_SHARE = 0.6
_MAX_HEADING_SHARE = 0.2
_MAX_LENGTH = 120
_MAX_LINES = 3  # longer ones are paragraphs among smaller print
_MAX_SENTENCE = 60  # a longer title that ends with a full stop is a sentence
_MAX_HEADINGS = 6
_LEADERS = re.compile(r"(?: \.){2}|\.{4}")  # of a table of contents
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
    for run in _runs_of_large_lines(lines, body):
        title = " ".join(lines[number][1] for number in run)
        large_to_the_end = size_at_end(run[0]) >= _HEADING_RATIO * body
        if len(run) <= _MAX_LINES and large_to_the_end and _reads_like_heading(title):
            start, _, size = lines[run[0]]
            found.append((start, title, _level(size / body)))
    characters = sum(len(text) for _, text, _ in lines)
    share = sum(len(title) for _, title, _ in found) / characters
    return found if len(found) <= _MAX_HEADINGS and share <= _MAX_HEADING_SHARE else []


def _runs_of_large_lines(lines: Sequence[SizedLine], body: float) -> list[list[int]]:
    """Group the indexes of neighbouring lines of one size, larger than the body's."""
    runs: list[list[int]] = []
    for number, (_, _, size) in enumerate(lines):
        if size < _HEADING_RATIO * body:
            continue
        if runs and runs[-1][-1] == number - 1:
            previous = lines[number - 1][2]
            if abs(size - previous) <= _SAME_SIZE * size:
                runs[-1].append(number)
                continue
        runs.append([number])
    return runs


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


def _reads_like_heading(title: str) -> bool:
    """Whether a large line can be a heading by its words."""
    return (
        len(title) <= _MAX_LENGTH
        and _WORD.search(title) is not None
        and not title[0].islower()
        and _LEADERS.search(title) is None
        and not (len(title) > _MAX_SENTENCE and title[-1] in ".,;:")
    )


def _level(ratio: float) -> int:
    for threshold, level in _LEVEL_RATIOS:
        if ratio >= threshold:
            return level
    return _LOWEST_LEVEL
