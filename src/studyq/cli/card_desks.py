"""Two ways to the cards of a library: through the server that runs, or directly in its database.

Both answer as the API does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from studyq.cards.exporting import Format
    from studyq.cli.libraries import Step
    from studyq.settings import Settings

Told = dict[str, Any]


@dataclass(frozen=True)
class CardsMeant:
    """Which cards; what is None leaves none out."""

    state: str | None = None
    document_id: str | None = None
    session_id: str | None = None
    tag: str | None = None
    q: str | None = None

    def told(self) -> dict[str, str]:
        """What is asked for, by the names that the API has for it."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class CardsWish:
    """What cards to make; `model` is STUDYQ_LLM when it is None."""

    count: int
    kinds: Sequence[str]
    sections: Sequence[str] = ()
    pages: tuple[int, int] | None = None
    prompt: str = ""
    model: str | None = None


class ImportRejected(Exception):
    """A file of cards was refused; `rows` says which of its cards and why."""

    def __init__(self, message: str, rows: Sequence[Told]) -> None:
        super().__init__(message)
        self.rows = rows


class CardDesk(Protocol):
    """Where cards are made and dealt with.

    Each of its methods raises `CommandFailed`, or an error that the commands expect, when it is
    refused.
    """

    where: str

    def find(self, meant: CardsMeant, limit: int) -> list[Told]:
        """Cards, newest first."""

    def approve(self, ids: Sequence[str], meant: CardsMeant | None) -> Told:
        """Approve cards by their ids or, without any, all that are meant."""

    def export(self, form: Format, meant: CardsMeant) -> bytes:
        """Cards as a file; without a state those that are approved or suspended."""

    def take_in(
        self, content: bytes, *, state: str, document_id: str | None, tag: str, dry_run: bool
    ) -> Told:
        """Import a file.

        Raises:
            ImportRejected: when it is refused; nothing was imported.
        """

    def estimate(self, document_id: str, wish: CardsWish) -> Told:
        """What a request for cards would take."""

    def generate(self, document_id: str, wish: CardsWish) -> Told:
        """Ask for cards; returns the session with its job."""

    def session(self, session_id: str) -> Told:
        """A session as it is now."""

    def follow(self, job: tuple[str, str]) -> Iterator[Step]:
        """The steps of a job until it has ended."""


@contextmanager
def open_card_desk(settings: Settings, *, run_jobs: bool = False) -> Iterator[CardDesk]:
    """The cards: through the library's server when one answers, else directly.

    Args:
        run_jobs: without a server, run jobs here for as long as the block runs.

    Raises:
        CommandFailed: when a server is named, does not answer, and no library is here either.
    """
    from studyq.cli.libraries import server_or_folder

    address = server_or_folder(settings)
    if address is not None:
        from studyq.cli.remote_cards import RemoteCards

        yield RemoteCards(address)
        return
    from contextlib import nullcontext

    from studyq.cli.local_cards import LocalCards
    from studyq.cli.local_library import running_jobs
    from studyq.cli.opening import open_library

    with (
        open_library(settings) as services,
        running_jobs(services) if run_jobs else nullcontext(),
    ):
        yield LocalCards(services)
