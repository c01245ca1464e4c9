"""Cards: list, make by hand, edit, tag, approve, reject, suspend, delete."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from studyq.cards.deciding import Selection, decide, delete_cards, selected_cards
from studyq.cards.editing import (
    CardText,
    Place,
    advice,
    create_card,
    edit_card,
    history,
    tag_cards,
)
from studyq.cards.listing import (
    CardFilter,
    Order,
    count_cards,
    cursor_of,
    describe_card,
    describe_cards,
    find_card,
    list_cards,
)
from studyq.cards.models import CardState, Flashcard, Kind
from studyq.database.base import isoformat
from studyq.library.errors import RefusedError
from studyq.web.api.card_schemas import (
    CardBody,
    CardChange,
    CardList,
    CardStateName,
    DecisionBody,
    EditBody,
    EditList,
    FilterBody,
    KindName,
    NewCard,
    OriginName,
    Rejection,
    SelectionBody,
    TaggedBody,
    Tagging,
)
from studyq.web.api.paging import Cursor, Limit, next_address
from studyq.web.api.pdfs import IdempotencyKey, ServicesDependency
from studyq.web.idempotency import Answer, store_answer, stored_answer
from studyq.web.problems import problems
from studyq.web.services import Services

PageFilter = Annotated[int | None, QueryParameter(name="page", ge=1, le=1_000_000_000)]
StateFilter = Annotated[CardStateName | None, QueryParameter(name="state")]


@get("/flashcards", sync_to_thread=True, summary="List cards", responses=problems())
def get_cards(
    services: ServicesDependency,
    wanted_state: StateFilter = None,
    document_id: FromQuery[str | None] = None,
    session_id: FromQuery[str | None] = None,
    kind: FromQuery[KindName | None] = None,
    origin: FromQuery[OriginName | None] = None,
    tag: FromQuery[str | None] = None,
    q: FromQuery[str | None] = None,
    page: PageFilter = None,
    duplicates: FromQuery[bool | None] = None,
    order: FromQuery[Literal["newest", "oldest", "page"]] = "newest",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CardList:
    """Cards that fit the filters, and how many there are in each state.

    `q` is looked for in question, answer and quote; nothing in it is syntax.
    """
    wanted = FilterBody(
        wanted_state, document_id, session_id, kind, origin, tag, q, page, duplicates
    )
    with services.database.read() as session:
        kept = card_filter(wanted)
        rows = list_cards(
            session, services.user_id, kept, order=order, after=cursor, limit=limit + 1
        )
        shown = rows[:limit]
        items = msgspec.convert(describe_cards(session, shown), list[CardBody])
        counts = count_cards(session, services.user_id, kept)
    more = len(rows) > limit
    return CardList(items, _next(wanted, order, shown[-1], limit) if more else None, counts)


@post(
    "/flashcards",
    sync_to_thread=True,
    status_code=201,
    summary="Make a card by hand",
    responses=problems(404, 409, 422, 503),
)
def post_card(
    services: ServicesDependency, data: JSONBody[NewCard], idempotency_key: IdempotencyKey = None
) -> Response[CardBody]:
    """Make a card, with its source when one is given: the quote must stand on its page."""
    operation = f"card {hashlib.sha256(msgspec.json.encode(data)).hexdigest()}"
    text = CardText(data.kind, data.front, _key(data, data.options), tuple(data.options))
    place = Place(**msgspec.structs.asdict(data.source)) if data.source else None
    with services.database.write() as session:
        answer = stored_answer(session, services.user_id, idempotency_key, operation)
        if answer is None:
            card = create_card(
                session, services.user_id, text, place=place, tags=data.tags, state=data.state
            )
            body = {**describe_card(session, card), "advice": advice(card)}
            answer = Answer(201, body)
            store_answer(session, services.user_id, idempotency_key, operation, answer)
    return Response(msgspec.convert(answer.body, CardBody), status_code=answer.status)


@get(
    "/flashcards/{card_id:str}",
    sync_to_thread=True,
    summary="Look at a card",
    responses=problems(404),
)
def get_card(services: ServicesDependency, card_id: FromPath[str]) -> CardBody:
    """One card."""
    with services.database.read() as session:
        card = find_card(session, services.user_id, card_id)
        return msgspec.convert(describe_card(session, card), CardBody)


@patch(
    "/flashcards/{card_id:str}",
    sync_to_thread=True,
    summary="Edit a card",
    responses=problems(404, 409, 422, 503),
)
def patch_card(
    services: ServicesDependency, card_id: FromPath[str], data: JSONBody[CardChange]
) -> CardBody:
    """Change what a card says or its tags; what it said before is kept in its history."""
    with services.database.write() as session:
        card = find_card(session, services.user_id, card_id)
        edit_card(
            session, card, text=_changed_text(card, data), tags=data.tags, version=data.version
        )
        body = {**describe_card(session, card), "advice": advice(card)}
    return msgspec.convert(body, CardBody)


@delete(
    "/flashcards/{card_id:str}",
    sync_to_thread=True,
    summary="Delete a card",
    responses=problems(404, 503),
)
def delete_card(services: ServicesDependency, card_id: FromPath[str]) -> None:
    """Delete a card with its history. To be able to take it back, reject it instead."""
    with services.database.write() as session:
        delete_cards(session, services.user_id, Selection((card_id,)))


@get(
    "/flashcards/{card_id:str}/history",
    sync_to_thread=True,
    summary="See a card's history",
    responses=problems(404),
)
def get_history(services: ServicesDependency, card_id: FromPath[str]) -> EditList:
    """What a card said before its edits, the latest first."""
    with services.database.read() as session:
        card = find_card(session, services.user_id, card_id)
        return EditList(
            [
                EditBody(
                    edit.version,
                    edit.front,
                    edit.back,
                    edit.options,
                    edit.tags,
                    isoformat(edit.at) or "",
                )
                for edit in history(session, card)
            ]
        )


@post(
    "/flashcards/approve",
    sync_to_thread=True,
    status_code=200,
    summary="Approve cards",
    responses=problems(404, 422, 503),
)
def approve_cards(services: ServicesDependency, data: JSONBody[SelectionBody]) -> DecisionBody:
    """Approve cards, so that they are reviewed; of a filter without a state, its drafts."""
    return _decide(services, data, CardState.APPROVED)


@post(
    "/flashcards/reject",
    sync_to_thread=True,
    status_code=200,
    summary="Reject cards",
    responses=problems(404, 422, 503),
)
def reject_cards(services: ServicesDependency, data: JSONBody[Rejection]) -> DecisionBody:
    """Reject cards, perhaps with a reason; they are kept and can be put back."""
    return _decide(services, data, CardState.REJECTED, data.reason)


@post(
    "/flashcards/suspend",
    sync_to_thread=True,
    status_code=200,
    summary="Suspend cards",
    responses=problems(404, 422, 503),
)
def suspend_cards(services: ServicesDependency, data: JSONBody[SelectionBody]) -> DecisionBody:
    """Take approved cards out of the reviews; approving them takes them back in."""
    return _decide(services, data, CardState.SUSPENDED)


@post(
    "/flashcards/restore",
    sync_to_thread=True,
    status_code=200,
    summary="Put cards back among the drafts",
    responses=problems(404, 422, 503),
)
def restore_cards(services: ServicesDependency, data: JSONBody[SelectionBody]) -> DecisionBody:
    """Make drafts of cards again; of a filter without a state, of its rejected ones."""
    return _decide(services, data, CardState.DRAFT)


@post(
    "/flashcards/delete",
    sync_to_thread=True,
    status_code=200,
    summary="Delete cards",
    responses=problems(404, 422, 503),
)
def delete_many(services: ServicesDependency, data: JSONBody[SelectionBody]) -> DecisionBody:
    """Delete cards with their history; this cannot be undone."""
    with services.database.write() as session:
        decided = delete_cards(session, services.user_id, _selection(data))
    return msgspec.convert(decided, DecisionBody, from_attributes=True)


@post(
    "/flashcards/tags",
    sync_to_thread=True,
    status_code=200,
    summary="Tag cards",
    responses=problems(404, 422, 503),
)
def post_tags(services: ServicesDependency, data: JSONBody[Tagging]) -> TaggedBody:
    """Add tags to cards and take others off."""
    with services.database.write() as session:
        cards = selected_cards(session, services.user_id, _selection(data))
        return TaggedBody(tag_cards(session, cards, add=data.add, remove=data.remove))


def card_filter(wanted: FilterBody) -> CardFilter:
    """A filter as the cards' room takes it."""
    fields = msgspec.structs.asdict(wanted)
    state = fields.pop("state")
    return CardFilter(states=(state,) if state else (), **fields)


