from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from card_sources import make_source
from studyq.cards.drafts import Draft
from studyq.cards.grounding import Grounded, ground, numbers
from studyq.text.quotes import find_quote

PAGES = (
    "The mitochondrion was first seen in 1857.\nIt is the power house of the cell and\n"
    "makes most of its energy.",
    "Ribosomes make proteins. A ribosome is a ma-\nchine of RNA and protein with a mass of\n"
    "2,500 kilodaltons.",
)
SOURCE = make_source(PAGES)


def draft(quote: str, page: int | None = None, back: str = "answer", chunk: int = 0) -> Draft:
    return Draft("basic", "Question?", back, quote, page, chunk_id=chunk or None)


def found(card: Draft) -> Grounded:
    place = ground(card, SOURCE, (101, 102))
    assert isinstance(place, Grounded), place
    return place


def test_a_quote_is_found_over_line_ends_and_hyphens() -> None:
    place = found(draft("A ribosome is a machine of RNA and protein", 2))
    assert place.page == 2 and place.label == "p2"
    assert place.quote == "A ribosome is a machine of RNA and protein"
    assert len(place.rectangles) == 2
    assert place.chunk is not None and place.chunk.id == 102


def test_the_quote_kept_is_what_the_page_says() -> None:
    place = found(draft("It is tha power hause of the cell and makes most of its energy", 1))
    assert place.quote == "It is the power house of the cell and makes most of its energy."


def test_a_wrong_page_is_mended_from_the_chunk_and_else_refused() -> None:
    assert found(draft("Ribosomes make proteins", 1, chunk=102)).page == 2
    assert ground(draft("Ribosomes make proteins", 1), SOURCE, (101,)) == "quote_not_found"
    assert found(draft("Ribosomes make proteins")).page == 2


def test_what_is_not_there_is_refused() -> None:
    assert ground(draft("Chloroplasts turn light into sugar", 1), SOURCE) == "quote_not_found"
    assert ground(draft("  ", 1), SOURCE) == "quote_missing"
    assert ground(draft("of the", 1), SOURCE) == "quote_too_short"
    assert ground(draft("The mitochondrion was", 99), SOURCE) == "quote_not_found"


def test_numbers_of_the_answer_must_be_quoted() -> None:
    quote = "The mitochondrion was first seen in 1857"
    assert found(draft(quote, 1, "1857")).page == 1
    assert ground(draft(quote, 1, "1875"), SOURCE) == "number_not_in_quote"
    assert found(draft("with a mass of 2,500 kilodaltons", 2, "2500 kDa")).page == 2


def test_numbers_are_told_in_any_script_and_notation() -> None:
    assert numbers("1,234,567 and 3.25 and ٢٠١٥") == {"1234567", "3.25", "2015"}
    assert numbers("1. one\n2. two") == frozenset()


@given(st.integers(0, 5), st.integers(3, 12))
def test_any_run_of_words_of_a_page_is_found_there(first: int, length: int) -> None:
    words = PAGES[0].split()[first : first + length]
    place = found(draft(" ".join(words), 1))
    again = find_quote(PAGES[0], place.quote)
    assert again is not None and again.score == 1.0
    assert PAGES[0][place.start : place.end].split()[0].strip(".") == words[0].strip(".")


@given(st.text(max_size=200), st.text(max_size=30))
def test_nothing_said_can_break_it(quote: str, back: str) -> None:
    place = ground(Draft("basic", "Q?", back, quote, 1), SOURCE, (101,))
    if isinstance(place, Grounded):
        assert find_quote(PAGES[0], place.quote) is not None
