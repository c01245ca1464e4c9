"""The duty `backups`: a checked copy of the database each day, of which some are kept."""

from __future__ import annotations

from studyq.database.engine import Database
from studyq.jobs.duties import Duty
from studyq.operations.backup import back_up_daily
from studyq.settings import Settings

EVERY = 86_400.0  #: seconds
FIRST = 300.0  #: seconds from the first start to the first backup


def backups(settings: Settings, database: Database) -> Duty:
    """The duty."""

    def run() -> str:
        assert database.path is not None, "not wanted without"  # noqa: S101
        made, deleted = back_up_daily(
            database.path, settings.backups_dir, keep=settings.backup_keep,
            min_free=settings.min_free,
        )  # fmt: skip
        size = made.stat().st_size / 1e6
        return f"{made.name} written ({size:,.1f} MB), {deleted} older deleted."

    def wanted() -> bool:
        return settings.backup_keep > 0 and database.path is not None

    return Duty("backups", EVERY, run, wanted=wanted, first=FIRST)
