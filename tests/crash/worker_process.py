"""A process that runs the real job layer over the test's handlers, until SIGTERM.

Says `ready` once the job layer has started and `stopped` after a graceful end.
"""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

import msgspec
import structlog

from crash.handlers import make_registry
from crash.mutations import MUTATIONS
from studyq.database.engine import Database
from studyq.jobs import backoff, doorbell, host
from studyq.jobs.registry import FLASHCARD_GENERATION, PDF_INGESTION, TEST_ANALYSIS
from studyq.jobs.transport import open_transport

SECRET = b"what signs the rings of this suite"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a process is to run; times are seconds, all shorter than in real life."""

    database: str
    folder: str
    lease: float = 2.0
    heartbeat: float = 0.4
    tick: float = 0.25
    busy_timeout: float = 5.0
    backoff: float = 0.2
    grace: float = 1.0
    queue_url: str = ""
    mutations: tuple[str, ...] = ()


def main() -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    options = msgspec.json.decode(sys.argv[1], type=Options)
    backoff.BASE, host.TICK, doorbell.WAIT = options.backoff, options.tick, options.tick
    for name in options.mutations:
        MUTATIONS[name]()
    database = Database(options.database, busy_timeout=options.busy_timeout)
    jobs = host.JobHost(
        database,
        make_registry(Path(options.folder)),
        concurrency={PDF_INGESTION: 2, FLASHCARD_GENERATION: 3, TEST_ANALYSIS: 2},
        lease=options.lease,
        heartbeat=options.heartbeat,
        transport=open_transport(options.queue_url, SECRET),
    )
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    jobs.start()
    print("ready", jobs.worker_id, flush=True)
    stop.wait()
    jobs.stop(options.grace)
    database.close()
    print("stopped", flush=True)


if __name__ == "__main__":
    main()
