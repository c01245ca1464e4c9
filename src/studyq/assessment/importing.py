"""Tests that were held elsewhere: their files of responses, kept and analysed by a job."""

from __future__ import annotations

import zstandard
from sqlalchemy.orm import Session

from studyq.assessment.models import ImportedResponses, Test, TestOrigin, TestStatus
from studyq.assessment.response_files import FileUnreadable, read_responses
from studyq.assessment.response_matrix import ResponseMatrix
from studyq.database.base import new_id, now
from studyq.jobs.enqueue import NewJob, enqueue
from studyq.jobs.errors import PermanentError
from studyq.jobs.registry import TEST_ANALYSIS
from studyq.library.errors import RefusedError

ANALYSE_IMPORT = "analyse_import"
LONGEST_TITLE = 200


def check_files(responses: bytes, key: bytes | None) -> None:
    """Refuse files that cannot be analysed, before anything is stored.

    Raises:
        RefusedError: with the line, the reason and what to do.
    """
    try:
        read_responses(responses, key)
    except FileUnreadable as error:
        raise RefusedError("responses_unreadable", str(error)) from error


def import_test(
    session: Session, user_id: str, *, title: str, responses: bytes, key: bytes | None
) -> Test:
    """Store a test's files and have them analysed; they have been checked (`check_files`)."""
    title = " ".join(title.split())[:LONGEST_TITLE] or "Imported test"
    at = now()
    test = Test(
        id=new_id(),
        user_id=user_id,
        title=title,
        origin=TestOrigin.IMPORTED,
        status=TestStatus.READY,
        blueprint={},
        created_at=at,
        updated_at=at,
    )
    session.add(test)
    session.flush()
    session.add(
        ImportedResponses(
            test_id=test.id,
            responses=zstandard.compress(responses),
            key=None if key is None else zstandard.compress(key),
        )
    )
    job = NewJob(TEST_ANALYSIS, ANALYSE_IMPORT, user_id, payload={"test_id": test.id})
    test.job_id = enqueue(session, job)
    session.flush()
    return test


def stored_matrix(session: Session, test_id: str) -> ResponseMatrix:
    """Read the files of an imported test.

    Raises:
        PermanentError: when the test was deleted.
    """
    row = session.get(ImportedResponses, test_id)
    if row is None:
        raise PermanentError("test_deleted", "This test was deleted, so there is no work.")
    key = None if row.key is None else zstandard.decompress(row.key)
    return read_responses(zstandard.decompress(row.responses), key)
