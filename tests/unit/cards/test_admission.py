from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from card_sources import make_source
from studyq.cards.admission import REJECTIONS, Admitted, KnownCards, Maker, admit
from studyq.cards.drafts import Draft
from studyq.cards.duplicates import Told, are_near, fingerprint

SOURCE = make_source(
    [
        "An enzyme increases the rate of a reaction.\n"
        "An inhibitor decreases the rate of a reaction.",
        "A catalyst is not used up by the reaction that it makes faster.",
    ]
)
ENZYME = Draft(
    "basic",
    "What increases the rate of a reaction?",
    "an enzyme",
    "An enzyme increases the rate of a reaction",
    1,
)
INHIBITOR = Draft(
    "basic",
    "What decreases the rate of a reaction?",
    "an inhibitor",
    "An inhibitor decreases the rate of a reaction",
    1,
)
REWORDED = Draft(
    "basic", "What increases the rate of reactions?", "enzyme", ENZYME.quote, 1, chunk_id=101
)
MAKER = Maker(user_id="user", origin="model", session_id="session", tags=("biology",))


def take(*drafts: Draft, limit: int = 10, known: KnownCards | None = None) -> Admitted:
    return admit(
        drafts,
        source=SOURCE,
        chunk_ids=(101, 102),
        known=known or KnownCards(),
        maker=MAKER,
        limit=limit,
    )


def test_a_card_carries_where_it_comes_from() -> None:
    (card,) = take(ENZYME).cards
    assert (card.page, card.page_label, card.chunk_id) == (1, "p1", 101)
    assert card.quote == "An enzyme increases the rate of a reaction."
    assert card.rectangles[0]["page"] == 1
    assert (card.state, card.origin, card.guid, card.tags) == (
        "draft",
        "model",
        card.id,
        ["biology"],
    )


def test_opposites_are_not_duplicates() -> None:
    admitted = take(ENZYME, INHIBITOR)
    assert len(admitted.cards) == 2
    assert admitted.near_duplicates == 0


def test_the_same_card_fifty_times_is_kept_once() -> None:
    admitted = take(*[ENZYME] * 50, limit=50)
    assert len(admitted.cards) == 1
    assert admitted.rejected == {"duplicate": 49}


def test_a_near_duplicate_is_marked_and_comes_last() -> None:
    admitted = take(ENZYME, REWORDED, INHIBITOR)
    assert [card.duplicate_of for card in admitted.cards] == [None, None, admitted.cards[0].id]
    assert admitted.near_duplicates == 1
    assert len(take(ENZYME, REWORDED, INHIBITOR, limit=2).cards) == 2


def test_windows_know_of_one_another() -> None:
    known = KnownCards()
    assert len(take(ENZYME, known=known).cards) == 1
    assert take(ENZYME, known=known).rejected == {"duplicate": 1}


def test_every_rejection_is_counted_by_reason() -> None:
    admitted = take(
        ENZYME,
        Draft("basic", "Is it fast?", "yes", ENZYME.quote, 1),
        Draft("basic", "What is it?", "a thing", "words that are nowhere in the document", 1),
        Draft("basic", "How fast?", "300 times", ENZYME.quote, 1),
        Draft("basic", "", "", "", 1),
    )
    assert admitted.rejected == {
        "yes_no": 1,
        "quote_not_found": 1,
        "number_not_in_quote": 1,
        "empty": 1,
    }
    assert admitted.rejected.keys() <= REJECTIONS.keys()


def test_kinds_that_were_not_asked_for_are_counted() -> None:
    maker = Maker(user_id="user", origin="model", kinds=frozenset({"cloze"}))
    admitted = admit(
        [ENZYME], source=SOURCE, chunk_ids=(101,), known=KnownCards(), maker=maker, limit=5
    )
    assert admitted.rejected == {"kind_not_wanted": 1}


def test_drafts_beyond_the_limit_are_not_looked_at() -> None:
    looked = iter([ENZYME, INHIBITOR, ENZYME])
    assert len(take(*[], limit=1).cards) == 0
    admit(looked, source=SOURCE, chunk_ids=(101,), known=KnownCards(), maker=MAKER, limit=1)
    assert len(list(looked)) == 1


@given(st.text(max_size=60), st.text(max_size=60))
def test_fingerprints_ignore_case_spacing_and_punctuation(front: str, back: str) -> None:
    mark = fingerprint("basic", front, back)
    assert fingerprint("basic", f" {front}  ", f"{back}\n") == mark
    assert len(mark) == 64


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_nearness_is_mutual(question: str, answer: str, other: str, reply: str) -> None:
    one = Told("1", question, answer, "document", (0, 10))
    two = Told("2", other, reply, "document", (4, 14))
    assert are_near(one, two) == are_near(two, one)
    assert are_near(one, one) or not question.strip()
