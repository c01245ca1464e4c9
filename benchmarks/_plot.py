"""Lines over minutes as an SVG that can be read on light and on dark pages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 150  #: of a panel's plot, without its margins
LEFT, RIGHT, TOP, BOTTOM = 56, 60, 34, 26
COLOURS = ("#3a6ea5", "#b5651d")
GREY = "#808080"


@dataclass(frozen=True)
class Panel:
    """A plot of its own scale.

    Args:
        minutes: places on the x axis, ascending.
        lines: names, each with a value for each minute.
    """

    title: str
    minutes: Sequence[float]
    lines: Mapping[str, Sequence[float]]


def plot(panels: Sequence[Panel]) -> str:
    """Draw panels one below the other; the y axes begin at 0, so that a slope looks like one."""
    step = TOP + HEIGHT + BOTTOM
    width, height = LEFT + WIDTH + RIGHT, step * len(panels)
    drawn = "".join(
        f'<g transform="translate({LEFT} {number * step + TOP})">{_panel(panel)}</g>'
        for number, panel in enumerate(panels)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12" '
        f'fill="{GREY}">{drawn}</svg>\n'
    )


def _panel(panel: Panel) -> str:
    top = nice(max(max(values) for values in panel.lines.values()))
    end = panel.minutes[-1]
    parts = [f'<text x="0" y="-12" font-weight="bold">{escape(panel.title)}</text>']
    for share in (0.0, 0.5, 1.0):
        y = HEIGHT * (1 - share)
        parts.append(f'<path d="M0 {y:.1f}H{WIDTH}" stroke="{GREY}" stroke-opacity=".35"/>')
        parts.append(f'<text x="-8" y="{y + 4:.1f}" text-anchor="end">{top * share:g}</text>')
    for minute in range(0, round(end) + 1, max(1, round(end / 5))):
        x = WIDTH * minute / end
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT + 18}" text-anchor="middle">{minute} min</text>'
        )
    for (name, values), colour in zip(panel.lines.items(), COLOURS, strict=False):
        points = " ".join(
            f"{WIDTH * minute / end:.1f},{HEIGHT * (1 - value / top):.1f}"
            for minute, value in zip(panel.minutes, values, strict=True)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        )
        y = HEIGHT * (1 - values[-1] / top) + 4
        parts.append(f'<text x="{WIDTH + 8}" y="{y:.1f}" fill="{colour}">{escape(name)}</text>')
    return "".join(parts)


def nice(value: float) -> float:
    """The next of 1, 2, 5, 10, 20… that is not below a value."""
    unit = 10 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next(step * unit for step in (1, 2, 5, 10) if step * unit >= value)
