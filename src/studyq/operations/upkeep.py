"""Whether an instance is looked after: its duties, and the backups that one of them makes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs.duties import duty_states
from studyq.operations.backup import daily_copies
from studyq.operations.conditions import in_words
from studyq.operations.parts import Part
from studyq.settings import Settings

BACKUPS = "backups"  #: the duty's name
LATE = 2 * 86_400.0  #: seconds after which the newest backup should have been followed by another
OVERDUE = 3600.0  #: seconds after its time that the first backup may take to be there


@dataclass(frozen=True)
class Copies:
    """The daily copies of the database that are there.

    Args:
        number: how many.
        newest: when the newest was written, an Instant; nothing when there is none.
        size: bytes of the newest.
    """

    number: int
    newest: int | None
    size: int


def look_for_copies(folder: Path) -> Copies:
    """Look into the folder of backups.

    Raises:
        OSError: when it cannot be read; one that does not exist holds none.
    """
    found = [path.stat() for path in daily_copies(folder)]
    if not found:
        return Copies(0, None, 0)
    newest = max(found, key=lambda file: file.st_mtime_ns)
    return Copies(len(found), newest.st_mtime_ns // 1000, newest.st_size)


def duties_part(session: Session) -> Part:
    """Whether every periodic duty went well the last time."""
    states = duty_states(session)
    failed = [state for state in states if state.failed]
    if failed:
        told = " ".join(f"The duty {state.name} failed: {state.outcome}" for state in failed)
        return Part(
            False, told, "The log has the details. It is tried again when it is next due.",
            needed=False,
        )  # fmt: skip
    if not states:
        return Part(True, "none has been due yet", needed=False)
    return Part(True, f"all {len(states)} went well the last time", needed=False)


def backups_part(settings: Settings, database: Database) -> Part:
    """Whether there is a daily copy of the database that is not too old."""
    if settings.backup_keep == 0 or database.path is None:
        return Part(
            True,
            "daily copies are switched off (STUDYQ_BACKUP_KEEP=0)"
            if settings.backup_keep == 0
            else "the database server's own are what counts",
            needed=False,
        )
    try:
        copies = look_for_copies(settings.backups_dir)
    except OSError as error:
        return _amiss(
            f"The folder of backups {settings.backups_dir} cannot be read: {error.strerror}.",
            "See that it is mounted, and what STUDYQ_BACKUPS says.",
        )
    if copies.newest is None:
        return _first(database)
    age = max(0.0, (now() - copies.newest) / 1e6)
    if age > LATE:
        return _amiss(
            f"The newest backup is {in_words(age)} old.",
            "See below what the duty backups says, or run `studyq backup` by hand.",
        )
    return Part(True, f"the newest is {in_words(age)} old, {copies.number} kept", needed=False)


def _first(database: Database) -> Part:
    """No backup is there: whether that is as it should be for now."""
    with database.read() as session:
        due = next((state.due_at for state in duty_states(session) if state.name == BACKUPS), None)
    if due is not None and now() - due > OVERDUE * 1e6:
        return _amiss(
            "There is no backup of the database.",
            "See below what the duty backups says, or run `studyq backup` by hand.",
        )
    wait = 0.0 if due is None else max(0.0, (due - now()) / 1e6)
    return Part(True, f"the first is due in {in_words(wait)}", needed=False)


def _amiss(reason: str, next_step: str) -> Part:
    return Part(False, reason, next_step, needed=False)
