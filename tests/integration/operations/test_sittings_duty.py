"""The duty that hands in tests whose time is over while nobody looks."""

from __future__ import annotations

import sqlalchemy as sa

from job_layer import USER
from studyq.assessment.blueprint import Blueprint
from studyq.assessment.items import ItemBody, add_item
from studyq.assessment.making import make_test
from studyq.assessment.models import ItemKind, Sitting
from studyq.assessment.service import change_test
from studyq.assessment.sittings import GRACE, find_sitting, start
from studyq.database.engine import Database
from studyq.jobs.models import Job
from studyq.operations.duties.sittings import sittings


def begun(database: Database, taker: str, *, over_by: int) -> str:
    """A sitting whose time has been over for so many microseconds."""
    with database.write() as session:
        test = make_test(session, USER, title="Quick", time_limit=60, blueprint=Blueprint([]))
        add_item(session, USER, test.id, ItemBody(ItemKind.SHORT, "What moves?", "water"))
        change_test(session, USER, test.id, status="ready")
        sitting = start(session, USER, test.id, taker=taker)
        assert sitting.deadline is not None
        session.execute(
            sa.update(Sitting)
            .where(Sitting.id == sitting.id)
            .values(deadline=sitting.deadline - 60_000_000 - over_by)
        )
        return sitting.id


def test_what_is_overdue_is_handed_in_once(database: Database) -> None:
    duty = sittings(database)
    assert not duty.wanted()
    late = begun(database, "Ada", over_by=GRACE + 1_000_000)
    in_grace = begun(database, "Bob", over_by=1)
    assert duty.wanted()
    assert duty.run() == "1 test handed in."
    assert not duty.wanted()
    assert duty.run() == ""
    with database.read() as session:
        sitting = find_sitting(session, USER, late)
        assert (sitting.status, sitting.submitted_at) == ("submitted", sitting.deadline)
        assert find_sitting(session, USER, in_grace).status == "open"
        assert session.scalars(sa.select(Job.id)).all() == [sitting.job_id]
