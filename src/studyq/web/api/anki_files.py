"""Anki packages taken in, with the schedule of their cards."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from litestar import Request, post
from litestar.concurrency import sync_to_thread
from litestar.params import FromQuery
from msgspec import Struct

from studyq.database.base import now
from studyq.reviews.anki_import import import_package
from studyq.web.api.pdfs import ServicesDependency
from studyq.web.forms import file_content
from studyq.web.openapi import FILE, FORM, form, takes
from studyq.web.problems import problems

LARGEST_PACKAGE = 256 * 1024 * 1024  #: bytes, media among them


class AnkiImportBody(Struct):
    """What became of a package.

    `here` cards were in the library already, `scheduled` ones took over their schedule. Of
    `skipped` ones nothing can be learnt without their pictures or sounds.
    """

    added: int
    here: int
    scheduled: int
    skipped: int


@post(
    "/flashcards/import/anki",
    operation_class=takes({"application/octet-stream": FILE, FORM: form("file", file=FILE)}),
    request_max_body_size=LARGEST_PACKAGE,
    status_code=200,
    summary="Import an Anki package",
    responses=problems(404, 413, 422, 503),
)
async def post_import_anki(
    request: Request[Any, Any, Any],
    services: ServicesDependency,
    document_id: FromQuery[str | None] = None,
    tag: FromQuery[str | None] = None,
) -> AnkiImportBody:
    """Import the cards of an .apkg file with their schedule: the body, or the field `file`.

    Basic, reversed and cloze notes become approved cards; pictures and sounds are left out. Cards
    that are here already, by their guid, keep their words, and take over their schedule when they
    have not been reviewed here.
    """
    content = await file_content(request)
    done = await sync_to_thread(
        import_package,
        services.database,
        services.user_id,
        content,
        now(),
        document_id=document_id,
        tags=(tag or "").split(),
    )
    return AnkiImportBody(**asdict(done))


ANKI_FILE_HANDLERS = [post_import_anki]
