"""Backups: a copy of the database each day, and an archive of everything when somebody asks.

An archive is a tar file with `studyq.db`, `secret.key` and the originals by their keys, below
`files/`. It is not compressed: PDFs are.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from studyq.database.copying import check_copy, copy_database
from studyq.database.engine import Database
from studyq.library.models import Pdf
from studyq.storage.originals import OriginalMissing, Storage, StorageFull

DATABASE, KEY, ORIGINALS = "studyq.db", "secret.key", "files/"  #: names within an archive
PART_AGE = 86_400.0  #: seconds after which an unfinished copy belongs to nobody any more

_DAILY = re.compile(r"studyq-\d{8}T\d{6}Z\.db")


@dataclass(frozen=True)
class Archive:
    """An archive that was written."""

    path: Path
    size: int
    originals: int
    missing: tuple[str, ...]  #: names of files whose originals are not in the storage


def back_up_daily(database: Path, folder: Path, *, keep: int, min_free: int) -> tuple[Path, int]:
    """Copy the database into a folder, look the copy over, delete the oldest copies there.

    Args:
        keep: how many copies there are afterwards, at the most.
        min_free: bytes that must stay free.

    Returns:
        The copy, and how many were deleted.

    Raises:
        StorageFull: when there is no room for it; no older copy is deleted then.
        CopyDamaged: when the copy is damaged, as the database then is; no older one is deleted.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    copy = folder / f"studyq-{_stamp()}.db"
    _copy_checked(database, copy, min_free)
    _delete_unfinished(folder)
    copies = daily_copies(folder)
    for path in copies[:-keep]:
        path.unlink(missing_ok=True)
    return copy, len(copies[:-keep])


def daily_copies(folder: Path) -> list[Path]:
    """The copies that `back_up_daily` has left in a folder, the oldest first.

    Raises:
        OSError: when the folder cannot be read; one that does not exist holds none.
    """
    if not folder.exists():
        return []
    return sorted(path for path in folder.iterdir() if _DAILY.fullmatch(path.name))


def write_archive(
    database: Path,
    storage: Storage,
    key: Path,
    target: Path,
    *,
    min_free: int = 0,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> Archive:
    """Write an archive of the database, the originals that it names, and the key.

    Args:
        target: the archive, or a folder to put it into under a name of its own.
        told: called with the number of originals written, and of all.

    Raises:
        FileExistsError: when the archive exists.
        StorageFull: when there is no room for it.
        CopyDamaged: when the database is damaged.
    """
    if target.is_dir():
        target = target / f"studyq-{_stamp()}.tar"
    if target.exists():
        raise FileExistsError(f"{target} exists already. Choose another name.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _scratch(target.parent) as scratch:
        copy = scratch / DATABASE
        _copy_checked(database, copy, min_free)
        originals = _originals(copy)
        _require_room(target.parent, copy.stat().st_size + sum(o.size for o in originals), min_free)
        partial = scratch / "archive.tar"
        partial.touch(mode=0o600)
        missing = []
        with tarfile.open(partial, "w") as tar:
            tar.add(copy, DATABASE)
            if key.exists():
                tar.add(key, KEY)
            for done, original in enumerate(originals, 1):
                try:
                    with storage.local(original.key) as path:
                        tar.add(path, ORIGINALS + original.key)
                except OriginalMissing:
                    missing.append(original.filename)
                told(done, len(originals))
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(target)
    return Archive(target, target.stat().st_size, len(originals) - len(missing), tuple(missing))


@dataclass(frozen=True)
class _Original:
    key: str
    filename: str
    size: int


def _originals(copy: Path) -> list[_Original]:
    """The originals that a database names, each once."""
    opened = Database(f"sqlite:///{copy}")
    try:
        with opened.read() as session:
            rows = session.execute(
                sa.select(Pdf.storage_key, sa.func.min(Pdf.filename), sa.func.max(Pdf.size))
                .group_by(Pdf.storage_key)
                .order_by(Pdf.storage_key)
            )
            return [_Original(*row) for row in rows]
    finally:
        opened.close()


def _copy_checked(database: Path, copy: Path, min_free: int) -> None:
    log = database.with_name(f"{database.name}-wal")
    size = database.stat().st_size + (log.stat().st_size if log.exists() else 0)
    _require_room(copy.parent, size, min_free)
    # Under its final name only when it has been looked over: whoever restores takes it for good.
    unchecked = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}.unchecked.part")
    try:
        copy_database(database, unchecked)
        check_copy(unchecked)
        unchecked.replace(copy)
    finally:
        unchecked.unlink(missing_ok=True)


def _require_room(folder: Path, size: int, min_free: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size + min_free:
        raise StorageFull(
            f"A backup of {size:,} bytes has no room in {folder}, where {free:,} bytes are free "
            f"and STUDYQ_MIN_FREE leaves {min_free:,} alone. Free some space, or set "
            "STUDYQ_BACKUPS to a folder on another disk."
        )


def _delete_unfinished(folder: Path) -> None:
    for path in folder.glob("studyq-*.db.*part"):
        if datetime.now(UTC).timestamp() - path.stat().st_mtime > PART_AGE:
            path.unlink(missing_ok=True)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder on the disk of another one, gone at the end with all that is in it."""
    path = folder / f".studyq-backup-{secrets.token_hex(4)}"
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
