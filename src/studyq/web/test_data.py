"""Fills the pages of tests."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.assessment.analysing import find_analysis
from studyq.assessment.models import TestOrigin
from studyq.assessment.service import (
    describe_test,
    describe_tests,
    list_tests,
    sittings_of,
)
from studyq.assessment.sittings import describe_sitting, find_sitting, find_test
from studyq.cards.models import CardState, Flashcard
from studyq.jobs.models import ENDED, State
from studyq.jobs.service import UnknownJobError, describe_job, find_job
from studyq.library.errors import NotFoundError
from studyq.library.models import Chunk, Document, Status
from studyq.text.sections import SEPARATOR
from studyq.web.api.test_schemas import AnalysisBody, SittingBody, TestDetail, TestSummary
from studyq.web.api.tests import analysis_body
from studyq.web.pages.test_views import (
    AnalysisView,
    DocumentChoice,
    ResultView,
    SittingView,
    TestsView,
    TestView,
)
from studyq.web.services import Services

ROWS = 50  #: tests on one page
VERSION = re.compile(r"[0-9]{1,9}")
MOST_DOCUMENTS = 200  #: offered for a new test


@dataclass(frozen=True)
class TestPages:
    """`TestData` over the services; one reader's."""

    __test__ = False

    services: Services

    def tests(self, cursor: str | None, document_id: str | None) -> TestsView:
        """All tests."""
        user_id = self.services.user_id
        with self.services.database.read() as session:
            rows = list_tests(session, user_id, before=cursor, limit=ROWS + 1)
            found = describe_tests(session, rows[:ROWS])
            documents = _documents(session, user_id)
        return TestsView(
            tests=tuple(msgspec.convert(found, list[TestSummary])),
            documents=documents,
            chosen=document_id,
            next=rows[ROWS - 1].id if len(rows) > ROWS else None,
        )

    def test(self, test_id: str) -> TestView | None:
        """One test, or None."""
        with self.services.database.read() as session:
            try:
                test = find_test(session, self.services.user_id, test_id)
            except NotFoundError:
                return None
            sittings = [describe_sitting(session, each) for each in sittings_of(session, test_id)]
            return TestView(
                test=msgspec.convert(describe_test(session, test), TestDetail),
                sittings=tuple(msgspec.convert(sittings, list[SittingBody])),
                job=_if_live(_job(session, test.user_id, test.job_id)),
                analysed=find_analysis(session, test_id, None) is not None,
            )

    def sitting(self, sitting_id: str) -> SittingView | None:
        """A sitting, or None."""
        with self.services.database.read() as session:
            try:
                sitting = find_sitting(session, self.services.user_id, sitting_id)
            except NotFoundError:
                return None
            test = find_test(session, sitting.user_id, sitting.test_id)
            shown = msgspec.convert(describe_sitting(session, sitting), SittingBody)
            return SittingView(test.title, shown)

    def result(self, sitting_id: str, version: str | None) -> ResultView | None:
        """What came of a sitting, or None."""
        wanted = int(version) if version and VERSION.fullmatch(version) else None
        with self.services.database.read() as session:
            try:
                sitting = find_sitting(session, self.services.user_id, sitting_id)
            except NotFoundError:
                return None
            test = find_test(session, sitting.user_id, sitting.test_id)
            shown = msgspec.convert(describe_sitting(session, sitting), SittingBody)
            analysis = _analysis(session, sitting.test_id, sitting_id, wanted)
            if wanted is not None and analysis is None:
                return None
            return ResultView(
                title=test.title,
                sitting=shown,
                analysis=analysis,
                job=_if_live(_job(session, sitting.user_id, sitting.job_id)),
            )

    def analysis(self, test_id: str) -> AnalysisView | None:
        """The item analysis of a test, or None."""
        with self.services.database.read() as session:
            try:
                test = find_test(session, self.services.user_id, test_id)
            except NotFoundError:
                return None
            [summary] = msgspec.convert(describe_tests(session, [test]), list[TestSummary])
            job = _job(session, test.user_id, test.job_id)
            imported = test.origin == TestOrigin.IMPORTED
            return AnalysisView(
                test=summary,
                analysis=_analysis(session, test_id, None, None),
                job=_if_live(job),
                failure=_failure(job) if imported else None,
            )


def _analysis(
    session: Session, test_id: str, sitting_id: str | None, version: int | None
) -> AnalysisBody | None:
    found = find_analysis(session, test_id, sitting_id, version)
    return None if found is None else analysis_body(found)


def _job(session: Session, user_id: str, job_id: str | None) -> dict[str, Any] | None:
    """A job as the API tells it; None where there is none, or it has been pruned."""
    if job_id is None:
        return None
    try:
        return describe_job(session, find_job(session, user_id, job_id))
    except UnknownJobError:
        return None


def _if_live(job: dict[str, Any] | None) -> dict[str, Any] | None:
    """A job that is still at work, as a page shows its progress."""
    return None if job is None or job["state"] in ENDED else job


def _failure(job: dict[str, Any] | None) -> str | None:
    """Why a job did not do its work."""
    if job is None or job["state"] not in (State.FAILED, State.CANCELLED):
        return None
    return job["error"]["message"] if job["error"] else "It was cancelled."


def _documents(session: Session, user_id: str) -> tuple[DocumentChoice, ...]:
    """The newest documents that have been read, with their chapters and approved cards."""
    query = sa.select(Document.id, Document.title, Document.generation).where(
        Document.user_id == user_id, Document.status == Status.COMPLETED
    )
    rows = session.execute(query.order_by(Document.id.desc()).limit(MOST_DOCUMENTS)).all()
    approved = Counter(
        session.scalars(
            sa.select(Flashcard.document_id).where(
                Flashcard.user_id == user_id, Flashcard.state == CardState.APPROVED
            )
        )
    )
    found: dict[str, dict[str, None]] = {}
    first = sa.func.min(Chunk.ordinal)
    sections = (
        sa.select(Chunk.document_id, Chunk.section)
        .join(Document, Document.id == Chunk.document_id)
        .where(Chunk.user_id == user_id, Chunk.generation == Document.generation)
        .group_by(Chunk.document_id, Chunk.section)
        .order_by(Chunk.document_id, first)
    )
    for document_id, section in session.execute(sections):
        chapter = section.partition(SEPARATOR)[0]
        if chapter:
            found.setdefault(document_id, {})[chapter] = None
    return tuple(
        DocumentChoice(row.id, row.title, tuple(found.get(row.id, ())), approved[row.id])
        for row in rows
    )
