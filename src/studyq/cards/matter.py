"""Telling the text that is to be learnt from front and back matter, by headings and by shape."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from studyq.cards.source import SourceChunk
from studyq.text.sections import SEPARATOR

# Titles of sections without anything to learn, in the commonest languages of the library. Compared
# without numbering, case and accents.
_TITLE_LIST = """
contents|table of contents|brief contents|list of figures|list of tables|list of abbreviations|
index|subject index|name index|author index|general index|references|reference list|bibliography|
works cited|literature cited|literature|further reading|further research|suggested reading|
suggested readings|recommended reading|acknowledgments|acknowledgements|acknowledgement|copyright|
copyright notice|copyright and license|license|licence|licensing|colophon|imprint|dedication|
about the author|about the authors|about this book|about this document|contributors|credits|
image credits|photo credits|how to cite|citation|errata|changelog|change log|revision history|
history of changes|exercises|review questions|self-check questions|critical thinking questions|
personal application questions|short answer|section quiz|quiz|problems|practice problems|
discussion questions|answer key|answers|solutions|notes|endnotes|gnu free documentation license|
gnu general public license|apache license|
inhalt|inhaltsverzeichnis|verzeichnis der abbildungen|abbildungsverzeichnis|tabellenverzeichnis|
abkurzungsverzeichnis|stichwortverzeichnis|sachregister|personenregister|register|literatur|
literaturverzeichnis|quellenverzeichnis|literaturhinweise|danksagung|impressum|ubungen|aufgaben|
fragen|losungen|lizenz|
table des matieres|sommaire|table des figures|liste des figures|liste des tableaux|bibliographie|
remerciements|mentions legales|exercices|licence|references bibliographiques|
indice|indice general|indice de contenidos|tabla de contenido|tabla de contenidos|contenido|
contenidos|indice de figuras|indice de tablas|indice alfabetico|indice analitico|bibliografia|
referencias|referencias bibliograficas|agradecimientos|ejercicios|licencia|creditos|
sumario|sommario|ringraziamenti|riferimenti|riferimenti bibliografici|esercizi|licenza|
agradecimentos|referencias bibliograficas|exercicios|licenca|
inhoudsopgave|inhoud|literatuurlijst|dankwoord|trefwoordenlijst|oefeningen|
目录|目次|参考文献|索引|致谢|版权|版权声明|附录索引|习题|练习|
المحتويات|فهرس|الفهرس|المراجع|المصادر|شكر|شكر وتقدير
"""
_NUMBERING = re.compile(
    r"^(?:(?:chapter|section|part|appendix|kapitel|anhang|chapitre|annexe|capitulo|anexo)\s+)?"
    r"(?:[\divxlc]+(?:\.[\divxlc]+)*|[a-z](?:\.\d+)*)?[.:)]?\s+"
)
_LEADERS = re.compile(r"(?:[.\u00b7\u2026_] ?){5,}\s*\S{0,8}|\u2026{2,}")
_WORD = re.compile(r"[^\W\d_]{2,}")
_ENTRY = re.compile(r"[^\W\d_][,\u060c]? \d{1,4}(?:[-\u2013]\d{1,4})?(?=[,;\s]|$)")
_YEAR = re.compile(r"\(?\b(?:1[89]|20)\d\d[a-z]?\b\)?[.,:]?")
_REFERENCE_MARK = re.compile(
    r"\b(?:doi|https?|isbn|issn|arxiv|pp|vol|eds?|proc|press|journal|university press|in:|verlag)\b"
    r"|\b[A-Z]\.(?: ?[A-Z]\.)*(?=,| and\b| &|\s[A-Z][a-z])",
    re.IGNORECASE,
)
_LEGAL = re.compile(
    r"\b(?:all rights reserved|alle rechte vorbehalten|tous droits r\u00e9serv\u00e9s|"
    r"todos los derechos reservados|permission is (?:hereby )?granted|"
    r"without warranty|creative commons|gnu (?:free|general|lesser))\b",
    re.IGNORECASE,
)


def _plain(title: str) -> str:
    """A title without case, accents and numbering."""
    decomposed = unicodedata.normalize("NFKD", " ".join(title.split()).casefold())
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _NUMBERING.sub("", bare).strip(" .:\u2026") or bare


_TITLES = frozenset(_plain(title) for title in _TITLE_LIST.replace("\n", "").split("|") if title)


def is_apart(chunk: SourceChunk) -> bool:
    """Whether a chunk is front or back matter: contents, index, references, licence, exercises."""
    return has_title_apart(chunk.section) or has_shape_apart(chunk.text)


def has_title_apart(section: str) -> bool:
    """Whether a section, or one around it, is front or back matter by its heading."""
    return any(_plain(title) in _TITLES for title in section.split(SEPARATOR))


def has_shape_apart(text: str) -> bool:
    """Whether a passage looks like a table of contents, an index, references or a legal notice."""
    words = len(_WORD.findall(text))
    if words < 8:
        return True
    leaders = len(_LEADERS.findall(text))
    if leaders >= 4 or leaders * 8 > words:
        return True
    if len(_ENTRY.findall(text)) * 5 > words:
        return True
    years, marks = len(_YEAR.findall(text)), len(_REFERENCE_MARK.findall(text))
    if years >= 3 and marks >= 6 and (years + marks) * 6 > words:
        return True
    return len(_LEGAL.findall(text)) >= 2


def eligible(chunks: Iterable[SourceChunk]) -> list[SourceChunk]:
    """The chunks that cards are to be made from."""
    return [chunk for chunk in chunks if not is_apart(chunk)]
