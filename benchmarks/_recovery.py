"""How long jobs of a worker that is killed with SIGKILL wait until they run again."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks._bullmq import BullMQ
from benchmarks.jobs import QUEUE, USER, fresh_database
from studyq.database.engine import Database
from studyq.jobs.enqueue import NewJob, enqueue_many

HELD = 4  #: jobs that the worker has when it is killed
LONGEST = 180.0  #: seconds after which a job that does not come back counts as lost

Worker = subprocess.Popen[str]


def after_restart(rounds: int) -> list[float]:
    """Seconds from the kill, a new process starting at once, to each job's next start."""
    delays: list[float] = []
    with fresh_database() as database, contextlib.ExitStack() as stack:
        worker = _ready(stack.enter_context(_worker(database)))
        for _ in range(rounds):
            _hold(database, worker)
            killed = _kill(worker)
            worker = stack.enter_context(_worker(database))
            delays += _starts(worker, killed)
    return delays


def beside_another(rounds: int) -> list[float]:
    """Seconds from the kill, another process of the host being alive, to each job's next start."""
    delays: list[float] = []
    with fresh_database() as database, contextlib.ExitStack() as stack:
        worker = _ready(stack.enter_context(_worker(database)))
        for _ in range(rounds):
            _hold(database, worker)
            other = _ready(stack.enter_context(_worker(database)))
            time.sleep(random.uniform(0, 1))  # anywhere between two rounds of the reaper
            killed = _kill(worker)
            delays += _starts(other, killed)
            worker = other
    return delays


def of_bullmq(peer: BullMQ) -> list[float]:
    """The same as `after_restart` with BullMQ's default settings, one round."""
    with _ended(peer.held_worker(HELD)) as first:
        for _ in range(HELD):
            _line(first)
        killed = _kill(first)
    with _ended(peer.held_worker()) as second:
        return _starts(second, killed)


@contextlib.contextmanager
def _ended(worker: Worker) -> Iterator[Worker]:
    try:
        yield worker
    finally:
        _kill(worker)


def _worker(database: Database) -> contextlib.AbstractContextManager[Worker]:
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "benchmarks._held_worker", url, QUEUE]
    return _ended(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))


def _ready(worker: Worker) -> Worker:
    if _line(worker) != "ready":
        raise SystemExit("A worker of the recovery benchmark began with a job of an earlier round.")
    return worker


def _hold(database: Database, worker: Worker) -> None:
    """Give the worker jobs and wait until it has started them."""
    with database.write() as session:
        enqueue_many(session.connection(), [NewJob(QUEUE, "held", USER)] * HELD)
    for _ in range(HELD):
        _line(worker)


def _kill(worker: Worker) -> float:
    moment = time.monotonic()
    worker.kill()
    worker.wait()
    return moment


def _starts(worker: Worker, since: float) -> list[float]:
    delays: list[float] = []
    while len(delays) < HELD:
        if _line(worker) != "ready":
            delays.append(time.monotonic() - since)
            if delays[-1] > LONGEST:
                raise SystemExit(f"A job came back only after {delays[-1]:.0f} s.")
    return delays


def _line(worker: Worker) -> str:
    if worker.stdout is None:
        raise ValueError("the worker's output is not read")
    line = worker.stdout.readline()
    if not line:
        raise SystemExit(f"A worker of the recovery benchmark ended with {worker.wait()}.")
    return line.strip()
