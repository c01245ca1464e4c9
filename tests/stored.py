"""A look into the tables of a server's database, past its API."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from studyq.database.engine import Database

#: Counts what is left of a document in each table.
_LEFT = {
    "documents": "SELECT count(*) FROM documents WHERE id = :id",
    "pdfs": "SELECT count(*) FROM pdfs WHERE document_id = :id",
    "pages": "SELECT count(*) FROM pages WHERE document_id = :id",
    "chunks": "SELECT count(*) FROM chunks WHERE document_id = :id",
    "chunk_vectors": "SELECT count(*) FROM chunk_vectors WHERE document_id = :id",
    "orphaned words": "SELECT count(*) FROM chunk_words WHERE rowid NOT IN (SELECT id FROM chunks)",
    "orphaned vectors": "SELECT count(*) FROM chunk_vectors"
    " WHERE chunk_id NOT IN (SELECT id FROM chunks)",
}


def count_rows(data: Path, document_id: str) -> dict[str, int]:
    """What is stored of a document, by table; and what belongs to no chunk."""
    database = Database(f"sqlite:///{data / 'studyq.db'}")
    try:
        with database.read() as session:
            return {
                table: session.execute(sa.text(query), {"id": document_id}).scalar_one()
                for table, query in _LEFT.items()
            }
    finally:
        database.close()
