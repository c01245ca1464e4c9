"""Anki packages into the library: their notes as cards, each with its schedule.

What FSRS knew in Anki is taken over as it is; of SM-2, stability and difficulty are worked out from
interval and ease. A card that is here already, by its GUID, keeps its words; it takes over the
schedule when it has none of its own yet.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.card_files import ReadCard
from studyq.cards.duplicates import fingerprint
from studyq.cards.editing import CardText, checked, clean_tags
from studyq.cards.importing import add_cards, place_cards
from studyq.cards.models import CardState, Flashcard, Kind
from studyq.cards.records import CardRecord
from studyq.database.base import Instant
from studyq.database.engine import Database
from studyq.library.errors import RefusedError
from studyq.reviews.anki_package import AnkiCard, read_package
from studyq.reviews.anki_text import markdown, only_cloze
from studyq.reviews.log import append
from studyq.reviews.models import Entry, Phase, Schedule
from studyq.reviews.preferences import scheduler_in_force
from studyq.reviews.scheduling import DEFAULT_PARAMETERS, Memory
from studyq.reviews.study_days import DAY

SM2_RETENTION = 0.9  #: that SM-2's intervals are taken to have aimed at, as Anki takes it
LONGEST_STABILITY = 36_500.0  #: days
BATCH = 500


@dataclass(frozen=True)
class AnkiImported:
    """What became of a package.

    Args:
        added: new cards.
        here: cards that were here already, by their GUID or their words.
        scheduled: cards that took over their schedule.
        skipped: cards of which nothing can be learnt without their pictures or sounds.
    """

    added: int
    here: int
    scheduled: int
    skipped: int


def import_package(
    database: Database,
    user_id: str,
    content: bytes,
    at: Instant,
    *,
    document_id: str | None = None,
    tags: Iterable[str] = (),
) -> AnkiImported:
    """Import a package; its cards are approved, the suspended ones suspended.

    Args:
        content: the file's bytes.
        at: the time now.
        document_id: what the cards belong to.
        tags: given to every new card.

    Raises:
        RefusedError: when it is no package that can be read; nothing was imported.
        NotFoundError: when there is no such document.
    """
    found = read_package(content)
    by_guid = {guid_of(card): card for card in found}
    read = {guid: card for guid, card in _read(by_guid).items() if card is not None}
    with database.read() as session:
        known = _known(session, user_id, read)
        new = [card for guid, card in read.items() if guid not in known]
        placed = place_cards(session, user_id, new, document_id=document_id)
    with database.write() as session:
        done = add_cards(session, user_id, placed, state=CardState.APPROVED, tags=tags)
        scheduled = _schedule(session, user_id, by_guid, at)
        _suspend(
            session, user_id, [guid for guid in read.keys() - known if by_guid[guid].suspended]
        )
    here = len(known) + done.already_there + done.unchanged + done.updated
    return AnkiImported(done.added, here, scheduled, len(by_guid) - len(read))


def guid_of(card: AnkiCard) -> str:
    """The GUID of a card: the note's, and from the second card of a note on its number too."""
    return card.guid if card.ordinal == 0 else f"{card.guid}-{card.ordinal + 1}"[:64]


def memory_of_sm2(interval: float, ease: float) -> tuple[float, float]:
    """Stability and difficulty of a card that SM-2 scheduled.

    As fsrs-rs and Anki do it: SM-2's interval is the stability at its retention, and the difficulty
    is the one at which FSRS would let the interval grow by the ease, solved from its formula for
    recall (https://github.com/open-spaced-repetition/fsrs4anki/wiki/The-Algorithm).
    """
    w = DEFAULT_PARAMETERS
    stability = max(interval, 0.001)
    growth = math.exp(w[8]) * stability ** -w[9] * (math.exp((1 - SM2_RETENTION) * w[10]) - 1)
    return stability, min(10.0, max(1.0, 11 - (ease - 1) / growth))


def _read(cards: dict[str, AnkiCard]) -> dict[str, ReadCard | None]:
    return {
        guid: _read_card(line, guid, card) for line, (guid, card) in enumerate(cards.items(), 1)
    }


def _read_card(line: int, guid: str, card: AnkiCard) -> ReadCard | None:
    """A card as it would be written by hand; None when nothing of it can be read."""
    sides = [markdown(field) for field in card.fields]
    try:
        text = checked(_text(card, sides))
        tags = clean_tags(card.tags)
    except RefusedError:
        return None
    record = CardRecord(
        text.kind,
        text.front,
        text.back,
        guid=guid,
        state=CardState.APPROVED,
    )
    return ReadCard(line, record, text, tags, fingerprint(text.kind, text.front, text.back))


def _text(card: AnkiCard, sides: list[str]) -> CardText:
    front, back, *_ = [*sides, "", ""]
    if card.cloze:
        return CardText(Kind.CLOZE, only_cloze(front, card.ordinal + 1), "")
    reverse = card.ordinal == 1  # the second card of a note asks the other way round
    return CardText(Kind.BASIC, *((back, front) if reverse else (front, back)))


def _known(session: Session, user_id: str, guids: Iterable[str]) -> set[str]:
    query = sa.select(Flashcard.guid).where(Flashcard.user_id == user_id)
    return set(guids) & set(session.scalars(query))


def _schedule(session: Session, user_id: str, cards: dict[str, AnkiCard], at: Instant) -> int:
    """Give each card that nobody has rated here the schedule that it had."""
    learnt = {guid: card for guid, card in cards.items() if card.learnt}
    if not learnt:
        return 0
    scheduler_id, count = scheduler_in_force(session, user_id), 0
    guids = list(learnt)
    for start in range(0, len(guids), BATCH):
        rows = session.execute(
            sa.select(Schedule, Flashcard.guid)
            .join(Flashcard, Flashcard.id == Schedule.card_id)
            .where(
                Flashcard.user_id == user_id,
                Flashcard.guid.in_(guids[start : start + BATCH]),
                Schedule.phase == Phase.NEW,
            )
        ).all()
        for schedule, guid in rows:
            memory = _memory(learnt[guid], at)
            append(
                session, schedule, Entry.IMPORT, memory,
                at=at, source="import", scheduler_id=scheduler_id,
            )  # fmt: skip
            count += 1
    return count


def _suspend(session: Session, user_id: str, guids: list[str]) -> None:
    """Suspend new cards that were; only now, so that they have a schedule to come back to."""
    for start in range(0, len(guids), BATCH):
        session.execute(
            sa.update(Flashcard)
            .where(Flashcard.user_id == user_id, Flashcard.guid.in_(guids[start : start + BATCH]))
            .values(state=CardState.SUSPENDED)
        )


def _memory(card: AnkiCard, at: Instant) -> Memory:
    stability, difficulty = memory_of_sm2(card.interval, card.ease)
    if card.stability and card.difficulty and card.stability > 0:
        stability = min(card.stability, LONGEST_STABILITY)
        difficulty = min(10.0, max(1.0, card.difficulty))
    due_at = card.due_at if card.due_at is not None else at
    last = card.last_review_at if card.last_review_at is not None else due_at - card.interval * DAY
    return Memory(
        Phase.REVIEW, None, stability, difficulty, due_at, min(last, at), card.reps, card.lapses
    )
