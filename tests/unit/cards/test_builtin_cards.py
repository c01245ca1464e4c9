from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from card_sources import make_source
from studyq.cards.admission import KnownCards, Maker, admit
from studyq.cards.builtin import generate, survey
from studyq.cards.builtin.blocks import blocks
from studyq.cards.builtin.distractors import year_distractors
from studyq.cards.builtin.english import has_verb
from studyq.cards.builtin.generator import shuffled
from studyq.cards.builtin.language import language_of
from studyq.cards.builtin.sentences import is_whole, leans, without_citations
from studyq.cards.drafts import Draft
from studyq.cards.gate import faults
from studyq.cards.grounding import Grounded, ground
from studyq.cards.source import Source
from studyq.text.cloze import covered, hidden_text, uncovered

CELLS = (
    "Cells and their parts\n"
    "The nucleus is a body of the cell that holds the chromosomes. The membrane surrounds the\n"
    "cell. Water passes through the membrane by osmosis. A ribosome is a machine that makes\n"
    "proteins. Every ribosome reads the messenger of the nucleus.",
    "Energy\n"
    "The mitochondrion is a body that makes the energy of the cell. The chloroplast is a body\n"
    "that turns light into sugar. Sunlight drives the chloroplast of the leaf. Enzymes speed up\n"
    "the reactions of the mitochondrion.",
    "Division\n"
    "Mitosis is the division of a cell into two cells with the same chromosomes. Meiosis is the\n"
    "division of a cell that halves the chromosomes. A spindle pulls the chromosomes apart in\n"
    "mitosis. In 1882 Flemming described the spindle and the mitosis of the salamander.",
)


def cards_of(source: Source, *kinds: str) -> list[Draft]:
    """All drafts that a document gives."""
    wanted = kinds or ("basic", "cloze", "choice")
    return list(generate(survey(source), [chunk.id for chunk in source.chunks], wanted))


def test_a_textbook_gives_cards_of_all_kinds_that_pass_the_gate_and_are_grounded() -> None:
    source = make_source(CELLS)
    cards = cards_of(source)
    assert {card.kind for card in cards} == {"basic", "cloze", "choice"}
    for card in cards:
        assert faults(card.kind, card.front, card.back, card.options) == []
        assert isinstance(ground(card, source), Grounded)


def test_definitions_are_asked_for_by_their_term() -> None:
    asked = {card.front: card.back for card in cards_of(make_source(CELLS), "basic")}
    assert asked["What is the nucleus?"] == "a body of the cell that holds the chromosomes"
    assert (
        asked["What is mitosis?"]
        == "the division of a cell into two cells with the same chromosomes"
    )


def test_a_cloze_hides_a_term_and_leaves_the_rest_as_it_is() -> None:
    for card in cards_of(make_source(CELLS), "cloze"):
        assert uncovered(card.front) == card.quote
        assert hidden_text(card.front) == card.back
        assert card.back.lower() not in covered(card.front).lower()


def test_the_options_of_a_choice_are_of_one_sort_and_one_is_right() -> None:
    cards = cards_of(make_source(CELLS), "choice")
    assert cards
    for card in cards:
        assert card.options.count(card.back) == 1 and len(set(card.options)) == 4
        wrong = set(card.options) - {card.back}
        assert not any(option.lower() in card.quote.lower() for option in wrong)


def test_a_sentence_gives_one_card_and_passages_take_turns() -> None:
    cards = cards_of(make_source(CELLS))
    assert max(Counter(card.quote for card in cards).values()) == 1
    assert len({card.chunk_id for card in cards[:3]}) == 3


def test_the_same_document_gives_the_same_cards() -> None:
    assert cards_of(make_source(CELLS)) == cards_of(make_source(CELLS))


def test_a_heading_is_no_part_of_the_sentence_below_it() -> None:
    page = make_source(CELLS).pages[2]
    first = next(iter(blocks(page)))
    assert page.text[first.start : first.end] == "Energy"


