"""The OpenAI-compatible embedder against a real server that misbehaves."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from embedding_server import EmbeddingServer, Reply, answer, json_reply, vector_of
from studyq.providers.embedding import Embedder, Unavailable, open_embedder
from studyq.providers.errors import ErrorKind, ProviderError
from studyq.providers.openai_embedding import openai_embedder
from studyq.providers.remote_embedding import REQUEST_SIZE, RemoteEmbedder
from studyq.providers.vectors import BadVector


class CancelError(Exception):
    pass


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with EmbeddingServer() as running:
        yield running


def embedder_of(server: EmbeddingServer, **options: Any) -> RemoteEmbedder:
    return openai_embedder(base_url=server.url, model="text-small", **options)


def test_rows_are_in_the_order_of_the_texts_over_several_requests(server: EmbeddingServer) -> None:
    embedder: Embedder = embedder_of(server)
    texts = [f"passage {number}" for number in range(REQUEST_SIZE * 2 + 5)]

    rows = embedder.embed(texts, kind="passage")

    expected = np.array([vector_of(text, 4) for text in texts])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.allclose(rows, expected, atol=1e-6)
    assert rows.dtype == np.float32
    assert [len(request["input"]) for request in server.requests] == [64, 64, 5]
    assert server.requests[0]["path"] == "/v1/embeddings"


def test_the_model_is_asked_for_its_length_when_none_is_set(server: EmbeddingServer) -> None:
    embedder = embedder_of(server)

    assert (embedder.dimensions, embedder.dimensions) == (4, 4)
    assert len(server.requests) == 1
    assert "dimensions" not in server.requests[0]


def test_the_length_that_is_set_is_asked_for(server: EmbeddingServer) -> None:
    embedder = embedder_of(server, dimensions=7)

    assert embedder.dimensions == 7
    assert server.requests == []
    assert embedder.embed(["text"], kind="query").shape == (1, 7)
    assert server.requests[0]["dimensions"] == 7


def test_the_key_given_is_sent_and_no_other(
    server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")

    embedder_of(server, key="sk-ours").embed(["text"], kind="query")
    embedder_of(server).embed(["text"], kind="query")

    assert server.headers[0]["Authorization"] == "Bearer sk-ours"
    assert "Authorization" not in server.headers[1]


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (json_reply(401, {"error": "bad key sk-ours"}), "permanent", "STUDYQ_EMBEDDING_KEY"),
        (json_reply(404, {"error": "no such model"}), "permanent", "STUDYQ_EMBEDDING_URL"),
        (json_reply(400, {"error": "too many tokens"}), "permanent", "too many tokens"),
        (json_reply(429, {"error": "slow down"}), "transient", "slow down"),
        (json_reply(429, {"error": {"code": "insufficient_quota"}}), "exhausted", "quota"),
        (json_reply(500, {"error": "oops"}), "transient", "answered 500"),
        ((503, {}, b"\xff<html>busy</html>"), "transient", "busy"),
        ((200, {}, b"<html>hello</html>"), "permanent", "not OpenAI's format"),
        ((200, {}, b""), "permanent", "not OpenAI's format"),
        (json_reply(200, {"data": []}), "permanent", "0 vectors for 1 texts"),
        (json_reply(200, {"data": [{"index": 7, "embedding": [1]}]}), "permanent", "1 vectors"),
    ],
)
def test_refusals_are_sorted_and_told(
    server: EmbeddingServer, reply: Reply, kind: ErrorKind, words: str
) -> None:
    server.behaviour = lambda request: reply

    with pytest.raises(ProviderError) as caught:
        embedder_of(server, key="sk-ours").embed(["text"], kind="passage")

    assert caught.value.kind == kind
    assert words in caught.value.message
    assert "sk-ours" not in caught.value.message
    assert len(server.requests) == 1  # trying again is the job's business


def test_the_wait_that_the_server_asks_for_is_kept(server: EmbeddingServer) -> None:
    server.behaviour = lambda request: json_reply(429, {}, Retry_After="17")

    with pytest.raises(ProviderError) as caught:
        embedder_of(server).embed(["text"], kind="passage")
    assert caught.value.retry_after == 17


def test_vectors_of_another_length_are_refused(server: EmbeddingServer) -> None:
    server.behaviour = lambda request: answer({**request, "dimensions": 5})

    with pytest.raises(BadVector, match="returned 5 numbers for text 0, expected 8"):
        embedder_of(server, dimensions=8).embed(["text"], kind="passage")


def test_a_length_that_changes_between_requests_is_refused(server: EmbeddingServer) -> None:
    def shrinking(request: dict[str, Any]) -> Reply:
        return answer({**request, "dimensions": 8 - len(server.requests)})

    server.behaviour = shrinking

    with pytest.raises(BadVector, match=f"for text {REQUEST_SIZE}, expected 7"):
        embedder_of(server).embed(["text"] * (REQUEST_SIZE + 1), kind="passage")


@pytest.mark.parametrize("number", ["NaN", "1e999", "0.0"])
def test_vectors_that_cannot_be_compared_are_refused(server: EmbeddingServer, number: str) -> None:
    body = b'{"data": [{"index": 0, "embedding": [%s, %s]}]}' % ((number.encode(),) * 2)
    server.behaviour = lambda request: (200, {}, body)

    with pytest.raises(ProviderError) as caught:
        embedder_of(server).embed(["text"], kind="passage")
    assert caught.value.kind == "permanent"


def test_a_server_that_hangs_is_left_in_time(server: EmbeddingServer) -> None:
    done = threading.Event()

    def hang(request: dict[str, Any]) -> Reply:
        done.wait(20)
        return answer(request)

    server.behaviour = hang
    try:
        with pytest.raises(ProviderError) as caught:
            embedder_of(server, request_seconds=0.3).embed(["text"], kind="passage")
        assert caught.value.kind == "transient"
    finally:
        done.set()


def test_a_job_is_cancelled_while_the_server_hangs(server: EmbeddingServer) -> None:
    done = threading.Event()

    def hang(request: dict[str, Any]) -> Reply:
        done.wait(20)
        return answer(request)

    def cancel() -> None:
        if server.requests:
            raise CancelError

    server.behaviour = hang
    started = time.monotonic()
    try:
        with pytest.raises(CancelError):
            embedder_of(server).embed(["text"], kind="passage", check=cancel)
    finally:
        done.set()
    assert time.monotonic() - started < 2


def test_nobody_listening_is_transient() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        with pytest.raises(ProviderError, match="could not be reached") as caught:
            openai_embedder(base_url=url, model="m").embed(["text"], kind="query")
    assert caught.value.kind == "transient"


def test_a_redirect_is_not_followed_with_the_key(server: EmbeddingServer) -> None:
    with EmbeddingServer() as elsewhere:
        server.behaviour = lambda request: (302, {"Location": elsewhere.url}, b"")

        with pytest.raises(ProviderError, match="answered 302"):
            embedder_of(server, key="sk-ours").embed(["text"], kind="query")

        assert elsewhere.requests == []


def test_odd_texts_can_be_sent(server: EmbeddingServer) -> None:
    rows = embedder_of(server).embed(["\ud800", "", "\x00", "中文"], kind="passage")

    assert rows.shape == (4, 4)
    assert json.dumps(server.requests[0]["input"]) == json.dumps(["?", " ", "\x00", "中文"])


@pytest.mark.parametrize("url", ["", "localhost:11434", "file:///etc/passwd", "ftp://host/v1"])
def test_an_address_that_is_none_is_told_at_once(tmp_path: Any, url: str) -> None:
    opened = open_embedder(model="openai:m", models_dir=tmp_path, base_url=url)

    assert isinstance(opened, Unavailable)
    assert "STUDYQ_EMBEDDING_URL" in opened.next_step
