"""What a test is worth: how its items did, and which of them want a look.

Figures are computed for any number of takers. Whether they may be relied on is said apart
(`Evidence`): below 10 takers pages hide them, below 30 they are provisional, and only from 30 on
is an item flagged.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from msgspec import Struct

from studyq.assessment import statistics
from studyq.assessment.response_matrix import OMITTED, ItemResponses, ResponseMatrix
from studyq.assessment.statistics import Floats, Groups

PROVISIONAL_FROM = 10  #: takers
FLAGGED_FROM = 30
#: A distractor that fewer takers than this choose does no work [Haladyna & Downing, Educational
#: and Psychological Measurement 53, 1993].
WORKING_SHARE = 0.05


class Evidence(StrEnum):
    """How far the figures can be relied on."""

    TOO_FEW = "too_few"  #: fewer than 10 takers: chance decides
    PROVISIONAL = "provisional"  #: fewer than 30: they will still move
    ENOUGH = "enough"  #: items are flagged


class Flag(StrEnum):
    """Why an item wants a look."""

    WRONG_KEY = "wrong_key_suspected"  #: who does well elsewhere chooses another answer
    DEAD_DISTRACTOR = "dead_distractor"  #: a wrong answer that next to nobody chooses


class Discrimination(Struct, frozen=True):
    """How the upper and the lower 27 % did; takers tied at an edge count in part."""

    expected: float | None
    p_upper: float | None
    p_lower: float | None


class OptionFigures(Struct, frozen=True):
    """One answer to an item, and who chose it."""

    count: int
    mean_total: float | None
    point_biserial: float | None
    point_biserial_rest: float | None
    upper_expected: float
    lower_expected: float


class ItemFigures(Struct, frozen=True):
    """One item; figures that are not defined are null, never NaN."""

    item: str
    key: str | None
    n_correct: int | None
    difficulty: float | None
    point_biserial: float | None
    point_biserial_corrected: float | None
    alpha_if_deleted: float | None
    disc_27: Discrimination
    omitted: int
    options: dict[str, OptionFigures]
    flags: list[Flag]
    #: The wrong answers that the flags are about.
    flagged_options: list[str]


class ItemAnalysis(Struct, frozen=True):
    """A whole test; totals are in points, one an item."""

    n_students: int
    n_items: int
    n_unscored: int
    evidence: Evidence
    group_size_27: int
    mean: float | None
    sd_sample: float | None
    sd_population: float | None
    median: float | None
    min: float | None
    max: float | None
    #: Null where some answers are partly right: then alpha is what there is.
    kr20: float | None
    cronbach_alpha: float | None
    kr21: float | None
    sem: float | None
    mean_difficulty: float | None
    items: list[ItemFigures]
    warnings: list[str]


def evidence(takers: int) -> Evidence:
    """What so many takers allow to say."""
    if takers < PROVISIONAL_FROM:
        return Evidence.TOO_FEW
    return Evidence.PROVISIONAL if takers < FLAGGED_FROM else Evidence.ENOUGH


def analyse(matrix: ResponseMatrix) -> ItemAnalysis:
    """Compute all figures of a test."""
    scores = matrix.scores()
    totals = scores.sum(axis=1)
    division = statistics.groups(totals)
    alpha = statistics.cronbach_alpha(scores)
    all_or_nothing = bool(np.isin(scores, (0.0, 1.0)).all())
    takers, scored = scores.shape
    figures = _scored_figures(matrix, scores, division)
    return ItemAnalysis(
        n_students=takers,
        n_items=scored,
        n_unscored=len(matrix.items) - scored,
        evidence=evidence(takers),
        group_size_27=division.size,
        mean=_number(totals.mean()) if takers else None,
        sd_sample=_number(totals.std(ddof=1)) if takers > 1 else None,
        sd_population=_number(totals.std()) if takers else None,
        median=_number(np.median(totals)) if takers else None,
        min=_number(totals.min()) if takers else None,
        max=_number(totals.max()) if takers else None,
        kr20=statistics.kr20(scores) if all_or_nothing else None,
        cronbach_alpha=alpha,
        kr21=statistics.kr21(scores) if all_or_nothing else None,
        sem=statistics.measurement_error(scores, alpha),
        mean_difficulty=_number(scores.mean()) if scores.size else None,
        items=[
            figures.get(item.name) or _unscored(item, totals, division) for item in matrix.items
        ],
        warnings=[*matrix.warnings, *_undefined(scores, alpha)],
    )


def _scored_figures(
    matrix: ResponseMatrix, scores: Floats, division: Groups
) -> dict[str, ItemFigures]:
    difficulty = statistics.difficulty(scores)
    total = statistics.point_biserial(scores)
    rest = statistics.rest_scores(scores)
    corrected = statistics.correlations(scores, rest)
    deleted = statistics.alpha_if_deleted(scores)
    spread = statistics.discrimination(scores, division)
    size = division.size or 1
    upper, lower = division.upper @ scores / size, division.lower @ scores / size
    totals = scores.sum(axis=1)
    found = {}
    for place, item in enumerate(matrix.scored):
        options = _options(item, totals, rest[:, place], division)
        flags, about = _flags(item, options, _number(corrected[place]))
        found[item.name] = ItemFigures(
            item=item.name,
            key=item.key,
            n_correct=int((item.scores == 1).sum()),
            difficulty=_number(difficulty[place]),
            point_biserial=_number(total[place]),
            point_biserial_corrected=_number(corrected[place]),
            alpha_if_deleted=deleted[place],
            disc_27=Discrimination(
                _number(spread[place]), _number(upper[place]), _number(lower[place])
            ),
            omitted=item.omitted,
            options=options,
            flags=flags,
            flagged_options=about,
        )
    return found


def _unscored(item: ItemResponses, totals: Floats, division: Groups) -> ItemFigures:
    return ItemFigures(
        item=item.name, key=None, n_correct=None, difficulty=None, point_biserial=None,
        point_biserial_corrected=None, alpha_if_deleted=None,
        disc_27=Discrimination(None, None, None), omitted=item.omitted,
        options=_options(item, totals, totals, division), flags=[], flagged_options=[],
    )  # fmt: skip


def _options(
    item: ItemResponses, totals: Floats, rest: Floats, division: Groups
) -> dict[str, OptionFigures]:
    if not item.options:
        return {}
    chose = (item.chosen[:, np.newaxis] == np.arange(len(item.options))).astype(np.float64)
    with_total = statistics.correlations(chose, totals)
    with_rest = statistics.correlations(chose, rest)
    counts = chose.sum(axis=0)
    sums = totals @ chose
    upper, lower = division.upper @ chose, division.lower @ chose
    return {
        option: OptionFigures(
            count=int(counts[place]),
            mean_total=_number(sums[place] / counts[place]) if counts[place] else None,
            point_biserial=_number(with_total[place]),
            point_biserial_rest=_number(with_rest[place]),
            upper_expected=float(upper[place]),
            lower_expected=float(lower[place]),
        )
        for place, option in enumerate(item.options)
    }


def _flags(
    item: ItemResponses, options: dict[str, OptionFigures], corrected: float | None
) -> tuple[list[Flag], list[str]]:
    """What is to be looked at, and the wrong answers that it is about.

    A key is suspected when the item's corrected point-biserial is negative and a wrong answer's is
    positive: one alone happens by chance to one sound item in twenty at 30 takers. A distractor
    counts as dead when even the upper bound of its share is below 5 %.
    """
    takers = len(item.chosen)
    if evidence(takers) is not Evidence.ENOUGH:
        return [], []
    key = (item.key or "").strip().casefold()
    wrong = {option: figures for option, figures in options.items() if option.casefold() != key}
    flags, about = [], []
    better = [
        option for option, figures in wrong.items() if (figures.point_biserial_rest or 0.0) > 0
    ]
    if corrected is not None and corrected < 0 and better:
        flags.append(Flag.WRONG_KEY)
        about += better
    answered = int((item.chosen != OMITTED).sum())
    dead = [
        option
        for option, figures in wrong.items()
        if answered and statistics.largest_share(figures.count, answered) < WORKING_SHARE
    ]
    if dead:
        flags.append(Flag.DEAD_DISTRACTOR)
        about += dead
    return flags, list(dict.fromkeys(about))


def _undefined(scores: Floats, alpha: float | None) -> list[str]:
    """Why there is no reliability, in a sentence."""
    takers, items = scores.shape
    if alpha is not None:
        return []
    if takers == 0:
        return ["Nobody has taken this test: there is nothing to compute."]
    if items == 0:
        return ["No item has a key: nothing can be scored."]
    if items == 1:
        return ["One item has no inner consistency: there is no reliability to compute."]
    if takers == 1:
        return ["One taker has no variance: there is no reliability to compute."]
    return ["All takers have the same total: without variance there is no reliability to compute."]


def _number(value: float | np.floating) -> float | None:
    return None if np.isnan(value) else float(value)
