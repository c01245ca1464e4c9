"""Classical test theory and the intervals of its figures; pure functions over numpy arrays.

Scores are a matrix of takers × items with values from 0 (wrong, omitted) to 1 (right). What is not
defined (no variance, too few items) is None or NaN as each function says, never an error.

Formulas are cited as: [LN] Lord & Novick, Statistical Theories of Mental Test Scores, 1968;
[KR] Kuder & Richardson, Psychometrika 2, 1937; [CR] Cronbach, Psychometrika 16, 1951;
[KE] Kelley, Journal of Educational Psychology 30, 1939; [HE] Henrysson, Psychometrika 28, 1963;
[WI] Wilson, Journal of the American Statistical Association 22, 1927; [BCD] Brown, Cai &
DasGupta, Statistical Science 16, 2001.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

GROUP_SHARE = 0.27  #: of all takers in the upper and in the lower group [KE]
CONFIDENCE = 0.95
#: A variance below this is rounding: scores lie between 0 and 1, or are sums of those.
NEGLIGIBLE = 1e-12


@dataclass(frozen=True)
class Interval:
    """An estimate of a share and the bounds that hold it with `CONFIDENCE`; all from 0 to 1."""

    estimate: float
    lower: float
    upper: float

    @property
    def width(self) -> float:
        """How wide it is."""
        return self.upper - self.lower


def wilson(right: float, number: float, confidence: float = CONFIDENCE) -> Interval:
    """The Wilson score interval of a share [WI; recommended by BCD].

    Args:
        right: how many were right; a partly right answer counts in part.
        number: of how many, at least 1.
    """
    if not 0 <= right <= number or number < 1:
        raise ValueError(f"{right} of {number} is no share")
    z = float(special.ndtri((1 + confidence) / 2))
    share = right / number
    middle = (right + z * z / 2) / (number + z * z)
    half = z / (number + z * z) * math.sqrt(number * share * (1 - share) + z * z / 4)
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def beta_interval(right: float, number: float, confidence: float = CONFIDENCE) -> Interval:
    """Mean and equal-tailed interval of a share after a uniform prior, Beta(1, 1) [BCD, 4.1.2].

    Without any answer it is the prior: 0.5, and nearly everything is possible.
    """
    if not 0 <= right <= number:
        raise ValueError(f"{right} of {number} is no share")
    a, b = right + 1, number - right + 1
    tail = (1 - confidence) / 2
    lower, upper = special.betaincinv(a, b, [tail, 1 - tail])
    return Interval(a / (a + b), float(lower), float(upper))


def largest_share(chosen: int, number: int, confidence: float = CONFIDENCE) -> float:
    """What the true share does not exceed: the one-sided Clopper–Pearson bound [BCD, 4.2.1].

    Args:
        chosen: how many of `number` takers chose something.
    """
    if chosen >= number:
        return 1.0
    return float(special.betaincinv(chosen + 1, number - chosen, confidence))


def difficulty(scores: Floats) -> Floats:
    """Each item's mean score, `p` [LN, 15.2]; the higher, the easier. NaN without takers."""
    if len(scores) == 0:
        return np.full(scores.shape[1], np.nan)
    means: Floats = scores.mean(axis=0)
    return means


def correlations(columns: Floats, others: Floats) -> Floats:
    """Pearson's correlation of each column with its column of `others` (or with the only one).

    Of a 0/1 column this is the point-biserial correlation [LN, 15.3]. NaN where either is constant.
    """
    if len(columns) == 0:
        return np.full(columns.shape[1], np.nan)
    x = columns - columns.mean(axis=0)
    y = others - others.mean(axis=0)
    if y.ndim == 1:
        y = y[:, np.newaxis]
    covariance = (x * y).mean(axis=0)
    spread_x, spread_y = (x * x).mean(axis=0), (y * y).mean(axis=0)
    defined = (spread_x > NEGLIGIBLE) & (spread_y > NEGLIGIBLE)
    root = np.sqrt(np.where(defined, spread_x * spread_y, 1.0))
    found: Floats = np.where(defined, covariance / root, np.nan)
    return found


def point_biserial(scores: Floats) -> Floats:
    """Each item's correlation with the total score, itself included [LN, 15.3]."""
    return correlations(scores, scores.sum(axis=1))


