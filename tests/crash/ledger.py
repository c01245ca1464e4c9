"""The test's own books, kept in the database under test: what happened, told by triggers.

Handlers write effects and steps in the transactions of the job layer; triggers on `jobs` record
every change of a row, and whether whoever wrote an effect held the job at that moment. Starts and
ends of handlers go to a file, because they must survive a rollback and a kill.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from studyq.database.driver import load_driver

_NOW = "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"  # Instant, to the ms

SCHEMA = f"""
CREATE TABLE ledger_documents (id TEXT PRIMARY KEY, job_id TEXT NOT NULL);
CREATE TABLE ledger_effects (job_id TEXT NOT NULL, token INTEGER NOT NULL);
CREATE TABLE ledger_steps (job_id TEXT NOT NULL, step INTEGER NOT NULL, token INTEGER NOT NULL);
CREATE TABLE ledger_told (job_id TEXT NOT NULL, state TEXT NOT NULL);
CREATE TABLE ledger_strangers (job_id TEXT NOT NULL, token INTEGER NOT NULL, what TEXT NOT NULL);
CREATE TABLE ledger_audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL,
    old_state TEXT, new_state TEXT, old_token INTEGER, new_token INTEGER,
    old_attempt INTEGER, new_attempt INTEGER, old_progress INTEGER, new_progress INTEGER,
    run_at INTEGER, worker_id TEXT, at INTEGER NOT NULL
);
CREATE INDEX ledger_audit_job ON ledger_audit (job_id, seq);
CREATE TRIGGER ledger_inserted AFTER INSERT ON jobs BEGIN
    INSERT INTO ledger_audit VALUES (NULL, NEW.id, NULL, NEW.state, 0, NEW.token, 0, NEW.attempt,
        0, NEW.progress, NEW.run_at, NEW.worker_id, {_NOW});
END;
CREATE TRIGGER ledger_updated AFTER UPDATE ON jobs
WHEN OLD.state IS NOT NEW.state OR OLD.token IS NOT NEW.token OR OLD.attempt IS NOT NEW.attempt
    OR OLD.progress IS NOT NEW.progress OR OLD.state IN ('completed', 'failed', 'cancelled')
BEGIN
    INSERT INTO ledger_audit VALUES (NULL, NEW.id, OLD.state, NEW.state, OLD.token, NEW.token,
        OLD.attempt, NEW.attempt, OLD.progress, NEW.progress, NEW.run_at, NEW.worker_id, {_NOW});
END;
CREATE TRIGGER ledger_effect_of_holder AFTER INSERT ON ledger_effects
WHEN NOT EXISTS (
    SELECT 1 FROM jobs WHERE id = NEW.job_id AND token = NEW.token AND state = 'active'
)
BEGIN INSERT INTO ledger_strangers VALUES (NEW.job_id, NEW.token, 'effect'); END;
CREATE TRIGGER ledger_step_of_holder AFTER INSERT ON ledger_steps
WHEN NOT EXISTS (
    SELECT 1 FROM jobs WHERE id = NEW.job_id AND token = NEW.token AND state = 'active'
)
BEGIN INSERT INTO ledger_strangers VALUES (NEW.job_id, NEW.token, 'step'); END;
-- The first finish of a job named 'unfinishable' cannot be written, as on a broken disk; only the
-- reaper (which counts a loss) can take the job from its worker.
CREATE TRIGGER ledger_unfinishable BEFORE UPDATE ON jobs
WHEN OLD.name = 'unfinishable' AND OLD.state = 'active' AND NEW.state != 'active'
    AND NEW.losses = 0
BEGIN SELECT RAISE(ABORT, 'this finish cannot be written'); END;
"""


def create_ledger(path: Path) -> None:
    """Add the books to a database that has studyq's tables."""
    connection = load_driver().connect(str(path))
    connection.executescript(SCHEMA)
    connection.close()


class Run(msgspec.Struct, frozen=True):
    """A handler began or ended, at a time of the wall clock (seconds)."""

    what: str
    job_id: str
    token: int
    pid: int
    at: float


class RunLog:
    """Starts and ends of handlers, a line each, written at once."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._lock = threading.Lock()

    def write(self, what: str, job_id: str, token: int) -> None:
        line = msgspec.json.encode(Run(what, job_id, token, os.getpid(), time.time())) + b"\n"
        with self._lock:
            os.write(self._file, line)


def read_runs(path: Path) -> list[Run]:
    """Everything that handlers of all processes wrote, oldest first."""
    if not path.exists():
        return []
    lines = path.read_bytes().splitlines()
    runs: list[Run] = [msgspec.json.decode(line, type=Run) for line in lines]
    return sorted(runs, key=lambda run: run.at)


def query(path: Path, sql: str, *values: Any) -> list[Any]:
    """Rows of a query on a connection of its own."""
    connection = load_driver().connect(str(path), timeout=30)
    try:
        return list(connection.execute(sql, values))
    finally:
        connection.close()
