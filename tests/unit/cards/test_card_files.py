"""CSV and JSON of cards: what is written is read back, and what is no card is told by its place."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studyq.cards.card_files import LARGEST_FILE, MOST_CARDS, read_file
from studyq.cards.interchange import read_json, write_json, write_markdown
from studyq.cards.records import CardRecord
from studyq.cards.spreadsheet import COLUMNS, read_csv, write_csv
from studyq.library.errors import RefusedError

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=20)
LINES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1, max_size=12
).filter(str.strip)
WORDS = st.text("abc_:-=+@'é", min_size=1, max_size=8)
FORMULAS = st.builds("{}{}".format, st.sampled_from(["=", "+", "-", "@", "'=", "''+", "\t"]), CELLS)
RECORDS = st.builds(
    CardRecord,
    kind=st.sampled_from(["basic", "cloze", "choice"]),
    front=CELLS | FORMULAS,
    back=CELLS | FORMULAS,
    options=st.lists(LINES, max_size=4).map(tuple),
    tags=st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    guid=WORDS,
    state=st.sampled_from(["draft", "approved", "suspended", "rejected"]),
    title=CELLS | FORMULAS,
    page=st.none() | st.integers(1, 9999),
    page_label=CELLS,
    section=CELLS,
    quote=CELLS | FORMULAS,
)


@settings(deadline=None)
@given(st.lists(RECORDS, max_size=5))
def test_csv_is_read_back_as_it_was_written(records: list[CardRecord]) -> None:
    read = [row for _, row in read_csv(write_csv(records))]
    assert read == records


@settings(deadline=None)
@given(st.lists(RECORDS, max_size=5))
def test_json_is_read_back_as_it_was_written(records: list[CardRecord]) -> None:
    assert [row for _, row in read_json(write_json(records))] == records


@settings(deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=5))
def test_no_cell_of_a_csv_is_a_formula(records: list[CardRecord]) -> None:
    for row in list(csv.reader(io.StringIO(write_csv(records), newline="")))[1:]:
        assert not [cell for cell in row if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


def test_csv_follows_the_standard() -> None:
    record = CardRecord(kind="basic", front='Say "hi", please', back="a\nb", guid="g")
    text = write_csv([record])
    assert text.startswith(",".join(COLUMNS) + "\r\n")
    assert '"Say ""hi"", please"' in text
    assert text.endswith("\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "What?,That,bio cell\n",
        "Front;Back;Tags\r\nWhat?;That;bio cell",
        "tags\tANSWER\tquestion\nbio cell\tThat\tWhat?\n",
        'front,back,tags\n"What?",That,"bio, cell"\n\n',
        "\ufefffront,back,tags,extra\nWhat?,That,bio cell,left out\n",
    ],
)
def test_plain_files_of_others_are_read(text: str) -> None:
    (card,) = read_file(text.encode())
    assert (card.text.kind, card.text.front, card.text.back) == ("basic", "What?", "That")
    assert card.tags == ["bio", "cell"]


def test_cells_of_others_are_left_as_they_are() -> None:
    (card,) = read_file(b"front,back\n'=1+1,x\n")
    assert card.text.front == "'=1+1"


def refusal(content: bytes | str) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        read_file(content.encode() if isinstance(content, str) else content)
    return caught.value


def test_bad_rows_are_told_by_their_line() -> None:
    text = (
        "kind,front,back,page,state\n"
        "basic,ok,ok,,\n"
        'basic,"over\ntwo lines",ok,,\n'
        "basic,,no front,,\n"
        "cloze,No deletion,,,\n"
        "basic,Page,x,zero,\n"
        "basic,State,x,1,learnt\n"
        "essay,Kind,x,1,\n"
        "basic,a,b,1,draft,more\n"
        "only\n"
    )
    said = refusal(text)
    assert said.code == "bad_rows"
    assert [error["line"] for error in said.errors] == [5, 6, 7, 8, 9, 10, 11]
    assert "7 of 9 cards" in said.message
    assert "line 5" in said.message
    reasons = [error["reason"] for error in said.errors]
    assert "“zero”" in reasons[2]
    assert "“learnt”" in reasons[3]
    assert "6 cells instead of 5" in reasons[5]


def test_equal_guids_are_told() -> None:
    said = refusal("guid,front,back\ng,a,b\nh,c,d\ng,e,f\n")
    assert said.errors == [{"line": 4, "reason": "It has the guid of the one at 2."}]


def test_cards_of_json_are_told_by_their_number() -> None:
    cards = [{"front": "a", "back": "b"}, {"back": "x"}, 5, {"front": "a", "back": ""},
             {"front": "a", "back": "b", "tags": "x"},
             {"front": "a", "back": "b", "source": {"page": -1}}]  # fmt: skip
    said = refusal(json.dumps({"format": "studyq-cards", "version": 1, "cards": cards}))
    assert [error["line"] for error in said.errors] == [2, 3, 4, 5, 6]
    assert "card 2" in said.message


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "file_empty", "empty"),
        (b"  \r\n ", "file_empty", "empty"),
        (b"front,back\n", "file_empty", "no card"),
        ("front,back\nÄpfel,x".encode("latin-1"), "not_utf8", "Save it as UTF-8"),
        ("front,back\na,b".encode("utf-16"), "not_utf8", "UTF-16"),
        (b'[{"front": ', "bad_file", "no JSON"),
        (b"[" * 100_000, "bad_file", "no JSON"),
        (b'{"cards": 5}', "bad_file", "list of cards"),
        (b'{"format": "other", "cards": []}', "bad_file", "'other'"),
        (b'{"format": "studyq-cards", "version": 2, "cards": []}', "bad_file", "version 2"),
        (b'{"a": NaN}', "bad_file", "no JSON"),
        (b"x" * (LARGEST_FILE + 1), "file_too_large", "Split"),
        (b"a,b\n" * (MOST_CARDS + 1), "bad_file", "Split"),
        (b'front,back\na,"b\nc,d\n', "bad_rows", "quotation marks"),
        (b"front,back\na," + b"b" * 200_000, "bad_rows", "line 2"),
        (b"\x89PNG\r\n\x1a\n", "not_utf8", "UTF-8"),
    ],
)
def test_what_is_no_file_of_cards_is_refused(content: bytes, code: str, words: str) -> None:
    said = refusal(content)
    assert said.code == code
    assert words in said.message


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        read_file(content)
    except RefusedError as error:
        assert len(error.message) > 10


def test_markdown_is_for_reading() -> None:
    text = write_markdown(
        [
            CardRecord(kind="basic", front="What?", back="That", title="Cell [biology]",
                       quote="It is\nthat.",
                       page=3, page_label="iii", link="http://x/app", tags=("bio",)),
            CardRecord(kind="choice", front="Which?", back="b", options=("a", "b")),
        ]
    )  # fmt: skip
    assert "# Cell [biology]\n\n**Q:** What?\n\n**A:** That\n\n> It is\n> that.\n\n" in text
    assert "[Cell \\[biology\\], page iii](http://x/app)" in text
    assert "# Cards without a document\n\n**Q:** Which?\n\n- a\n- b\n\n**A:** b" in text
    assert write_markdown([]) == ""
