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
        nouns_capital: Whether all nouns are capitalised.
        infinitives: What infinitives look like, where they can be taken for nouns.
    """

    code: str
    function_words: frozenset[str]
    bland: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    nouns_capital: bool = False
    infinitives: re.Pattern[str] | None = None


_BLAND_DE = """
bezug hinblick anspruch zusammenhang großteil mehrheit vergleich gegensatz regel lauf rahmen jahr
jahre jahren jahres zeit zeiten ende anfang teil teile teilen art arten weise beispiel grund fall
fälle problem frage fragen seite seiten land länder menschen leute mensch mann frau kinder leben
welt tag tage tagen woche monat zahl anzahl menge möglichkeit form formen punkt ort orte name
namen wort worte sache dinge ding bereich bereiche gebiet rolle ziel weg arbeit entwicklung
ergebnis folge wert bedeutung auswirkungen mitglied mitglieder gruppe nutzung verwendung hilfe
lage stelle januar februar märz april mai juni juli august september oktober november dezember
"""
_BLAND_FR = """
plupart majorité cours base sorte ensemble année années an ans temps partie parties fin début
exemple cas fois chose choses point question problème monde vie jour jours mois semaine nombre
forme formes nom mot mots lieu rôle but travail résultat façon manière moyen suite place effet
gens personne personnes homme femme enfants groupe type janvier février mars avril mai juin
juillet août septembre octobre novembre décembre
"""
_BLAND_ES = """
mayoría década década función base relación serie cantidad través año años tiempo parte partes fin
inicio ejemplo caso casos vez veces cosa cosas punto pregunta problema mundo vida día días mes
semana número forma formas nombre palabra lugar papel objetivo trabajo resultado manera modo tipo
efecto gente persona personas hombre mujer grupo enero febrero marzo abril mayo junio julio agosto
septiembre octubre noviembre diciembre
"""
_WEAK_LISTS = {
    "de": "erste ersten erster erstes letzte letzten neue neuen neuer großen große großer kleinen "
    "kleine meisten weitere weiteren verschiedene verschiedenen gleichen zwei drei vier",
    "fr": "premier première premiers premières dernier dernière derniers dernières nouveau "
    "nouvelle nouveaux nouvelles grand grande grands grandes petit petite seul seule "
    "deux trois quatre",
    "es": "mayor menor primer primera primero primeros último última nuevo nueva nuevos nuevas "
    "gran grandes mismo misma dos tres cuatro siete",
}
_INFINITIVES = {"es": re.compile(r"\w{2,}[aei]r$"), "fr": re.compile(r"\w{2,}(?:er|ir|oir)$")}
_BLAND_LISTS = {"de": _BLAND_DE, "fr": _BLAND_FR, "es": _BLAND_ES}
_LANGUAGES = {
    code: Language(
        code,
        stop_words,
        bland=frozenset(_BLAND_LISTS.get(code, "").split()),
        weak=frozenset(_WEAK_LISTS.get(code, "").split()),
        infinitives=_INFINITIVES.get(code),
        nouns_capital=code == "de",
    )
    for code, stop_words in STOP_WORDS.items()
} | {
    "en": Language("en", FUNCTION_WORDS, BLAND, WEAK),
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
