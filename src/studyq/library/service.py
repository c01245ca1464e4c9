"""What is in the library: list, look, rename, reprocess, delete."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.accounts.secrets import Sealer
from studyq.database.base import isoformat, now
from studyq.jobs.models import Job
from studyq.jobs.registry import Registry
from studyq.jobs.service import cancel_all_of, describe_job
from studyq.library.errors import NotFoundError, RefusedError
from studyq.library.models import Document, Page, Pdf, Status
from studyq.library.titles import LONGEST_TITLE, clean_line
from studyq.library.uploads import enqueue_ingestion, live_job
from studyq.storage.originals import Storage

FILTERS = {
    "all": (Status.PENDING, Status.PROCESSING, Status.COMPLETED, Status.FAILED),
    "needs_attention": (Status.FAILED,),
    "processing": (Status.PENDING, Status.PROCESSING),
    "completed": (Status.COMPLETED,),
}
_KIND_LETTERS = {"text": "t", "empty": "e", "scanned": "s", "unreadable": "u"}


def find_document(session: Session, user_id: str, document_id: str) -> Document:
    """A document of the user's.

    Raises:
        NotFoundError: when there is none.
    """
    document = session.get(Document, document_id)
    if document is None or document.user_id != user_id:
        raise NotFoundError("document_not_found", f"There is no document {document_id}.")
    return document


def find_pdf(session: Session, user_id: str, pdf_id: str) -> Pdf:
    """A PDF of the user's.

    Raises:
        NotFoundError: when there is none.
    """
    pdf = session.get(Pdf, pdf_id)
    if pdf is None or pdf.user_id != user_id:
        raise NotFoundError("pdf_not_found", f"There is no PDF {pdf_id}.")
    return pdf


def pdf_of(session: Session, document_id: str) -> Pdf | None:
    """The original of a document, if it has one."""
    return session.scalar(sa.select(Pdf).where(Pdf.document_id == document_id))


def find_page(session: Session, user_id: str, document_id: str, index: int) -> Page:
    """A page of a document.

    Raises:
        NotFoundError: when there is no such document or page.
    """
    document = find_document(session, user_id, document_id)
    page = session.get(Page, (document_id, document.generation, index))
    if page is None:
        raise NotFoundError("page_not_found", f"{document.title} has no page {index}.")
    return page


def list_documents(
    session: Session, user_id: str, *, which: str = "all", before: str | None = None, limit: int
) -> list[Document]:
    """Documents, newest first.

    Args:
        which: a key of `FILTERS`.
        before: an id to go on behind.
    """
    query = sa.select(Document).where(
        Document.user_id == user_id, Document.status.in_(FILTERS[which])
    )
    if before is not None:
        query = query.where(Document.id < before)
    return list(session.scalars(query.order_by(Document.id.desc()).limit(limit)))


def documents_named(session: Session, user_id: str, text: str) -> list[str]:
    """Ids of the documents whose title or filename holds a text: the newest 500."""
    query = sa.select(Document.id).where(
        Document.user_id == user_id,
        sa.or_(
            Document.title.icontains(text, autoescape=True),
            Document.filename.icontains(text, autoescape=True),
        ),
    )
    return list(session.scalars(query.order_by(Document.id.desc()).limit(500)))


def titles_of(session: Session, user_id: str, ids: Collection[str]) -> dict[str, str]:
    """The titles of those of the user's documents that have these ids."""
    query = sa.select(Document.id, Document.title).where(
        Document.user_id == user_id, Document.id.in_(ids)
    )
    return dict(session.execute(query).all())


def list_pdfs(
    session: Session, user_id: str, *, before: str | None = None, limit: int
) -> list[Pdf]:
    """PDFs, newest first."""
    query = sa.select(Pdf).where(Pdf.user_id == user_id)
    if before is not None:
        query = query.where(Pdf.id < before)
    return list(session.scalars(query.order_by(Pdf.id.desc()).limit(limit)))


def count_documents(session: Session, user_id: str) -> dict[str, int]:
    """How many documents each filter shows."""
    query = (
        sa.select(Document.status, sa.func.count())
        .where(Document.user_id == user_id)
        .group_by(Document.status)
    )
    found = dict(session.execute(query).all())
    return {name: sum(found.get(state, 0) for state in states) for name, states in FILTERS.items()}


def page_kinds(session: Session, documents: Sequence[Document]) -> dict[str, str]:
    """For each document one letter a page: t text, e empty, s scanned, u unreadable, . unread."""
    letters: dict[str, list[str]] = {item.id: ["."] * (item.page_count or 0) for item in documents}
    query = sa.select(Page.document_id, Page.index.label("number"), Page.kind).join(
        Document,
        sa.and_(Document.id == Page.document_id, Document.generation == Page.generation),
    )
    for row in session.execute(query.where(Page.document_id.in_(letters))):
        cells = letters[row.document_id]
        cells.extend("." * (row.number - len(cells)))
        cells[row.number - 1] = _KIND_LETTERS[row.kind]
    return {key: "".join(cells) for key, cells in letters.items()}


