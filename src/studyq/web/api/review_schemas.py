"""The shapes of reviews that the API takes and answers with."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from studyq.web.api.card_schemas import CardSource, KindName

PhaseName = Literal["new", "learning", "review", "relearning"]
RatingName = Literal["again", "hard", "good", "easy"]
Milliseconds = Annotated[int, Meta(ge=0, le=2**53)]


class IntervalBody(Struct):
    """What a rating leads to: the card is due again after so many seconds, in words too."""

    rating: int
    name: RatingName
    seconds: int
    words: str


class ScheduleBody(Struct):
    """When a card is due, and what is known of it.

    `stability` is in days, `difficulty` from 1 to 10. `version` grows with each change; a rating
    that names an older one is refused (409).
    """

    card_id: str
    active: bool
    phase: PhaseName
    due_at: str
    last_review_at: str | None
    stability: float | None
    difficulty: float | None
    reps: int
    lapses: int
    leech: bool
    buried_until: str | None
    version: int


class ReviewCard(Struct):
    """A card as it is shown: both sides as sanitised HTML, and what each rating leads to.

    `options_html` are those of a choice, of which `correct_index` is right. `retrievability` is the
    probability that the card is remembered now; null before the first review.
    """

    id: str
    kind: KindName
    front_html: str
    back_html: str
    options_html: list[str]
    correct_index: int | None
    tags: list[str]
    source: CardSource
    schedule: ScheduleBody
    intervals: list[IntervalBody]
    retrievability: float | None


class CountsBody(Struct):
    """Cards left today, within the limits of the day."""

    learning: int
    review: int
    new: int
    total: int


class LastRating(Struct):
    """The rating that undoing would take back."""

    review_id: int
    card_id: str
    rating: int


class NextReview(Struct):
    """The next card, and those after it, so that a page goes on while the server is away.

    `next_due_at` says when something is due again, if nothing is now.
    """

    card: ReviewCard | None
    upcoming: list[ReviewCard]
    counts: CountsBody
    done_today: int
    minutes_left: float
    next_due_at: str | None
    undo: LastRating | None


class NewRating(Struct, forbid_unknown_fields=True):
    """How a card was rated: 1 again, 2 hard, 3 good, 4 easy.

    `version` is the schedule's when the card was shown: when somebody else has rated it since,
    nothing is counted (409). `waited_ms` is how long ago the rating was given, for an answer that
    could not be sent at once.
    """

    card_id: str
    rating: Annotated[int, Meta(ge=1, le=4)]
    version: int | None = None
    duration_ms: Milliseconds | None = None
    waited_ms: Milliseconds = 0


class RatedBody(Struct):
    """What became of a rating. `repeated`: it had come before, and was not counted again."""

    review_id: int
    card_id: str
    rating: int
    early: bool
    suspended: bool
    repeated: bool
    schedule: ScheduleBody


class Undoing(Struct, forbid_unknown_fields=True):
    """Which rating to take back; the last one by default."""

    review_id: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None


class UndoneBody(Struct):
    """The rating that was taken back, and the card as it is again."""

    review_id: int
    schedule: ScheduleBody


class CardNamed(Struct, forbid_unknown_fields=True):
    """Which card."""

    card_id: str


class Burying(Struct, forbid_unknown_fields=True):
    """Which card is not to be shown before tomorrow, or is to be shown again."""

    card_id: str
    buried: bool = True


class Suspending(Struct, forbid_unknown_fields=True):
    """Which card is taken out of the reviews, or back in."""

    card_id: str
    suspended: bool = True


class ReviewSettingsBody(Struct):
    """How one wants to review.

    Steps are minutes, `maximum_interval` days, hours those of the reader's clock. `time_zone` is
    empty until somebody says; then days are those of UTC. `fitted_to` is the number of ratings that
    the parameters were fitted to, 0 for those of FSRS-6. `calendar` is the path of the calendar:
    whoever knows it can read it; null until it is asked for.
    """

    desired_retention: float
    new_per_day: int
    reviews_per_day: int
    learning_steps: list[int]
    relearning_steps: list[int]
    maximum_interval: int
    fuzz: bool
    turn_hour: int
    time_zone: str
    leech_lapses: int
    leech_suspends: bool
    reminder_hour: int | None
    fitted_to: int
    calendar: str | None


class CalendarBody(Struct):
    """The path of the calendar; whoever knows it can read it."""

    calendar: str


class DocumentLimits(Struct, forbid_unknown_fields=True):
    """How much of one document comes on a day; null for no limit of its own."""

    new_per_day: Annotated[int, Meta(ge=0, le=9999)] | None = None
    reviews_per_day: Annotated[int, Meta(ge=0, le=9999)] | None = None


class PageCoverageBody(Struct):
    """A page: its state, cards and drafts; `retrievability` is the mean of what was learnt."""

    page: int
    state: Literal[
        "unread", "empty", "scanned", "unreadable",
        "no_cards", "drafts", "learning", "known", "slipping",
    ]  # fmt: skip
    cards: int
    drafts: int
    retrievability: float | None


class PageRun(Struct):
    """Pages one behind the other, both ends among them."""

    first: int
    last: int


class CoverageBody(Struct):
    """What of a document has been learnt.

    `letters` has one letter a page: . unread, e empty, s scanned, u unreadable, n no cards,
    d drafts, l learning, k known, p slipping. `uncovered` are pages with text and no card. `due`
    counts reviews and steps of today, `new` cards never seen.
    """

    document_id: str
    pages: list[PageCoverageBody]
    letters: str
    counts: dict[str, int]
    uncovered: list[PageRun]
    cards: int
    drafts: int
    due: int
    new: int


class DayBody(Struct):
    """One day: ratings, those that were `again`, those of new cards, and seconds spent."""

    day: str
    ratings: int
    again: int
    new: int
    seconds: int


class RetentionBody(Struct):
    """Reviews of cards past their first steps, and the share that was remembered."""

    reviews: int
    remembered: int
    rate: float | None


class DueBody(Struct):
    """How many cards fall due on a day; today has what is overdue too."""

    day: str
    due: int


class StatisticsBody(Struct):
    """What the log of reviews says.

    `young` cards have intervals of less than 21 days, `mature` ones more. `phases` counts the cards
    that are learnt; `active_days` those of `days` on which something was rated.
    """

    days: list[DayBody]
    retention: RetentionBody
    young: RetentionBody
    mature: RetentionBody
    desired_retention: float
    forecast: list[DueBody]
    phases: dict[str, int]
    active_days: int
    seconds: int
