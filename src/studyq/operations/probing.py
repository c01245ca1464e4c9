"""A way to the database that says soon whether it works, whatever others do with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from studyq.database.driver import open_engine
from studyq.database.engine import Database

LOCK_PATIENCE = 2.0  #: seconds that the database may be held by somebody else


@contextmanager
def probing(database: Database) -> Iterator[sa.Engine]:
    """An engine whose connections are its own and wait for nobody long.

    Raises:
        FileNotFoundError: when the database's file is gone; connecting would make it anew.
    """
    if database.path is not None and not database.path.exists():
        raise FileNotFoundError(f"The database file {database.path} is gone.")
    engine = open_engine(
        database.url,
        poolclass=sa.NullPool,
        connect_args={"check_same_thread": False, "timeout": LOCK_PATIENCE},
    )
    try:
        yield engine
    finally:
        engine.dispose()
