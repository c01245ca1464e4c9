"""Definitions in other languages than English: subject, verb, article, and what sets it apart."""

from __future__ import annotations

import re

from studyq.cards.builtin.fact import Fact
from studyq.cards.builtin.language import Language

# Definitions in other languages: subject, verb, article; the question is put around the subject.
_LATIN_SUBJECT = r"(?P<subject>[A-Z\u00c0-\u00dd\u0152][\w'\u2019-]*(?: [\w'\u2019-]+){0,4}?)"
_DEFINITIONS = {
    "de": (
        re.compile(
            rf"^{_LATIN_SUBJECT} (?P<verb>ist|sind) (?P<answer>(?:eine?|der|die|das) .+ ?, "
            r"(?:der|die|das|den|dem|welche[rs]?|mit|in|auf|bei|an|von|zu|aus|um|durch|"
            r"f\u00fcr) .+)\.$"
        ),
        "Was {verb} {subject}?",
    ),
    "fr": (
        re.compile(
            rf"^{_LATIN_SUBJECT} est (?P<answer>une? .+ (?:qui|que|dont|permettant|pour|de) .+)\.$"
        ),
        "Qu\u2019est-ce que {subject}\u00a0?",
    ),
    "es": (
        re.compile(
            rf"^{_LATIN_SUBJECT} es (?P<answer>una? .+ (?:que|para|de|donde|cuyo|cuya) .+)\.$"
        ),
        "\u00bfQu\u00e9 es {subject}?",
    ),
    "zh": (
        re.compile(
            "^(?P<subject>[\\w\u00b7 +.-]{2,14}?)"
            "(?P<verb>\u662f\u6307|\u662f\u4e00[\u79cd\u7a2e\u500b\u4e2a])"
            "(?P<answer>[^\u3002\uff1f\uff01]{8,90})\u3002$"
        ),
        "\u4ec0\u4e48\u662f{subject}\uff1f",
    ),
}
_FOREIGN_BAD = re.compile(
    r"^(?:dies\w*|das|es|er|sie|man|ein\w*|hier|ce\w*|il|elle|on|c'|un|une|el|ella|est\w|es\w|uno|una|"
    "\u8fd9|\u9019|\u90a3|\u5b83|\u4ed6|\u5979|\u6b64|\u5176|\u4e0b|\u4e0a|\u672c|\u4f60|\u6211|\u8be5|\u8a72|\u7531|\u5982|\u4ee5|\u5bf9|\u5728|\u5f53|\u6240|\u56e0|\u4f46|\u800c|\u53e6)",
    re.IGNORECASE,
)


def foreign_definition(text: str, language: Language) -> Fact | None:
    """The definition that a clear sentence gives, in the languages known."""
    if language.code not in _DEFINITIONS:
        return None
    pattern, question = _DEFINITIONS[language.code]
    match = pattern.match(text)
    if match is None or _FOREIGN_BAD.match(match["subject"]):
        return None
    subject, answer = match["subject"].strip(), match["answer"]
    words = {word.lower() for word in subject.split()}
    if words & (language.function_words - {"de", "la", "le", "el", "der", "die", "das", "von"}):
        return None
    first = subject.split()[0].lower()
    if first in language.function_words:
        subject = subject[0].lower() + subject[1:]
    if language.code == "zh":
        answer = match["verb"].removeprefix("\u662f").removeprefix("\u6307") + answer
    asked = question.format(subject=subject, verb=match.groupdict().get("verb") or "")
    return Fact(subject, asked, answer, "is", 0.8, True)
