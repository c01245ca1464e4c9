"""What this process and its machine tell, without asking the database."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

from studyq import __version__
from studyq.database.driver import load_driver
from studyq.database.engine import Database
from studyq.database.lock_waits import LOCK_BUCKETS
from studyq.jobs.tail import EventTail
from studyq.operations.metrics import catalogue
from studyq.operations.metrics.readings import Part, Reading, Times


def process_parts(data: Path, database: Database, tail: EventTail) -> list[Part]:
    """The parts of this process.

    Args:
        data: the data folder.
    """
    return [
        Part("process", lambda: _process(database, tail)),
        Part("files", lambda: _files(data, database.path)),
    ]


def _process(database: Database, tail: EventTail) -> Iterator[Reading]:
    _, seconds, counts = database.lock_waits.snapshot()
    yield Reading(catalogue.LOCK_WAIT, Times(LOCK_BUCKETS, counts, seconds))
    yield Reading(catalogue.STREAMS, tail.clients)
    built = (__version__, platform.python_version(), load_driver().sqlite_version)
    yield Reading(catalogue.BUILD, 1, built)


def _files(data: Path, path: Path | None) -> Iterator[Reading]:
    yield Reading(catalogue.DISK, shutil.disk_usage(data).free)
    if path is not None:
        log = path.with_name(path.name + "-wal")
        yield Reading(catalogue.DATABASE, path.stat().st_size, ("file",))
        yield Reading(catalogue.DATABASE, log.stat().st_size if log.exists() else 0, ("log",))
