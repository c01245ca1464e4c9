"""Doing parts of a job side by side, while the job's own thread takes what comes of them.

Only that thread commits, and it looks ten times a second whether the job is to end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Generic, TypeVar

TICK = 0.1  #: seconds between two looks at whether the job is to end

Check = Callable[[], None]
Part = TypeVar("Part")
Result = TypeVar("Result")


class Abandoned(Exception):
    """The attempt is over; what a thread is at is of no use any more."""


class SideBySide(Generic[Part, Result]):
    """Parts of a job that are queued or in work."""

    def __init__(self, queued: dict[Future[Result], Part]) -> None:
        self._queued = queued

    def results(self, look: Check) -> Iterator[Result]:
        """What comes of the parts, each as it ends.

        Args:
            look: Is called between them, and raises when the job is to end.

        Raises:
            Exception: what a part raised.
        """
        while self._queued:
            look()
            ended, _ = wait(self._queued, TICK, FIRST_COMPLETED)
            for future in ended:
                del self._queued[future]
                yield future.result()

    def take_back(self) -> list[Part]:
        """Take back the parts that nobody has begun; those in work go on."""
        return [self._queued.pop(future) for future in list(self._queued) if future.cancel()]


@contextmanager
def side_by_side(
    do: Callable[[Part, Check], Result], parts: Iterable[Part], *, at_once: int, name: str
) -> Iterator[SideBySide[Part, Result]]:
    """Do parts of a job in threads; those not ended when the block is left are abandoned.

    Args:
        do: Does one part. The check that it is given raises once the block is left.
        parts: What is to be done, in this order.
        at_once: Threads.
        name: Of the threads.
    """
    over = threading.Event()

    def check() -> None:
        if over.is_set():
            raise Abandoned

    with ThreadPoolExecutor(at_once, name) as pool:
        try:
            yield SideBySide({pool.submit(do, part, check): part for part in parts})
        finally:
            over.set()
            pool.shutdown(cancel_futures=True)
