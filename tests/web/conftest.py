"""Real servers, shared by the tests of this folder as far as they do not disturb each other."""

from __future__ import annotations

import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import installed_model
from embedding_server import EmbeddingServer, Reply, answer
from pdf_files import make_pdf
from server_process import ServerProcess, Start


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The server of most tests. It searches by words; its library only grows."""
    running = ServerProcess(
        tmp_path_factory.mktemp("server"), {"max_upload": "300000", "chunk_chars": "400"}
    )
    running.start()
    yield running
    running.kill()
    assert "request failed" not in running.log, "some request met something unexpected"


@pytest.fixture
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    with server.client() as opened:
        yield opened


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers with settings of their own, and ends them with the test."""
    running: list[ServerProcess] = []

    def start_server(**settings: Any) -> ServerProcess:
        folder = tmp_path / f"server-{len(running)}"
        running.append(ServerProcess(folder, **settings))
        running[-1].start()
        return running[-1]

    yield start_server
    for process in running:
        process.kill()


@pytest.fixture(scope="session")
def meaning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a server with the real embedding model."""
    running = ServerProcess(
        tmp_path_factory.mktemp("meaning"), {"embedding": "builtin", "embedding_threads": "1"}
    )
    shutil.copytree(installed_model.models_dir(), running.data / "models")
    running.start()
    with running.client() as opened:
        yield opened
    running.kill()


class Model:
    """An embedding model which can be made to wait or to answer otherwise."""

    def __init__(self, server: EmbeddingServer) -> None:
        self.server = server
        self.asked = threading.Event()
        self._open = threading.Event()
        self._open.set()
        self.answer: Callable[[dict[str, Any]], Reply] = answer
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


@pytest.fixture
def model() -> Iterator[Model]:
    """An embedding model in the hands of the test."""
    with EmbeddingServer() as server:
        held = Model(server)
        yield held
        held.release()


@pytest.fixture
def held(start: Start, model: Model) -> ServerProcess:
    """A server whose jobs wait at the model when the test says so."""
    return start(
        settings={
            "embedding": "openai:stub",
            "embedding_url": model.server.url,
            "embedding_dimensions": "4",
            "ingestion_concurrency": "1",
            "chunk_chars": "400",
        }
    )


@pytest.fixture
def word() -> str:
    """A word that stands in no other test's document."""
    return "w" + uuid.uuid4().hex[:12]


@pytest.fixture
def pdf(word: str) -> bytes:
    """Two pages; the word stands on both, once."""
    return make_pdf(
        [
            ["# The cell", f"Every {word} is made of cells, and cells come from cells."],
            ["# Membranes", f"Osmosis moves water through the {word} membrane of a cell."],
        ],
        title=f"About {word}",
        outline=[("The cell", 1, 1), ("Membranes", 2, 1)],
    )
