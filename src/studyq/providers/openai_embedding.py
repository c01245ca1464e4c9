"""Embedding over any server that speaks OpenAI's ``/embeddings``: Ollama, vLLM, hosted ones.

``llm`` has no such model that takes an address, so this one is our own.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from email.message import Message
from typing import IO, Any
from urllib.parse import urlsplit

import msgspec

from studyq.providers.errors import ErrorKind, ProviderError, kind_of_status, retry_after
from studyq.providers.remote_embedding import REQUEST_SECONDS, RemoteEmbedder

#: 64 vectors of 8,192 numbers as text are some 12 MB.
_MOST_BYTES = 64 * 1024 * 1024
_DETAIL_CHARACTERS = 300


class _Item(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_Item]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Refuses redirects: they would carry the key to another host."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> None:
        return None


def openai_embedder(
    *,
    base_url: str,
    model: str,
    key: str = "",
    dimensions: int = 0,
    request_seconds: float = REQUEST_SECONDS,
) -> RemoteEmbedder:
    """An embedder for one model of one server.

    Args:
        base_url: Where the API begins, as ``https://host/v1``.
        model: The server's name for the model.
        key: Sent as a bearer token; empty for servers that ask for none. No other key that this
            machine may know is ever sent.
        dimensions: Length of the vectors to ask for; 0: the model's own.
        request_seconds: Deadline of one request.

    Raises:
        ValueError: ``base_url`` is not an http or https address.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"{base_url!r} is not an http or https address")
    client = _Client(base_url.rstrip("/") + "/embeddings", model, key, dimensions, request_seconds)
    return RemoteEmbedder(
        f"openai:{model}",
        client.embed_batch,
        dimensions=dimensions,
        request_seconds=request_seconds,
    )


class _Client:
    """One model at one address."""

    def __init__(self, url: str, model: str, key: str, dimensions: int, seconds: float) -> None:
        self._url = url
        self._model = model
        self._key = key
        self._dimensions = dimensions
        self._seconds = seconds
        self._opener = urllib.request.build_opener(_NoRedirects)

    def embed_batch(self, texts: Sequence[str]) -> list[list[float]]:
        """Sends one request; rows come back in the order of the texts."""
        body: dict[str, Any] = {
            "model": self._model,
            "input": list(texts),
            "encoding_format": "float",
        }
        if self._dimensions:
            body["dimensions"] = self._dimensions
        try:
            answer = msgspec.json.decode(self._post(json.dumps(body).encode()), type=_Answer)
        except msgspec.DecodeError as error:
            raise self._error(f"gave an answer that is not OpenAI's format ({error})") from error
        items = sorted(answer.data, key=lambda item: item.index)
        if [item.index for item in items] != list(range(len(texts))):
            raise self._error(f"gave {len(items)} vectors for {len(texts)} texts")
        return [item.embedding for item in items]

    def _post(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            self._url, body, headers, method="POST"
        )
        try:
            with self._opener.open(request, timeout=self._seconds) as response:
                content: bytes = response.read(_MOST_BYTES + 1)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error) from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or str(error) or type(error).__name__
            raise self._error(f"could not be reached: {reason}", "transient") from error
        if len(content) > _MOST_BYTES:
            raise self._error("gave an answer that is too long")
        return content

    def _refusal(self, error: urllib.error.HTTPError) -> ProviderError:
        """Sorts an HTTP error and keeps what its body says."""
        body = error.read(10_000).decode("utf-8", "replace")
        kind = kind_of_status(error.code, body)
        detail = " ".join(body.split())[:_DETAIL_CHARACTERS]
        if self._key:
            detail = detail.replace(self._key, "•••")
        advice = {
            401: " Check STUDYQ_EMBEDDING_KEY.",
            403: " Check STUDYQ_EMBEDDING_KEY.",
            404: " Check STUDYQ_EMBEDDING_URL and the model's name.",
        }.get(error.code, "")
        return self._error(
            f"answered {error.code} {error.reason}: {detail}.{advice}",
            kind,
            retry_after(error.headers.get("Retry-After")),
        )

    def _error(
        self, what: str, kind: ErrorKind = "permanent", retry_after: float | None = None
    ) -> ProviderError:
        message = f"The embedding model {self._model} at {self._url} {what}"
        return ProviderError(message, kind, retry_after)
