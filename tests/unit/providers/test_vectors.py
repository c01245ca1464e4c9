"""What a model returns is checked before it can spoil an index."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyq.providers.vectors import BadVector, unit_rows

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)
ROWS = st.integers(1, 6).flatmap(
    lambda length: st.lists(
        st.lists(FINITE, min_size=length, max_size=length).filter(
            lambda row: max(map(abs, row)) > 1e-30
        ),
        min_size=1,
        max_size=5,
    )
)


@given(ROWS)
def test_rows_come_out_at_length_one_and_point_the_same_way(rows: list[list[float]]) -> None:
    unit = unit_rows(rows, count=len(rows), dimensions=len(rows[0]))

    assert unit.dtype == np.float32
    assert np.allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-5)
    assert np.all(np.sign(unit) * np.sign(rows) >= 0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_row_that_is_not_finite_is_refused_by_its_position(value: float) -> None:
    rows = [[1.0, 0.0], [0.5, value], [0.0, 1.0]]

    with pytest.raises(BadVector, match="not finite for text 1"):
        unit_rows(rows, count=3, dimensions=2)


def test_a_zero_row_is_refused_by_its_position() -> None:
    with pytest.raises(BadVector, match="zero vector for text 66"):
        unit_rows([[1.0], [1.0], [0.0]], count=3, dimensions=1, first=64)


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(BadVector, match="returned 3 numbers for text 1, expected 2"):
        unit_rows([[1.0, 2.0], [1.0, 2.0, 3.0]], count=2, dimensions=0)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(BadVector, match="returned 1 vectors for 2 texts"):
        unit_rows([[1.0]], count=2, dimensions=1)


def test_empty_rows_are_refused() -> None:
    with pytest.raises(BadVector, match="returned 0 numbers"):
        unit_rows([[]], count=1, dimensions=0)


def test_no_texts_give_no_rows() -> None:
    assert unit_rows([], count=0, dimensions=4).shape == (0, 4)
