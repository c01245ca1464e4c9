"""Libraries of their own, with and without a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shelf import LetterEmbedder, Shelf, open_shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """A library that is searched by words."""
    with open_shelf(tmp_path) as opened:
        yield opened


@pytest.fixture
def embedder() -> LetterEmbedder:
    return LetterEmbedder()


@pytest.fixture
def embedding(tmp_path: Path, embedder: LetterEmbedder) -> Iterator[Shelf]:
    """A library with an embedder, and many small passages to a document."""
    with open_shelf(tmp_path, embedder, chunk_chars=200) as opened:
        yield opened
