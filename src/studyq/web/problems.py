"""Refusals and failures as problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec

from studyq.database.engine import is_full, is_locked
from studyq.jobs.service import UnknownJobError, UnknownQueueError, WrongStateError
from studyq.library.errors import ConflictError, LibraryError, NotFoundError, RefusedError
from studyq.pdf.model import PdfRefused
from studyq.storage.imports import ImportRefused
from studyq.storage.originals import OriginalMissing, StorageFull
from studyq.web.pages.errors import error_page

log = structlog.get_logger("studyq.web")

MEDIA_TYPE: Any = "application/problem+json"


class Problem(msgspec.Struct, omit_defaults=True):
    """A problem document: what is wrong, why, and a code for programs."""

    title: str
    status: int
    detail: str
    code: str
    type: str = "about:blank"
    errors: list[dict[str, Any]] = []


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Describe, for the OpenAPI document, the refusals that an operation may answer with."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            description=HTTPStatus(status).phrase,
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in (400, *statuses)
    }


class ProblemError(HTTPException):
    """Refuse a request with a problem document."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail, status_code=status)
        self.code = code


def problem_response(status: int, code: str, detail: str, **more: Any) -> Response[bytes]:
    """A response that carries a problem document."""
    headers = {"Retry-After": "2"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    problem = Problem(HTTPStatus(status).phrase, status, detail, code, **more)
    content = msgspec.json.encode(problem)
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    if request.url.path.startswith("/app"):
        return error_page(request, error)
    code = getattr(error, "code", HTTPStatus(error.status_code).phrase.lower().replace(" ", "_"))
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND and detail == "Not Found":
        detail = f"There is nothing at {request.url.path}."
    return problem_response(error.status_code, code, detail)


def _validation(request: Request[Any, Any, Any], error: ValidationException) -> Response[Any]:
    found = error.extra if isinstance(error.extra, list) else []
    errors = [item for item in found if isinstance(item, dict)]
    listed = "; ".join(f"{item.get('key', 'body')}: {item.get('message')}" for item in errors)
    detail = f"The request does not fit: {listed or error.detail}."
    return problem_response(error.status_code, "bad_request", detail, errors=errors)


def _library(_: Request[Any, Any, Any], error: LibraryError) -> Response[bytes]:
    status = HTTPStatus.BAD_REQUEST
    if isinstance(error, NotFoundError):
        status = HTTPStatus.NOT_FOUND
    elif isinstance(error, ConflictError):
        status = HTTPStatus.CONFLICT
    elif isinstance(error, RefusedError):
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    return problem_response(status, error.code, error.message, errors=error.errors)


def _no_text(request: Request[Any, Any, Any], error: UnicodeDecodeError) -> Response[bytes]:
    """Of a form, whose fields are decoded before any handler of ours sees them."""
    form = request.headers.get("content-type", "").startswith("multipart/")
    if not form:
        return _unexpected(request, error)
    detail = "A field of the form is not UTF-8. Files need a filename to be taken as files."
    return problem_response(HTTPStatus.BAD_REQUEST, "bad_request", detail)


def _missing(_: Request[Any, Any, Any], error: OriginalMissing) -> Response[bytes]:
    detail = f"The stored file is gone: {error}. Upload it again, or delete the document."
    return problem_response(HTTPStatus.NOT_FOUND, "original_missing", detail)


def _pdf(_: Request[Any, Any, Any], error: PdfRefused) -> Response[bytes]:
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, error.code, error.message)


def _import(_: Request[Any, Any, Any], error: ImportRefused) -> Response[bytes]:
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, error.code, error.message)


def _unknown_queue(_: Request[Any, Any, Any], error: UnknownQueueError) -> Response[bytes]:
    return problem_response(404, "queue_not_found", f"There is no queue named {error}.")


def _unknown_job(_: Request[Any, Any, Any], error: UnknownJobError) -> Response[bytes]:
    detail = f"There is no job {error} here. Jobs are deleted some time after their end."
    return problem_response(404, "job_not_found", detail)


def _wrong_state(_: Request[Any, Any, Any], error: WrongStateError) -> Response[bytes]:
    return problem_response(HTTPStatus.CONFLICT, f"job_{error.state}", str(error))


def _full(_: Request[Any, Any, Any], error: StorageFull) -> Response[bytes]:
    detail = f"There is no room for this: {error.strerror}. Nothing was stored. Free some space."
    return problem_response(HTTPStatus.INSUFFICIENT_STORAGE, "storage_full", detail)


def _database(request: Request[Any, Any, Any], error: sa.exc.OperationalError) -> Response[bytes]:
    if is_locked(error):
        detail = "Another process holds the database. Nothing was changed; try again."
        return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, "database_busy", detail)
    if is_full(error):
        detail = "The disk of the database is full. Nothing was changed. Free some space."
        return problem_response(HTTPStatus.INSUFFICIENT_STORAGE, "storage_full", detail)
    return _unexpected(request, error)


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    log.error("request failed", method=request.method, path=request.url.path, exc_info=error)
    detail = "Something unexpected went wrong; the log says what. Nothing was lost. Try again."
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected", detail)


EXCEPTION_HANDLERS: dict[Any, Any] = {
    HTTPException: _http,
    ValidationException: _validation,
    LibraryError: _library,
    PdfRefused: _pdf,
    ImportRefused: _import,
    UnknownQueueError: _unknown_queue,
    UnknownJobError: _unknown_job,
    WrongStateError: _wrong_state,
    StorageFull: _full,
    OriginalMissing: _missing,
    sa.exc.OperationalError: _database,
    UnicodeDecodeError: _no_text,
    Exception: _unexpected,
}
