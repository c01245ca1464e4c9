"""Databases made to be handed out as files, on the process's own SQLite library."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from studyq.database.driver import load_driver


def database_file(fill: Callable[[Any], None]) -> bytes:
    """The bytes of a new database.

    Args:
        fill: given a cursor (DB-API 2), makes its tables and rows.
    """
    with tempfile.TemporaryDirectory(prefix="studyq-") as folder:
        path = Path(folder) / "made.db"
        with closing(load_driver().connect(str(path))) as connection:
            fill(connection.cursor())
            connection.commit()
        return path.read_bytes()
