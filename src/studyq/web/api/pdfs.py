"""PDFs: upload, list, download, delete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import unquote

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.concurrency import sync_to_thread
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, SkipValidation
from litestar.response import Stream
from sqlalchemy.orm import Session

from studyq.jobs.service import describe_job, find_job
from studyq.library.service import (
    delete_document,
    delete_originals,
    describe_document,
    describe_pdf,
    find_document,
    find_pdf,
    list_pdfs,
)
from studyq.library.uploads import Added as AddedRows
from studyq.library.uploads import add_pdf, require_pdf
from studyq.storage.originals import Incoming
from studyq.web.api.paging import Cursor, Limit, next_path
from studyq.web.api.schemas import Added, PdfBody, PdfList
from studyq.web.attachments import saved_as
from studyq.web.idempotency import Answer, store_answer, stored_answer
from studyq.web.openapi import FILE, FORM, TEXT, form, takes
from studyq.web.problems import problems
from studyq.web.services import Services
from studyq.web.uploads import Received, receive_body, receive_form

PIECE = 1024 * 1024  #: bytes of an original sent at a time

IdempotencyKey = Annotated[str | None, HeaderParameter(name="Idempotency-Key")]
ServicesDependency = NamedDependency[SkipValidation[Services]]

UPLOAD_ANSWERS = {
    200: ResponseSpec(Added, description="It is in the library already", generate_examples=False),
    **problems(403, 409, 413, 422, 503, 507),
}


@post(
    "/pdfs",
    operation_class=takes({FORM: form("file", file=FILE, password=TEXT)}),
    request_max_body_size=None,
    status_code=202,
    summary="Upload a PDF",
    responses=UPLOAD_ANSWERS,
)
async def upload_pdf(
    request: Request[Any, Any, Any],
    services: ServicesDependency,
    idempotency_key: IdempotencyKey = None,
) -> Response[Added]:
    """Store one PDF from the field `file` and start to read it.

    The same content again answers 200 with what is there already.
    """
    with services.storage.receive() as incoming:
        received = await receive_form(request, incoming, services.settings.max_upload)
        return await sync_to_thread(_add, services, incoming, received, idempotency_key)


@put(
    "/pdfs/{filename:str}",
    operation_class=takes({"application/pdf": FILE}),
    request_max_body_size=None,
    status_code=202,
    summary="Upload a PDF as the body",
    responses=UPLOAD_ANSWERS,
)
async def put_pdf(
    request: Request[Any, Any, Any],
    services: ServicesDependency,
    filename: FromPath[str],
    idempotency_key: IdempotencyKey = None,
    password: Annotated[str | None, HeaderParameter(name="X-Pdf-Password")] = None,
) -> Response[Added]:
    """Store the body as a PDF of this name, for tools: `curl -T book.pdf …/pdfs/`.

    `X-Pdf-Password` is percent-encoded, since a header carries ASCII only.
    """
    with services.storage.receive() as incoming:
        await receive_body(request, incoming, services.settings.max_upload)
        received = Received(filename, password and unquote(password))
        return await sync_to_thread(_add, services, incoming, received, idempotency_key)


def _add(
    services: Services, incoming: Incoming, received: Received, key: str | None
) -> Response[Added]:
    operation = f"upload {incoming.sha256}"
    require_pdf(incoming)
    with services.database.write(synced=True) as session:
        answer = stored_answer(session, services.user_id, key, operation)
        if answer is None:
            added = add_pdf(
                session,
                services.storage,
                services.sealer,
                user_id=services.user_id,
                incoming=incoming,
                filename=received.filename,
                password=received.password,
            )
            answer = Answer(202 if added.created else 200, added_body(session, services, added))
            store_answer(session, services.user_id, key, operation, answer)
    return Response(msgspec.convert(answer.body, Added), status_code=answer.status)


def added_body(session: Session, services: Services, added: AddedRows) -> dict[str, Any]:
    """What an addition led to, as the API tells it."""
    session.flush()
    user_id = services.user_id
    document = describe_document(session, find_document(session, user_id, added.document_id))
    job = added.job_id and describe_job(session, find_job(session, user_id, added.job_id))
    pdf = added.pdf_id and describe_pdf(find_pdf(session, user_id, added.pdf_id))
    return {"pdf": pdf or None, "document": document, "job": job or document["job"]}


@get("/pdfs", sync_to_thread=True, summary="List PDFs", responses=problems())
def get_pdfs(services: ServicesDependency, cursor: Cursor = None, limit: Limit = 50) -> PdfList:
    """PDFs of the library, newest first."""
    with services.database.read() as session:
        rows = list_pdfs(session, services.user_id, before=cursor, limit=limit + 1)
        items = [msgspec.convert(describe_pdf(pdf), PdfBody) for pdf in rows[:limit]]
        return PdfList(items, next_path("/pdfs", rows, limit))


@get("/pdfs/{pdf_id:str}", sync_to_thread=True, summary="Look at a PDF", responses=problems(404))
def get_pdf(services: ServicesDependency, pdf_id: FromPath[str]) -> PdfBody:
    """One PDF."""
    with services.database.read() as session:
        found = find_pdf(session, services.user_id, pdf_id)
        return msgspec.convert(describe_pdf(found), PdfBody)


@delete(
    "/pdfs/{pdf_id:str}", sync_to_thread=True, summary="Delete a PDF", responses=problems(404, 503)
)
def delete_pdf(services: ServicesDependency, pdf_id: FromPath[str]) -> None:
    """Delete a PDF with its document, and cancel what works on it."""
    with services.database.read() as session:
        document_id = find_pdf(session, services.user_id, pdf_id).document_id
    delete_with_originals(services, document_id)


def delete_with_originals(services: Services, document_id: str) -> None:
    """Delete a document and the files that nothing else uses."""
    with services.database.write() as session:
        keys = delete_document(session, services.registry, services.user_id, document_id)
    if keys:
        with services.database.write() as session:
            delete_originals(session, services.storage, keys)


@get(
    "/pdfs/{pdf_id:str}/file",
    sync_to_thread=True,
    media_type="application/pdf",
    summary="Download a PDF",
    responses=problems(404),
)
def get_file(services: ServicesDependency, pdf_id: FromPath[str]) -> Stream:
    """The original, as it was uploaded; browsers save it and run nothing in it."""
    with services.database.read() as session:
        pdf = find_pdf(session, services.user_id, pdf_id)
        key, size, filename = pdf.storage_key, pdf.size, pdf.filename
    # Read before the answer begins: later, there is no way to say that the file is missing.
    first = services.storage.read(key, 0, PIECE)

    def pieces() -> Iterator[bytes]:
        yield first
        for start in range(PIECE, size, PIECE):
            yield services.storage.read(key, start, PIECE)

    return Stream(
        pieces(),
        media_type="application/pdf",
        headers={
            **saved_as(filename),
            "Content-Length": str(size),
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "ETag": f'"{pdf.sha256}"',
        },
    )


PDF_HANDLERS = [upload_pdf, put_pdf, get_pdfs, get_pdf, delete_pdf, get_file]
