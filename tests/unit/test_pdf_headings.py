"""Headings by size: few and right rather than many."""

from __future__ import annotations

from studyq.pdf.headings import SizedLine, find_headings

BODY = "The rate of a reaction depends on temperature and on the amount of enzyme."


def page(*lines: tuple[str, float]) -> list[SizedLine]:
    result, offset = [], 0
    for text, size in lines:
        result.append((offset, text, size))
        offset += len(text) + 1
    return result


def find(*lines: tuple[str, float], end: float | None = None) -> list[tuple[str, int]]:
    sized = page(*lines)
    found = find_headings(sized, lambda n: sized[n][2] if end is None else end)
    assert {start for start, _, _ in found} <= {start for start, _, _ in sized}
    return [(title, level) for _, title, level in found]


def body(count: int = 8) -> list[tuple[str, float]]:
    return [(BODY, 10.0)] * count


def test_levels_follow_the_size() -> None:
    lines = [("Chapter 3", 20.0), *body(), ("Enzymes", 15.0), *body(), ("Rates", 12.0), *body()]
    assert find(*lines) == [("Chapter 3", 1), ("Enzymes", 2), ("Rates", 3)]


def test_a_heading_may_take_two_lines() -> None:
    assert find(("Proteins and what", 15.0), ("they are made of", 15.0), *body()) == [
        ("Proteins and what they are made of", 2)
    ]


def test_a_paragraph_among_smaller_print_is_no_heading() -> None:
    assert find(*[(BODY[:40], 12.0)] * 4, *[(BODY, 8.0)] * 20) == []


def test_slides_without_body_have_no_headings() -> None:
    assert find(("Enzymes", 28.0), ("catalyse", 20.0), ("are proteins", 20.0)) == []


def test_a_page_full_of_large_lines_has_no_headings() -> None:
    lines = []
    for number in range(8):
        lines += [(f"Large line number {number}", 14.0), *body(1)]
    assert find(*lines) == []


def test_large_initials_numbers_leaders_and_sentences_are_no_headings() -> None:
    assert find(("Once upon a time", 30.0), *body(), end=10.0) == []
    assert find(("12", 20.0), *body()) == []
    assert find(("Enzymes . . . . . . 12", 12.0), *body()) == []
    assert find((BODY, 12.0), *body(12)) == []
    assert find(("continued from above", 12.0), *body(12)) == []


def test_other_scripts_have_headings() -> None:
    assert find(("\u5e8f\u8a00", 20.0), *body()) == [("\u5e8f\u8a00", 1)]
