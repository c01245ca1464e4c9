"""Fitting parameters to a learner whose memory is another than FSRS's average, as a job."""

from __future__ import annotations

import random

import pytest

from job_layer import USER, Jobs
from review_desk import DAY, Desk
from studyq.jobs.registry import TEST_ANALYSIS
from studyq.library.errors import ConflictError
from studyq.reviews.jobs import enqueue_fitting, register_fitting
from studyq.reviews.log import refit_card
from studyq.reviews.preferences import Preferences, preferences
from studyq.reviews.scheduling import DEFAULT_PARAMETERS, Scheduling, retrievability


def wishes(desk: Desk) -> Preferences:
    with desk.database.read() as session:
        return preferences(session, USER)


def forgetful_learner(desk: Desk, cards: int) -> None:
    """Remembers everything as if its stability were a third of what FSRS says."""
    chance = random.Random(3)
    desk.prefer(learning_steps=(), relearning_steps=(), new_per_day=9999, leech_suspends=False)
    ids = desk.add_cards(cards)
    usual = Scheduling(learning_steps=(), relearning_steps=())
    for card in ids:
        desk.rate(card, 3)
    for _ in range(8):
        desk.at += 3 * DAY
        for card in ids:
            memory = desk.memory(card)
            if memory.due_at > desk.at or memory.last_review_at is None:
                continue
            elapsed = (desk.at - memory.last_review_at) / DAY
            remembered = retrievability(usual, (memory.stability or 1) / 3, elapsed)
            desk.rate(card, 3 if chance.random() < remembered else 1)


def test_parameters_are_fitted_and_every_card_is_told(desk: Desk) -> None:
    with desk.database.write() as session, pytest.raises(ConflictError, match="too little"):
        enqueue_fitting(session, USER)
    forgetful_learner(desk, 120)
    jobs = Jobs(desk.database)
    register_fitting(jobs.registry)
    with desk.database.write() as session:
        job_id = enqueue_fitting(session, USER)
        assert enqueue_fitting(session, USER) == job_id
    jobs.drain(queue=TEST_ANALYSIS)
    row = jobs.row(job_id)
    assert row.state == "completed", row.errors
    assert row.result["taken"]
    assert row.result["log_loss_after"] < row.result["log_loss_before"]
    assert row.result["cards"] == 120
    fitted = wishes(desk)
    assert fitted.fitted_to == row.result["ratings"] >= 400
    assert fitted.scheduling.parameters != DEFAULT_PARAMETERS
    assert desk.disagreements() == [], "the log says what became of each card"
    assert sum(entry.entry == "refit" for entry in desk.log()) == 120
    desk.rate(desk.log()[0].card_id, 3)
    assert desk.disagreements() == []


def test_a_job_that_was_interrupted_goes_on_where_it_was(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgetful_learner(desk, 120)
    jobs = Jobs(desk.database)
    register_fitting(jobs.registry)
    told: list[object] = []

    def dies_once(session: object, schedule: object, *more: object) -> bool:
        told.append(schedule)
        if len(told) == 70:
            raise ConnectionError("the process dies")
        return refit_card(session, schedule, *more)  # type: ignore[arg-type]

    monkeypatch.setattr("studyq.reviews.jobs.refit_card", dies_once)
    with desk.database.write() as session:
        job_id = enqueue_fitting(session, USER)
    jobs.drain(queue=TEST_ANALYSIS)
    jobs.make_due(job_id)
    jobs.drain(queue=TEST_ANALYSIS)
    assert jobs.row(job_id).state == "completed"
    assert sum(entry.entry == "refit" for entry in desk.log()) == 120, "each card once"
    assert desk.disagreements() == []
