"""From text to the words that the index holds, and from a question to the words it asks for.

`index_form` is applied to everything that is written to the word index and to every query, so that
both meet in the same form. What the index's own tokenizer does (case, Latin accents, English
stems) is left to it.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from studyq.text.scripts import SPACELESS_RUN
from studyq.text.stopwords import STOP_WORDS, guess_language

# Typographic forms of letters: full and half width, ligatures, Arabic presentation forms.
_COMPATIBILITY = re.compile("[\ufb00-\ufdff\ufe70-\ufefc\uff01-\uffef\u2460-\u24ff\u3300-\u33ff]+")
# Arabic vowel signs and tatweel, Hebrew points: often left out, or torn off by PDF extraction.
_POINTS = re.compile("[\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]+")
_ARABIC = re.compile("[\u0600-\u06ff]")
# Spellings that writers mix: alef with and without hamza, yeh, teh marbuta, Persian kaf and yeh.
_ARABIC_FORMS = str.maketrans("أإآٱىیئؤةک", "اااايييوهك")
# Letters, digits and the combining marks that are parts of words.
_WORD = re.compile(
    "[\\w\u0300-\u036f\u0900-\u0963\u0966-\u0dff\u0e00-\u0eff\u1000-\u109f\u1780-\u17d3]+"
)


@dataclass(frozen=True)
class QueryTerms:
    """What a query asks for, in index form.

    Attributes:
        words: All its words in order, none dropped: the phrase.
        content: The different words that carry meaning; all of them when nothing else is left.
        spaceless: Whether it holds words of a script without spaces.
        language: Guessed from its stop words: "en", "de", ... or None.
    """

    words: tuple[str, ...]
    content: tuple[str, ...]
    spaceless: bool
    language: str | None


def index_form(text: str) -> str:
    """Bring a text to the form in which it is indexed.

    Typographic variants are made plain, Arabic and Hebrew stripped of points and unified in
    spelling, and runs of scripts without spaces become overlapping pairs of characters, so that
    a tokenizer that knows only spaces finds words, and phrases of them, in any place.
    """
    if text.isascii():
        return text
    text = _COMPATIBILITY.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    if _POINTS.search(text):
        text = _POINTS.sub("", text)
    if _ARABIC.search(text):
        text = text.translate(_ARABIC_FORMS)
    return SPACELESS_RUN.sub(_pairs, text)


def query_terms(query: str) -> QueryTerms:
    """Take a query apart; anything may be in it, nothing in it is syntax."""
    spaceless = SPACELESS_RUN.search(query) is not None
    words = tuple(_WORD.findall(index_form(query).lower()))
    language = guess_language(words)
    distinct = tuple(dict.fromkeys(words))
    stop_words = STOP_WORDS[language] if language else frozenset()
    content = tuple(word for word in distinct if word not in stop_words)
    return QueryTerms(words, content or distinct, spaceless, language)


def _pairs(match: re.Match[str]) -> str:
    run = match[0]
    if len(run) == 1:
        return f" {run} "
    return " " + " ".join(first + second for first, second in pairwise(run)) + " "
