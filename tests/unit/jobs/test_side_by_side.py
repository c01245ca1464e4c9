"""Parts of a job that are done side by side."""

from __future__ import annotations

import threading

import pytest

from studyq.jobs.side_by_side import Abandoned, Check, side_by_side


class Stop(Exception):
    """The job is to end."""


def no_end() -> None:
    """The job goes on."""


def test_each_part_is_done_once() -> None:
    with side_by_side(lambda part, _: part * 2, range(20), at_once=3, name="t") as running:
        assert sorted(running.results(no_end)) == [part * 2 for part in range(20)]


def test_what_is_in_work_is_abandoned_when_the_job_ends() -> None:
    begun, seen = threading.Semaphore(0), list[str]()

    def until_told(part: str, check: Check) -> None:
        begun.release()
        try:
            while True:
                check()
        except Abandoned:
            seen.append(part)
            raise

    def look() -> None:
        begun.acquire()
        begun.acquire()
        raise Stop

    with (
        pytest.raises(Stop),
        side_by_side(until_told, "abcd", at_once=2, name="t") as running,
    ):
        list(running.results(look))
    assert sorted(seen) == ["a", "b"]


def test_parts_taken_back_never_begin_and_those_in_work_end() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def held(part: int, _: Check) -> int:
        begun.set()
        go_on.wait()
        return part

    with side_by_side(held, range(5), at_once=1, name="t") as running:
        begun.wait()
        assert running.take_back() == [1, 2, 3, 4]
        go_on.set()
        assert list(running.results(no_end)) == [0]


def test_what_a_part_raises_is_raised_where_results_are_taken() -> None:
    def fails(part: int, _: Check) -> int:
        raise ValueError(part)

    with (
        pytest.raises(ValueError, match="7"),
        side_by_side(fails, [7], at_once=1, name="t") as running,
    ):
        list(running.results(no_end))
