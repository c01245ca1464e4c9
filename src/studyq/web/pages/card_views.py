"""What the pages of cards are drawn from, and the interface that fills it."""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

from studyq.web.pages.views import ErrorView, JobView, Rectangle

CardStateName = Literal["draft", "approved", "suspended", "rejected"]

KIND_NAMES = {"basic": "Question", "cloze": "Cloze", "choice": "Choice"}
STATE_NAMES = {
    "draft": "Draft",
    "approved": "Approved",
    "suspended": "Suspended",
    "rejected": "Rejected",
}
ORIGIN_NAMES = {"builtin": "Built in", "manual": "Written by you", "imported": "Imported"}


class SourceView(Struct, frozen=True):
    """Where a card comes from.

    Attributes:
        width: Of the page, in PDF points; 0 where there is no picture of it.
    """

    document_id: str | None = None
    title: str = ""
    page: int | None = None
    page_label: str | None = None
    section: str = ""
    quote: str = ""
    rectangles: tuple[Rectangle, ...] = ()
    width: float = 0
    height: float = 0


class OriginalView(Struct, frozen=True):
    """The older card that a duplicate repeats; its sides are sanitised HTML."""

    id: str
    state: CardStateName
    front_html: str
    back_html: str
    title: str = ""
    page_label: str | None = None


class CardView(Struct, frozen=True):
    """A card; `front_html`, `back_html` and `options_html` are sanitised."""

    id: str
    kind: Literal["basic", "cloze", "choice"]
    state: CardStateName
    front: str
    back: str
    front_html: str
    back_html: str
    version: int = 1
    options: tuple[str, ...] = ()
    options_html: tuple[str, ...] = ()
    correct_index: int | None = None
    reject_reason: str | None = None
    tags: tuple[str, ...] = ()
    origin: str = "manual"
    model: str | None = None
    duplicate_of: OriginalView | None = None
    source: SourceView = SourceView()

    @property
    def maker(self) -> str:
        """Who made it, in words: the model's name where there is one."""
        return self.model or ORIGIN_NAMES.get(self.origin, "A language model")

    @property
    def revision(self) -> str:
        """Changes whenever the card has to be drawn anew."""
        original = self.duplicate_of.id if self.duplicate_of else ""
        return f"{self.version}-{self.state}-{original}"


class DocumentChoice(Struct, frozen=True):
    """A document that has cards in the state shown, and how many."""

    id: str
    title: str
    count: int


class RunningSession(Struct, frozen=True):
    """A request for cards that is being worked on."""

    id: str
    document_id: str
    title: str
    wanted: int
    kept: int
    job: JobView | None = None


class RejectedView(Struct, frozen=True):
    """How many cards were not kept for one reason, which is a sentence."""

    reason: str
    count: int


class FailedWindowView(Struct, frozen=True):
    """A part of a document that gave nothing; `pages` are its first and last, counted from 1."""

    error: ErrorView
    pages: tuple[int, int] | None = None


class SessionView(Struct, frozen=True):
    """A request for cards that has ended, and what it gave; `drafts` are still to be looked at."""

    id: str
    status: str
    wanted: int
    kept: int
    drafts: int
    model: str
    prompt: str = ""
    error: ErrorView | None = None
    rejected: tuple[RejectedView, ...] = ()
    failed_windows: tuple[FailedWindowView, ...] = ()
    tokens: int = 0


class CardsWanted(Struct, frozen=True):
    """What a page of cards is asked to show, as its address says it."""

    state: CardStateName = "draft"
    document_id: str | None = None
    session_id: str | None = None
    tag: str | None = None
    q: str = ""
    duplicates: bool = False

    @property
    def is_narrowed(self) -> bool:
        """Whether more than the state is asked for."""
        return bool(self.document_id or self.session_id or self.tag or self.q or self.duplicates)


class CardsView(Struct, frozen=True):
    """Some cards of one state.

    Attributes:
        counts: How many cards each state holds, within the other filters.
        total: How many cards there are at all.
        next: The cursor of the following page, or None.
    """

    wanted: CardsWanted
    cards: tuple[CardView, ...]
    counts: dict[str, int]
    total: int
    documents: tuple[DocumentChoice, ...] = ()
    tags: tuple[str, ...] = ()
    running: tuple[RunningSession, ...] = ()
    next: str | None = None


class DocumentCards(Struct, frozen=True):
    """The cards of one document, by page; `more` are left out."""

    cards: tuple[CardView, ...] = ()
    counts: dict[str, int] = {}
    more: int = 0
    sections: tuple[str, ...] = ()
    running: tuple[RunningSession, ...] = ()
    sessions: tuple[SessionView, ...] = ()


class CardData(Protocol):
    """Fills the view models of cards for one reader."""

    def cards(self, wanted: CardsWanted, cursor: str | None) -> CardsView:
        """Cards of a state, oldest first."""
        ...

    def of_document(self, document_id: str) -> DocumentCards:
        """All there is to see of a document's cards."""
        ...

    def place(self, card_id: str) -> CardView | None:
        """A card whose place is to be lit up, or None."""
        ...
