"""An embedding model over HTTP that waits and answers as a test says."""

from __future__ import annotations

import threading
from typing import Any

from embedding_server import Behaviour, EmbeddingServer, Reply, answer


class Model:
    """An embedding model which can be made to wait or to answer otherwise."""

    def __init__(self, server: EmbeddingServer) -> None:
        self.server = server
        self.asked = threading.Event()
        self._open = threading.Event()
        self._open.set()
        self.well: Behaviour = answer
        self.answer: Behaviour = answer
        server.behaviour = self._behave

    def hold(self) -> None:
        """Let the next request wait; `asked` is set when it has come."""
        self.asked.clear()
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def _behave(self, request: dict[str, Any]) -> Reply:
        self.asked.set()
        self._open.wait()
        return self.answer(request)


def model_settings(model: Model) -> dict[str, str]:
    """Settings of a server that asks this model, and works on one document at a time."""
    return {
        "embedding": "openai:stub",
        "embedding_url": model.server.url,
        "embedding_dimensions": "4",
        "ingestion_concurrency": "1",
        "chunk_chars": "400",
    }
