"""Putting a backup in the place of what is there, which is kept aside."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from studyq.database.base import now
from studyq.database.copying import CopyDamaged, check_copy, fold_log
from studyq.database.engine import Database
from studyq.database.migrate import current_revision, refuse_newer
from studyq.jobs.identity import host_name, process_started
from studyq.jobs.models import Worker
from studyq.jobs.service import WORKER_SILENT
from studyq.library.models import Pdf
from studyq.operations.backup import DATABASE, KEY, ORIGINALS
from studyq.storage.originals import Storage

PIECE = 1024 * 1024  #: bytes copied at a time
LARGEST_KEY = 4096  #: bytes

_ORIGINAL = re.compile(re.escape(ORIGINALS) + r"[0-9a-f]{2}/([0-9a-f]{64})")


class RestoreRefused(RuntimeError):
    """The backup was not put in place; the message says why, and what to do."""


@dataclass(frozen=True)
class Restored:
    """What a restoration did.

    Args:
        aside: where what was there is now: the database, and the key if it was another one.
        originals: how many were put into the storage.
        missing: names of files whose originals are not in the storage.
    """

    aside: tuple[Path, ...]
    originals: int
    missing: tuple[str, ...]


def restore(
    backup: Path,
    database: Path,
    storage: Storage,
    key: Path,
    *,
    told: Callable[[int], None] = lambda done: None,
) -> Restored:
    """Put an archive, or a copy of the database alone, in the place of what is there.

    Nothing is changed before the whole backup has been looked at. Originals are added to those
    that are there; they are named by their content.

    Args:
        told: called with the number of originals put into the storage so far.

    Raises:
        RestoreRefused: while a process uses the database, or when the backup is not one.
        CopyDamaged: when the backup is damaged.
        SchemaNewer: when a newer version wrote it.
        StorageFull: when there is no room for it.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    refuse_in_use(database)
    with _scratch(database.parent) as scratch:
        staged = scratch / DATABASE
        if tarfile.is_tarfile(backup):
            try:
                originals = _unpack(backup, scratch, storage, told)
            except tarfile.TarError as error:
                raise CopyDamaged(f"{backup} is damaged or cut off: {error}.") from error
        else:
            shutil.copyfile(backup, staged)
            originals = 0
        staged.chmod(0o600)
        check_copy(staged)
        revision = current_revision(sa.make_url(f"sqlite:///{staged}"))
        if revision is None:
            raise RestoreRefused(f"{backup} is a database, but not one of studyq.")
        refuse_newer(staged, revision)
        missing = _missing(staged, storage)
        fold_log(staged)
        refuse_in_use(database)
        aside = [*_put_key(scratch / KEY, key), *_put_database(staged, database)]
    return Restored(tuple(aside), originals, missing)


def refuse_in_use(database: Path) -> None:
    """Refuse to go on while a process works with a database.

    Raises:
        RestoreRefused: when one does.
    """
    if not database.exists():
        return
    running = _running_workers(database)
    if running:
        raise RestoreRefused(
            f"studyq runs on {database} ({running[0]}). Stop it (`studyq serve`, `studyq worker`) "
            "and try again."
        )
    with suppress(CopyDamaged):  # perhaps the very reason for restoring
        fold_log(database)
        if database.with_name(f"{database.name}-wal").exists():
            raise RestoreRefused(
                f"Another process has {database} open. Stop whatever uses it and try again."
            )


def _running_workers(database: Path) -> list[str]:
    opened = Database(f"sqlite:///{database}")
    query = sa.select(Worker.id, Worker.host, Worker.pid, Worker.pid_started, Worker.seen_at)
    try:
        with opened.read() as session:
            rows = session.execute(query).all()
    except sa.exc.DatabaseError:
        return []  # damaged, or empty: nobody can be at work with it
    finally:
        opened.close()
    silent = now() - round(WORKER_SILENT * 1e6)
    return [
        f"process {row.pid} of {row.host}"
        for row in rows
        if (
            process_started(row.pid) == row.pid_started
            if row.host == host_name()
            else row.seen_at > silent
        )
    ]


def _unpack(backup: Path, scratch: Path, storage: Storage, told: Callable[[int], None]) -> int:
    """Take an archive apart: database and key into a folder, originals into the storage.

    Twice over it: originals follow the database, and nothing is stored of what is no backup.
    """
    with tarfile.open(backup) as tar:
        members = [member for member in tar if member.isfile()]
        names = {member.name for member in members}
        strange = [name for name in names - {DATABASE, KEY} if not _ORIGINAL.fullmatch(name)]
        if DATABASE not in names or strange:
            why = f"it holds {strange[0]}" if strange else f"there is no {DATABASE} in it"
            raise RestoreRefused(f"{backup} is not an archive of `studyq backup`: {why}.")
        for member in members:
            if member.name == KEY and member.size > LARGEST_KEY:
                raise RestoreRefused(f"{backup}: its {KEY} is too large to be one.")
            if member.name in (DATABASE, KEY):
                with _content(tar, member) as source, (scratch / member.name).open("xb") as target:
                    shutil.copyfileobj(source, target, PIECE)
        check_copy(scratch / DATABASE)
        originals = [member for member in members if member.name.startswith(ORIGINALS)]
        for done, member in enumerate(originals, 1):
            with _content(tar, member) as source:
                _store(source, member.name, storage)
            told(done)
    return len(originals)


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(member)
    if content is None:
        raise RestoreRefused(f"{member.name} cannot be read from the archive.")
    return content


def _store(source: IO[bytes], name: str, storage: Storage) -> None:
    with storage.receive() as incoming:
        while piece := source.read(PIECE):
            incoming.write(piece)
        incoming.finish()
        if not name.endswith(incoming.sha256):
            raise CopyDamaged(f"The archive is damaged: {name} has another content than it had.")
        storage.keep(incoming)


def _missing(staged: Path, storage: Storage) -> tuple[str, ...]:
    opened = Database(f"sqlite:///{staged}")
    try:
        with opened.read() as session:
            rows = session.execute(sa.select(Pdf.storage_key, Pdf.filename)).all()
    finally:
        opened.close()
    return tuple(filename for key, filename in rows if not storage.exists(key))


def _put_key(staged: Path, key: Path) -> Iterator[Path]:
    if not staged.exists() or (key.exists() and key.read_bytes() == staged.read_bytes()):
        return
    if key.exists():
        yield _set_aside(key)
    staged.chmod(0o600)
    staged.replace(key)


def _put_database(staged: Path, database: Path) -> Iterator[Path]:
    for suffix in ("", "-wal", "-shm"):  # of a damaged one, all there is
        path = database.with_name(database.name + suffix)
        if path.exists():
            yield _set_aside(path)
    staged.replace(database)
    descriptor = os.open(database.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _set_aside(path: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}.before-restore-{stamp}")
    path.rename(aside)
    return aside


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    path = folder / f".studyq-restore-{secrets.token_hex(4)}"
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path)
