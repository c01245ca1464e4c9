"""Two ways to the library: through the server that runs, or directly in this process.

`add` and `search` work the same way over both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from studyq.cli.group import CommandFailed, ExitCode
from studyq.cli.running import find_server

if TYPE_CHECKING:
    from studyq.search.service import Mode
    from studyq.settings import Settings


class NotAdded(Exception):
    """A file was refused; the message says why."""


@dataclass(frozen=True)
class AddedFile:
    """What adding a file led to.

    Args:
        job: the job that works on it: its id and queue.
        created: whether the document is new; if not, the same content was there already.
    """

    document_id: str
    job: tuple[str, str] | None
    created: bool


@dataclass(frozen=True)
class Step:
    """How far a job is."""

    state: str
    progress: int
    message: str
    error: str | None = None


class Library(Protocol):
    """Where files are added and looked for."""

    where: str

    def add_file(self, path: Path, sent: Callable[[int], None], password: str | None) -> AddedFile:
        """Add a file; `sent` is told the bytes that went.

        Raises:
            NotAdded: when it is refused.
        """

    def add_import(self, uri: str) -> AddedFile:
        """Add an object of a bucket.

        Raises:
            NotAdded: when it is refused.
        """

    def follow(self, job: tuple[str, str]) -> Iterator[Step]:
        """The steps of a job until it has ended."""

    def search(self, query: str, *, mode: Mode, document_id: str | None, limit: int) -> Any:
        """The answer to a search, as the API gives it."""


@contextmanager
def open_either(settings: Settings, *, run_jobs: bool = False) -> Iterator[Library]:
    """The library: through its server when one answers, else directly.

    Args:
        run_jobs: without a server, run jobs here for as long as the block runs.

    Raises:
        CommandFailed: when a server is named, does not answer, and no library is here either.
    """
    address = server_or_folder(settings)
    if address is not None:
        from studyq.cli.remote_library import RemoteLibrary

        yield RemoteLibrary(address)
        return
    from studyq.cli.local_library import open_local

    with open_local(settings, run_jobs=run_jobs) as library:
        yield library


def server_or_folder(settings: Settings) -> str | None:
    """The address of the library's server when one answers; None when its folder is here.

    Raises:
        CommandFailed: when a server is named, does not answer, and no library is here either.
    """
    address = find_server(settings)
    nothing_here = not (settings.data / "studyq.db").exists() and not settings.database_url
    if address is None and settings.url and nothing_here:
        raise CommandFailed(
            f"STUDYQ_URL is {settings.url}, where no studyq answers, and there is no library in "
            f"{settings.data.absolute()}. Start `studyq serve`, or correct STUDYQ_URL.",
            ExitCode.UNREACHABLE,
        )
    return address
