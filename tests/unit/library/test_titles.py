"""Names and titles made fit to be shown, whatever they were."""

from __future__ import annotations

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyq.library.titles import LONGEST, clean_filename, clean_line, title_of

ANYTHING = st.text(st.characters(codec=None, exclude_categories=()), max_size=400)
SEPARATED = st.lists(ANYTHING, max_size=4).map("/".join)


def is_showable(text: str) -> bool:
    """Whether a text is one line without anything that hides or reorders."""
    return all(
        character == "\u200d" or unicodedata.category(character)[0] not in "C" for character in text
    ) and not any(character in text for character in "\n\r\u2028\u2029")


@given(ANYTHING)
def test_a_line_is_one_line_and_stays_as_it_is(text: str) -> None:
    line = clean_line(text)
    assert is_showable(line)
    assert line == line.strip()
    assert "  " not in line
    assert clean_line(line) == line
    line.encode("utf-8")


@given(st.text(string.ascii_letters + string.digits, max_size=50))
def test_plain_words_are_left_alone(text: str) -> None:
    assert clean_line(text) == text


@given(ANYTHING | SEPARATED)
def test_a_file_name_is_short_showable_and_no_path(name: str) -> None:
    cleaned = clean_filename(name)
    assert is_showable(cleaned)
    assert 1 <= len(cleaned) <= LONGEST
    assert "/" not in cleaned
    assert "\\" not in cleaned
    assert cleaned.strip(" .")
    assert clean_filename(cleaned) == cleaned


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=400))
def test_the_ending_survives_cutting(stem: str) -> None:
    assert clean_filename(f"{stem}.pdf").endswith(".pdf")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (None, "document"),
        ("", "document"),
        ("...", "document"),
        ("a/..", "a"),
        ("a/b\\c.pdf", "c.pdf"),
        ("a/", "a"),
        ("no\x00null.pdf", "no null.pdf"),
        ("\u202epdf.exe", "pdf.exe"),
        ("👩\u200d🔬.pdf", "👩\u200d🔬.pdf"),
    ],
)
def test_examples(sent: str | None, shown: str) -> None:
    assert clean_filename(sent) == shown


@pytest.mark.parametrize(
    ("filename", "title"),
    [
        ("cell_biology.pdf", "cell biology"),
        ("NOTES.PDF", "NOTES"),
        ("a.b.pdf", "a.b"),
        (".pdf", ".pdf"),
        ("___.pdf", "___.pdf"),
        ("plain", "plain"),
    ],
)
def test_titles_of_files(filename: str, title: str) -> None:
    assert title_of(filename) == title


@given(ANYTHING)
def test_every_file_has_a_title(name: str) -> None:
    assert title_of(clean_filename(name)).strip()
