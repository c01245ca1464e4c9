"""Writes of several threads in one transaction: one commit for all that wait for their turn."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from studyq.database.engine import Database

T = TypeVar("T")

MOST = 16  #: writes in one transaction: others wait for its end


class _Turn:
    """A write that waits to be committed; its thread sleeps until it is, or until it leads."""

    __slots__ = ("called", "error", "over", "result", "write")

    def __init__(self, write: Callable[[sa.Connection], Any]) -> None:
        self.write = write
        self.result: Any = None
        self.error: Exception | None = None
        self.over = False
        self.called = threading.Lock()
        self.called.acquire()


class GroupedWrites:
    """Whoever comes first commits for all that have come by then; a single write never waits.

    Each write stands for itself: when one of a group fails, the group is rolled back and each is
    written again in a transaction of its own. So a write must be one that can be run again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Turn] = deque()
        self._led = False  #: whether somebody is committing
        self._lock = threading.Lock()

    def run(self, write: Callable[[sa.Connection], T]) -> T:
        """Run a write on a connection with a transaction running.

        Returns:
            What the write returned, once it is committed.

        Raises:
            Exception: what the write raised, or what kept it from being committed.
        """
        turn = _Turn(write)
        with self._lock:
            self._waiting.append(turn)
            leads = not self._led
            self._led = True
        if not leads:
            turn.called.acquire()
        if not turn.over:
            self._lead(turn)
        if turn.error is not None:
            raise turn.error
        result: T = turn.result
        return result

    def _lead(self, own: _Turn) -> None:
        group = []
        try:
            group = self._commit(own)
        finally:
            with self._lock:
                heir = self._waiting[0] if self._waiting else None
                self._led = heir is not None
            if heir is not None:
                heir.called.release()
            for turn in group:
                turn.over = True
                turn.called.release()

    def _commit(self, own: _Turn) -> list[_Turn]:
        """Commit the writes that wait; those that come while it writes join them."""
        group: list[_Turn] = []
        try:
            with self._database.hold() as connection:
                while self._waiting and len(group) < MOST:
                    turn = self._waiting.popleft()
                    group.append(turn)
                    turn.result = turn.write(connection)
        except Exception as error:
            if not group:  # no transaction was to be had; others may have more luck
                self._waiting.remove(own)
                group = [own]
            if len(group) == 1:
                group[0].error = error
            else:
                for turn in group:
                    self._write_alone(turn)
        return group

    def _write_alone(self, turn: _Turn) -> None:
        try:
            with self._database.hold() as connection:
                turn.result = turn.write(connection)
        except Exception as error:
            turn.error = error
