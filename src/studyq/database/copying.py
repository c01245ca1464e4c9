"""Copies of a database that is in use, whole and consistent."""

from __future__ import annotations

import os
import secrets
from contextlib import closing
from pathlib import Path

from studyq.database.driver import load_driver


class CopyDamaged(RuntimeError):
    """A copy, or what it was made from, is damaged; the message tells how."""


def copy_database(source: Path, copy: Path) -> None:
    """Copy a database as it is at one moment; the copy appears under its name when it is on disk.

    In write-ahead mode nobody who writes waits for it
    (https://www.sqlite.org/backup.html, https://www.sqlite.org/isolation.html).
    """
    driver = load_driver()
    partial = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}.part")
    partial.touch(mode=0o600)
    try:
        with (
            closing(driver.connect(str(source))) as original,
            closing(driver.connect(str(partial))) as target,
        ):
            original.backup(target)
            # One file, without a log beside it; it is in write-ahead mode again when it is opened.
            target.execute("PRAGMA journal_mode=DELETE").fetchall()
        _sync(partial)
        partial.replace(copy)
        _sync(copy.parent)
    finally:
        partial.unlink(missing_ok=True)


def check_copy(path: Path) -> None:
    """Look at every page of a database that nobody uses.

    Raises:
        CopyDamaged: when something is wrong with it, or it is no database.
    """
    driver = load_driver()
    try:
        with closing(driver.connect(str(path))) as connection:
            answers = [row[0] for row in connection.execute("PRAGMA integrity_check").fetchall()]
    except driver.Error as error:
        raise CopyDamaged(f"{path} cannot be read as a database: {error}.") from error
    if answers != ["ok"]:
        raise CopyDamaged(f"{path} is damaged: {'; '.join(answers[:3])}.")


def fold_log(path: Path) -> None:
    """Move the write-ahead log into its database; it is gone then, unless others use it.

    Raises:
        CopyDamaged: when it is no database.
    """
    driver = load_driver()
    try:
        with closing(driver.connect(str(path))) as connection:
            # Whoever has read is tidied up after, by the last one that closes.
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except driver.Error as error:
        raise CopyDamaged(f"{path} cannot be read as a database: {error}.") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
