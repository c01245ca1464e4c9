"""Opens a PDF with pdfium, repairs it with pypdf, or says why it cannot be read.

Runs in the child process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pypdfium2 as pypdfium
import pypdfium2.raw as pdfium

from studyq.pdf.fallback import SecondOpinion, repair
from studyq.pdf.model import OutlineEntry, PdfLimits, PdfRefused
from studyq.pdf.outline import read_outline

_HEADER_SEARCH = 1 << 20  # bytes in which "%PDF-" may be; viewers look at the first 1,024
_TEXT_SAMPLE = 2_000
_PAGES_PER_ENTRY = 10  # of an outline that tells the sections of a document

# What is often sent under a .pdf name, by its first bytes.
_SIGNATURES: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"<!doctype html", b"<html", b"<head", b"<?xml", b"<svg"), "a web page or XML"),
    ((b"pk\x03\x04",), "a ZIP archive or an office document"),
    ((b"\xd0\xcf\x11\xe0",), "an old office document"),
    ((b"\x89png", b"\xff\xd8\xff", b"gif8", b"ii*\x00", b"mm\x00*"), "a picture"),
    ((b"{\\rtf",), "a rich text document"),
    ((b"%!ps",), "a PostScript file"),
    ((b"\x1f\x8b",), "a gzip archive"),
)


@dataclass(frozen=True)
class Source:
    """A file to open, as the parent names it to the child."""

    path: str
    password: str | None
    limits: PdfLimits


@dataclass
class OpenPdf:
    """An open document.

    Attributes:
        source: What was opened.
        document: pypdfium2's document; ``document.raw`` is pdfium's handle.
        page_count: Number of pages.
        outline: Its bookmarks.
        encrypted: Whether the file is encrypted.
        repaired: Whether its structure had to be rebuilt.
        second_opinion: pypdf's view of the same file, opened when first asked.
    """

    source: Source
    document: pypdfium.PdfDocument
    page_count: int
    outline: tuple[OutlineEntry, ...]
    encrypted: bool
    repaired: bool
    second_opinion: SecondOpinion = field(repr=False)

    @property
    def needs_headings(self) -> bool:
        """Whether headings are to be found by size, because the outline says too little."""
        return len(self.outline) * _PAGES_PER_ENTRY < self.page_count or len(self.outline) < 3

    def close(self) -> None:
        """Free pdfium's memory and the file."""
        self.second_opinion.close()
        self.document.close()


def open_pdf(source: Source) -> OpenPdf:
    """Open a file.

    Raises:
        PdfRefused: With a code and a sentence for the person who sent the file.
    """
    path = Path(source.path)
    if path.stat().st_size == 0:
        raise PdfRefused(
            "empty_file", "The file is empty (0 bytes), not a PDF. Please send it again."
        )
    document, rebuilt = _load(path, source.password)
    count = len(document)
    if count == 0:
        document.close()
        raise _no_pages()
    if count > source.limits.max_pages:
        document.close()
        raise PdfRefused(
            "too_many_pages",
            f"The PDF says that it has {count:,} pages; at most {source.limits.max_pages:,} are"
            " accepted. Please split it into parts.",
        )
    return OpenPdf(
        source=source,
        document=document,
        page_count=count,
        outline=read_outline(document.raw, count),
        encrypted=pdfium.FPDF_GetSecurityHandlerRevision(document.raw) != -1,
        repaired=rebuilt or not pdfium.FPDF_DocumentHasValidCrossReferenceTable(document.raw),
        second_opinion=SecondOpinion(path, source.password),
    )


def _load(path: Path, password: str | None) -> tuple[pypdfium.PdfDocument, bool]:
    """Load with pdfium; failing that, what pypdf makes of the file. Tells which."""
    try:
        return pypdfium.PdfDocument(path, password=password), False
    except pypdfium.PdfiumError as error:
        code = error.err_code
    if code == pdfium.FPDF_ERR_PASSWORD:
        raise _password_refusal(password)
    _refuse_other_types(path)
    if code == pdfium.FPDF_ERR_SECURITY:
        raise PdfRefused(
            "damaged",
            "The PDF is encrypted in a way that cannot be read here. Please save an unprotected"
            " copy with the program that opens it, and send that.",
        )
    repaired = repair(path, password)
    if repaired == b"":
        raise _no_pages()
    if repaired is not None:
        try:
            return pypdfium.PdfDocument(repaired, password=password), True
        except pypdfium.PdfiumError as error:
            code = error.err_code
    raise PdfRefused(
        "damaged",
        "The PDF is damaged or truncated and cannot be read. Please get the file again, or open"
        " it in a viewer and print it to a new PDF.",
    )


def _no_pages() -> PdfRefused:
    return PdfRefused(
        "no_pages", "The PDF has no pages, so it is empty. Please check how it was made."
    )


def _password_refusal(password: str | None) -> PdfRefused:
    if password is None:
        return PdfRefused(
            "password_required",
            "The PDF is protected by a password. Please send it again with the password.",
        )
    return PdfRefused(
        "wrong_password",
        "The PDF is protected, and the given password does not open it. Please check the password.",
    )


def _refuse_other_types(path: Path) -> None:
    """Raise when nothing in the file says that it is a PDF."""
    with path.open("rb") as file:
        head = file.read(_HEADER_SEARCH)
    if b"%PDF-" in head and _known_type(head) is None:
        return
    raise PdfRefused(
        "not_a_pdf",
        f"The file is not a PDF: by its content it is {_describe(head)}. Please send the PDF"
        " itself.",
    )


def _known_type(head: bytes) -> str | None:
    """Name the type of a file by its first bytes, if they are known here."""
    begin = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:16].lower()
    for signatures, name in _SIGNATURES:
        if begin.startswith(signatures):
            return name
    return None


def _describe(head: bytes) -> str:
    """Say what a file without a PDF header seems to be."""
    known = _known_type(head)
    if known is not None:
        return known
    return "something else" if min(head[:_TEXT_SAMPLE]) < ord("\t") else "plain text"
