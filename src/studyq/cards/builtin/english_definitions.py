"""English sentences that say what something is: "X is a …", "X refers to …", "… is called X".

The question is put together from the sentence's own words, so the patterns are strict: where the
grammar of the question is not certain, none is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from studyq.cards.builtin.english import has_verb
from studyq.cards.builtin.fact import Fact, UsualCase
from studyq.cards.builtin.subjects import (
    BAD_ANSWER,
    BAD_FIRST,
    bare,
    is_person,
    is_term,
    leans_out,
    repeats,
    restricts,
    tells,
    trimmed,
    within,
)
from studyq.cards.builtin.tokens import is_plural

_SUBJECT = r"(?P<subject>(?:[A-Z][\w'\u2019-]*|\d{4})(?: \(?[\w'\u2019/-]+\)?){0,6}?)"
_IS = re.compile(
    rf"^{_SUBJECT} (?P<verb>is|are|was|were) (?:also )?(?:generally |usually |commonly |often |"
    r"typically |formally |simply )?(?P<defined>defined as )?(?P<answer>(?:an?|the|any|one|"
    r"those)\b.+)$"
)
_ARE = re.compile(
    rf"^{_SUBJECT} (?P<verb>are) (?P<answer>(?!\w+ed\b|\w+ly\b|more\b|less\b|not\b|able\b|"
    r"capable\b|part\b|known\b|made\b|found\b|built\b|held\b|kept\b|also\b|often\b|all\b|both\b)"
    r"(?:[\w-]+ ){0,3}(?:[\w-]+s|people|children|men|women|phenomena|criteria|bacteria|data) "
    r"(?:that|who|which|\w+ed|given|made|seen|held|taken|born|of|for|with|in which|where|whose|"
    r"between|to)\b.+)$"
)
_MEANS = re.compile(
    rf"^{_SUBJECT} (?:also |often |usually )?(?P<verb>refers? to|means?|denotes?|"
    r"stands? for) (?P<answer>.+)$"
)
_CALLED = re.compile(
    r"^(?P<subject>[A-Z][^;:]{15,160}?) (?P<verb>is|are) (?:also |often |usually |commonly |"
    r"generally |sometimes |therefore )?(?:called|known as|termed|named|referred to as) "
    r"(?:an? |the )?(?P<answer>[\w'\u2019-]+(?: [\w'\u2019-]+){0,4}?)(?P<rest>\.|, (?:which|and|or|"
    r"because|while|where|after).*)$"
)
_NAMED_BY = re.compile(
    r"^(?P<subject>[A-Z][^;:]{15,200}?) is what (?P<who>\w+) (?P<verb>call|term) (?:an? |the )?"
    r"(?P<answer>[\w'\u2019-]+(?: [\w'\u2019-]+){0,3})\.$"
)
_OCCURS = re.compile(rf"^{_SUBJECT} (?P<verb>occurs?|happens?) (?P<answer>when .+)$")
_ACTIONS_LIST = """
assert assess cause comprise contain control convert detect determine emphasize encompass entail
examine explain explore hold inhibit investigate involve measure monitor predict process produce
propose protect regulate release represent secrete state store study suggest transmit trigger
"""
_THIRD_PERSON = {
    (base[:-1] + "ies" if base.endswith("y") else base + "s"): base
    for base in _ACTIONS_LIST.split()
}
_DOES = re.compile(
    rf"^{_SUBJECT} (?:also |generally |usually |typically |mainly |primarily )?"
    rf"(?P<verb>{'|'.join([*_THIRD_PERSON, *_ACTIONS_LIST.split()])}) (?P<answer>.+)$"
)
_CLAIMS_LIST = """
assert hold predict propose state suggest
"""
_MEANT = re.compile(r"(?:an?|the|to|being|having|not|\w+ing)\b")
_DIGIT = re.compile(r"\d")
_CLAIMS = frozenset(_CLAIMS_LIST.split())
_LOOSE_OBJECT = re.compile(
    r"(?:are|is|was|were|have|has|often|usually|can|may|will|it|them|him|her|this|these|those|in|on|at|to|as|by|from|for|with|and|or|of|into|up|out|off|"
    r"over|only|also|more|not|how much)\b"
)
_FINITE_LIST = """
such is are was were it this these they he she we you has have can will
"""
_FINITE = frozenset(_FINITE_LIST.split())

# What stands before the subject and says nothing, and what says for which field it is so.
_LEAD = re.compile(
    r"^(?:However|Finally|Similarly|Thus|Therefore|Hence|Instead|Rather|Moreover|Furthermore|"
    r"Typically|Generally|Essentially|Basically|Specifically|Additionally|Conversely|Likewise|Also|"
    r"In contrast|By contrast|In addition|In other words|In general|In short|In essence|In fact|"
    r"In particular|On the other hand|Of course|Broadly speaking|Put simply|Simply put|"
    r"By definition|As (?:the|its|their) names? (?:suggests?|implies|imply)), (?=\w)"
)
_FIELD = re.compile(
    r"^(?P<field>In (?!this|that|these|those|such|the|contrast|addition|fact|turn|other|general|"
    r"particular|short|order|case|many|some|most|all|each|any|both)(?:[a-z-]+ ){0,2}[a-z-]+), "
    r"(?=[a-z])"
)
_ASIDE = re.compile(
    r", (?:in contrast|by contrast|on the other hand|however|then|therefore|in turn|too|also|"
    r"by definition|for example|for instance|of course), "
)
_ALIAS = re.compile(
    r"^((?:[\w'-]+ ){0,5}[\w'-]+),? "
    r"(?:\((?:also|more commonly|often|sometimes|formerly)? ?(?:called|known as|referred to as|"
    r"termed) [^()]{2,60}\)|, ?(?:also|more commonly|often|sometimes|formerly) (?:called|known as|"
    r"referred to as|termed) [^,()]{2,60},) "
)


def definitions(text: str, usual_case: UsualCase) -> Iterator[Fact]:
    """The definitions that a sentence gives, the surest first."""
    setting, core = _core(text)
    for pattern in (_called, _named_by, _means, _is, _occurs, _does):
        fact = pattern(core, usual_case)
        if fact is not None and not leans_out(fact.answer):
            yield _set(fact, setting)


def _core(text: str) -> tuple[str, str]:
    """The field that a statement is made for, if one is named, and the bare statement."""
    text = _LEAD.sub("", text)
    field = _FIELD.match(text)
    if field is not None:
        text = text[field.end() :]
    text = _ALIAS.sub(r"\1 ", _ASIDE.sub(" ", text).replace(" ,", ","))
    return field["field"] if field else "", text[:1].upper() + text[1:]


def _set(fact: Fact, setting: str) -> Fact:
    """A fact whose question names the field that it is true of."""
    if not setting:
        return fact
    question, reverse = (
        f"{setting}, {asked[0].lower()}{asked[1:]}" if asked else ""
        for asked in (fact.question, fact.reverse)
    )
    return replace(fact, question=question, reverse=reverse)


def _is(text: str, usual_case: UsualCase) -> Fact | None:
    match = _IS.match(text) or _ARE.match(text)
    if match is None:
        return None
    subject, verb, answer = match["subject"], match["verb"], trimmed(match["answer"])
    if not is_term(subject) or not tells(answer):
        return None
    asked = within(subject, usual_case)
    who = is_person(asked, answer)
    if asked.startswith("the ") and " of " in asked and not asked[4].isupper():
        return None  # "The capital of the country is …": which country?
    explicit = match.groupdict().get("defined") is not None
    if not explicit and restricts(answer) is None:
        return None
    if repeats(subject, answer) or (verb == "are" and answer.startswith(("a ", "an "))):
        return None
    score = 0.9 if explicit else 0.75
    score += 0.1 * (answer.startswith(("a ", "an ")) and " that " in answer)
    score -= 0.15 * (verb in ("was", "were")) + 0.1 * (len(answer.split()) > 30)
    asks = "Who" if who else "What"
    reverse = f"Which of these {verb} {answer}?" if not explicit and not who else ""
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
    if first.startswith("refer") and len(subject.split()) == 1 and asked[0].isupper():
        return None  # "Git refers to changes by …"
    if first.startswith("mean") and not _MEANT.match(answer):
        return None
    if plural != (is_plural(asked) and not asked.startswith(("a ", "an ", "the "))):
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
    words = subject.replace(",", "").split()
    if words[0].lower() in BAD_FIRST or len(words) < 3 or len(subject) > 150:
        return None
    if leans_out(subject) or {word.lower() for word in words} & _FINITE:
        return None
    if not is_term(answer[0].upper() + answer[1:]) or has_verb(answer):
        return None
    if {"which", "whom", "that"} & set(words[-4:]):
        return None  # "The thread for which detach is called …"
    if words[0] in ("The", "A", "An") and restricts(subject) is None:
        return None  # "The whole conflict is called …": which one?
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


def _named_by(text: str, usual_case: UsualCase) -> Fact | None:
    match = _NAMED_BY.match(text)
    if match is None or leans_out(match["subject"]):
        return None
    if match["subject"].split()[0].lower() in BAD_FIRST:
        return None
    asked = within(match["subject"], usual_case)
    question = f"What do {match['who']} {match['verb']} {asked}?"
    return Fact(match["answer"], question, match["answer"], "called", 0.95, True, question)


def _occurs(text: str, usual_case: UsualCase) -> Fact | None:
    match = _OCCURS.match(text)
    if match is None or not is_term(match["subject"]):
        return None
    asked, verb = within(match["subject"], usual_case), match["verb"]
    does = "does" if verb.endswith("s") else "do"
    question = f"When {does} {asked} {verb.removesuffix('s')}?"
    return Fact(bare(asked), question, trimmed(match["answer"]), "when", 0.8, True)


def _does(text: str, usual_case: UsualCase) -> Fact | None:
    match = _DOES.match(text)
    if match is None or not is_term(match["subject"]) or _DIGIT.search(match["subject"]):
        return None
    answer, verb = trimmed(match["answer"]), match["verb"]
    if len(answer.split()) < 3 or BAD_ANSWER.match(answer) or _LOOSE_OBJECT.match(answer):
        return None
    if (_THIRD_PERSON.get(verb, verb) in _CLAIMS) != answer.startswith("that "):
        return None
    asked = within(match["subject"], usual_case)
    singular = verb in _THIRD_PERSON
    if singular == (is_plural(asked) and not asked.startswith(("a ", "an ", "the "))):
        return None
    base = _THIRD_PERSON.get(verb, verb)
    answer = re.split(rf", (?:and|but|while) (?=[^,]*\b(?:{verb}|{base})\b)", answer)[0]
    question = f"What {'does' if singular else 'do'} {asked} {base}?"
    return Fact(bare(asked), question, answer, "does", 0.7, True)
