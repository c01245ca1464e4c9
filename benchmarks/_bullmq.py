"""BullMQ from npm on a Redis server of its own, to be measured beside studyq."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks._running import free_port

FOLDER = Path(__file__).parent / "bullmq"
#: What has to be on the machine, and the Debian package that has it.
NEEDED = {"node": "nodejs", "npm": "npm", "redis-server": "redis-server"}


@dataclass(frozen=True)
class BullMQ:
    """BullMQ on a running Redis server."""

    port: int

    def measure(self, what: str, count: int) -> Any:
        """A figure of `measure.mjs`: a rate per second, or a list of seconds."""
        answer = subprocess.run(
            [*_node("measure.mjs"), str(self.port), what, str(count)],
            stdout=subprocess.PIPE,
            check=True,
            timeout=600,
        )
        return json.loads(answer.stdout)

    def held_worker(self, count: int = 0) -> subprocess.Popen[str]:
        """A worker of 8 jobs at once that prints each start; adds so many jobs first."""
        return subprocess.Popen(
            [*_node("held.mjs"), str(self.port), str(count)], stdout=subprocess.PIPE, text=True
        )


@contextmanager
def bullmq() -> Iterator[BullMQ]:
    """Install BullMQ and start a Redis server that appends each write, synced each second.

    Raises:
        SystemExit: when node, npm or redis-server is missing, or npm fails.
    """
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    if missing:
        raise SystemExit(
            f"The comparison with BullMQ needs {', '.join(NEEDED)}; install what is missing: "
            f"apt install {' '.join(missing)}"
        )
    _install()
    with TemporaryDirectory(prefix="studyq-bench-redis-") as folder:
        port = free_port()
        options = {
            "port": str(port), "bind": "127.0.0.1", "dir": folder, "save": "",
            "appendonly": "yes", "appendfsync": "everysec",
        }  # fmt: skip
        command = ["redis-server"]
        for name, value in options.items():
            command += [f"--{name}", value]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            _wait_for_redis(port, process)
            yield BullMQ(port)
        finally:
            process.terminate()
            process.wait(30)


def versions() -> str:
    """What is measured against what."""
    locked = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    redis = subprocess.run(["redis-server", "--version"], capture_output=True, text=True)
    node = subprocess.run(["node", "--version"], capture_output=True, text=True)
    return (
        f"BullMQ {locked['node_modules/bullmq']['version']}, node {node.stdout.strip()}, "
        f"Redis {redis.stdout.split('v=')[1].split()[0]} (appendonly, appendfsync everysec)"
    )


def _install() -> None:
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"npm ci in benchmarks/bullmq failed:\n{done.stderr.strip()}")


def _node(script: str) -> list[str]:
    return ["node", str(FOLDER / script)]


def _wait_for_redis(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"redis-server ended with {process.returncode}")
        ask = ["redis-cli", "-p", str(port), "ping"]
        if subprocess.run(ask, capture_output=True, text=True).stdout.strip() == "PONG":
            return
        time.sleep(0.05)
    raise SystemExit("redis-server did not come up within 20 s")
