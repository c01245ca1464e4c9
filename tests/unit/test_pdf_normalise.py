"""Normalised text, and the way back to pdfium's characters."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyq.pdf.normalise import clean, clean_text, decode_units, is_plain, split_lines

# What fonts without a sane character map produce, mixed with ordinary text.
ODD = st.sampled_from(
    "\x00\x07\t\r\n \xa0\xad\u200f\u202e\u2028\ud800\udfff\ufb01\ufeff\ufffe\uffff\x1c"
)
UNITS = st.text(st.one_of(ODD, st.characters(max_codepoint=0xFFFF)), max_size=80)


@pytest.mark.parametrize(
    ("units", "text"),
    [
        ("  plain text ", "plain text"),
        ("a \t\u3000 b\xa0c", "a b c"),
        ("\ufb01nd the e\ufb03cient \ufb02ow", "find the efficient flow"),
        ("\x1cnd the \x1cle", "find the file"),
        ("a\x00b\x07c\ufeffd\uffffe", "abcde"),
        ("safe\u202eevil", "safeevil"),
        ("x \ud835\udc65 y", "x \U0001d465 y"),
        ("lone \ud835 and \udc65", "lone and"),
        ("co\xadoperate", "cooperate"),
        ("\u0645\u0631\u062d \u4e2d\u6587", "\u0645\u0631\u062d \u4e2d\u6587"),
        ("\x01 \x02", ""),
    ],
)  # fmt: skip
def test_clean(units: str, text: str) -> None:
    assert clean(units)[0] == text


@given(UNITS)
def test_clean_text_is_storable_and_settled(units: str) -> None:
    text, _ = clean(units)
    text.encode("utf-8")
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in text)
    assert text == text.strip()
    assert "  " not in text
    assert clean(text.encode("utf-16-le").decode("utf-16-le"))[0] == text


@given(UNITS)
def test_each_character_knows_the_unit_it_comes_from(units: str) -> None:
    text, origins = clean(units)
    assert len(origins) == len(text)
    assert list(origins) == sorted(origins)
    for character, origin in zip(text, origins, strict=True):
        unit = units[origin]
        assert (
            character == unit
            or (character == " " and unit.isspace())
            or unit in "\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06\x1b\x1c\x1d\x1e\x1f"
            or "\ud800" <= unit <= "\udbff"
        )


@given(UNITS)
def test_plain_text_is_only_stripped(units: str) -> None:
    if is_plain(units):
        for line in split_lines(units):
            assert clean(line.units)[0] == line.units.strip(" ")


@given(UNITS)
def test_lines_cover_the_text(units: str) -> None:
    lines = list(split_lines(units))
    for line in lines:
        assert units[line.start : line.start + len(line.units)] == line.units
    rest = "".join(line.units for line in lines)
    assert rest == units.replace("\ufffe\r\n", "").replace("\r\n", "").replace("\ufffe", "")


def test_a_soft_line_end_joins_the_word() -> None:
    lines = list(split_lines("ig\ufffeneous\r\nrock"))
    assert [(line.units, line.start, line.joins) for line in lines] == [
        ("ig", 0, True),
        ("neous", 3, False),
        ("rock", 10, False),
    ]


@given(st.lists(st.integers(0, 0xFFFF), max_size=40))
def test_decoded_units_are_one_character_each(values: list[int]) -> None:
    data = b"".join(value.to_bytes(2, "little") for value in values)
    assert [ord(unit) for unit in decode_units(data)] == values


def test_clean_text_leaves_out_blank_lines() -> None:
    assert clean_text("one\r\n \r\ntwo\n\x00\nthree") == "one\ntwo\nthree"
