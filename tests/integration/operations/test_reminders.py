"""Reminders: each reader once a day at their own hour, and only when something is due."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from job_layer import Jobs
from review_desk import DAY, HOUR, Desk
from studyq.database.engine import Database
from studyq.jobs.registry import NOTIFICATIONS
from studyq.operations.duties.reminders import reminders
from studyq.operations.webhooks import register_webhooks
from studyq.reviews.reminders import Reminder, take_reminders
from studyq.settings import load_settings
from webhook_receiver import Receiver


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def taken(desk: Desk) -> list[Reminder]:
    with desk.database.write() as session:
        return list(take_reminders(session, desk.at))


def test_each_reader_is_reminded_once_a_day(desk: Desk) -> None:
    desk.prefer(reminder_hour=18, time_zone="UTC")
    [card] = desk.add_cards()
    desk.rate(card, 4)
    desk.at += 20 * DAY
    assert taken(desk) == [], "it is noon"
    desk.at += 6 * HOUR
    [reminder] = taken(desk)
    assert (reminder.due, reminder.message) == (1, "1 card to review, about 1 min.")
    assert taken(desk) == []
    desk.at += DAY
    assert len(taken(desk)) == 1
    desk.rate(card, 4)
    desk.at += DAY
    assert taken(desk) == [], "nothing is due"


def test_an_hour_after_midnight_belongs_to_the_day_before(desk: Desk) -> None:
    desk.prefer(reminder_hour=1, turn_hour=4)
    [card] = desk.add_cards()
    desk.rate(card, 4)
    desk.at += 20 * DAY + 12 * HOUR  # midnight
    assert taken(desk) == []
    desk.at += HOUR
    assert [reminder.day for reminder in taken(desk)] == ["2026-12-15"]


def test_who_wants_none_gets_none(desk: Desk) -> None:
    [card] = desk.add_cards()
    desk.rate(card, 4)
    desk.prefer(desired_retention=0.8)
    desk.at += 20 * DAY
    assert taken(desk) == []


def test_the_webhook_is_told(desk: Desk, jobs: Jobs, receiver: Receiver, tmp_path: Path) -> None:
    settings, _ = load_settings({}, data=tmp_path)
    assert not reminders(settings, desk.database).wanted()
    settings = replace(settings, alert_webhook=receiver.url, alert_webhook_private=True)
    register_webhooks(jobs.registry, settings)
    desk.prefer(reminder_hour=4, turn_hour=4)
    [card] = desk.add_cards()
    desk.rate(card, 4)
    duty = reminders(settings, desk.database, lambda: desk.at + 20 * DAY)
    assert duty.wanted()
    assert duty.run() == "Reminded 1."
    assert duty.run() == ""
    jobs.drain(queue=NOTIFICATIONS)
    [request] = receiver.received
    assert request.message["kind"] == "reviews_due"
    assert request.message["message"] == "1 card to review, about 1 min."
