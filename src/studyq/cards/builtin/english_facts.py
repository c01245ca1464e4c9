"""Definitions and plain facts in English sentences.

The patterns are few and strict: a question is asked only where its grammar is certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from studyq.cards.builtin.fact import Fact, UsualCase
from studyq.cards.builtin.subjects import (
    BAD_ANSWER,
    BAD_FIRST,
    RESTRICTS,
    bare,
    is_named,
    is_person,
    is_term,
    is_vague,
    tells,
    trimmed,
    within,
)

_SUBJECT = r"(?P<subject>(?:[A-Z][\w'\u2019-]*|\d{4})(?: \(?[\w'\u2019/-]+\)?){0,6}?)"
_IS = re.compile(
    rf"^{_SUBJECT} (?P<verb>is|are|was|were) (?:also )?(?:generally |usually |commonly |often |"
    r"typically |formally |simply )?(?P<defined>defined as )?(?P<answer>(?:an?|the|any|one|"
    r"those|when|how)\b.+)$"
)
_ARE = re.compile(
    rf"^{_SUBJECT} (?P<verb>are) (?P<answer>(?!\w+ed\b|\w+ly\b|more\b|less\b|not\b|able\b|"
    r"capable\b|part\b|known\b|made\b|found\b|built\b|held\b|kept\b|also\b|often\b|all\b|both\b)"
    r"(?:[\w-]+ ){0,3}(?:[\w-]+s|people|children|men|women|phenomena|criteria|bacteria|data) "
    r"(?:that|who|which|used|of|for|with|made|in which|where|whose|between|to)\b.+)$"
)
_MEANS = re.compile(
    rf"^{_SUBJECT} (?:also |often |usually )?(?P<verb>refers? to|means?|denotes?|describes?|"
    r"stands? for) (?P<answer>.+)$"
)
_CALLED = re.compile(
    r"^(?P<subject>[A-Z][^,;:]{15,160}?) (?P<verb>is|are) (?:also |often |usually |commonly |"
    r"generally |sometimes |therefore )?(?:called|known as|termed|named|referred to as) "
    r"(?:an? |the )?(?P<answer>[\w'\u2019-]+(?: [\w'\u2019-]+){0,4}?)(?P<rest>\.|, (?:which|and|or|"
    r"because|while|where|after).*)$"
)
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


def english_facts(text: str, usual_case: UsualCase) -> Iterator[Fact]:
    """The facts that a clear sentence tells, the surest first."""
    for pattern in (_called, _dated, _made_by, _maker, _located, _means, _is, _short_form):
        fact = pattern(text, usual_case)
        if fact is not None:
            yield fact


def _is(text: str, usual_case: UsualCase) -> Fact | None:
    match = _IS.match(text) or _ARE.match(text)
    if match is None:
        return None
    subject, verb, answer = match["subject"], match["verb"], trimmed(match["answer"])
    if not is_term(subject) or not tells(answer):
        return None
    asked = within(subject, usual_case)
    who = is_person(subject, answer)
    if asked.startswith("the ") and " of " in asked and not asked[4].isupper():
        return None  # "The capital of the country is …": which country?
    if answer.startswith(("when ", "how ")) and verb != "is":
        return None
    explicit = match.groupdict().get("defined") is not None
    restricts = RESTRICTS.search(answer) is not None
    if not explicit and not restricts:
        return None
    score = 0.9 if explicit else 0.75
    score += 0.1 * (answer.startswith(("a ", "an ")) and " that " in answer)
    score -= 0.15 * (verb in ("was", "were")) + 0.1 * (len(answer.split()) > 30)
    asks = "Who" if who else "What"
    reverse = f"Which of these {verb} {answer}?" if not explicit and not who else ""
    if answer.startswith(("when ", "how ")):
        reverse = ""
    return Fact(
        bare(asked), f"{asks} {verb} {asked}?", answer, "is", min(1.0, score), True, reverse
    )


def _means(text: str, usual_case: UsualCase) -> Fact | None:
    match = _MEANS.match(text)
    if match is None:
        return None
    subject, verb, answer = match["subject"], match["verb"], trimmed(match["answer"])
    subject = re.sub(
        r"^The (?:term|word|concept|phrase|name|expression|abbreviation|acronym) ", "", subject
    ).strip("\u201c\u201d\"' ")
    if not is_term(subject) or len(answer.split()) < 3 or BAD_ANSWER.match(answer):
        return None
    asked = within(subject, usual_case)
    first, _, rest = verb.partition(" ")
    plural = not first.endswith("s")
    if first.startswith("describe") or (first.startswith("mean") and answer.startswith("that ")):
        return None
    question = (
        f"What {'do' if plural else 'does'} {asked} {first.removesuffix('s')} {rest}".rstrip()
    )
    reverse = f"What {first} {rest}".rstrip() + f" {answer}?" if not plural else ""
    return Fact(bare(asked), f"{question}?", answer, "means", 0.95, True, reverse)


def _called(text: str, usual_case: UsualCase) -> Fact | None:
    match = _CALLED.match(text)
    if match is None:
        return None
    subject, answer = match["subject"], match["answer"]
    words = subject.split()
    if words[0].lower() in BAD_FIRST or len(words) < 3 or len(subject) > 150:
        return None
    if {word.lower() for word in words} & {"it", "this", "these", "they", "he", "she", "is", "are"}:
        return None
    if not is_term(answer[0].upper() + answer[1:]):
        return None
    asked = within(subject, usual_case)
    return Fact(
        answer,
        f"What {match['verb']} {asked} called?",
        answer,
        "called",
        0.95,
        True,
        f"What {match['verb']} {asked} called?",
    )


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
