"""The real service under kill -9: its process, people who upload, somebody who watches."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from typing import Any
from uuid import uuid4

import httpx
import msgspec

from pdf_files import make_pdf
from server_process import free_port

PATIENCE = 120.0  #: seconds for anything of the service's to happen at all
QUEUE = "pdf-ingestion"


class Service:
    """`studyq serve` on a port of its own, to be killed and started again."""

    def __init__(self, data: Path, settings: Mapping[str, str]) -> None:
        self.data = data
        self.port = free_port()
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.data / "service.log"

    def spawn(self) -> None:
        """Start it, and do not wait for it."""
        environment = {
            name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "studyq", "serve", "--port", str(self.port)],
                env={
                    **environment,
                    "STUDYQ_DATA": str(self.data),
                    "STUDYQ_OPEN_BROWSER": "no",
                    # Nothing may be cleared away before it has been looked at.
                    "STUDYQ_RETENTION_COMPLETED": "86400",
                    **self._settings,
                },
                stdout=log,
                stderr=log,
            )

    def await_live(self) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + PATIENCE
        while True:
            assert self._process is not None
            status = self._process.poll()
            assert status is None, f"the service ended with {status}: {self._last_words()}"
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/health/live", timeout=5).is_success:
                    return
            assert time.monotonic() < deadline, f"no answer within {PATIENCE} s"
            time.sleep(0.02)

    def kill(self) -> None:
        """kill -9 of the service's own process; its children have to notice."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End it, if it is still there."""
        self.kill()

    def stop(self) -> int:
        """SIGTERM; returns how it ended."""
        assert self._process is not None
        self._process.terminate()
        status = self._process.wait(PATIENCE)
        self._process = None
        return status

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


class Upload(msgspec.Struct):
    """A file that somebody wants in the library, and what has become of it."""

    marker: str
    pages: int
    content: bytes
    key: str
    job_id: str = ""
    document_id: str = ""
    tries: int = 0
    deleted: bool = False


def make_upload(choice: random.Random) -> Upload:
    """A PDF unlike any other: mostly small, sometimes of several windows of pages."""
    marker = f"zq{choice.getrandbits(48):x}"
    pages = choice.randint(70, 90) if choice.random() < 0.15 else choice.randint(1, 4)
    content = make_pdf(
        [
            [f"{marker}page{page}", *(f"Fact {n} on page {page} of {marker}." for n in range(20))]
            for page in range(1, pages + 1)
        ]
    )
    return Upload(marker, pages, content, key=str(uuid4()))


class Visitors:
    """Threads that upload what they are given until the service has answered each."""

    def __init__(self, url: str, choice: random.Random, *, threads: int = 3) -> None:
        self.acknowledged: list[Upload] = []
        self.complaints: list[str] = []
        self.tries = 0
        self._url = url
        self._random = choice
        self._wishes: Queue[Upload] = Queue()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._upload_all) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def give(self, count: int) -> None:
        """Hand out so many files to be uploaded."""
        for _ in range(count):
            self._wishes.put(make_upload(self._random))

    def finish(self) -> None:
        """Wait until every file has been acknowledged; the service must be running."""
        deadline = time.monotonic() + PATIENCE
        while self._wishes.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.05)
        if self._wishes.unfinished_tasks:
            self.complaints.append(f"{self._wishes.unfinished_tasks} uploads got no answer")
        self.close()

    def close(self) -> None:
        """Stop, whatever is left."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _upload_all(self) -> None:
        with httpx.Client(base_url=self._url, timeout=20) as client:
            while not self._over.is_set():
                try:
                    upload = self._wishes.get(timeout=0.1)
                except Empty:
                    continue
                try:
                    self._upload(client, upload)
                except Exception as error:
                    self.complaints.append(f"a visitor gave up: {error!r}")
                    raise
                finally:
                    self._wishes.task_done()

    def _upload(self, client: httpx.Client, upload: Upload) -> None:
        first = self._post(client, upload)
        if first is None:
            return
        upload.job_id, upload.document_id = first
        self.acknowledged.append(upload)
        if self._random.random() < 0.3 and (again := self._post(client, upload)) not in (
            first,
            None,
        ):
            self.complaints.append(f"the same Idempotency-Key gave {first}, then {again}")
        if self._random.random() < 0.08:
            self._delete(client, upload)

    def _post(self, client: httpx.Client, upload: Upload) -> tuple[str, str] | None:
        """Send it until there is an answer, however often the service dies meanwhile."""
        files = {"file": (f"{upload.marker}.pdf", upload.content, "application/pdf")}
        while not self._over.is_set():
            upload.tries += 1
            try:
                answer = client.post("/pdfs", files=files, headers={"Idempotency-Key": upload.key})
            except httpx.TransportError:
                self._over.wait(0.05)
                continue
            if answer.is_success:
                body = answer.json()
                return body["job"]["id"], body["document"]["id"]
            if answer.status_code != 503:
                self.complaints.append(f"an upload got {answer.status_code}: {answer.text[:300]}")
                return None
            self._over.wait(0.1)
        return None

    def _delete(self, client: httpx.Client, upload: Upload) -> None:
        while not self._over.is_set():
            try:
                answer = client.delete(f"/documents/{upload.document_id}")
            except httpx.TransportError:
                self._over.wait(0.05)
                continue
            upload.deleted = True
            if answer.status_code not in (200, 202, 204, 404):
                self.complaints.append(f"a deletion got {answer.status_code}: {answer.text[:300]}")
            return


class Watcher:
    """Follows the events of all jobs across restarts, as a browser does."""

    def __init__(self, url: str) -> None:
        self.seen: list[int] = []
        self.connections = 0
        self._url = url
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def close(self) -> None:
        """Stop following."""
        self._over.set()
        self._thread.join()

    def _follow(self) -> None:
        # A short read timeout, so that a silent stream does not keep the test from ending.
        with httpx.Client(timeout=httpx.Timeout(5, read=1)) as client:
            while not self._over.is_set():
                place = {"Last-Event-ID": str(self.seen[-1])} if self.seen else {}
                with (
                    suppress(httpx.TransportError),
                    client.stream("GET", f"{self._url}/events", headers=place) as stream,
                ):
                    self.connections += 1
                    for line in stream.iter_lines():
                        if line.startswith("id:"):
                            self.seen.append(int(line[3:]))
                        if self._over.is_set():
                            return
                self._over.wait(0.02)


def retry_by_hand(url: str, job_id: str) -> None:
    """What somebody does who sees that a job has lost its worker too often."""
    answer = httpx.post(f"{url}/queue/{QUEUE}/jobs/{job_id}/retry", timeout=30)
    answer.raise_for_status()


def details(url: str, job_id: str) -> dict[str, Any]:
    """A job as the service tells it."""
    answer = httpx.get(f"{url}/queue/{QUEUE}/jobs/{job_id}", timeout=30)
    answer.raise_for_status()
    body: dict[str, Any] = answer.json()
    return body
