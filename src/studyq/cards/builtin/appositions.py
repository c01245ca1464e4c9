"""Definitions within English sentences, as in "…, the spread of technology across borders".

They are as good in a sentence that leans on others as in one that does not, because term and
definition stand side by side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from studyq.cards.builtin.fact import Fact
from studyq.cards.builtin.language import Language
from studyq.cards.builtin.subjects import is_term, leans_out, repeats, restricts, tells, trimmed
from studyq.cards.builtin.tokens import is_plural, runs, words

_AUXILIARY = r"(?:is|are|was|were|has|have|had|can|could|may|might|will|would|should)\b"
_GOING_ON = r"(?:which|who|where|when|because|so)\b"
_TAIL = (
    r"(?:, (?:with|without|during|including|such as|whether|in which|through) "
    r"[^,;:.()\u2014]{3,120})*"
)
_NOUN_PHRASE = rf"(?:an?|the) [^,;:.()\u2014\u201c\"]{{15,220}}{_TAIL}"
_JOINED = re.compile(
    rf",? \(?(?:(?P<which>which|that) (?P<verb>is|are|refers? to) "
    r"(?P<told>[^;:()]{15,240})"
    rf"|(?P<or>or) (?P<same>[^,;:.()\u2014]{{20,220}})"
    rf"|(?P<plain>{_NOUN_PHRASE}))(?:\.$|(?=, (?:{_AUXILIARY}|{_GOING_ON})))"
    rf"|\s?\u2014\s?(?P<dashed>{_NOUN_PHRASE})(?:\s?\u2014|\.$)"
)
_CALLED = re.compile(
    r"\b(?P<answer>(?:an?|the) (?:(?!an? |the )[^,;:()]){10,90}), (?:also )?"
    r"(?:called|known as|termed) (?:an? |the )?(?P<term>[\w'\u2019-]+(?: [\w'\u2019-]+){0,2}?)"
    r"(?=[,.]| (?:by|that|which|is|are|in|about|and|to|for)\b)"
)
_BEFORE_VERBS_LIST = """
to i we you he she it they who that which can could may might will would should must
"""
_BEFORE_VERBS = frozenset(_BEFORE_VERBS_LIST.split())
_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|could|may|might|will|would|should|must|does|do|did|"
    r"\w{3,}ed|\w{3,}[^s\W]es|\w{3,}(?:ts|ks|ps|ns|ys)|known|made|led|became|become|took|gave|wrote|saw)\b"
)
_CLAUSE = re.compile(
    rf"(?:(?!that\b|which\b|who\b|whose\b|where\b|when\b|what\b)[\w'\u2019-]+,? )*?"
    rf"(?:{_AUXILIARY}|being\b)"
)
_ADVERBIAL = re.compile(
    r"(?:If|When|While|As|Since|Because|Although|Though|Unless|Until|Once|After|Before|In|On|At|By|"
    r"For|With|From|To|Under|During|Regardless|Given|Like|Unlike)\b"
)
_LIST_BEFORE = re.compile(r"(?:,|\b(?:and|or|nor|than|like|as))$")


def appositions(text: str, language: Language) -> Iterator[Fact]:
    """Definitions that stand beside their term."""
    yield from _called(text)
    found = words(text)
    for start, end in runs(found, language.function_words):
        joined = _JOINED.match(text, found[end - 1].end)
        if joined is None or not text[found[end - 1].end :].startswith((",", " \u2014", "\u2014")):
            continue
        if end - start > 3 or _LIST_BEFORE.search(text[: found[start].start].rstrip()):
            continue
        term = text[found[start].start : found[end - 1].end]
        if any(part[0].isupper() for part in term.split()) or not is_term(term):
            continue
        if term.lower() in language.bland:
            continue
        if found[start].start and not text[found[start].start - 1].isspace():
            continue  # the end of "package.module"
        before = found[start - 1].lower if start and not found[start].apart else ""
        if joined["plain"] and not _is_placed(before, text[: found[start].start]):
            continue
        if joined["plain"] and _ADVERBIAL.match(text) and "," not in text[: joined.start()]:
            continue  # "If the value is exact, the precision …"
        fact = _fact(term, before, joined)
        if fact is not None:
            yield fact


def _is_placed(before: str, text_before: str) -> bool:
    """Whether what stands before a term lets it be defined: it is a noun, and not of an adverbial.

    In "In this century, the river was …" the comma does not introduce a definition.
    """
    if not text_before or re.fullmatch(r"(?:An?|The) ", text_before):
        return True
    return before not in _BEFORE_VERBS and _FINITE.search(text_before) is not None


def _fact(term: str, before: str, joined: re.Match[str]) -> Fact | None:
    told = joined["told"] or joined["same"] or joined["plain"] or joined["dashed"]
    answer, verb = trimmed(told), joined["verb"] or ""
    limit = restricts(answer)
    if not tells(answer) or limit is None or leans_out(answer) or repeats(term, answer):
        return None
    if verb in ("", "is", "are") and (
        _FINITE.search(answer, 0, limit.start()) or _CLAUSE.match(answer)
    ):
        return None  # a clause, not a noun
    head = answer[: limit.start()].split()
    if verb in ("", "is", "are") and (not head or is_plural(head[-1]) != is_plural(term)):
        return None
    plural = is_plural(term)
    if verb in ("is", "are") and (verb == "are") != plural:
        return None
    asked = f"{before} {term}" if before in ("a", "an", "the") and not plural else term
    if verb.startswith("refer"):
        question = f"What {'do' if plural else 'does'} {asked} refer to?"
    else:
        question = f"What {'are' if plural else 'is'} {asked}?"
    score = {"which": 0.85, "plain": 0.8}.get(joined.lastgroup or "", 0.7)
    reverse = "" if verb.startswith("refer") or plural else f"Which of these is {answer}?"
    if not answer.startswith(("a ", "an ", "the ")):
        reverse = ""
    return Fact(term, question, answer, "is", score, True, reverse)


def _called(text: str) -> Iterator[Fact]:
    for match in _CALLED.finditer(text):
        term, answer = match["term"], match["answer"]
        if len(answer.split()) < 3 or leans_out(answer) or not is_term(term):
            continue
        if restricts(answer) is None and len(answer.split()) > 4:
            continue
        question = f"What is {answer} called?"
        yield Fact(term, question, term, "called", 0.75, True, question)
