"""Whether the database is whole, and every chunk can be found by words and by meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from studyq.library.models import Chunk, Document, Status
from studyq.operations.findings import Patient, Symptom, count_of, symptom
from studyq.operations.job_checks import read_again
from studyq.providers.embedding import Unavailable
from studyq.search.models import ChunkVector, EmbeddingModel
from studyq.search.words import WordRow, index_words

BATCH = 500  #: chunks mended in one transaction

_word_rows = sa.table("chunk_words", sa.column("rowid"))


def check_integrity(patient: Patient) -> Iterator[Symptom]:
    """The database file is what SQLite wrote, and no row refers to one that is not there."""
    with patient.database.read() as session:
        answers = list(session.scalars(sa.text("PRAGMA integrity_check")))
        dangling = session.execute(sa.text("PRAGMA foreign_key_check")).all()
    if answers != ["ok"]:
        yield symptom(
            "database_damaged",
            f"The database is damaged: {answers[0]}.",
            "Stop studyq and restore the database from a backup. Without one: keep a copy of the "
            "file, and try `sqlite3 studyq.db .recover`.",
            answers,
        )
    if dangling:
        yield symptom(
            "dangling_references",
            f"{count_of(dangling, 'row refers', 'rows refer')} to something that is not there.",
            "Restore the database from a backup, or report this with what is named here.",
            [f"{row[0]} row {row[1]} → {row[2]}" for row in dangling],
        )


def check_words(patient: Patient) -> Iterator[Symptom]:
    """The word index has each chunk, and nothing else."""
    without = sa.select(Chunk.id).where(Chunk.id.not_in(sa.select(_word_rows.c.rowid)))
    alone = sa.select(_word_rows.c.rowid).where(_word_rows.c.rowid.not_in(sa.select(Chunk.id)))
    with patient.database.read() as session:
        unfindable = list(session.scalars(without.order_by(Chunk.id)))
        stray = list(session.scalars(alone))
    if unfindable:
        yield symptom(
            "chunks_without_words",
            f"{count_of(unfindable, 'passage is', 'passages are')} not in the word index.",
            "`studyq doctor --fix` puts them in.",
            unfindable,
            lambda: _index(patient, unfindable),
        )
    if stray:
        yield symptom(
            "words_without_chunks",
            f"{count_of(stray, 'row', 'rows')} of the word index belong to no passage.",
            "`studyq doctor --fix` deletes them.",
            stray,
            lambda: _delete_words(patient, stray),
        )


def check_vectors(patient: Patient) -> Iterator[Symptom]:
    """Each chunk of a complete document has a vector of the model in use."""
    if isinstance(patient.embedder, Unavailable):
        if patient.embedder.next_step:  # none: it was switched off
            yield symptom(
                "model_unavailable", patient.embedder.reason, patient.embedder.next_step, []
            )
        return
    models = sa.select(EmbeddingModel.id).where(EmbeddingModel.name == patient.embedder.model_id)
    embedded = sa.exists().where(ChunkVector.chunk_id == Chunk.id, ChunkVector.model_id.in_(models))
    with patient.database.read() as session:
        rows = session.execute(
            sa.select(Document.id, sa.func.count())
            .join(Chunk, Chunk.document_id == Document.id)
            .where(
                Document.status == Status.COMPLETED,
                Chunk.generation == Document.generation,
                ~embedded,
            )
            .group_by(Document.id)
        ).all()
    if rows:
        documents = [row[0] for row in rows]
        passages = sum(row[1] for row in rows)
        yield symptom(
            "chunks_without_vectors",
            f"{passages:,} passages of {count_of(documents, 'document', 'documents')} cannot be "
            f"found by meaning: they have no vector of {patient.embedder.model_id}.",
            "`studyq doctor --fix` or `studyq reprocess --all --embeddings` makes the vectors.",
            documents,
            lambda: read_again(patient, documents, embeddings_only=True),
        )


def _index(patient: Patient, chunk_ids: Sequence[int]) -> str:
    for place in range(0, len(chunk_ids), BATCH):
        with patient.database.write() as session:
            # Looked up again: a chunk may be gone, or indexed, by now.
            rows = session.execute(
                sa.select(Chunk.id, Document.title, Chunk.section, Chunk.text)
                .join(Document, Document.id == Chunk.document_id)
                .where(
                    Chunk.id.in_(chunk_ids[place : place + BATCH]),
                    Chunk.id.not_in(sa.select(_word_rows.c.rowid)),
                )
            )
            index_words(session.connection(), [WordRow(*row) for row in rows])
    return f"{count_of(chunk_ids, 'passage', 'passages')} put into the word index."


def _delete_words(patient: Patient, row_ids: Sequence[int]) -> str:
    for place in range(0, len(row_ids), BATCH):
        with patient.database.write() as session:
            session.execute(
                sa.delete(_word_rows).where(
                    _word_rows.c.rowid.in_(row_ids[place : place + BATCH]),
                    _word_rows.c.rowid.not_in(sa.select(Chunk.id)),
                )
            )
    return f"{count_of(row_ids, 'row', 'rows')} deleted."


INDEX_CHECKS = (check_integrity, check_words, check_vectors)
