"""The jobs of test-analysis: grade a sitting and say what it shows; analyse an imported test."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from studyq.assessment.analysing import (
    analyse_sitting,
    analyse_test,
    first_sittings,
    keep_analysis,
)
from studyq.assessment.generating import GENERATE_ITEMS, generate_items, test_follows
from studyq.assessment.importing import ANALYSE_IMPORT, stored_matrix
from studyq.assessment.item_analysis import analyse
from studyq.assessment.marking import marks_by_key, settle, write_marks
from studyq.assessment.models import Grade, Sitting, SittingStatus
from studyq.assessment.sittings import ANALYSE_SITTING
from studyq.assessment.suggesting import suggested
from studyq.cards.services import CardServices
from studyq.jobs.context import JobContext
from studyq.jobs.errors import PermanentError
from studyq.jobs.models import State
from studyq.jobs.registry import (
    FLASHCARD_GENERATION,
    TEST_ANALYSIS,
    Change,
    Outcome,
    Registry,
)
from studyq.providers.language import LanguageModels


def register_assessment(registry: Registry, services: CardServices) -> None:
    """Make a process able to run the jobs of tests.

    Args:
        services: What items are generated with; the default model suggests grades, unless it is
            builtin.
    """

    @registry.handler(TEST_ANALYSIS, ANALYSE_SITTING, on_change=sitting_follows)
    def grade(context: JobContext) -> Outcome:
        return grade_sitting(context, services.languages)

    @registry.handler(FLASHCARD_GENERATION, GENERATE_ITEMS, on_change=test_follows)
    def generate(context: JobContext) -> Outcome:
        return generate_items(context, services)

    registry.handler(TEST_ANALYSIS, ANALYSE_IMPORT)(analyse_import)


def grade_sitting(context: JobContext, languages: LanguageModels) -> Outcome:
    """Grade, then analyse the sitting and its test, and let the cards' schedules learn."""
    begun = time.monotonic()
    sitting_id = context.payload["sitting_id"]
    with context.database.read() as session:
        marks = marks_by_key(session, _sitting(session, sitting_id))
    marks, model = suggested(context, languages, sitting_id, marks)
    context.commit(
        lambda session: write_marks(session, _sitting(session, sitting_id), marks),
        percent=60,
        message="Graded",
        stage="grading",
    )
    with context.database.read() as session:
        sitting = _sitting(session, sitting_id)
        counted = first_sittings(session, sitting.test_id, with_one=sitting_id)
        result = analyse_sitting(session, sitting)
        of_test = analyse_test(session, sitting.test_id, counted)
    receipt: dict[str, Any] = {
        "graded": len(marks),
        "left_to_the_taker": sum(mark.grade == Grade.OPEN for mark in marks),
        "takers_counted": len(counted),
        **model,
    }

    def effects(session: Session) -> None:
        sitting = _sitting(session, sitting_id)
        receipt.update(settle(session, sitting))
        graded = first_sittings(session, sitting.test_id)
        # Somebody else's sitting was graded meanwhile: one of the two has to count both.
        newest = of_test if graded == counted else analyse_test(session, sitting.test_id, graded)
        keep_analysis(session, sitting.test_id, sitting_id, result)
        keep_analysis(session, sitting.test_id, None, newest)
        receipt["seconds"] = round(time.monotonic() - begun, 3)

    return Outcome(receipt, effects, message="Analysed")


def analyse_import(context: JobContext) -> Outcome:
    """Analyse the responses that were read from a file."""
    begun = time.monotonic()
    test_id = context.payload["test_id"]
    with context.database.read() as session:
        matrix = stored_matrix(session, test_id)
    context.progress(30, "Responses read", stage="reading")
    result = msgspec.to_builtins(analyse(matrix))
    receipt = {
        "takers": len(matrix.takers),
        "items": len(matrix.items),
        "warnings": list(matrix.warnings),
        "seconds": round(time.monotonic() - begun, 3),
    }
    return Outcome(receipt, lambda session: keep_analysis(session, test_id, None, result))


def sitting_follows(session: Session, change: Change) -> None:
    """Let a sitting's status follow its job's, in the job's own transaction."""
    sitting = session.get(Sitting, change.payload["sitting_id"])
    if sitting is None:
        return
    if change.state in (State.FAILED, State.CANCELLED):
        sitting.status, sitting.error_message = SittingStatus.FAILED, change.error_message
    else:
        sitting.status, sitting.error_message = SittingStatus.SUBMITTED, None


def _sitting(session: Session, sitting_id: str) -> Sitting:
    sitting = session.get(Sitting, sitting_id)
    if sitting is None:
        raise PermanentError("sitting_deleted", "This sitting was deleted, so there is no work.")
    return sitting
