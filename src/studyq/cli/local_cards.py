"""Cards in the database that is here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from studyq.cards.deciding import Selection, decide
from studyq.cards.exporting import Format, export, states_to_export
from studyq.cards.importing import import_cards
from studyq.cards.listing import CardFilter, describe_cards, list_cards
from studyq.cards.models import CardState
from studyq.cards.records import records_of
from studyq.cards.requests import Wish, check_model, estimate_cards, request_cards
from studyq.cards.sampling import Scope
from studyq.cards.session_listing import describe_session, find_session
from studyq.cards.spending import Estimate
from studyq.cli.card_desks import CardsMeant, CardsWish, ImportRejected, Told
from studyq.cli.local_library import LocalLibrary
from studyq.library.errors import RefusedError

if TYPE_CHECKING:
    from studyq.cli.libraries import Step
    from studyq.web.services import Services


class LocalCards:
    """`CardDesk` over the services of this process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.where = str(services.settings.data.absolute())

    def find(self, meant: CardsMeant, limit: int) -> list[Told]:
        """Cards, newest first."""
        services = self._services
        with services.database.read() as session:
            cards = list_cards(session, services.user_id, _filter(meant), limit=limit)
            return describe_cards(session, cards)

    def approve(self, ids: Sequence[str], meant: CardsMeant | None) -> Told:
        """Approve cards."""
        services = self._services
        selection = Selection(tuple(ids), None if meant is None else _filter(meant))
        with services.database.write() as session:
            return asdict(decide(session, services.user_id, selection, CardState.APPROVED))

    def export(self, form: Format, meant: CardsMeant) -> bytes:
        """Cards as a file."""
        services, settings = self._services, self._services.settings
        address = settings.url or f"http://{settings.host}:{settings.port}"
        with services.database.read() as session:
            wanted = replace(_filter(meant), states=states_to_export(meant.state))
            cards = list_cards(session, services.user_id, wanted, order="oldest")
            records = records_of(session, cards, address)
        return export(records, form)

    def take_in(
        self, content: bytes, *, state: str, document_id: str | None, tag: str, dry_run: bool
    ) -> Told:
        """Import a file."""
        services = self._services
        try:
            done = import_cards(
                services.database,
                services.user_id,
                content,
                state=state,
                document_id=document_id,
                tags=tag.split(),
                dry_run=dry_run,
            )
        except RefusedError as error:
            raise ImportRejected(error.message, error.errors) from error
        return {**asdict(done), "dry_run": dry_run}

    def estimate(self, document_id: str, wish: CardsWish) -> Told:
        """What a request would take."""
        wanted, foreseen = self._foresee(document_id, wish)
        cap = self._services.settings.max_tokens_per_job or None
        return {"model": wanted.model, "estimate": foreseen.told(), "cap": cap}

    def generate(self, document_id: str, wish: CardsWish) -> Told:
        """Ask for cards."""
        services = self._services
        wanted, foreseen = self._foresee(document_id, wish)
        with services.database.write(synced=True) as session:
            made = request_cards(session, services.user_id, document_id, wanted, foreseen)
            session.flush()
            return describe_session(session, made)

    def session(self, session_id: str) -> Told:
        """A session."""
        services = self._services
        with services.database.read() as session:
            return describe_session(session, find_session(session, services.user_id, session_id))

    def follow(self, job: tuple[str, str]) -> Iterator[Step]:
        """A job's steps."""
        return LocalLibrary(self._services).follow(job)

    def _foresee(self, document_id: str, wish: CardsWish) -> tuple[Wish, Estimate]:
        services = self._services
        wanted = Wish(
            prompt=wish.prompt.strip(),
            wanted=wish.count,
            kinds=tuple(dict.fromkeys(wish.kinds)),
            scope=Scope(tuple(wish.sections), wish.pages),
            model=wish.model or services.settings.llm,
        )
        check_model(services.languages, wanted.model)
        with services.database.read() as session:
            foreseen = estimate_cards(
                session, services.user_id, document_id, wanted, services.prices
            )
        return wanted, foreseen


def _filter(meant: CardsMeant) -> CardFilter:
    return CardFilter(
        states=(meant.state,) if meant.state else (),
        document_id=meant.document_id,
        session_id=meant.session_id,
        tag=meant.tag,
        q=meant.q,
    )
