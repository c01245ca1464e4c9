"""Plain facts in English sentences: when, where, who, and what letters stand for.

The patterns are few and strict: a question is asked only where its grammar is certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from studyq.cards.builtin.fact import Fact, UsualCase
from studyq.cards.builtin.subjects import bare, is_named, is_term, is_vague, within

_PAST = (
    "founded|established|invented|discovered|introduced|proposed|created|developed|designed|coined|"
    "published|composed|directed|signed|organized|launched|opened|completed|formulated|patented|"
    "built|written|painted"
)
_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_WHEN = (
    rf"(?P<answer>(?:in|on) (?:(?:early|late|mid-?) ?)?(?:(?:{_MONTH})(?: \d{{1,2}},?)? ?)?"
    r"(?:1\d{3}|20\d\d)|on \d{1,2} (?:" + _MONTH + r") (?:1\d{3}|20\d\d))\b"
)
_DATED = re.compile(
    r"^(?P<subject>(?:The )?[A-Z][\w.'\u2019-]*"
    r"(?: (?:[A-Z][\w.'\u2019-]*|of|the|for|and|in|de|von)){0,7}) "
    rf"was (?:first |officially |formally |originally )?(?P<verb>{_PAST}|born|adopted|abolished|"
    rf"dissolved|ratified|enacted|released|elected|assassinated|crowned) {_WHEN}"
)
_LOCATED = re.compile(
    r"^(?P<subject>(?:The )?[A-Z][\w.'\u2019-]*(?: (?:[A-Z][\w.'\u2019-]*|of|the|and|de))"
    r"{0,6}) (?P<verb>is|are|was|were) (?:mainly |primarily )?(?:located|situated) "
    r"(?P<answer>(?:in|on|at|near|between|within|along|outside) [^,;]{3,90}?)"
    r"(?:\.$|,| and (?:is|are|was|has|it)\b)"
)
_MADE_BY = re.compile(
    r"^(?P<subject>(?:The |A |An )?[A-Z][\w.'\u2019-]*(?: [\w.'\u2019-]+){0,7}?) "
    rf"(?P<verb>was|were) (?:first |originally )?(?P<done>{_PAST}) by "
    r"(?P<answer>[A-Z][\w.'\u2019-]+(?: (?:[A-Z][\w.'\u2019-]*|de|von|van|and|of|der)){1,5})"
    r"(?=[.,]| in \d{4}| at | during | while )"
)
_MAKER = re.compile(
    r"^(?P<answer>[A-Z][a-z\u00e0-\u00fc]+(?: (?:[A-Z][\w.'\u2019-]*|de|von|van|der)){1,4}) "
    r"(?:first |originally )?(?P<done>founded|established|invented|discovered|coined|formulated|"
    r"patented|developed|introduced|proposed) (?P<object>the [^,;]{8,110}?)"
    r"(?: in (?:1\d{3}|20\d\d))?\.$"
)
_SHORT_FORM = re.compile(
    r"(?P<long>(?:[\w'\u2019-]+ ){1,7}[\w'\u2019-]+) \((?P<short>[A-Z][A-Za-z]{1,7})\)"
)

_PAST_TENSE = {"written": "wrote"}


def plain_facts(text: str, usual_case: UsualCase) -> Iterator[Fact]:
    """The facts that a sentence tells, the surest first."""
    for pattern in (_dated, _made_by, _maker, _located, _short_form):
        fact = pattern(text, usual_case)
        if fact is not None:
            yield fact


def _dated(text: str, usual_case: UsualCase) -> Fact | None:
    match = _DATED.match(text)
    if match is None or not is_named(match["subject"]):
        return None
    asked = within(match["subject"], usual_case)
    return Fact(bare(asked), f"When was {asked} {match['verb']}?", match["answer"], "when", 0.9)


def _located(text: str, usual_case: UsualCase) -> Fact | None:
    match = _LOCATED.match(text)
    if match is None or not is_named(match["subject"]):
        return None
    asked = within(match["subject"], usual_case)
    return Fact(
        bare(asked),
        f"Where {match['verb']} {asked} located?",
        match["answer"],
        "where",
        0.85,
    )


def _made_by(text: str, usual_case: UsualCase) -> Fact | None:
    match = _MADE_BY.match(text)
    if match is None or not is_term(match["subject"]):
        return None
    asked = within(match["subject"], usual_case)
    verb = _PAST_TENSE.get(match["done"], match["done"])
    return Fact(bare(asked), f"Who {verb} {asked}?", match["answer"], "who", 0.9)


def _maker(text: str, usual_case: UsualCase) -> Fact | None:
    match = _MAKER.match(text)
    if match is None or is_vague(match["object"]):
        return None
    question = f"Who {match['done']} {match['object']}?"
    return Fact(match["answer"], question, match["answer"], "who", 0.85)


def _short_form(text: str, usual_case: UsualCase) -> Fact | None:
    for match in _SHORT_FORM.finditer(text):
        long = expansion(match["long"], match["short"])
        if long:
            return Fact(
                match["short"],
                f"What does {match['short']} stand for?",
                long,
                "short form",
                0.8,
            )
    return None


def expansion(before: str, short: str) -> str:
    """The words before "(ABC)" whose initials it is made of; empty when they are not."""
    letters = [letter.lower() for letter in short if letter.isupper()]
    if len(letters) < 2 or len(letters) < len(short) - 1:
        return ""
    words = before.split()
    for count in range(len(letters), min(len(words), len(letters) + 3) + 1):
        chosen = words[-count:]
        initials = [part[0].lower() for word in chosen for part in word.split("-") if part]
        meant = [
            part[0].lower()
            for word in chosen
            for part in word.split("-")
            if part and part.lower() not in ("of", "the", "and", "for", "in", "on", "to")
        ]
        if letters in (initials, meant) and chosen[0].lower() not in ("of", "the", "and", "a"):
            return " ".join(chosen)
    return ""
