"""Who makes cards of a window: a language model, or the built-in generator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from studyq.cards.builtin import generate, survey
from studyq.cards.drafts import Draft
from studyq.cards.models import Origin
from studyq.cards.prompting import (
    Passage,
    UnusableAnswer,
    WrittenCard,
    ask_again,
    make_question,
    read_answer,
)
from studyq.cards.services import CardServices
from studyq.cards.source import Source
from studyq.cards.spending import Budget
from studyq.jobs.errors import PermanentError
from studyq.processes import ChildProcess, Limits
from studyq.providers.embedding import Unavailable
from studyq.providers.language import BUILTIN, Check, LanguageModel, Question, Usage
from studyq.text.scripts import estimate_tokens

SURVEY_SECONDS = 600.0  #: for looking through a document; 1,100 pages take 3 seconds of CPU
#: What the template of child processes should import for the built-in generator.
PRELOAD = ("studyq.cards.builtin",)


class Generator(Protocol):
    """Makes drafts of one window at a time; several threads may ask at once.

    Attributes:
        origin: A value of `models.Origin`.
        model: The language model; None for the built-in generator.
        concurrency: How many windows it works on at once.
        worth: How much there is to ask about each chunk, from 0 to 1, where it knows.
    """

    origin: str
    model: str | None
    concurrency: int
    worth: Mapping[int, float] | None

    def drafts(
        self, chunk_ids: Sequence[int], quota: int, usage: Usage, check: Check
    ) -> Iterable[Draft]:
        """Propose cards, the best first.

        Args:
            chunk_ids: The window's passages.
            quota: How many cards are wanted.
            usage: Is added to, whatever comes of it.
            check: Called ten times a second while waiting; what it raises goes up.

        Raises:
            ProviderError: the model could not answer.
            UnusableAnswer: it gave no cards even when asked again.
            BudgetSpent: there are too few tokens left to ask.
        """


class BudgetSpent(Exception):
    """Asking once more could go over the cap."""


class ModelGenerator:
    """Cards written by a language model; one call a window, one more if the answer is of no use.

    Args:
        source: The document.
        kinds: The kinds wanted.
        wish: What the reader asked for in words.
        max_output: Most tokens of an answer.
    """

    origin: str = Origin.MODEL
    worth: Mapping[int, float] | None = None

    def __init__(
        self,
        language: LanguageModel,
        source: Source,
        *,
        kinds: Sequence[str],
        wish: str,
        max_output: int,
        budget: Budget,
    ) -> None:
        self.model: str | None = language.name
        self.concurrency = language.concurrency
        self._language = language
        self._chunks = {chunk.id: chunk for chunk in source.chunks}
        self._title = source.title
        self._kinds = kinds
        self._wish = wish
        self._max_output = max_output
        self._budget = budget

    def drafts(
        self, chunk_ids: Sequence[int], quota: int, usage: Usage, check: Check
    ) -> Iterable[Draft]:
        """See `Generator.drafts`."""
        chunks = [self._chunks[chunk_id] for chunk_id in chunk_ids]
        question = make_question(
            [Passage(chunk.id, chunk.section, chunk.text) for chunk in chunks],
            wanted=quota,
            kinds=self._kinds,
            title=self._title,
            wish=self._wish,
            max_output=self._max_output,
        )
        answer = self._ask(question, usage, check)
        try:
            written = read_answer(answer)
        except UnusableAnswer as error:
            again = ask_again(question, answer, str(error))
            written = read_answer(self._ask(again, usage, check))
        return [_draft(card, chunk_ids) for card in written]

    def _ask(self, question: Question, usage: Usage, check: Check) -> str:
        reserved = estimate_tokens(question.system + question.text) + question.max_output
        if not self._budget.reserve(reserved):
            raise BudgetSpent
        before = usage.tokens
        try:
            return self._language.ask(question, usage, check)
        finally:
            self._budget.settle(reserved, usage.tokens - before)


class BuiltinGenerator:
    """Cards taken from the text itself: no call, no tokens.

    Args:
        source: The document, which is looked through at once.
        kinds: The kinds wanted.
        check: Called ten times a second meanwhile; what it raises goes up.
    """

    origin: str = Origin.BUILTIN
    model: str | None = None
    concurrency = 1

    def __init__(self, source: Source, kinds: Sequence[str], check: Check) -> None:
        self._kinds = kinds
        # In a child: a long book takes seconds, in which this process answers requests.
        with ChildProcess(Limits(), name="the built-in generator") as child:
            self._survey = child.call(survey, source, timeout=SURVEY_SECONDS, check=check)
        self.worth: Mapping[int, float] | None = self._survey.worth

    def drafts(
        self, chunk_ids: Sequence[int], quota: int, usage: Usage, check: Check
    ) -> Iterable[Draft]:
        """See `Generator.drafts`; they are made as they are looked at."""
        return generate(self._survey, chunk_ids, self._kinds)


def open_generator(
    services: CardServices,
    source: Source,
    *,
    model: str,
    kinds: Sequence[str],
    wish: str,
    budget: Budget,
    check: Check,
) -> Generator:
    """Open the generator that a request names, for a document.

    Args:
        model: `builtin`, or a language model's name; empty: as the settings say.
        kinds: The kinds of cards that are wanted.
        wish: What the reader asked for in words.
        check: Called ten times a second meanwhile; what it raises goes up.

    Raises:
        PermanentError: when the model cannot be had.
    """
    model = model or services.languages.options.default
    if model == BUILTIN:
        return BuiltinGenerator(source, kinds, check)
    language = services.languages.open(model)
    if isinstance(language, Unavailable):
        raise PermanentError("unknown_model", f"{language.reason} {language.next_step}")
    return ModelGenerator(
        language, source, kinds=kinds, wish=wish, max_output=services.max_output, budget=budget
    )


def _draft(card: WrittenCard, chunk_ids: Sequence[int]) -> Draft:
    return Draft(
        kind=card.kind,
        front=card.front,
        back=card.back,
        quote=card.quote,
        options=tuple(card.options),
        # A number that was not asked about says nothing; the quote is looked for in all passages.
        chunk_id=card.chunk if card.chunk in chunk_ids else None,
    )
