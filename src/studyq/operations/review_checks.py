"""Whether each card that is learnt has a schedule, and the one that follows from its log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from studyq.cards.models import CardState, Flashcard
from studyq.operations.findings import Patient, Symptom, count_of, symptom
from studyq.reviews.log import disagreements, rebuild
from studyq.reviews.models import Schedule

BATCH = 200  #: cards mended in one transaction


def check_schedules(patient: Patient) -> Iterator[Symptom]:
    """Each approved card is in the queue, and no other."""
    approved = Flashcard.state == CardState.APPROVED
    with patient.database.read() as session:
        wrong = list(
            session.scalars(
                sa.select(Flashcard.id)
                .outerjoin(Schedule, Schedule.card_id == Flashcard.id)
                .where(
                    sa.or_(
                        sa.and_(approved, Schedule.card_id.is_(None)),
                        Schedule.active != approved,
                        Schedule.document_id.is_distinct_from(Flashcard.document_id)
                        & Schedule.card_id.is_not(None),
                    )
                )
            )
        )
    if wrong:
        yield symptom(
            "cards_without_schedule",
            f"The reviews know {count_of(wrong, 'card', 'cards')} otherwise than they are: "
            "approved, but not in the queue, or the other way round.",
            "`studyq doctor --fix` brings the two together.",
            wrong,
            lambda: _reconcile(patient, wrong),
        )


def check_review_log(patient: Patient) -> Iterator[Symptom]:
    """The state of each card is the one that its log of reviews leads to."""
    with patient.database.read() as session:
        found = list(disagreements(session))
    broken = [item.card_id for item in found if item.rebuilt is None]
    wrong = [item.card_id for item in found if item.rebuilt is not None]
    if wrong:
        yield symptom(
            "review_state_differs",
            f"{count_of(wrong, 'card has', 'cards have')} another state than the log of reviews "
            "leads to.",
            "`studyq doctor --fix` works it out again from the log.",
            wrong,
            lambda: _rebuild(patient, wrong),
        )
    if broken:
        yield symptom(
            "review_log_broken",
            f"The log of reviews of {count_of(broken, 'card', 'cards')} contradicts itself.",
            "Restore the database from a backup, or report this with what is named here. The "
            "cards go on with the state that they have.",
            broken,
        )


def _reconcile(patient: Patient, card_ids: Sequence[str]) -> str:
    for place in range(0, len(card_ids), BATCH):
        with patient.database.write() as session:
            # The trigger on this column does what is missing.
            session.execute(
                sa.update(Flashcard)
                .where(Flashcard.id.in_(card_ids[place : place + BATCH]))
                .values(state=Flashcard.state)
            )
    return f"{count_of(card_ids, 'card', 'cards')} brought together with the queue."


def _rebuild(patient: Patient, card_ids: Sequence[str]) -> str:
    changed = 0
    for place in range(0, len(card_ids), BATCH):
        with patient.database.write() as session:
            changed += rebuild(session, card_ids[place : place + BATCH])
    return f"{changed:,} worked out again from the log."


REVIEW_CHECKS = (check_schedules, check_review_log)
