"""Taking up a document: from the start, from a checkpoint, or from a reading that is complete."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.ingestion.services import IngestionServices
from studyq.ingestion.work import WORDS_ONLY, Work
from studyq.jobs.context import JobContext
from studyq.jobs.errors import JobCancelled
from studyq.library.models import Chunk, Document, Page, Status

_PAGE = Page.__table__.columns


def start_work(context: JobContext, services: IngestionServices) -> Work:
    """Begin or go on with a document, and mark it as being processed."""
    with context.database.read() as session:
        document = session.get(Document, context.subject)
        if document is None:
            raise JobCancelled(context.job_id)
        work = Work(
            context=context,
            services=services,
            document_id=document.id,
            generation=context.payload["generation"],
            source=document.source,
            source_uri=document.source_uri,
            title=document.title,
            point=dict(context.checkpoint) if _has_pages(session, context) else {},
        )
    fresh = not work.point

    def mark(session: Session) -> None:
        document = session.get_one(Document, work.document_id)
        if fresh:
            _begin(session, work, document)
        if document.status != Status.COMPLETED:
            document.status = Status.PROCESSING

    work.commit(mark, 10 if work.source != "uri" else 1, "Stored and opened", "stored")
    return work


def _has_pages(session: Session, context: JobContext) -> bool:
    """Whether what a checkpoint speaks of is there; a cancelled reprocessing takes it away."""
    query = sa.select(Page.index).where(
        Page.document_id == context.subject, Page.generation == context.payload["generation"]
    )
    return session.scalar(query.limit(1)) is not None


def _begin(session: Session, work: Work, document: Document) -> None:
    """Prepare the first attempt of a job; an earlier job may have worked on this generation."""
    shown = work.generation == document.generation
    if shown and document.status == Status.COMPLETED:
        _take_up(work, document)
        return
    is_text = document.source == "text"
    for table in (Chunk,) if is_text and shown else (Chunk, Page):
        session.execute(
            sa.delete(table).where(
                table.document_id == document.id, table.generation == work.generation
            )
        )
    if is_text and not shown:
        _copy_pages(session, document, work.generation)


def _take_up(work: Work, document: Document) -> None:
    """Leave a complete reading as it is: only vectors may be missing."""
    receipt = document.receipt or {}
    seconds = dict(receipt.get("seconds", {}))
    seconds.pop("embedding", None)
    warnings = [text for text in receipt.get("warnings", []) if not text.startswith(WORDS_ONLY)]
    work.point.update(
        read=True,
        chunked=True,
        next_ordinal=document.chunk_count,
        timings=seconds,
        warnings=warnings,
    )


def _copy_pages(session: Session, document: Document, generation: int) -> None:
    """Give a text's pages to its next generation; there is no file to read them from."""
    copied = [sa.literal(generation) if column.name == "generation" else column for column in _PAGE]
    pages = sa.select(*copied).where(
        Page.document_id == document.id, Page.generation == document.generation
    )
    session.execute(sa.insert(Page).from_select([column.name for column in _PAGE], pages))
