"""What the templates may see: view models, and the one interface that fills them.

A template reads only these structures, never a table row, so that a page can be drawn in a test
from plain values and a column can change without a template noticing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

DocumentStatus = Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED"]
LibraryFilter = Literal["all", "needs_attention", "processing"]

PASSWORD_CODES = frozenset({"password_required", "wrong_password"})
"""Codes of a refusal that a password from the reader can cure."""


class Notice(Struct, frozen=True):
    """A sentence that stands above a page until its cause is gone.

    Attributes:
        title: What is the case, in a few words.
        detail: Why, and what to do next.
        tone: `info` when nothing is lost, `warn` when something does not work.
    """

    title: str
    detail: str
    tone: Literal["info", "warn"] = "info"


class NavigationItem(Struct, frozen=True):
    """One entry of the navigation rail; `count` is shown beside it when above zero.

    Attributes:
        counted: What the count is of, as it is read out behind the number.
        alarm: Whether the count is of something that is not as it should be.
    """

    key: str
    label: str
    href: str
    icon: str
    count: int = 0
    group: Literal["main", "service"] = "main"
    counted: str = "need attention"
    alarm: bool = True


class ShellView(Struct, frozen=True):
    """What surrounds every page: navigation, standing notices, and the version in the footer."""

    navigation: tuple[NavigationItem, ...]
    notices: tuple[Notice, ...] = ()
    version: str = ""


class ErrorView(Struct, frozen=True):
    """Why a document failed: a code for programs and a sentence for people."""

    code: str
    message: str


class JobView(Struct, frozen=True):
    """A live job of a document; `progress` in per cent, `waiting_for` in words or None."""

    id: str
    queue: str
    state: str
    progress: int
    message: str = ""
    waiting_for: str | None = None


class LibraryRow(Struct, frozen=True):
    """A document as the library lists it.

    Attributes:
        page_kinds: One letter a page: `t` text, `e` empty, `s` scanned, `u` unreadable, `.` not
            read yet. Empty while the number of pages is unknown.
        coverage: One letter a page, as `reviews.coverage.PageState` has them; empty for a document
            without a card.
        uncovered: How many pages have text and no card.
        due: Cards to review today; `new` ones have never been seen.
        size: Bytes of the original, or None for a document that was pasted as text.
    """

    id: str
    title: str
    filename: str
    status: DocumentStatus
    created_at: datetime
    page_count: int | None = None
    chunk_count: int = 0
    page_kinds: str = ""
    coverage: str = ""
    uncovered: int = 0
    cards: int = 0
    drafts: int = 0
    due: int = 0
    new: int = 0
    size: int | None = None
    error: ErrorView | None = None
    job: JobView | None = None

    @property
    def needs_password(self) -> bool:
        """Whether the reader can cure the failure by giving the file's password."""
        return self.error is not None and self.error.code in PASSWORD_CODES

    @property
    def page_states(self) -> str:
        """One letter a page for the strip: what was learnt of it, or just whether it was read."""
        return self.coverage or self.page_kinds

    @property
    def is_live(self) -> bool:
        """Whether a job is still going to change this document."""
        return self.status in ("PENDING", "PROCESSING")

    @property
    def revision(self) -> str:
        """Changes whenever the row has to be drawn anew, and not with each per cent of progress."""
        job = f"{self.job.state}-{self.job.waiting_for}" if self.job else ""
        read = len(self.page_kinds) - self.page_kinds.count(".")
        cards = f"{self.cards}-{self.drafts}"
        return f"{self.status}-{job}-{read}-{self.chunk_count}-{cards}-{self.title}"


class LibraryCounts(Struct, frozen=True):
    """How many documents each filter of the library holds."""

    all: int = 0
    needs_attention: int = 0
    processing: int = 0


class LibraryView(Struct, frozen=True):
    """One page of the library; `next` is the cursor of the following page or None."""

    rows: tuple[LibraryRow, ...]
    counts: LibraryCounts
    status: LibraryFilter = "all"
    next: str | None = None
    words_only: Notice | None = None


class OutlineEntry(Struct, frozen=True):
    """A heading of the document; `page` counts from 1, `level` from 1 downwards."""

    title: str
    page: int
    level: int


class StageTime(Struct, frozen=True):
    """How long one stage of the ingestion took, in seconds."""

    name: str
    seconds: float


class ReceiptView(Struct, frozen=True):
    """What the ingestion did, kept with the document."""

    pages_read: int = 0
    pages_empty: int = 0
    pages_scanned: int = 0
    pages_unreadable: int = 0
    chunks: int = 0
    tokens: int = 0
    stages: tuple[StageTime, ...] = ()
    warnings: tuple[str, ...] = ()


class DocumentView(Struct, frozen=True):
    """A document on its own page.

    Attributes:
        row: What the library shows of it, too.
        pdf_id: The original's id, or None for a document without a file.
        page_labels: The printed label of each page, or empty when they are the numbers 1, 2, 3 ….
    """

    row: LibraryRow
    source: Literal["pdf", "text", "uri"] = "pdf"
    pdf_id: str | None = None
    sha256: str | None = None
    outline: tuple[OutlineEntry, ...] = ()
    page_labels: tuple[str, ...] = ()
    receipt: ReceiptView | None = None
    words_only: Notice | None = None

    def label(self, index: int) -> str:
        """The printed label of a page (counted from 1), or its number where none is printed."""
        return self.page_labels[index - 1] if index <= len(self.page_labels) else str(index)


class PageView(Struct, frozen=True):
    """One page: its text, and its size in PDF points as displayed."""

    index: int
    label: str
    text: str
    width: float
    height: float
    kind: Literal["text", "empty", "scanned", "unreadable", "pending"] = "text"


class Rectangle(Struct, frozen=True):
    """A part of a page in PDF points from its top left corner."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


class PassageView(Struct, frozen=True):
    """A passage to light up, of a chunk or of a card: its rectangles, over one page or several."""

    chunk_id: int | None
    rectangles: tuple[Rectangle, ...] = ()
    card_id: str | None = None


class PageData(Protocol):
    """Fills the view models for one reader. Every method answers only with that reader's things."""

    def shell(self) -> ShellView:
        """The counts of the navigation and the notices that stand above every page."""
        ...

    def library(self, status: LibraryFilter, cursor: str | None) -> LibraryView:
        """One page of the library, newest documents first."""
        ...

    def document(self, document_id: str) -> DocumentView | None:
        """A document, or None when there is none of this id."""
        ...

    def page(self, document_id: str, index: int) -> PageView | None:
        """One page's text, or None while it has not been read."""
        ...

    def passage(self, document_id: str, chunk_id: int) -> PassageView | None:
        """Where a passage stands on its pages, or None when there is no such chunk (any more)."""
        ...
