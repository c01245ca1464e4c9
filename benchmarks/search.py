"""How long a search takes in libraries of 2,000 to 100,000 chunks, and what the coarse bits miss.

Texts are the passages of the language reference that Python carries, varied word by word; vectors
are random ones in clusters. Times are of one thread in one process, without the embedding of the
question. Read them as ratios.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import new_id, now
from studyq.database.engine import Database
from studyq.database.migrate import upgrade
from studyq.library.lines import Rectangle, pack_lines
from studyq.library.models import Chunk, Document, Page, Status
from studyq.search.service import CANDIDATES, PHRASES, Question, search
from studyq.search.vectors import EVERY, Vector, model_key, nearest, similarities, store_vectors
from studyq.search.words import WordRow, find_words, index_words, match_any, match_phrase
from studyq.text.terms import query_terms

SIZES = (2_000, 10_000, 50_000, 100_000)  #: chunks
DOCUMENT = 200  #: chunks of a document, two on a page
CHARACTERS = 1_000  #: of a chunk
VARIED = 0.3  #: share of the words of a repeated passage that are replaced
DIMENSIONS = 384
CLUSTER = 20  #: vectors around a centre
NOISE = 0.04  #: standard deviation of a number around its centre, of 0.05 altogether
QUESTIONS = 200
OWNER = "00000000-0000-7000-8000-000000000001"


class Echo:
    """An embedder that hands out the vectors that it was given, one a question."""

    model_id = "benchmark"
    dimensions = DIMENSIONS

    def __init__(self) -> None:
        self.vector: Vector = np.zeros(DIMENSIONS, dtype=np.float32)

    def embed(self, texts: Sequence[str], **_: Any) -> Vector:
        """The vector that was put in, for each text."""
        return np.stack([self.vector] * len(texts))

    def close(self) -> None:
        """Nothing runs."""


@dataclass(frozen=True)
class Asked:
    """A question and its vector."""

    text: str
    vector: Vector


def main() -> None:
    """Measure every size and print a table for each."""
    passages = reference_passages()
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="studyq-bench-") as folder:
            measure(Path(folder), size, passages)


def measure(folder: Path, size: int, passages: Sequence[str]) -> None:
    """Fill a library and print how long the parts of a search take in it."""
    chance, numbers = random.Random(size), np.random.default_rng(size)
    with open_library(folder) as database:
        vectors = clustered(numbers, size)
        begun = time.perf_counter()
        texts = fill(database, chance, passages, vectors)
        print(f"{size:,} chunks, filled at {size / (time.perf_counter() - begun):,.0f} a second")
        asked = [ask(chance, numbers, texts, vectors) for _ in range(QUESTIONS)]
        with database.read() as session:
            for name, part in parts(session).items():
                report(name, [timed(part, question) for question in asked])
            print(f"  recall@10 of the bits {recall(session, asked):.3f}", flush=True)


def parts(session: Session) -> dict[str, Callable[[Asked], object]]:
    """What is measured, by name."""
    model, echo = model_key(session, Echo.model_id, DIMENSIONS), Echo()

    def any_word(asked: Asked) -> dict[int, float]:
        return find_words(session, OWNER, match_any(query_terms(asked.text)), limit=CANDIDATES)

    def whole(mode: Literal["hybrid", "words", "meaning"]) -> Callable[[Asked], object]:
        def run(asked: Asked) -> object:
            echo.vector = asked.vector
            return search(session, echo, Question(OWNER, asked.text, mode))

        return run

    return {
        "words: any": any_word,
        "words: phrase": lambda asked: find_words(
            session, OWNER, match_phrase(query_terms(asked.text).words), limit=PHRASES
        ),
        "meaning: bits, then vectors": lambda asked: nearest(
            session, OWNER, model, asked.vector, limit=CANDIDATES
        ),
        "meaning: all vectors": lambda asked: nearest(
            session, OWNER, model, asked.vector, limit=CANDIDATES, proposed=EVERY
        ),
        "meaning: of 100 given chunks": lambda asked: similarities(
            session, OWNER, model, asked.vector, range(1, 101)
        ),
        "search by words": whole("words"),
        "search by meaning": whole("meaning"),
        "search by both": whole("hybrid"),
    }


def timed(part: Callable[[Asked], object], asked: Asked) -> tuple[float, float]:
    """Milliseconds of a call, and of the processor for it."""
    begun, worked = time.perf_counter(), time.thread_time()
    part(asked)
    return (time.perf_counter() - begun) * 1e3, (time.thread_time() - worked) * 1e3


def report(name: str, spent: list[tuple[float, float]]) -> None:
    """Print the median, the 95th percentile, and the median of the processor's time."""
    times, worked = zip(*spent, strict=True)
    middle, late = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    cpu = statistics.median(worked)
    print(f"  {name:30} p50 {middle:7.2f} ms   p95 {late:7.2f} ms   CPU {cpu:7.2f} ms", flush=True)


def recall(session: Session, asked: Sequence[Asked]) -> float:
    """The share of the ten nearest chunks that are found by way of the bits."""
    model, shares = model_key(session, Echo.model_id, DIMENSIONS), []
    for question in asked[:50]:
        found = nearest(session, OWNER, model, question.vector, limit=10)
        true = nearest(session, OWNER, model, question.vector, limit=10, proposed=EVERY)
        shares.append(len(found.keys() & true.keys()) / len(true))
    return statistics.fmean(shares)


