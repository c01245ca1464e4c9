"""Reviews: agreement with reference vectors, speed with 50,000 cards, and a learner's long life.

BENCH_DATA names a folder with `fsrs/fsrs6_vectors.json` (ratings, days since the last review, and
the stability, difficulty and interval that two implementations of FSRS-6 agree on); without it the
vectors are left out. Times are of one thread in one process. Read them as ratios.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from studyq.accounts.models import LOCAL_USER
from studyq.cards.models import Flashcard
from studyq.database.base import new_id
from studyq.database.engine import Database
from studyq.database.migrate import upgrade
from studyq.library.models import Document, Page
from studyq.reviews.coverage import coverage
from studyq.reviews.log import disagreements
from studyq.reviews.models import Review, Schedule
from studyq.reviews.preferences import PreferenceChange, change_preferences
from studyq.reviews.queue import review_queue
from studyq.reviews.scheduling import DEFAULT_PARAMETERS, Memory, Rating, Scheduling, rate
from studyq.reviews.service import Answer, bury, rate_card, undo_rating
from studyq.reviews.showing import shown_cards
from studyq.reviews.study_days import DAY, SECOND

NOON = int(datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()) * SECOND
CARDS = 50_000
DOCUMENTS = 100
PAGES = 1_000
LIFE = 10_000  #: days
TIMES = 200

#: Milliseconds that must not be exceeded, by what is measured.
LIMITS = {"rating": 1.0, "next card, p95": 20.0, "coverage, p95": 100.0}


def main() -> None:
    """Run everything and print figures with verdicts."""
    vectors()
    scheduling()
    with library() as database:
        fill(database)
        queue(database)
    with library() as database:
        covered(database)
    with library() as database:
        life(database)


def vectors() -> None:
    """Compare with the reference vectors, exactly: without steps and fuzz."""
    folder = os.environ.get("BENCH_DATA")
    if not folder:
        print("vectors: left out; BENCH_DATA names no folder")
        return
    given = json.loads((Path(folder) / "fsrs/fsrs6_vectors.json").read_text())
    worst, reviews, intervals, differing = 0.0, 0, 0, 0
    for vector in given["vectors"]:
        parameters = DEFAULT_PARAMETERS if vector["w"] == "default" else tuple(vector["w"])
        exact = Scheduling(parameters, learning_steps=(), relearning_steps=(), fuzz=False)
        memory, at = Memory.new(0), 0
        for place, (rating, days) in enumerate(
            zip(vector["ratings"], vector["days_since_last"], strict=True)
        ):
            at += days * DAY
            memory = rate(exact, "card", memory, Rating(rating), at, days)
            for found, wanted in (
                (memory.stability, vector["stability"][place]),
                (memory.difficulty, vector["difficulty"][place]),
            ):
                worst = max(worst, abs((found or 0) - wanted) / max(wanted, 0.01))
            reviews += 1
            if vector["interval_agrees"][place]:
                intervals += 1
                differing += (memory.due_at - at) // DAY != vector["interval_days_r90"][place]
    verdict = "ok" if not differing and worst <= given["tolerance"] else "FAILED"
    print(
        f"vectors: {len(given['vectors'])} cards, {reviews} reviews; {differing} of {intervals} "
        f"intervals differ, stability and difficulty by {worst:.1e} at most (allowed "
        f"{given['tolerance']}): {verdict}"
    )


def scheduling() -> None:
    """How long the scheduling of one rating takes, and of the four that a card shows."""
    wishes = Scheduling()
    memory = rate(wishes, "card", Memory.new(0), Rating.Easy, 0, 0)
    one = timed(lambda: rate(wishes, "card", memory, Rating.Good, 9 * DAY, 9))
    tell("rating", one[0])
    print(f"  p95 {one[1]:.3f} ms")


def fill(database: Database) -> None:
    """50,000 cards over 100 documents: 80 % learnt, of which half are due, the others new."""
    chance = random.Random(1)
    documents = [add_document(database, 3) for _ in range(DOCUMENTS)]
    for start in range(0, CARDS, 1000):
        rows = [
            card(documents[(start + n) % DOCUMENTS], 1 + n % 3, NOON - DAY + start + n)
            for n in range(1000)
        ]
        with database.write() as session:
            session.execute(sa.insert(Flashcard), rows)
    with database.write() as session:
        ids = list(session.scalars(sa.select(Schedule.card_id)))
        for card_id in chance.sample(ids, int(CARDS * 0.8)):
            due = NOON + chance.randrange(-60 * DAY, 60 * DAY)
            session.execute(
                sa.update(Schedule)
                .where(Schedule.card_id == card_id)
                .values(
                    phase="review", stability=chance.uniform(1, 300), reps=3,
                    difficulty=chance.uniform(1, 10), due_at=due, last_review_at=due - 30 * DAY,
                )
            )  # fmt: skip


def queue(database: Database) -> None:
    """The next card with its buttons and the counts, and a whole rating."""
    for most in (200, 9999):
        with database.write() as session:
            wanted = PreferenceChange(new_per_day=most, reviews_per_day=most)
            change_preferences(session, LOCAL_USER, wanted)
        median, p95 = timed(lambda: next_card(database))
        print(f"{CARDS:,} cards, at most {most:,} a day: median {median:.1f} ms")
        tell("next card, p95", p95)
    median, p95 = timed(lambda: rate_next(database))
    print(f"a rating over all, with its row of the log, committed: median {median:.1f} ms, "
          f"p95 {p95:.1f} ms")  # fmt: skip


def next_card(database: Database) -> str:
    """What the page asks for: one card, its intervals, what is left."""
    with database.read() as session:
        found = review_queue(session, LOCAL_USER, NOON)
        shown_cards(session, LOCAL_USER, found.cards, NOON)
        return found.cards[0]


def rate_next(database: Database) -> None:
    """Rate the next card as the page does."""
    with database.read() as session:
        [card_id] = review_queue(session, LOCAL_USER, NOON).cards
    with database.write() as session:
        rate_card(session, LOCAL_USER, Answer(card_id, 3, key=new_id(), duration_ms=5000), NOON)


def covered(database: Database) -> None:
    """The coverage of a document of 1,000 pages with five cards a page."""
    document_id = add_document(database, PAGES)
    rows = [card(document_id, 1 + n % PAGES, NOON) for n in range(5 * PAGES)]
    with database.write() as session:
        session.execute(sa.insert(Flashcard), rows)
        session.execute(
            sa.update(Schedule)
            .where(Schedule.card_id.in_([row["id"] for row in rows[: 4 * PAGES]]))
            .values(phase="review", stability=20.0, difficulty=5.0, last_review_at=NOON - 9 * DAY)
        )

    def look() -> None:
        with database.read() as session:
            coverage(session, LOCAL_USER, [session.get_one(Document, document_id)], NOON)

    median, p95 = timed(look, 60)
    print(f"coverage of {PAGES:,} pages and {5 * PAGES:,} cards: median {median:.1f} ms")
    tell("coverage, p95", p95)


def life(database: Database) -> None:
    """10,000 days of a learner who undoes, buries and changes settings; the log is replayed."""
    chance = random.Random(7)
    at, ratings, undone = NOON, 0, 0
    document_id = add_document(database, 3)
    with database.write() as session:
        session.execute(sa.insert(Flashcard), [card(document_id, 1, NOON + n) for n in range(400)])
    began = time.perf_counter()
    for day in range(LIFE):
        with database.write() as session:
            if day % 500 == 0:
                change_preferences(session, LOCAL_USER, random_preferences(chance))
            for _ in range(chance.randrange(5)):
                found = review_queue(session, LOCAL_USER, at).cards
                if not found:
                    break
                if chance.random() < 0.03:
                    bury(session, LOCAL_USER, found[0], at)
                    continue
                rating = chance.choices((1, 2, 3, 4), (8, 12, 65, 15))[0]
                rate_card(session, LOCAL_USER, Answer(found[0], rating), at)
                ratings += 1
                if chance.random() < 0.05:
                    undo_rating(session, LOCAL_USER, at)
                    undone += 1
                at += chance.randrange(5, 60) * SECOND
        at += DAY + chance.randrange(-3, 3) * 3600 * SECOND
    seconds = time.perf_counter() - began
    with database.read() as session:
        began = time.perf_counter()
        wrong = list(disagreements(session))
        checked = time.perf_counter() - began
        rows = session.scalar(sa.select(sa.func.count()).select_from(Review))
    print(
        f"{LIFE:,} days of a learner: {ratings:,} ratings, {undone:,} undone, {rows:,} rows of the "
        f"log in {seconds:.0f} s; replayed in {checked:.1f} s, {len(wrong)} cards differ: "
        f"{'FAILED' if wrong else 'ok'}"
    )


def random_preferences(chance: random.Random) -> PreferenceChange:
    """Settings that somebody might come to choose."""
    return PreferenceChange(
        desired_retention=chance.uniform(0.75, 0.97),
        learning_steps=chance.choice([(), (1,), (1, 10), (5, 30, 120)]),
        relearning_steps=chance.choice([(), (10,), (10, 60)]),
        time_zone=chance.choice(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia"]),
        turn_hour=chance.randrange(24),
        leech_suspends=False,
    )


@contextmanager
def library() -> Iterator[Database]:
    """A database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        upgrade(f"sqlite:///{folder}/studyq.db")
        database = Database(f"sqlite:///{folder}/studyq.db")
        try:
            yield database
        finally:
            database.close()


