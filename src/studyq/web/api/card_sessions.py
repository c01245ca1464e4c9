"""Asking for cards: estimate, start, look, list, retry; and what models have cost."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody

from studyq.accounts.usage import usage_by_model
from studyq.cards.requests import (
    Wish,
    check_model,
    estimate_cards,
    request_cards,
    retry_session,
)
from studyq.cards.sampling import Scope
from studyq.cards.session_listing import (
    describe_session,
    describe_sessions,
    find_session,
    list_sessions,
)
from studyq.library.service import find_document, find_pdf
from studyq.web.api.paging import Cursor, Limit, next_path
from studyq.web.api.pdfs import IdempotencyKey, ServicesDependency
from studyq.web.api.session_schemas import (
    CardRequest,
    EstimateAnswer,
    EstimateBody,
    ModelUsageBody,
    SessionAnswer,
    SessionBody,
    SessionList,
    UsageAnswer,
    UsageBody,
)
from studyq.web.idempotency import Answer, store_answer, stored_answer
from studyq.web.problems import problems
from studyq.web.services import Services

ASKING = {
    200: ResponseSpec(
        EstimateAnswer, description="The estimate asked for", generate_examples=False
    ),
    **problems(404, 409, 422, 503),
}


@post(
    "/pdfs/{pdf_id:str}/flashcards",
    sync_to_thread=True,
    status_code=202,
    summary="Make cards of a PDF",
    responses=ASKING,
)
def post_pdf_flashcards(
    services: ServicesDependency,
    pdf_id: FromPath[str],
    data: JSONBody[CardRequest | None] = None,
    estimate: FromQuery[bool] = False,
    idempotency_key: IdempotencyKey = None,
) -> Response[SessionAnswer | EstimateAnswer]:
    """Make cards of a PDF; with `estimate=true` only say what that would take.

    A PDF that is still being read is waited for.
    """
    with services.database.read() as session:
        document_id = find_pdf(session, services.user_id, pdf_id).document_id
    return _ask(services, document_id, data or CardRequest(), estimate, idempotency_key)


@post(
    "/documents/{document_id:str}/flashcards",
    sync_to_thread=True,
    status_code=202,
    summary="Make cards of a document",
    responses=ASKING,
)
def post_document_flashcards(
    services: ServicesDependency,
    document_id: FromPath[str],
    data: JSONBody[CardRequest | None] = None,
    estimate: FromQuery[bool] = False,
    idempotency_key: IdempotencyKey = None,
) -> Response[SessionAnswer | EstimateAnswer]:
    """Make cards of any document, as of a PDF."""
    return _ask(services, document_id, data or CardRequest(), estimate, idempotency_key)


@get(
    "/documents/{document_id:str}/sessions",
    sync_to_thread=True,
    summary="List a document's sessions",
    responses=problems(404),
)
def get_document_sessions(
    services: ServicesDependency,
    document_id: FromPath[str],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> SessionList:
    """The requests for cards of a document, newest first."""
    with services.database.read() as session:
        find_document(session, services.user_id, document_id)
        rows = list_sessions(session, services.user_id, document_id, before=cursor, limit=limit + 1)
        items = msgspec.convert(describe_sessions(session, rows[:limit]), list[SessionBody])
    return SessionList(items, next_path(f"/documents/{document_id}/sessions", rows, limit))


@get(
    "/sessions/{session_id:str}",
    sync_to_thread=True,
    summary="Look at a session",
    responses=problems(404),
)
def get_session(services: ServicesDependency, session_id: FromPath[str]) -> SessionBody:
    """One request for cards: its state, windows, cards, and what it has cost so far."""
    with services.database.read() as session:
        found = find_session(session, services.user_id, session_id)
        return msgspec.convert(describe_session(session, found), SessionBody)


@post(
    "/sessions/{session_id:str}/retry",
    sync_to_thread=True,
    status_code=202,
    summary="Retry a session's failed windows",
    responses=problems(404, 409, 422, 503),
)
def post_session_retry(services: ServicesDependency, session_id: FromPath[str]) -> SessionAnswer:
    """Ask about the failed windows again, and about nothing that was answered."""
    with services.database.write() as session:
        found = retry_session(session, services.registry, services.user_id, session_id)
        body = _answer(describe_session(session, found))
    return msgspec.convert(body, SessionAnswer)


@get("/usage", sync_to_thread=True, summary="See what models cost", responses=problems())
def get_usage(services: ServicesDependency, since: FromQuery[date | None] = None) -> UsageAnswer:
    """Calls and tokens of all of the user's jobs, deleted ones too, by model.

    `since` is the first day (UTC) to be counted.
    """
    with services.database.read() as session:
        rows = usage_by_model(session, services.user_id, since=since.isoformat() if since else "")
    models = [
        ModelUsageBody(
            row.calls, row.input_tokens, row.output_tokens, row.model, round(row.cost, 6)
        )
        for row in rows
    ]
    total = UsageBody(
        sum(model.calls for model in models),
        sum(model.input_tokens for model in models),
        sum(model.output_tokens for model in models),
    )
    cost = round(sum(model.cost for model in models), 6)
    return UsageAnswer(since.isoformat() if since else None, models, total, cost)


def _ask(
    services: Services, document_id: str, data: CardRequest, only_estimate: bool, key: str | None
) -> Response[SessionAnswer | EstimateAnswer]:
    settings, user_id = services.settings, services.user_id
    wish = Wish(
        prompt=data.prompt.strip(),
        wanted=data.count,
        kinds=tuple(dict.fromkeys(data.kinds)),
        scope=Scope(tuple(data.sections), data.pages),
        model=data.model or settings.llm,
    )
    operation = f"cards {document_id} {wish!r}"
    if not only_estimate:
        with services.database.read() as session:
            answer = stored_answer(session, user_id, key, operation)
        if answer is not None:
            return Response(msgspec.convert(answer.body, SessionAnswer), status_code=answer.status)
    check_model(services.languages, wish.model)
    with services.database.read() as session:
        foreseen = estimate_cards(session, user_id, document_id, wish, services.prices)
    if only_estimate:
        told = msgspec.convert(foreseen.told(), EstimateBody)
        cap = settings.max_tokens_per_job or None
        return Response(EstimateAnswer(wish.model, told, cap), status_code=200)
    with services.database.write(synced=True) as session:
        answer = stored_answer(session, user_id, key, operation)
        if answer is None:
            made = request_cards(session, user_id, document_id, wish, foreseen)
            answer = Answer(202, _answer(describe_session(session, made)))
            store_answer(session, user_id, key, operation, answer)
    return Response(msgspec.convert(answer.body, SessionAnswer), status_code=answer.status)


def _answer(described: dict[str, Any]) -> dict[str, Any]:
    return {"session": described, "job": described["job"]}


SESSION_HANDLERS = [
    post_pdf_flashcards,
    post_document_flashcards,
    get_document_sessions,
    get_session,
    post_session_retry,
    get_usage,
]
