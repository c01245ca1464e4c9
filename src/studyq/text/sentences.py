"""Where sentences end, for alphabets with and without capitals and for scripts without spaces."""

import re
from collections.abc import Iterator

_END = re.compile(
    # Latin, Greek, Cyrillic, Arabic, Armenian, Devanagari: a stop, closing marks, then space.
    "[.!?\u2026\u061f\u06d4\u0589\u0964\u0965]+[\"'\u201d\u2019\u00bb\\)\\]\u203a]*"
    "(?=\\s)(?!\\s{1,8}[a-z])"
    # Chinese and Japanese: no space needed.
    '|[\u3002\uff01\uff1f\uff61]+[\u201d\u2019\u300d\u300f\uff09\u300b"]*'
    # An empty line, and a line that starts with a bullet.
    "|\n(?=[^\\S\n]{0,40}\n)"
    "|\n(?=[^\\S\n]{0,40}[\u2022\u2023\u25a0-\u25cf\u25e6\u2043][^\\S\n]?)"
)
_LIST_NUMBER = re.compile(r"(?:^|\n)[^\S\n]*\(?\d{1,3}(?:\.\d{1,3})*$")
_NEXT = re.compile("\\s{0,8}[\"'\u201c\u201e\u00ab\u2018(\\[]*(\\w*)")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")

# Abbreviations that are seldom the last word of a sentence. Own list from everyday use in the
# languages named; written without the last full stop, lower case.
_ABBREVIATION_LIST = (
    # English
    "mr mrs ms dr prof st sen rep gen col lt capt sgt rev hon jr vs viz cf eg ie e.g i.e al fig "
    "figs eq eqs eqn sec sect ch chap vol vols no nos pp p ed eds approx ca dept est inc corp ltd "
    "ref refs resp jan feb mar apr jun jul aug sept sep oct nov dec "
    # German
    "z.b d.h u.a bzw vgl nr str abb tab kap bd hrsg s.o s.u usw.u evtl ggf inkl bspw sog geb gest "
    "jh jhd mio mrd mind max min ing dipl "
    # French, Spanish, Italian, Portuguese, Dutch
    "m mm mme mlle mgr art p.ex c.-à-d env sr sra srta dña núm pág págs p.ej ej av cap lic tít sig "
    "dott dr.ssa pag pagg sigg ecc.a n.b dra nº bijv blz d.w.z o.a m.b.t nl"
)
_ABBREVIATIONS = frozenset(_ABBREVIATION_LIST.split())
# After these a number with a full stop is an ordinal: "am 3. Oktober".
_ORDINAL_CONTEXT = (
    "Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember "
    "Jahrhundert Jahrhunderts Jahrhunderte"
)
_GERMAN_MONTHS = frozenset(_ORDINAL_CONTEXT.split())


def sentence_ends(text: str, start: int = 0, stop: int | None = None) -> Iterator[int]:
    """Yield the offsets just after each sentence of `text[start:stop]`.

    The closing quotes and brackets belong to the sentence, the white space after it does not. The
    end of the range itself is yielded only where a sentence ends there.

    Args:
        text: Text with its line ends as extracted.
        start: Where to begin.
        stop: Where to end; the end of the text if not given. Characters after it may be looked at.
    """
    limit = len(text) if stop is None else min(stop, len(text))
    for match in _END.finditer(text, start, min(len(text), limit + 1)):
        if match.end() > limit:
            return
        if text[match.start()] != "." or _ends_sentence(text, start, match):
            yield match.end()


def split_sentences(text: str) -> list[str]:
    """Cut a text into its sentences, white space around each stripped; nothing else is lost."""
    sentences = []
    start = 0
    for end in [*sentence_ends(text), len(text)]:
        if sentence := text[start:end].strip():
            sentences.append(sentence)
        start = end
    return sentences


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    """Decide on a full stop by the word before it and the word after it."""
    after = _NEXT.match(text, match.end())
    next_word = after[1] if after else ""
    if next_word[:1].islower():
        return False
    if match.end() - match.start() > 1:
        return True
    before = text[max(start, match.start() - 24) : match.start()].split()
    word = before[-1].lstrip("([\"'“„«‘") if before else ""  # noqa: RUF001
    if not word:
        return True
    if word[-1].isdigit():
        if _LIST_NUMBER.search(text, max(start, match.start() - 16), match.start()):
            return False
        return not (len(word) <= 2 and next_word in _GERMAN_MONTHS)
    if word.lower() in _ABBREVIATIONS:
        return False
    # "J. Smith", "U.S. Senate": initials. A lone "I" ends a sentence as often as it is a name.
    return not (_INITIALS.fullmatch(word) and word[-1].isupper() and word != "I")
