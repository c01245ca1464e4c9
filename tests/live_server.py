"""The real server for tests that look at it through a browser."""

import time
from typing import Any

import httpx

from server_process import ServerProcess


class LiveServer(ServerProcess):
    """A server process with what a test puts into its library before the reader comes."""

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
