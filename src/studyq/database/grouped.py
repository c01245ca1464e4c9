"""Writes of several threads in one transaction: one commit for all that wait for their turn."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import sqlalchemy as sa

from studyq.database.engine import Database

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST = 16  #: writes in one transaction: others wait for its end


class _Turn(Generic[Item, Result]):
    """A write that waits to be committed; its thread sleeps until it is, or until it leads."""

    __slots__ = ("called", "error", "item", "over", "result")

    result: Result

    def __init__(self, item: Item) -> None:
        self.item = item
        self.error: BaseException | None = None
        self.over = False
        self.called = threading.Lock()
        self.called.acquire()


class GroupedWrites(Generic[Item, Result]):
    """Whoever comes first commits for all that have come by then; a single write never waits.

    Each write stands for itself: when one of a group fails, the group is rolled back and each is
    written again in a transaction of its own.

    Args:
        write: writes some items in the running transaction; returns a result for each. It must be
            fit to be run again.
    """

    def __init__(
        self,
        database: Database,
        write: Callable[[sa.Connection, Sequence[Item]], Sequence[Result]],
    ) -> None:
        self._database = database
        self._write = write
        self._waiting: deque[_Turn[Item, Result]] = deque()
        self._led = False  #: whether somebody is committing
        self._lock = threading.Lock()

    def run(self, item: Item) -> Result:
        """Write an item.

        Returns:
            Its result, once it is committed.

        Raises:
            Exception: what its write raised, or what kept it from being committed.
        """
        turn: _Turn[Item, Result] = _Turn(item)
        with self._lock:
            self._waiting.append(turn)
            leads = not self._led
            self._led = True
        if not leads:
            turn.called.acquire()
        if not turn.over:
            self._lead()
        if turn.error is not None:
            raise turn.error
        return turn.result

    def _lead(self) -> None:
        """Commit the writes that wait, oneself's the first; then let the next in line lead."""
        group: list[_Turn[Item, Result]] = []
        try:
            self._commit(group)
        finally:
            with self._lock:
                heir = self._waiting[0] if self._waiting else None
                self._led = heir is not None
            if heir is not None:
                heir.called.release()
            for turn in group:
                turn.over = True
                turn.called.release()

    def _commit(self, group: list[_Turn[Item, Result]]) -> None:
        try:
            with self._database.hold() as connection:
                while self._waiting and len(group) < MOST:
                    group.append(self._waiting.popleft())
                self._write_all(connection, group)
        except BaseException as error:  # raised again in the thread that it belongs to
            if not group:  # no transaction was to be had; the next may have more luck
                group.append(self._waiting.popleft())
            if len(group) == 1:
                group[0].error = error
            else:
                for turn in group:
                    self._write_alone(turn)

    def _write_alone(self, turn: _Turn[Item, Result]) -> None:
        try:
            with self._database.hold() as connection:
                self._write_all(connection, [turn])
        except BaseException as error:
            turn.error = error

    def _write_all(self, connection: sa.Connection, group: list[_Turn[Item, Result]]) -> None:
        results = self._write(connection, [turn.item for turn in group])
        for turn, result in zip(group, results, strict=True):
            turn.result = result
