"""Checks what a model returns before anybody stores it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studyq.providers.errors import ProviderError

Matrix = NDArray[np.float32]


class BadVector(ProviderError):
    """A model gave something that cannot be compared with other vectors.

    A vector index accepts NaN, infinite and zero rows without a word and then finds nothing
    near them, so they are refused here.
    """


def unit_rows(
    rows: Sequence[Sequence[float]] | Matrix, *, count: int, dimensions: int, first: int = 0
) -> Matrix:
    """Gives ``rows`` as float32 with each row at length one.

    Args:
        rows: One row for each text, in the order of the texts.
        count: How many texts were sent.
        dimensions: How long each row must be; 0 when it is not known yet.
        first: Position of the first of these texts in what the caller was given.

    Raises:
        BadVector: The number of rows or their length is wrong, or a row is not finite or zero.
            The message names the position of the text, from 0.
    """
    if len(rows) != count:
        raise BadVector(f"The embedding model returned {len(rows)} vectors for {count} texts.")
    if not count:
        return np.empty((0, dimensions), dtype=np.float32)
    expected = dimensions or len(rows[0])
    for position, row in enumerate(rows):
        if len(row) != expected or not expected:
            raise BadVector(
                f"The embedding model returned {len(row)} numbers for text {first + position}, "
                f"expected {expected}. Check the model's name and STUDYQ_EMBEDDING_DIMENSIONS."
            )
    # Lengths are taken in float64: the square of a large float32 would overflow.
    matrix = np.asarray(rows, dtype=np.float64)
    lengths = np.sqrt(np.square(matrix).sum(axis=1))
    for position, length in enumerate(lengths):
        if not np.isfinite(length) or length == 0:
            what = "a zero vector" if length == 0 else "numbers that are not finite"
            raise BadVector(f"The embedding model returned {what} for text {first + position}.")
    unit: Matrix = (matrix / lengths[:, None]).astype(np.float32)
    return unit
