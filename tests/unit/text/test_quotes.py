import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyq.text.quotes import MATCH_SCORE, find_quote, snippet

PAGE = (
    "The Rhine is the lon-\ngest river in “Germany”. It \ufb02ows through Köln,\r\nwhere it is "
    "party time, and on to Rotterdam; there it meets the sea."
)


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ('longest river in "Germany"', "lon-\ngest river in “Germany"),
        ("flows through koln", "\ufb02ows through Köln"),
        ("IT FLOWS", "It \ufb02ows"),
        ("it", "It"),
    ],
)
def test_exact_quotes(quote: str, found: str) -> None:
    match = find_quote(PAGE, quote)
    assert match is not None
    assert (PAGE[match.start : match.end], match.score) == (found, 1.0)


def test_near_quotes_have_a_score() -> None:
    match = find_quote(PAGE, "river in Germany. It flows thorugh Köln")
    assert match is not None
    assert MATCH_SCORE <= match.score < 1
    assert "ows through" in PAGE[match.start : match.end]


@pytest.mark.parametrize("quote", ["art", "", " …", "a wholly different sentence", PAGE + PAGE])
def test_what_is_not_there_is_not_found(quote: str) -> None:
    assert find_quote(PAGE, quote) is None


def test_chinese_quotes_match_within_a_run() -> None:
    match = find_quote("德国军队重新\n占领莱茵兰。", "新占领")
    assert match is not None
    assert (match.start, match.end) == (5, 9)


@given(st.text(max_size=80), st.text(min_size=1, max_size=40), st.text(max_size=80))
def test_offsets_are_in_the_text(before: str, quote: str, after: str) -> None:
    page = f"{before} {quote} {after}"
    match = find_quote(page, quote)
    if match is not None:
        assert 0 <= match.start < match.end <= len(page)
    elif any(character.isascii() and character.isalnum() for character in quote):
        pytest.fail("a quote between spaces was not found")


def test_snippets_show_and_mark_what_was_asked() -> None:
    text = (
        "Nothing here at all. " * 30 + "Tributaries of the Rhine: Neckar, Main. " + "Padding. " * 40
    )
    cut = snippet(text, ["tributary", "rhine", "main"], width=120)
    assert [cut.text[a:b] for a, b in cut.marks] == ["Tributaries", "Rhine", "Main"]
    assert cut.text.startswith("…") and cut.text.endswith("…")
    assert len(cut.text) <= 125


def test_snippets_of_scripts_without_spaces() -> None:
    cut = snippet("协约国于1930年撤离莱茵兰。" * 3, ["撤离", "莱茵"], width=500)
    assert [cut.text[a:b] for a, b in cut.marks] == ["撤离", "莱茵"] * 3


@given(st.text(max_size=400), st.lists(st.text(max_size=8), max_size=5), st.integers(20, 200))
def test_marks_are_in_the_snippet(text: str, terms: list[str], width: int) -> None:
    cut = snippet(text, terms, width)
    assert all(0 <= start < end <= len(cut.text) for start, end in cut.marks)
    assert cut.text.strip("…") in text
