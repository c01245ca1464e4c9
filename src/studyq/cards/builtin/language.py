"""What language a document is in, and what is known of that language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from studyq.cards.builtin.english import BLAND, FUNCTION_WORDS, WEAK
from studyq.text.scripts import SPACELESS_RUN
from studyq.text.stopwords import STOP_WORDS
from studyq.text.terms import index_form

SAMPLE = 400  #: sentences looked at
LEAST_SHARE = 0.18  #: of stop words among all words, in running text
_WORD = re.compile(r"[^\W\d_]+")
_ARABIC = re.compile("[\u0621-\u064a]")


@dataclass(frozen=True)
class Language:
    """A language.

    Attributes:
        code: As of ISO 639-1.
        function_words: Words that no term holds.
        bland: Words too general to be asked for.
        weak: Words that no term begins with.
        spaced: Whether words are set apart by spaces.
        nouns_capital: Whether all nouns are capitalised.
    """

    code: str
    function_words: frozenset[str]
    bland: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    spaced: bool = True
    nouns_capital: bool = False


_LANGUAGES = {
    code: Language(code, stop_words, nouns_capital=code == "de")
    for code, stop_words in STOP_WORDS.items()
} | {
    "en": Language("en", FUNCTION_WORDS, BLAND, WEAK),
    "zh": Language("zh", STOP_WORDS["zh"], spaced=False),
}


def language_of(texts: Iterable[str]) -> Language | None:
    """The language of most sentences, told by their stop words or their script."""
    sample = [text for _, text in zip(range(SAMPLE), texts, strict=False)]
    joined = " ".join(sample)
    letters = len(_WORD.findall(joined)) or 1
    dense = sum(len(run) for run in SPACELESS_RUN.findall(joined))
    if dense > 2 * letters:
        return _LANGUAGES["zh"]
    counts = Counter(word.lower() for word in _WORD.findall(joined))
    if _ARABIC.search(joined):
        counts = Counter(_WORD.findall(index_form(joined)))
    total = counts.total()
    if not total:
        return None
    shares = {
        code: sum(counts[word] for word in stop_words) / total
        for code, stop_words in STOP_WORDS.items()
        if code != "zh"
    }
    best = max(shares, key=shares.__getitem__)
    least = LEAST_SHARE / 2 if best == "ar" else LEAST_SHARE
    return _LANGUAGES[best] if shares[best] >= least else None
