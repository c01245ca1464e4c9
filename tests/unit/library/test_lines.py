"""Rectangles of passages: packed without loss, and never outside their lines."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyq.library.lines import pack_lines, passage_rectangles

#: Packed as four bytes each, and answered to the hundredth of a point.
CLOSE = 0.02


@dataclass(frozen=True)
class Line:
    start: int
    end: int
    x0: float
    y0: float
    x1: float
    y1: float


@st.composite
def lines(draw: st.DrawFn) -> list[Line]:
    """Lines as a page has them: one behind the other in the text."""
    found, place = [], 0
    for _ in range(draw(st.integers(0, 8))):
        start = place + draw(st.integers(0, 3))
        place = start + draw(st.integers(0, 40))
        left, top = draw(st.floats(0, 500)), draw(st.floats(0, 800))
        right, bottom = left + draw(st.floats(0, 300)), top + draw(st.floats(0, 30))
        found.append(Line(start, place, left, top, right, bottom))
    return found


@given(lines(), st.integers(0, 200), st.integers(0, 200))
def test_rectangles_lie_within_their_lines(page: list[Line], start: int, end: int) -> None:
    touched = [
        line
        for line in page
        if start < end and line.start < end and line.end > start and line.end > line.start
    ]
    rectangles = passage_rectangles(7, pack_lines(page), start, end)
    assert len(rectangles) == len(touched)
    for box, line in zip(rectangles, touched, strict=True):
        assert box.page == 7
        assert line.x0 - CLOSE <= box.x0 <= box.x1 + CLOSE <= line.x1 + 2 * CLOSE
        assert box.y0 == pytest.approx(line.y0, abs=CLOSE)
        assert box.y1 == pytest.approx(line.y1, abs=CLOSE)


@given(lines())
def test_the_whole_page_gives_whole_lines(page: list[Line]) -> None:
    rectangles = passage_rectangles(1, pack_lines(page), 0, 10_000)
    full = [line for line in page if line.end > line.start]
    for box, line in zip(rectangles, full, strict=True):
        assert (box.x0, box.x1) == pytest.approx((line.x0, line.x1), abs=CLOSE)


@given(lines(), st.integers(0, 200))
def test_an_empty_passage_has_no_place(page: list[Line], place: int) -> None:
    assert passage_rectangles(1, pack_lines(page), place, place) == []


def test_a_line_is_cut_where_the_passage_enters_and_leaves() -> None:
    packed = pack_lines([Line(0, 10, 100.0, 50.0, 200.0, 62.0)])
    (box,) = passage_rectangles(1, packed, 2, 5)
    assert (box.x0, box.y0, box.x1, box.y1) == (120.0, 50.0, 150.0, 62.0)


def test_a_page_without_lines_packs_to_nothing() -> None:
    assert pack_lines([]) == b""
    assert passage_rectangles(1, b"", 0, 100) == []
