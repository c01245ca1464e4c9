"""What the child process does for the parent: module-level functions, called by name.

Pages travel as plain tuples, because pickling thousands of dataclass instances takes longer
than reading them from the file does.
"""

from __future__ import annotations

from studyq.pdf.model import Extractor, PageKind, PdfInfo
from studyq.pdf.opening import OpenPdf, Source, open_pdf
from studyq.pdf.outline import MAX_ENTRIES, read_information, read_labels
from studyq.pdf.rendering import DrawingError, ImageFormat, render_page
from studyq.pdf.text import (
    IMAGE_SHARE,
    LineBox,
    PageError,
    find_rectangles,
    image_share,
    load_page,
    read_text,
)

# A page this bare may be all that is left of one whose content stream is rotten.
_DOUBTFUL_CHARACTERS = 100
_DOUBTFUL_OBJECTS = 3

PageFields = tuple[
    int, str, float, float, PageKind, list[LineBox], list[tuple[int, str, int]], Extractor,
    str | None,
]  # fmt: skip

__all__ = [
    "DrawingError",
    "PageError",
    "PageFields",
    "describe",
    "locate",
    "read_window",
    "read_with_pdfium",
    "read_with_pypdf",
    "render",
]

_open: OpenPdf | None = None  # a child serves one document


def describe(source: Source) -> PdfInfo:
    """Open a file and say what it is. Raises ``PdfRefused``."""
    pdf = _opened(source)
    document = pdf.document.raw
    warnings = []
    if pdf.repaired:
        warnings.append("The file is damaged; it was read with its structure rebuilt.")
    if len(pdf.outline) == MAX_ENTRIES:
        warnings.append(f"Only the first {MAX_ENTRIES:,} entries of the outline were read.")
    return PdfInfo(
        page_count=pdf.page_count,
        labels=read_labels(document, pdf.page_count),
        outline=pdf.outline,
        title=read_information(document, b"Title"),
        author=read_information(document, b"Author"),
        encrypted=pdf.encrypted,
        repaired=pdf.repaired,
        warnings=tuple(warnings),
    )


def read_window(source: Source, first: int, last: int) -> list[PageFields]:
    """Read pages (from 1, both included) with pdfium, and with pypdf where that fails."""
    pdf = _opened(source)
    return [_read_page(pdf, index, ask_pypdf=True) for index in range(first, last + 1)]


def read_with_pdfium(source: Source, index: int) -> PageFields:
    """Read one page (from 1) with pdfium only."""
    return _read_page(_opened(source), index, ask_pypdf=False)


def read_with_pypdf(source: Source, index: int) -> PageFields:
    """Read one page (from 1) with pypdf only, because pdfium does not survive it."""
    return _page_by_pypdf(_opened(source), index, (0.0, 0.0))


def render(source: Source, index: int, scale: float, image_format: ImageFormat) -> bytes:
    """Draw one page (from 1)."""
    return render_page(_opened(source), index - 1, scale, image_format)


def locate(source: Source, index: int, start: int, end: int) -> list[LineBox]:
    """Find where a passage of the text of a page (from 1) is."""
    limit = source.limits.max_page_characters
    with load_page(_opened(source).document.raw, index - 1) as page:
        return find_rectangles(page, start, end, limit)


def _opened(source: Source) -> OpenPdf:
    """The open document; opened by the first call that a new child gets."""
    global _open
    if _open is None or _open.source != source:
        if _open is not None:
            _open.close()
            _open = None
        _open = open_pdf(source)
    return _open


def _read_page(pdf: OpenPdf, index: int, *, ask_pypdf: bool) -> PageFields:
    """Read one page; whatever is wrong with it becomes its kind and its warning."""
    limit = pdf.source.limits.max_page_characters
    try:
        with load_page(pdf.document.raw, index - 1) as page:
            read = read_text(page, limit, with_headings=pdf.needs_headings)
            objects, pictures = (page.count_objects(), 0.0) if read.text else image_share(page)
    except PageError as error:
        if ask_pypdf:
            return _page_by_pypdf(pdf, index, (0.0, 0.0))
        return _unreadable(index, (0.0, 0.0), "", str(error))
    bare = len(read.text) <= _DOUBTFUL_CHARACTERS and objects <= _DOUBTFUL_OBJECTS
    if bare and ask_pypdf and pdf.second_opinion.is_affordable:
        damage = pdf.second_opinion.find_damage(index - 1)
        if damage is not None:
            text = max(read.text, pdf.second_opinion.read(index - 1).text, key=len)
            return _unreadable(index, (page.width, page.height), text, damage)
    kind: PageKind = "text" if read.text else "scanned" if pictures >= IMAGE_SHARE else "empty"
    warning = f"page {index}: {read.cut:,} characters too many were left out" if read.cut else None
    return (
        index, read.text, page.width, page.height, kind, read.lines, read.headings, "pdfium",
        warning,
    )  # fmt: skip


def _page_by_pypdf(pdf: OpenPdf, index: int, size: tuple[float, float]) -> PageFields:
    """A page as pypdf reads it: text without lines."""
    opinion = pdf.second_opinion.read(index - 1)
    if opinion.problem is not None:
        return _unreadable(index, size, "", opinion.problem)
    text = opinion.text[: pdf.source.limits.max_page_characters]
    kind: PageKind = "text" if text else "empty"
    return (
        index, text, *size, kind, [], [], "pypdf",
        f"page {index}: read by the second library, without positions",
    )  # fmt: skip


def _unreadable(index: int, size: tuple[float, float], text: str, problem: str) -> PageFields:
    """A damaged page, with what little could be read of it."""
    warning = f"page {index} is damaged and could not be read in full ({problem})"
    return index, text, *size, "unreadable", [], [], "pdfium", warning
