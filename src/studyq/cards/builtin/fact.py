"""A fact that a sentence tells, as a question and its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

UsualCase = Callable[[str], str]


@dataclass(frozen=True)
class Fact:
    """A question that a sentence answers.

    Attributes:
        term: What it is about.
        question: As asked of a person.
        answer: Words of the sentence.
        pattern: The kind of fact.
        score: How sure it is that the card is good, from 0 to 1.
        defines: Whether it says what the term is.
        reverse: A question whose answer is the term; empty where there is none.
    """

    term: str
    question: str
    answer: str
    pattern: str
    score: float
    defines: bool = False
    reverse: str = ""
