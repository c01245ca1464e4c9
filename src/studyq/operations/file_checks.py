"""Whether the originals and the rows that name them belong together."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

import sqlalchemy as sa

from studyq.database.engine import Database
from studyq.library.models import Pdf
from studyq.library.service import delete_originals
from studyq.operations.findings import Patient, Symptom, count_of, symptom
from studyq.storage.originals import Storage

ORPHAN_AGE = 24 * 3600.0  #: seconds after which an original that no row names is deleted
DELETED_AT_ONCE = 50  #: originals deleted in one write transaction, which nobody else gets past

_KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}")


def check_originals(patient: Patient) -> Iterator[Symptom]:
    """Every original is named by a row, and every row's original is there."""
    try:
        kept = _kept(patient.storage)
    except OSError as error:
        yield symptom(
            "storage_unreachable",
            f"The originals at {patient.storage.url} cannot be listed: {error}.",
            "Check STUDYQ_STORAGE_URL and the access to it.",
            [patient.storage.url],
        )
        return
    named = _named(patient.database)
    yield from _missing(patient, {key: name for key, name in named.items() if key not in kept})
    yield from _orphaned(patient, sorted(kept - named.keys()))


def find_orphans(database: Database, storage: Storage) -> list[str]:
    """Keys of originals that no row names.

    Raises:
        OSError: when the originals cannot be listed.
    """
    kept = _kept(storage)
    return sorted(kept - _named(database).keys())


def delete_orphans(database: Database, storage: Storage, keys: Sequence[str], age: float) -> int:
    """Delete originals of these that still no row names; returns how many.

    Args:
        age: seconds; younger ones are kept.
    """
    old = []
    for key in keys:
        with suppress(FileNotFoundError):  # deleted meanwhile
            if time.time() - storage.modified(key) > age:
                old.append(key)
    for start in range(0, len(old), DELETED_AT_ONCE):
        with database.write() as session:
            delete_originals(session, storage, old[start : start + DELETED_AT_ONCE])
    return len(old)


def check_temporary_files(patient: Patient) -> Iterator[Symptom]:
    """Nothing is left of uploads that a crash cut off."""
    stale = patient.storage.stale(time.time())
    if stale:
        yield symptom(
            "stale_temporary_files",
            f"{count_of(stale, 'temporary file is', 'temporary files are')} left of uploads that "
            "never ended.",
            "`studyq doctor --fix` deletes them; so does the next start of `studyq serve`.",
            stale,
            lambda: f"{patient.storage.sweep(time.time())} deleted.",
        )


def _missing(patient: Patient, suspects: dict[str, str]) -> Iterator[Symptom]:
    # Looked at once more: an upload may have been stored after the list was made.
    gone = [name for key, name in suspects.items() if not patient.storage.exists(key)]
    if gone:
        yield symptom(
            "missing_originals",
            f"{count_of(gone, 'original is', 'originals are')} missing from {patient.storage.url}. "
            "What was read of them can be searched; their pages cannot be shown or read again.",
            "Add the same files again (`studyq add`): they are put back. Or restore them from a "
            "backup.",
            gone,
        )


def _orphaned(patient: Patient, keys: Sequence[str]) -> Iterator[Symptom]:
    if keys:
        yield symptom(
            "orphaned_originals",
            f"{count_of(keys, 'original belongs', 'originals belong')} to no document.",
            "`studyq doctor --fix` deletes those that are older than a day.",
            keys,
            lambda: _delete_old(patient, keys),
        )


def _delete_old(patient: Patient, keys: Sequence[str]) -> str:
    deleted = delete_orphans(patient.database, patient.storage, keys, ORPHAN_AGE)
    young = len(keys) - deleted
    kept = f" {young} kept for now, being younger than a day." if young else ""
    return f"{deleted} deleted.{kept}"


def _kept(storage: Storage) -> set[str]:
    return {key for key in storage.keys() if _KEY.fullmatch(key)}  # noqa: SIM118  # no mapping


def _named(database: Database) -> dict[str, str]:
    """Keys and file names that rows tell of; to be asked for after the originals were listed.

    In a write transaction, because uploads store their original within one: whatever had been
    stored when the list was made has its row by now, or never will.
    """
    with database.write() as session:
        return dict(session.execute(sa.select(Pdf.storage_key, Pdf.filename)).all())


FILE_CHECKS = (check_originals, check_temporary_files)
