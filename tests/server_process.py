"""`studyq serve` as a process of its own, spoken to over HTTP as any client would."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 60
QUEUE = "/queue/pdf-ingestion/jobs"
KEPT = ("PATH", "HOME", "PYTHONPATH")  # of the environment; no setting of the machine counts

#: Runs the rest of its command line unable to write files beyond some bytes: a disk that is full.
LIMITED = (
    "import os, resource, sys; limit = int(sys.argv[1]); "
    "resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)); "
    "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
)


def free_port() -> int:
    """A port of the loopback that nobody listens on now; a restart needs the same one again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class ServerProcess:
    """A server with a data folder of its own, which can be stopped, killed and started again.

    Attributes:
        folder: Where its data and its log go.
        settings: Settings by name, without the prefix and in small letters.
        environment: Further variables.
        file_size: Bytes beyond which it cannot write a file.
    """

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    file_size: int | None = None
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def originals(self) -> set[str]:
        """Names of the files that are stored."""
        return {path.name for path in (self.data / "files").rglob("*") if path.is_file()}

    @property
    def scratch(self) -> list[str]:
        """Names of the files that are being received."""
        return sorted(path.name for path in (self.data / "tmp").glob("*"))

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text(encoding="utf-8")

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command(), env=self.environment_of(), stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server ended: {self.log}"
            try:
                if httpx.get(f"{self.url}/health/live", timeout=2).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)  # there is nothing to wait on before the port is open
        raise AssertionError(f"no answer within {START_SECONDS} s: {self.log}")

    def stop(self) -> float:
        """Ends it as a service manager does; returns the seconds that it took."""
        assert self.process is not None
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        self.process = None
        return time.monotonic() - begun

    def kill(self) -> None:
        """Ends it as a power cut does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30)

    def environment_of(self) -> dict[str, str]:
        """The variables of its process."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        settings = {"embedding": "none", "open_browser": "no", **self.settings}
        named = {f"STUDYQ_{name.upper()}": value for name, value in settings.items()}
        return {**kept, "STUDYQ_DATA": str(self.data), **named, **self.environment}

    def _command(self) -> list[str]:
        serve = ["-m", "studyq", "serve", "--port", str(self.port)]
        if self.file_size is None:
            return [sys.executable, *serve]
        return [sys.executable, "-c", LIMITED, str(self.file_size), *serve]


Start = Callable[..., ServerProcess]
"""Starts a server; takes what `ServerProcess` takes, but for the folder."""


def upload(
    client: httpx.Client, name: str, content: bytes, *, password: str = "", key: str = ""
) -> httpx.Response:
    """Sends a form with one file, as a browser does."""
    return client.post(
        "/pdfs",
        files={"file": (name, content, "application/pdf")},
        data={"password": password} if password else {},
        headers={"Idempotency-Key": key} if key else {},
    )


def job_end(client: httpx.Client, job_id: str, queue: str = "pdf-ingestion") -> dict[str, Any]:
    """Waits for the end of a job by its event stream, and returns the job."""
    path = f"/queue/{queue}/jobs/{job_id}"
    with client.stream("GET", f"{path}/events") as stream:
        assert stream.status_code == 200
        stream.read()
    job: dict[str, Any] = client.get(path).json()
    return job


def add_pdf(
    client: httpx.Client, name: str, content: bytes, *, password: str = ""
) -> dict[str, Any]:
    """Uploads a file, waits until it has been read, and returns its document."""
    answer = upload(client, name, content, password=password)
    assert answer.status_code in (200, 202), answer.text
    return document_end(client, answer.json())


def add_text(client: httpx.Client, text: str, title: str = "") -> dict[str, Any]:
    """Adds a text, waits until it has been read, and returns its document."""
    answer = client.post("/documents", json={"text": text, "title": title})
    assert answer.status_code == 202, answer.text
    return document_end(client, answer.json())


def document_end(client: httpx.Client, added: dict[str, Any]) -> dict[str, Any]:
    """The document of an answer, once the job of that answer has ended."""
    if added["job"] is not None:
        job_end(client, added["job"]["id"])
    document: dict[str, Any] = client.get(f"/documents/{added['document']['id']}").json()
    return document


def search(client: httpx.Client, query: str, **more: str | int) -> list[dict[str, Any]]:
    """The results of a search."""
    answer = client.get("/search", params={"q": query, **more})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def refusal(answer: httpx.Response, status: int, code: str) -> str:
    """Asserts that an answer is a whole problem document, and returns its sentence."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["title"]
    detail: str = problem["detail"]
    assert len(detail) > 10
    assert "Traceback" not in detail
    return detail