def reference_passages() -> list[str]:
    """Real sentences that every Python carries, in passages."""
    text = " ".join(" ".join(topics.values()).split())
    return [text[at : at + CHARACTERS] for at in range(0, len(text) - CHARACTERS, CHARACTERS)]


def clustered(numbers: np.random.Generator, size: int) -> Vector:
    """Unit vectors around random centres."""
    centres = unit(numbers.standard_normal((-(-size // CLUSTER), DIMENSIONS), dtype=np.float32))
    noise = numbers.standard_normal((size, DIMENSIONS), dtype=np.float32) * np.float32(NOISE)
    return unit(np.repeat(centres, CLUSTER, axis=0)[:size] + noise)


def unit(rows: Vector) -> Vector:
    """Rows at length one."""
    found: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def ask(chance: random.Random, numbers: np.random.Generator, texts: list[str], v: Vector) -> Asked:
    """A question of three to eight words of a passage, and a vector near that of another one."""
    text = ""
    while len(query_terms(text).words) < 3:
        words = chance.choice(texts).split()
        begin, count = chance.randrange(max(1, len(words) - 8)), chance.randint(3, 8)
        text = " ".join(words[begin : begin + count])
    near = v[chance.randrange(len(v))] + numbers.standard_normal(DIMENSIONS) * NOISE / 2
    return Asked(text, unit(near[None].astype(np.float32))[0])


@contextmanager
def open_library(folder: Path) -> Iterator[Database]:
    """An empty library."""
    url = f"sqlite:///{folder / 'studyq.db'}"
    upgrade(url)
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


def fill(
    database: Database, chance: random.Random, passages: Sequence[str], vectors: Vector
) -> list[str]:
    """Store documents with pages, chunks, words and vectors; returns the chunks' texts."""
    vocabulary = " ".join(passages).split()
    texts = []
    for first in range(0, len(vectors), DOCUMENT):
        batch = [
            varied(chance, passages[number % len(passages)], vocabulary, number >= len(passages))
            for number in range(first, min(first + DOCUMENT, len(vectors)))
        ]
        texts += batch
        with database.write() as session:
            store(
                session, f"Document {first // DOCUMENT}", batch, vectors[first : first + DOCUMENT]
            )
    return texts


def varied(chance: random.Random, text: str, vocabulary: list[str], repeated: bool) -> str:
    """A passage as it is, or with words of others in it."""
    if not repeated:
        return text
    words = text.split()
    return " ".join(chance.choice(vocabulary) if chance.random() < VARIED else w for w in words)


def store(session: Session, title: str, texts: Sequence[str], vectors: Vector) -> None:
    """Store one document."""
    document_id, moment = new_id(), now()
    session.execute(
        sa.insert(Document).values(
            id=document_id,
            user_id=OWNER,
            title=title,
            filename=f"{title}.pdf",
            source="pdf",
            status=Status.COMPLETED,
            generation=1,
            page_count=-(-len(texts) // 2),
            chunk_count=len(texts),
            outline=[],
            created_at=moment,
            updated_at=moment,
        )
    )
    session.execute(
        sa.insert(Page),
        [page_row(document_id, n, texts) for n in range(1, -(-len(texts) // 2) + 1)],
    )
    ids = session.scalars(
        sa.insert(Chunk).returning(Chunk.id, sort_by_parameter_order=True),
        [chunk_row(document_id, n, text) for n, text in enumerate(texts)],
    ).all()
    rows = (WordRow(i, title, "Section", text) for i, text in zip(ids, texts, strict=True))
    index_words(session.connection(), rows)
    store_vectors(
        session,
        model=model_key(session, Echo.model_id, DIMENSIONS),
        user_id=OWNER,
        document_id=document_id,
        generation=1,
        chunk_ids=ids,
        vectors=vectors,
    )


@dataclass(frozen=True)
class Line(Rectangle):
    """A line of a page."""

    start: int
    end: int


def page_row(document_id: str, number: int, texts: Sequence[str]) -> dict[str, Any]:
    """A page of two chunks, in lines of 80 characters."""
    text = " ".join(texts[2 * number - 2 : 2 * number])
    lines = [
        Line(number, 72, at / 7, 540, at / 7 + 11, at, at + 80) for at in range(0, len(text), 80)
    ]
    return {
        "document_id": document_id,
        "generation": 1,
        "index": number,
        "label": str(number),
        "offset": (number - 1) * 2 * (CHARACTERS + 1),
        "text": text,
        "width": 612.0,
        "height": 792.0,
        "kind": "text",
        "lines": pack_lines(lines),
        "headings": [],
    }


def chunk_row(document_id: str, number: int, text: str) -> dict[str, Any]:
    """A chunk, two on a page."""
    return {
        "user_id": OWNER,
        "document_id": document_id,
        "generation": 1,
        "ordinal": number,
        "page_from": number // 2 + 1,
        "page_to": number // 2 + 1,
        "start": number * (CHARACTERS + 1),
        "end": number * (CHARACTERS + 1) + len(text),
        "section": "Section",
        "text": text,
        "token_count": len(text) // 5,
    }
