"""Wordings that make a question or an option useless away from its page, in several languages."""

from __future__ import annotations

import re

# What a question must not point at. One expression a language; the nouns are joined in.
_EN_PART = (
    "passage|text|excerpt|paragraph|author|authors|chapter|section|document|article|book|page|"
    "slide|reading|lesson|lecture"
)
_EN_FIGURE = (
    "figure|fig\\.?|table|tab\\.?|diagram|chart|graph|image|picture|equation|eq\\.?|listing|"
    "example|formula|code|snippet|exercise|box|appendix"
)
_EN_SHOWN = (
    "shown|mentioned|described|discussed|seen|noted|listed|given|explained|stated|defined|used"
)
_DE_PART = "text|abschnitt|kapitel|dokument|absatz|artikel|auszug|autor"
_FR_PART = "texte|passage|extrait|paragraphe|chapitre|document"
_ROMANCE_PART = (
    "texto|pasaje|p\u00e1rrafo|fragmento|cap\u00edtulo|documento|testo|brano|capitolo|trecho"
)
_AT_TEXT = re.compile(
    r"\b(?:"
    rf"(?:in|from|by|to|based on) (?:this|the (?:given|above|following)) (?:{_EN_PART})"
    rf"|according to the (?:{_EN_PART})"
    rf"|(?:this|the) (?:{_EN_PART}) (?:says?|states?|suggests?|shows?|describes?|mentions?|"
    r"explains?|argues?|claims?|discusse?s?)"
    r"|mentioned in the (?:passage|text|excerpt|paragraph|chapter|section|document|article)"
    rf"|(?:{_EN_SHOWN}) (?:above|below|earlier|previously|before)"
    rf"|(?:{_EN_SHOWN}) in (?:the )?(?:previous|next|following|last|{_EN_FIGURE}|section|chapter)\b"
    rf"|(?:see|see also|cf\.?|in|from) (?:{_EN_FIGURE}|section|chapter) ?\(?(?:\d|[A-Z]\b)"
    rf"|the (?:above|following|preceding|aforementioned|previous|next) (?:{_EN_PART}|{_EN_FIGURE}|"
    r"list|statements?|sections?|paragraphs?|steps?|commands?)"
    rf"|(?:this|the|that) (?:{_EN_FIGURE}) (?:above|below|shows?)"
    rf"|(?:this|that|these|those) (?:{_EN_PART}|figure|table|diagram|equation|example|study|"
    r"experiment|case|sentence|code|command|function|method|approach|process|way)"
    rf"|(?:im|aus dem|laut|gem\u00e4\u00df) (?:obigen|folgenden|vorliegenden) (?:{_DE_PART})"
    rf"|(?:in diesem|laut|laut dem|gem\u00e4\u00df dem) (?:{_DE_PART})"
    r"|(?:in|siehe|vgl\.?) (?:abbildung|abb\.?|tabelle|tab\.?|gleichung|abschnitt|kapitel) ?\d"
    r"|wie (?:oben|unten|bereits|zuvor) (?:beschrieben|erw\u00e4hnt|gezeigt|gesagt)"
    rf"|(?:dans|selon|d'apr\u00e8s) (?:ce|cet|cette|le pr\u00e9sent) (?:{_FR_PART})"
    rf"|(?:selon|d'apr\u00e8s) (?:le |la |l')(?:{_FR_PART})"
    r"|(?:figure|tableau|\u00e9quation|section|chapitre) (?:ci-dessus|ci-dessous|suivante?|"
    r"pr\u00e9c\u00e9dente?)"
    r"|(?:voir|dans) (?:la |le |l')?(?:figure|tableau|\u00e9quation) \d"
    rf"|(?:en|neste|nesta|em|in) (?:este|esta|questo) (?:{_ROMANCE_PART})"
    rf"|(?:seg\u00fan|segundo|secondo) (?:el|la|o|il) (?:{_ROMANCE_PART})"
    r"|(?:figura|tabla|tabela|tabella|ecuaci\u00f3n|equa\u00e7\u00e3o|equazione) "
    r"(?:anterior|siguiente|seguinte|precedente|\d)"
    r"|(?:in|volgens) (?:deze|dit|de|het) (?:tekst|passage|alinea|hoofdstuk|fragment)"
    r")"
    "|\u672c\u6587|\u4e0a\u6587|\u4e0b\u6587|\u672c\u7ae0|\u672c\u8282|[\u4e0a\u4e0b](?:\u56fe|\u8868)"
    "|\u8fd9\u6bb5\u6587\u5b57|\u6587\u4e2d|\u6587\u7ae0\u4e2d"
    "|\u0641\u064a \u0647\u0630\u0627 \u0627\u0644\u0646\u0635"
    "|\u062d\u0633\u0628 \u0627\u0644\u0646\u0635",
    re.IGNORECASE,
)
_AT_OPTIONS = re.compile(
    r"\b(?:all|none|both|any|neither) of (?:the )?(?:above|these|those|them|options|choices)\b"
    r"|\b(?:both|either|neither) \(?[a-d1-4]\)? (?:and|or|nor) \(?[a-d1-4]\)?(?:\W|$)"
    r"|\b(?:alle|keine[rs]?)(?: der)? (?:genannten|obigen|antworten|davon)\b"
    r"|\b(?:toutes?|tous|aucune?) (?:(?:de|des|les|ces) )*(?:r\u00e9ponses )?(?:ci-dessus|"
    r"r\u00e9ponses|propositions)\b"
    r"|\b(?:todas?|todos|ningun[ao]|nenhuma?|tutte|nessuna) (?:(?:de|das|delle|las|los) )*"
    r"(?:anteriores|precedenti|opciones|respuestas|alternativas|risposte)\b"
    "|\u4ee5\u4e0a(?:\u90fd|\u7686|\u5168)"
    "|\u062c\u0645\u064a\u0639 \u0645\u0627 \u0633\u0628\u0642",
    re.IGNORECASE,
)


def points_at_text(question: str) -> bool:
    """Whether a question needs the page in front of one: "in this passage", "the figure above"."""
    return _AT_TEXT.search(question) is not None


def points_at_options(option: str) -> bool:
    """Whether an option is about the others: "all of the above"."""
    return _AT_OPTIONS.search(option) is not None
