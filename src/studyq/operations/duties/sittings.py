"""The duty `sittings`: hand in tests whose time is over while nobody looks."""

from __future__ import annotations

from studyq.assessment.sittings import any_overdue, submit_overdue
from studyq.database.engine import Database
from studyq.jobs.duties import Duty

EVERY = 15.0  #: seconds


def sittings(database: Database) -> Duty:
    """The duty."""

    def wanted() -> bool:
        with database.read() as session:
            return any_overdue(session)

    def run() -> str:
        with database.write() as session:
            number = submit_overdue(session)
        return f"{number:,} {'test' if number == 1 else 'tests'} handed in." if number else ""

    return Duty("sittings", EVERY, run, wanted=wanted)
