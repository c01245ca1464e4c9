"""The duty `rollups`: count what happened, every two seconds in which something did."""

from __future__ import annotations

from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs.duties import Duty
from studyq.jobs.rollups import DUTY, forget_old, is_behind, roll_up

EVERY = 2.0  #: seconds
FORGET_EVERY = 3600.0  #: seconds between two deletions of old minutes


def rollups(database: Database) -> Duty:
    """The duty."""
    forgotten_at = 0

    def run() -> str:
        nonlocal forgotten_at
        roll_up(database)
        if abs(now() - forgotten_at) > FORGET_EVERY * 1e6:
            forget_old(database)
            forgotten_at = now()
        return ""  # each two seconds, it is nothing to speak of

    return Duty(DUTY, EVERY, run, wanted=lambda: is_behind(database))
