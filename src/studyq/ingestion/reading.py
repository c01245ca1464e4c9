"""The pages of a PDF, window by window, each read by a confined child process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.ingestion.work import Work, rate
from studyq.jobs.errors import PermanentError, TransientError
from studyq.library.lines import pack_lines
from studyq.library.models import Document, Page, Pdf
from studyq.library.service import pdf_of
from studyq.library.titles import believable_title, title_of
from studyq.pdf.confined import ConfinedPdf
from studyq.pdf.model import PageText, PdfInfo, PdfRefused

WINDOW = 32  #: pages read and committed together


def read_pdf(work: Work) -> None:
    """Store the text of every page; goes on behind the last window that was committed.

    Raises:
        PermanentError: when the file cannot be read at all.
        TransientError: when its original is out of reach.
    """
    if work.point.get("read"):
        return
    with work.context.database.read() as session:
        original = pdf_of(session, work.document_id)
        if original is None:
            raise PermanentError("original_missing", "The file of this document is not stored.")
        key, sealed = original.storage_key, original.sealed_password
    password = work.services.sealer.open(sealed) if sealed else None
    try:
        with work.timed("reading"), work.services.storage.local(key) as path:
            _read_file(work, path, password)
    except FileNotFoundError as error:
        raise TransientError(
            "original_missing",
            f"The stored file of this document cannot be found ({error}). "
            "`studyq doctor` shows what else is missing.",
        ) from error
    except PdfRefused as refusal:
        raise PermanentError(refusal.code, refusal.message) from refusal


def _read_file(work: Work, path: Path, password: str | None) -> None:
    limits, check = work.services.pdf_limits, work.context.check
    with ConfinedPdf(path, password=password, limits=limits, check=check) as pdf:
        info = pdf.open()
        if "next_page" not in work.point:
            _store_info(work, info)
        for warning in info.warnings:
            work.warn(warning)
        total, begun, first_of_attempt = info.page_count, time.monotonic(), work.point["next_page"]
        for first in range(first_of_attempt, total + 1, WINDOW):
            last = min(first + WINDOW - 1, total)
            pages = pdf.read_pages(first, last)
            speed = rate(last - first_of_attempt + 1, begun)
            _store_window(work, pages, info, speed)


def _store_info(work: Work, info: PdfInfo) -> None:
    outline = [{"title": e.title, "page": e.page, "level": e.level} for e in info.outline]
    work.point.update(next_page=1, offset=0)

    def store(session: Session) -> None:
        document = session.get_one(Document, work.document_id)
        document.page_count, document.outline = info.page_count, outline
        title = believable_title(info.title)
        if title is not None and document.title == title_of(document.filename):
            document.title = work.title = title
        session.execute(
            sa.update(Pdf)
            .where(Pdf.document_id == work.document_id)
            .values(page_count=info.page_count, encrypted=info.encrypted)
        )

    work.commit(store, 10, f"Opened, {info.page_count} pages", "opened", pages=info.page_count)


def _store_window(work: Work, pages: Sequence[PageText], info: PdfInfo, speed: float) -> None:
    rows = _rows(work, pages, info)
    last, total = pages[-1].index, info.page_count
    work.point["next_page"] = last + 1
    if last == total:
        work.point["read"] = True
    for page in pages:
        if page.warning:
            work.warn(page.warning)

    def store(session: Session) -> None:
        session.execute(sa.insert(Page), rows)

    message = f"Reading page {last} of {total} · {speed:,.0f} pages/s"
    work.commit(store, 10 + 20 * last / total, message, "reading", page=last, of=total, rate=speed)


def _rows(work: Work, pages: Sequence[PageText], info: PdfInfo) -> list[dict[str, Any]]:
    rows = []
    for page in pages:
        rows.append(
            {
                "document_id": work.document_id,
                "generation": work.generation,
                "index": page.index,
                "label": info.labels[page.index - 1] if info.labels else None,
                "offset": work.point["offset"],
                "text": page.text,
                "width": page.width,
                "height": page.height,
                "kind": page.kind,
                "lines": pack_lines(page.lines),
                "headings": [[h.start, h.title, h.level] for h in page.headings],
            }
        )
        work.point["offset"] += len(page.text) + 1
    return rows
