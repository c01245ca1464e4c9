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
# Arabic writes "and", "the", "with", "for" and possessives onto the word; taken off where two
# letters are left, as light stemmers do (Larkey, Ballesteros and Connell's "light10").
_ARABIC_WORD = re.compile("[\u0621-\u063a\u0641-\u064a]{4,}")
_ARABIC_AFFIXES = re.compile(
    "^(?:(?:وال|بال|كال|فال|ال|لل)(?=..)|و(?=...))?(.+?)(?:(?<=..)(?:ها|ان|ات|ون|ين|يه))?$"  # noqa: RUF001
)
_ARABIC_LAST = re.compile("(?<=...)[\u0647\u064a\u0627]$")  # heh, yeh, alef
_LATIN_LETTER = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_LONG_WORD = 6
_SHORTEST_STEM = 5  # letters; shorter beginnings match too many words


@dataclass(frozen=True)
class QueryTerms:
    """What a query asks for, in index form.

    Attributes:
        words: All its words in order, none dropped: the phrase.
        content: The different words that carry meaning; all of them when nothing else is left.
        pairs: Content words that follow one another in the query.
        stems: Beginnings of long words, to find their inflected forms and compounds where the
            index knows no stems: everywhere but in English, Arabic and scripts without spaces.
        language: Guessed from its stop words: "en", "de", ... or None.
        spaceless: Whether it holds words of a script without spaces.
        latin: Whether it has a Latin letter, or no letter at all.
    """

    words: tuple[str, ...]
    content: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    stems: tuple[str, ...]
    language: str | None
    spaceless: bool
    latin: bool


def index_form(text: str) -> str:
    """Bring a text to the form in which it is indexed.

    Typographic variants are made plain; Arabic and Hebrew are stripped of points, Arabic of its
    commonest prefixes and endings; runs of scripts without spaces become overlapping pairs of
    characters, so that a tokenizer that knows only spaces finds words, and phrases of them, in any
    place.
    """
    return text if text.isascii() else _pieces(_unified(text))


def query_terms(query: str) -> QueryTerms:
    """Take a query apart; anything may be in it, nothing in it is syntax."""
    plain = _WORD.findall(_unified(query).lower())
    language = guess_language([*plain, *_WORD.findall(index_form(query).lower())])
    stop_words = STOP_WORDS[language] if language else frozenset[str]()
    pieces = [(_WORD.findall(_pieces(word)), word in stop_words) for word in plain]
    words = tuple(piece for split, _ in pieces for piece in split)
    kept = dict.fromkeys(
        piece for split, stop in pieces for piece in split if not (stop or piece in stop_words)
    )
    content = tuple(kept or dict.fromkeys(words))
    return QueryTerms(
        words=words,
        content=content,
        pairs=tuple(
            pair
            for pair in pairwise(words)
            if kept.keys() >= set(pair) and not all(map(SPACELESS_RUN.fullmatch, pair))
        ),
        stems=_stems(content, language, len(words)),
        language=language,
        spaceless=SPACELESS_RUN.search(query) is not None,
        latin=_LATIN_LETTER.search(query) is not None or not any(map(str.isalpha, query)),
    )


def _unified(text: str) -> str:
    if text.isascii():
        return text
    text = _COMPATIBILITY.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = _POINTS.sub("", text)
    return text.translate(_ARABIC_FORMS) if _ARABIC.search(text) else text


def _pieces(text: str) -> str:
    if text.isascii():
        return text
    if _ARABIC.search(text):
        text = _ARABIC_WORD.sub(_light_stem, text)
    return SPACELESS_RUN.sub(_pairs, text)


def _light_stem(match: re.Match[str]) -> str:
    return _ARABIC_LAST.sub("", _ARABIC_AFFIXES.sub(r"\1", match[0]))


def _stems(content: tuple[str, ...], language: str | None, length: int) -> tuple[str, ...]:
    """Give the beginnings of long words, unless the query is taken to be English.

    An English question of some length has a stop word in it; without any, a query of Latin words
    is English when it is short, and some language that has no list here when it is long.
    """
    if language == "en":
        return ()
    return tuple(
        word[: max(_SHORTEST_STEM, len(word) * 7 // 10)]
        for word in content
        if len(word) >= _LONG_WORD
        and not (_ARABIC.search(word) or SPACELESS_RUN.search(word))
        and (language or length > 4 or not word.isascii())
    )


def _pairs(match: re.Match[str]) -> str:
    run = match[0]
    if len(run) == 1:
        return f" {run} "
    return " " + " ".join(first + second for first, second in pairwise(run)) + " "
