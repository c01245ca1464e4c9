"""The quality gate: reasons for which a card is not worth learning, told from the card alone.

After the minimum information principle (Wozniak, "Twenty rules of formulating knowledge", 1999)
and the item-writing rules for choices (Haladyna, Downing and Rodriguez, Applied Measurement in
Education 15, 2002). Everything is deterministic; a rule that cannot be sure lets the card pass.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from studyq.cards.models import Kind
from studyq.cards.wording import points_at_options, points_at_text
from studyq.text.cloze import clozes, covered
from studyq.text.scripts import has_dense_script
from studyq.text.stopwords import STOP_WORDS

LONGEST_FRONT = 400  #: characters
LONGEST_BACK = 600
LONGEST_OPTION = 250
MOST_FRONT_WORDS = 60
MOST_BACK_WORDS = 80
LEAST_OPTIONS, MOST_OPTIONS = 3, 8

#: Why a card is turned down, in sentences for the receipt and the form.
REASONS = {
    "empty": "The question or the answer is empty.",
    "yes_no": "It can be answered with yes or no.",
    "points_at_text": "It points at the text instead of asking by itself.",
    "front_equals_back": "The question and the answer say the same.",
    "answer_in_question": "The question gives the answer away.",
    "list": "It asks for a list instead of one fact.",
    "too_long": "It is too long to be remembered.",
    "too_few_options": f"A choice needs at least {LEAST_OPTIONS} options.",
    "too_many_options": f"A choice has at most {MOST_OPTIONS} options.",
    "options_equal": "Two options are the same.",
    "key_not_an_option": "The answer is not one of the options.",
    "all_of_the_above": "An option refers to the other ones.",
    "no_deletion": "Nothing is hidden: a cloze needs {{c1::…}}.",
    "nothing_left": "Everything is hidden: a cloze needs words around what it hides.",
    "unknown_kind": "There is no such kind of card.",
}

#: What makes a card unusable, whoever wrote it; the other rules are for what machines write.
FORMAL = frozenset(
    {
        "empty",
        "too_few_options",
        "too_many_options",
        "options_equal",
        "key_not_an_option",
        "no_deletion",
        "nothing_left",
        "unknown_kind",
    }
)

_WORD = re.compile(r"[^\W_]+")
_NOTHING = " \t\r\n.,;:?!_\u2026\u00a0\u200b"
_YES_NO = re.compile(
    r"^(?:yes|no|true|false|ja|nein|wahr|falsch|oui|non|vrai|faux|s[i\u00ed]|verdadero|falso|"
    r"vero|sim|n\u00e3o|nee|waar|onwaar|\u662f\u7684?|\u4e0d\u662f|\u5426|\u5bf9|\u9519|"
    r"\u0646\u0639\u0645|\u0644\u0627)\b(?:[.,;:!]|$)",
    re.IGNORECASE,
)
_ITEM = re.compile(r"^\s*(?:[-*+\u2022\u2013]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+\S", re.MULTILINE)
_INLINE_ITEM = re.compile(r"(?:^|\s)\(?(?:[1-9]|[a-h]|i{1,3}|iv)\)\s")
_STOP = frozenset().union(*STOP_WORDS.values())


@dataclass(frozen=True)
class Sides:
    """What a card says, whoever asks."""

    kind: str
    front: str
    back: str
    options: tuple[str, ...] = ()

    @property
    def question(self) -> str:
        """What is seen before the answer."""
        return covered(self.front) if self.kind == Kind.CLOZE else self.front


def faults(
    kind: str, front: str, back: str, options: Sequence[str] = (), *, formal_only: bool = False
) -> list[str]:
    """Say what is wrong with a card.

    Args:
        kind: A value of `models.Kind`.
        front: The question, Markdown.
        back: The answer, Markdown; of a cloze it may be empty, since the text holds it.
        options: Of a choice.
        formal_only: Only what makes the card unusable (`FORMAL`): for what people write.

    Returns:
        Keys of `REASONS`, the gravest first; empty when nothing is wrong.
    """
    if kind not in set(Kind):
        return ["unknown_kind"]
    sides = Sides(kind, front.strip(), back.strip(), tuple(option.strip() for option in options))
    if _is_empty(sides):
        return ["empty"]
    found = [reason for reason, applies in _FORM.items() if applies(sides)]
    if found or formal_only:
        return found
    return [reason for reason, applies in _WORTH.items() if applies(sides)]


def normal_form(text: str) -> str:
    """A text by which equal ones are told: no case, no punctuation, no spacing, no typography.

    Signs that mean something (`+`, `<`, `%`) stay.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(
        " " if unicodedata.category(c)[0] in "PZC" and c not in "%@#&*/\\-" else c for c in folded
    )
    return " ".join(word for word in kept.replace("-", " ").split()) or " ".join(folded.split())


