"""Asks a language model about the answers that comparing could not decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from studyq.assessment.analysing import responses_of
from studyq.assessment.marking import Mark
from studyq.assessment.models import Grade, Item
from studyq.assessment.rubric import suggest
from studyq.assessment.sittings import items_of
from studyq.jobs.context import JobContext
from studyq.jobs.side_by_side import side_by_side
from studyq.providers.errors import ProviderError
from studyq.providers.language import BUILTIN, Check, LanguageModel, LanguageModels, Usage

log = structlog.get_logger("studyq.assessment")


def suggested(
    context: JobContext, languages: LanguageModels, sitting_id: str, marks: Sequence[Mark]
) -> tuple[list[Mark], dict[str, Any]]:
    """The marks, with a model's suggestions where comparing left them open.

    A model that cannot answer is no reason to fail: the taker decides then.

    Returns:
        The marks, and what the receipt says of the model; nothing where none was asked.
    """
    undecided = {mark.item_id for mark in marks if mark.grade == Grade.OPEN}
    name = languages.options.default
    language = languages.open(name) if undecided and name != BUILTIN else None
    if not isinstance(language, LanguageModel):
        return list(marks), {}
    with context.database.read() as session:
        answers = {key: given.answer for key, given in responses_of(session, sitting_id).items()}
        test_id = context.payload["test_id"]
        items = [item for item in items_of(session, test_id) if item.id in undecided]
        session.expunge_all()
    usage = Usage()
    found = _ask_all(context, language, items, answers, usage)
    told = {
        "model": language.name,
        "suggested": len(found),
        "calls": usage.calls,
        "tokens": usage.tokens,
    }
    return [found.get(mark.item_id, mark) for mark in marks], told


def _ask_all(
    context: JobContext,
    language: LanguageModel,
    items: Sequence[Item],
    answers: dict[str, str],
    usage: Usage,
) -> dict[str, Mark]:
    def ask(item: Item, check: Check) -> tuple[Mark | None, Usage]:
        spent = Usage()
        try:
            return suggest(language, item, answers[item.id], spent, check), spent
        except ProviderError as error:
            log.warning("no grade suggested", item=item.id, error=error.message)
            return None, spent

    found: dict[str, Mark] = {}
    at_once = language.concurrency
    with side_by_side(ask, items, at_once=at_once, name="studyq-grades") as asking:
        for mark, spent in asking.results(context.check):
            usage.calls += spent.calls
            usage.input_tokens += spent.input_tokens
            usage.output_tokens += spent.output_tokens
            if mark is not None:
                found[mark.item_id] = mark
    return found
