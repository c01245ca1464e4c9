"""A test as a file: for other programs, for spreadsheets, or for studyq itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from sqlalchemy.orm import Session

from studyq.assessment.analysing import responses_of
from studyq.assessment.exporting import (
    key_csv,
    moodle_xml,
    qti_package,
    responses_csv,
    results_csv,
)
from studyq.assessment.items import describe_item
from studyq.assessment.models import Item, Sitting, SittingStatus, Test
from studyq.assessment.service import sittings_of
from studyq.assessment.sittings import find_test, items_of
from studyq.database.base import isoformat


class TestFormat(StrEnum):
    """What a test can be exported as."""

    __test__ = False

    MOODLE = "moodle"  #: Moodle XML, to import into a question bank
    QTI = "qti"  #: a QTI 2.1 content package
    JSON = "json"  #: all that studyq knows of the items
    RESPONSES = "responses"  #: CSV: who answered what, as `studyq tests analyse` reads it
    KEY = "key"  #: CSV: the key beside it
    RESULTS = "results"  #: CSV: what each sitting came to


@dataclass(frozen=True)
class TestFile:
    """A file to be sent."""

    __test__ = False

    name: str
    media_type: str
    content: bytes


def export_test(session: Session, user_id: str, test_id: str, wanted: TestFormat) -> TestFile:
    """Write a test in a format.

    Raises:
        NotFoundError: when there is none.
    """
    test = find_test(session, user_id, test_id)
    items = items_of(session, test_id)
    suffix, media_type, write = _WRITERS[wanted]
    return TestFile(f"{test.title}{suffix}", media_type, write(session, test, items))


def _json(_: Session, test: Test, items: list[Item]) -> bytes:
    shown = {
        "title": test.title,
        "time_limit": test.time_limit,
        "items": [describe_item(item) for item in items],
    }
    return msgspec.json.format(msgspec.json.encode(shown), indent=2)


def _responses(session: Session, test: Test, items: list[Item]) -> bytes:
    rows = [
        (
            _name(sitting),
            {key: given.answer for key, given in responses_of(session, sitting.id).items()},
        )
        for sitting in _handed_in(session, test)
    ]
    return responses_csv(items, rows)


def _results(session: Session, test: Test, items: list[Item]) -> bytes:
    rows = []
    for sitting in _handed_in(session, test):
        responses = responses_of(session, sitting.id).values()
        seconds = sum(response.milliseconds for response in responses) / 1000
        rows.append(
            [
                sitting.taker or "–",
                str(sitting.number),
                "" if sitting.points is None else f"{sitting.points:g}",
                str(len(items)),
                isoformat(sitting.submitted_at) or "",
                f"{seconds:.0f}",
            ]
        )
    return results_csv(rows)


def _handed_in(session: Session, test: Test) -> list[Sitting]:
    found = sittings_of(session, test.id)
    return [sitting for sitting in reversed(found) if sitting.status != SittingStatus.OPEN]


def _name(sitting: Sitting) -> str:
    """A name of the sitting's own: only the first of a taker counts in an analysis."""
    name = sitting.taker or "–"
    return name if sitting.number == 1 else f"{name} ({sitting.number})"


_Write = Callable[[Session, Test, list[Item]], bytes]
_WRITERS: dict[TestFormat, tuple[str, str, _Write]] = {
    TestFormat.MOODLE: (
        ".moodle.xml", "application/xml", lambda _, test, items: moodle_xml(test.title, items)
    ),
    TestFormat.QTI: (
        ".qti.zip", "application/zip", lambda _, test, items: qti_package(test.title, items)
    ),
    TestFormat.JSON: (".json", "application/json", _json),
    TestFormat.RESPONSES: (".responses.csv", "text/csv", _responses),
    TestFormat.KEY: (".key.csv", "text/csv", lambda _s, _t, items: key_csv(items)),
    TestFormat.RESULTS: (".results.csv", "text/csv", _results),
}  # fmt: skip

#: Of all formats.
MEDIA_TYPES = tuple(sorted({media_type for _, media_type, _ in _WRITERS.values()}))
