"""The library directly: its database, its originals and, if wanted, its jobs in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from studyq.app import make_host
from studyq.cli.libraries import AddedFile, NotAdded, Step
from studyq.cli.opening import open_library
from studyq.jobs.events import events_after
from studyq.jobs.registry import PDF_INGESTION, QUEUES
from studyq.library.errors import LibraryError
from studyq.library.service import find_document
from studyq.library.uploads import Added, add_import, add_pdf, require_pdf
from studyq.pdf import PRELOAD
from studyq.processes import preload
from studyq.search.service import Mode, Question, search
from studyq.storage.imports import ImportRefused
from studyq.storage.originals import StorageFull

if TYPE_CHECKING:
    from studyq.settings import Settings
    from studyq.web.services import Services

PIECE = 1024 * 1024  #: bytes copied at a time
LOOK_EVERY = 0.1  #: seconds between two looks at a job


@contextmanager
def open_local(settings: Settings, *, run_jobs: bool) -> Iterator[LocalLibrary]:
    """The library of the data folder.

    Args:
        run_jobs: run jobs for as long as the block runs; what is not done then waits for the next
            process that does.
    """
    with open_library(settings) as services, running_jobs(services) if run_jobs else nullcontext():
        yield LocalLibrary(services)


@contextmanager
def running_jobs(services: Services) -> Iterator[None]:
    """Run jobs in this process for as long as the block runs."""
    preload(*PRELOAD)
    host = make_host(services, QUEUES)
    host.start()
    try:
        yield
    finally:
        host.stop(services.settings.grace)


class LocalLibrary:
    """A library whose database and originals this process works on."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.where = str(services.settings.data.absolute())

    def add_file(self, path: Path, sent: Callable[[int], None], password: str | None) -> AddedFile:
        """Take a file in."""
        services = self._services
        try:
            with services.storage.receive() as incoming, path.open("rb") as file:
                while piece := file.read(PIECE):
                    incoming.write(piece)
                    sent(len(piece))
                    self._check_size(incoming.size)
                incoming.finish()
                require_pdf(incoming)
                with services.database.write(synced=True) as session:
                    added = add_pdf(
                        session,
                        services.storage,
                        services.sealer,
                        user_id=services.user_id,
                        incoming=incoming,
                        filename=path.name,
                        password=password,
                    )
        except LibraryError as error:
            raise NotAdded(error.message) from error
        except StorageFull as error:
            raise NotAdded(f"There is no room for it: {error.strerror}.") from error
        return _as_added(added)

    def add_import(self, uri: str) -> AddedFile:
        """Make a document for an object; its job fetches it."""
        services = self._services
        try:
            services.importer.parse(uri)
        except ImportRefused as error:
            raise NotAdded(error.message) from error
        with services.database.write(synced=True) as session:
            return _as_added(add_import(session, user_id=services.user_id, uri=uri))

    def follow(self, job: tuple[str, str]) -> Iterator[Step]:
        """A job's events, from its first."""
        seen = 0
        while True:
            with self._services.database.read() as session:
                events = events_after(session, seen, job_id=job[0])
            for event in events:
                seen = event.id
                data = msgspec.json.decode(event.data)
                error = data["detail"].get("error") or {}
                yield Step(event.state, data["progress"], data["message"], error.get("message"))
                if event.terminal:
                    return
            time.sleep(LOOK_EVERY)

    def search(self, query: str, *, mode: Mode, document_id: str | None, limit: int) -> Any:
        """Search."""
        services = self._services
        with services.database.read() as session:
            if document_id is not None:
                find_document(session, services.user_id, document_id)
            question = Question(services.user_id, query, mode, document_id, limit)
            answer = search(session, services.embedder, question)
        return {"results": answer.results, "mode": answer.mode, "notice": answer.notice}

    def _check_size(self, size: int) -> None:
        limit = self._services.settings.max_upload
        if size > limit:
            raise NotAdded(f"It is larger than the {limit:,} bytes of STUDYQ_MAX_UPLOAD.")


def _as_added(added: Added) -> AddedFile:
    job = (added.job_id, PDF_INGESTION) if added.job_id else None
    return AddedFile(added.document_id, job, added.created)
