"""pypdf's part: repair of what pdfium refuses, and a second opinion on single pages.

Runs in the child process. pypdf is imported only when it is needed: the import takes a third of
a second, and most files never need it. On damaged files it raises ``RecursionError``,
``NotImplementedError``, ``AttributeError`` and others that are not its own, so that everything
is caught here and becomes a description.
"""

from __future__ import annotations

import io
import logging
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from studyq.pdf.normalise import clean_text

if TYPE_CHECKING:
    import pypdf

_BUDGET_SECONDS = 20.0  # of pypdf's time for one document in one child
_EXPLANATION_LENGTH = 120
_MAX_UNPACKED = 16 << 20  # bytes; damage behind them is not looked for


@dataclass(frozen=True)
class Opinion:
    """What pypdf makes of a page.

    Attributes:
        text: Normalised text, perhaps empty.
        problem: Why the page, or part of it, cannot be read, or None.
    """

    text: str
    problem: str | None


class SecondOpinion:
    """pypdf's view of a file, opened when it is first asked.

    Args:
        path: The file.
        password: Its password, if it needs one.
    """

    def __init__(self, path: Path, password: str | None) -> None:
        self._path = path
        self._password = password
        self._reader: pypdf.PdfReader | None = None
        self._problem: str | None = None
        self._spent = 0.0

    @property
    def is_affordable(self) -> bool:
        """Whether there is time left for opinions on pages that may just be empty."""
        return self._spent < _BUDGET_SECONDS

    def on_page(self, index: int) -> Opinion:
        """Read a page (from 0). Never raises for what is in the file."""
        started = time.monotonic()
        try:
            return self._read(index)
        except Exception as error:  # see the module's docstring
            return Opinion("", _explain(error))
        finally:
            self._spent += time.monotonic() - started

    def close(self) -> None:
        """Close the file."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _read(self, index: int) -> Opinion:
        if self._problem is not None:
            return Opinion("", self._problem)
        if self._reader is None:
            try:
                self._reader = _open(self._path, self._password)
            except Exception as error:  # the same for every page
                self._problem = _explain(error)
                raise
        page = self._reader.pages[index]
        damage = _find_damage(page)
        return Opinion(clean_text(page.extract_text()), damage)


def repair(path: Path, password: str | None) -> bytes | None:
    """Let pypdf rebuild a file that pdfium refuses.

    Returns:
        A new, unencrypted PDF, or None when pypdf cannot read the file either.
    """
    try:
        reader = _open(path, password)
        with reader:
            import pypdf

            writer = pypdf.PdfWriter()
            for page in reader.pages:
                writer.add_page(page)
            output = io.BytesIO()
            writer.write(output)
    except Exception as error:  # see the module's docstring
        logging.getLogger(__name__).info("pypdf cannot repair the file: %s", _explain(error))
        return None
    return output.getvalue()


def _open(path: Path, password: str | None) -> pypdf.PdfReader:
    """Open with pypdf, which is told to keep its warnings (one per font) to itself."""
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)
    return pypdf.PdfReader(path, strict=False, password=password)


def _find_damage(page: pypdf.PageObject) -> str | None:
    """Look whether the compressed streams of a page's content can be unpacked.

    pdfium and pypdf both give what comes before the damage and do not mention it.
    """
    contents = page.get("/Contents")
    contents = contents.get_object() if contents is not None else []
    for entry in contents if isinstance(contents, list) else [contents]:
        stream = entry.get_object()
        filters = stream.get("/Filter")
        first = filters[0] if isinstance(filters, list) and filters else filters
        if first != "/FlateDecode":
            continue
        try:
            zlib.decompressobj().decompress(stream._data, _MAX_UNPACKED)
        except zlib.error as error:
            return _explain(error)
    return None


def _explain(error: Exception) -> str:
    """An exception in a few words."""
    text = " ".join(str(error).split())[:_EXPLANATION_LENGTH]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