def add_document(database: Database, pages: int) -> str:
    """A document that has been read."""
    document_id = new_id()
    with database.write() as session:
        session.execute(
            sa.insert(Document).values(
                id=document_id, user_id=LOCAL_USER, title="Benchmark", filename="", source="pdf",
                status="COMPLETED", generation=1, page_count=pages, chunk_count=0, outline=[],
                created_at=NOON, updated_at=NOON,
            )
        )  # fmt: skip
        session.execute(
            sa.insert(Page),
            [
                {
                    "document_id": document_id, "generation": 1, "index": index, "offset": 0,
                    "width": 595.0, "height": 842.0, "kind": "text", "lines": b"", "headings": [],
                    "text": "x" * 2000,
                }
                for index in range(1, pages + 1)
            ],
        )  # fmt: skip
    return document_id


def card(document_id: str, page: int, created_at: int) -> dict[str, Any]:
    """The columns of an approved card."""
    return {
        "id": new_id(), "user_id": LOCAL_USER, "document_id": document_id, "page": page,
        "guid": new_id(), "kind": "basic", "front": "What makes ATP?", "back": "Mitochondria",
        "options": [], "state": "approved", "tags": [], "origin": "manual", "source_title": "",
        "section": "", "quote": "", "rectangles": [], "fingerprint": "", "version": 1,
        "created_at": created_at, "updated_at": created_at,
    }  # fmt: skip


def timed(work: Callable[[], object], times: int = TIMES) -> tuple[float, float]:
    """Median and 95th percentile of milliseconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken), sorted(taken)[int(len(taken) * 0.95)]


def tell(what: str, milliseconds: float) -> None:
    """A figure with its verdict."""
    limit = LIMITS[what]
    verdict = "ok" if milliseconds <= limit else "FAILED"
    print(f"{what}: {milliseconds:.3f} ms, of {limit:g} ms allowed: {verdict}")
