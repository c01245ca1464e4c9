"""What a graded sitting tells the schedules of its cards, and which steps it leads to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from job_layer import USER
from review_desk import DAY, SECOND, Desk, open_desk
from studyq.assessment.analysing import analyse_sitting
from studyq.assessment.blueprint import Blueprint
from studyq.assessment.items import ItemBody, append_item
from studyq.assessment.making import make_test
from studyq.assessment.marking import marks_by_key, overrule, settle, write_marks
from studyq.assessment.models import ItemKind
from studyq.assessment.service import change_test
from studyq.assessment.sittings import find_sitting, save_response, start
from studyq.database.base import now
from studyq.text.sections import SEPARATOR

OPTIONS = ["mitochondria", "ribosomes", "lysosomes"]
KINDS = {
    ItemKind.SHORT: ItemBody(ItemKind.SHORT, "What makes ATP?", "mitochondria"),
    ItemKind.CHOICE: ItemBody(ItemKind.CHOICE, "What makes ATP?", "mitochondria", OPTIONS),
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path) as opened:
        opened.at = now() - DAY
        yield opened


def take(
    desk: Desk, kind: ItemKind, card_id: str, answer: str | None
) -> tuple[str, dict[str, int]]:
    """A sitting of one item made of a card, graded and settled; its id, and what was told."""
    with desk.database.write() as session:
        test = make_test(session, USER, title="ATP", time_limit=None, blueprint=Blueprint())
        item = append_item(session, test, KINDS[kind], card_id=card_id)
        change_test(session, USER, test.id, status="ready")
        sitting = start(session, USER, test.id)
        if answer is not None:
            save_response(session, USER, sitting.id, item.id, answer=answer)
        write_marks(session, sitting, marks_by_key(session, sitting))
        return sitting.id, settle(session, sitting)


def settle_again(desk: Desk, sitting_id: str) -> dict[str, int]:
    with desk.database.write() as session:
        return settle(session, find_sitting(session, USER, sitting_id))


def test_what_was_recalled_counts_as_good(desk: Desk) -> None:
    [card] = desk.add_cards()
    desk.rate(card, 4)
    sitting, told = take(desk, ItemKind.SHORT, card, "mitochondria")
    assert told == {"rated": 1, "made_due": 0}
    newest = desk.log()[-1]
    assert (newest.rating, newest.source) == (3, "test")
    assert settle_again(desk, sitting) == {"rated": 0, "made_due": 0}
    assert len(desk.log()) == 2


def test_what_was_not_recalled_counts_as_again_once_that_is_decided(desk: Desk) -> None:
    [card] = desk.add_cards()
    desk.rate(card, 4)
    sitting, told = take(desk, ItemKind.SHORT, card, "ribosomes")
    assert told == {"rated": 0, "made_due": 0}, "nobody has decided yet"
    with desk.database.write() as session:
        item_id = find_sitting(session, USER, sitting).order[0][0]
        overrule(session, USER, sitting, item_id, "wrong")
    assert settle_again(desk, sitting) == {"rated": 1, "made_due": 0}
    assert desk.log()[-1].rating == 1


def test_a_wrong_choice_only_makes_its_card_due(desk: Desk) -> None:
    [card] = desk.add_cards()
    desk.rate(card, 4)
    before = desk.memory(card)
    assert before.due_at > now()
    sitting, told = take(desk, ItemKind.CHOICE, card, "ribosomes")
    assert told == {"rated": 0, "made_due": 1}
    after = desk.memory(card)
    assert after.due_at <= now() < after.due_at + 60 * SECOND
    assert (after.stability, after.reps, after.lapses) == (before.stability, before.reps, 0)
    assert settle_again(desk, sitting) == {"rated": 0, "made_due": 0}
    assert desk.disagreements() == []


@pytest.mark.parametrize("answer", ["mitochondria", None])
def test_a_right_choice_or_none_changes_nothing(desk: Desk, answer: str | None) -> None:
    [card] = desk.add_cards()
    desk.rate(card, 4)
    before = desk.memory(card)
    assert take(desk, ItemKind.CHOICE, card, answer)[1] == {"rated": 0, "made_due": 0}
    assert desk.memory(card) == before


def test_a_card_that_is_not_learnt_is_told_nothing(desk: Desk) -> None:
    [draft] = desk.add_cards(state="draft")
    assert take(desk, ItemKind.CHOICE, draft, "ribosomes")[1] == {"rated": 0, "made_due": 0}
    assert take(desk, ItemKind.SHORT, draft, "mitochondria")[1] == {"rated": 0, "made_due": 0}


def test_next_steps_name_the_cards_of_the_part_and_of_no_neighbour(desk: Desk) -> None:
    document = desk.add_document("ttt")
    part = f"1 Cells{SEPARATOR}1.1 Parts"
    below = f"{part}{SEPARATOR}Summary"
    missed, other = desk.add_cards(2, document_id=document, section=below, page=1)
    desk.add_cards(1, document_id=document, section=part + "ing", page=3)
    with desk.database.write() as session:
        test = make_test(session, USER, title="ATP", time_limit=None, blueprint=Blueprint())
        item = append_item(
            session, test, KINDS[ItemKind.CHOICE],
            card_id=missed, document_id=document, section=below, page=1,
        )  # fmt: skip
        change_test(session, USER, test.id, status="ready")
        sitting = start(session, USER, test.id)
        save_response(session, USER, sitting.id, item.id, answer="ribosomes")
        write_marks(session, sitting, marks_by_key(session, sitting))
        steps = analyse_sitting(session, sitting)["next_steps"]
    review, read, make = steps
    assert (review["kind"], review["section"]) == ("review", part)
    assert review["card_ids"][0] == missed
    assert set(review["card_ids"]) == {missed, other}
    assert (read["kind"], read["pages"]) == ("read", [1])
    assert (make["kind"], make["pages"]) == ("make_cards", [2])
