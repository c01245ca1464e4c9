"""Charts of what a queue did, drawn as SVG paths: bars of jobs that ended, lines of their times.

The view box is one unit wide a step and `HEIGHT` high, so a chart can be drawn as wide as there is
room. Scales end at a round number, which is told beside the chart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

HEIGHT = 40
BAR = 0.76  #: width of a bar as a part of its step

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
_ROUND_SECONDS = (
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0,
    1200.0, 1800.0, 3600.0, 7200.0, 14_400.0, 43_200.0, 86_400.0,
)  # fmt: skip


class Step(Struct, frozen=True):
    """What a queue did within one step of time; times in seconds, None where nothing is known."""

    at: datetime
    enqueued: int = 0
    completed: int = 0
    failed: int = 0
    wait: float | None = None
    wait_p95: float | None = None
    run: float | None = None
    run_p95: float | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing happened."""
        return not (self.enqueued or self.completed or self.failed) and self.run is None


class ChartPath(Struct, frozen=True):
    """One series: a CSS class and an SVG path."""

    name: str
    d: str


class Chart(Struct, frozen=True):
    """A drawn chart.

    Attributes:
        width: Of the view box; as many units as there are steps.
        top: What the upper edge stands for, in words.
        summary: What is seen, in words, for whoever does not see it.
    """

    width: int
    paths: tuple[ChartPath, ...]
    top: str
    summary: str


def throughput_chart(steps: Sequence[Step], each: str) -> Chart:
    """Draws how many jobs ended in each step: failed ones on top of completed ones.

    Args:
        each: How long a step is, in words: `minute`.
    """
    top = round_count(max((step.completed + step.failed for step in steps), default=0))
    done = [bar(place, 0, step.completed, top) for place, step in enumerate(steps)]
    failed = [bar(place, step.completed, step.failed, top) for place, step in enumerate(steps)]
    ended, amiss = sum(step.completed for step in steps), sum(step.failed for step in steps)
    most = max((step.completed + step.failed for step in steps), default=0)
    return Chart(
        width=len(steps),
        paths=_series(("done", "".join(done)), ("failed", "".join(failed))),
        top=f"{top:,} a {each}",
        summary=f"{ended:,} completed, {amiss:,} failed, at most {most:,} a {each}",
    )


def latency_chart(steps: Sequence[Step]) -> Chart:
    """Draws how long 95 of 100 jobs waited and ran at most, step by step."""
    times = [time for step in steps for time in (step.wait_p95, step.run_p95) if time is not None]
    longest = max(times, default=0.0)
    top = round_seconds(longest)
    waits = _line(steps, lambda step: step.wait_p95, top)
    runs = _line(steps, lambda step: step.run_p95, top)
    summary = "nothing ran"
    if times:
        longest_wait = max((step.wait_p95 or 0.0 for step in steps), default=0.0)
        longest_run = max((step.run_p95 or 0.0 for step in steps), default=0.0)
        summary = (
            f"95 of 100 jobs waited {in_seconds(longest_wait)} and ran "
            f"{in_seconds(longest_run)} at most, at the worst"
        )
    return Chart(len(steps), _series(("wait", waits), ("run", runs)), in_seconds(top), summary)


def round_count(most: int) -> int:
    """The next of 1, 2, 5, 10, 20, 25, 50, 100 … that is not below a number."""
    if most <= 1:
        return 1
    power = 10 ** math.floor(math.log10(most))
    return int(next(step * power for step in _ROUND if step * power >= most))


def round_seconds(longest: float) -> float:
    """The next length of time that people count in, not below one; at least 10 ms."""
    days = math.ceil(longest / 86_400) * 86_400.0
    return next((time for time in _ROUND_SECONDS if time >= longest), days)


def in_seconds(seconds: float) -> str:
    """A time as it is read on a chart: `20 ms`, `1.4 s`, `2 min`, `3 h`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f}".removesuffix(".0") + " h"


def _series(*series: tuple[str, str]) -> tuple[ChartPath, ...]:
    return tuple(ChartPath(name, d) for name, d in series if d)


def _y(value: float, top: float) -> float:
    return HEIGHT * (1 - min(1.0, value / top))


def bar(place: int, below: int, number: int, top: int) -> str:
    """The path of a bar that stands on another one; nothing for a number of 0."""
    if not number:
        return ""
    foot, head = _y(below, top), _y(below + number, top)
    # The least of them is a hair that can be seen.
    height = max(foot - head, 0.75)
    left = place + (1 - BAR) / 2
    return f"M{left:.2f} {foot:.2f}v-{height:.2f}h{BAR}v{height:.2f}z"


def _line(steps: Sequence[Step], value: Callable[[Step], float | None], top: float) -> str:
    """A line through the middle of each step that has a value, broken where none has.

    A step between two without a value is a line as long as itself, which a point would not be.
    """
    values = [value(step) for step in steps]
    parts: list[str] = []
    for place, at in enumerate(values):
        if at is None:
            continue
        y = f"{_y(at, top):.2f}"
        after_gap = place == 0 or values[place - 1] is None
        before_gap = place == len(values) - 1 or values[place + 1] is None
        if after_gap and before_gap:
            parts.append(f"M{place} {y}h1")
        else:
            parts.append(f"{'M' if after_gap else 'L'}{place + 0.5} {y}")
    return "".join(parts)
