"""When a failed attempt is tried again."""

from __future__ import annotations

import random

BASE = 2.0  #: seconds before the first retry
JITTER = 0.1  #: share by which a delay may differ, so that jobs failing together spread out


def backoff(attempt: int, *, uniform: float | None = None) -> float:
    """Seconds to wait after a failed attempt: ``2 s × 2^(attempt − 1)``, ± 10 %.

    Args:
        attempt: the attempt that failed, from 1.
        uniform: a number from 0 to 1 in place of a random one.
    """
    share = random.random() if uniform is None else uniform  # noqa: S311  # no secret
    return BASE * 2.0 ** (min(attempt, 16) - 1) * (1 + JITTER * (2 * share - 1))
