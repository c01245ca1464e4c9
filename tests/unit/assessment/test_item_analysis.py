"""What an analysis says of a test, and what it keeps quiet about."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from studyq.assessment.item_analysis import Evidence, Flag, ItemAnalysis, analyse
from studyq.assessment.response_files import read_responses


def figures(takers: int, *, wrong_key: bool = False, seed: int = 1) -> ItemAnalysis:
    """Ten items of four options; who is good answers right more often."""
    random = np.random.default_rng(seed)
    ability = random.normal(size=takers)
    right = random.random((takers, 10)) < 1 / (1 + np.exp(-(1.5 * ability[:, np.newaxis])))
    letters = np.where(right, "A", random.choice(["B", "C"], (takers, 10)))
    rows = "\n".join(f"s{taker},{','.join(row)}" for taker, row in enumerate(letters))
    content = f"t,{','.join(f'i{item}' for item in range(10))}\n{rows}\n"
    key = "".join(f"i{item},{'B' if wrong_key and item == 0 else 'A'}\n" for item in range(10))
    return analyse(read_responses(content.encode(), key.encode()))


@pytest.mark.parametrize(
    ("takers", "evidence"),
    [(1, Evidence.TOO_FEW), (9, Evidence.TOO_FEW), (10, Evidence.PROVISIONAL),
     (29, Evidence.PROVISIONAL), (30, Evidence.ENOUGH)],
)  # fmt: skip
def test_few_takers_flag_nothing(takers: int, evidence: Evidence) -> None:
    found = figures(takers, wrong_key=True)
    assert found.evidence is evidence
    assert any(item.flags for item in found.items) == (evidence is Evidence.ENOUGH)


def test_a_wrong_key_is_suspected() -> None:
    found = figures(60, wrong_key=True)
    assert found.items[0].flags == [Flag.WRONG_KEY]
    assert "A" in found.items[0].flagged_options
    assert not any(item.flags for item in figures(60).items)


def test_a_distractor_that_nobody_chooses_is_dead() -> None:
    rows = "\n".join(f"s{taker},{'ABC'[taker % 3]},{int(taker % 3 == 0)}" for taker in range(120))
    rows += "\ns120,D,0"
    found = analyse(read_responses(f"t,i1,i2\n{rows}\n".encode(), b"i1,A\ni2,1\n"))
    assert found.items[0].flags == [Flag.DEAD_DISTRACTOR]
    assert found.items[0].flagged_options == ["D"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [("", "Nobody has taken"), ("a,1,0,1", "One taker"), ("a,1,1,1\nb,1,1,1", "same total"),
     ("a,1,0,0\nb,0,1,0", "same total")],
)  # fmt: skip
def test_what_is_not_defined_is_said_and_null(rows: str, told: str) -> None:
    found = analyse(read_responses(f"t,i1,i2,i3\n{rows}\n".encode()))
    assert found.kr20 is None
    assert found.warnings[0].startswith(
        ("All takers have the same total",) if "same" in told else told
    )
    assert "NaN" not in msgspec.json.encode(found).decode()


def test_all_right_discriminates_nothing() -> None:
    found = analyse(read_responses(b"t,i1,i2\na,1,1\nb,1,1\nc,1,1\n"))
    for item in found.items:
        assert (item.difficulty, item.point_biserial, item.disc_27.expected) == (1.0, None, 0.0)


def test_an_item_without_key_has_its_answers_counted() -> None:
    found = analyse(read_responses(b"t,i1,i2\na,A,x\nb,B,y\nc,A,x\n", b"i1,A\n"))
    assert (found.n_items, found.n_unscored) == (1, 1)
    assert found.items[1].difficulty is None
    assert {name: option.count for name, option in found.items[1].options.items()} == {
        "x": 2, "y": 1,
    }  # fmt: skip
