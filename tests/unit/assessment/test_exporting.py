"""Tests for other programs: sound XML whatever the items say, and tables that run nothing."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyq.assessment import exporting
from studyq.assessment.exporting import key_csv, moodle_xml, qti_package, responses_csv
from studyq.assessment.models import Item, ItemKind
from studyq.assessment.response_files import read_responses

QTI = f"{{{exporting.QTI}}}"


def item(kind: ItemKind, stem: str, answer: str, **more: Any) -> Item:
    values: dict[str, Any] = {
        "id": f"id-{stem}", "options": [], "accepted": [], "numeric": None, "quote": "as it says",
        "source_title": "Book", "page": 3, "page_label": "iii",
    }  # fmt: skip
    return Item(kind=kind, stem=stem, answer=answer, **{**values, **more})


ITEMS = [
    item(ItemKind.CHOICE, "Which?", "b & c", options=["a", "b & c", "<d>"]),
    item(ItemKind.TRUE_FALSE, "So it is.", "false"),
    item(ItemKind.SHORT, "What?", "Krebs cycle", accepted=["citric acid cycle"]),
    item(ItemKind.CLOZE, "The _____ of cells.", "nucleus"),
    item(ItemKind.SHORT, "How fast?", "9.81",
         numeric={"value": 9.81, "tolerance": 0.01, "unit": "m"}),
]  # fmt: skip


def test_moodle_gets_every_kind_with_its_key() -> None:
    questions = ET.fromstring(moodle_xml("A/B", ITEMS)).findall("question")
    assert [question.get("type") for question in questions] == [
        "category", "multichoice", "truefalse", "shortanswer", "shortanswer", "numerical",
    ]  # fmt: skip
    assert questions[0].findtext("category/text") == "$course$/A//B"
    right = [
        [answer.findtext("text") for answer in question.findall("answer[@fraction='100']")]
        for question in questions[1:]
    ]
    assert right == [
        ["b & c"], ["false"], ["Krebs cycle", "citric acid cycle"], ["nucleus"], ["9.81"],
    ]  # fmt: skip
    assert questions[1].findtext("generalfeedback/text") == "as it says (Book, p. iii)"


def test_a_qti_package_names_all_its_files() -> None:
    with zipfile.ZipFile(io.BytesIO(qti_package("Test", ITEMS))) as archive:
        files = {name: ET.fromstring(archive.read(name)) for name in archive.namelist()}
    hrefs = {
        file.get("href") for file in files["imsmanifest.xml"].iter() if file.tag.endswith("}file")
    }
    assert hrefs == set(files) - {"imsmanifest.xml"}
    references = files["test.xml"].iter(f"{QTI}assessmentItemRef")
    assert [reference.get("href") for reference in references] == [
        f"items/item00{number}.xml" for number in range(1, 6)
    ]
    choice = files["items/item001.xml"]
    key = choice.findtext(f"{QTI}responseDeclaration/{QTI}correctResponse/{QTI}value")
    chosen = [
        option.text
        for option in choice.iter(f"{QTI}simpleChoice")
        if option.get("identifier") == key
    ]
    assert chosen == ["b & c"]
    cloze = files["items/item004.xml"].find(f"{QTI}itemBody/{QTI}p")
    assert cloze is not None
    assert (cloze.text, cloze[0].tail) == ("The ", " of cells.")


def test_the_same_test_gives_the_same_package() -> None:
    assert qti_package("Test", ITEMS) == qti_package("Test", ITEMS)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.sampled_from(ItemKind))
def test_any_text_gives_sound_xml(text: str, kind: ItemKind) -> None:
    odd = item(kind, text, text, options=[text, "other"] if kind == ItemKind.CHOICE else [])
    if kind == ItemKind.TRUE_FALSE:
        odd.answer = "true"
    ET.fromstring(moodle_xml(text, [odd]))
    with zipfile.ZipFile(io.BytesIO(qti_package(text, [odd]))) as archive:
        for name in archive.namelist():
            ET.fromstring(archive.read(name))


def test_responses_are_what_the_analysis_reads() -> None:
    answers = {"id-Which?": "b & c", "id-What?": "krebs cycle"}
    content = responses_csv(ITEMS, [("Ada", answers), ("Bob", {})])
    matrix = read_responses(content, key_csv(ITEMS))
    assert matrix.takers == ("Ada", "Bob")
    assert matrix.scores()[0].tolist() == [1, 0, 1, 0, 0]


@pytest.mark.parametrize("name", ["=cmd|calc!A0", "+1", "-1", "@x", "\tx"])
def test_no_cell_is_a_formula(name: str) -> None:
    content = responses_csv(ITEMS[:1], [(name, {"id-Which?": "=1+1"})]).decode("utf-8-sig")
    [_, row] = csv.reader(io.StringIO(content))
    assert row == [f"'{name}", "'=1+1"]
