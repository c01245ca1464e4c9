"""Batches hold each text once, with others of its length."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studyq.providers.minilm import batches_by_length


@given(st.lists(st.integers(1, 256)), st.integers(1, 16))
def test_each_position_comes_once_and_lengths_fall(lengths: list[int], size: int) -> None:
    batches = list(batches_by_length(lengths, size))

    positions = [position for batch in batches for position in batch]
    assert sorted(positions) == list(range(len(lengths)))
    assert [lengths[position] for position in positions] == sorted(lengths, reverse=True)
    assert all(len(batch) == size for batch in batches[:-1])
