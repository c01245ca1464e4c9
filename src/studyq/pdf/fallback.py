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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studyq.pdf.normalise import clean_text

if TYPE_CHECKING:
    import pypdf

_BUDGET_SECONDS = 20.0  # of pypdf's time for one document in one child
_EXPLANATION_LENGTH = 120
_MAX_TREE_DEPTH = 50
_MAX_UNPACKED = 16 << 20  # bytes; damage behind them is not looked for


@dataclass(frozen=True)
class Opinion:
    """What pypdf makes of a page.

    Attributes:
        text: Normalised text, perhaps empty.
        problem: Why the page cannot be read, or None.
    """

    text: str
    problem: str | None


class SecondOpinion:
    """pypdf's view of a file, opened when it is first asked. No method raises for the file.

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
        """Whether there is time left for looking at pages that may just be bare."""
        return self._spent < _BUDGET_SECONDS

    def find_damage(self, index: int) -> str | None:
        """Look whether the content of a page (from 0) is damaged; if so, say how.

        pdfium gives the text that comes before the damage and does not mention it.
        """
        with self._timed():
            try:
                return _stream_damage(_page_dictionary(self._opened(), index))
            except Exception as error:  # see the module's docstring
                return _explain(error)

    def read(self, index: int) -> Opinion:
        """Read a page (from 0)."""
        with self._timed():
            try:
                return Opinion(clean_text(self._opened().pages[index].extract_text()), None)
            except Exception as error:  # see the module's docstring
                return Opinion("", _explain(error))

    def close(self) -> None:
        """Close the file."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _opened(self) -> pypdf.PdfReader:
        if self._problem is not None:
            raise ValueError(self._problem)
        if self._reader is None:
            try:
                self._reader = _open(self._path, self._password)
            except Exception as error:  # it will be the same for every page
                self._problem = _explain(error)
                raise
        return self._reader

    @contextmanager
    def _timed(self) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self._spent += time.monotonic() - started


def repair(path: Path, password: str | None) -> bytes | None:
    """Let pypdf rebuild a file that pdfium refuses.

    Returns:
        A new, unencrypted PDF; nothing (no bytes) for a sound file without pages; None when
        pypdf cannot read the file either.
    """
    try:
        reader = _open(path, password)
        with reader:
            import pypdf

            writer = pypdf.PdfWriter()
            for page in reader.pages:
                writer.add_page(page)
            if not writer.pages:
                return b""
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


def _page_dictionary(reader: pypdf.PdfReader, index: int) -> Any:
    """Find a page (from 0) without building all the pages before it, as ``reader.pages`` does."""
    root: Any = reader.trailer["/Root"]
    node = root["/Pages"]
    for _ in range(_MAX_TREE_DEPTH):
        kids = node["/Kids"]
        if len(kids) == node.get("/Count"):  # then all of them are pages
            return kids[index].get_object()
        for kid in kids:
            node = kid.get_object()
            count = node.get("/Count", 1) if "/Kids" in node else 1
            if index < count:
                break
            index -= count
        if "/Kids" not in node:
            return node
    raise ValueError("the page tree is too deep")


def _stream_damage(page: Any) -> str | None:
    """Unpack the compressed streams of a page's content; say what is wrong with them."""
    contents = page.get("/Contents")
    contents = contents.get_object() if contents is not None else []
    for entry in contents if isinstance(contents, list) else [contents]:
        stream = entry.get_object()
        filters = stream.get("/Filter")
        if (filters[0] if isinstance(filters, list) and filters else filters) != "/FlateDecode":
            continue
        try:
            zlib.decompressobj().decompress(stream._data, _MAX_UNPACKED)
        except zlib.error:
            return "its compressed content is corrupt"
    return None


def _explain(error: Exception) -> str:
    """An exception in a few words."""
    text = " ".join(str(error).split())[:_EXPLANATION_LENGTH]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
