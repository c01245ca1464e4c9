"""Tests as a whole: list, look, change, delete."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.assessment.items import describe_item
from studyq.assessment.models import Item, Sitting, SittingStatus, Test, TestOrigin, TestStatus
from studyq.assessment.sittings import find_test, items_of
from studyq.database.base import isoformat, now
from studyq.library.errors import ConflictError, RefusedError

LONGEST_TITLE = 200
TIME_LIMITS = (30, 12 * 3600)  #: seconds


def list_tests(
    session: Session, user_id: str, *, before: str | None = None, limit: int = 50
) -> list[Test]:
    """Tests, newest first.

    Args:
        before: an id to go on behind.
    """
    query = sa.select(Test).where(Test.user_id == user_id)
    if before is not None:
        query = query.where(Test.id < before)
    return list(session.scalars(query.order_by(Test.id.desc()).limit(limit)))


def describe_tests(session: Session, tests: list[Test]) -> list[dict[str, Any]]:
    """Tests as lists tell them, with how many items and sittings each has."""
    ids = [test.id for test in tests]
    items = _numbers(session, Item.test_id, ids)
    sittings = _numbers(session, Sitting.test_id, ids)
    open_ones = _numbers(session, Sitting.test_id, ids, Sitting.status == SittingStatus.OPEN)
    return [
        {
            "id": test.id,
            "title": test.title,
            "origin": test.origin,
            "status": test.status,
            "error": test.error_code and {"code": test.error_code, "message": test.error_message},
            "time_limit": test.time_limit,
            "blueprint": test.blueprint,
            "receipt": test.receipt,
            "job_id": test.job_id,
            "item_count": items.get(test.id, 0),
            "sitting_count": sittings.get(test.id, 0),
            "open_sittings": open_ones.get(test.id, 0),
            "created_at": isoformat(test.created_at),
            "updated_at": isoformat(test.updated_at),
        }
        for test in tests
    ]


def describe_test(session: Session, test: Test) -> dict[str, Any]:
    """One test with its items and their answers."""
    [found] = describe_tests(session, [test])
    return {**found, "items": [describe_item(item) for item in items_of(session, test.id)]}


def change_test(
    session: Session,
    user_id: str,
    test_id: str,
    *,
    title: str | None = None,
    time_limit: int | None = None,
    status: str | None = None,
) -> Test:
    """Rename a test, limit its time, or say whether it may be taken.

    Args:
        time_limit: seconds; 0 takes the limit away.
        status: `ready`, or `draft` while nobody has begun it.

    Raises:
        NotFoundError, ConflictError, RefusedError: when it cannot be changed so.
    """
    test = find_test(session, user_id, test_id)
    if title is not None:
        title = " ".join(title.split())
        if not 0 < len(title) <= LONGEST_TITLE:
            raise RefusedError("bad_title", f"A title has 1 to {LONGEST_TITLE} characters.")
        test.title = title
    if time_limit is not None:
        check_time_limit(time_limit)
        test.time_limit = time_limit or None
    if status is not None and status != test.status:
        _move(session, test, status)
    test.updated_at = now()
    session.flush()
    return test


def check_time_limit(seconds: int | None) -> None:
    """Refuse a time limit that is none.

    Raises:
        RefusedError: when it is too short or too long.
    """
    low, high = TIME_LIMITS
    if seconds and not low <= seconds <= high:
        raise RefusedError(
            "bad_time_limit", f"A time limit is 0 (none), or {low} to {high:,} seconds."
        )


def delete_test(session: Session, user_id: str, test_id: str) -> None:
    """Delete a test with its sittings and their analyses.

    Raises:
        NotFoundError: when there is none.
    """
    session.delete(find_test(session, user_id, test_id))
    session.flush()


def sittings_of(session: Session, test_id: str) -> list[Sitting]:
    """A test's sittings, newest first."""
    query = sa.select(Sitting).where(Sitting.test_id == test_id)
    return list(session.scalars(query.order_by(Sitting.id.desc())))


def _move(session: Session, test: Test, status: str) -> None:
    movable = (TestStatus.DRAFT, TestStatus.READY)
    if status not in movable or test.status not in movable or test.origin == TestOrigin.IMPORTED:
        raise ConflictError(f"test_{test.status}", f"A test that is {test.status} cannot be that.")
    if status == TestStatus.DRAFT and _numbers(session, Sitting.test_id, [test.id]):
        raise ConflictError(
            "test_begun", "Somebody has begun this test, so its items stay as they are."
        )
    if status == TestStatus.READY and not _numbers(session, Item.test_id, [test.id]):
        raise ConflictError("test_empty", "A test needs an item before it can be taken.")
    test.status = status


def _numbers(
    session: Session, column: Any, ids: list[str], *where: sa.ColumnElement[bool]
) -> dict[str, int]:
    query = sa.select(column, sa.func.count()).where(column.in_(ids), *where).group_by(column)
    return {test_id: count for test_id, count in session.execute(query)}  # noqa: C416  # rows
