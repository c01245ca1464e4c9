"""A worker process that says which jobs it starts, and ends none in its first attempt.

``python -m benchmarks._held_worker DATABASE_URL QUEUE``
"""

from __future__ import annotations

import sys
import threading
import time

from studyq.database.engine import Database
from studyq.jobs.context import JobContext
from studyq.jobs.host import JobHost
from studyq.jobs.registry import Outcome, Registry

THREADS = 8


def main(url: str, queue: str) -> None:
    """Work until killed; prints `ready`, then a line with job and attempt for each start."""
    registry = Registry()

    @registry.handler(queue, "held")
    def hold(context: JobContext) -> Outcome:
        # In one write: threads that print at once would mix their lines.
        sys.stdout.write(f"{context.job_id} {context.attempt}\n")
        sys.stdout.flush()
        while context.attempt == 1:
            time.sleep(0.05)
            context.check()
        return Outcome()

    host = JobHost(Database(url), registry, concurrency={queue: THREADS})
    host.start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
