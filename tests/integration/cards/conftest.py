"""Libraries with one document, to make cards in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from card_shelf import OUTLINE, PAGES, CardShelf
from pdf_files import make_pdf
from shelf import open_shelf


@pytest.fixture
def library(tmp_path: Path) -> Iterator[CardShelf]:
    with open_shelf(tmp_path) as shelf:
        document = shelf.read(make_pdf(PAGES, title="Cell biology", outline=OUTLINE))
        yield CardShelf(shelf, document["id"])


@pytest.fixture
def other(tmp_path: Path) -> Iterator[CardShelf]:
    """Another library, of somebody who has the same PDF."""
    folder = tmp_path / "other"
    folder.mkdir()
    with open_shelf(folder) as shelf:
        document = shelf.read(make_pdf(PAGES, title="Cell biology", outline=OUTLINE))
        yield CardShelf(shelf, document["id"])
