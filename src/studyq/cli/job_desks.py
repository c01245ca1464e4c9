"""Two ways to the jobs of a library: through the server that runs, or directly in its database.

Both answer as the API does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from studyq.settings import Settings

Told = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """Which jobs to list; what is not given does not matter."""

    queue: str | None = None
    states: Sequence[str] = ()
    text: str | None = None
    trigger: str | None = None
    code: str | None = None
    limit: int = 50


class JobDesk(Protocol):
    """Where jobs are looked at and dealt with.

    Each of its methods raises `CommandFailed`, or an error that the commands expect, when it is
    refused.
    """

    def find(self, asked: Asked) -> list[Told]:
        """Jobs, newest first."""

    def show(self, job_id: str) -> Told:
        """All that is known of a job."""

    def cancel(self, job_id: str) -> Told:
        """Cancel a job; returns it as it is then."""

    def retry(self, job_id: str) -> Told:
        """Put a job back; returns it as it is then."""

    def set_priority(self, job_id: str, priority: int) -> Told:
        """Let a job start earlier or later; returns it as it is then."""

    def queues(self) -> Sequence[Told]:
        """All queues."""

    def pause(self, queue: str) -> Told:
        """Pause a queue; returns it."""

    def resume(self, queue: str) -> Told:
        """Resume a queue; returns it."""

    def set_concurrency(self, queue: str, concurrency: int) -> Told:
        """Let so many of a queue's jobs run at once; returns it."""

    def retry_failed(self, queue: str, code: str | None) -> Told:
        """Put what failed back; returns how many were."""

    def cancel_all(self, queue: str, state: str, code: str | None) -> Told:
        """Cancel all jobs in a state; returns how many were."""


@contextmanager
def open_desk(settings: Settings) -> Iterator[JobDesk]:
    """The jobs: through the library's server when one answers, else directly.

    Raises:
        CommandFailed: when a server is named, does not answer, and no library is here either.
    """
    from studyq.cli.libraries import server_or_folder

    address = server_or_folder(settings)
    if address is not None:
        from studyq.cli.remote_jobs import RemoteJobs

        yield RemoteJobs(address)
        return
    from studyq.cli.local_jobs import LocalJobs
    from studyq.cli.opening import open_library

    with open_library(settings) as services:
        yield LocalJobs(services)