def content_words(text: str) -> set[str]:
    """The words of a text that mean something, in any of the languages known."""
    words = {word.casefold() for word in _WORD.findall(unicodedata.normalize("NFKC", text))}
    return words - _STOP


def _is_empty(card: Sides) -> bool:
    if card.kind == Kind.CLOZE:
        return not _WORD.search(card.front)
    return not card.front.strip(_NOTHING) or not card.back.strip(_NOTHING)


def _hides_nothing(card: Sides) -> bool:
    if card.kind != Kind.CLOZE:
        return False
    parts = [part.answer.strip() for part in clozes(card.front)]
    return not parts or not all(parts)


def _leaves_nothing(card: Sides) -> bool:
    return card.kind == Kind.CLOZE and not _WORD.search(card.question)


def _repeats_options(card: Sides) -> bool:
    plain = [normal_form(option) for option in card.options]
    return len(set(plain)) < len(plain) or not all(plain)


def _lacks_key(card: Sides) -> bool:
    return card.kind == Kind.CHOICE and card.back not in card.options


def _has_too_few(card: Sides) -> bool:
    return card.kind == Kind.CHOICE and len(card.options) < LEAST_OPTIONS


def _has_too_many(card: Sides) -> bool:
    return card.kind == Kind.CHOICE and len(card.options) > MOST_OPTIONS


def _asks_yes_or_no(card: Sides) -> bool:
    return _YES_NO.match(card.back) is not None


def _points_at_text(card: Sides) -> bool:
    return points_at_text(card.question)


def _says_the_same(card: Sides) -> bool:
    return normal_form(card.question) == normal_form(card.back)


def _gives_answer_away(card: Sides) -> bool:
    question, answer = f" {normal_form(card.question)} ", normal_form(card.back)
    if card.kind == Kind.CLOZE:
        return any(f" {normal_form(part.answer)} " in question for part in clozes(card.front))
    if len(answer) > 2 and f" {answer} " in question:
        return not any(f" {normal_form(o)} " in question for o in card.options if o != card.back)
    if has_dense_script(card.back):
        return len(answer) >= 2 and answer in question and not card.options
    meant = content_words(card.back)
    return bool(meant) and not card.options and meant <= content_words(card.question)


def _is_list(card: Sides) -> bool:
    if card.kind == Kind.CLOZE:
        return False
    if len(_ITEM.findall(card.back)) >= 2 or len(_INLINE_ITEM.findall(card.back)) >= 2:
        return True
    parts = [part.split() for part in re.split(r"[,;\u3001\uff0c\uff1b\u060c\u061b]", card.back)]
    return len(parts) >= 4 and all(len(part) <= 4 for part in parts)


def _is_too_long(card: Sides) -> bool:
    return (
        len(card.question) > LONGEST_FRONT
        or len(card.back) > LONGEST_BACK
        or len(card.question.split()) > MOST_FRONT_WORDS
        or len(card.back.split()) > MOST_BACK_WORDS
        or any(len(option) > LONGEST_OPTION for option in card.options)
    )


def _refers_to_options(card: Sides) -> bool:
    return any(map(points_at_options, card.options))


_FORM: dict[str, Callable[[Sides], bool]] = {
    "no_deletion": _hides_nothing,
    "nothing_left": _leaves_nothing,
    "too_few_options": _has_too_few,
    "too_many_options": _has_too_many,
    "options_equal": _repeats_options,
    "key_not_an_option": _lacks_key,
}
_WORTH: dict[str, Callable[[Sides], bool]] = {
    "front_equals_back": _says_the_same,
    "yes_no": _asks_yes_or_no,
    "points_at_text": _points_at_text,
    "all_of_the_above": _refers_to_options,
    "answer_in_question": _gives_answer_away,
    "list": _is_list,
    "too_long": _is_too_long,
}
