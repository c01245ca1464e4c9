"""Fields of Anki notes, which are HTML, as the Markdown that cards are written in."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_SOUND = re.compile(r"\[(?:sound|anki):[^\]]*\]")
_LATEX = re.compile(r"\[(?:latex|\$)\](.*?)\[/(?:latex|\$)\]", re.DOTALL)
_LATEX_BLOCK = re.compile(r"\[\$\$\](.*?)\[/\$\$\]", re.DOTALL)
_MATHS = re.compile(r"(\\\(.*?\\\)|\\\[.*?\\\])", re.DOTALL)
_SPECIAL = re.compile(r"([*_`])")
_CLOZE = re.compile(r"\{\{c(\d+)::(.*?)(?:::([^{}]*?))?\}\}", re.DOTALL)
_BLOCKS = {"p", "div", "ul", "ol", "tr", "table", "blockquote", "h1", "h2", "h3", "h4"}
_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "s": "~~", "code": "`"}
_LEFT_OUT = {"script", "style"}


def markdown(field: str) -> str:
    """A field as Markdown: emphasis, lists and maths stay; pictures and sounds are left out."""
    source = _LATEX_BLOCK.sub(r"\\[\1\\]", _LATEX.sub(r"\\(\1\\)", _SOUND.sub("", field)))
    reader = _Reader()
    reader.feed(source)
    reader.close()
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def only_cloze(text: str, number: int) -> str:
    """A cloze note as the card of one deletion: the others are shown, this one is the first."""

    def deletion(found: re.Match[str]) -> str:
        if int(found[1]) != number:
            return found[2]
        hint = f"::{found[3]}" if found[3] else ""
        return f"{{{{c1::{found[2]}{hint}}}}}"

    return _CLOZE.sub(deletion, text)


class _Reader(HTMLParser):
    """Collects Markdown while HTML is read; HTML that is broken is read as far as it goes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        """Begin a line, an item, or emphasis."""
        if tag in _LEFT_OUT:
            self._silent += 1
        elif tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in _MARKS:
            self.parts.append(_MARKS[tag])

    def handle_endtag(self, tag: str) -> None:
        """End it."""
        if tag in _LEFT_OUT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in _MARKS:
            self.parts.append(_MARKS[tag])

    def handle_data(self, data: str) -> None:
        """Take words over, so that none of them is taken for Markdown; maths as it stands."""
        if self._silent:
            return
        for place, part in enumerate(_MATHS.split(data)):
            self.parts.append(part if place % 2 else _SPECIAL.sub(r"\\\1", part))
