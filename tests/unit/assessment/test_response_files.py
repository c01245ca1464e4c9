"""Response matrices as they come: separators, gaps, twice, and wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyq.assessment import response_files
from studyq.assessment.response_files import FileUnreadable, read_responses

KEY = b"item,key\ni1,A\ni2,B\n"


def test_what_a_spreadsheet_saves() -> None:
    matrix = read_responses("\ufeffstudent;i1;i2\r\ns1;A;B\r\n\r\ns2;A;C\r\n".encode(), KEY)
    assert matrix.takers == ("s1", "s2")
    assert matrix.scores().tolist() == [[1, 1], [1, 0]]
    assert matrix.warnings == ()


def test_case_and_outer_spaces_do_not_count_and_empty_is_omitted() -> None:
    key = b"i1,A\ni2,B\ni3,C\n"
    matrix = read_responses(b"t,i1,i2,i3\none,A,B,C\ntwo,a, B ,\nthree,,Z,C\n", key)
    assert matrix.scores().tolist() == [[1, 1, 1], [1, 1, 0], [0, 0, 1]]
    assert [item.omitted for item in matrix.items] == [1, 0, 1]
    assert matrix.items[1].options == ("B", "Z")


def test_without_a_key_answers_are_scores() -> None:
    matrix = read_responses(b"t\ti1\ti2\na\t1\t0\nb\t\t1\n")
    assert matrix.scores().tolist() == [[1, 0], [0, 1]]
    with pytest.raises(FileUnreadable, match="neither 0 nor 1"):
        read_responses(b"t,i1\na,A\n")


def test_who_comes_twice_counts_once_and_is_told() -> None:
    matrix = read_responses(b"t,i1,i2\ns1,A,B\ns1,C,C\ns2,A\n", KEY)
    assert matrix.scores().tolist() == [[1, 1], [1, 0]]
    assert matrix.warnings == (
        "Takers that came again were passed over: line 3.",
        "Answers missing at the end of a row count as omitted: line 4.",
    )


def test_an_item_without_key_is_not_scored() -> None:
    matrix = read_responses(b"t,i1,i2\ns1,A,B\n", b"item,key\ni1,A\ni2,\n")
    assert [item.name for item in matrix.scored] == ["i1"]
    assert "“i2”: not scored" in matrix.warnings[0]


def test_nobody_is_an_empty_matrix() -> None:
    assert read_responses(b"t,i1,i2\n", KEY).scores().shape == (0, 2)


def test_a_key_of_several_letters_matches_as_a_whole() -> None:
    matrix = read_responses(b"t,i1\na,AB\nb,A\nc,ab\n", b"i1,AB\n")
    assert matrix.scores()[:, 0].tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("content", "key", "told"),
    [
        (b"", KEY, "Line 1 of the responses: it needs a column"),
        (b"t\na\n", KEY, "Line 1 of the responses: it needs a column"),
        (b"t,i1,i1\na,A,A\n", KEY, "column 3 has the name of another"),
        (b"t,i1,\na,A,A\n", KEY, "column 3 has no name"),
        (b"t,i1,i2\na,A,B,C\n", KEY, "Line 2 of the responses: 3 answers to 2 items"),
        (b"t,i1,i2\n,A,B\n", KEY, "Line 2 of the responses: its taker has no name"),
        (b"t,i1,i2\na,\xe4,B\n", KEY, "Line 2 of the responses: this is not UTF-8"),
        ("t,i1\na,A\n".encode("utf-16"), KEY, "this is not UTF-8"),
        (b"t,i1,i2\na,A\0,B\n", KEY, "hold NUL"),
        (b't,i1,i2\na,"A,B\n', KEY, "unexpected end of data"),
        (b"t,i1,i2\na," + b"A" * 2000 + b",B\n", KEY, "more than 1,000 characters"),
        (b"t,i1,i2\na,A,B\n", b"", "The key is empty"),
        (b"t,i1,i2\na,A,B\n", b"item,key\ni9,A\n", "no column of the responses is named “i9”"),
        (b"t,i1,i2\na,A,B\n", b"i1,A\ni1,B\n", "Line 2 of the key: “i1” has two keys"),
        (b"t,i1,i2\na,A,B\n", b"i1\n", "it needs two columns"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_names_line_and_reason(content: bytes, key: bytes, told: str) -> None:
    with pytest.raises(FileUnreadable, match=told):
        read_responses(content, key)


def test_too_many_answers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_files, "MAX_ANSWERS", 3)
    with pytest.raises(FileUnreadable, match="more than 3 answers"):
        read_responses(b"t,i1,i2\na,A,B\nb,A,B\n", KEY)


@given(st.binary(max_size=200), st.none() | st.binary(max_size=60))
def test_bytes_are_read_or_refused(content: bytes, key: bytes | None) -> None:
    try:
        matrix = read_responses(content, key)
    except FileUnreadable:
        return
    assert matrix.scores().shape == (len(matrix.takers), len(matrix.scored))
