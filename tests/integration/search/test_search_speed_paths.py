"""Searches over part of a library, over one that is half embedded, and by covering indexes."""

from __future__ import annotations

from typing import Any, cast

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from passages import (
    MODEL,
    OTHER,
    OWNER,
    FixedEmbedder,
    add_all,
    add_chunks,
    add_document,
    add_user,
    add_vectors,
    random_units,
)
from studyq.ingestion.finishing import finish
from studyq.ingestion.work import Work
from studyq.library.models import Status
from studyq.providers.embedding import Unavailable
from studyq.search.service import Answer, Question, search
from studyq.search.vectors import count_passages_without_vector, model_key, nearest
from studyq.search.words import find_words

VECTORS = random_units(1, 12, 384)
EMBEDDER = FixedEmbedder(VECTORS[0])
OFF = Unavailable("No model.", "")


def found(answer: Answer) -> set[int]:
    return {result["chunk_id"] for result in answer.results}


def ask(session: Session, text: str = "passage", **options: Any) -> Answer:
    return search(session, EMBEDDER, Question(OWNER, text, limit=100, **options))


@pytest.mark.parametrize("mode", ["hybrid", "words", "meaning"])
def test_every_mode_finds_only_what_is_shown(session: Session, mode: str) -> None:
    add_user(session, OTHER)
    document, ids, _ = add_all(session, VECTORS)
    second, more, _ = add_all(session, VECTORS)
    add_all(session, VECTORS, status=Status.FAILED)
    add_all(session, VECTORS, generation=2)
    add_all(session, VECTORS, user_id=OTHER)
    assert found(ask(session, mode=mode)) == {*ids, *more}
    assert found(ask(session, mode=mode, document_id=document)) == set(ids)
    assert found(ask(session, mode=mode, document_id=second)) == set(more)


def test_word_candidates_have_exact_similarities_however_far_they_are(session: Session) -> None:
    far = -random_units(2, 300, 384) - VECTORS[0] * 3
    far /= (far**2).sum(axis=1, keepdims=True) ** 0.5
    _, ids, _ = add_all(session, far, text="needle")
    add_all(session, random_units(3, 300, 384), text="hay")
    best = ask(session, "needle").results[0]
    assert best["chunk_id"] in ids
    assert best["scores"]["meaning"] == 0.0, "known to be far, not taken for middling"


def test_a_changed_model_is_told_and_its_vectors_take_over(session: Session) -> None:
    document, ids, former = add_all(session, VECTORS)
    new = FixedEmbedder(random_units(4, 1, 300)[0], "new-model")
    question = Question(OWNER, "passage", limit=100)
    answer = search(session, new, question)
    assert (answer.mode, found(answer)) == ("words", set(ids))
    assert answer.notice is not None
    assert answer.notice.startswith("12 passages have no vector of the embedding model new-model")
    assert "`studyq reprocess --all --embeddings`" in answer.notice

    add_vectors(session, document, ids[:11], random_units(5, 11, 300), name="new-model")
    answer = search(session, new, question)
    assert (answer.mode, found(answer)) == ("hybrid", set(ids))
    assert answer.notice is not None
    assert answer.notice.startswith("1 passage has no vector of the embedding model new-model")

    model = add_vectors(session, document, ids[11:], random_units(6, 1, 300), name="new-model")
    assert search(session, new, question).notice is None
    assert len(nearest(session, OWNER, former, VECTORS[0], limit=100)) == 12
    finish_with(session, document, model)
    assert nearest(session, OWNER, former, VECTORS[0], limit=100) == {}
    assert len(nearest(session, OWNER, model, new.vector, limit=100)) == 12


def test_former_vectors_stay_while_some_passage_has_no_other(session: Session) -> None:
    document, ids, former = add_all(session, VECTORS)
    model = add_vectors(session, document, ids[:11], random_units(5, 11, 300), name="new-model")
    finish_with(session, document, model)
    assert len(nearest(session, OWNER, former, VECTORS[0], limit=100)) == 12


def finish_with(session: Session, document: str, model: int) -> None:
    """Apply the last effects of a job that has embedded a document."""
    pages = {"text": 1, "empty": 0, "scanned": 0, "unreadable": 0}
    point = {"pages": pages, "chunks": 12, "tokens": 12}
    nothing = cast("Any", None)
    work = Work(nothing, nothing, document, 1, "pdf", None, "Notes", point, model)
    outcome = finish(work)
    assert outcome.effects is not None
    outcome.effects(session)


def test_the_same_model_with_other_dimensions_is_another(session: Session) -> None:
    add_all(session, VECTORS)
    shorter = FixedEmbedder(random_units(4, 1, 256)[0], MODEL)
    answer = search(session, shorter, Question(OWNER, "passage"))
    assert answer.mode == "words"
    assert answer.notice is not None
    assert answer.notice.startswith("12 passages have no vector")


def test_passages_that_a_job_will_embed_are_not_counted(session: Session) -> None:
    texts = ["one", "two", "three"]
    model = model_key(session, MODEL, 384)
    for status in (Status.PROCESSING, Status.PENDING, Status.FAILED):
        document = add_document(session, texts, status=status)
        add_chunks(session, document, texts)
    assert count_passages_without_vector(session, OWNER, model) == 0
    answer = search(session, FixedEmbedder(VECTORS[0], "unheard-of"), Question(OWNER, "two"))
    assert answer.notice == "Nothing has been embedded yet; these results are by words alone."
    done = add_document(session, texts)
    add_chunks(session, done, texts)
    assert count_passages_without_vector(session, OWNER, model) == 3
    assert count_passages_without_vector(session, OWNER, model, document_id=done) == 3


def test_results_without_a_model_are_by_words(session: Session) -> None:
    _, ids, _ = add_all(session, VECTORS)
    answer = search(session, OFF, Question(OWNER, "passage", limit=100))
    assert (answer.mode, answer.notice, found(answer)) == ("words", "No model.", set(ids))


def test_words_are_checked_without_reading_passages(session: Session) -> None:
    add_all(session, VECTORS)
    statements: list[tuple[str, Any]] = []
    connection = session.connection()

    def note(_c: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        statements.append((statement, values))

    sa.event.listen(connection, "before_cursor_execute", note)
    find_words(session, OWNER, '"passage"', limit=5)
    nearest(session, OWNER, 1, VECTORS[0], limit=5)
    plans = [
        " ".join(row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values))
        for sql, values in statements[:2]
    ]
    assert "chunks USING COVERING INDEX ix_chunks_found" in plans[0]
    assert "chunk_vectors USING COVERING INDEX ix_chunk_vectors_bits" in plans[1]
