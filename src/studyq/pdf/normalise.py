"""From what pdfium calls text to text that people and databases can use, and back.

pdfium's text of a page is a sequence of UTF-16 units, one for each entry of its character list.
Lines end with CR LF. A hyphen that only divides a word at a line's end is U+FFFE, with no line
end behind it. Fonts without a (sane) character map add control characters, lone surrogates and
noncharacters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

SOFT_LINE_END = "\ufffe"
_LINE_END = re.compile("\ufffe(?:\r\n)?|\r\n")

# The Unicode names of U+FB00 to U+FB06 spell their letters.
_LIGATURES = {
    "\ufb00": "ff",
    "\ufb01": "fi",
    "\ufb02": "fl",
    "\ufb03": "ffi",
    "\ufb04": "ffl",
    "\ufb05": "st",
    "\ufb06": "st",
}
# TeX's T1 ("Cork") encoding, positions 0x1B to 0x1F: what fonts without ToUnicode let through.
_CORK_LIGATURES = {"\x1b": "ff", "\x1c": "fi", "\x1d": "fl", "\x1e": "ffi", "\x1f": "ffl"}

_SPACES = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# Controls, soft hyphens, marks that change the direction of text, BOM, noncharacters.
_DROPPED = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ufeff\ufdd0-\ufdef\ufffe\uffff"
)
_NEEDS_CARE = re.compile(f"[{_DROPPED}{_SPACES.replace(' ', '')}\ud800-\udfff\ufb00-\ufb06]|  ")
_TOKEN = re.compile(
    f"(?P<space>[{_SPACES}]+)"
    "|(?P<pair>[\ud800-\udbff][\udc00-\udfff])"
    "|(?P<ligature>[\ufb00-\ufb06]|[\x1b-\x1f](?=[a-z]))"
    f"|(?P<dropped>[{_DROPPED}\ud800-\udfff])"
    "|(?P<plain>.)"
)


class RawLine(NamedTuple):
    """A visual line of pdfium's text.

    Attributes:
        units: The line's text, one character of this string per UTF-16 unit.
        start: Index of its first unit in the page's text.
        joins: Whether the next line goes on in the middle of a word.
    """

    units: str
    start: int
    joins: bool


def decode_units(data: bytes | memoryview) -> str:
    """Decode UTF-16-LE so that each unit is one character, surrogates included."""
    text = str(data, "utf-16-le", "surrogatepass")
    if 2 * len(text) == len(data):
        return text
    return "".join(chr(unit) for unit in memoryview(data).cast("H"))


def split_lines(units: str) -> Iterator[RawLine]:
    """Split the text of a page into its visual lines."""
    start = 0
    for end in _LINE_END.finditer(units):
        yield RawLine(units[start : end.start()], start, end[0][0] == SOFT_LINE_END)
        start = end.end()
    yield RawLine(units[start:], start, False)


def is_plain(units: str) -> bool:
    """Whether the text of a page needs no change but for spaces at the ends of its lines."""
    return not _needs_care(units.replace("\r\n", "|").replace(SOFT_LINE_END, "|"))


def _needs_care(units: str) -> bool:
    return _NEEDS_CARE.search(units) is not None


def clean(units: str) -> tuple[str, Sequence[int]]:
    """Normalise one line.

    Ligatures become letters, runs of white space one space, none of it at the ends; characters
    that carry no text are dropped, so that the result encodes as UTF-8 and holds no NUL.

    Args:
        units: A line as of ``decode_units``, or any other string.

    Returns:
        The text, and for each of its characters the index of the unit that it comes from.
    """
    if not _needs_care(units):
        text = units.strip(" ")
        lead = len(units) - len(units.lstrip(" "))
        return text, range(lead, lead + len(text))
    characters: list[str] = []
    origins: list[int] = []
    for token in _TOKEN.finditer(units):
        piece = _replacement(token)
        if piece == " " and characters[-1:] in ([], [" "]):
            continue
        characters.extend(piece)
        origins.extend([token.start()] * len(piece))
    if characters[-1:] == [" "]:
        del characters[-1], origins[-1]
    return "".join(characters), origins


def clean_text(text: str) -> str:
    """Normalise text of any origin, line by line; blank lines are left out."""
    lines = (clean(line)[0] for line in re.split(r"\r\n|\r|\n", text))
    return "\n".join(line for line in lines if line)


def _replacement(token: re.Match[str]) -> str:
    """What a token of a raw line becomes."""
    found = token[0]
    match token.lastgroup:
        case "space":
            return " "
        case "pair":
            high, low = ord(found[0]) - 0xD800, ord(found[1]) - 0xDC00
            return chr(0x10000 + (high << 10) + low)
        case "ligature":
            return _LIGATURES.get(found) or _CORK_LIGATURES[found]
        case "dropped":
            return ""
        case _:
            return found
