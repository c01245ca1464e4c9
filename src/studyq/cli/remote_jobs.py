"""Jobs through the HTTP interface of the server that runs."""

from __future__ import annotations

import http.client
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from studyq.cli.asking import ask
from studyq.cli.group import CommandFailed
from studyq.cli.job_desks import Asked, Told

PAGE = 200  #: jobs that the server tells of at a time, at most


class RemoteJobs:
    """`JobDesk` over a server at an address."""

    def __init__(self, address: str) -> None:
        self._address = address

    def find(self, asked: Asked) -> list[Told]:
        """Jobs, newest first."""
        query = {
            "state": list(asked.states),
            "q": asked.text or [],
            "trigger": asked.trigger or [],
            "code": asked.code or [],
            "limit": min(asked.limit, PAGE),
        }
        path = f"/queue/{asked.queue}/jobs" if asked.queue else "/jobs"
        following: str | None = f"{path}?{urlencode(query, doseq=True)}"
        found: list[Told] = []
        while following is not None and len(found) < asked.limit:
            page = self._get(following)
            found += page["items"]
            following = page["next"]
        return found[: asked.limit]

    def show(self, job_id: str) -> Told:
        """All that is known of a job."""
        return self._get(f"/jobs/{quote(job_id, safe='')}")

    def cancel(self, job_id: str) -> Told:
        """Cancel a job."""
        return self._ask("DELETE", self._path(job_id))

    def retry(self, job_id: str) -> Told:
        """Put a job back."""
        return self._ask("POST", f"{self._path(job_id)}/retry")

    def set_priority(self, job_id: str, priority: int) -> Told:
        """Let a job start earlier or later."""
        return self._ask("PATCH", self._path(job_id), {"priority": priority})

    def queues(self) -> Sequence[Told]:
        """All queues."""
        items: Sequence[Told] = self._get("/queue")["items"]
        return items

    def pause(self, queue: str) -> Told:
        """Pause a queue."""
        return self._ask("POST", f"/queue/{queue}/pause")

    def resume(self, queue: str) -> Told:
        """Resume a queue."""
        return self._ask("POST", f"/queue/{queue}/resume")

    def set_concurrency(self, queue: str, concurrency: int) -> Told:
        """Let so many of a queue's jobs run at once."""
        return self._ask("PATCH", f"/queue/{queue}", {"concurrency": concurrency})

    def retry_failed(self, queue: str, code: str | None) -> Told:
        """Put what failed back."""
        return self._ask("POST", f"/queue/{queue}/retry-failed", {"code": code})

    def cancel_all(self, queue: str, state: str, code: str | None) -> Told:
        """Cancel all jobs in a state."""
        wanted = {"state": state} if code is None else {"state": state, "code": code}
        return self._ask("POST", f"/queue/{queue}/cancel", wanted)

    def _path(self, job_id: str) -> str:
        return f"/queue/{self.show(job_id)['queue']}/jobs/{quote(job_id, safe='')}"

    def _get(self, path: str) -> Told:
        return self._ask("GET", path)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Told:
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        status, answer = ask(self._address, method, path, content, headers)
        if status not in (http.client.OK, http.client.ACCEPTED):
            raise CommandFailed(answer["detail"])
        told: Told = answer
        return told
