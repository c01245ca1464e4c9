"""Finding a quote on a page, and cutting the snippet of a passage that shows why it was found."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from studyq.text.scripts import SPACELESS_RUN

MATCH_SCORE = 0.88  # least similarity at which an inexact quote counts as found
_SHORTEST_FUZZY = 12  # letters; anything shorter resembles something on every page
_LEAST_STEM = 4


@dataclass(frozen=True)
class QuoteMatch:
    """Where a quote stands in a text.

    Attributes:
        start: Offset of its first letter.
        end: Offset after its last letter.
        score: 1.0 for an exact match of letters and digits, else the similarity from 0 to 1.
    """

    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Snippet:
    """A piece of a passage.

    Attributes:
        text: The piece, with "…" where text was left out.
        marks: (start, end) offsets in `text` of the words that were asked for.
    """

    text: str
    marks: tuple[tuple[int, int], ...]


def find_quote(page_text: str, quote: str) -> QuoteMatch | None:
    """Find a quote in a page's text whatever its line ends, hyphens, quotation marks and case.

    Letters and digits alone are compared. An exact match wins; otherwise the most similar passage,
    if it is at least `MATCH_SCORE` similar and the quote long enough for that to mean something.

    Args:
        page_text: The text as extracted.
        quote: The words looked for.

    Returns:
        The place in `page_text`, or None.
    """
    wanted, _ = _letters(quote)
    if not wanted:
        return None
    letters, places = _letters(page_text)
    found = letters.find(wanted)
    while found >= 0:
        start, end = places[found], places[found + len(wanted) - 1] + 1
        if _stands_alone(page_text, start, end):
            return QuoteMatch(start, end, 1.0)
        found = letters.find(wanted, found + 1)
    if len(wanted) < _SHORTEST_FUZZY or len(wanted) > 1.2 * len(letters):
        return None
    near = fuzz.partial_ratio_alignment(wanted, letters, score_cutoff=100 * MATCH_SCORE)
    if near is None or near.dest_end <= near.dest_start:
        return None
    return QuoteMatch(places[near.dest_start], places[near.dest_end - 1] + 1, near.score / 100)


def snippet(text: str, terms: Iterable[str], width: int = 240) -> Snippet:
    """Cut the piece of a passage that holds most of the terms and mark them in it.

    Args:
        text: The passage.
        terms: Words of the query; inflected forms of a word are marked with it.
        width: Length of the piece in characters, about.
    """
    marks = _find_terms(text, terms)
    if len(text) <= width:
        return Snippet(text, tuple((start, end) for start, end, _ in marks))
    begin, stop = _best_window(text, marks, width)
    piece = text[begin:stop].strip()
    begin += len(text[begin:stop]) - len(text[begin:stop].lstrip())
    stop = begin + len(piece)
    lead = "…" if begin > 0 else ""
    shift = len(lead) - begin
    inside = tuple((a + shift, b + shift) for a, b, _ in marks if a >= begin and b <= stop)
    return Snippet(lead + piece + ("…" if stop < len(text) else ""), inside)


@lru_cache(maxsize=8192)
def _fold(character: str) -> str:
    """Reduce a character to its letters and digits without case, accents or typographic form."""
    decomposed = unicodedata.normalize("NFKD", character).casefold()
    return "".join(filter(str.isalnum, decomposed))


def _letters(text: str) -> tuple[str, list[int]]:
    """Return the folded letters and digits of a text and the offset in it of each."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for folded in _fold(character):
            letters.append(folded)
            places.append(place)
    return "".join(letters), places


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Say whether a match begins and ends at the edges of words (any place in spaceless text)."""
    return not (
        (start > 0 and _within_word(text[start - 1], text[start]))
        or (end < len(text) and _within_word(text[end - 1], text[end]))
    )


def _within_word(left: str, right: str) -> bool:
    if not (left.isalnum() and right.isalnum()):
        return False
    return not (SPACELESS_RUN.match(left) or SPACELESS_RUN.match(right))


class _FoldInPlace(dict[int, str]):
    """A table for `str.translate` that folds without moving characters; filled as it is used."""

    def __missing__(self, code: int) -> str:
        folded = _fold(chr(code))
        self[code] = character = folded if len(folded) == 1 else chr(code)
        return character


_FOLDED = _FoldInPlace()


def _fold_in_place(text: str) -> str:
    """Fold case and accents character by character, so that offsets stay true."""
    return text.lower() if text.isascii() else text.translate(_FOLDED)


def _find_terms(text: str, terms: Iterable[str]) -> list[tuple[int, int, int]]:
    """Find (start, end, number of the term) of the terms and their inflected forms."""
    patterns = []
    for term in dict.fromkeys(_fold_in_place(term) for term in terms):
        if not term:
            continue
        if SPACELESS_RUN.search(term):
            patterns.append(f"({re.escape(term)})")
        elif len(term) <= _LEAST_STEM:
            patterns.append(rf"\b({re.escape(term)})\b")
        else:
            stem = term[: max(_LEAST_STEM, len(term) - 2)]
            patterns.append(rf"\b({re.escape(stem)}\w{{0,5}})\b")
    if not patterns:
        return []
    found = re.finditer("|".join(patterns), _fold_in_place(text))
    return [(match.start(), match.end(), match.lastindex or 0) for match in found]


def _best_window(text: str, marks: Sequence[tuple[int, int, int]], width: int) -> tuple[int, int]:
    """Choose the window with most different terms, then most marks, then the earliest."""
    best, begin = (0, 0), 0
    for index, (start, _, _) in enumerate(marks):
        inside = [term for a, b, term in marks[index:] if b <= start + width * 4 // 5]
        worth = (len(set(inside)), len(inside))
        if worth > best:
            best, begin = worth, max(0, start - width // 5)
    begin = min(begin, max(0, len(text) - width))
    return _at_word(text, begin), _at_word(text, min(len(text), begin + width), backwards=True)


def _at_word(text: str, place: int, *, backwards: bool = False) -> int:
    """Move a place that is within a word to the word's edge, 20 characters at the most."""
    if place <= 0 or place >= len(text):
        return place
    if backwards:
        space = text.rfind(" ", place - 20, place + 1)
        return space if space >= 0 else place
    if text[place - 1].isspace():
        return place
    space = text.find(" ", place, place + 20)
    return space + 1 if space >= 0 else place
