"""Finding where the sections of a document begin, and naming the section of a place in it.

The outline of a PDF names a page, rarely the place on it, so the title is looked up among the
page's lines. Headings recognised on the pages serve documents that have no outline.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

SEPARATOR = " › "  # noqa: RUF001  (the usual sign in paths of headings)
TITLE_LIMIT = 120
_NUMBERING = re.compile(
    r"^(?:(?:chapter|section|part|kapitel|chapitre|capítulo)\s+)?[\divxlc.]+[.:)]?\s+",
    re.IGNORECASE,
)
_NUMBERING_LENGTH = 20  # a line longer than the title by more is not the title
_LINE = re.compile(r"[^\r\n]+")


class OutlineItem(NamedTuple):
    """One entry of a document's outline; `page` counts from 1, `level` from 0 or 1."""

    title: str
    page: int
    level: int


@dataclass(frozen=True)
class SourcePage:
    """The text of one page and its place in the document.

    Attributes:
        index: Page number, from 1.
        offset: Where the page begins in the document's text: the page texts joined by one LF.
        text: The page's text as stored.
        headings: (offset in the page's text, title, level) of headings recognised on it.
    """

    index: int
    offset: int
    text: str
    headings: tuple[tuple[int, str, int], ...] = ()


@dataclass(frozen=True)
class SectionStart:
    """A section begins at `offset` of the document's text."""

    offset: int
    title: str
    level: int


class SectionPlan:
    """Section starts page by page: from the outline, or from page headings if there is none."""

    def __init__(self, outline: Iterable[OutlineItem]) -> None:
        self._by_page: dict[int, list[OutlineItem]] = {}
        for title, page, level in outline:
            if cleaned := _clean(title):
                self._by_page.setdefault(page, []).append(OutlineItem(cleaned, page, level))

    def starts_on(self, page: SourcePage) -> list[SectionStart]:
        """List the sections that begin on the page, in the order of their offsets."""
        if self._by_page:
            return _locate(self._by_page.get(page.index, ()), page)
        return [
            SectionStart(page.offset + min(start, len(page.text)), _clean(title), level)
            for start, title, level in sorted(page.headings)
            if _clean(title)
        ]


def enter_section(
    stack: Sequence[tuple[int, str]], start: SectionStart
) -> tuple[tuple[int, str], ...]:
    """Return the stack of (level, title) once the section has begun."""
    outer = tuple(entry for entry in stack if entry[0] < start.level)
    return (*outer, (start.level, start.title))


def section_path(stack: Sequence[tuple[int, str]]) -> str:
    """Name a place by its headings: "2 Results › 2.1 Data"."""  # noqa: RUF002
    return SEPARATOR.join(title for _, title in stack)


def lies_in(path: str, outer: str) -> bool:
    """Whether a section is another one, or one below it; both by their paths."""
    return path == outer or path.startswith(outer + SEPARATOR)


def _clean(title: str) -> str:
    joined = " ".join(title.replace("\x00", " ").split())
    return joined if len(joined) <= TITLE_LIMIT else joined[: TITLE_LIMIT - 1] + "…"


def _locate(items: Sequence[OutlineItem], page: SourcePage) -> list[SectionStart]:
    """Find the line of each title on its page; a title not found begins where the last one did."""
    if not items:
        return []
    longest = max(len(item.title) for item in items) + _NUMBERING_LENGTH
    lines = [
        (match.start(), _key(match[0]))
        for match in _LINE.finditer(page.text)
        if match.end() - match.start() <= longest
    ]
    starts = []
    here = 0
    first_line = 0
    for item in items:
        found = _find_line(lines, first_line, _key(item.title))
        if found is not None:
            first_line = found + 1
            here = lines[found][0]
        starts.append(SectionStart(page.offset + here, item.title, item.level))
    return starts


def _find_line(lines: Sequence[tuple[int, str]], first: int, title: str) -> int | None:
    """Find the line that is the title, else one that begins or ends with it, else its first half.

    A running head or a line of contents that holds the title among other words does not count.
    """
    if not title:
        return None
    for index in range(first, len(lines)):
        if lines[index][1] == title:
            return index
    for index in range(first, len(lines)):
        line = lines[index][1]
        if (
            len(title) >= 4
            and len(line) <= len(title) + 10
            and (line.startswith(title) or line.endswith(title))
        ):
            return index
        if len(line) >= 12 and len(title) > len(line) and title.startswith(line):
            following = lines[index + 1][1] if index + 1 < len(lines) else ""
            if (line + following).startswith(title):
                return index
    return None


def _key(line: str) -> str:
    """Reduce a heading to its letters and digits, numbering left out."""
    bare = _NUMBERING.sub("", line.strip()) or line
    if not bare.isascii():
        bare = unicodedata.normalize("NFKC", bare)
    return "".join(filter(str.isalnum, bare)).casefold()
