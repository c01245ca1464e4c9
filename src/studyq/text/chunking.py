"""Cutting a document into chunks: the passages that search finds and cards cite.

A chunk is about 1,000 characters (some 200 tokens) of whole sentences, repeats the last sentence
of the chunk before it, never leaves its section, may run over page ends, and knows its offsets in
the document's text. Pages are fed in windows and nothing older than the current chunk is kept, so
that memory does not grow with the document; what is cut does not depend on the windows.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypedDict

from studyq.text.normalise import readable
from studyq.text.scripts import estimate_tokens
from studyq.text.sections import (
    TITLE_LIMIT,
    OutlineItem,
    SectionPlan,
    SectionStart,
    SourcePage,
    enter_section,
    section_path,
)
from studyq.text.sentences import sentence_ends

DEFAULT_TARGET_CHARS = 1000
_SLACK = 1.25  # a chunk may be this many times the target before it is cut
_LONGEST_OVERLAP = 0.3  # of the target; a longer last sentence is not repeated
_TITLE_ONLY = 20  # letters beyond its title below which a section has no text of its own
# Text that must follow before a chunk is cut: enough to see a bare heading end (see
# `_is_bare_heading`), so that the same chunks come out whatever the windows.
_LOOKAHEAD = 2 * TITLE_LIMIT + 60
_SPACE_BACKWARDS = re.compile(r"\s\S*$")


class ChunkerState(TypedDict):
    """Where a chunker stands, as plain JSON.

    `start` is the offset from which text must be fed again, `covered` the end of what is already
    in a chunk, `marked` the offset of the last section begun (-1: none).
    """

    sections: list[tuple[int, str]]
    start: int
    covered: int
    marked: int


@dataclass(frozen=True)
class Chunk:
    """A passage of a document.

    Attributes:
        text: The passage as prose: lines joined, hyphens mended.
        section: Path of its headings, empty where there are none.
        page_from: First page, from 1.
        page_to: Last page.
        start: Offset in the document's text (page texts joined by one LF).
        end: Offset after its last character.
        token_count: Estimated number of tokens.
    """

    text: str
    section: str
    page_from: int
    page_to: int
    start: int
    end: int
    token_count: int


class Chunker:
    """Cuts the pages fed to it into chunks; can stop after any `feed` and go on from its state.

    Args:
        outline: The document's outline; without one, page headings begin the sections.
        target_chars: Length of a chunk, in characters of the document's text.
        state: Where an earlier chunker of the same document and outline stopped.
    """

    def __init__(
        self,
        outline: Iterable[OutlineItem] = (),
        *,
        target_chars: int = DEFAULT_TARGET_CHARS,
        state: ChunkerState | None = None,
    ) -> None:
        if target_chars < 40:
            raise ValueError(f"target_chars is {target_chars}; the least that makes sense is 40")
        self._plan = SectionPlan(outline)
        self._target = target_chars
        self._stack: tuple[tuple[int, str], ...] = ()
        self._start = self._covered = 0
        self._marked = -1
        if state is not None:
            self._stack = tuple((level, title) for level, title in state["sections"])
            self._start, self._covered = state["start"], state["covered"]
            self._marked = state["marked"]
        self._text = ""
        self._origin = -1  # offset of self._text in the document, once there is any
        self._pages: list[tuple[int, int]] = []  # (offset, index) of the pages in self._text
        self._marks: list[SectionStart] = []

    @property
    def state(self) -> ChunkerState:
        """The state after what has been returned so far; feed again from the page of `start`."""
        return {
            "sections": list(self._stack),
            "start": self._start,
            "covered": self._covered,
            "marked": self._marked,
        }

    def feed(self, pages: Iterable[SourcePage]) -> list[Chunk]:
        """Take the next pages and return the chunks that no later page can change.

        Raises:
            ValueError: The pages do not follow one another, or begin after the text still needed.
        """
        self._take(pages)
        return list(self._cut(final=False))

    def finish(self) -> list[Chunk]:
        """Return the chunks of the text that is left."""
        return list(self._cut(final=True))

    def _take(self, pages: Iterable[SourcePage]) -> None:
        parts = [self._text]
        length = len(self._text)
        for page in pages:
            if self._origin < 0:
                if page.offset > self._start:
                    raise ValueError(f"text from offset {self._start} is needed, not {page.offset}")
                self._origin = page.offset
            elif page.offset != self._origin + length + 1:
                raise ValueError(f"page {page.index} does not follow the page before it")
            else:
                parts.append("\n")
                length += 1
            parts.append(page.text)
            length += len(page.text)
            self._pages.append((page.offset, page.index))
            self._marks += [
                mark for mark in self._plan.starts_on(page) if mark.offset > self._marked
            ]
        self._text = "".join(parts)

    def _cut(self, *, final: bool) -> Iterator[Chunk]:
        """Cut until the text that is left could still be changed by what follows it."""
        if self._origin < 0:
            return
        text_end = self._origin + len(self._text)
        while True:
            self._enter_sections()
            known_end = self._marks[0].offset if self._marks else text_end
            closed = final or bool(self._marks)
            if known_end <= self._start and not self._marks:
                break
            if not closed and known_end - self._start <= 2 * self._target + _LOOKAHEAD:
                break
            if chunk := self._next_chunk(known_end):
                yield chunk
        self._forget()

    def _enter_sections(self) -> None:
        """Begin every section whose offset has been reached, or that follows a bare heading."""
        while self._marks and (
            self._marks[0].offset <= self._start or self._is_bare_heading(self._marks[0])
        ):
            mark = self._marks.pop(0)
            self._stack = enter_section(self._stack, mark)
            self._marked = mark.offset

    def _is_bare_heading(self, following: SectionStart) -> bool:
        """Say whether the section up to the next one holds hardly more than its own title.

        Such a line ("3 Results", then "3.1 Data") goes with the text below it: alone it would
        make a chunk that matches searches and says nothing.
        """
        if not self._stack or self._start < self._covered:
            return False
        level, title = self._stack[-1]
        if following.level <= level or following.offset - self._start > 2 * len(title) + 60:
            return False
        body = self._slice(self._start, following.offset)
        return sum(map(str.isalnum, body)) <= len(title) + _TITLE_ONLY

    def _next_chunk(self, limit: int) -> Chunk | None:
        """Cut one chunk at the current place; None when nothing new is left before the limit."""
        start = self._start
        if limit - start <= self._target * _SLACK:
            end = overlap = limit
        else:
            end, overlap = self._choose_end(start)
        chunk = self._make(start, end) if end > self._covered else None
        self._start = overlap
        self._covered = max(self._covered, end)
        return chunk

    def _choose_end(self, start: int) -> tuple[int, int]:
        """Choose where the chunk ends and where the next begins (earlier, by one sentence)."""
        at = start - self._origin
        most = at + int(self._target * _SLACK)
        least, ideal = at + self._target // 2, at + self._target
        end, overlap = self._last_sentence(ideal - self._target * 9 // 20, least, ideal, most)
        if overlap == 0:  # hardly ever: the sentences are long
            earliest = least - int(self._target * _LONGEST_OVERLAP)
            end, overlap = self._last_sentence(earliest, least, ideal, most)
        if end < least:
            end = overlap = self._cut_within(least, ideal)
        if not 0 < end - overlap <= self._target * _LONGEST_OVERLAP:
            overlap = end
        return self._origin + end, self._origin + overlap

    def _last_sentence(self, earliest: int, least: int, ideal: int, most: int) -> tuple[int, int]:
        """Find the last sentence end up to the ideal place, else the first after it.

        Returns:
            The offset in the buffer and that of the sentence end before it; 0: there is none.
        """
        end = before = 0
        for found in sentence_ends(self._text, earliest, most):
            if found > ideal and end >= least:
                break
            before, end = end, found
        return end, before

    def _cut_within(self, least: int, ideal: int) -> int:
        """Cut a passage without sentence ends: after a line, else after a word, else anywhere."""
        line = self._text.rfind("\n", least, ideal)
        if line >= 0:
            return line + 1
        space = _SPACE_BACKWARDS.search(self._text, least, ideal)
        if space is not None:
            return space.start() + 1
        while ideal > least and unicodedata.combining(self._text[ideal]):
            ideal -= 1
        return ideal

    def _make(self, start: int, end: int) -> Chunk | None:
        raw = self._slice(start, end)
        text = readable(raw)
        if not text:
            return None
        start += len(raw) - len(raw.lstrip())
        end -= len(raw) - len(raw.rstrip())
        return Chunk(
            text=text,
            section=section_path(self._stack),
            page_from=self._page_at(start),
            page_to=self._page_at(max(start, end - 1)),
            start=start,
            end=end,
            token_count=estimate_tokens(text),
        )

    def _slice(self, start: int, end: int) -> str:
        return self._text[start - self._origin : end - self._origin]

    def _page_at(self, offset: int) -> int:
        return self._pages[bisect_right(self._pages, (offset, 1 << 62)) - 1][1]

    def _forget(self) -> None:
        """Drop the text before the current chunk."""
        if self._start > self._origin:
            self._text = self._text[self._start - self._origin :]
            self._origin = self._start
            first = bisect_right(self._pages, (self._start, 1 << 62)) - 1
            self._pages = self._pages[max(0, first) :]
