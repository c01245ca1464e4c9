"""Tests: look, change, edit their items, import responses from elsewhere, read the analysis."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.concurrency import sync_to_thread
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlalchemy.orm import Session

from studyq.assessment.analysing import find_analysis
from studyq.assessment.blueprint import Blueprint
from studyq.assessment.files import MEDIA_TYPES, TestFormat, export_test
from studyq.assessment.importing import check_files, import_test
from studyq.assessment.items import ItemBody, add_item, change_item, describe_item, remove_item
from studyq.assessment.making import make_test
from studyq.assessment.models import Analysis, Test
from studyq.assessment.service import (
    change_test,
    delete_test,
    describe_test,
    describe_tests,
    list_tests,
)
from studyq.assessment.sittings import find_test
from studyq.database.base import isoformat
from studyq.jobs.service import describe_job, find_job
from studyq.library.errors import NotFoundError
from studyq.web.api.paging import Cursor, Limit, next_path
from studyq.web.api.pdfs import IdempotencyKey, ServicesDependency
from studyq.web.api.schemas import JobBody
from studyq.web.api.test_schemas import AnalysisBody, TestDetail, TestItem, TestList
from studyq.web.attachments import attachment
from studyq.web.forms import file_field, text_field
from studyq.web.idempotency import Answer, store_answer, stored_answer
from studyq.web.openapi import FILE, FORM, TEXT, answers_with_file, form, takes
from studyq.web.problems import problems
from studyq.web.services import Services

IMPORT_LIMIT = 64 * 1024 * 1024  #: bytes of both files

Version = Annotated[int | None, QueryParameter(ge=1, le=2**31 - 1, description="An earlier run.")]


class TestChange(msgspec.Struct, forbid_unknown_fields=True):
    """What can be changed of a test; a time limit in seconds, 0 for none."""

    title: str | None = None
    time_limit: int | None = None
    status: Literal["draft", "ready"] | None = None


class ItemChange(ItemBody, frozen=True, kw_only=True):
    """An item as it is to be, and the version that it replaces."""

    version: int


class NewTest(msgspec.Struct, forbid_unknown_fields=True):
    """A test to be made; a time limit in seconds, 0 for none."""

    title: str = ""
    time_limit: int | None = None
    blueprint: Blueprint = msgspec.field(default_factory=Blueprint)


class TestAnswer(msgspec.Struct):
    """A test and the job that makes its items; null when they are there already."""

    test: TestDetail
    job: JobBody | None


@post(
    "/tests",
    sync_to_thread=True,
    status_code=202,
    summary="Make a test",
    responses={
        **problems(404, 409, 422, 503),
        201: ResponseSpec(TestAnswer, description="It is there at once", generate_examples=False),
    },
)
def post_test(
    services: ServicesDependency, data: JSONBody[NewTest], idempotency_key: IdempotencyKey = None
) -> Response[TestAnswer]:
    """Make a test of approved cards and of items generated for it; 201 when it is there at once."""
    operation = f"test {hashlib.sha256(msgspec.json.encode(data)).hexdigest()}"
    with services.database.write() as session:
        answer = stored_answer(session, services.user_id, idempotency_key, operation)
        if answer is None:
            test = make_test(
                session,
                services.user_id,
                title=data.title,
                time_limit=data.time_limit,
                blueprint=data.blueprint,
            )
            body = {"test": describe_test(session, test), "job": live_job(session, test)}
            answer = Answer(202 if test.job_id else 201, body)
            store_answer(session, services.user_id, idempotency_key, operation, answer)
    return Response(msgspec.convert(answer.body, TestAnswer), status_code=answer.status)


@get("/tests", sync_to_thread=True, summary="List tests", responses=problems())
def get_tests(services: ServicesDependency, cursor: Cursor = None, limit: Limit = 50) -> TestList:
    """Tests, newest first."""
    with services.database.read() as session:
        rows = list_tests(session, services.user_id, before=cursor, limit=limit + 1)
        found = describe_tests(session, rows[:limit])
    return msgspec.convert({"items": found, "next": next_path("/tests", rows, limit)}, TestList)


@get("/tests/{test_id:str}", sync_to_thread=True, summary="Look at a test", responses=problems(404))
def get_test(services: ServicesDependency, test_id: FromPath[str]) -> TestDetail:
    """One test with its items and their answers."""
    return _test(services, test_id)


@patch(
    "/tests/{test_id:str}",
    sync_to_thread=True,
    summary="Change a test",
    responses=problems(404, 409, 422, 503),
)
def patch_test(
    services: ServicesDependency, test_id: FromPath[str], data: JSONBody[TestChange]
) -> TestDetail:
    """Rename it, limit its time, or mark it ready to be taken."""
    with services.database.write() as session:
        change_test(
            session,
            services.user_id,
            test_id,
            title=data.title,
            time_limit=data.time_limit,
            status=data.status,
        )
    return _test(services, test_id)


@delete(
    "/tests/{test_id:str}",
    sync_to_thread=True,
    summary="Delete a test",
    responses=problems(404, 503),
)
def remove_test(services: ServicesDependency, test_id: FromPath[str]) -> None:
    """Delete a test with its sittings and their analyses."""
    with services.database.write() as session:
        delete_test(session, services.user_id, test_id)


@post(
    "/tests/{test_id:str}/items",
    sync_to_thread=True,
    summary="Add an item",
    responses=problems(404, 409, 422, 503),
)
def post_item(
    services: ServicesDependency, test_id: FromPath[str], data: JSONBody[ItemBody]
) -> TestItem:
    """Add an item of one's own to a draft."""
    with services.database.write() as session:
        item = add_item(session, services.user_id, test_id, data)
        return msgspec.convert(describe_item(item), TestItem)


