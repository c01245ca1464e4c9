"""Pages for plain text: at form feeds, else about 3,000 characters, cut between paragraphs."""

from __future__ import annotations

import re

PAGE_CHARS = 3000  #: characters of a printed page, roughly
_BREAKS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?。])\s"),
    re.compile(r"\s"),
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def split_into_pages(text: str) -> list[str]:
    """Split a text into pages; none when it has no letters at all."""
    text = _UNSTORABLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        return []
    pages: list[str] = []
    for part in text.split("\f"):
        pages.extend(_split(part))
    return pages


def _split(text: str) -> list[str]:
    pages = []
    while len(text) > PAGE_CHARS * 3 // 2:
        cut = _cut(text)
        pages.append(text[:cut].rstrip())
        text = text[cut:].lstrip("\n")
    return [*pages, text.rstrip()]


def _cut(text: str) -> int:
    """The best place to end a page: the last of the strongest breaks near its length."""
    window = text[: PAGE_CHARS * 5 // 4]
    for pattern in _BREAKS:
        ends = [match.end() for match in pattern.finditer(window, PAGE_CHARS // 2)]
        if ends:
            return ends[-1]
    return PAGE_CHARS
