"""A server of its own for each measurement, and the data that it is measured on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from studyq.settings import load_settings

#: Folder with `corpus/good` and `retrieval/`; the figures in docs/performance.md are from there.
DATA = Path(os.environ.get("BENCH_DATA", "../shared/data"))
CORPUS = DATA / "corpus" / "good"
LONG_BOOK = CORPUS / "cpp-annotations_1151p.pdf"
SHORT_BOOK = CORPUS / "debian-history-fr.pdf"


@dataclass
class Server:
    """A running server and its data folder."""

    client: httpx.Client
    data: Path
    process: subprocess.Popen[bytes]

    def upload(self, path: Path) -> str:
        """Upload a file; returns its job's address."""
        return self.upload_bytes(path.name, path.read_bytes())

    def upload_bytes(self, name: str, content: bytes) -> str:
        """Upload a file that is in memory; returns its job's address."""
        answer = self.client.post("/pdfs", files={"file": (name, content)})
        answer.raise_for_status()
        job = answer.json()["job"]
        return f"/queue/{job['queue']}/jobs/{job['id']}"

    def wait(self, jobs: list[str], *, progress: int = 100, every: float = 0.25) -> float:
        """Wait until all jobs are that far; returns the monotonic moment when they were.

        Asks `every` so many seconds: each question costs the service some milliseconds of CPU.
        """
        left = list(jobs)
        while left:
            job = self.client.get(left[0]).json()
            if job["state"] in ("failed", "cancelled"):
                raise SystemExit(f"a job ended as {job['state']}: {job['error']}")
            if job["progress"] >= progress:
                left.pop(0)
            else:
                time.sleep(every)
        return time.monotonic()


@contextmanager
def server(**settings: str) -> Iterator[Server]:
    """Start a server on a fresh data folder, with the installed model unless told otherwise."""
    models = load_settings()[0].models_dir.absolute()
    with TemporaryDirectory(prefix="studyq-bench-") as folder:
        data = Path(folder)
        if models.is_dir():
            (data / "models").symlink_to(models)
        port = free_port()
        environment = {
            **{name: value for name, value in os.environ.items() if "STUDYQ" not in name},
            "STUDYQ_DATA": folder,
            "STUDYQ_PORT": str(port),
            "STUDYQ_OPEN_BROWSER": "no",
            "STUDYQ_LOG_LEVEL": "warning",
            **{f"STUDYQ_{name.upper()}": value for name, value in settings.items()},
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "studyq", "serve"], env=environment, start_new_session=True
        )
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        try:
            _wait_until_alive(client, process)
            yield Server(client, data, process)
        finally:
            client.close()
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def group_memory(process: subprocess.Popen[bytes]) -> int:
    """Bytes of memory of a server and its children, shared pages counted once (PSS)."""
    total = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if os.getpgid(int(entry.name)) == process.pid:
                rollup = (entry / "smaps_rollup").read_text()
                total += int(rollup.split("\nPss:")[1].split()[0]) * 1024
        except (OSError, IndexError):
            continue  # it has just ended
    return total


def verdict(what: str, figure: float, target: float, *, at_least: bool = False) -> None:
    """Print a figure beside its target."""
    met = figure >= target if at_least else figure <= target
    sign = ">=" if at_least else "<="
    print(
        f"{what}: {figure:.3g} (target {sign} {target:g}: {'met' if met else 'MISSED'})", flush=True
    )


def percentile(values: list[float], share: float) -> float:
    """The value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_until_alive(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"the server ended with {process.returncode}")
        try:
            if client.get("/health/live").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise SystemExit("the server did not come up within 60 s")