@patch(
    "/tests/{test_id:str}/items/{item_id:str}",
    sync_to_thread=True,
    summary="Change an item",
    responses=problems(404, 409, 422, 503),
)
def patch_item(
    services: ServicesDependency,
    test_id: FromPath[str],
    item_id: FromPath[str],
    data: JSONBody[ItemChange],
) -> TestItem:
    """Replace what an item of a draft says."""
    with services.database.write() as session:
        item = change_item(session, services.user_id, test_id, item_id, data, data.version)
        return msgspec.convert(describe_item(item), TestItem)


@delete(
    "/tests/{test_id:str}/items/{item_id:str}",
    sync_to_thread=True,
    summary="Remove an item",
    responses=problems(404, 409, 503),
)
def delete_item(
    services: ServicesDependency, test_id: FromPath[str], item_id: FromPath[str]
) -> None:
    """Take an item out of a draft."""
    with services.database.write() as session:
        remove_item(session, services.user_id, test_id, item_id)


@post(
    "/tests/import",
    operation_class=takes({FORM: form("responses", responses=FILE, key=FILE, title=TEXT)}),
    request_max_body_size=IMPORT_LIMIT,
    status_code=202,
    summary="Import responses",
    responses=problems(413, 422, 503, 507),
)
async def post_import_test(
    request: Request[Any, Any, Any], services: ServicesDependency
) -> TestDetail:
    """Analyse a test that was held elsewhere: a CSV file of takers × items, and one of its key."""
    given = await request.form()
    responses = file_field(given, "responses")
    key = file_field(given, "key") if given.get("key") else None
    title = text_field(given, "title") or (responses.filename or "").rpartition(".")[0]
    return await sync_to_thread(
        _import,
        services,
        title,
        await responses.read(),
        None if key is None else await key.read(),
    )


@get(
    "/tests/{test_id:str}/export",
    sync_to_thread=True,
    operation_class=answers_with_file(MEDIA_TYPES),
    media_type="application/octet-stream",
    summary="Export a test",
    responses=problems(404),
)
def get_test_export(
    services: ServicesDependency,
    test_id: FromPath[str],
    wanted: Annotated[TestFormat, QueryParameter(name="format")],
) -> Response[bytes]:
    """A test as Moodle XML, QTI 2.1 or JSON; its responses, key or results as CSV."""
    with services.database.read() as session:
        file = export_test(session, services.user_id, test_id, wanted)
    return attachment(file.name, file.content, file.media_type)


@get(
    "/tests/{test_id:str}/analysis",
    sync_to_thread=True,
    summary="Analysis of a test",
    responses=problems(404),
)
def get_test_analysis(
    services: ServicesDependency, test_id: FromPath[str], version: Version = None
) -> AnalysisBody:
    """Item statistics over the first sitting of each taker."""
    with services.database.read() as session:
        find_test(session, services.user_id, test_id)
        return analysis_body(find_analysis(session, test_id, None, version))


def live_job(session: Session, test: Test) -> dict[str, Any] | None:
    """The job that a test names, as the API tells it."""
    if test.job_id is None:
        return None
    return describe_job(session, find_job(session, test.user_id, test.job_id))


def analysis_body(found: Analysis | None) -> AnalysisBody:
    """An analysis as it is sent.

    Raises:
        NotFoundError: when there is none.
    """
    if found is None:
        raise NotFoundError(
            "analysis_not_found", "There is no analysis yet, or none of this version."
        )
    at = isoformat(found.created_at) or ""
    return AnalysisBody(found.test_id, found.sitting_id, found.version, at, found.result)


def _import(services: Services, title: str, responses: bytes, key: bytes | None) -> TestDetail:
    check_files(responses, key)
    with services.database.write() as session:
        test = import_test(session, services.user_id, title=title, responses=responses, key=key)
    return _test(services, test.id)


def _test(services: Services, test_id: str) -> TestDetail:
    with services.database.read() as session:
        test = find_test(session, services.user_id, test_id)
        return msgspec.convert(describe_test(session, test), TestDetail)


TEST_HANDLERS = [
    post_test, get_tests, get_test, patch_test, remove_test, post_item, patch_item, delete_item,
    post_import_test, get_test_export, get_test_analysis,
]  # fmt: skip
