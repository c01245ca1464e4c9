"""The parent's side: a PDF that is only ever touched by a confined child process.

A file may crash its parser, hang it or make it eat memory. Each call here ends within its time,
costs the child at most its memory, and loses no more than the page that is to blame.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from studyq.pdf import child
from studyq.pdf.model import Heading, Line, PageText, PdfInfo, PdfLimits, PdfRefused
from studyq.pdf.opening import Source
from studyq.pdf.rendering import ImageFormat
from studyq.processes import CallFailed, CallTimeout, ChildDied, ChildProcess, Limits

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

# How a child fails that met a hostile file: it is replaced, and the call is given up.
_CHILD_FAILURES = (ChildDied, CallTimeout, CallFailed, MemoryError)

_log = logging.getLogger(__name__)


class ConfinedPdf:
    """A PDF file, read by a child process of its own. A context manager.

    Args:
        path: The file, which must not change while it is read.
        password: Its password, if it needs one.
        limits: What it may cost.
        check: Called at least ten times a second during calls; what it raises goes up, after
            the child has been killed. This is how a job is cancelled.
    """

    def __init__(
        self,
        path: Path,
        *,
        password: str | None = None,
        limits: PdfLimits | None = None,
        check: Callable[[], None] | None = None,
    ) -> None:
        self._limits = limits or PdfLimits()
        self._source = Source(str(path), password, self._limits)
        self._check = check
        self._child = ChildProcess(
            Limits(address_space=self._limits.address_space, cpu_seconds=self._limits.cpu_seconds),
            name="the PDF reader",
        )
        self._crashes = 0

    def __enter__(self) -> ConfinedPdf:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child. May be repeated."""
        self._child.close()

    @property
    def child_pid(self) -> int | None:
        """Process id of the child, for measurements."""
        return self._child.pid

    def open(self) -> PdfInfo:
        """Open the file and say what it is.

        Raises:
            PdfRefused: When it cannot be read at all; the message is for whoever sent it.
        """
        try:
            return self._call(child.describe, self._source, timeout=self._limits.window_seconds)
        except _CHILD_FAILURES as error:
            raise PdfRefused(
                "damaged",
                f"The PDF is damaged, or made to do damage: {_reason(error)} while opening it."
                " Please open it in a viewer and print it to a new PDF.",
            ) from error

    def read_pages(self, first: int, last: int) -> list[PageText]:
        """Read a window of pages; a bad page never loses the others.

        Args:
            first: First page, from 1.
            last: Last page, included. Windows of 32 pages keep memory and progress steady.

        Returns:
            One entry for each page; kind "unreadable" with a warning where it must be.

        Raises:
            PdfRefused: When the file cannot be opened.
        """
        try:
            pages = self._call(
                child.read_window, self._source, first, last, timeout=self._limits.window_seconds
            )
        except _CHILD_FAILURES as error:
            _log.info("pages %d to %d are read one by one: %s", first, last, error)
            if first == last:  # it would only fail again
                return [self._read_alone(first, (child.read_with_pypdf,), _reason(error))]
            each = child.read_with_pdfium, child.read_with_pypdf
            return [self._read_alone(index, each) for index in range(first, last + 1)]
        return [_page_text(fields) for fields in pages]

    def render_page(
        self, index: int, *, scale: float = 1.5, image_format: ImageFormat = "WEBP"
    ) -> bytes:
        """Draw a page (from 1).

        Args:
            index: Page number.
            scale: Pixels per PDF point; less where a side would exceed 2,400 pixels.
            image_format: "WEBP" or "PNG".

        Returns:
            The encoded picture.

        Raises:
            PdfRefused: When the page cannot be drawn.
        """
        return self._on_page(index, child.render, self._source, index, scale, image_format)

    def passage_rectangles(self, index: int, start: int, end: int) -> list[Line]:
        """Find where a passage is on a page (from 1), one rectangle for each of its lines.

        Args:
            index: Page number.
            start: First offset in the page's text, as ``read_pages`` gave it.
            end: Offset after the last.

        Returns:
            Rectangles; none where pypdf had to read the page.

        Raises:
            PdfRefused: When the page cannot be read.
        """
        found = self._on_page(index, child.locate, self._source, index, start, end)
        return [Line(*fields) for fields in found]

    def _on_page(
        self, index: int, function: Callable[[*Arguments], Result], *arguments: *Arguments
    ) -> Result:
        """Make a call about one page, whose failure is the page's."""
        try:
            return self._call(function, *arguments, timeout=self._limits.page_seconds)
        except PdfRefused:
            raise
        except Exception as error:
            if isinstance(error, _CHILD_FAILURES + _PAGE_FAILURES):
                message = f"Page {index} of the PDF is damaged and cannot be shown."
                raise PdfRefused("damaged", message) from error
            raise

    def _read_alone(
        self,
        index: int,
        functions: Sequence[Callable[[Source, int], child.PageFields]],
        reason: str = "too many pages of this file crash the reader",
    ) -> PageText:
        """Read one page by the first function that survives it, or not at all."""
        for function in functions:
            if self._crashes >= self._limits.max_crashes:
                break
            try:
                return _page_text(
                    self._call(function, self._source, index, timeout=self._limits.page_seconds)
                )
            except _CHILD_FAILURES as error:
                reason = _reason(error)
        warning = f"page {index} could not be read ({reason})"
        return PageText(index, "", 0.0, 0.0, "unreadable", warning=warning)

    def _call(
        self,
        function: Callable[[*Arguments], Result],
        *arguments: *Arguments,
        timeout: float,
    ) -> Result:
        """Call the child, starting one if there is none; after a failure there is none."""
        self._child.start()
        try:
            return self._child.call(function, *arguments, timeout=timeout, check=self._check)
        except _CHILD_FAILURES:
            self._crashes += 1
            self._child.close()
            raise


_PAGE_FAILURES = (child.PageError, child.DrawingError)


def _reason(error: BaseException) -> str:
    """A failure of the child in words for a person."""
    if isinstance(error, CallTimeout):
        return "it takes too long"
    if isinstance(error, ChildDied):
        return f"the reader {error.reason.removeprefix('the PDF reader ')}"
    return "it needs too much memory" if isinstance(error, MemoryError) else "the reader failed"


def _page_text(fields: child.PageFields) -> PageText:
    """Build a page from the plain values that the child sends."""
    index, text, width, height, kind, lines, headings, extractor, warning = fields
    return PageText(
        index=index,
        text=text,
        width=width,
        height=height,
        kind=kind,
        lines=tuple([Line(*line) for line in lines]),
        headings=tuple([Heading(*heading) for heading in headings]),
        extractor=extractor,
        warning=warning,
    )
