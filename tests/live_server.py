"""The real server as a process of its own, for tests that kill it or look at it from outside."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 60


def free_port() -> int:
    """A port of the loopback that nobody listens on now; a restart needs the same one again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class LiveServer:
    """`studyq serve` with a data folder of its own; it can be killed and started again."""

    data: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "studyq", "serve", "--port", str(self.port)],
            env={**environment, "STUDYQ_DATA": str(self.data), "STUDYQ_OPEN_BROWSER": "no"},
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server ended with {self.process.returncode}"
            try:
                if httpx.get(f"{self.url}/health/live", timeout=2).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)  # there is nothing to wait on before the port is open
        raise AssertionError(f"the server did not answer within {START_SECONDS} s")

    def kill(self) -> None:
        """As a power cut would: nothing is handed back."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def upload(self, name: str, content: bytes) -> str:
        """Adds a file and waits until it has been read; returns the document's id."""
        files = {"file": (name, content, "application/pdf")}
        answer = httpx.post(f"{self.url}/pdfs", files=files, timeout=30)
        answer.raise_for_status()
        document_id = str(answer.json()["document"]["id"])
        self.wait_until_ended(document_id)
        return document_id

    def wait_until_ended(self, document_id: str, seconds: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            document: dict[str, Any] = httpx.get(f"{self.url}/documents/{document_id}").json()
            if document["status"] in ("COMPLETED", "FAILED"):
                return document
            time.sleep(0.1)
        raise AssertionError(f"document {document_id} was not read within {seconds} s")