def _selection(data: SelectionBody) -> Selection:
    return Selection(tuple(data.ids), card_filter(data.filter) if data.filter else None)


def _decide(
    services: Services, data: SelectionBody, state: CardState, reason: str = ""
) -> DecisionBody:
    with services.database.write() as session:
        decided = decide(session, services.user_id, _selection(data), state, reason=reason)
    return msgspec.convert(decided, DecisionBody, from_attributes=True)


def _key(data: NewCard | CardChange, options: list[str], back: str = "") -> str:
    """The answer: of a choice the option that `correct_index` names, if it does."""
    if data.correct_index is None:
        return back if data.back is None else data.back
    if not 0 <= data.correct_index < len(options):
        raise RefusedError(
            "correct_index_out_of_range",
            f"`correct_index` is {data.correct_index}, but there are {len(options)} options, "
            "counted from 0.",
        )
    return options[data.correct_index]


def _changed_text(card: Flashcard, data: CardChange) -> CardText | None:
    fields = (data.kind, data.front, data.back, data.options, data.correct_index)
    if all(field is None for field in fields):
        return None
    kind = data.kind or card.kind
    options = card.options if data.options is None else data.options
    if kind != Kind.CHOICE and data.options is None:
        options = []
    return CardText(
        kind,
        card.front if data.front is None else data.front,
        _key(data, options, card.back),
        tuple(options),
    )


def _next(wanted: FilterBody, order: Order, last: Flashcard, limit: int) -> str:
    query: dict[str, Any] = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in msgspec.structs.asdict(wanted).items()
        if value is not None
    }
    return next_address(
        "/flashcards", {**query, "order": order}, cursor=cursor_of(last, order), limit=limit
    )


CARD_HANDLERS = [
    get_cards,
    post_card,
    get_card,
    patch_card,
    delete_card,
    get_history,
    approve_cards,
    reject_cards,
    suspend_cards,
    restore_cards,
    delete_many,
    post_tags,
]
