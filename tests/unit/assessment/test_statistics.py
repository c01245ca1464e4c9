"""Statistics of tests against figures worked out by hand, by R, and by definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from studyq.assessment import statistics
from studyq.assessment.statistics import Floats, beta_interval, groups, wilson

SCORES = arrays(
    np.float64, st.tuples(st.integers(2, 12), st.integers(2, 6)), elements=st.sampled_from([0.0, 1])
)
PARTIAL = arrays(
    np.float64,
    st.tuples(st.integers(2, 12), st.integers(2, 6)),
    elements=st.sampled_from([0.0, 0.5, 1.0]),
)


def scores(*rows: str) -> Floats:
    """A matrix from rows of digits."""
    return np.array([[float(digit) for digit in row] for row in rows])


GUTTMAN = scores("1111", "1110", "1100", "1000", "0000")


def test_a_guttman_scale_by_hand() -> None:
    assert statistics.difficulty(GUTTMAN).tolist() == [0.8, 0.6, 0.4, 0.2]
    assert statistics.kr20(GUTTMAN) == pytest.approx(0.8)  # 4/3 · (1 − 0.8/2)
    assert statistics.kr21(GUTTMAN) == pytest.approx(4 / 3 * (1 - 2 * 2 / (4 * 2)))
    assert statistics.measurement_error(GUTTMAN, 0.8) == pytest.approx(math.sqrt(2.5 * 0.2))


def test_reliability_may_be_negative_and_is_not_cut_off() -> None:
    assert statistics.kr20(scores("10", "01", "10", "01", "11")) == pytest.approx(-4.0)
    assert statistics.kr20(scores("101", "010")) == pytest.approx(-3.0)


@pytest.mark.parametrize(
    "matrix",
    [scores("1", "0", "1"), scores("111", "111"), scores("000", "000"), scores("101"),
     scores("100", "010", "001"), np.zeros((0, 3)), np.zeros((3, 0))],
    ids=["one item", "all right", "all wrong", "one taker", "equal totals", "nobody", "no item"],
)  # fmt: skip
def test_without_variance_there_is_no_reliability(matrix: Floats) -> None:
    assert statistics.cronbach_alpha(matrix) is None
    assert statistics.kr20(matrix) is None
    assert statistics.measurement_error(matrix, None) is None


def test_a_constant_item_has_no_correlation() -> None:
    found = statistics.corrected_point_biserial(scores("110", "100", "111", "101"))
    assert math.isnan(found[0])
    assert not np.isnan(found[1:]).any()


@given(SCORES)
def test_kr20_is_alpha_of_right_and_wrong_and_as_defined(matrix: Floats) -> None:
    found = statistics.kr20(matrix)
    assert found == statistics.cronbach_alpha(matrix)
    totals, items = matrix.sum(axis=1), matrix.shape[1]
    if totals.var() == 0:
        assert found is None
    else:
        p = matrix.mean(axis=0)
        assert found == pytest.approx(
            items / (items - 1) * (1 - (p * (1 - p)).sum() / totals.var()), abs=1e-9
        )


def test_partial_scores_have_alpha_but_no_kr20() -> None:
    matrix = np.array([[1, 0.5], [0, 0.5], [1, 1]])
    assert statistics.cronbach_alpha(matrix) is not None
    with pytest.raises(ValueError, match="scores of 0 and 1"):
        statistics.kr20(matrix)


@given(PARTIAL)
def test_correlations_are_those_of_numpy(matrix: Floats) -> None:
    totals = matrix.sum(axis=1)
    for place, found in enumerate(statistics.corrected_point_biserial(matrix)):
        rest = totals - matrix[:, place]
        if np.ptp(matrix[:, place]) == 0 or np.ptp(rest) == 0:
            assert math.isnan(found)
        else:
            assert found == pytest.approx(np.corrcoef(matrix[:, place], rest)[0, 1], abs=1e-9)


@given(PARTIAL)
def test_alpha_without_an_item_is_alpha_of_the_others(matrix: Floats) -> None:
    for place, found in enumerate(statistics.alpha_if_deleted(matrix)):
        others = statistics.cronbach_alpha(np.delete(matrix, place, axis=1))
        assert (found is None) == (others is None)
        assert found is None or found == pytest.approx(others, abs=1e-7)


@given(PARTIAL, st.randoms(use_true_random=False))
def test_groups_hold_27_per_cent_whatever_the_order(matrix: Floats, random: object) -> None:
    totals = matrix.sum(axis=1)
    division = groups(totals)
    assert division.upper.sum() == pytest.approx(division.size)
    assert division.lower.sum() == pytest.approx(division.size)
    order = np.arange(len(totals))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = groups(totals[order])
    assert shuffled.upper.tolist() == division.upper[order].tolist()
    found = statistics.discrimination(matrix, division)
    assert found == pytest.approx(statistics.discrimination(matrix[order], shuffled))
    assert (np.abs(found) <= 1 + 1e-9).all()


def test_tied_takers_belong_to_a_group_in_part() -> None:
    division = groups(np.array([3.0, 2.0, 2.0, 1.0, 0.0, 0.0, 0.0]))  # 27 % of 7: two
    assert division.size == 2
    assert division.upper.tolist() == [1, 0.5, 0.5, 0, 0, 0, 0]
    assert division.lower.tolist() == pytest.approx([0, 0, 0, 0, 2 / 3, 2 / 3, 2 / 3])


@pytest.mark.parametrize(
    ("right", "number", "lower", "upper"),
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 1, 0.2065, 1.0)],
)
def test_wilson_intervals_as_r_gives_them(
    right: int, number: int, lower: float, upper: float
) -> None:
    """`prop.test(right, number, correct = FALSE)`."""
    found = wilson(right, number)
    assert (found.lower, found.upper) == pytest.approx((lower, upper), abs=5e-5)


def test_beta_intervals() -> None:
    prior = beta_interval(0, 0)
    assert (prior.estimate, prior.lower, prior.upper) == pytest.approx((0.5, 0.025, 0.975))
    found = beta_interval(8, 10)  # qbeta(c(.025, .975), 9, 3)
    assert found.estimate == 0.75
    assert (found.lower, found.upper) == pytest.approx((0.4822, 0.9398), abs=5e-5)


@given(st.integers(1, 500), st.floats(0, 1))
def test_intervals_hold_their_estimate_and_shrink(number: int, share: float) -> None:
    right = share * number
    for interval in (wilson(right, number), beta_interval(right, number)):
        assert 0 <= interval.lower <= interval.estimate + 1e-9
        assert interval.estimate <= interval.upper + 1e-9 <= 1 + 2e-9
    assert wilson(4 * right, 4 * number).width < wilson(right, number).width


@pytest.mark.parametrize(("right", "number"), [(-1, 3), (4, 3), (0, 0)])
def test_no_share_has_no_wilson_interval(right: int, number: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(right, number)


def test_what_a_share_does_not_exceed() -> None:
    assert statistics.largest_share(0, 30) == pytest.approx(1 - 0.05 ** (1 / 30))
    assert statistics.largest_share(30, 30) == 1.0
