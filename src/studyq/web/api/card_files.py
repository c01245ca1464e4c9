"""Cards as files: exported for Anki and others, imported from CSV and JSON."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post
from litestar.concurrency import sync_to_thread
from litestar.params import FromQuery, QueryParameter

from studyq.cards.card_files import LARGEST_FILE
from studyq.cards.exporting import FORMATS, Format, export, states_to_export
from studyq.cards.importing import import_cards
from studyq.cards.listing import CardFilter, list_cards
from studyq.cards.records import records_of
from studyq.web.api.card_schemas import CardStateName, ImportBody, KindName
from studyq.web.api.pdfs import ServicesDependency
from studyq.web.attachments import attachment
from studyq.web.forms import file_content
from studyq.web.openapi import FILE, FORM, answers_with_file, form, takes
from studyq.web.problems import problems

ExportState = Annotated[
    CardStateName | Literal["all"] | None,
    QueryParameter(name="state", description="Without it: approved and suspended cards."),
]


@get(
    "/flashcards/export",
    operation_class=answers_with_file(sorted(kind.media_type for kind in FORMATS.values())),
    sync_to_thread=True,
    summary="Export cards",
    media_type="application/octet-stream",
    responses=problems(),
)
def get_export(
    request: Request[Any, Any, Any],
    services: ServicesDependency,
    file_format: Annotated[Format, QueryParameter(name="format")] = "apkg",
    wanted_state: ExportState = None,
    document_id: FromQuery[str | None] = None,
    session_id: FromQuery[str | None] = None,
    kind: FromQuery[KindName | None] = None,
    tag: FromQuery[str | None] = None,
    q: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Cards as an Anki package, CSV, JSON or Markdown, each with its source and page."""
    wanted = CardFilter(
        states_to_export(wanted_state),
        document_id,
        session_id,
        kind,
        tag=tag,
        q=q,
    )
    address = services.settings.url or str(request.base_url)
    with services.database.read() as session:
        cards = list_cards(session, services.user_id, wanted, order="oldest")
        records = records_of(session, cards, address)
    titles = {record.title for record in records}
    name = _file_name(titles.pop() if len(titles) == 1 else "", file_format)
    media_type = FORMATS[file_format].media_type
    return attachment(name, export(records, file_format), media_type)


@post(
    "/flashcards/import",
    operation_class=takes(
        {"text/csv": FILE, "application/json": FILE, FORM: form("file", file=FILE)}
    ),
    request_max_body_size=LARGEST_FILE + 64 * 1024,
    status_code=200,
    summary="Import cards",
    responses=problems(404, 413, 422, 503),
)
async def post_import_cards(
    request: Request[Any, Any, Any],
    services: ServicesDependency,
    wanted_state: Annotated[
        Literal["draft", "approved"],
        QueryParameter(name="state", description="Of cards of which the file does not say it."),
    ] = "draft",
    document_id: FromQuery[str | None] = None,
    tag: FromQuery[str | None] = None,
    dry_run: FromQuery[bool] = False,
) -> ImportBody:
    """Import a CSV or JSON file: the body, or the field `file` of a form.

    A row that is no card is told by its line, and then nothing is imported. Cards that are here
    already, by their guid, are brought up to date. With `dry_run` nothing is changed.
    """
    content = await file_content(request)
    done = await sync_to_thread(
        import_cards,
        services.database,
        services.user_id,
        content,
        state=wanted_state,
        document_id=document_id,
        tags=(tag or "").split(),
        dry_run=dry_run,
    )
    return ImportBody(**asdict(done), dry_run=dry_run)


def _file_name(title: str, form: str) -> str:
    stem = re.sub(r"[^\w.-]+", "-", title).strip("-.")[:80]
    return f"{stem or 'studyq-cards'}.{form}"


CARD_FILE_HANDLERS = [get_export, post_import_cards]
