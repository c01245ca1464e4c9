"""Vectors for the chunks that have none; the document is searchable by words meanwhile."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from studyq.ingestion.work import WORDS_ONLY, Work, rate
from studyq.jobs.errors import ExhaustedError, TransientError
from studyq.providers.embedding import Embedder, Unavailable
from studyq.providers.errors import ProviderError
from studyq.search.vectors import (
    Vector,
    count_without_vector,
    model_key,
    store_vectors,
    without_vector,
)

WINDOW = 128  #: chunks embedded and committed together


def embed_document(work: Work) -> None:
    """Embed what has no vector yet; without a model the document stays searchable by words.

    Raises:
        TransientError, ExhaustedError: when the model may answer later.
    """
    embedder = work.services.embedder
    if isinstance(embedder, Unavailable):
        work.warn(f"{WORDS_ONLY} {embedder.reason} {embedder.next_step}".strip())
        return
    try:
        _embed_all(work, embedder)
    except ProviderError as error:
        if error.kind != "permanent":
            kind = ExhaustedError if error.kind == "exhausted" else TransientError
            raise kind(f"embedding_{error.kind}", error.message) from error
        work.warn(f"{WORDS_ONLY} {error.message}")


def _embed_all(work: Work, embedder: Embedder) -> None:
    model = _model(work, embedder)
    with work.context.database.read() as session:
        left = count_without_vector(session, work.document_id, work.generation, model)
    total = work.point.get("next_ordinal", left)
    done, begun = total - left, time.monotonic()
    with work.timed("embedding"):
        while chunks := _next_window(work, model):
            vectors = _embed(work, embedder, chunks)
            done += len(chunks)
            speed = rate(done - (total - left), begun)
            _store(work, model, chunks, vectors, done, total, speed)
    work.model = model


def passage_text(title: str, section: str, text: str) -> str:
    """What is embedded of a chunk: with its title and section, which say what it is about."""
    heading = " › ".join(part for part in (title, section) if part)  # noqa: RUF001  # as shown
    return f"{heading}\n{text}" if heading else text


def _model(work: Work, embedder: Embedder) -> int:
    name, dimensions = embedder.model_id, embedder.dimensions
    keys: list[int] = []

    def register(session: Session) -> None:
        keys.append(model_key(session, name, dimensions))

    work.commit(register, 70, "Embedding", "embedding", model=name)
    return keys[0]


def _next_window(work: Work, model: int) -> list[Any]:
    with work.context.database.read() as session:
        return without_vector(session, work.document_id, work.generation, model, WINDOW)


def _embed(work: Work, embedder: Embedder, chunks: Sequence[Any]) -> Vector:
    texts = [passage_text(work.title, chunk.section, chunk.text) for chunk in chunks]
    return embedder.embed(texts, kind="passage", check=work.context.check)


def _store(
    work: Work,
    model: int,
    chunks: Sequence[Any],
    vectors: Vector,
    done: int,
    total: int,
    speed: float,
) -> None:
    work.point["embedded"] = done

    def store(session: Session) -> None:
        store_vectors(
            session,
            model=model,
            user_id=work.context.user_id,
            document_id=work.document_id,
            generation=work.generation,
            chunk_ids=[chunk.id for chunk in chunks],
            vectors=vectors,
        )

    message = f"Embedding passage {done} of {total} · {speed:,.0f} passages/s"
    percent = 70 + 25 * done / max(total, 1)
    work.commit(store, percent, message, "embedding", passage=done, of=total, rate=speed)
