"""The shapes of requests for cards, their sessions, and what models have cost."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from studyq.cards.requests import LONGEST_PROMPT, MOST_CARDS, MOST_SECTIONS
from studyq.web.api.card_schemas import KindName
from studyq.web.api.schemas import ErrorBody, JobBody

PageNumber = Annotated[int, Meta(ge=1, le=1_000_000_000)]


class CardRequest(Struct, forbid_unknown_fields=True):
    """What cards are wanted: how many, of which kinds, from which part, by which model.

    `prompt` is a wish in words, for language models; `sections` are paths of headings as passages
    name them, and hold what lies below them; `pages` are the first and the last, counted from 1;
    `model` is builtin, llm:MODEL or openai:MODEL, and STUDYQ_LLM when it is not given.
    """

    prompt: Annotated[str, Meta(max_length=LONGEST_PROMPT)] = ""
    count: Annotated[int, Meta(ge=1, le=MOST_CARDS)] = 20
    kinds: Annotated[list[KindName], Meta(min_length=1, max_length=3)] = field(
        default_factory=lambda: ["basic", "cloze", "choice"]
    )
    sections: Annotated[list[str], Meta(max_length=MOST_SECTIONS)] = []
    pages: tuple[PageNumber, PageNumber] | None = None
    model: Annotated[str, Meta(max_length=200)] | None = None


class EstimateBody(Struct):
    """What a request is going to take. `known` is false while the document is being read.

    `cost` is null where prices are not set, `cap` (of tokens a job) null where there is none.
    """

    known: bool
    cards: int
    windows: int
    calls: int
    input_tokens: int
    output_tokens: int
    cost: float | None


class EstimateAnswer(Struct):
    """An estimate, with the model it is for and the most tokens that a job may spend."""

    model: str
    estimate: EstimateBody
    cap: int | None


class WindowCounts(Struct):
    """Windows (runs of passages asked about together) by what has become of them."""

    total: int
    waiting: int
    done: int
    failed: int


class CardCounts(Struct):
    """Cards of a session that were kept, by what has become of them since."""

    draft: int
    approved: int
    suspended: int
    rejected: int


class FailedWindow(Struct):
    """A window that gave nothing. `pages` is null when the document was read again since."""

    ordinal: int
    pages: tuple[int, int] | None
    quota: int
    error: ErrorBody


class UsageBody(Struct):
    """Calls to a language model and their tokens."""

    calls: int
    input_tokens: int
    output_tokens: int


class SessionBody(Struct):
    """A request for cards and what has become of it.

    `rejected` counts cards that were not kept, by reason. `receipt` is there once it has ended.
    """

    id: str
    document_id: str
    title: str
    status: Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"]
    error: ErrorBody | None
    prompt: str
    wanted: int
    kinds: list[KindName]
    sections: list[str]
    pages: tuple[int, int] | None
    model: str
    windows: WindowCounts
    failed_windows: list[FailedWindow]
    cards: CardCounts
    rejected: dict[str, int]
    usage: UsageBody
    estimate: EstimateBody
    receipt: dict[str, Any] | None
    job: JobBody | None
    created_at: str
    updated_at: str


class SessionAnswer(Struct):
    """A session that was put to work, and its job."""

    session: SessionBody
    job: JobBody | None


class SessionList(Struct):
    """Sessions, newest first; `next` is the address of the following page or null."""

    items: list[SessionBody]
    next: str | None


class ModelUsageBody(UsageBody):
    """What one model has cost; `cost` adds up what calls cost at the prices of their day."""

    model: str = ""
    cost: float = 0.0


class UsageAnswer(Struct):
    """What the user's jobs have spent at language models, the dearest first."""

    since: str | None
    models: list[ModelUsageBody]
    total: UsageBody
    cost: float
