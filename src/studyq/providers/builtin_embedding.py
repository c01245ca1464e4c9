"""The embedder that needs no key and no network: all-MiniLM-L6-v2 on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from studyq.providers.embedding_process import EmbeddingProcess
from studyq.providers.minilm import MiniLM, load_minilm
from studyq.providers.minilm_build import DIMENSIONS
from studyq.providers.minilm_files import MODEL_ID
from studyq.providers.vectors import Matrix


class BuiltinEmbedder:
    """Passages go to the shared child process, queries to a small session in this process.

    A query takes 2 to 4 ms here; in the child it could wait behind a second of passages.

    Args:
        folder: Where the model is installed.
        threads: Threads of the child process.
        nice: Niceness of the child process.
    """

    model_id: str = MODEL_ID
    dimensions: int = DIMENSIONS

    def __init__(self, folder: Path, *, threads: int, nice: int = 10) -> None:
        self._folder = folder
        self._passages = EmbeddingProcess(folder, threads=threads, nice=nice)
        self._loading = threading.Lock()
        self._queries: MiniLM | None = None

    def embed(
        self,
        texts: Sequence[str],
        *,
        kind: Literal["passage", "query"],
        check: Callable[[], None] | None = None,
    ) -> Matrix:
        """See ``Embedder.embed``."""
        if kind == "passage":
            return self._passages.embed(texts, check=check)
        return self._query_model().embed(texts, check=check)

    def close(self) -> None:
        """Ends the child process."""
        self._passages.close()

    def _query_model(self) -> MiniLM:
        with self._loading:
            if self._queries is None:
                self._queries = load_minilm(self._folder, threads=1)
            return self._queries