@pytest.mark.parametrize(
    "text", ["", "Only a few words", "lorem ipsum dolor " * 200, "1 2 3 " * 99]
)
def test_a_text_without_sentences_gives_no_cards(text: str) -> None:
    assert cards_of(make_source([text])) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "This leads to an increase of the pressure in the cell.",
        "It is the largest organ of the human body by far.",
        "However, the pressure of the gas rises with its temperature.",
        "For example, the pressure of the gas rises with the heat.",
        "As shown in Figure 3, the pressure of the gas rises.",
        "The pressure rises, as we have seen in the last chapter.",
        "You should measure the pressure of the gas before that.",
        "He discovered the pressure of the gas in a glass vessel.",
        "The following steps describe the pressure of the gas.",
        "Dies führt zu einem Anstieg des Drucks in der Zelle.",
        "Cela conduit à une hausse de la pression dans la cellule.",
        "Esto lleva a un aumento de la presión en la célula.",
    ],
)
def test_sentences_that_lean_on_others_are_left_out(sentence: str) -> None:
    assert leans(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "the pressure of the gas rises with its temperature.",
        "The pressure of the gas rises with its temperature",
        "Does the pressure of the gas rise with its temperature?",
        "The pressure of the gas (and its volume rises with heat.",
        "The value of x->next is set by list.push(node) at once.",
        "The page www.example.org tells more about the pressure.",
        "T h e p r e s s u r e of the gas rises with heat.",
        "The pres- sure of the gas rises with its temperature.",
        "CHAPTER THREE GASES The pressure of the gas rises with heat.",
    ],
)
def test_what_is_no_whole_sentence_is_left_out(sentence: str) -> None:
    assert not is_whole(sentence)


def test_a_sentence_is_shown_without_its_citations() -> None:
    text = "Sleep helps memory (Walker & Stickgold, 2006; Born, 2010) and learning [12, 13]."
    assert without_citations(text) == "Sleep helps memory and learning."


def test_a_fragment_is_told_by_its_missing_verb() -> None:
    assert has_verb("The membrane surrounds the cell.")
    assert has_verb("Flemming described the spindle.")
    assert not has_verb("A vector of positive quantities.")


def test_languages_are_told_by_their_commonest_words() -> None:
    samples = {
        "en": "The cell is the unit of life and it is made of the parts that are in it.",
        "de": "Die Zelle ist die Einheit des Lebens und sie ist aus den Teilen gemacht.",
        "es": "La célula es la unidad de la vida y está hecha de las partes que tiene.",
        "zh": "细胞是生命的基本单位。",
    }
    for code, text in samples.items():
        found = language_of([text])
        assert found is not None and found.code == code
    assert language_of(["kala maja puu vesi tuli maa"]) is None
    assert language_of([]) is None


def test_years_are_taken_for_each_other_nearest_first() -> None:
    texts = ["In 1848 it began.", "In 1871 it ended.", "In 1850 and 1900 it rested."]
    assert year_distractors("1849", texts, "In 1850 and 1849.") == ["1848", "1871", "1900"]


@given(
    st.lists(st.text("abcdefgh", min_size=3, max_size=8), min_size=150, max_size=150, unique=True)
)
@settings(max_examples=20)
def test_the_key_is_at_each_place_about_equally_often(names: list[str]) -> None:
    places = Counter(
        shuffled(f"Which is {name}?", name, [f"{name}1", f"{name}2", f"{name}3"]).index(name)
        for name in names
    )
    assert all(0.10 * len(names) < places[place] < 0.40 * len(names) for place in range(4))


_PIECES = st.sampled_from(
    [
        *" ".join(CELLS).split(),
        "Osmosis is the movement of water through a membrane.",
        ", a kind of cell that moves, ",
        "(1999)",
        "which is",
        "is called",
        "—",
        "\n",
        "“",
        "ß",
        "细胞是一种很小的生命单位，所有生物都有。",  # noqa: RUF001
        "في الخلية",
        "\u0000",
        "{{c1::",
        "}}",
    ]
)


@given(st.lists(_PIECES | st.text(max_size=12), max_size=80))
@settings(max_examples=60, deadline=None)
def test_whatever_a_page_says_its_cards_are_grounded(pieces: list[str]) -> None:
    source = make_source([" ".join(pieces), *CELLS])
    chunks = [chunk.id for chunk in source.chunks]
    admitted = admit(
        generate(survey(source), chunks),
        source=source,
        chunk_ids=chunks,
        known=KnownCards(),
        maker=Maker("user", "builtin"),
        limit=50,
    )
    for card in admitted.cards:
        assert card.page is not None
        assert card.quote
        assert len(card.fingerprint) == 64
    assert "quote_not_found" not in admitted.rejected
