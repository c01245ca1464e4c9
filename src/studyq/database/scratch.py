"""Databases handed out or taken in as files, on the process's own SQLite library."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
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


@contextmanager
def foreign_database(path: Path) -> Iterator[Any]:
    """A cursor (DB-API 2) on a file that somebody else wrote; it can only be read.

    What its schema may have been made to do is switched off: functions in views and triggers are
    not trusted, and cells are checked.
    """
    uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    with closing(load_driver().connect(uri, uri=True)) as connection:
        # Anki's; its order does not matter to who reads everything.
        connection.create_collation("unicase", _by_letters)
        cursor = connection.cursor()
        for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "query_only=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        yield cursor


def _by_letters(one: str, other: str) -> int:
    left, right = one.casefold(), other.casefold()
    return (left > right) - (left < right)
