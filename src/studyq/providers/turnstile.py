"""A lock that is fair: threads pass one at a time, in the order in which they came."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_CHECK_SECONDS = 0.1


class Turnstile:
    """Lets one thread through at a time, first come, first served.

    ``threading.Lock`` promises no order: a thread that takes it again in a loop can keep a
    second one out for as long as it likes.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()

    @contextmanager
    def turn(self, check: Callable[[], None] | None = None) -> Iterator[None]:
        """Waits for this thread's turn, and holds it within the ``with`` block.

        Args:
            check: Called at least ten times a second while waiting; what it raises goes up, and
                the place in the queue is given up.
        """
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
        try:
            while not self._is_first(ticket):
                if check is not None:
                    check()
            yield
        finally:
            with self._changed:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def _is_first(self, ticket: object) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._queue[0] is ticket, _CHECK_SECONDS)
