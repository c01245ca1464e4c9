"""The shapes of cards that the API takes and answers with."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from studyq.web.api.schemas import RectangleBody

KindName = Literal["basic", "cloze", "choice"]
CardStateName = Literal["draft", "approved", "suspended", "rejected"]
OriginName = Literal["builtin", "model", "manual", "imported"]
PageIndex = Annotated[int, Meta(ge=1, le=1_000_000_000)]
MOST_IDS = 10_000


class CardSource(Struct):
    """Where a card comes from. `title` outlives the document; all null for a card without one."""

    document_id: str | None
    title: str
    page: int | None
    page_label: str | None
    section: str
    quote: str
    rectangles: list[RectangleBody]


class OriginalCard(Struct):
    """The older card that a duplicate repeats."""

    id: str
    state: CardStateName
    front_html: str
    back_html: str
    page_label: str | None
    title: str


class CardBody(Struct):
    r"""A card.

    `front` and `back` are Markdown with maths between `\(` and `\)`; the `…_html` are sanitised.
    `guid` stays the same in every export. `version` grows with each edit. `advice` says what might
    be better, after a card was made or edited.
    """

    id: str
    guid: str
    kind: KindName
    front: str
    back: str
    options: list[str]
    correct_index: int | None
    front_html: str
    back_html: str
    options_html: list[str]
    state: CardStateName
    reject_reason: str | None
    tags: list[str]
    origin: OriginName
    model: str | None
    session_id: str | None
    duplicate_of: OriginalCard | None
    version: int
    source: CardSource
    created_at: str
    updated_at: str
    advice: list[str] = []


class CardList(Struct):
    """Cards; `counts` by state of all that fit the filter, whatever its state."""

    items: list[CardBody]
    next: str | None
    counts: dict[str, int]


class NewSource(Struct, forbid_unknown_fields=True):
    """A page of a document, and words on it; the words must stand there."""

    document_id: str
    page: PageIndex | None = None
    quote: str = ""


class NewCard(Struct, forbid_unknown_fields=True):
    """A card made by hand. The back of a cloze is what its front hides.

    Of a choice the right option is given by `correct_index`, or by its words as `back`.
    """

    front: str
    back: str = ""
    kind: KindName = "basic"
    options: list[str] = []
    correct_index: int | None = None
    tags: list[str] = []
    source: NewSource | None = None
    state: Literal["draft", "approved"] = "approved"


class CardChange(Struct, forbid_unknown_fields=True):
    """What is to be different about a card; what is left out stays.

    With `version`, an edit of a card that somebody else edited meanwhile is refused.
    """

    front: str | None = None
    back: str | None = None
    kind: KindName | None = None
    options: list[str] | None = None
    correct_index: int | None = None
    tags: list[str] | None = None
    version: int | None = None


class FilterBody(Struct, forbid_unknown_fields=True):
    """Which cards are meant: all that fit."""

    state: CardStateName | None = None
    document_id: str | None = None
    session_id: str | None = None
    kind: KindName | None = None
    origin: OriginName | None = None
    tag: str | None = None
    q: str | None = None
    page: PageIndex | None = None
    duplicates: bool | None = None


class SelectionBody(Struct, forbid_unknown_fields=True):
    """Cards by their ids or, without any, all that fit the filter."""

    ids: Annotated[list[str], Meta(max_length=MOST_IDS)] = []
    filter: FilterBody | None = None


class Rejection(SelectionBody, forbid_unknown_fields=True):
    """Cards that are not wanted, and why."""

    reason: str = ""


class Tagging(SelectionBody, forbid_unknown_fields=True):
    """Tags to add to cards, and tags to take off."""

    add: list[str] = []
    remove: list[str] = []


class StateChange(Struct):
    """A card that is in another state now, and the state that it was in."""

    id: str
    before: CardStateName


class DecisionBody(Struct):
    """What a decision changed, and ids of which there is no card (any more)."""

    changed: list[StateChange]
    missing: list[str]


class TaggedBody(Struct):
    """How many cards have other tags now."""

    changed: int


class EditBody(Struct):
    """What a card said before an edit; `version` is the one that was replaced, `at` when."""

    version: int
    front: str
    back: str
    options: list[str]
    tags: list[str]
    at: str


class EditList(Struct):
    """The earlier versions of a card, the latest first."""

    items: list[EditBody]


class ImportBody(Struct):
    """What an import did, or would do.

    `updated` and `unchanged` are cards that were here, by their guid; `already_there` are new ones
    that ask and answer what a card here does, and were left out.
    """

    added: int
    updated: int
    unchanged: int
    already_there: int
    dry_run: bool
