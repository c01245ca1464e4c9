"""The shapes that the API answers with, as the OpenAPI document shows them."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

State = Literal["waiting", "delayed", "active", "completed", "failed", "cancelled"]


class ErrorBody(Struct):
    """Why something failed: a code for programs, a sentence for people."""

    code: str
    message: str


class AttemptError(Struct):
    """The error of one attempt."""

    attempt: int
    code: str
    message: str
    at: str


class JobBody(Struct):
    """A job. `waiting_for` says in words why it is not running yet.

    `run_at` is null while it waits until `after_id`, the job before it, has completed. While a live
    job has its `unique_key`, no second one is made.
    """

    id: str
    queue: str
    name: str
    document_id: str | None
    state: State
    progress: int
    message: str
    attempts_made: int
    max_attempts: int
    priority: int
    trigger: str
    unique_key: str | None
    after_id: str | None
    cancel_requested: bool
    created_at: str
    started_at: str | None
    finished_at: str | None
    run_at: str | None
    waiting_for: str | None
    error: ErrorBody | None
    errors: list[AttemptError]
    result: dict[str, Any] | None
    detail: dict[str, Any]


class TracedError(AttemptError):
    """The error of one attempt, with where in the code it came from (for administrators)."""

    traceback: str | None = None


class JobReference(Struct):
    """Another job of the same chain."""

    id: str
    queue: str
    name: str
    state: State


class TimelineEntry(Struct):
    """One event of a job. `waited` and `ran` are seconds: before a start, of an attempt."""

    id: int
    event: Literal["state", "progress"]
    state: State
    progress: int
    message: str
    detail: dict[str, Any]
    at: str
    waited: float | None
    ran: float | None


class JobDetail(JobBody):
    """A job with what it was given, what comes before and after it, and its newest 500 events."""

    errors: list[TracedError]  # type: ignore[assignment]  # a list of more
    input: dict[str, Any]
    worker: str | None
    lease_until: str | None
    before: list[JobReference]
    after: list[JobReference]
    timeline: list[TimelineEntry]


class PageCounts(Struct):
    """Pages by what they hold."""

    text: int
    empty: int
    scanned: int
    unreadable: int


class OutlineBody(Struct):
    """An entry of a document's outline."""

    title: str
    page: int
    level: int


class DocumentBody(Struct):
    """A document. `page_kinds` has one letter a page: t text, e empty, s scanned, u unreadable."""

    id: str
    title: str
    filename: str
    source: Literal["pdf", "text", "uri"]
    status: Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED"]
    error: ErrorBody | None
    page_count: int | None
    pages: PageCounts
    page_kinds: str
    chunk_count: int
    receipt: dict[str, Any] | None
    job: JobBody | None
    pdf_id: str | None
    size: int | None
    sha256: str | None
    created_at: str
    updated_at: str


class DocumentDetail(DocumentBody):
    """A document with its outline."""

    outline: list[OutlineBody] = []


class PdfBody(Struct):
    """An original."""

    id: str
    filename: str
    sha256: str
    size: int
    document_id: str
    page_count: int | None
    encrypted: bool
    created_at: str


class Added(Struct):
    """What an upload, a text or an import led to.

    `job` is the one that works on it, or the last that did; null when that has been deleted.
    """

    pdf: PdfBody | None
    document: DocumentBody
    job: JobBody | None


class DocumentList(Struct):
    """Documents, newest first; `next` is the address of the following page or null."""

    items: list[DocumentBody]
    next: str | None


class PdfList(Struct):
    """PDFs, newest first."""

    items: list[PdfBody]
    next: str | None


class JobList(Struct):
    """Jobs, newest first."""

    items: list[JobBody]
    next: str | None


class RectangleBody(Struct):
    """A place on a page, in PDF points from the page's top left."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


class PageBody(Struct):
    """A page; sizes in PDF points, 0 for a text without a layout."""

    index: int
    label: str
    text: str
    width: float
    height: float
    kind: Literal["text", "empty", "scanned", "unreadable"]


class ScoreParts(Struct):
    """What words and meaning gave to a score, as shares of the best; null where one has nothing.

    `phrase` tells that the passage holds the query word for word.
    """

    words: float | None
    meaning: float | None
    phrase: bool


class Hit(Struct):
    """A passage that search found. `marks` are offsets in `snippet` of words asked for."""

    document_id: str
    filename: str
    title: str
    chunk_id: int
    page_from: int
    page_to: int
    page_label: str
    section: str
    text: str
    snippet: str
    marks: list[tuple[int, int]]
    score: float
    scores: ScoreParts
    rectangles: list[RectangleBody]


class SearchBody(Struct):
    """Results, best first. `notice` says why the mode is not the one asked for."""

    results: list[Hit]
    mode: Literal["hybrid", "words", "meaning"]
    notice: str | None
    next: str | None


class FailureCount(Struct):
    """How many failed jobs have this code as that of their last error."""

    code: str | None
    count: int


class LastHour(Struct):
    """What happened in a queue within the last hour; times in seconds, null where nothing did."""

    enqueued: int
    completed: int
    failed: int
    cancelled: int
    retried: int
    average_wait: float | None
    average_run: float | None
    p95_wait: float | None
    p95_run: float | None


class QueueBody(Struct):
    """A queue: how many jobs are in each state, and how they fare.

    `workers` are living processes that serve it, `oldest_waiting` is in seconds, `failures` are
    those of `counts.failed`.
    """

    name: str
    paused: bool
    concurrency: int
    counts: dict[str, int]
    workers: int
    oldest_waiting: float | None
    failures: list[FailureCount]
    last_hour: LastHour


class QueueList(Struct):
    """All queues."""

    items: list[QueueBody]


class RetriedBody(Struct):
    """What retrying many did; `skipped` are those whose work another job does by now."""

    retried: int
    skipped: int


class CancelledBody(Struct):
    """What cancelling many did; those that were `told` run, and end within two seconds."""

    cancelled: int
    told: int
    already_ended: int
    unknown: int


class JobAnswer(Struct):
    """A job that was put to work or told to end."""

    job: JobBody


class JobsAnswer(Struct):
    """Jobs that were put to work."""

    jobs: list[str]


class Part(Struct):
    """One part of the instance's health."""

    ok: bool
    reason: str
    next_step: str


class HealthBody(Struct):
    """Whether the instance works, and if not, which part of it does not."""

    status: Literal["ok", "failing"]
    parts: dict[str, Part]
