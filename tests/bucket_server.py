"""A storage service for buckets on a free port of loopback, as Google's clients expect it."""

from __future__ import annotations

import httpx
from gcp_storage_emulator.server import create_server

from server_process import free_port

BUCKET = "study-bucket"


class BucketServer:
    """Serves while in its ``with`` block.

    Attributes:
        url: What STORAGE_EMULATOR_HOST is to be set to.
    """

    def __init__(self) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._server = create_server("127.0.0.1", port, in_memory=True, default_bucket=BUCKET)

    def __enter__(self) -> BucketServer:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    @property
    def environment(self) -> dict[str, str]:
        """Variables of a process that is to use it."""
        return {"STORAGE_EMULATOR_HOST": self.url}

    def put(self, name: str, content: bytes) -> str:
        """Stores an object and returns its address."""
        answer = httpx.post(
            f"{self.url}/upload/storage/v1/b/{BUCKET}/o",
            params={"uploadType": "media", "name": name},
            content=content,
        )
        answer.raise_for_status()
        return f"gs://{BUCKET}/{name}"
