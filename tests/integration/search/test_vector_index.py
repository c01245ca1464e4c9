"""The vector index: the bits against the vectors, and what may be found."""

from __future__ import annotations

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from passages import OTHER, OWNER, add_all, add_user, add_vectors, random_units
from studyq.library.models import Chunk, Document, Status
from studyq.search.models import ChunkVector
from studyq.search.vectors import EVERY, Vector, coarse_bits, model_key, nearest, similarities

DIMENSIONS = 384


def near(vector: Vector, seed: int) -> Vector:
    """A unit vector close to another one: a question about it."""
    moved = vector + random_units(seed, 1, vector.size)[0] * np.float32(0.6)
    unit: Vector = (moved / np.linalg.norm(moved)).astype(np.float32)
    return unit


def clustered(seed: int, centres: int, each: int) -> Vector:
    middle = np.repeat(random_units(seed, centres, DIMENSIONS), each, axis=0)
    rows = middle + random_units(seed + 1, centres * each, DIMENSIONS) * np.float32(0.7)
    units: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return units


def test_bits_find_what_comparing_all_vectors_finds(session: Session) -> None:
    vectors = clustered(1, 200, 10)
    _, _, model = add_all(session, vectors)
    for number in range(0, 2000, 100):
        question = near(vectors[number], number)
        by_bits = nearest(session, OWNER, model, question, limit=10)
        true = nearest(session, OWNER, model, question, limit=10, proposed=EVERY)
        assert by_bits == true


def test_similarities_are_cosines_and_come_nearest_first(session: Session) -> None:
    vectors = random_units(3, 50, DIMENSIONS)
    _, ids, model = add_all(session, vectors)
    question = near(vectors[7], 1)
    cosines = dict(zip(ids, (vectors @ question).tolist(), strict=True))
    found = nearest(session, OWNER, model, question, limit=20)
    assert list(found) == sorted(cosines, key=cosines.__getitem__, reverse=True)[:20]
    assert found == pytest.approx({key: cosines[key] for key in found}, abs=1e-5)
    some = [ids[3], ids[30], 999_999]
    given_ones = similarities(session, OWNER, model, question, some)
    assert given_ones == pytest.approx({key: cosines[key] for key in some[:2]}, abs=1e-5)


@pytest.mark.parametrize("dimensions", [3, 70, 255, 257, 301])
def test_any_number_of_dimensions_serves(session: Session, dimensions: int) -> None:
    vectors = random_units(dimensions, 900, dimensions)
    _, ids, model = add_all(session, vectors)
    best = int(np.argmax(vectors @ vectors[5]))
    assert next(iter(nearest(session, OWNER, model, vectors[5], limit=3))) == ids[best]


@given(st.integers(0, 2**32), st.integers(256, 400))
def test_the_nearer_of_two_vectors_differs_in_fewer_bits(seed: int, dimensions: int) -> None:
    one, far = random_units(seed, 2, dimensions)
    assert bits_apart(one, near(one, seed)) < bits_apart(one, far)
    assert bits_apart(one, one) == 0
    assert bits_apart(one, -one) > 3 * dimensions // 2


def bits_apart(one: Vector, other: Vector) -> int:
    first, second = (int.from_bytes(coarse_bits(vector)) for vector in (one, other))
    return (first ^ second).bit_count()


def test_only_what_is_shown_is_found(session: Session) -> None:
    add_user(session, OTHER)
    vectors = random_units(9, 5, DIMENSIONS)
    shown, ids, model = add_all(session, vectors)
    add_all(session, vectors, status=Status.FAILED)
    add_all(session, vectors, generation=2)
    add_all(session, vectors, user_id=OTHER)
    assert set(nearest(session, OWNER, model, vectors[0], limit=100)) == set(ids)
    session.execute(sa.update(Document).where(Document.id == shown).values(generation=2))
    assert nearest(session, OWNER, model, vectors[0], limit=100) == {}


def test_hidden_passages_take_no_place_of_those_shown(session: Session) -> None:
    question = random_units(4, 1, DIMENSIONS)[0]
    hidden = np.stack([near(question, seed) for seed in range(900)])
    add_all(session, hidden, generation=2)
    _, ids, model = add_all(session, random_units(5, 30, DIMENSIONS))
    assert set(nearest(session, OWNER, model, question, limit=100)) == set(ids)


def test_one_document_alone_is_searched(session: Session) -> None:
    vectors = random_units(6, 40, DIMENSIONS)
    add_all(session, vectors)
    document, ids, model = add_all(session, vectors)
    found = nearest(session, OWNER, model, vectors[0], limit=100, document_id=document)
    assert set(found) == set(ids)
    assert next(iter(found)) == ids[0]


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_what_nothing_can_be_near_to_is_not_stored(session: Session, value: float) -> None:
    vectors = random_units(7, 3, DIMENSIONS)
    document, ids, _ = add_all(session, vectors)
    vectors[1] = value
    with pytest.raises(ValueError, match=f"the vector of chunk {ids[1]} has the length"):
        add_vectors(session, document, ids, vectors, name="another")
    model = model_key(session, "another", DIMENSIONS)
    stored = sa.select(sa.func.count()).where(ChunkVector.model_id == model)
    assert session.scalar(stored) == 0


def test_deleting_leaves_no_row_in_any_index(session: Session) -> None:
    kept, kept_ids, model = add_all(session, random_units(8, 20, DIMENSIONS))
    gone, ids, _ = add_all(session, random_units(9, 20, DIMENSIONS))
    add_vectors(session, gone, ids, random_units(10, 20, 30), name="former")
    session.execute(sa.delete(Chunk).where(Chunk.id == ids[0]))
    assert rows(session) == dict.fromkeys(("chunks", "words"), 39) | {"vectors": 39 + 19}
    session.execute(sa.delete(Document).where(Document.id == gone))
    assert rows(session) == dict.fromkeys(("chunks", "words", "vectors"), 20)
    assert set(nearest(session, OWNER, model, random_units(1, 1, 384)[0], limit=99)) == {*kept_ids}
    session.execute(sa.delete(Document).where(Document.id == kept))
    assert rows(session) == dict.fromkeys(("chunks", "words", "vectors"), 0)


def rows(session: Session) -> dict[str, int]:
    """How many rows each index holds; bits stand in the row of their vector."""
    tables = {"chunks": "chunks", "words": "chunk_words", "vectors": "chunk_vectors"}
    return {
        name: session.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()
        for name, table in tables.items()
    }
