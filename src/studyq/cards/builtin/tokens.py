"""Words of a sentence, and the runs of them that may be terms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_SINGULAR_S = re.compile(r"(?:ss|us|is|ics|ess|ous)$")
_POSSESSIVE = re.compile("['\u2019]s?$")


@dataclass(frozen=True)
class Word:
    """A word and its place in the sentence; `apart` when more than a space is before it."""

    text: str
    lower: str
    start: int
    end: int
    apart: bool


def words(text: str) -> list[Word]:
    """The words of a sentence."""
    found = []
    end = 0
    for match in _WORD.finditer(text):
        apart = text[end : match.start()] != " "
        found.append(Word(match[0], match[0].lower(), match.start(), match.end(), apart))
        end = match.end()
    return found


def runs(found: list[Word], boundaries: frozenset[str]) -> Iterator[tuple[int, int]]:
    """First and last-plus-one index of each run of content words with only spaces between them.

    Args:
        found: The words of a sentence.
        boundaries: Lower-case words that end a run.
    """
    start = -1
    for place, word in enumerate(found):
        content = is_content(word.lower) and word.lower not in boundaries
        if start >= 0 and (word.apart or not content):
            yield start, place
            start = -1
        if content and start < 0:
            start = place
    if start >= 0:
        yield start, len(found)


def is_content(lower: str) -> bool:
    """Whether a word may be part of a term: letters, no adverb, no contraction or possessive."""
    return (
        len(lower) > 1
        and lower[0].isalpha()
        and not (lower.endswith("ly") and len(lower) > 5)
        and not _POSSESSIVE.search(lower)
    )


def is_plural(lower: str) -> bool:
    """Whether an English, French or Spanish noun looks like a plural."""
    return lower.endswith("s") and not _SINGULAR_S.search(lower)
