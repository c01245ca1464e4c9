"""Adding to the library: from an upload, from text, from object storage.

The rows of the document, its PDF and its job are one transaction; before it commits nothing is
acknowledged, and after it nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.accounts.secrets import Sealer
from studyq.database.base import new_id, now
from studyq.jobs.enqueue import NewJob, enqueue
from studyq.jobs.models import LIVE, Job
from studyq.jobs.registry import PDF_INGESTION
from studyq.library.errors import RefusedError
from studyq.library.models import Document, Page, Pdf, Status
from studyq.library.paging import split_into_pages
from studyq.library.titles import clean_filename, clean_line, title_of
from studyq.storage.originals import Incoming, Storage

INGEST_JOB = "ingest_document"
LONGEST_TEXT = 20_000_000
MOST_TEXT_PAGES = 10_000  #: LONGEST_TEXT makes 6,700; only form feeds make more


@dataclass(frozen=True)
class Added:
    """What an addition led to.

    Args:
        created: whether the document is new; if not, it is the one with the same content.
        job_id: the job that works on it, if one does.
    """

    document_id: str
    pdf_id: str | None
    job_id: str | None
    created: bool


def require_pdf(incoming: Incoming) -> None:
    """Look at a file's content, not its name.

    Raises:
        RefusedError: when it is empty or not a PDF.
    """
    if incoming.size == 0:
        raise RefusedError("empty_file", "This file is empty. Choose a PDF that has content.")
    # ISO 32000 lets readers accept a header within the first 1,024 bytes.
    if b"%PDF-" not in incoming.head:
        raise RefusedError(
            "not_a_pdf",
            "This file is not a PDF: its content does not begin like one. "
            "Open it where it came from and save it as PDF.",
        )


def add_pdf(
    session: Session,
    storage: Storage,
    sealer: Sealer,
    *,
    user_id: str,
    incoming: Incoming,
    filename: str | None,
    password: str | None = None,
) -> Added:
    """Take a received PDF into the library and enqueue its ingestion.

    The same content again gives the document that is there; if that one had failed, it is tried
    again.
    """
    sealed = sealer.seal(password) if password else None
    twin = session.execute(
        sa.select(Pdf.id, Pdf.document_id, Pdf.storage_key).where(
            Pdf.user_id == user_id, Pdf.sha256 == incoming.sha256
        )
    ).one_or_none()
    if twin is not None:
        if not storage.exists(twin.storage_key):  # lost, as `studyq doctor` may have told
            storage.keep(incoming)
        if sealed is not None:
            session.execute(sa.update(Pdf).where(Pdf.id == twin.id).values(sealed_password=sealed))
        return Added(twin.document_id, twin.id, _try_again(session, twin.document_id), False)
    shown = clean_filename(filename)
    document_id = _new_document(session, user_id, title_of(shown), shown, "pdf")
    pdf_id = new_pdf(session, storage, user_id, document_id, incoming, shown, sealed)
    return Added(document_id, pdf_id, enqueue_ingestion(session, user_id, document_id), True)


def new_pdf(
    session: Session,
    storage: Storage,
    user_id: str,
    document_id: str,
    incoming: Incoming,
    filename: str,
    sealed_password: bytes | None = None,
) -> str:
    """Store a received original and write its row; returns the row's id."""
    pdf_id = new_id()
    session.add(
        Pdf(
            id=pdf_id,
            user_id=user_id,
            document_id=document_id,
            filename=filename,
            sha256=incoming.sha256,
            size=incoming.size,
            # A rename on a local disk; within the transaction, so that a deletion of the same
            # content cannot come between the file and its row.
            storage_key=storage.keep(incoming),
            page_count=None,
            encrypted=False,
            sealed_password=sealed_password,
            created_at=now(),
        )
    )
    session.flush()
    return pdf_id


def add_text(session: Session, *, user_id: str, title: str, text: str) -> Added:
    """Take a plain text into the library; it is shown in pages of about 3,000 characters.

    Raises:
        RefusedError: when it is empty, too long, or has too many pages.
    """
    if len(text) > LONGEST_TEXT:
        raise RefusedError("too_long", f"A text may have {LONGEST_TEXT:,} characters at the most.")
    pages = split_into_pages(text)
    if not pages:
        raise RefusedError("empty_text", "This text is empty. Send one with some words in it.")
    if len(pages) > MOST_TEXT_PAGES:
        raise RefusedError(
            "too_many_pages",
            f"This text has {len(pages):,} pages (form feeds part them); "
            f"{MOST_TEXT_PAGES:,} are the most. Send it in parts.",
        )
    shown = clean_line(title)[:500] or clean_line(text[:2000])[:60].strip() or "Text"
    document_id = _new_document(session, user_id, shown, clean_filename(shown), "text")
    offset = 0
    rows: list[dict[str, Any]] = []
    for index, page in enumerate(pages, 1):
        rows.append(
            {"document_id": document_id, "generation": 1, "index": index, "label": None,
             "offset": offset, "text": page, "width": 0.0, "height": 0.0, "kind": "text",
             "lines": b"", "headings": []}
        )  # fmt: skip
        offset += len(page) + 1
    session.execute(sa.insert(Page), rows)
    session.execute(
        sa.update(Document).where(Document.id == document_id).values(page_count=len(pages))
    )
    return Added(document_id, None, enqueue_ingestion(session, user_id, document_id), True)


def add_import(session: Session, *, user_id: str, uri: str) -> Added:
    """Make a document for an object of a bucket; its job fetches it first."""
    filename = clean_filename(uri)
    document_id = _new_document(session, user_id, title_of(filename), filename, "uri", uri)
    job_id = enqueue_ingestion(session, user_id, document_id)
    return Added(document_id, None, job_id, True)


def enqueue_ingestion(
    session: Session,
    user_id: str,
    document_id: str,
    *,
    generation: int = 1,
    trigger: str = "user",
) -> str:
    """Enqueue the job that makes a document searchable; one at a time for each document."""
    job_id = enqueue(
        session,
        NewJob(
            PDF_INGESTION,
            INGEST_JOB,
            user_id,
            {"generation": generation},
            subject=document_id,
            unique_key=f"ingest:{document_id}",
            trigger=trigger,
        ),
    )
    session.execute(
        sa.update(Document)
        .where(Document.id == document_id)
        .values(job_id=job_id, updated_at=now())
    )
    return job_id


def live_job(session: Session, document_id: str) -> str | None:
    """The job that reads a document now, or is about to."""
    return session.scalar(
        sa.select(Job.id).where(
            Job.subject == document_id, Job.queue == PDF_INGESTION, Job.state.in_(LIVE)
        )
    )


def _try_again(session: Session, document_id: str) -> str | None:
    document = session.get_one(Document, document_id)
    if document.status != Status.FAILED:
        return live_job(session, document_id)
    document.status, document.error_code, document.error_message = Status.PENDING, None, None
    return enqueue_ingestion(session, document.user_id, document_id, trigger="retry")


def _new_document(
    session: Session,
    user_id: str,
    title: str,
    filename: str,
    source: str,
    source_uri: str | None = None,
) -> str:
    document_id, at = new_id(), now()
    session.add(
        Document(
            id=document_id,
            user_id=user_id,
            title=title,
            filename=filename,
            source=source,
            source_uri=source_uri,
            status=Status.PENDING,
            error_code=None,
            error_message=None,
            generation=1,
            page_count=None,
            chunk_count=0,
            outline=[],
            receipt=None,
            job_id=None,
            created_at=at,
            updated_at=at,
        )
    )
    session.flush()
    return document_id
