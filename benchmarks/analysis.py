"""Tests: statistics against R's figures and by simulation, a large test, many takers at once.

Sound items follow a two-parameter logistic model: ability and difficulty standard normal,
discrimination log-normal around 1 and at least 0.4, three distractors that attract 15 to 60 % of
those who are wrong. A sitting of 20 such items is simulated again and again.
"""

from __future__ import annotations

import math
import multiprocessing
import resource
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks._running import DATA, percentile, server, verdict
from benchmarks._sittings import TAKERS, response_times
from studyq.assessment.item_analysis import FLAGGED_FROM, PROVISIONAL_FROM, analyse
from studyq.assessment.response_files import read_responses
from studyq.assessment.response_matrix import ItemResponses, ResponseMatrix
from studyq.assessment.statistics import beta_interval, wilson

STUDENTS = 10_000
ITEMS = 20
SITTINGS = 400
OPTIONS = ("A", "B", "C", "D")
#: In the reference files, but about how they were made, or another program's name for a figure.
NOT_OURS = {"name", "source", "scoring", "reference", "tolerance", "kr20_mixed_variance_bug",
            "psych_raw.r", "psych_r.drop"}  # fmt: skip


def reference_differences() -> Iterator[tuple[str, int, float]]:
    """Of each reference file: its name, how many figures it has, and the largest difference."""
    for expected in sorted((DATA / "items").glob("*_expected.json")):
        name = expected.name.removesuffix("_expected.json")
        key = expected.with_name(f"{name}_key.csv").read_bytes()
        for responses in sorted(expected.parent.glob(f"{name}*_responses.csv")):
            found = msgspec.to_builtins(analyse(read_responses(responses.read_bytes(), key)))
            told = msgspec.json.decode(expected.read_bytes())
            differences = list(_differences(found, told))
            yield responses.stem, len(differences), max(differences)


def _differences(found: Any, told: Any) -> Iterator[float]:
    if isinstance(told, dict):
        for name, value in told.items():
            # The range that other rules for ties would give; ours is the expected value.
            if name in NOT_OURS or (name in ("min", "max") and "p_upper" in told):
                continue
            if name.endswith(("_min", "_max")):
                continue
            yield from _differences(found[name], value)
    elif isinstance(told, list):
        for mine, theirs in zip(found, told, strict=True):
            yield from _differences(mine, theirs)
    elif isinstance(told, int | float):
        yield abs(found - told)
    elif found != told:
        yield math.inf


def interval_coverage() -> tuple[float, float]:
    """How often the intervals hold the true share, over students of all abilities.

    Returns:
        Of Wilson's for a score on 40 items, and of Beta's for a section of 1 to 15.
    """
    random = np.random.default_rng(1)
    inside = [0, 0]
    for share in random.random(STUDENTS):
        section = int(random.integers(1, 16))
        for place, (items, interval) in enumerate(((40, wilson), (section, beta_interval))):
            found = interval(float(random.binomial(items, share)), items)
            inside[place] += found.lower <= share <= found.upper
    return inside[0] / STUDENTS, inside[1] / STUDENTS


def simulated(takers: int, random: np.random.Generator) -> ResponseMatrix:
    """A sitting of sound items."""
    ability = random.normal(size=(takers, 1))
    slope = np.maximum(0.4, random.lognormal(0, 0.3, ITEMS))
    right = random.random((takers, ITEMS)) < 1 / (
        1 + np.exp(-slope * (ability - random.normal(size=ITEMS)))
    )
    items = []
    for place in range(ITEMS):
        appeal = random.uniform(0.15, 0.6, 3)
        wrong = random.choice([1, 2, 3], takers, p=appeal / appeal.sum())
        chosen: NDArray[np.int16] = np.where(right[:, place], 0, wrong).astype(np.int16)
        items.append(
            ItemResponses(f"i{place}", "A", OPTIONS, chosen, right[:, place].astype(np.float64))
        )
    return ResponseMatrix(tuple(str(taker) for taker in range(takers)), tuple(items))


def flagged_share(takers: int) -> float:
    """The share of sound items that are flagged."""
    random = np.random.default_rng(takers)
    flagged = sum(
        bool(item.flags)
        for _ in range(SITTINGS)
        for item in analyse(simulated(takers, random)).items
    )
    return flagged / (SITTINGS * ITEMS)


def large_test(takers: int = 10_000, items: int = 100) -> tuple[float, float]:
    """Seconds and MB (peak of a process of its own) from a file's bytes to all figures."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_large_test, (takers, items))


def _large_test(takers: int, items: int) -> tuple[float, float]:
    random = np.random.default_rng(1)
    letters = random.choice(np.array(OPTIONS), (takers, items), p=[0.6, 0.2, 0.15, 0.05])
    names = [f"i{place}" for place in range(items)]
    rows = [["student", *names], *([f"s{n}", *row] for n, row in enumerate(letters.tolist()))]
    content = "\n".join(map(",".join, rows)).encode()
    key = "\n".join(f"{name},A" for name in names).encode()
    del letters, rows
    start = time.perf_counter()
    analyse(read_responses(content, key))
    seconds = time.perf_counter() - start
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the figures."""
    for name, count, largest in reference_differences():
        verdict(f"{name}: largest difference of {count} figures from R", largest, 1e-6)
    score, section = interval_coverage()
    for what, share in (("Wilson, a score", score), ("Beta, a section", section)):
        verdict(f"{what}: intervals that hold the true share", share, 0.93, at_least=True)
        verdict(f"{what}: the same", share, 0.97)
    verdict("sound items flagged at 30 takers", flagged_share(FLAGGED_FROM), 0.08)
    verdict("sound items flagged at 9 takers", flagged_share(PROVISIONAL_FROM - 1), 0)
    seconds, megabytes = large_test()
    verdict("10,000 takers × 100 items, s", seconds, 2)
    verdict("10,000 takers × 100 items, MB at the peak", megabytes, 300)
    with server(embedding="none") as running:
        times = response_times(running)
    print(f"{len(times)} responses of {TAKERS} takers: median {percentile(times, 0.5):.1f} ms")
    verdict("response saved and acknowledged, p95, ms", percentile(times, 0.95), 50)
