"""A library with its ingestion, run in the thread of the test, and an embedder to be told to fail.

The jobs run when `Shelf.work` is called; everything goes through the services that the service
itself uses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from job_layer import USER, Jobs, open_database
from studyq.accounts.secrets import Sealer
from studyq.database.engine import Database
from studyq.ingestion.jobs import register
from studyq.ingestion.services import IngestionServices
from studyq.jobs.models import Job
from studyq.jobs.reaper import promote
from studyq.library.models import Chunk, Page
from studyq.library.service import describe_document, find_document, reprocess
from studyq.library.uploads import add_pdf, add_text, require_pdf
from studyq.pdf.model import PdfLimits
from studyq.providers.embedding import Embedder, Unavailable
from studyq.search.service import Answer, Question, search
from studyq.storage.imports import Importer
from studyq.storage.originals import Storage

NO_MODEL = Unavailable("Search by meaning is switched off.", "")


@dataclass
class LetterEmbedder:
    """An embedder that counts letters, and raises what it is told to.

    Attributes:
        errors: Raised by the next calls, one each; None lets a call go well.
        texts: What it has embedded.
    """

    model_id: str = "letters"
    dimensions: int = 26
    errors: list[Exception | None] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def embed(
        self,
        texts: Sequence[str],
        *,
        kind: str,
        check: Callable[[], None] | None = None,
    ) -> NDArray[np.float32]:
        if check is not None:
            check()
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        if kind == "passage":
            self.texts += texts
        counts = [[text.lower().count(chr(97 + n)) + 0.01 for n in range(26)] for text in texts]
        rows = np.asarray(counts, dtype=np.float32)
        unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    def close(self) -> None:
        pass


@dataclass
class Shelf:
    """A library in a folder."""

    folder: Path
    database: Database
    jobs: Jobs
    embedder: Embedder | Unavailable
    storage: Storage
    sealer: Sealer

    def add_pdf(self, content: bytes, name: str = "a.pdf", *, password: str = "") -> str:
        """Takes a file in; returns the document's id."""
        with self.storage.receive() as incoming:
            incoming.write(content)
            incoming.finish()
            require_pdf(incoming)
            with self.database.write() as session:
                return add_pdf(
                    session,
                    self.storage,
                    self.sealer,
                    user_id=USER,
                    incoming=incoming,
                    filename=name,
                    password=password or None,
                ).document_id

    def add_text(self, text: str, title: str = "", *, user_id: str = USER) -> str:
        """Takes a text in; returns the document's id."""
        with self.database.write() as session:
            return add_text(session, user_id=user_id, title=title, text=text).document_id

    def reprocess(self, document_id: str, **more: Any) -> str:
        """Asks for another reading; returns the job's id."""
        with self.database.write() as session:
            return reprocess(session, self.sealer, USER, document_id, **more)

    def work(self) -> None:
        """Runs all jobs, and those whose retry is due some time later."""
        self.jobs.drain()

    def skip_backoff(self) -> None:
        """Makes delayed jobs due."""
        with self.database.write() as session:
            session.execute(sa.update(Job).where(Job.state == "delayed").values(run_at=0))
        promote(self.database)

    def read(self, content: bytes, **more: Any) -> dict[str, Any]:
        """Takes a file in, reads it, and returns its document."""
        document_id = self.add_pdf(content, **more)
        self.work()
        return self.document(document_id)

    def document(self, document_id: str) -> dict[str, Any]:
        """A document as the API tells it."""
        with self.database.read() as session:
            return describe_document(session, find_document(session, USER, document_id))

    def job(self, document_id: str) -> dict[str, Any]:
        """The job that last worked on a document."""
        job: dict[str, Any] = self.document(document_id)["job"]
        return job

    def told(self, document_id: str) -> list[dict[str, Any]]:
        """The events of that job."""
        events = self.jobs.events(self.job(document_id)["id"])
        return [json.loads(event.data) for event in events]

    def pages(self, document_id: str) -> list[Page]:
        """All pages stored of a document, of every generation."""
        query = sa.select(Page).where(Page.document_id == document_id)
        with self.database.read() as session:
            return list(session.scalars(query.order_by(Page.generation, Page.index)))

    def chunks(self, document_id: str) -> list[Chunk]:
        """All passages stored of a document, of every generation."""
        query = sa.select(Chunk).where(Chunk.document_id == document_id)
        with self.database.read() as session:
            return list(session.scalars(query.order_by(Chunk.generation, Chunk.ordinal)))

    def count(self, table: str) -> int:
        """Rows of a table."""
        with self.database.read() as session:
            counted = session.execute(sa.select(sa.func.count()).select_from(sa.table(table)))
            return counted.scalar_one()

    def ask(self, text: str, **more: Any) -> Answer:
        """Searches."""
        more.setdefault("user_id", USER)
        with self.database.read() as session:
            return search(session, self.embedder, Question(text=text, **more))


@contextmanager
def open_shelf(
    folder: Path,
    embedder: Embedder | Unavailable = NO_MODEL,
    *,
    chunk_chars: int = 400,
    limits: PdfLimits | None = None,
) -> Iterator[Shelf]:
    """A library on a database of its own."""
    with open_database(folder) as database:
        jobs = Jobs(database)
        storage = Storage(f"file://{folder}/files", folder / "scratch")
        sealer = Sealer(folder / "secret.key")
        services = IngestionServices(
            storage=storage,
            importer=Importer(frozenset(), 10**9),
            sealer=sealer,
            embedder=embedder,
            pdf_limits=limits or PdfLimits(),
            chunk_chars=chunk_chars,
        )
        register(jobs.registry, services)
        yield Shelf(folder, database, jobs, embedder, storage, sealer)
