"""The doorbell: a Huey message that says which queue has work, and nothing else.

Huey deletes a message when it hands it out and may lose or double it; so no message means
anything. Whoever hears a ring looks into the `jobs` table (docs/decisions/0001).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from huey.api import Huey
from huey.constants import EmptyData
from huey.consumer import Consumer, Worker
from huey.storage import BaseStorage

log = structlog.get_logger("studyq.jobs")

WAIT = 1.0  #: seconds that a worker thread listens before it looks whether to stop


class RingStorage(BaseStorage):  # type: ignore[misc]  # huey has no types
    """Keeps rings in memory; a listener blocks until there is one.

    More rings than listeners say nothing new, so no more are kept.
    """

    blocking = True

    def __init__(self, name: str = "huey", listeners: int = 1, **options: Any) -> None:
        super().__init__(name, **options)
        self.listeners = listeners
        self._rings: deque[bytes] = deque()
        self._changed = threading.Condition()

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        """Ring."""
        with self._changed:
            if len(self._rings) < self.listeners:
                self._rings.append(data)
                self._changed.notify()

    def dequeue(self) -> bytes | None:
        """Wait for a ring; None when there was none for a while."""
        with self._changed:
            if not self._rings:
                self._changed.wait(WAIT)
            return self._rings.popleft() if self._rings else None

    def wake(self) -> None:
        """Let listeners look whether to stop."""
        with self._changed:
            self._changed.notify_all()

    def queue_size(self) -> int:
        """Rings not heard yet."""
        return len(self._rings)

    def enqueued_items(self, limit: int | None = None) -> list[bytes]:
        """Rings not heard yet."""
        return list(self._rings)[:limit]

    def flush_queue(self) -> None:
        """Forget all rings, which harms nothing."""
        self._rings.clear()

    def read_schedule(self, ts: object) -> list[bytes]:
        """Nothing is ever scheduled: delays are the job table's."""
        return []

    def put_data(self, key: str, value: bytes, is_result: bool = False) -> None:
        """Results are off: what a job did stands in its row."""

    def peek_data(self, key: str) -> Any:
        """Nothing is stored."""
        return EmptyData

    def pop_data(self, key: str) -> Any:
        """Nothing is stored."""
        return EmptyData


class Listener(Worker):  # type: ignore[misc]  # huey has no types
    """Answers each ring, and a silence as well: work whose ring was lost only starts later."""

    def __init__(self, answer: Callable[[], None], **options: Any) -> None:
        super().__init__(**options)
        self._answer = answer
        self.dismissed = False

    def loop(self, now: Any = None) -> None:
        """Listen once."""
        self.huey.storage.dequeue()
        if self.dismissed or self.stop_flag.is_set():
            return
        try:
            self._answer()
        except Exception:
            # One bad look (a locked database) must not end the thread.
            log.exception("looking for work failed")


class EmbeddedConsumer(Consumer):  # type: ignore[misc]  # huey has no types
    """A Huey consumer that leaves the process's signal handlers alone and can be resized."""

    worker_threads: list[tuple[Listener, threading.Thread]]

    def __init__(self, huey: Huey, answer: Callable[[], None], **options: Any) -> None:
        self.worker_class = partial(Listener, answer)
        self._dismissed: list[threading.Thread] = []
        super().__init__(huey, **options)

    def resize(self, count: int) -> None:
        """Have so many listeners; one that is dismissed ends after the answer that it is in."""
        alive = [pair for pair in self.worker_threads if pair[1].is_alive()]
        self._dismissed = [thread for thread in self._dismissed if thread.is_alive()]
        self.worker_threads = alive[:count]
        for listener, thread in alive[count:]:
            listener.dismissed = True
            self._dismissed.append(thread)
        for number in range(len(alive), count):
            listener = self._create_worker()
            thread = self._create_process(listener, f"Worker-{number + 1}")
            self.worker_threads.append((listener, thread))
            thread.start()

    def join_dismissed(self) -> None:
        """Wait for the end of those that were dismissed."""
        for thread in self._dismissed:
            thread.join()

    def _set_signal_handlers(self) -> None:
        pass

    def _create_process(self, process: Any, name: str) -> threading.Thread:
        def run() -> None:
            try:
                while not (self.stop_flag.is_set() or getattr(process, "dismissed", False)):
                    process.loop()
            except BaseException:
                log.exception("thread ended", thread=threading.current_thread().name)
            finally:
                process.shutdown()

        return threading.Thread(target=run, name=f"{self.huey.name}-{name}", daemon=True)


class Doorbell:
    """Rings for one queue, and the threads that answer them.

    Args:
        answer: looks for work, in a thread of the bell's.
    """

    def __init__(self, queue: str, threads: int, answer: Callable[[], None]) -> None:
        self._queue = queue
        self._threads = threads
        self._answer = answer
        self._huey = Huey(
            f"studyq-{queue}", storage_class=RingStorage, results=False, listeners=threads
        )
        # Written once: it says the same each time, and a commit waits while it rings.
        self._message = queue.encode()
        self._changing = threading.Lock()
        self._consumer: EmbeddedConsumer | None = None

    @property
    def threads(self) -> int:
        """How many listen."""
        return self._threads

    def ring(self, times: int = 1) -> None:
        """Say that the queue may have work; wakes at most that many threads."""
        storage = self._huey.storage
        for _ in range(min(times, self._threads - storage.queue_size())):
            storage.enqueue(self._message)

    def start(self) -> None:
        """Start the threads."""
        with self._changing:
            self._consumer = EmbeddedConsumer(
                self._huey,
                self._answer,
                workers=self._threads,
                periodic=False,
                check_worker_health=False,
                scheduler_interval=60,  # nothing is ever scheduled
            )
            self._consumer.start()

    def resize(self, threads: int) -> None:
        """Have so many threads, from now on; answers in progress go on to their end.

        Threads that have died, by a defect, are replaced.
        """
        with self._changing:
            if self._consumer is None or self._consumer.stop_flag.is_set():
                return
            if threads != self._threads:
                log.info("threads changed", queue=self._queue, threads=threads)
            self._threads = self._huey.storage.listeners = threads
            self._consumer.resize(threads)
            self._huey.storage.wake()

    def hush(self) -> None:
        """Let each thread end after the answer that it is in; returns at once."""
        with self._changing:
            if self._consumer is not None:
                self._consumer.stop_flag.set()
                self._huey.storage.wake()

    def stop(self) -> None:
        """Stop listening, and wait until the answers in progress are over."""
        with self._changing:
            consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.stop(graceful=True)
            consumer.join_dismissed()
