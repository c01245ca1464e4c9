"""What must be true of a library once every job has ended: invariants 8 and 20, and files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from crash.ledger import query
from crash.service import Upload

LIBRARY_RULES: tuple[tuple[str, str], ...] = (
    (
        "8: a document without its job",
        """SELECT documents.id FROM documents LEFT JOIN jobs ON jobs.id = documents.job_id
        AND jobs.subject = documents.id WHERE jobs.id IS NULL""",
    ),
    (
        "8: a job without its document",
        """SELECT jobs.id, jobs.state FROM jobs
        LEFT JOIN documents ON documents.id = jobs.subject WHERE documents.id IS NULL
        AND jobs.state NOT IN ('cancelled', 'completed', 'failed')""",
    ),
    (
        "8: a document says something else than its job",
        """SELECT documents.id, status, state FROM documents JOIN jobs ON jobs.id = job_id
        WHERE lower(status) != state""",
    ),
    (
        "8: a document without its PDF, or with several",
        """SELECT documents.id, count(pdfs.id) FROM documents LEFT JOIN pdfs
        ON pdfs.document_id = documents.id GROUP BY documents.id HAVING count(pdfs.id) != 1""",
    ),
    (
        "20: pages are missing or doubled",
        """SELECT documents.id, page_count, count(pages."index"), max(pages."index")
        FROM documents LEFT JOIN pages ON pages.document_id = documents.id
        WHERE status = 'COMPLETED' GROUP BY documents.id
        HAVING count(pages."index") != page_count OR max(pages."index") != page_count""",
    ),
    (
        "20: chunks are missing or doubled",
        """SELECT documents.id, chunk_count, count(chunks.id), max(ordinal)
        FROM documents LEFT JOIN chunks ON chunks.document_id = documents.id
        WHERE status = 'COMPLETED' GROUP BY documents.id
        HAVING count(chunks.id) != chunk_count OR max(ordinal) != chunk_count - 1""",
    ),
    (
        "20: a chunk without words",
        """SELECT chunks.id FROM chunks
        WHERE NOT EXISTS (SELECT 1 FROM chunk_words WHERE chunk_words.rowid = chunks.id)""",
    ),
    (
        "20: words without a chunk",
        """SELECT chunk_words.rowid FROM chunk_words
        WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.id = chunk_words.rowid)""",
    ),
    (
        "20: a vector without its chunk",
        """SELECT chunk_id FROM chunk_vectors LEFT JOIN chunks ON chunks.id = chunk_id
        AND chunks.document_id = chunk_vectors.document_id WHERE chunks.id IS NULL""",
    ),
)

VECTOR_RULE = (
    "20: not exactly one vector for a chunk",
    """SELECT chunks.id, count(chunk_id) FROM chunks LEFT JOIN chunk_vectors
    ON chunk_id = chunks.id GROUP BY chunks.id HAVING count(chunk_id) != 1""",
)


def broken_uploads(database: Path, files: Path, uploads: Iterable[Upload]) -> list[str]:
    """Invariant 1, for people: what was acknowledged is in the library, whole, and once."""
    found = []
    status_of = dict(query(database, "SELECT id, status FROM documents"))
    state_of = dict(query(database, "SELECT id, state FROM jobs"))
    kept = [upload for upload in uploads if not upload.deleted]
    for upload in kept:
        status, state = status_of.get(upload.document_id), state_of.get(upload.job_id)
        if (status, state) != ("COMPLETED", "completed"):
            found.append(f"1: acknowledged document {upload.document_id} is {status}, {state}")
        for page in (1, upload.pages):
            match = f'"{upload.marker}page{page}"'
            hits = query(
                database,
                "SELECT document_id FROM chunk_words JOIN chunks ON chunks.id = chunk_words.rowid "
                "WHERE chunk_words MATCH ?",
                match,
            )
            if {row[0] for row in hits} != {upload.document_id}:
                found.append(f"20: {match} finds {hits}, not {upload.document_id}")
    strangers = set(status_of) - {upload.document_id for upload in kept}
    found += [f"1: document {document} is nobody's, or was deleted" for document in strangers]
    for key, size in query(database, "SELECT storage_key, size FROM pdfs"):
        original = files / key
        if not original.is_file() or original.stat().st_size != size:
            found.append(f"1: the original {key} is missing or incomplete")
    return found


def broken_stream(database: Path, seen: list[int]) -> list[str]:
    """Invariant 19, as a browser sees it: no event is left out, repeated or out of order."""
    if not seen:
        return ["19: the watcher saw no event at all"]
    told = query(database, "SELECT id FROM job_events WHERE id >= ? ORDER BY id", seen[0])
    expected = [row[0] for row in told]
    if seen != expected:
        missing, extra = sorted(set(expected) - set(seen)), sorted(set(seen) - set(expected))
        return [f"19: the stream lacks {missing[:9]}, has {extra[:9]} besides, or is out of order"]
    return []
