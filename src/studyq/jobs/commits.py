"""Notices that somebody has committed to the database, in this process or another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
import structlog

from studyq.database.engine import Database

log = structlog.get_logger("studyq.jobs")

TROUBLE = 1.0  #: seconds until the next look when one has failed


class CommitWatch:
    """A thread that looks at `PRAGMA data_version`, which costs a few microseconds.

    Args:
        pause: seconds until the next look, asked before each one.
        changed: called after a look that found commits.
    """

    def __init__(
        self, database: Database, *, pause: Callable[[], float], changed: Callable[[], None]
    ) -> None:
        self._database = database
        self._pause = pause
        self._changed = changed
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="studyq-commits", daemon=True)

    def start(self) -> None:
        """Start looking."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for the look in progress."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        # Its own connection: data_version counts the commits of all others.
        watch = self._database.connect()
        try:
            seen = 0
            while not self._over.wait(self._pause()):
                try:
                    version = data_version(watch)
                    if version != seen:
                        self._changed()
                        seen = version
                except sa.exc.DBAPIError:
                    log.exception("commits not seen")
                    self._over.wait(TROUBLE)
        finally:
            watch.close()


def data_version(connection: sa.Connection) -> int:
    """A number that is another one whenever another connection has committed since."""
    raw: Any = connection.connection.driver_connection
    version: int = raw.execute("PRAGMA data_version").fetchone()[0]
    return version
