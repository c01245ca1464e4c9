"""Where job layers are killed, frozen, locked out and deafened: the parent of worker processes."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from crash.handlers import QUEUE_OF, make_registry
from crash.invariants import (
    JOB_RULES,
    LEDGER_RULES,
    broken_rules,
    broken_runs,
    claimed_at,
    damage,
    lost_or_revived,
)
from crash.ledger import create_ledger, query, read_runs
from crash.worker_process import Options
from studyq.database.driver import load_driver
from studyq.database.engine import Database, is_locked
from studyq.database.migrate import upgrade
from studyq.jobs.enqueue import NewJob, enqueue
from studyq.jobs.host import ensure_queues
from studyq.jobs.service import WrongStateError, cancel

USER = "00000000-0000-7000-8000-000000000001"
SOURCES = Path(__file__).parents[2]
START_SECONDS = 60.0


class RolledBackError(Exception):
    """Raised within a transaction to undo it."""


class WorkerProcess:
    """One process with a job layer in it."""

    def __init__(self, options: Options, log: Path) -> None:
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(
            str(SOURCES / folder) for folder in ("src", "tests")
        )
        self.worker_id = ""
        self.log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "crash.worker_process", msgspec.json.encode(options)],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=errors,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def await_ready(self) -> bool:
        """Wait for its job layer to have started; False when it died on the way."""
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        assert readable, f"a worker process did not start within {START_SECONDS} s"
        words = self.process.stdout.readline().decode().split()
        if words[:1] == ["ready"]:
            self.worker_id = words[1]
        return bool(self.worker_id)

    def says(self, words: str) -> bool:
        """Whether it has logged this."""
        return words in self.log.read_text()

    def close(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


class Arena:
    """A database with its books, the processes that work on it, and what was done to them."""

    def __init__(self, folder: Path, *, seed: int) -> None:
        self.folder = folder
        self.path = folder / "studyq.db"
        self.random = random.Random(seed)
        upgrade(f"sqlite:///{self.path}")
        create_ledger(self.path)
        self.database = Database(f"sqlite:///{self.path}", busy_timeout=30)
        self._hasty = Database(f"sqlite:///{self.path}", busy_timeout=0.3)
        ensure_queues(self.database, dict.fromkeys(QUEUE_OF.values(), 4))
        self.registry = make_registry(folder)
        self.workers: list[WorkerProcess] = []
        self.acknowledged: list[str] = []
        self.rolled_back: set[str] = set()
        self.killed: dict[int, float] = {}
        self.frozen: dict[int, list[float]] = {}
        self.violations: list[str] = []

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self.database.close()
        self._hasty.close()

    # processes

    def start(self, *, ready: bool = True, **options: Any) -> WorkerProcess:
        """Start a process; with `ready`, look whether it has picked up the orphans (15)."""
        worker = WorkerProcess(
            Options(database=f"sqlite:///{self.path}", folder=str(self.folder), **options),
            self.folder / f"worker-{len(self.workers)}.log",
        )
        self.workers.append(worker)
        if ready and worker.await_ready():
            held = query(self.path, "SELECT id, worker_id FROM jobs WHERE state = 'active'")
            dead = {item.worker_id for item in self.workers if not item.alive}
            self.violations += [
                f"15: {job} is still its dead worker's after a start"
                for job, holder in held
                if holder in dead
            ]
        return worker

    def kill(self, worker: WorkerProcess) -> None:
        """kill -9."""
        self.killed[worker.pid] = time.time()
        worker.close()

    @contextmanager
    def freeze(self, worker: WorkerProcess, *, between_writes: bool = False) -> Iterator[None]:
        """SIGSTOP, and SIGCONT afterwards.

        Args:
            between_writes: not within a transaction, whose lock would stop all others as well.
        """
        self.frozen.setdefault(worker.pid, []).append(time.time())
        os.kill(worker.pid, signal.SIGSTOP)
        try:
            while between_writes and self._is_locked():
                os.kill(worker.pid, signal.SIGCONT)
                time.sleep(0.01)  # for it to commit; the next stop is at another moment
                os.kill(worker.pid, signal.SIGSTOP)
            yield
        finally:
            os.kill(worker.pid, signal.SIGCONT)

    def stop(self, worker: WorkerProcess, *, within: float = 30.0) -> None:
        """SIGTERM; afterwards nothing is active in its name (17)."""
        worker.process.terminate()
        status = worker.process.wait(within)
        if status != 0:
            self.violations.append(f"17: a process ended with {status} instead of gracefully")
        left = query(
            self.path,
            "SELECT id FROM jobs WHERE state = 'active' AND worker_id = ?",
            worker.worker_id,
        )
        self.violations += [f"17: {job} is active after a graceful stop" for (job,) in left]

    def _is_locked(self) -> bool:
        connection = load_driver().connect(str(self.path), timeout=0.2, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except load_driver().OperationalError:
            return True
        finally:
            connection.close()
        return False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the database from outside, as a backup tool or a careless shell would."""
        connection = load_driver().connect(str(self.path), timeout=60, isolation_level=None)
        connection.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
            connection.close()

    # jobs

    def add(self, name: str, *, database: Database | None = None, **wishes: Any) -> str:
        """Enqueue a job together with its document; it is acknowledged once this returns."""
        with (database or self.database).write() as session:
            job = self._enqueue(session, name, **wishes)
        self.acknowledged.append(job)
        return job

    def try_to_add(self, count: int) -> None:
        """Enqueue while a process is frozen, which may be holding the database's lock."""
        try:
            for _ in range(count):
                self.add("short", database=self._hasty)
        except sa.exc.OperationalError as error:
            if not is_locked(error):
                raise

    def add_and_roll_back(self, name: str, **wishes: Any) -> None:
        """Enqueue in a transaction that does not commit."""
        with suppress(RolledBackError), self.database.write() as session:
            self.rolled_back.add(self._enqueue(session, name, **wishes))
            raise RolledBackError

    def _enqueue(self, session: Session, name: str, **wishes: Any) -> str:
        job = enqueue(session, NewJob(QUEUE_OF[name], name, USER, **wishes))
        session.execute(
            sa.text("INSERT OR IGNORE INTO ledger_documents VALUES (:id, :job)"),
            {"id": f"document of {job}", "job": job},
        )
        return job

    def add_mixture(self, count: int) -> None:
        """Jobs of all kinds but the violent ones."""
        for _ in range(count):
            draw = self.random.random()
            if draw < 0.3:
                self.add("short", payload={"seconds": self.random.uniform(0, 0.1)})
            elif draw < 0.55:
                steps = self.random.randint(2, 8)
                self.add("steps", payload={"steps": steps}, priority=self.random.randint(-5, 5))
            elif draw < 0.65:
                self.add("flaky", payload={"failures": self.random.randint(1, 3)})
            elif draw < 0.7:
                self.add("doomed")
            elif draw < 0.75:
                self.add("raising_effects")
            elif draw < 0.82:
                self.add("mother")
            elif draw < 0.87:
                self.add("short", delay=self.random.uniform(0.1, 1.0))
            elif draw < 0.91:
                self.add("short", unique_key=f"key {self.random.randint(1, 2)}")
            elif draw < 0.94:
                self.add_chain()
            elif draw < 0.97:
                self.add("endless")
            else:
                self.add_and_roll_back("short")

    def add_chain(self) -> None:
        """Jobs that come one after the other, in queues of their own."""
        name = self.random.choice(["steps", "flaky", "short", "doomed", "endless"])
        last = self.add(name, payload={"steps": 3, "failures": 1})
        for follower in ("short", "steps"):
            last = self.add(follower, payload={"steps": 2}, after=last)

    def cancel(self, job: str) -> None:
        """Ask for a job's end; one that has ended stays as it is."""
        with suppress(WrongStateError), self.database.write() as session:
            cancel(session, self.registry, USER, job)

    def cancel_some(self, *, others: float = 0.05) -> None:
        """Cancel what cannot end by itself, and a share of the others, which could complete.

        Endless jobs, and those that come after one which has ended otherwise.
        """
        live = """SELECT jobs.id, jobs.name = 'endless' OR first.state IN ('failed', 'cancelled')
            FROM jobs LEFT JOIN jobs AS first ON first.id = jobs.after_id
            WHERE jobs.state IN ('waiting', 'delayed', 'active') AND NOT jobs.cancel_requested"""
        for job, hopeless in query(self.path, live):
            if hopeless or self.random.random() < others:
                self.cancel(job)

    def state(self, job: str) -> str:
        """The job's state."""
        return str(query(self.path, "SELECT state FROM jobs WHERE id = ?", job)[0][0])

    def wait_for(self, condition: Callable[[], bool], what: str, *, seconds: float = 60) -> None:
        """Wait until something holds, or fail with what did not."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
            time.sleep(0.02)

    def drain(self, seconds: float = 90) -> bool:
        """Let the processes work until every job has ended; False when some have not in time."""
        deadline = time.monotonic() + seconds
        waiting = "SELECT count(*) FROM jobs WHERE state IN ('waiting', 'delayed', 'active')"
        while query(self.path, waiting)[0][0]:
            if time.monotonic() > deadline:
                return False
            self.cancel_some(others=0)
            time.sleep(0.05)
        return True

    def check(self) -> list[str]:
        """Everything that is wrong, in words."""
        runs = read_runs(self.folder / "runs.jsonl")
        return [
            *self.violations,
            *lost_or_revived(self.path, self.acknowledged, self.rolled_back),
            *broken_runs(runs, self.rolled_back, claimed_at(self.path), self.killed, self.frozen),
            *broken_rules(self.path, JOB_RULES),
            *broken_rules(self.path, LEDGER_RULES),
            *damage(self.path),
        ]

    def tally(self) -> str:
        """What was played, in a few words."""
        rows = query(self.path, "SELECT state, count(*) FROM jobs GROUP BY state ORDER BY state")
        states = ", ".join(f"{count} {state}" for state, count in rows)
        starts = sum(run.what == "start" for run in read_runs(self.folder / "runs.jsonl"))
        lost = query(self.path, "SELECT coalesce(sum(losses), 0) FROM jobs")[0][0]
        return f"{states}; {starts} starts, {lost} attempts lost with their worker"
