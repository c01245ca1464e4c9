"""Outline, page labels, title and author, read with pdfium in the child process.

pypdf gives the same values and takes seven times as long: see
``docs/decisions/0003-outline-and-labels.md``.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import pypdfium2.raw as pdfium

from studyq.pdf.model import OutlineEntry
from studyq.pdf.normalise import clean, decode_units

MAX_ENTRIES = 5_000
_MAX_DEPTH = 12
_MAX_TITLE = 500
_MAX_LABEL = 40


def read_outline(document: Any, page_count: int) -> tuple[OutlineEntry, ...]:
    """Read the bookmarks that lead to a page, depth first, each once (they may form loops).

    Args:
        document: pdfium's document handle.
        page_count: Number of pages of the document.
    """
    entries: list[OutlineEntry] = []
    seen: set[int] = set()
    waiting = [(pdfium.FPDFBookmark_GetFirstChild(document, None), 1)]
    while waiting and len(entries) < MAX_ENTRIES and len(seen) < 2 * MAX_ENTRIES:
        bookmark, level = waiting.pop()
        address = ctypes.cast(bookmark, ctypes.c_void_p).value if bookmark else None
        if address is None or address in seen:
            continue
        seen.add(address)
        waiting.append((pdfium.FPDFBookmark_GetNextSibling(document, bookmark), level))
        if level < _MAX_DEPTH:
            waiting.append((pdfium.FPDFBookmark_GetFirstChild(document, bookmark), level + 1))
        title = _read_string(pdfium.FPDFBookmark_GetTitle, bookmark)[:_MAX_TITLE]
        page = _page_of(document, bookmark)
        if title and 0 <= page < page_count:
            entries.append(OutlineEntry(title, page + 1, level))
    return tuple(entries)


def read_labels(document: Any, page_count: int) -> tuple[str, ...] | None:
    """Read the label of each page; None when there are none."""
    labels = tuple(
        _read_string(pdfium.FPDF_GetPageLabel, document, index)[:_MAX_LABEL]
        for index in range(page_count)
    )
    return labels if any(labels) else None


def read_information(document: Any, key: bytes) -> str | None:
    """Read an entry of the information dictionary, such as ``Title``."""
    return _read_string(pdfium.FPDF_GetMetaText, document, key)[:_MAX_TITLE] or None


def _page_of(document: Any, bookmark: Any) -> int:
    """Index (from 0) of the page that a bookmark leads to; -1 when it leads elsewhere."""
    destination = pdfium.FPDFBookmark_GetDest(document, bookmark)
    return int(pdfium.FPDFDest_GetDestPageIndex(document, destination)) if destination else -1


def _read_string(function: Callable[..., int], *arguments: Any) -> str:
    """Call a function of pdfium that fills a buffer with UTF-16-LE and a final NUL."""
    size = int(function(*arguments, None, 0))
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    function(*arguments, buffer, size)
    data = buffer.raw[: size - 2]
    return clean(decode_units(data[: len(data) & ~1]))[0]
