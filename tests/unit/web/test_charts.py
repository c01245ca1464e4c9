"""The geometry of charts: nothing leaves the view box, nothing that happened is left out."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyq.web.pages.charts import (
    HEIGHT,
    Chart,
    Step,
    in_seconds,
    latency_chart,
    round_count,
    round_seconds,
    throughput_chart,
)

AT = datetime(2026, 11, 25, tzinfo=UTC)
TIMES = st.none() | st.floats(0, 1e6, allow_nan=False)
STEPS = st.lists(
    st.builds(
        Step,
        at=st.just(AT),
        completed=st.integers(0, 10**7),
        failed=st.integers(0, 10**7),
        wait_p95=TIMES,
        run_p95=TIMES,
    ),
    max_size=96,
)


def path(chart: Chart, name: str) -> str:
    return next((drawn.d for drawn in chart.paths if drawn.name == name), "")


def bars(d: str) -> list[tuple[float, float, float]]:
    """Left edge, foot and height of each bar."""
    found = re.findall(r"M([\d.]+) ([\d.]+)v-([\d.]+)h[\d.]+v[\d.]+z", d)
    return [(float(x), float(y), float(h)) for x, y, h in found]


class TestThroughput:
    def test_failed_jobs_stand_on_completed_ones(self) -> None:
        chart = throughput_chart([Step(AT), Step(AT, completed=6, failed=4)], "minute")
        assert chart.width == 2
        assert chart.top == "10 a minute"
        ((_, foot, height),) = bars(path(chart, "done"))
        assert (foot, height) == (HEIGHT, HEIGHT * 0.6)
        ((left, foot, height),) = bars(path(chart, "failed"))
        assert 1 < left < 2
        assert foot - height == pytest.approx(0)
        assert foot == pytest.approx(HEIGHT * 0.4)
        assert chart.summary == "6 completed, 4 failed, at most 10 a minute"

    def test_nothing_is_an_empty_chart(self) -> None:
        for steps in ([], [Step(AT)] * 60):
            chart = throughput_chart(steps, "minute")
            assert chart.paths == ()
            assert chart.summary.startswith("0 completed")

    @given(STEPS)
    def test_every_step_with_jobs_has_its_bar(self, steps: list[Step]) -> None:
        chart = throughput_chart(steps, "minute")
        for name, numbers in (
            ("done", [step.completed for step in steps]),
            ("failed", [step.failed for step in steps]),
        ):
            drawn = bars(path(chart, name))
            assert [int(left) for left, _, _ in drawn] == [
                place for place, number in enumerate(numbers) if number
            ]
            for left, foot, height in drawn:
                assert 0 <= left < chart.width
                assert 0 <= foot <= HEIGHT
                assert 0.75 <= height <= HEIGHT


class TestLatency:
    def test_a_line_is_broken_where_nothing_ran(self) -> None:
        runs = [1.0, 2.0, None, 0.5, None]
        chart = latency_chart([Step(AT, run_p95=run) for run in runs])
        assert path(chart, "wait") == ""
        assert path(chart, "run") == "M0.5 20.00L1.5 0.00M3 30.00h1"
        assert chart.top == "2 s"

    @given(STEPS)
    def test_lines_stay_within(self, steps: list[Step]) -> None:
        chart = latency_chart(steps)
        for drawn in chart.paths:
            for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", drawn.d):
                assert 0 <= float(x) <= chart.width
                assert 0 <= float(y) <= HEIGHT
            known = [s for s in steps if getattr(s, f"{drawn.name}_p95") is not None]
            assert len(re.findall("[ML]", drawn.d)) == len(known)


class TestScales:
    @given(st.integers(0, 10**9))
    def test_counts_end_at_a_round_number(self, most: int) -> None:
        top = round_count(most)
        assert top >= most
        assert top <= max(1, most * 2.5)
        assert str(top).rstrip("0") in ("1", "2", "25", "5")

    @given(st.floats(0, 1e7, allow_nan=False))
    def test_times_end_where_people_count(self, longest: float) -> None:
        assert round_seconds(longest) >= longest

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [(0.0, "0 ms"), (0.0123, "12 ms"), (0.9999, "1 s"), (1.44, "1.4 s"), (9.97, "10 s"),
         (59.6, "60 s"), (120.0, "2 min"), (3600.0, "60 min"), (7200.0, "2 h"), (9000.0, "2.5 h")],
    )  # fmt: skip
    def test_times_in_words(self, seconds: float, words: str) -> None:
        assert in_seconds(seconds) == words
