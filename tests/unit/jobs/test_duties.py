"""A duty is carried out by one at a time, again and again, whatever the clock and others do."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from job_layer import wait_for
from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs.duties import Duty, DutyRunner, DutyState, claim, duty_states, finish
from studyq.jobs.models import Duty as DutyRow

DAY = 86_400.0


def nothing() -> str:
    return ""


def state_of(database: Database, name: str) -> DutyState:
    with database.read() as session:
        [found] = [state for state in duty_states(session) if state.name == name]
    return found


def is_running(database: Database, name: str) -> bool:
    """Whether a duty runs now; before its first time there is no row of it."""
    with database.read() as session:
        return any(state.name == name and state.running for state in duty_states(session))


def set_row(database: Database, name: str, **values: Any) -> None:
    with database.write() as session:
        session.execute(sa.update(DutyRow).where(DutyRow.name == name).values(**values))


def test_one_takes_it_and_the_next_waits_for_the_next_time(database: Database) -> None:
    duty = Duty("sweep", 60.0, nothing)
    assert claim(database, duty, "a") == 0
    assert 0 < claim(database, duty, "b") <= 30
    assert state_of(database, "sweep").holder == "a"
    assert finish(database, duty, "a", "3 swept.", failed=False)
    assert 55 < claim(database, duty, "b") <= 60
    state = state_of(database, "sweep")
    assert (state.outcome, state.failed, state.running) == ("3 swept.", False, False)


def test_a_dead_holder_loses_it_when_its_lease_ends(database: Database) -> None:
    duty = Duty("sweep", 60.0, nothing)
    assert claim(database, duty, "dead") == 0
    set_row(database, "sweep", lease_until=now() - 1)
    assert not state_of(database, "sweep").running
    assert claim(database, duty, "heir") == 0
    assert not finish(database, duty, "dead", "late", failed=False)
    assert state_of(database, "sweep").holder == "heir"


def test_a_clock_that_was_set_back_stops_no_duty(database: Database) -> None:
    duty = Duty("sweep", 60.0, nothing)
    assert claim(database, duty, "a") == 0
    finish(database, duty, "a", "", failed=False)
    set_row(database, "sweep", due_at=now() + round(30 * DAY * 1e6))
    assert claim(database, duty, "a") == 0
    # And a holder that died before the clock was set back: a whole lease is granted, no more.
    set_row(database, "sweep", lease_until=now() + round(30 * DAY * 1e6))
    assert claim(database, duty, "b", 0.2) == 0.2
    wait_for(lambda: claim(database, duty, "b", 0.2) == 0, "taken over")


def test_the_first_run_may_be_later(database: Database) -> None:
    duty = Duty("backup", DAY, nothing, first=300.0)
    assert 295 < claim(database, duty, "a") <= 300


def test_what_nobody_wants_writes_nothing(database: Database) -> None:
    duty = Duty("count", 2.0, nothing, wanted=lambda: False)
    claim(database, duty, "a")
    with database.read() as session:
        before = session.scalar(sa.text("PRAGMA data_version"))
        assert claim(database, duty, "a") == 2.0
        assert session.scalar(sa.text("PRAGMA data_version")) == before
    assert state_of(database, "count").started_at is None


def test_a_failure_is_told_and_it_is_tried_again(database: Database) -> None:
    times: list[int] = []

    def run() -> str:
        times.append(1)
        if len(times) == 1:
            raise OSError("the disk is full")
        return "Done."

    runner = DutyRunner(database, [Duty("backup", 0.05, run)], "a")
    told: set[tuple[str, bool]] = set()

    def look() -> bool:
        with database.read() as session:
            told.update((state.outcome, state.failed) for state in duty_states(session))
        return ("Done.", False) in told

    runner.start()
    wait_for(look, "done")
    runner.stop()
    assert ("OSError: the disk is full", True) in told or len(times) > 1


def test_a_run_without_a_word_leaves_the_last_one_unless_that_was_a_failure(
    database: Database,
) -> None:
    duty = Duty("sweep", 0.0, nothing)
    for outcome, failed, shown in (("3 swept.", False, "3 swept."), ("", False, "3 swept."),
                                   ("broken", True, "broken"), ("", False, "")):  # fmt: skip
        assert claim(database, duty, "a") == 0
        finish(database, duty, "a", outcome, failed=failed)
        assert state_of(database, "sweep").outcome == shown


def test_a_long_duty_holds_up_no_other_and_keeps_its_lease(database: Database) -> None:
    end, short = threading.Event(), threading.Event()

    def take_long() -> str:
        end.wait(30)
        return "long"

    def be_short() -> str:
        short.set()
        return "short"

    duties = [Duty("long", 0.05, take_long), Duty("short", 0.05, be_short)]
    first = DutyRunner(database, duties, "a", lease=0.3)
    first.start()
    wait_for(lambda: is_running(database, "long"), "long begun")
    holder = state_of(database, "long").holder
    second = DutyRunner(database, [Duty("long", 0.05, take_long)], "b", lease=0.3)
    second.start()
    assert short.wait(30)
    begun = now()
    wait_for(lambda: now() - begun > 1_000_000, "three leases")
    assert state_of(database, "long").holder == holder == "a"
    end.set()
    for runner in (first, second):
        runner.stop()


def test_a_locked_database_does_not_end_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = threading.Event()

    def run() -> str:
        ran.set()
        return ""

    broken = iter([True])

    def claim_once_broken(*arguments: Any) -> float:
        if next(broken, False):
            raise sa.exc.OperationalError("UPDATE", {}, Exception("database is locked"))
        return claim(*arguments)

    monkeypatch.setattr("studyq.jobs.duties.claim", claim_once_broken)
    runner = DutyRunner(database, [Duty("sweep", 0.05, run)], "a")
    runner.start()
    assert ran.wait(30)
    runner.stop()
