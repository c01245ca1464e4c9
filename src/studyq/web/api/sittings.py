"""Taking tests: start, answer, hand in, and see what came of it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import get, post, put
from litestar.params import FromPath, JSONBody

from studyq.assessment.analysing import find_analysis
from studyq.assessment.marking import overrule
from studyq.assessment.service import sittings_of
from studyq.assessment.sittings import (
    describe_sitting,
    find_sitting,
    find_test,
    save_response,
    start,
    submit,
)
from studyq.web.api.pdfs import ServicesDependency
from studyq.web.api.test_schemas import AnalysisBody, SittingBody, SittingList
from studyq.web.api.tests import Version, analysis_body
from studyq.web.problems import problems
from studyq.web.services import Services


class NewSitting(msgspec.Struct, forbid_unknown_fields=True):
    """Who takes the test; of several people each has a name."""

    taker: str = ""


class GivenResponse(msgspec.Struct, forbid_unknown_fields=True):
    """An answer: an option in its own words, or what was written; empty takes it back."""

    answer: str
    flagged: bool = False
    milliseconds: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0


class GivenGrade(msgspec.Struct, forbid_unknown_fields=True):
    """What the taker makes of an answer."""

    grade: Literal["right", "partial", "wrong"]


@post(
    "/tests/{test_id:str}/sittings",
    sync_to_thread=True,
    summary="Start a test",
    responses=problems(404, 409, 422, 503),
)
def post_sitting(
    services: ServicesDependency, test_id: FromPath[str], data: JSONBody[NewSitting]
) -> SittingBody:
    """Start a sitting, or go on with the one that this taker left open."""
    with services.database.write() as session:
        sitting_id = start(session, services.user_id, test_id, taker=data.taker).id
    return _sitting(services, sitting_id)


@get(
    "/tests/{test_id:str}/sittings",
    sync_to_thread=True,
    summary="List sittings",
    responses=problems(404),
)
def get_sittings(services: ServicesDependency, test_id: FromPath[str]) -> SittingList:
    """A test's sittings, newest first."""
    with services.database.read() as session:
        find_test(session, services.user_id, test_id)
        found = [
            {**describe_sitting(session, sitting), "items": []}
            for sitting in sittings_of(session, test_id)
        ]
    return msgspec.convert({"items": found}, SittingList)


@get(
    "/sittings/{sitting_id:str}",
    sync_to_thread=True,
    summary="Look at a sitting",
    responses=problems(404),
)
def get_sitting(services: ServicesDependency, sitting_id: FromPath[str]) -> SittingBody:
    """A sitting with its items and what has been answered; nothing of what is right."""
    return _sitting(services, sitting_id)


@put(
    "/sittings/{sitting_id:str}/responses/{item_id:str}",
    sync_to_thread=True,
    status_code=204,
    summary="Answer an item",
    responses=problems(404, 409, 422, 503, 507),
)
def put_response(
    services: ServicesDependency,
    sitting_id: FromPath[str],
    item_id: FromPath[str],
    data: JSONBody[GivenResponse],
) -> None:
    """Keep an answer; the same item again replaces it."""
    with services.database.write() as session:
        save_response(
            session,
            services.user_id,
            sitting_id,
            item_id,
            answer=data.answer,
            flagged=data.flagged,
            milliseconds=data.milliseconds,
        )


@post(
    "/sittings/{sitting_id:str}/submit",
    sync_to_thread=True,
    status_code=202,
    summary="Hand a sitting in",
    responses=problems(404, 503, 507),
)
def post_submit(services: ServicesDependency, sitting_id: FromPath[str]) -> SittingBody:
    """Hand it in and have it graded; handed in again, nothing happens."""
    with services.database.write(synced=True) as session:
        submit(session, services.user_id, sitting_id)
    return _sitting(services, sitting_id)


@get(
    "/sittings/{sitting_id:str}/analysis",
    sync_to_thread=True,
    summary="Analysis of a sitting",
    responses=problems(404),
)
def get_sitting_analysis(
    services: ServicesDependency, sitting_id: FromPath[str], version: Version = None
) -> AnalysisBody:
    """The score, mastery by section, next steps, and each item with yours and right."""
    with services.database.read() as session:
        sitting = find_sitting(session, services.user_id, sitting_id)
        return analysis_body(find_analysis(session, sitting.test_id, sitting_id, version))


@post(
    "/sittings/{sitting_id:str}/responses/{item_id:str}/grade",
    sync_to_thread=True,
    status_code=202,
    summary="Overrule a grade",
    responses=problems(404, 409, 422, 503),
)
def post_grade(
    services: ServicesDependency,
    sitting_id: FromPath[str],
    item_id: FromPath[str],
    data: JSONBody[GivenGrade],
) -> SittingBody:
    """Decide a grade oneself; what it was stays in the record, and the analysis runs again."""
    with services.database.write() as session:
        overrule(session, services.user_id, sitting_id, item_id, data.grade)
    return _sitting(services, sitting_id)


def _sitting(services: Services, sitting_id: str) -> SittingBody:
    with services.database.read() as session:
        sitting = find_sitting(session, services.user_id, sitting_id)
        return msgspec.convert(describe_sitting(session, sitting), SittingBody)


SITTING_HANDLERS = [
    post_sitting, get_sittings, get_sitting, put_response, post_submit, get_sitting_analysis,
    post_grade,
]  # fmt: skip
