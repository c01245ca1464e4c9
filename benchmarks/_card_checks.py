"""What is checked of cards without any code of studyq: pdfium's text, and a little arithmetic."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import pypdfium2
from rapidfuzz import fuzz


class Original:
    """A PDF as pdfium reads it; to be closed."""

    def __init__(self, path: Path) -> None:
        self._file = pypdfium2.PdfDocument(path)
        self._pages: dict[int, str] = {}

    def __enter__(self) -> Original:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def holds(self, page: int, quote: str) -> bool:
        """Whether a page (from 1) holds a quote."""
        if page not in self._pages:
            text = self._file[page - 1].get_textpage().get_text_range()
            self._pages[page] = letters(text)
        return letters(quote) in self._pages[page]

    def read_back(self, rectangles: Sequence[Mapping[str, float]], quote: str) -> float:
        """How alike, from 0 to 1, a quote is to the text that stands inside rectangles.

        The rectangles are those of pages that are not turned, as all of the corpus are.
        """
        found = []
        for box in rectangles:
            page = self._file[int(box["page"]) - 1]
            left, _, _, top = page.get_bbox()
            text = page.get_textpage().get_text_bounded(
                left=left + box["x0"],
                right=left + box["x1"],
                top=top - box["y0"],
                bottom=top - box["y1"],
            )
            found.append(letters(text))
        return fuzz.ratio("".join(found), letters(quote)) / 100


def letters(text: str) -> str:
    """The letters and digits of a text, without case."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))
