"""The word index: one FTS5 table, whose rows go with their chunks (a trigger deletes them).

Text is brought to index form first (text/terms.py), so that scripts without spaces are found too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.library.models import Chunk, Status
from studyq.text.terms import QueryTerms, index_form

WEIGHTS = (1.0, 1.0, 1.0)  #: of title, section and text in BM25

_words = sa.table(
    "chunk_words", sa.column("rowid"), sa.column("title"), sa.column("section"), sa.column("text")
)
_INSERT = sa.insert(_words)

# Every match is checked, so its chunk is looked up in an index without texts; CROSS JOIN is
# SQLite's way to say which table comes first.
_FIND = sa.text(
    f"""
    SELECT chunks.id, -bm25(chunk_words, {", ".join(map(str, WEIGHTS))}) AS score
    FROM chunk_words
    CROSS JOIN chunks INDEXED BY ix_chunks_found ON chunks.id = chunk_words.rowid
    CROSS JOIN documents ON documents.id = chunks.document_id
    WHERE chunk_words MATCH :match AND chunks.user_id = :user
        AND chunks.document_id = coalesce(:document, chunks.document_id)
        AND chunks.generation = documents.generation AND documents.status <> :failed
    ORDER BY score DESC LIMIT :limit
    """  # noqa: S608  # the weights are numbers
)


@dataclass(frozen=True)
class WordRow:
    """What the word index holds of a chunk."""

    chunk_id: int
    title: str
    section: str
    text: str


def index_words(connection: sa.Connection, rows: Iterable[WordRow]) -> None:
    """Add chunks to the word index, within the running transaction."""
    values = [
        {
            "rowid": row.chunk_id,
            "title": index_form(row.title),
            "section": index_form(row.section),
            "text": index_form(row.text),
        }
        for row in rows
    ]
    if values:
        connection.execute(_INSERT, values)


def retitle(session: Session, document_id: str, title: str) -> None:
    """Let a document's passages be found by its new title, and no more by the old one."""
    chunks = session.execute(
        sa.select(Chunk.id, Chunk.section, Chunk.text).where(Chunk.document_id == document_id)
    ).all()
    if not chunks:
        return
    connection = session.connection()
    connection.execute(
        sa.delete(_words).where(_words.c.rowid == sa.bindparam("chunk")),
        [{"chunk": chunk.id} for chunk in chunks],
    )
    index_words(connection, (WordRow(c.id, title, c.section, c.text) for c in chunks))


def match_any(terms: QueryTerms) -> str:
    """An FTS5 query for any of the words, none of which is syntax.

    Words side by side count once more as a pair, and long words of languages that the index has no
    stemmer for also by their beginnings.
    """
    return " OR ".join(
        [f'"{word}"' for word in terms.content]
        + [f'"{first} {second}"' for first, second in terms.pairs]
        + [f'"{stem}"*' for stem in terms.stems]
    )


def match_phrase(words: Sequence[str]) -> str:
    """An FTS5 query for the words in a row."""
    return '"' + " ".join(words) + '"'


def find_words(
    session: Session,
    user_id: str,
    match: str,
    *,
    limit: int,
    document_id: str | None = None,
) -> dict[int, float]:
    """Chunks that match, best first, of the generation shown and of documents that have not failed.

    Args:
        match: a query from `match_any` or `match_phrase`.

    Returns:
        Chunk ids with their BM25 score, greater being better.
    """
    values = {
        "match": match,
        "user": user_id,
        "document": document_id,
        "failed": Status.FAILED.value,
        "limit": limit,
    }
    rows: Iterable[Any] = session.execute(_FIND, values).all()
    return dict(rows)
