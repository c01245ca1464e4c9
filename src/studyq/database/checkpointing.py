"""A passive checkpoint each second: bounds what a power cut can take to about a second."""

from __future__ import annotations

import threading

import sqlalchemy as sa
import structlog

from studyq.database.engine import Database

EVERY = 1.0  #: seconds

log = structlog.get_logger("studyq.database")


class Checkpointer:
    """A thread that syncs what has been committed, without holding anybody up."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="studyq-checkpoint", daemon=True)

    def start(self) -> None:
        """Start."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for the checkpoint in progress."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(EVERY):
            try:
                self._database.checkpoint()
            except sa.exc.DBAPIError:
                log.exception("checkpoint failed")
