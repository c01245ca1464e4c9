"""The job that generates what a test still lacks: window by window, as cards are made.

Drafts pass the same gate and the same grounding as cards. What is kept becomes an item, and no
card. Each window is committed on its own; another attempt goes on behind the last one committed.
"""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.assessment.blueprint import Blueprint, Part, pick
from studyq.assessment.from_cards import CARD_KINDS, source_of
from studyq.assessment.items import append_item
from studyq.assessment.models import Item, ItemKind, Test, TestStatus
from studyq.assessment.sittings import items_of
from studyq.cards.admission import KnownCards, Maker
from studyq.cards.generators import open_generator
from studyq.cards.models import Flashcard
from studyq.cards.sampling import Scope, plan_windows
from studyq.cards.services import CardServices
from studyq.cards.source import read_source
from studyq.cards.spending import Budget
from studyq.cards.windows import Window, Worked, Workshop
from studyq.jobs.context import JobContext
from studyq.jobs.errors import JobCancelled, PermanentError, TransientError
from studyq.jobs.models import State
from studyq.jobs.registry import Change, Outcome
from studyq.jobs.side_by_side import side_by_side
from studyq.library.models import Document, Status

GENERATE_ITEMS = "generate_items"
SPARE = 1.5  #: cards asked for beside each item, since not every card fits its kind


@dataclass(frozen=True)
class Task:
    """What a part of the blueprint still lacks, and the windows to find it in."""

    place: int
    part: Part
    lacking: Counter[ItemKind]
    workshop: Workshop
    windows: tuple[Window, ...]


def generate_items(context: JobContext, services: CardServices) -> Outcome:
    """Fill a test up to its blueprint as far as the documents give it."""
    begun = time.monotonic()
    with context.database.read() as session:
        test = _find(session, context)
        blueprint = msgspec.convert(test.blueprint, Blueprint)
    done: set[str] = set(context.checkpoint.get("done", []))
    tasks = list(_tasks(context, services, blueprint))
    total = sum(len(task.windows) for task in tasks)
    errors: Counter[str] = Counter()
    for task in tasks:
        for worked in _work_off(context, task, done):
            done.add(_name(task, worked.window))
            if worked.error is not None:
                errors[worked.error.message] += 1
            _commit(context, task, worked, done, total)
    return Outcome(
        {"windows": total, "failed_windows": dict(errors)},
        lambda session: _finish(session, context, errors, time.monotonic() - begun),
        message="Items made",
    )


def _tasks(context: JobContext, services: CardServices, blueprint: Blueprint) -> Iterator[Task]:
    budget = Budget(services.max_tokens, 0)
    for place, part in enumerate(blueprint.parts):
        with context.database.read() as session:
            lacking = part.numbers - _made(session, context, place)
            document = session.get(Document, part.document_id)
            if not lacking or document is None:
                continue
            if document.status != Status.COMPLETED:
                raise TransientError("document_not_ready", f"{document.title} is being read.")
            source = read_source(session, document)
        kinds = tuple(dict.fromkeys(CARD_KINDS[kind] for kind in lacking))
        generator = open_generator(
            services,
            source,
            model=blueprint.model,
            kinds=kinds,
            wish="",
            budget=budget,
            check=context.check,
        )
        plan = plan_windows(
            source.chunks,
            math.ceil(lacking.total() * SPARE),
            worth=generator.worth,
            scope=Scope(sections=tuple(part.sections)),
        )
        workshop = Workshop(
            source=source,
            generator=generator,
            known=KnownCards(),
            maker=Maker(
                context.user_id, generator.origin, model=generator.model, kinds=frozenset(kinds)
            ),
            embedder=services.embedder,
            cap=services.max_tokens,
        )
        windows = [
            Window(ordinal, each.chunk_ids, each.quota) for ordinal, each in enumerate(plan.windows)
        ]
        yield Task(place, part, lacking, workshop, tuple(windows))


