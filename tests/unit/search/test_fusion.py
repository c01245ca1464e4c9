from hypothesis import given
from hypothesis import strategies as st

from studyq.search.fusion import fuse, meaning_share

ids = st.integers(1, 30)
bm25 = st.dictionaries(ids, st.floats(0, 60, allow_nan=False), max_size=15)
cosines = st.dictionaries(ids, st.floats(-1, 1, allow_nan=False), max_size=15)


@given(bm25, cosines, st.sets(ids))
def test_every_candidate_is_ranked_once(
    words: dict[int, float], meaning: dict[int, float], phrase: set[int]
) -> None:
    ranked = fuse(words, meaning, phrase)
    assert sorted(item.chunk_id for item in ranked) == sorted({*words, *meaning, *phrase})
    keys = [(-item.score, item.chunk_id) for item in ranked]
    assert keys == sorted(keys)
    assert all(0 <= item.score <= 2.000001 for item in ranked)


def test_the_whole_phrase_comes_first() -> None:
    ranked = fuse({1: 10.0, 2: 1.0}, {1: 0.9, 2: 0.1}, {2})
    assert [(item.chunk_id, item.phrase) for item in ranked] == [(2, True), (1, False)]


def test_meaning_proposes_only_the_nearest() -> None:
    meaning = {key: 1 / key for key in range(1, 500)}
    ranked = {item.chunk_id for item in fuse({400: 1.0}, meaning)}
    assert ranked == {*range(1, 101), 400}


def test_either_index_alone_keeps_its_order() -> None:
    scores = {1: 0.2, 2: 0.9, 3: 0.5}
    assert [item.chunk_id for item in fuse(scores, {})] == [2, 3, 1]
    assert [item.chunk_id for item in fuse({}, scores)] == [2, 3, 1]
    assert fuse(scores, {})[0].score == fuse({}, scores)[0].score == 1.0


def test_both_together_beat_either() -> None:
    ranked = fuse({1: 10.0, 2: 9.0}, {1: 0.1, 2: 0.8, 3: 0.9})
    assert [item.chunk_id for item in ranked] == [2, 1, 3]


def test_a_chunk_without_vector_counts_as_middling() -> None:
    ranked = {item.chunk_id: item for item in fuse({1: 5.0, 2: 5.0, 3: 5.0}, {1: 0.9, 3: 0.3})}
    assert ranked[1].score > ranked[2].score > ranked[3].score
    assert ranked[2].meaning is None


def test_an_english_model_counts_less_for_other_scripts() -> None:
    assert meaning_share(latin=False, english_only=True) < meaning_share(
        latin=False, english_only=False
    )
    assert meaning_share(latin=True, english_only=True) == meaning_share(
        latin=True, english_only=False
    )
