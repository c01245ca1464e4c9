"""Turning the lines of a page into prose that reads well.

PDF text comes line by line as typeset: words broken at line ends, soft hyphens, ligatures, control
characters from odd fonts. `readable` mends what can be mended without a dictionary and is cheap
enough to run over every chunk of a book.
"""

import re

from studyq.text.scripts import CJK, SOUTH_EAST_ASIAN, has_dense_script

# pdfium writes U+FFFE where a word was hyphenated at a line end; U+00AD is Unicode's soft hyphen.
_SOFT_HYPHEN = re.compile("[\u00ad\ufffe](?:[^\\S\n]*\n[^\\S\n]*)?")
_NOISE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u2060\ufeff\ufff0-\ufffd\uffff\ud800-\udfff]+"
)
_LIGATURE = re.compile("[\ufb00-\ufb06]")
_LIGATURES = {
    "\ufb00": "ff",
    "\ufb01": "fi",
    "\ufb02": "fl",
    "\ufb03": "ffi",
    "\ufb04": "ffl",
    "\ufb05": "st",
    "\ufb06": "st",
}
_BROKEN_WORD = re.compile(
    "[-\u2010\u2011](?<=[^\\W\\d_].)[^\\S\n]*\n\\s*(?=[^\\W_])"  # the mark first: faster to find
)
_WORD_BEFORE = re.compile(r"[^\W\d_]+$")
_WORD_AFTER = re.compile(r"[^\W\d_]+")
# First parts after which a hyphen at the line end belongs to the word: "well-known".
_COMPOUND_FIRST_PARTS = (
    "all anti cross ex half high large long low mid multi non one open post pre pseudo quasi real "
    "self semi short single so state sub three time two well left right first second third"
)
_COMPOUND_FIRST = frozenset(_COMPOUND_FIRST_PARTS.split())
# Words before which a hyphen stands for a part left out: "Ein- und Ausgabe", "pre- and post-war".
_CONJUNCTIONS = "and or to und oder bzw sowie et ou y o e ed en of"
_SHARED_PART = frozenset(_CONJUNCTIONS.split())
_CJK_GAP = re.compile(
    f"(?<=[{CJK}])\\s+(?=[{CJK}])"
    f"|(?<=[{SOUTH_EAST_ASIAN}])[^\\S\\n]*\\n\\s*(?=[{SOUTH_EAST_ASIAN}])"
)
_KEPT_LINE_END = re.compile(
    r"\n[^\S\n]*\n\s*|\n(?=[^\S\n]*[\u2022\u2023\u25a0-\u25cf\u25e6\u2043\u204c\u204d])"
)


def readable(text: str) -> str:
    """Join typeset lines into prose.

    Words hyphenated at a line end are mended, lines joined by one space (by none between
    characters of scripts without spaces), runs of spaces made one, ligatures spelt out, and
    control characters dropped. Blank lines and bullets stay as line ends.

    Args:
        text: Text as extracted, lines separated by LF or CR LF.

    Returns:
        The text as one would type it; never longer than twice the input.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = _SOFT_HYPHEN.sub("", text)
        text = _LIGATURE.sub(lambda match: _LIGATURES[match[0]], text)
    text = _NOISE.sub("", _BROKEN_WORD.sub(_mend, text))
    if has_dense_script(text):
        text = _CJK_GAP.sub("", text)
    paragraphs = (" ".join(part.split()) for part in _KEPT_LINE_END.split(text))
    return "\n".join(filter(None, paragraphs))


def _mend(match: re.Match[str]) -> str:
    """Decide what becomes of a hyphen at a line end: dropped, kept, or kept with a space."""
    text = match.string
    before = _WORD_BEFORE.search(text, max(0, match.start() - 30), match.start())
    after = _WORD_AFTER.match(text, match.end())
    if after is None or not after[0][0].islower():
        return "-"  # "Nord-Ost", "F-16": the hyphen was there before the line was broken
    if after[0] in _SHARED_PART:
        return "- "
    if before is not None and before[0].lower() in _COMPOUND_FIRST:
        return "-"
    return ""