def describe_documents(session: Session, documents: Sequence[Document]) -> list[dict[str, Any]]:
    """Documents as the API tells them, with their PDF, pages and job."""
    kinds = page_kinds(session, documents)
    ids = list(kinds)
    pdfs = {
        pdf.document_id: pdf
        for pdf in session.scalars(sa.select(Pdf).where(Pdf.document_id.in_(ids)))
    }
    job_ids = [item.job_id for item in documents if item.job_id]
    jobs = {
        row.id: describe_job(session, row)
        for row in session.execute(sa.select(*Job.__table__.columns).where(Job.id.in_(job_ids)))
    }
    return [
        _describe(item, pdfs.get(item.id), kinds[item.id], jobs.get(item.job_id or ""))
        for item in documents
    ]


def describe_document(session: Session, document: Document) -> dict[str, Any]:
    """One document as the API tells it, with its outline."""
    return {**describe_documents(session, [document])[0], "outline": document.outline}


def describe_pdf(pdf: Pdf) -> dict[str, Any]:
    """A PDF as the API tells it."""
    return {
        "id": pdf.id,
        "filename": pdf.filename,
        "sha256": pdf.sha256,
        "size": pdf.size,
        "document_id": pdf.document_id,
        "page_count": pdf.page_count,
        "encrypted": pdf.encrypted,
        "created_at": isoformat(pdf.created_at),
    }


def rename(session: Session, user_id: str, document_id: str, title: str) -> Document:
    """Give a document another title.

    Raises:
        RefusedError: when nothing of the title can be shown.
    """
    document = find_document(session, user_id, document_id)
    cleaned = clean_line(title)[:LONGEST_TITLE]
    if not cleaned:
        raise RefusedError("empty_title", "A title needs at least one visible character.")
    document.title, document.updated_at = cleaned, now()
    return document


def reprocess(
    session: Session,
    sealer: Sealer,
    user_id: str,
    document_id: str,
    *,
    password: str | None = None,
    embeddings_only: bool = False,
) -> str:
    """Read a document again, or embed it again; the old index serves until the new one is whole.

    Returns:
        The job's id; that of the one at work, if there is one.
    """
    document = find_document(session, user_id, document_id)
    if password is not None:
        session.execute(
            sa.update(Pdf)
            .where(Pdf.document_id == document_id)
            .values(sealed_password=sealer.seal(password))
        )
    running = live_job(session, document_id)
    if running is not None:
        return running
    again = document.status == Status.COMPLETED and not embeddings_only
    if document.status == Status.FAILED:
        document.status, document.error_code, document.error_message = Status.PENDING, None, None
    generation = document.generation + (1 if again else 0)
    return enqueue_ingestion(
        session, user_id, document_id, generation=generation, trigger="reprocess"
    )


def reprocess_all(
    session: Session, sealer: Sealer, user_id: str, *, embeddings_only: bool = False
) -> list[str]:
    """Reprocess every document of the user; returns the jobs' ids."""
    ids = session.scalars(sa.select(Document.id).where(Document.user_id == user_id)).all()
    return [
        reprocess(session, sealer, user_id, item, embeddings_only=embeddings_only) for item in ids
    ]


def delete_document(
    session: Session, registry: Registry, user_id: str, document_id: str
) -> list[str]:
    """Cancel a document's jobs and delete its rows; its words and vectors go with its chunks.

    Returns:
        Keys of originals that may be without an owner now, for `delete_originals`.
    """
    document = find_document(session, user_id, document_id)
    cancel_all_of(session, registry, user_id, document_id)
    keys = list(session.scalars(sa.select(Pdf.storage_key).where(Pdf.document_id == document_id)))
    session.execute(sa.delete(Document).where(Document.id == document.id))
    return keys


def delete_originals(session: Session, storage: Storage, keys: Sequence[str]) -> None:
    """Delete originals that no row uses.

    Call it in a write transaction of its own: uploads store within theirs, so that no new owner
    can appear between the look and the deletion.
    """
    for key in keys:
        if session.scalar(sa.select(Pdf.id).where(Pdf.storage_key == key).limit(1)) is None:
            storage.delete(key)


def _describe(
    document: Document, pdf: Pdf | None, kinds: str, job: dict[str, Any] | None
) -> dict[str, Any]:
    error = document.error_code and {"code": document.error_code, "message": document.error_message}
    names = {letter: name for name, letter in _KIND_LETTERS.items()}
    return {
        "id": document.id,
        "title": document.title,
        "filename": document.filename,
        "source": document.source,
        "status": document.status,
        "error": error or None,
        "page_count": document.page_count,
        "pages": {name: kinds.count(letter) for letter, name in names.items()},
        "page_kinds": kinds,
        "chunk_count": document.chunk_count,
        "receipt": document.receipt,
        "job": job,
        "pdf_id": pdf.id if pdf else None,
        "size": pdf.size if pdf else None,
        "sha256": pdf.sha256 if pdf else None,
        "created_at": isoformat(document.created_at),
        "updated_at": isoformat(document.updated_at),
    }
