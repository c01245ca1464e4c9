"""Documents: make them from text or a bucket, look, rename, reprocess, delete; their pages."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import (
    FromPath,
    FromQuery,
    JSONBody,
    PathParameter,
    QueryParameter,
    SkipValidation,
)

from studyq.jobs.service import describe_job, find_job
from studyq.library.service import (
    describe_document,
    describe_documents,
    find_document,
    find_page,
    list_documents,
    rename,
    reprocess,
    reprocess_all,
)
from studyq.library.uploads import add_import, add_text
from studyq.search.words import retitle
from studyq.web.api.paging import Cursor, Limit, next_path
from studyq.web.api.pdfs import (
    IdempotencyKey,
    ServicesDependency,
    added_body,
    delete_with_originals,
)
from studyq.web.api.schemas import (
    Added,
    DocumentBody,
    DocumentDetail,
    DocumentList,
    JobAnswer,
    JobBody,
    JobsAnswer,
    PageBody,
)
from studyq.web.idempotency import Answer, store_answer, stored_answer
from studyq.web.openapi import OptionalBody
from studyq.web.page_images import PageImages
from studyq.web.problems import problems

TEXT_BODY_LIMIT = 64 * 1024 * 1024

PageNumber = Annotated[int, PathParameter(ge=1, le=1_000_000_000)]
ChunkId = Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1)]


class NewText(msgspec.Struct, forbid_unknown_fields=True):
    """A plain text to learn from."""

    text: str
    title: str = ""


class NewImport(msgspec.Struct, forbid_unknown_fields=True):
    """An object of a bucket, as gs://bucket/name.pdf or s3://bucket/name.pdf."""

    uri: str


class DocumentChange(msgspec.Struct, forbid_unknown_fields=True):
    """What can be changed of a document."""

    title: str


class Reprocessing(msgspec.Struct, forbid_unknown_fields=True):
    """How to read again: `embeddings` only makes the vectors that are missing."""

    what: Literal["everything", "embeddings"] = "everything"
    password: str | None = None


@post(
    "/documents",
    sync_to_thread=True,
    status_code=202,
    request_max_body_size=TEXT_BODY_LIMIT,
    summary="Add a text",
    responses=problems(409, 413, 422, 503, 507),
)
def post_text(
    services: ServicesDependency, data: JSONBody[NewText], idempotency_key: IdempotencyKey = None
) -> Response[Added]:
    """Add a plain text to the library."""
    digest = hashlib.sha256(msgspec.json.encode(data)).hexdigest()
    operation = f"text {digest}"
    with services.database.write(synced=True) as session:
        answer = stored_answer(session, services.user_id, idempotency_key, operation)
        if answer is None:
            added = add_text(session, user_id=services.user_id, title=data.title, text=data.text)
            answer = Answer(202, added_body(session, services, added))
            store_answer(session, services.user_id, idempotency_key, operation, answer)
    return Response(msgspec.convert(answer.body, Added), status_code=answer.status)


@post(
    "/documents/import",
    sync_to_thread=True,
    status_code=202,
    summary="Import from a bucket",
    responses=problems(409, 422, 503, 507),
)
def post_import(
    services: ServicesDependency, data: JSONBody[NewImport], idempotency_key: IdempotencyKey = None
) -> Response[Added]:
    """Fetch a PDF from a bucket that STUDYQ_IMPORT_BUCKETS allows."""
    services.importer.parse(data.uri)
    operation = f"import {data.uri}"
    with services.database.write(synced=True) as session:
        answer = stored_answer(session, services.user_id, idempotency_key, operation)
        if answer is None:
            added = add_import(session, user_id=services.user_id, uri=data.uri)
            answer = Answer(202, added_body(session, services, added))
            store_answer(session, services.user_id, idempotency_key, operation, answer)
    return Response(msgspec.convert(answer.body, Added), status_code=answer.status)


