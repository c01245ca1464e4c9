"""Vectors: made last, once each, and missed by nobody when there is no model."""

from __future__ import annotations

import pytest

from shelf import LetterEmbedder, Shelf
from studyq.providers.errors import ProviderError

#: Some three hundred passages of 200 characters: three windows of the embedder.
TEXT = " ".join(
    f"Sentence number {n} has its own words, as {'abcdefghijklmnopqrstuvwxyz'[n % 26] * 9} shows."
    for n in range(700)
)


def test_every_passage_gets_one_vector(embedding: Shelf, embedder: LetterEmbedder) -> None:
    document_id = embedding.add_text(TEXT, "Sentences")
    embedding.work()
    chunks = embedding.chunks(document_id)
    assert len(chunks) > 256
    assert embedding.count("chunk_vectors") == len(chunks) == len(embedder.texts)
    assert embedding.document(document_id)["receipt"]["warnings"] == []
    assert embedder.texts[0].startswith("Sentences\n")


def test_progress_grows_with_the_passages(embedding: Shelf) -> None:
    document_id = embedding.add_text(TEXT, "Sentences")
    embedding.work()
    told = [e for e in embedding.told(document_id) if e["detail"].get("stage") == "embedding"]
    assert told[0]["progress"] == 70
    assert told[-1]["progress"] == 95
    done = [event["detail"]["passage"] for event in told if "passage" in event["detail"]]
    assert done == sorted(done)
    assert done[-1] == len(embedding.chunks(document_id))


def test_another_attempt_embeds_only_what_is_missing(
    embedding: Shelf, embedder: LetterEmbedder
) -> None:
    embedder.errors = [None, ProviderError("The model is busy. Try later.", "transient")]
    document_id = embedding.add_text(TEXT, "Sentences")
    embedding.work()
    job = embedding.job(document_id)
    assert job["state"] == "delayed"
    assert job["errors"][0]["code"] == "embedding_transient"
    assert job["waiting_for"].startswith("retry in")
    assert embedding.document(document_id)["status"] == "PENDING"
    embedded = len(embedder.texts)
    assert embedding.count("chunk_vectors") == embedded == 128
    assert embedding.ask("sentence number 7", mode="words").results, "words serve meanwhile"
    embedding.skip_backoff()
    embedding.work()
    assert embedding.document(document_id)["status"] == "COMPLETED"
    chunks = embedding.chunks(document_id)
    assert len(embedder.texts) == len(set(embedder.texts)) == len(chunks)
    assert embedding.job(document_id)["attempts_made"] == 2


def test_an_unexpected_error_is_tried_again_too(embedding: Shelf, embedder: LetterEmbedder) -> None:
    embedder.errors = [RuntimeError("a defect")]
    document_id = embedding.add_text("One text.")
    embedding.work()
    (error,) = embedding.job(document_id)["errors"]
    assert error["code"] == "unexpected"
    assert "Traceback" not in error["message"]
    embedding.skip_backoff()
    embedding.work()
    assert embedding.document(document_id)["status"] == "COMPLETED"


def test_after_three_attempts_the_reason_is_told(
    embedding: Shelf, embedder: LetterEmbedder
) -> None:
    embedder.errors = [ProviderError("The model is busy. Try later.", "transient")] * 3
    document_id = embedding.add_text("One text.")
    for _ in range(3):
        embedding.work()
        embedding.skip_backoff()
    document = embedding.document(document_id)
    assert document["status"] == "FAILED"
    assert document["error"] == {
        "code": "embedding_transient",
        "message": "The model is busy. Try later.",
    }
    assert len(embedding.job(document_id)["errors"]) == 3
    embedding.reprocess(document_id)
    embedding.work()
    assert embedding.document(document_id)["status"] == "COMPLETED"


def test_an_empty_account_fails_once(embedding: Shelf, embedder: LetterEmbedder) -> None:
    embedder.errors = [ProviderError("No credit is left. Buy some.", "exhausted")]
    document_id = embedding.add_text("One text.")
    embedding.work()
    document = embedding.document(document_id)
    assert document["error"]["code"] == "embedding_exhausted"
    assert embedding.job(document_id)["attempts_made"] == 1


def test_a_model_broken_for_good_leaves_words(embedding: Shelf, embedder: LetterEmbedder) -> None:
    embedder.errors = [None, ProviderError("The key is wrong. Set another.", "permanent")]
    document_id = embedding.add_text(TEXT, "Sentences")
    embedding.work()
    document = embedding.document(document_id)
    assert document["status"] == "COMPLETED"
    assert document["receipt"]["warnings"] == [
        "Searchable by words only. The key is wrong. Set another."
    ]
    assert embedding.ask("sentence number 699", mode="words").results
    embedding.reprocess(document_id, embeddings_only=True)
    embedding.work()
    document = embedding.document(document_id)
    assert document["receipt"]["warnings"] == []
    assert "chunking" in document["receipt"]["seconds"]
    assert embedding.count("chunk_vectors") == len(embedding.chunks(document_id))


def test_without_a_model_words_serve_and_the_receipt_says_so(shelf: Shelf) -> None:
    document_id = shelf.add_text("Only words are here.")
    shelf.work()
    document = shelf.document(document_id)
    assert document["status"] == "COMPLETED"
    (warning,) = document["receipt"]["warnings"]
    assert warning == "Searchable by words only. Search by meaning is switched off."


@pytest.mark.parametrize("kind", ["transient", "permanent"])
def test_a_question_that_cannot_be_embedded_is_answered_by_words(
    embedding: Shelf, embedder: LetterEmbedder, kind: str
) -> None:
    embedding.add_text("Only words are here.")
    embedding.work()
    embedder.errors = [ProviderError("The model is busy.", kind)]  # type: ignore[arg-type]
    answer = embedding.ask("words")
    assert (answer.mode, len(answer.results)) == ("words", 1)
    assert answer.notice is not None
    assert "The model is busy." in answer.notice
