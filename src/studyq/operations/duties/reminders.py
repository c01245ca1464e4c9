"""The duty `reminders`: tell the webhook, at each reader's hour, how many cards are due."""

from __future__ import annotations

from collections.abc import Callable

from studyq.database.base import Instant, isoformat, now
from studyq.database.engine import Database
from studyq.jobs.duties import Duty
from studyq.operations.webhooks import enqueue_message
from studyq.reviews.reminders import take_reminders
from studyq.settings import Settings

EVERY = 60.0  #: seconds


def reminders(settings: Settings, database: Database, clock: Callable[[], Instant] = now) -> Duty:
    """The duty."""

    def run() -> str:
        at = clock()
        with database.write() as session:
            taken = list(take_reminders(session, at))
            for reminder in taken:
                message = {
                    "id": f"reviews-{reminder.user_id}-{reminder.day}",
                    "kind": "reviews_due",
                    "about": str(reminder.due),
                    "state": "due",
                    "message": reminder.message,
                    "next_step": "",
                    "at": isoformat(at),
                }
                enqueue_message(session, message, reminder.user_id)
        return f"Reminded {len(taken)}." if taken else ""

    return Duty("reminders", EVERY, run, wanted=lambda: bool(settings.alert_webhook))
