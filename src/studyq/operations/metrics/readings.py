"""What parts of the service hand over when they are asked for their metrics."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from studyq.operations.metrics.catalogue import Metric


@dataclass(frozen=True)
class Times:
    """A histogram.

    Args:
        bounds: upper bounds (seconds, inclusive) of the buckets; longer times are in one more.
        counts: how many times fell into each, not added up.
        seconds: the sum of all times.
    """

    bounds: Sequence[float]
    counts: Sequence[int]
    seconds: float


@dataclass(frozen=True)
class Reading:
    """The value of one series.

    Args:
        values: of the metric's labels, in their order.
    """

    metric: Metric
    value: float | Times
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """Metrics that are told together, or not at all."""

    name: str
    read: Callable[[], Iterable[Reading]]


class Timing:
    """Counts times as they are measured. Whoever adds one sees to it that nobody else does."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._seconds += seconds

    def times(self) -> Times:
        """What was counted until now."""
        return Times(self._bounds, tuple(self._counts), self._seconds)
