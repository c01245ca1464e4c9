from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyq.cards.gate import FORMAL, REASONS, faults, normal_form

OPTIONS = ("mitosis", "meiosis", "osmosis", "diffusion")


@pytest.mark.parametrize(
    ("reason", "card"),
    [
        ("empty", ("basic", " \n", "Paris")),
        ("empty", ("basic", "What is the capital?", " … ")),
        ("empty", ("cloze", "", "")),
        ("yes_no", ("basic", "Is water wet?", "Yes, it is.")),
        ("yes_no", ("basic", "Ist Wasser nass?", "Ja")),
        ("yes_no", ("basic", "水是湿的吗？", "是的")),  # noqa: RUF001
        ("points_at_text", ("basic", "What is described in this passage?", "osmosis")),
        ("points_at_text", ("basic", "According to the text, what is osmosis?", "diffusion")),
        ("points_at_text", ("basic", "What does the figure above show?", "a cell")),
        ("points_at_text", ("basic", "Was zeigt die Kurve in Abbildung 3?", "Wachstum")),
        ("points_at_text", ("basic", "Selon le texte, qui a gagné ?", "Marie")),
        ("points_at_text", ("basic", "¿Qué se explica en este capítulo?", "la célula")),
        ("points_at_text", ("basic", "本文的主题是什么？", "细胞")),  # noqa: RUF001
        ("front_equals_back", ("basic", "The cell.", "the cell")),
        ("answer_in_question", ("basic", "Who wrote Hamlet, Shakespeare's play?", "Shakespeare")),
        ("answer_in_question", ("cloze", "A {{c1::cell}} is the cell of life.", "cell")),
        ("list", ("basic", "Which planets are there?", "- Mars\n- Venus\n- Earth")),
        ("list", ("basic", "Which planets are there?", "Mars, Venus, Earth, Saturn")),
        ("too_long", ("basic", "What is a cell?", "word " * 90)),
        ("too_long", ("basic", "word " * 70, "cell")),
        ("too_few_options", ("choice", "Which one?", "mitosis", OPTIONS[:2])),
        ("too_many_options", ("choice", "Which one?", "1", tuple(map(str, range(9))))),
        ("options_equal", ("choice", "Which one?", "mitosis", (*OPTIONS, "Mitosis "))),
        ("key_not_an_option", ("choice", "Which one?", "fission", OPTIONS)),
        ("all_of_the_above", ("choice", "Which?", "mitosis", (*OPTIONS, "all of the above"))),
        ("all_of_the_above", ("choice", "Was?", "mitosis", (*OPTIONS, "keine der genannten"))),
        ("no_deletion", ("cloze", "The cell is small.", "cell")),
        ("no_deletion", ("cloze", "The {{c1:: }} is small.", "")),
        ("nothing_left", ("cloze", "{{c1::The cell is small}}.", "The cell is small")),
        ("unknown_kind", ("essay", "Discuss cells.", "cell")),
    ],
)
def test_each_fault_is_named(reason: str, card: tuple[str, ...]) -> None:
    assert faults(*card)[0] == reason
    assert REASONS[reason].endswith(".") or "{{" in REASONS[reason]


@pytest.mark.parametrize(
    "card",
    [
        ("basic", "What is osmosis?", "the movement of water through a membrane"),
        ("basic", "What does “+” do in a regular expression?", "it repeats one or more times"),
        ("basic", "What increases the rate of a reaction?", "a catalyst, heat, or pressure"),
        ("basic", "What is a table in a relational database?", "a set of rows"),
        ("basic", "什么是细胞？", "生命的基本单位"),  # noqa: RUF001
        ("cloze", "A {{c1::cell}} is the basic unit of life.", "cell"),
        ("choice", "Which process halves the chromosomes?", "meiosis", OPTIONS),
    ],
)
def test_good_cards_pass(card: tuple[str, ...]) -> None:
    assert faults(*card) == []


def test_what_people_write_must_only_be_usable() -> None:
    assert faults("basic", "Is water wet?", "Yes", formal_only=True) == []
    assert faults("basic", "Is water wet?", "", formal_only=True) == ["empty"]


@given(
    st.sampled_from(["basic", "cloze", "choice", "essay"]),
    st.text(),
    st.text(),
    st.lists(st.text(max_size=20), max_size=10),
)
def test_any_text_gets_known_reasons(kind: str, front: str, back: str, options: list[str]) -> None:
    found = faults(kind, front, back, options)
    assert set(found) <= REASONS.keys()
    assert set(faults(kind, front, back, options, formal_only=True)) == set(found) & FORMAL


@given(st.text())
def test_the_normal_form_is_stable(text: str) -> None:
    assert normal_form(normal_form(text)) == normal_form(text)
    assert normal_form(f"  {text}  ") == normal_form(text)
