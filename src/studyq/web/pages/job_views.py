"""What the page Jobs may see: a card a queue, the jobs that are asked for, one job closely."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

from msgspec import Struct, structs

from studyq.jobs.finding import View
from studyq.web.pages.charts import Chart, Step
from studyq.web.pages.views import ErrorView, JobView

Span = Literal["hour", "day"]
Tone = Literal["ok", "live", "bad", "quiet"]

PATH = "/app/jobs"


class When(Struct, frozen=True):
    """An instant, and how long ago it was in words."""

    at: datetime
    words: str


class Choice(Struct, frozen=True):
    """One option of a filter."""

    value: str
    words: str


class JobFilter(Struct, frozen=True):
    """Which jobs are asked for; what is empty does not matter.

    Attributes:
        cursor: The id of the job that the page begins behind.
    """

    view: View = "all"
    queue: str = ""
    state: str = ""
    code: str = ""
    trigger: str = ""
    text: str = ""
    span: Span = "hour"
    cursor: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything beside the view is asked for."""
        return bool(self.queue or self.state or self.code or self.trigger or self.text)

    def address(self, **changes: str) -> str:
        """The address of the page with some of it changed; it begins at the first job again."""
        wanted = structs.replace(self, **{"cursor": "", **changes})
        values = {
            "view": "" if wanted.view == "all" else wanted.view,
            "queue": wanted.queue,
            "state": wanted.state,
            "code": wanted.code,
            "trigger": wanted.trigger,
            "q": wanted.text,
            "span": "" if wanted.span == "hour" else wanted.span,
            "cursor": wanted.cursor,
        }
        query = urlencode({name: value for name, value in values.items() if value})
        return f"{PATH}?{query}" if query else PATH


class Failures(Struct, frozen=True):
    """Failed jobs whose last error has the same code, and the queues that they are in."""

    code: str
    count: int
    queues: tuple[str, ...]


class QueueCard(Struct, frozen=True):
    """How a queue is doing; times in words, or nothing where nothing is known.

    Attributes:
        state: In words: `Working`, `Paused`, `Nothing to do` …
        notice: Why its jobs do not run, and what to do about it.
        oldest: How long the job has waited that waits longest.
        wait, run: Averages of the last hour.
        steps: Those in which something happened, the newest first.
    """

    name: str
    title: str
    state: str
    tone: Tone
    paused: bool
    concurrency: int
    most: int
    waiting: int
    delayed: int
    active: int
    failed: int
    workers: int
    oldest: str = ""
    wait: str = ""
    run: str = ""
    notice: str = ""
    throughput: Chart | None = None
    latency: Chart | None = None
    steps: tuple[Step, ...] = ()

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to be said of it."""
        jobs = self.waiting or self.delayed or self.active or self.failed
        return not (jobs or self.paused or self.notice or self.throughput)


class JobRow(Struct, frozen=True):
    """A job as the list shows it.

    Attributes:
        title: What it works on: a document's title, or what the job is called.
        href: The page of what it works on, if it has one.
        took: How long it ran, or has been running.
    """

    id: str
    queue: str
    queue_title: str
    title: str
    href: str
    state: str
    state_words: str
    tone: Tone
    progress: int
    message: str
    waiting_for: str
    trigger: str
    attempts: int
    max_attempts: int
    priority: int
    cancel_requested: bool
    created: When
    ended: When | None = None
    took: str = ""
    error: ErrorView | None = None

    @property
    def is_live(self) -> bool:
        """Whether it has not ended."""
        return self.state in ("waiting", "delayed", "active")

    @property
    def can_retry(self) -> bool:
        """Whether it may be put back."""
        return self.state in ("failed", "cancelled")

    @property
    def line(self) -> JobView:
        """What its progress line needs."""
        return JobView(
            self.id, self.queue, self.state, self.progress, self.message, self.waiting_for or None
        )

    @property
    def revision(self) -> str:
        """Changes whenever the row has to be drawn anew, and not with each per cent."""
        return "-".join(
            str(part)
            for part in (
                self.state, self.waiting_for, self.attempts, self.priority, self.cancel_requested,
                self.title,
            )
        )  # fmt: skip


class Moment(Struct, frozen=True):
    """One line of a job's story; `after` is the time since it was made, in words."""

    after: str
    at: datetime
    words: str
    detail: str = ""
    tone: Tone = "quiet"


class Failure(Struct, frozen=True):
    """The error of one attempt; the traceback only for those who may see it."""

    attempt: int
    code: str
    kind: str
    message: str
    at: datetime
    traceback: str = ""


class Relative(Struct, frozen=True):
    """Another job of the same chain."""

    id: str
    title: str
    state_words: str


class JobDetail(Struct, frozen=True):
    """One job closely; `input` and `receipt` as indented JSON, or nothing."""

    row: JobRow
    name: str
    timeline: tuple[Moment, ...] = ()
    failures: tuple[Failure, ...] = ()
    input: str = ""
    receipt: str = ""
    unique_key: str = ""
    worker: str = ""
    starts: str = ""
    before: tuple[Relative, ...] = ()
    after: tuple[Relative, ...] = ()


class JobCounts(Struct, frozen=True):
    """How many jobs each view holds, over the queues that are shown."""

    all: int = 0
    needs_attention: int = 0
    in_progress: int = 0
    completed: int = 0


class JobsView(Struct, frozen=True):
    """The whole page.

    Attributes:
        filter: What was asked for, as far as it makes sense.
        failures: Failed jobs by their codes, over the queues that are shown.
        next: The cursor of the following page, or nothing.
        kept: How long ended jobs are kept, in words.
    """

    cards: tuple[QueueCard, ...]
    rows: tuple[JobRow, ...]
    counts: JobCounts
    filter: JobFilter
    queues: tuple[Choice, ...] = ()
    states: tuple[Choice, ...] = ()
    codes: tuple[Choice, ...] = ()
    triggers: tuple[Choice, ...] = ()
    failures: tuple[Failures, ...] = ()
    next: str = ""
    kept: str = ""
