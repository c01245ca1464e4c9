"""The library through the HTTP interface of the server that runs."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote, urlencode

import msgspec

from studyq.cli.asking import ask, decode, gone
from studyq.cli.group import CommandFailed
from studyq.cli.libraries import AddedFile, NotAdded, Step
from studyq.cli.running import connect, path_of

if TYPE_CHECKING:
    from studyq.search.service import Mode

STREAM_SECONDS = 45.0  #: three pings of the server: a stream silent for longer is dead
PATIENCE = 60.0  #: seconds that a server which went away may take to come back
ENDED = ("completed", "failed", "cancelled")


class RemoteLibrary:
    """A library that a server at an address keeps."""

    def __init__(self, address: str) -> None:
        self.where = address

    def add_file(self, path: Path, sent: Callable[[int], None], password: str | None) -> AddedFile:
        """Upload a file."""
        size = path.stat().st_size
        target = f"/pdfs/{quote(path.name, safe='')}"
        with path.open("rb") as file:
            headers = {"Content-Type": "application/pdf", "Content-Length": str(size)}
            if password is not None:
                headers["X-Pdf-Password"] = quote(password, safe="")
            status, answer = ask(self.where, "PUT", target, _Counted(file, sent), headers)
        return _added(status, answer)

    def add_import(self, uri: str) -> AddedFile:
        """Have the server fetch an object."""
        body = msgspec.json.encode({"uri": uri})
        headers = {"Content-Type": "application/json"}
        return _added(*ask(self.where, "POST", "/documents/import", body, headers))

    def follow(self, job: tuple[str, str]) -> Iterator[Step]:
        """A job's events; after a break, on from the last one seen."""
        job_id, queue = job
        last_id, quiet_since = None, time.monotonic()
        while True:
            try:
                for event_id, data in self._events(f"/queue/{queue}/jobs/{job_id}/events", last_id):
                    last_id, quiet_since = event_id, time.monotonic()
                    yield _step(data)
                    if data["state"] in ENDED:
                        return
            except (OSError, http.client.HTTPException) as error:
                if time.monotonic() - quiet_since > PATIENCE:
                    raise gone(self.where, error) from error
            time.sleep(0.5)

    def search(self, query: str, *, mode: Mode, document_id: str | None, limit: int) -> Any:
        """Search."""
        wanted = {"q": query, "mode": mode, "limit": str(limit)}
        if document_id is not None:
            wanted["document_id"] = document_id
        status, answer = ask(self.where, "GET", f"/search?{urlencode(wanted)}")
        if status != http.client.OK:
            raise CommandFailed(answer["detail"])
        return answer

    def _events(self, path: str, last_id: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
        headers = {"Accept": "text/event-stream"}
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        with contextlib.closing(connect(self.where, timeout=STREAM_SECONDS)) as connection:
            connection.request("GET", path_of(self.where, path), headers=headers)
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise CommandFailed(decode(response)["detail"])
            event_id = ""
            for line in response:
                name, _, value = line.decode().rstrip("\r\n").partition(": ")
                if name == "id":
                    event_id = value
                elif name == "data":
                    yield event_id, msgspec.json.decode(value)


class _Counted:
    """A file that tells how much of it has been read."""

    def __init__(self, file: BinaryIO, sent: Callable[[int], None]) -> None:
        self._file = file
        self._sent = sent

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._sent(len(data))
        return data


def _added(status: int, answer: Any) -> AddedFile:
    if status not in (http.client.OK, http.client.ACCEPTED):
        raise NotAdded(answer["detail"])
    job = answer["job"]
    return AddedFile(
        document_id=answer["document"]["id"],
        job=(job["id"], job["queue"]) if job and job["state"] not in ENDED else None,
        created=status == http.client.ACCEPTED,
    )


def _step(data: dict[str, Any]) -> Step:
    error = data["detail"].get("error") or {}
    return Step(data["state"], data["progress"], data["message"], error.get("message"))
