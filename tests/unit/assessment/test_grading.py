"""Grades of answers as far as comparing can tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyq.assessment.grading import Numeric, grade_answer, normal_form, read_number
from studyq.assessment.models import Grade, ItemKind


@pytest.mark.parametrize(
    ("answer", "grade"),
    [("mitosis", Grade.RIGHT), (" mitosis ", Grade.RIGHT), ("Mitosis", Grade.WRONG),
     ("meiosis", Grade.WRONG), ("", Grade.WRONG), ("  ", Grade.WRONG)],
)  # fmt: skip
def test_choices_are_compared_exactly(answer: str, grade: Grade) -> None:
    assert grade_answer(ItemKind.CHOICE, answer, key="mitosis").grade is grade


@pytest.mark.parametrize(
    ("answer", "grade"),
    [("the Krebs cycle", Grade.RIGHT), ("Krebs-Cycle!", Grade.RIGHT), ("KREBS  CYCLE", Grade.RIGHT),
     ("citric acid cycle", Grade.RIGHT), ("glycolysis", Grade.OPEN), ("", Grade.WRONG)],
)  # fmt: skip
def test_words_are_compared_in_normal_form(answer: str, grade: Grade) -> None:
    found = grade_answer(
        ItemKind.SHORT, answer, key="Krebs cycle", accepted=["the citric acid cycle"]
    )
    assert found.grade is grade


def test_other_scripts_and_accents() -> None:
    assert normal_form("Élan vital") == normal_form("elan  VITAL")
    assert normal_form("元朝") == "元朝"
    assert normal_form("Straße") == normal_form("STRASSE")
    assert normal_form("the") == "the"  # an answer that is only an article is still an answer


@pytest.mark.parametrize(
    ("answer", "grade"),
    [("9.81 m/s²", Grade.RIGHT), ("9,81 m/s2", Grade.RIGHT), ("9.8 m/s²", Grade.RIGHT),
     ("981e-2 m/s²", Grade.RIGHT), ("9.81", Grade.PARTIAL), ("9.81 km/s²", Grade.PARTIAL),
     ("10.5 m/s²", Grade.WRONG), ("about ten", Grade.WRONG), ("-9.81 m/s²", Grade.WRONG)],
)  # fmt: skip
def test_numbers_have_a_tolerance_and_a_unit(answer: str, grade: Grade) -> None:
    wanted = Numeric(9.81, tolerance=0.02, unit="m/s²")
    assert grade_answer(ItemKind.SHORT, answer, key="9.81 m/s²", numeric=wanted).grade is grade


@pytest.mark.parametrize(
    ("text", "values", "unit"),
    [
        ("1,234.5", [1234.5], ""), ("1.234,5 kg", [1234.5], "kg"), ("1 234 567", [1234567], ""),
        ("1,234", [1.234, 1234], ""), ("3.141", [3.141, 3141], ""), ("0.125", [0.125], ""),
        (".5 %", [0.5], "%"), ("1,234,567", [1234567], ""), ("−3 × 10^8 m/s", [-3e8], "m/s"),
        ("6.02e23", [6.02e23], ""), ("12.", [12], ""), ("1'000 Fr.", [1000], "Fr."),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: str, values: list[float], unit: str) -> None:
    found = read_number(text)
    assert found is not None
    assert sorted(found[0]) == pytest.approx(sorted(values))
    assert found[1] == unit


@pytest.mark.parametrize("text", ["", "x", "e5", "1e999999", "--1", "."])
def test_what_is_no_number(text: str) -> None:
    assert read_number(text) is None


@given(st.text(max_size=60), st.sampled_from(list(ItemKind)), st.booleans())
def test_any_answer_gets_a_grade(answer: str, kind: ItemKind, numeric: bool) -> None:
    wanted = Numeric(2.5, unit="m") if numeric else None
    found = grade_answer(kind, answer, key="two and a half", numeric=wanted)
    assert found.reason
    if not answer.strip():
        assert found.grade is Grade.WRONG


@given(st.floats(-1e12, 1e12), st.sampled_from([" m", "m", ""]))
def test_a_number_as_python_writes_it_is_read(value: float, unit: str) -> None:
    found = read_number(f"{value!r}{unit}")
    assert found is not None
    assert any(reading == pytest.approx(value, rel=1e-12) for reading in found[0])
