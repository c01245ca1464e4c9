"""How long writes have waited for each other within this process."""

from __future__ import annotations

from bisect import bisect_left

#: Upper bounds (seconds) of the buckets that waits are counted in; longer ones count in one more.
LOCK_BUCKETS = (0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)


class LockWaits:
    """Counts waits. Only whoever holds the lock adds one, so it needs no lock of its own."""

    def __init__(self) -> None:
        self._counts = [0] * (len(LOCK_BUCKETS) + 1)
        self._seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one wait."""
        self._counts[bisect_left(LOCK_BUCKETS, seconds)] += 1
        self._seconds += seconds

    def snapshot(self) -> tuple[int, float, tuple[int, ...]]:
        """How many waits, their sum (seconds), and how many fell into each bucket."""
        counts = tuple(self._counts)
        return sum(counts), self._seconds, counts
