"""Duties and backups as parts of an instance's health."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from studyq.database.engine import Database
from studyq.jobs.duties import Duty, claim, finish
from studyq.operations.backup import back_up_daily
from studyq.operations.upkeep import LATE, OVERDUE, backups_part, duties_part, look_for_copies
from studyq.settings import Settings

DAY = 86_400.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path)


def back_up(database: Database, settings: Settings, *, age: float = 0.0) -> Path:
    """A copy that was written so many seconds ago."""
    assert database.path is not None
    copy, _ = back_up_daily(database.path, settings.backups_dir, keep=7, min_free=0)
    written = time.time() - age
    os.utime(copy, (written, written))
    return copy


def claimed(database: Database, duty: Duty) -> None:
    assert claim(database, duty, "me") == 0.0


class TestDuties:
    def test_none_has_been_due(self, database: Database) -> None:
        with database.read() as session:
            assert duties_part(session).ok

    def test_one_that_failed_is_named_with_what_it_said(self, database: Database) -> None:
        for name, outcome, failed in (("orphans", "", False), ("backups", "disk full", True)):
            duty = Duty(name, DAY, lambda: "")
            claimed(database, duty)
            finish(database, duty, "me", outcome, failed=failed)
        with database.read() as session:
            part = duties_part(session)
        assert not part.ok
        assert not part.needed
        assert part.reason == "The duty backups failed: disk full"
        assert part.next_step

    def test_all_went_well(self, database: Database) -> None:
        duty = Duty("orphans", DAY, lambda: "")
        claimed(database, duty)
        finish(database, duty, "me", "", failed=False)
        with database.read() as session:
            assert "1 went well" in duties_part(session).reason


class TestBackups:
    def test_the_newest_counts(self, database: Database, settings: Settings) -> None:
        back_up(database, settings, age=LATE + 60).rename(
            settings.backups_dir / "studyq-20260101T000000Z.db"
        )
        part = backups_part(settings, database)
        assert not part.ok
        assert not part.needed
        assert part.reason == "The newest backup is 2 days old."
        newest = back_up(database, settings, age=7200)
        part = backups_part(settings, database)
        assert part.ok
        assert part.reason == "the newest is 2 h old, 2 kept"
        copies = look_for_copies(settings.backups_dir)
        assert (copies.number, copies.size) == (2, newest.stat().st_size)

    def test_the_first_may_take_a_while(self, database: Database, settings: Settings) -> None:
        assert backups_part(settings, database).ok  # no duty has been offered yet
        claim(database, Duty("backups", DAY, lambda: "", first=300.0), "me")
        part = backups_part(settings, database)
        assert part.ok
        assert part.reason in ("the first is due in 5 min", "the first is due in 300 s")

    def test_none_long_after_the_first_was_due(
        self, database: Database, settings: Settings
    ) -> None:
        claim(database, Duty("backups", DAY, lambda: "", first=-OVERDUE - 60), "me")
        part = backups_part(settings, database)
        assert not part.ok
        assert "no backup" in part.reason

    def test_switched_off(self, database: Database, tmp_path: Path) -> None:
        part = backups_part(Settings(data=tmp_path, backup_keep=0), database)
        assert part.ok
        assert "STUDYQ_BACKUP_KEEP" in part.reason

    def test_a_folder_that_is_none(self, database: Database, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        part = backups_part(Settings(data=tmp_path, backups=str(tmp_path / "file")), database)
        assert not part.ok
        assert "cannot be read" in part.reason
