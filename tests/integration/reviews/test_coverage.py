"""The coverage of documents: each page's state follows from its text and its cards."""

from __future__ import annotations

from job_layer import USER
from review_desk import DAY, Desk
from studyq.library.models import Document
from studyq.reviews.coverage import Coverage, coverage


def covered(desk: Desk, document_id: str) -> Coverage:
    with desk.database.read() as session:
        document = session.get_one(Document, document_id)
        return coverage(session, USER, [document], desk.at)[document_id]


def test_pages_go_from_no_cards_to_known_and_slip(desk: Desk) -> None:
    desk.prefer(fuzz=False)
    document = desk.add_document("tttesu")
    assert covered(desk, document).letters == "nnnesu"
    [draft] = desk.add_cards(state="draft", document_id=document, page=1)
    assert covered(desk, document).letters == "dnnesu"
    desk.set_state(draft, "approved")
    assert covered(desk, document).letters == "lnnesu"
    desk.rate(draft, 3)
    assert covered(desk, document).letters == "lnnesu"
    desk.rate(draft, 4)
    found = covered(desk, document)
    assert found.letters == "knnesu"
    assert found.pages[0].retrievability == 1.0
    desk.at += 200 * DAY
    found = covered(desk, document)
    assert found.letters == "pnnesu"
    assert 0.3 < (found.pages[0].retrievability or 0) < 0.8
    desk.rate(draft, 1)
    desk.rate(draft, 3)
    assert covered(desk, document).letters == "knnesu"


def test_one_card_to_learn_keeps_a_page_from_being_known(desk: Desk) -> None:
    document = desk.add_document("t")
    known, new = desk.add_cards(2, document_id=document, page=1)
    desk.rate(known, 4)
    assert covered(desk, document).letters == "l"
    desk.set_state(new, "suspended")
    assert covered(desk, document).letters == "k"
    desk.set_state(known, "rejected")
    assert covered(desk, document).letters == "n"


def test_the_mean_decides(desk: Desk) -> None:
    desk.prefer(fuzz=False)
    document = desk.add_document("t")
    old, fresh = desk.add_cards(2, document_id=document, page=1)
    desk.rate(old, 4)
    desk.at += 10 * DAY
    desk.rate(fresh, 4)
    assert covered(desk, document).letters == "k"  # 0.88 and 1
    desk.at += 8 * DAY
    assert covered(desk, document).letters == "p"


def test_numbers_of_a_document(desk: Desk) -> None:
    document, other = desk.add_document("tttttt"), desk.add_document("t")
    desk.add_cards(2, document_id=document, page=2)
    desk.add_cards(1, document_id=document, page=5, state="draft")
    desk.add_cards(1, document_id=document, page=None)  # of the document as a whole
    [due] = desk.add_cards(1, document_id=document, page=4)
    desk.add_cards(3, document_id=other, page=1)
    desk.rate(due, 1)
    found = covered(desk, document)
    assert (found.cards, found.drafts, found.due, found.new) == (4, 1, 1, 3)
    assert found.uncovered == [(1, 1), (3, 3), (6, 6)]
    assert found.letters == "nlnldn"


def test_a_document_without_pages_is_covered_by_nothing(desk: Desk) -> None:
    found = covered(desk, desk.add_document(""))
    assert (found.letters, found.uncovered, found.cards) == ("", [], 0)
