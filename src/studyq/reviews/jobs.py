"""The job `fit-parameters`: fits FSRS to a reader's log, and tells every card."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.jobs.context import JobContext
from studyq.jobs.enqueue import NewJob, enqueue
from studyq.jobs.registry import TEST_ANALYSIS, Outcome, Registry
from studyq.library.errors import ConflictError
from studyq.reviews.fitting import LEAST_RATINGS, Fit, fit, histories, optimiser_installed
from studyq.reviews.log import refit_card, scheduler_lookup
from studyq.reviews.models import COUNTS_SQL, Review, Schedule
from studyq.reviews.preferences import preferences, save_preferences

FIT_JOB = "fit-parameters"
BATCH = 50  #: cards told in one transaction


def enqueue_fitting(session: Session, user_id: str) -> str:
    """Ask for the parameters to be fitted; returns the job's id, that of the live one if any.

    Raises:
        ConflictError: when the optimiser is not installed, or the log too short.
    """
    if not optimiser_installed():
        raise ConflictError(
            "optimiser_missing",
            "Fitting needs the package fsrs-rs-python: pip install 'studyq[fitting]'.",
        )
    query = sa.select(sa.func.count()).select_from(Review)
    ratings = session.scalar(query.where(Review.user_id == user_id, COUNTS_SQL)) or 0
    if ratings < LEAST_RATINGS:
        raise ConflictError(
            "too_few_ratings",
            f"{ratings:,} ratings say too little to fit to; {LEAST_RATINGS:,} are needed.",
        )
    return enqueue(session, NewJob(TEST_ANALYSIS, FIT_JOB, user_id, unique_key=f"fit:{user_id}"))


def register_fitting(registry: Registry) -> None:
    """Make a process able to fit parameters."""

    @registry.handler(TEST_ANALYSIS, FIT_JOB)
    def fit_parameters(context: JobContext) -> Outcome:
        user_id, done = context.user_id, context.checkpoint
        if "scheduler" not in done:
            context.progress(5, "Reading the log")
            with context.database.read() as session:
                found = histories(session, user_id)
                in_force = preferences(session, user_id).scheduling.parameters
            context.progress(10, "Fitting")
            fitted = fit(found, in_force)
            receipt = _receipt(fitted)
            if not fitted.better:
                return Outcome(receipt, message="Your parameters fit already")
            done = _take(context, fitted, receipt)
        cards = _tell_cards(context, done)
        return Outcome({**done["receipt"], "cards": cards}, message="Fitted")


def _receipt(fitted: Fit) -> dict[str, Any]:
    return {
        "ratings": fitted.ratings,
        "log_loss_before": round(fitted.loss_before, 5),
        "log_loss_after": round(fitted.loss_after, 5),
        "taken": fitted.better,
    }


def _take(context: JobContext, fitted: Fit, receipt: dict[str, Any]) -> dict[str, Any]:
    """Put parameters in force; returns the checkpoint that is committed with them."""
    checkpoint: dict[str, Any] = {"receipt": receipt, "after": ""}

    def effects(session: Session) -> None:
        wishes = preferences(session, context.user_id)
        wanted = msgspec.structs.replace(
            wishes, parameters=fitted.parameters, fitted_to=fitted.ratings
        )
        # Known only now; the checkpoint is written when the effects are done.
        checkpoint["scheduler"] = save_preferences(session, context.user_id, wanted)

    context.commit(effects, percent=50, message="Telling the cards", checkpoint=checkpoint)
    return checkpoint


def _tell_cards(context: JobContext, done: dict[str, Any]) -> int:
    """Work out every card's memory again, from where an earlier attempt got to."""
    after, scheduler_id, told = str(done["after"]), int(str(done["scheduler"])), 0
    query = sa.select(Schedule.card_id).where(
        Schedule.user_id == context.user_id, Schedule.stability.is_not(None)
    )
    with context.database.read() as session:
        ids = list(
            session.scalars(query.where(Schedule.card_id > after).order_by(Schedule.card_id))
        )
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]

        def effects(session: Session, batch: list[str] = batch) -> None:
            scheduler_of, at = scheduler_lookup(session), now()
            for card_id in batch:
                schedule = session.get(Schedule, card_id)
                if schedule is not None:
                    refit_card(session, schedule, scheduler_id, scheduler_of, at)

        context.commit(
            effects,
            percent=50 + 49 * (start + len(batch)) / len(ids),
            message="Telling the cards",
            checkpoint={**done, "after": batch[-1]},
        )
        told += len(batch)
    return told
