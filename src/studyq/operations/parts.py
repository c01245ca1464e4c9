"""What is said of one part of an instance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One part of an instance.

    Args:
        needed: whether the instance is unusable without it.
    """

    ok: bool
    reason: str
    next_step: str = ""
    needed: bool = True