@get("/documents", sync_to_thread=True, summary="List documents", responses=problems())
def get_documents(
    services: ServicesDependency,
    status: FromQuery[Literal["all", "needs_attention", "processing", "completed"]] = "all",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DocumentList:
    """Documents of the library, newest first."""
    with services.database.read() as session:
        rows = list_documents(
            session, services.user_id, which=status, before=cursor, limit=limit + 1
        )
        items = msgspec.convert(describe_documents(session, rows[:limit]), list[DocumentBody])
        return DocumentList(items, next_path("/documents", rows, limit, status=status))


@get(
    "/documents/{document_id:str}",
    sync_to_thread=True,
    summary="Look at a document",
    responses=problems(404),
)
def get_document(services: ServicesDependency, document_id: FromPath[str]) -> DocumentDetail:
    """One document, with its outline, its job and its receipt."""
    with services.database.read() as session:
        found = find_document(session, services.user_id, document_id)
        return msgspec.convert(describe_document(session, found), DocumentDetail)


@patch(
    "/documents/{document_id:str}",
    sync_to_thread=True,
    summary="Rename a document",
    responses=problems(404, 409, 422, 503),
)
def patch_document(
    services: ServicesDependency, document_id: FromPath[str], data: JSONBody[DocumentChange]
) -> DocumentDetail:
    """Give a document another title."""
    with services.database.write() as session:
        found = rename(session, services.user_id, document_id, data.title)
        session.flush()
        retitle(session, found.id, found.title)
        return msgspec.convert(describe_document(session, found), DocumentDetail)


@delete(
    "/documents/{document_id:str}",
    sync_to_thread=True,
    summary="Delete a document",
    responses=problems(404, 503),
)
def delete_document(services: ServicesDependency, document_id: FromPath[str]) -> None:
    """Delete a document with its jobs, pages and passages, and its file if nobody else uses it."""
    delete_with_originals(services, document_id)


@post(
    "/documents/{document_id:str}/reprocess",
    sync_to_thread=True,
    status_code=202,
    summary="Read a document again",
    operation_class=OptionalBody,
    responses=problems(404, 503),
)
def post_reprocess(
    services: ServicesDependency,
    document_id: FromPath[str],
    data: JSONBody[Reprocessing | None] = None,
) -> JobAnswer:
    """Read a document again; what is there serves until the new reading is complete."""
    wanted = data or Reprocessing()
    with services.database.write() as session:
        job_id = reprocess(
            session,
            services.sealer,
            services.user_id,
            document_id,
            password=wanted.password,
            embeddings_only=wanted.what == "embeddings",
        )
        job: dict[str, Any] = describe_job(session, find_job(session, services.user_id, job_id))
    return JobAnswer(msgspec.convert(job, JobBody))


@post(
    "/documents/reprocess",
    sync_to_thread=True,
    status_code=202,
    summary="Read all again",
    operation_class=OptionalBody,
    responses=problems(503),
)
def post_reprocess_all(
    services: ServicesDependency, data: JSONBody[Reprocessing | None] = None
) -> JobsAnswer:
    """Read every document again."""
    wanted = data or Reprocessing()
    with services.database.write() as session:
        jobs = reprocess_all(
            session,
            services.sealer,
            services.user_id,
            embeddings_only=wanted.what == "embeddings",
        )
    return JobsAnswer(jobs)


@get(
    "/documents/{document_id:str}/pages/{number:int}",
    sync_to_thread=True,
    summary="Read a page",
    responses=problems(404),
)
def get_page(
    services: ServicesDependency, document_id: FromPath[str], number: PageNumber
) -> PageBody:
    """The text of a page, counted from 1."""
    with services.database.read() as session:
        page = find_page(session, services.user_id, document_id, number)
        return PageBody(
            index=page.index,
            label=page.label or str(page.index),
            text=page.text,
            width=page.width,
            height=page.height,
            kind=page.kind,  # type: ignore[arg-type]  # a column of these words
        )


@get(
    "/documents/{document_id:str}/pages/{number:int}/image",
    sync_to_thread=True,
    media_type="image/webp",
    summary="See a page",
    responses=problems(404, 422),
)
def get_page_image(
    services: ServicesDependency,
    page_images: NamedDependency[SkipValidation[PageImages]],
    document_id: FromPath[str],
    number: PageNumber,
    highlight: ChunkId = None,
    scale: FromQuery[float] = 1.5,
) -> Response[bytes]:
    """A picture of a page as WebP; `highlight` lights up a passage by its chunk's id.

    `scale` is in pixels per PDF point, from 0.1 to 4.
    """
    image, tag = page_images.draw(services, document_id, number, scale=scale, chunk_id=highlight)
    return Response(
        image,
        media_type="image/webp",
        headers={"Cache-Control": "private, max-age=3600", "ETag": tag},
    )


DOCUMENT_HANDLERS = [
    post_text,
    post_import,
    get_documents,
    get_document,
    patch_document,
    delete_document,
    post_reprocess,
    post_reprocess_all,
    get_page,
    get_page_image,
]