def _work_off(context: JobContext, task: Task, done: set[str]) -> Iterator[Worked]:
    """The windows that nobody has committed, as they end."""
    left = [window for window in task.windows if _name(task, window) not in done]
    at_once = task.workshop.generator.concurrency
    with side_by_side(task.workshop.work, left, at_once=at_once, name="studyq-items") as running:
        yield from running.results(context.check)


def _commit(context: JobContext, task: Task, worked: Worked, done: set[str], total: int) -> None:
    def store(session: Session) -> None:
        test = _find(session, context)
        for body, card in _items(context, task, worked.admitted.cards, session):
            append_item(session, test, body, part=task.place, **source_of(card))

    context.commit(
        store,
        percent=10 + 85 * len(done) / max(1, total),
        message=f"Window {len(done)} of {total}",
        checkpoint={"done": sorted(done)},
        stage="generating",
    )


def _items(
    context: JobContext, task: Task, cards: Sequence[Flashcard], session: Session
) -> list[tuple[Any, Flashcard]]:
    """What a window's cards give of what is still lacking."""
    lacking = task.part.numbers - _made(session, context, task.place)
    shuffle = random.Random(f"{context.job_id} {task.place}")  # noqa: S311  # an order, no secret
    return [(found.body, found.card) for found in pick(cards, task.part, lacking, shuffle)]


def _finish(session: Session, context: JobContext, errors: Counter[str], seconds: float) -> None:
    """Put the items in the order of their pages, and let the test be looked over."""
    test = _find(session, context)
    items = items_of(session, test.id)
    if not items:
        raise PermanentError("no_items", next(iter(errors), _why_none(test)))
    items.sort(key=lambda item: (item.part, item.page or 0, item.ordinal))
    for ordinal, item in enumerate(items, start=1):
        item.ordinal = ordinal
    blueprint = msgspec.convert(test.blueprint, Blueprint)
    wanted = sum((part.numbers for part in blueprint.parts), Counter[ItemKind]())
    made = Counter(ItemKind(item.kind) for item in items)
    from_cards = (test.receipt or {}).get("from_cards", 0)
    test.status = TestStatus.DRAFT
    test.receipt = {
        "from_cards": from_cards,
        "generated": len(items) - from_cards,
        "missing": dict(wanted - made),
        "failed_windows": dict(errors),
        "seconds": round(seconds, 3),
    }


def _why_none(test: Test) -> str:
    """What to say of a test that not one item could be made for."""
    parts = msgspec.convert(test.blueprint, Blueprint).parts
    sections = ", ".join(f"“{name}”" for part in parts for name in part.sections)
    where = f" in the sections {sections}" if sections else ""
    return (
        f"Nothing was found{where} that such items can be made of. Try other kinds of items, or "
        f"{'other sections' if sections else 'another document'}."
    )


def test_follows(session: Session, change: Change) -> None:
    """Let a test's status follow the job that makes it, in the job's own transaction."""
    test = session.get(Test, change.payload["test_id"])
    if test is None or test.status not in (TestStatus.MAKING, TestStatus.FAILED):
        return
    if change.state in (State.FAILED, State.CANCELLED):
        has_items = session.scalar(sa.select(sa.exists().where(Item.test_id == test.id)))
        test.status = TestStatus.DRAFT if has_items else TestStatus.FAILED
        test.error_code, test.error_message = change.error_code, change.error_message
    else:
        test.status, test.error_code, test.error_message = TestStatus.MAKING, None, None


def _made(session: Session, context: JobContext, place: int) -> Counter[ItemKind]:
    """How many items of each kind a part has."""
    query = (
        sa.select(Item.kind, sa.func.count())
        .where(Item.test_id == context.payload["test_id"], Item.part == place)
        .group_by(Item.kind)
    )
    return Counter({ItemKind(kind): number for kind, number in session.execute(query)})


def _find(session: Session, context: JobContext) -> Test:
    test = session.get(Test, context.payload["test_id"])
    if test is None:
        raise JobCancelled(context.job_id)
    return test


def _name(task: Task, window: Window) -> str:
    return f"{task.place}:{window.ordinal}"
