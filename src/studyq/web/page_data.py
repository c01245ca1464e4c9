"""Fills the pages' view models from the library."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from studyq import __version__
from studyq.cards.listing import CardFilter, count_cards
from studyq.cards.models import CardState
from studyq.database.base import now
from studyq.jobs.overview import count_failed
from studyq.library.errors import NotFoundError
from studyq.library.models import Document, Page
from studyq.library.service import (
    count_documents,
    describe_document,
    describe_documents,
    find_document,
    find_page,
    list_documents,
)
from studyq.operations.alerts import open_incidents
from studyq.providers.embedding import Unavailable
from studyq.reviews.coverage import Coverage, PageState, coverage
from studyq.reviews.queue import review_queue
from studyq.search.passages import chunk_rectangles
from studyq.web.incident_notices import incident_notices
from studyq.web.pages.navigation import navigation
from studyq.web.pages.views import (
    DocumentView,
    LibraryCounts,
    LibraryFilter,
    LibraryRow,
    LibraryView,
    Notice,
    OutlineEntry,
    PageView,
    PassageView,
    ReceiptView,
    Rectangle,
    ShellView,
    StageTime,
)
from studyq.web.services import Services

ROWS = 50  #: documents on one page of the library


@dataclass(frozen=True)
class LibraryPages:
    """`PageData` over the services; one reader's."""

    services: Services

    def shell(self) -> ShellView:
        """Navigation and standing notices."""
        with self.services.database.read() as session:
            counts = count_documents(session, self.services.user_id)
            due = review_queue(session, self.services.user_id, now()).counts.total
            drafts = count_cards(session, self.services.user_id, CardFilter())[CardState.DRAFT]
            # For administrators, which every reader is until there are accounts.
            incidents = open_incidents(session)
            failed_jobs = count_failed(session, self.services.user_id)
        notices = incident_notices(incidents)
        settings = self.services.settings
        if settings.auth == "none" and not settings.on_loopback:
            notices.append(
                Notice(
                    "Everybody who can reach this address can read and change everything here.",
                    "STUDYQ_AUTH=none is set. Bind to 127.0.0.1 to keep the library to yourself.",
                    "warn",
                )
            )
        entries = navigation(
            needs_attention=counts["needs_attention"],
            failed_jobs=failed_jobs,
            due=due,
            drafts=drafts,
            incidents=len(incidents),
        )
        return ShellView(entries, tuple(notices), __version__)

    def library(self, status: LibraryFilter, cursor: str | None) -> LibraryView:
        """One page of the library."""
        user_id = self.services.user_id
        with self.services.database.read() as session:
            found = list_documents(session, user_id, which=status, before=cursor, limit=ROWS + 1)
            rows = describe_documents(session, found[:ROWS])
            learnt = coverage(session, user_id, found[:ROWS], now())
            counts = count_documents(session, user_id)
        return LibraryView(
            rows=tuple(_row(item, learnt[item["id"]]) for item in rows),
            counts=LibraryCounts(counts["all"], counts["needs_attention"], counts["processing"]),
            status=status,
            next=found[ROWS - 1].id if len(found) > ROWS else None,
            words_only=self._words_only(),
        )

    def document(self, document_id: str) -> DocumentView | None:
        """A document, or None."""
        with self.services.database.read() as session:
            try:
                document = find_document(session, self.services.user_id, document_id)
            except NotFoundError:
                return None
            body = describe_document(session, document)
            learnt = coverage(session, document.user_id, [document], now())[document.id]
            labels = session.scalars(
                sa.select(sa.func.coalesce(Page.label, sa.cast(Page.index, sa.String)))
                .where(Page.document_id == document_id, Page.generation == document.generation)
                .order_by(Page.index)
            ).all()
        return DocumentView(
            row=_row(body, learnt),
            source=body["source"],
            pdf_id=body["pdf_id"],
            sha256=body["sha256"],
            outline=tuple(_outline(document)),
            page_labels=tuple(labels),
            receipt=_receipt(body["receipt"]),
            words_only=self._words_only(),
        )

    def page(self, document_id: str, index: int) -> PageView | None:
        """A page, or None."""
        with self.services.database.read() as session:
            try:
                page = find_page(session, self.services.user_id, document_id, index)
            except NotFoundError:
                return None
            return PageView(
                page.index, page.label or str(page.index), page.text, page.width, page.height,
                page.kind,  # type: ignore[arg-type]  # a column of these words
            )  # fmt: skip

    def passage(self, document_id: str, chunk_id: int) -> PassageView | None:
        """Where a passage stands, or None."""
        with self.services.database.read() as session:
            found = chunk_rectangles(
                session, self.services.user_id, chunk_id, document_id=document_id
            )
        if not found:
            return None
        places = tuple(Rectangle(p.page, p.x0, p.y0, p.x1, p.y1) for p in found)
        return PassageView(chunk_id, places)

    def _words_only(self) -> Notice | None:
        embedder = self.services.embedder
        if isinstance(embedder, Unavailable) and embedder.next_step:
            return Notice("Search works by words alone.", f"{embedder.reason} {embedder.next_step}")
        return None


def _row(body: dict[str, Any], learnt: Coverage) -> LibraryRow:
    moment = datetime.fromisoformat(body["created_at"]).astimezone(UTC)
    live = body["job"] if body["job"] and body["status"] in ("PENDING", "PROCESSING") else None
    cards = {
        "coverage": learnt.letters if learnt.cards or learnt.drafts else "",
        "uncovered": learnt.letters.count(PageState.NO_CARDS),
        "cards": learnt.cards,
        "drafts": learnt.drafts,
        "due": learnt.due,
        "new": learnt.new,
    }
    return msgspec.convert({**body, **cards, "created_at": moment, "job": live}, LibraryRow)


def _outline(document: Document) -> list[OutlineEntry]:
    lowest = min((entry["level"] for entry in document.outline), default=1)
    return [
        OutlineEntry(entry["title"], entry["page"], entry["level"] - lowest + 1)
        for entry in document.outline
    ]


def _receipt(receipt: dict[str, Any] | None) -> ReceiptView | None:
    if receipt is None:
        return None
    stages = tuple(StageTime(name, seconds) for name, seconds in receipt["seconds"].items())
    known = {name: receipt[name] for name in ReceiptView.__struct_fields__ if name in receipt}
    return ReceiptView(**{**known, "stages": stages, "warnings": tuple(receipt["warnings"])})
