"""The job layer's own cost: jobs that do nothing, beside bare commits of the SQLite driver.

A bare commit is one row in an IMMEDIATE transaction, by one thread, on the driver's cursor, with
the same sync level; it is measured before each figure that is compared with it, because other
work on the machine slows both down.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from studyq.database.driver import load_driver
from studyq.database.engine import Database
from studyq.database.migrate import upgrade
from studyq.jobs.context import JobContext
from studyq.jobs.enqueue import NewJob, enqueue_many, submit
from studyq.jobs.host import JobHost, ensure_queues
from studyq.jobs.registry import Outcome, Registry

QUEUE = "pdf-ingestion"
USER = "00000000-0000-7000-8000-000000000001"
JOB = NewJob(QUEUE, "nothing", USER)

COMMITS = 20_000
SINGLE = 3_000
BULK = 20_000
JOBS = 10_000
ROUNDS = 3  #: of which the best counts: the others met more of what else the machine does
RINGS = 200


class Started:
    """Counts the jobs that have started, and lets one wait for a number of them."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.registry.handler(QUEUE, "nothing")(self._handle)
        self._changed = threading.Condition()
        self._count = 0
        self._wanted = 0
        self.last = 0.0

    def _handle(self, _context: JobContext) -> Outcome:
        moment = time.perf_counter()
        with self._changed:
            self._count += 1
            self.last = moment
            if self._count == self._wanted:  # to wake the waiting thread each time costs a lot
                self._changed.notify_all()
        return Outcome()

    def wait(self, count: int) -> None:
        """Wait until so many have started."""
        with self._changed:
            self._wanted = count
            if not self._changed.wait_for(lambda: self._count >= count, timeout=120):
                raise TimeoutError(f"only {self._count} of {count} jobs have started")


@contextmanager
def fresh_database() -> Iterator[Database]:
    """A database in a folder that goes with it."""
    with tempfile.TemporaryDirectory(prefix="studyq-bench-") as folder:
        url = f"sqlite:///{folder}/studyq.db"
        upgrade(url)
        with closing(Database(url)) as database:
            ensure_queues(database, {QUEUE: 8})
            yield database


def per_second(count: int, work: Callable[[], None]) -> float:
    """Do the work; returns how many a second that was."""
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def bare_commits() -> float:
    """Commits a second of one row each, on the driver alone."""
    with tempfile.TemporaryDirectory(prefix="studyq-bench-") as folder:
        path = Path(folder) / "bare.db"
        connection = load_driver().connect(str(path))
        with closing(connection):
            if hasattr(connection, "isolation_level"):
                connection.isolation_level = None
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)")

            def commit() -> None:
                for _ in range(COMMITS):
                    connection.execute("BEGIN IMMEDIATE")
                    connection.execute("INSERT INTO rows (text) VALUES (?)", ("x" * 100,))
                    connection.execute("COMMIT")

            return per_second(COMMITS, commit)


def enqueued_one_by_one() -> float:
    """Jobs a second, each in a transaction of its own."""
    with fresh_database() as database:

        def work() -> None:
            for _ in range(SINGLE):
                submit(database, JOB)

        return per_second(SINGLE, work)


def enqueued_in_bulk(count: int = BULK) -> float:
    """Jobs a second, all in one transaction."""
    with fresh_database() as database:

        def work() -> None:
            with database.write() as session:
                enqueue_many(session.connection(), [JOB] * count)

        return per_second(count, work)


def worked_off(workers: int, *, group_finishes: bool = True) -> float:
    """Jobs a second from claim to finish, of a queue that was full at the start."""
    with fresh_database() as database:
        with database.write() as session:
            enqueue_many(session.connection(), [JOB] * JOBS)
        started = Started()
        host = JobHost(
            database,
            started.registry,
            concurrency={QUEUE: workers},
            group_finishes=group_finishes,
        )

        def work() -> None:
            host.start()
            started.wait(JOBS)

        try:
            return per_second(JOBS, work)
        finally:
            host.stop(grace=5)


def starting_delays() -> list[float]:
    """Seconds from before the enqueue to the handler's start, with nothing else to do."""
    with fresh_database() as database:
        started = Started()
        host = JobHost(database, started.registry, concurrency={QUEUE: 2})
        host.start()
        delays = []
        try:
            for i in range(RINGS):
                time.sleep(0.01)  # at idle is what is measured
                start = time.perf_counter()
                submit(database, JOB)
                started.wait(i + 1)
                delays.append(started.last - start)
        finally:
            host.stop(grace=5)
        return delays


def compare(name: str, measure: Callable[[], float]) -> None:
    """Print a rate and what it is beside bare commits, of the round that did best."""
    rounds = []
    for _ in range(ROUNDS):
        bare = bare_commits()
        rounds.append((measure() / bare, bare))
    ratio, bare = max(rounds)
    print(
        f"{name:34}{ratio * bare:10,.0f}/s {ratio:8.3f} of {bare:,.0f} bare commits/s", flush=True
    )


def main() -> None:
    """Print the figures."""
    print(f"SQLite {load_driver().sqlite_version} ({load_driver().__name__})")
    compare("enqueue, one by one", enqueued_one_by_one)
    compare("enqueue, in bulk", enqueued_in_bulk)
    compare("claim to finish, 1 worker", lambda: worked_off(1))
    compare("claim to finish, 8 workers", lambda: worked_off(8))
    delays = [delay * 1e3 for delay in statistics.quantiles(starting_delays(), n=100)]
    print(f"{'enqueue to start, idle':34}{delays[49]:10.2f} ms median, {delays[98]:.2f} ms p99")
