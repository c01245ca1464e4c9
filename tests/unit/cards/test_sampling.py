from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_sources import make_source
from studyq.cards.matter import has_shape_apart, has_title_apart
from studyq.cards.sampling import Scope, coverage, plan_windows, share, spread
from studyq.cards.source import SourceChunk

PROSE = "The cell is the unit of life and every organism is made of cells that divide. "


def book(*lengths: int, sections: tuple[str, ...] = ()) -> tuple[SourceChunk, ...]:
    """Chunks of the given numbers of sentences, each section's one after the other."""
    return make_source([PROSE * length for length in lengths], sections=sections).chunks


@given(
    st.integers(0, 300),
    st.dictionaries(st.integers(), st.tuples(st.floats(0.1, 1e4), st.integers(0, 60)), max_size=40),
)
def test_shares_add_up_and_respect_limits(
    wanted: int, sections: dict[int, tuple[float, int]]
) -> None:
    weights = {key: weight for key, (weight, _) in sections.items()}
    most = {key: limit for key, (_, limit) in sections.items()}
    parts = share(wanted, weights, most)
    assert sum(parts.values()) == min(wanted, sum(most.values()))
    assert all(0 <= parts[key] <= most[key] for key in parts)


@given(st.integers(1, 200), st.lists(st.floats(0.1, 1e3), min_size=1, max_size=30))
def test_a_share_is_within_one_of_the_exact_proportion(wanted: int, weights: list[float]) -> None:
    named = dict(enumerate(weights))
    parts = share(wanted, named, dict.fromkeys(named, wanted))
    for key, weight in named.items():
        assert abs(parts[key] - wanted * weight / sum(weights)) <= 1


def test_quotas_follow_the_square_root_of_the_length() -> None:
    chunks = book(*[1] * 16, *[1] * 4, sections=("A",) * 16 + ("B",) * 4)
    plan = plan_windows(chunks, 9)
    section = {chunk.id: chunk.section for chunk in chunks}
    quotas = {"A": 0, "B": 0}
    for window in plan.windows:
        quotas[section[window.chunk_ids[0]]] += window.quota
    assert quotas == {"A": 6, "B": 3}
    assert plan.quota == 9


def test_windows_hold_each_chunk_once_and_stay_in_their_section() -> None:
    chunks = book(*[2] * 40, sections=("A",) * 25 + ("B",) * 15)
    plan = plan_windows(chunks, 30, window_chunks=4)
    asked = [chunk for window in plan.windows for chunk in window.chunk_ids]
    assert len(asked) == len(set(asked))
    assert asked == sorted(asked)
    assert all(1 <= len(window.chunk_ids) <= 4 and window.quota for window in plan.windows)


def test_a_short_text_gives_no_more_than_it_can_bear() -> None:
    assert plan_windows(book(2, 2), 1000).quota == 8
    assert plan_windows((), 10).windows == ()


def test_farthest_first_takes_one_of_each_cluster() -> None:
    chunks = book(*[2] * 12)
    directions = np.eye(3, dtype=np.float32)
    vectors = {chunk.id: directions[place % 3] for place, chunk in enumerate(chunks)}
    chosen = spread(chunks, 3, vectors, {})
    assert {(chunk.id - chunks[0].id) % 3 for chunk in chosen} == {0, 1, 2}


def test_without_vectors_passages_are_spread_over_the_text() -> None:
    chunks = book(*[2] * 101)
    chosen = {chunk.ordinal for chunk in spread(chunks, 3, {}, {})}
    assert chosen == {0, 50, 100}


def test_what_is_worth_more_comes_first() -> None:
    chunks = book(2, 2, 2, 2)
    worth = {chunks[2].id: 1.0}
    assert spread(chunks, 1, {}, worth) == [chunks[2]]


def test_scope_by_section_and_by_pages() -> None:
    chunks = book(2, 2, 2, 2, sections=("A", "A › x", "Ab", "B"))  # noqa: RUF001
    inside = [chunk.section for chunk in chunks if Scope(sections=("A",)).holds(chunk)]
    assert inside == ["A", "A › x"]  # noqa: RUF001
    plan = plan_windows(chunks, 10, scope=Scope(pages=(2, 3)))
    assert plan.eligible == {chunks[1].id, chunks[2].id}


@pytest.mark.parametrize(
    "title",
    [
        "Contents",
        "Chapter 3 › Review Questions",  # noqa: RUF001
        "12 References",
        "Literaturverzeichnis",
        "Table des matières",
        "Índice general",
        "参考文献",
        "A. Bibliography",
    ],
)
def test_front_and_back_matter_by_title(title: str) -> None:
    assert has_title_apart(title)


@pytest.mark.parametrize("title", ["", "1 Index structures", "Contents of a cell", "Notes on Rome"])
def test_other_titles_stay(title: str) -> None:
    assert not has_title_apart(title)


def test_front_and_back_matter_by_shape() -> None:
    assert has_shape_apart(
        "1 Introduction . . . . . . . 3 1.1 Aims . . . . . . . 4 2 Data . . . . . 9"
    )
    assert has_shape_apart(
        "apple, 12, 34 pear, 3 plum, 7 cherry, 9 fig, 101 grape, 88, 90 lemon, 4"
    )
    assert has_shape_apart(
        "Smith, J. (2001). A study. Journal of Cells, vol. 3, pp. 1-20. Doe, A. (2003). Cells. "
        "University Press. Roe, B. and Poe, C. (2010). On cells. doi 10.1000/182. In: Proc. of X."
    )
    assert not has_shape_apart(PROSE * 3)


def test_coverage_counts_eligible_chunks_with_a_card() -> None:
    assert coverage({1, 2, 3, 4}, [1, 1, 9, None]) == 0.25
    assert coverage(set(), [1]) == 0.0
