"""Jobs that do all that jobs may do: end well, fail, take their time, ignore words, kill."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crash.ledger import RunLog
from studyq.jobs.context import JobContext
from studyq.jobs.enqueue import NewJob, enqueue
from studyq.jobs.errors import PermanentError, TransientError
from studyq.jobs.registry import (
    FLASHCARD_GENERATION,
    PDF_INGESTION,
    TEST_ANALYSIS,
    Change,
    Outcome,
    Registry,
)

LONGEST = 30.0  #: seconds that a gated job waits for its gate

QUEUE_OF = {
    "short": FLASHCARD_GENERATION,
    "flaky": FLASHCARD_GENERATION,
    "doomed": FLASHCARD_GENERATION,
    "raising_effects": FLASHCARD_GENERATION,
    "mother": FLASHCARD_GENERATION,
    "steps": PDF_INGESTION,
    "endless": TEST_ANALYSIS,
    "deaf": TEST_ANALYSIS,
    "gated": PDF_INGESTION,
    "poison": TEST_ANALYSIS,
    "unfinishable": PDF_INGESTION,
}


def effect_of(context: JobContext) -> Callable[[Session], None]:
    """The one effect that a job has when it completes."""

    def write(session: Session) -> None:
        session.execute(
            sa.text("INSERT INTO ledger_effects VALUES (:job, :token)"),
            {"job": context.job_id, "token": context.token},
        )

    return write


def tell(session: Session, change: Change) -> None:
    """Write down what the room of a job is told."""
    session.execute(
        sa.text("INSERT INTO ledger_told VALUES (:job, :state)"),
        {"job": change.job_id, "state": change.state},
    )


def make_registry(folder: Path) -> Registry:
    """The handlers of the test, with their books in a folder."""
    registry, log = Registry(), RunLog(folder / "runs.jsonl")

    def register(name: str, work: Callable[[JobContext], Outcome]) -> None:
        @registry.handler(QUEUE_OF[name], name, on_change=tell)
        def logged(context: JobContext) -> Outcome:
            with _logged(log, context):
                return work(context)

    for name, work in _HANDLERS.items():
        register(name, work)
    register("gated", lambda context: _gated(context, folder))
    return registry


@contextmanager
def _logged(log: RunLog, context: JobContext) -> Iterator[None]:
    log.write("start", context.job_id, context.token)
    try:
        yield
    finally:
        log.write("end", context.job_id, context.token)


def _short(context: JobContext) -> Outcome:
    time.sleep(context.payload.get("seconds", 0.01))
    return Outcome({"token": context.token}, effect_of(context))


def _steps(context: JobContext) -> Outcome:
    """Windows with checkpoints, as ingestion has them."""
    steps = context.payload["steps"]
    for step in range(context.checkpoint.get("done", 0) + 1, steps + 1):
        time.sleep(context.payload.get("seconds", 0.02))

        def write(session: Session, step: int = step) -> None:
            session.execute(
                sa.text("INSERT INTO ledger_steps VALUES (:job, :step, :token)"),
                {"job": context.job_id, "step": step, "token": context.token},
            )

        context.commit(
            write,
            percent=100 * step / steps,
            message=f"Step {step} of {steps}",
            checkpoint={"done": step},
        )
    return Outcome({}, effect_of(context))


def _flaky(context: JobContext) -> Outcome:
    context.progress(10 * context.attempt, "Trying")
    if context.attempt <= context.payload["failures"]:
        raise TransientError("unlucky", "This attempt was not a lucky one.")
    return Outcome({}, effect_of(context))


def _doomed(context: JobContext) -> Outcome:
    context.progress(50, "Getting nowhere")
    raise PermanentError("hopeless", "This job cannot go well.")


def _raising_effects(context: JobContext) -> Outcome:
    """Its last effects fail within the finish, after having written something."""
    time.sleep(context.payload.get("seconds", 0))

    def write(session: Session) -> None:
        effect_of(context)(session)
        if context.attempt == 1:
            raise TransientError("unlucky", "The last effects could not be written.")

    return Outcome({}, write)


def _mother(context: JobContext) -> Outcome:
    """Enqueues another job in the transaction of its own end."""

    def write(session: Session) -> None:
        effect_of(context)(session)
        child = NewJob(QUEUE_OF["short"], "short", context.user_id, subject=context.job_id)
        session.execute(
            sa.text("INSERT INTO ledger_documents VALUES (:id, :job)"),
            {"id": f"child of {context.job_id}", "job": enqueue(session, child)},
        )

    return Outcome({}, write)


def _endless(context: JobContext) -> Outcome:
    """Goes on until it is cancelled."""
    over = time.monotonic() + LONGEST
    percent = 0.0
    while time.monotonic() < over:
        time.sleep(0.02)
        percent = min(percent + 1, 90)
        context.progress(percent, "Going on")
    raise TransientError("never_cancelled", "Nobody cancelled this job.")


def _deaf(context: JobContext) -> Outcome:
    """Listens to nothing until it is done."""
    time.sleep(context.payload["seconds"])
    return Outcome({}, effect_of(context))


def _gated(context: JobContext, folder: Path) -> Outcome:
    """Waits, deaf, until the test opens the gate of this very execution."""
    gate = folder / f"gate-{context.job_id}-{context.token}"
    over = time.monotonic() + LONGEST
    while not gate.exists() and time.monotonic() < over:
        time.sleep(0.01)
    return Outcome({}, effect_of(context))


def _poison(_context: JobContext) -> Outcome:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a killed process went on")


_HANDLERS: dict[str, Callable[[JobContext], Outcome]] = {
    "short": _short,
    "steps": _steps,
    "flaky": _flaky,
    "doomed": _doomed,
    "raising_effects": _raising_effects,
    "mother": _mother,
    "endless": _endless,
    "deaf": _deaf,
    "poison": _poison,
    "unfinishable": _short,
}