def corrected_point_biserial(scores: Floats) -> Floats:
    """Each item's correlation with the total of the other items [HE]."""
    return correlations(scores, rest_scores(scores))


def rest_scores(scores: Floats) -> Floats:
    """For each item the totals without it: takers × items."""
    rest: Floats = scores.sum(axis=1)[:, np.newaxis] - scores
    return rest


@dataclass(frozen=True)
class Groups:
    """The upper and the lower 27 % of the takers [KE].

    Takers whose equal totals lie across a group's edge belong to it in part, all in the same part:
    so the order of the rows changes nothing.

    Args:
        size: how many takers a group holds.
        upper: each taker's part in the upper group, from 0 to 1.
        lower: the same of the lower group.
    """

    size: int
    upper: Floats
    lower: Floats


def groups(totals: Floats) -> Groups:
    """Divide takers by their total scores."""
    size = min(len(totals), max(1, math.floor(GROUP_SHARE * len(totals) + 0.5)))
    return Groups(size, _top(totals, size), _top(-totals, size))


def _top(values: Floats, size: int) -> Floats:
    if size == 0:
        return np.zeros(len(values))
    # Sums of partial scores that are equal on paper may differ in the last digit.
    rounded = np.round(values, 9)
    edge = np.partition(rounded, len(rounded) - size)[len(rounded) - size]
    above, tied = rounded > edge, rounded == edge
    share = (size - above.sum()) / tied.sum()
    return np.where(above, 1.0, np.where(tied, share, 0.0))


def discrimination(scores: Floats, division: Groups) -> Floats:
    """Each item's difficulty in the upper group less that in the lower one [KE]."""
    if division.size == 0:
        return np.full(scores.shape[1], np.nan)
    found: Floats = (division.upper - division.lower) @ scores / division.size
    return found


def cronbach_alpha(scores: Floats) -> float | None:
    """Cronbach's alpha [CR]; of 0/1 scores it equals KR-20. It may be negative.

    Returns:
        None for fewer than two items or takers, or when all totals are equal.
    """
    takers, items = scores.shape
    if takers < 2 or items < 2:
        return None
    of_totals = scores.sum(axis=1).var()
    if of_totals <= NEGLIGIBLE:
        return None
    return float(items / (items - 1) * (1 - scores.var(axis=0).sum() / of_totals))


def kr20(scores: Floats) -> float | None:
    """Kuder–Richardson formula 20 of 0/1 scores [KR], with population variances on both sides.

    Raises:
        ValueError: when there are scores between 0 and 1: `cronbach_alpha` is for those.
    """
    if not np.isin(scores, (0.0, 1.0)).all():
        raise ValueError("KR-20 is for scores of 0 and 1")
    return cronbach_alpha(scores)


def kr21(scores: Floats) -> float | None:
    """Kuder–Richardson formula 21: KR-20 if all items were equally difficult [KR]."""
    takers, items = scores.shape
    if takers < 2 or items < 2:
        return None
    totals = scores.sum(axis=1)
    mean, variance = totals.mean(), totals.var()
    if variance <= NEGLIGIBLE:
        return None
    return float(items / (items - 1) * (1 - mean * (items - mean) / (items * variance)))


def alpha_if_deleted(scores: Floats) -> list[float | None]:
    """For each item, alpha of the test without it; None as `cronbach_alpha` says."""
    takers, items = scores.shape
    if takers < 2 or items < 3:
        return [None] * items
    variances = scores.var(axis=0)
    of_others = variances.sum() - variances
    of_rest = rest_scores(scores).var(axis=0)
    left = items - 1
    return [
        None if rest <= NEGLIGIBLE else float(left / (left - 1) * (1 - others / rest))
        for others, rest in zip(of_others, of_rest, strict=True)
    ]


def measurement_error(scores: Floats, reliability: float | None) -> float | None:
    """The standard error of measurement of a total, in points: s·√(1 − reliability) [LN, 3.4].

    s is the sample's standard deviation (n − 1). None without a reliability.
    """
    if reliability is None:
        return None
    return float(scores.sum(axis=1).std(ddof=1) * math.sqrt(max(0.0, 1 - reliability)))
