"""What is known about a PDF, its pages, and the reasons for which a file is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PageKind = Literal["text", "empty", "scanned", "unreadable"]
Extractor = Literal["pdfium", "pypdf"]
RefusalCode = Literal[
    "empty_file",
    "not_a_pdf",
    "password_required",
    "wrong_password",
    "damaged",
    "no_pages",
    "too_many_pages",
]


class PdfRefused(Exception):
    """A file cannot be read at all.

    Attributes:
        code: The kind of reason, for programs.
        message: A sentence or two for the person who sent the file: what is wrong, what to do.
    """

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class PdfLimits:
    """How much a PDF may cost.

    Attributes:
        address_space: Bytes of virtual memory of the child that parses. pdfium itself needs
            below 100 MB for books of thousands of pages; a 2 GB Flate bomb needs 3.1 GB.
        cpu_seconds: CPU time of one child. Books of 3,000 pages take about 5 seconds.
        window_seconds: Wall time for opening a file, or for one call over several pages.
        page_seconds: Wall time for one page on its own, per library that tries it.
        max_pages: Pages beyond which a file is refused.
        max_page_characters: Characters kept of one page; a page of a book has some 3,000.
        max_crashes: Times that a file may kill the child before pages are no longer tried one
            by one.
    """

    address_space: int = 1_500_000_000
    cpu_seconds: int = 900
    window_seconds: float = 30.0
    page_seconds: float = 15.0
    max_pages: int = 10_000
    max_page_characters: int = 1_000_000
    max_crashes: int = 25


@dataclass(frozen=True)
class Line:
    """A visual line of text: where its characters are, and where it is on the page.

    Attributes:
        start, end: Offsets into the page's text.
        x0, y0, x1, y1: Left, top, right and bottom in PDF points from the top left corner of
            the page as it is displayed (crop box and rotation applied).
    """

    start: int
    end: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class Heading:
    """A heading recognised by its size.

    Attributes:
        start: Offset into the page's text.
        title: The heading in one line.
        level: 1 (largest) to 3.
    """

    start: int
    title: str
    level: int


@dataclass(frozen=True)
class PageText:
    """The text of one page.

    Attributes:
        index: Page number, counted from 1.
        text: Normalised text; lines end with a newline character. Always encodes as UTF-8.
        width, height: Size of the page as it is displayed, in PDF points.
        kind: Whether there is text; nothing; pictures without text; or nothing could be read.
        lines: Visual lines in the order of the text; none when pypdf read the page.
        headings: Headings, where sizes tell them with confidence.
        extractor: The library whose text it is.
        warning: What went wrong with this page, in words.
    """

    index: int
    text: str
    width: float
    height: float
    kind: PageKind
    lines: tuple[Line, ...] = ()
    headings: tuple[Heading, ...] = ()
    extractor: Extractor = "pdfium"
    warning: str | None = None


@dataclass(frozen=True)
class OutlineEntry:
    """A bookmark: its title, the page it leads to (from 1), and its level (from 1)."""

    title: str
    page: int
    level: int


@dataclass(frozen=True)
class PdfInfo:
    """What a file says about itself.

    Attributes:
        page_count: Number of pages.
        labels: The label of every page as printed on it ("iv", "A-3"), or None when the file
            has no labels.
        outline: Bookmarks that lead to a page, in order.
        title, author: From the information dictionary.
        encrypted: Whether the file is encrypted (it was opened all the same).
        repaired: Whether the file is damaged and was read with its structure rebuilt.
        warnings: What the reader of the receipt should know, in sentences.
    """

    page_count: int
    labels: tuple[str, ...] | None
    outline: tuple[OutlineEntry, ...]
    title: str | None
    author: str | None
    encrypted: bool
    repaired: bool
    warnings: tuple[str, ...]
