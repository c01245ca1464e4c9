"""Importing: everything or nothing, what is here is brought up to date, sources are found again."""

from __future__ import annotations

import json

import pytest

from card_shelf import CardShelf
from job_layer import USER
from studyq.cards.editing import history
from studyq.cards.importing import Imported
from studyq.cards.listing import find_card
from studyq.library.errors import NotFoundError, RefusedError


def test_plain_rows_become_drafts_of_a_document(library: CardShelf) -> None:
    text = "front,back,tags\nWhat is a cell?,The unit of life,bio one\nWhat moves water?,Osmosis\n"
    done = library.take_in(text, document_id=library.document_id, tags=["imported"])
    assert done == Imported(added=2)
    first, second = library.cards()
    assert (first.state, first.origin, first.version) == ("draft", "imported", 1)
    assert first.tags == ["bio", "one", "imported"]
    assert (second.document_id, second.source_title) == (library.document_id, "Cell biology")
    assert library.take_in(text) == Imported(already_there=2)
    assert library.take_in(text + "what is a CELL,the unit of life!\nNew?,Yes") == Imported(
        added=1, already_there=3
    )


def test_a_bad_row_imports_nothing(library: CardShelf) -> None:
    with pytest.raises(RefusedError) as caught:
        library.take_in("front,back\nGood?,Yes it is\nBad?,\nAlso good?,Indeed\n")
    assert caught.value.errors == [{"line": 3, "reason": "The question or the answer is empty."}]
    assert library.cards() == []


@pytest.mark.parametrize("form", ["csv", "json"])
def test_own_files_are_taken_back_without_change(library: CardShelf, form: str) -> None:
    library.make("=1+1 what?", "-2", page=2, quote="Osmosis moves water", tags=["t"])
    library.make("The {{c1::cell}} lives.", kind="cloze")
    library.make("Which?", "b", kind="choice", options=("a", "b", "c"))
    before = library.export("json")
    assert library.take_in(library.export(form)) == Imported(unchanged=3)  # type: ignore[arg-type]
    assert library.export("json") == before


def test_edits_in_a_file_are_edits_here(library: CardShelf) -> None:
    card_id = library.make("What?", "That", tags=["t"])
    text = library.export("csv").decode()
    assert library.take_in(text.replace(",That,", ",Something else,")) == Imported(updated=1)
    with library.shelf.database.read() as session:
        card = find_card(session, USER, card_id)
        assert (card.back, card.version, card.origin, card.state) == (
            "Something else", 2, "manual", "approved",
        )  # fmt: skip
        assert [edit.back for edit in history(session, card)] == ["That"]


def test_another_library_with_the_same_pdf_lights_up_the_same_words(
    library: CardShelf, other: CardShelf
) -> None:
    library.make("What moves water?", "Osmosis", page=2, quote="Osmosis moves water")
    assert other.take_in(library.export("json")) == Imported(added=1)
    (here,), (there,) = library.cards(), other.cards()
    assert there.document_id == other.document_id
    assert there.rectangles == here.rectangles != []
    assert (there.quote, there.page, there.section, there.state) == (
        "Osmosis moves water", 2, "Membranes", "approved",
    )  # fmt: skip
    assert there.guid == here.guid
    assert other.take_in(library.export("csv")) == Imported(unchanged=1)


def test_a_library_without_the_pdf_keeps_the_words(library: CardShelf, other: CardShelf) -> None:
    library.make("What moves water?", "Osmosis", page=2, quote="Osmosis moves water")
    content = json.loads(library.export("json"))
    content["cards"][0]["source"]["sha256"] = "0" * 64
    assert other.take_in(json.dumps(content)) == Imported(added=1)
    (card,) = other.cards()
    assert (card.document_id, card.source_title, card.page) == (None, "Cell biology", 2)
    assert (card.quote, card.rectangles) == ("Osmosis moves water", [])


def test_places_that_are_not_there_do_no_harm(library: CardShelf) -> None:
    rows = [
        {"front": "a?", "back": "one", "source": {"page": 99, "quote": "Osmosis moves water"}},
        {"front": "b?", "back": "two", "source": {"page": 2, "quote": "Nothing of this is there"}},
        {"front": "c?", "back": "three", "source": {"page": 2, "quote": ""}},
    ]
    done = library.take_in(json.dumps(rows), document_id=library.document_id)
    assert done == Imported(added=3)
    assert [card.page for card in library.cards()] == [99, 2, 2]
    assert all(card.rectangles == [] for card in library.cards())


def test_a_trial_changes_nothing(library: CardShelf) -> None:
    card_id = library.make("What?", "That")
    text = library.export("csv").decode().replace(",That,", ",Else,")
    before = library.export("json")
    assert library.take_in(text, dry_run=True) == Imported(updated=1)
    assert library.take_in("a,b\nc,d", dry_run=True) == Imported(added=2)
    assert library.export("json") == before
    assert [card.id for card in library.cards()] == [card_id]


def test_an_unknown_document_is_refused(library: CardShelf) -> None:
    with pytest.raises(NotFoundError):
        library.take_in("a,b", document_id="none")
    assert library.cards() == []


def test_rejected_cards_come_back_rejected(library: CardShelf, other: CardShelf) -> None:
    library.make("Bad?", "Indeed", state="rejected")
    other.take_in(library.export("json"))
    assert [card.state for card in other.cards()] == ["rejected"]
