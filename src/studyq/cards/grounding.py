"""Finding the words of the page that a card rests on, and where they stand on it.

A card keeps the page's own words as its quote: a quote that a model has changed by a letter is
found all the same, and what is shown is what the page says.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from studyq.cards.drafts import Draft
from studyq.cards.quoting import locate
from studyq.cards.source import Source, SourceChunk, SourcePage
from studyq.text.scripts import SPACELESS_RUN

LEAST_WORDS = 3  #: of a quote; anything shorter stands on every page
LEAST_LETTERS = 15  #: that make up for fewer words: scripts without spaces, long compounds
LEAST_DENSE = 6  #: letters of a script without spaces

#: Why a card is not grounded, in sentences.
UNGROUNDED = {
    "quote_missing": "It quotes nothing of the document.",
    "quote_too_short": "Its quote is too short to prove anything.",
    "quote_not_found": "Its quote is not on the page that it names.",
    "number_not_in_quote": "A number in its answer is not in the words that it quotes.",
}

_NUMBER = re.compile(r"\d+(?:[.,\u066b\u066c'\u2019\u00a0\u202f]\d+)*")
_LETTER_RUN = re.compile(r"[^\W_]+")
_CARRIED_NUMBER = re.compile(r"^\s*\(?\d{1,3}[.)]\s+", re.MULTILINE)


@dataclass(frozen=True)
class Grounded:
    """Where a card comes from.

    Attributes:
        page: The page, from 1.
        label: What is printed on it.
        quote: The page's own words.
        start: Offset of the quote in the document's text.
        end: Offset after it.
        rectangles: Where it stands, a line each, in PDF points from the page's top left; none
            where the page's lines are not known.
        chunk: The chunk that it lies in, if any.
    """

    page: int
    label: str | None
    quote: str
    start: int
    end: int
    rectangles: tuple[dict[str, float], ...]
    chunk: SourceChunk | None


def ground(draft: Draft, source: Source, chunk_ids: Collection[int] = ()) -> Grounded | str:
    """Find a draft's quote.

    The page that the draft names must hold it, or another page of its chunk, whose number then
    replaces the one named. A draft that names neither is looked for in the given chunks.

    Args:
        draft: What is proposed.
        source: The document.
        chunk_ids: The chunks that were asked about.

    Returns:
        Where the quote is, or a key of `UNGROUNDED`.
    """
    quote = draft.quote.strip()
    if not quote:
        return "quote_missing"
    if not is_telling(quote):
        return "quote_too_short"
    for page in _pages(draft, source, chunk_ids):
        found = locate(page, quote, whole_words=True)
        if found is not None:
            if not numbers(draft.back) <= numbers(found.words):
                return "number_not_in_quote"
            return Grounded(
                page=page.index,
                label=page.label,
                quote=found.words,
                start=found.start,
                end=found.end,
                rectangles=found.rectangles,
                chunk=_chunk_at(draft, source, chunk_ids, found.start, found.end),
            )
    return "quote_not_found"


def is_telling(quote: str) -> bool:
    """Whether a quote is long enough to belong to one place."""
    words = _LETTER_RUN.findall(quote)
    letters = sum(map(len, words))
    dense = sum(len(run) for run in SPACELESS_RUN.findall(quote))
    return len(words) >= LEAST_WORDS or letters >= LEAST_LETTERS or dense >= LEAST_DENSE


def numbers(text: str) -> frozenset[str]:
    """The numbers in a text, digits in any script, without separators of thousands.

    The numbering of a list in the answer is not one of them.
    """
    plain = unicodedata.normalize("NFKC", _CARRIED_NUMBER.sub("", text))
    return frozenset(_plain_number(match[0]) for match in _NUMBER.finditer(plain))


def _plain_number(written: str) -> str:
    digits = "".join(
        str(unicodedata.decimal(character)) if character.isdecimal() else character
        for character in written
    )
    return re.sub(r"(?<=\d)[^\d](?=\d{3}(?:\D|$))", "", digits)


def _pages(draft: Draft, source: Source, chunk_ids: Collection[int]) -> Iterator[SourcePage]:
    """The pages that may hold the quote, the one named first."""
    chunk = source.chunk(draft.chunk_id)
    indexes = [draft.page] if draft.page else []
    if chunk is not None:
        indexes += range(chunk.page_from, chunk.page_to + 1)
    if not indexes:
        for asked in source.chunks:
            if asked.id in chunk_ids:
                indexes += range(asked.page_from, asked.page_to + 1)
    for index in dict.fromkeys(indexes):
        if index in source.pages:
            yield source.pages[index]


def _chunk_at(
    draft: Draft, source: Source, chunk_ids: Collection[int], start: int, end: int
) -> SourceChunk | None:
    """The chunk that holds most of the quote: of several, the one that the draft names."""
    best, most = None, 0
    for chunk in source.chunks:
        shared = min(end, chunk.end) - max(start, chunk.start)
        preferred = (chunk.id == draft.chunk_id) + (chunk.id in chunk_ids)
        if shared > 0 and 3 * shared + preferred > most:
            best, most = chunk, 3 * shared + preferred
    return best
