"""The ingestion job: stored → read → chunked, searchable by words → settled → embedded → done.

Each stage commits its work window by window together with the progress and the checkpoint, so
that another attempt goes on where the last one stopped.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.ingestion.chunking import chunk_document
from studyq.ingestion.embedding import embed_document
from studyq.ingestion.fetching import fetch_import
from studyq.ingestion.finishing import finish, settle
from studyq.ingestion.reading import read_pdf
from studyq.ingestion.services import IngestionServices
from studyq.ingestion.starting import start_work
from studyq.jobs.context import JobContext
from studyq.jobs.models import State
from studyq.jobs.registry import PDF_INGESTION, Change, Outcome, Registry
from studyq.library.models import Chunk, Document, Page, Status
from studyq.library.uploads import INGEST_JOB


def register(registry: Registry, services: IngestionServices) -> None:
    """Make a process able to run ingestion jobs."""

    @registry.handler(PDF_INGESTION, INGEST_JOB, on_change=document_follows)
    def ingest(context: JobContext) -> Outcome:
        work = start_work(context, services)
        if work.source == "uri":
            fetch_import(work)
        if work.source != "text":
            read_pdf(work)
        chunk_document(work)
        settle(work)
        embed_document(work)
        return finish(work)


def document_follows(session: Session, change: Change) -> None:
    """Let a document's status follow its job's, in the job's own transaction."""
    document = session.get(Document, change.subject)
    if document is None:
        return
    document.updated_at = now()
    building_next = change.payload["generation"] > document.generation
    if change.state in (State.FAILED, State.CANCELLED):
        if building_next:
            _drop_next_generation(session, document, change)
        elif document.status != Status.COMPLETED:
            document.status = Status.FAILED
            document.error_code, document.error_message = change.error_code, change.error_message
    elif not building_next and document.status != Status.COMPLETED:
        document.status = Status.PENDING
        document.error_code = document.error_message = None


def _drop_next_generation(session: Session, document: Document, change: Change) -> None:
    """A reprocessing that did not end well leaves what was there before, and nothing else."""
    for table in (Chunk, Page):
        session.execute(
            sa.delete(table).where(
                table.document_id == document.id,
                table.generation == change.payload["generation"],
            )
        )
