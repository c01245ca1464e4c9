"""Real servers, shared by the tests of this folder as far as they do not disturb each other."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import installed_model
from embedding_server import EmbeddingServer, answer
from held_model import Model, model_settings
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
    settings = {
        "embedding": "builtin",
        "embedding_threads": "1",
        "models": str(installed_model.models_dir()),
    }
    running = ServerProcess(tmp_path_factory.mktemp("meaning"), settings)
    running.start()
    with running.client() as opened:
        yield opened
    running.kill()


@pytest.fixture(scope="session")
def shared_model() -> Iterator[Model]:
    with EmbeddingServer() as server:
        shared = Model(server)
        yield shared
        shared.release()


@pytest.fixture
def model(shared_model: Model) -> Iterator[Model]:
    """An embedding model in the hands of the test."""
    yield shared_model
    shared_model.answer = answer
    shared_model.release()


@pytest.fixture(scope="session")
def held(tmp_path_factory: pytest.TempPathFactory, shared_model: Model) -> Iterator[ServerProcess]:
    """A server whose jobs wait at the model when the test says so."""
    running = ServerProcess(tmp_path_factory.mktemp("held"), model_settings(shared_model))
    running.start()
    yield running
    running.kill()
    assert "request failed" not in running.log, "some request met something unexpected"


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
