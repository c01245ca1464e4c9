"""`studyq worker` beside a server, as a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from server_process import ServerProcess


@contextmanager
def worker_beside(server: ServerProcess) -> Iterator[None]:
    """Runs a worker on a server's data folder, with its settings; its log is `worker.log` there."""
    with (server.folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "studyq", "worker"],
            env=server.environment_of(), stdout=subprocess.DEVNULL, stderr=log,
        )  # fmt: skip
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def lines_of(server: ServerProcess, name: str = "server.log") -> list[dict[str, Any]]:
    """What was logged, as JSON."""
    lines = (server.folder / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]
