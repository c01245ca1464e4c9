"""Pages of a plain text: nothing is lost, none is too long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studyq.library.paging import PAGE_CHARS, split_into_pages

PIECES = st.sampled_from(
    ["word ", "Ends. ", "\n", "\n\n", "\f", "x" * 700, "光合作用。", " ", "\r\n", "\x00", "\ud800"]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=300)


def letters(text: str) -> str:
    """A text without its white space and what cannot be stored."""
    kept = "".join(text.split())
    return "".join(c for c in kept if c != "\x00" and not "\ud800" <= c <= "\udfff")


@given(TEXTS)
def test_nothing_is_lost_or_repeated(text: str) -> None:
    assert letters("".join(split_into_pages(text))) == letters(text)


@given(TEXTS)
def test_no_page_is_too_long(text: str) -> None:
    pages = split_into_pages(text * 4)
    assert all(len(page) <= PAGE_CHARS * 3 // 2 for page in pages)


@given(TEXTS)
def test_a_text_without_letters_has_no_pages(text: str) -> None:
    assert bool(split_into_pages(text)) == bool(letters(text))


@given(st.lists(st.text(st.characters(categories=["L"]), min_size=1, max_size=20), min_size=1))
def test_form_feeds_part_pages(parts: list[str]) -> None:
    assert split_into_pages("\f".join(parts)) == parts


def test_pages_end_between_paragraphs_where_they_can() -> None:
    paragraph = "A sentence of some length. " * 20
    pages = split_into_pages("\n\n".join([paragraph.strip()] * 12))
    assert len(pages) > 1
    assert all(page.endswith("length.") and page.startswith("A sentence") for page in pages)


def test_a_text_without_any_break_is_cut_all_the_same() -> None:
    pages = split_into_pages("x" * 10_000)
    assert "".join(pages) == "x" * 10_000
    assert all(len(page) <= PAGE_CHARS * 3 // 2 for page in pages)


def test_line_ends_of_all_systems_are_one() -> None:
    assert split_into_pages("a\r\nb\rc\nd") == ["a\nb\nc\nd"]
