"""Settling what the pages were, and the receipt of what the job did."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.ingestion.work import Work
from studyq.jobs.errors import JobCancelled, PermanentError
from studyq.jobs.registry import Outcome
from studyq.library.models import Chunk, Document, Page, Status
from studyq.search.vectors import delete_other_models

KINDS = ("text", "empty", "scanned", "unreadable")


def settle(work: Work) -> None:
    """Count the pages by kind and fail a document that has nothing to learn from.

    Raises:
        PermanentError: when no page has text.
    """
    with work.context.database.read() as session:
        pages = _count_pages(session, work)
        chunks, tokens = _count_chunks(session, work)
    if chunks == 0:
        raise PermanentError("no_text", _why_no_text(pages))
    work.point.update(pages=pages, chunks=chunks, tokens=tokens)

    def store(session: Session) -> None:
        document = session.get_one(Document, work.document_id)
        if document.generation == work.generation:
            document.chunk_count = chunks

    total = sum(pages.values())
    message = f"{pages['text']} of {total} pages have text"
    work.commit(store, 60, message, "settled", **pages)


def finish(work: Work) -> Outcome:
    """The job's last effects: the document is complete, what it replaces is gone."""
    receipt = {
        "pages": sum(work.point["pages"].values()),
        "pages_read": work.point["pages"]["text"],
        "pages_empty": work.point["pages"]["empty"],
        "pages_scanned": work.point["pages"]["scanned"],
        "pages_unreadable": work.point["pages"]["unreadable"],
        "chunks": work.point["chunks"],
        "tokens": work.point["tokens"],
        "seconds": work.point.get("timings", {}),
        "warnings": work.point.get("warnings", []),
    }

    def effects(session: Session) -> None:
        document = session.get(Document, work.document_id)
        if document is None:
            raise JobCancelled(work.document_id)
        document.status = Status.COMPLETED
        document.error_code = document.error_message = None
        document.generation = work.generation
        document.chunk_count = work.point["chunks"]
        document.receipt = receipt
        document.updated_at = now()
        for table in (Chunk, Page):
            session.execute(
                sa.delete(table).where(
                    table.document_id == work.document_id, table.generation != work.generation
                )
            )
        if work.model is not None:
            delete_other_models(session, work.document_id, work.generation, work.model)

    read = f"{_counted(receipt['pages'], 'page')}, {_counted(receipt['chunks'], 'passage')}"
    return Outcome(receipt, effects, read)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else noun + 's'}"


def _count_pages(session: Session, work: Work) -> dict[str, int]:
    query = (
        sa.select(Page.kind, sa.func.count())
        .where(Page.document_id == work.document_id, Page.generation == work.generation)
        .group_by(Page.kind)
    )
    found = {kind: number for kind, number in session.execute(query)}  # noqa: C416  # rows
    return {kind: found.get(kind, 0) for kind in KINDS}


def _count_chunks(session: Session, work: Work) -> tuple[int, int]:
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Chunk.token_count), 0)).where(
        Chunk.document_id == work.document_id, Chunk.generation == work.generation
    )
    chunks, tokens = session.execute(query).one()
    return chunks, tokens


def _why_no_text(pages: dict[str, Any]) -> str:
    total = sum(pages.values())
    if pages["unreadable"] and pages["unreadable"] >= total - pages["empty"] - pages["scanned"]:
        return (
            f"This PDF is damaged: no text could be read from its {total} pages "
            f"({pages['unreadable']} of them unreadable). Get another copy of the file."
        )
    if pages["scanned"]:
        return (
            f"There is no text in this PDF: {pages['scanned']} of its {total} pages are images "
            "of pages (scans). Run OCR over it (ocrmypdf does), then upload the result."
        )
    return (
        f"There is no text in this PDF: its {total} pages are empty or hold drawings only. "
        "If it shows text in a viewer, run OCR over it, then upload the result."
    )
