"""Cards through the HTTP interface of the server that runs."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import msgspec

from studyq.cli.asking import ask, fetch
from studyq.cli.card_desks import CardsMeant, CardsWish, ImportRejected, Told
from studyq.cli.group import CommandFailed
from studyq.cli.remote_library import RemoteLibrary

if TYPE_CHECKING:
    from studyq.cards.exporting import Format
    from studyq.cli.libraries import Step

PAGE = 200  #: cards that the server tells of at a time, at most
JSON = {"Content-Type": "application/json"}
DONE = (http.client.OK, http.client.CREATED, http.client.ACCEPTED)


class RemoteCards:
    """`CardDesk` over a server at an address."""

    def __init__(self, address: str) -> None:
        self.where = address

    def find(self, meant: CardsMeant, limit: int) -> list[Told]:
        """Cards, newest first."""
        query = {**meant.told(), "limit": str(min(limit, PAGE))}
        following: str | None = f"/flashcards?{urlencode(query)}"
        found: list[Told] = []
        while following is not None and len(found) < limit:
            page = self._ask("GET", following)
            found += page["items"]
            following = page["next"]
        return found[:limit]

    def approve(self, ids: Sequence[str], meant: CardsMeant | None) -> Told:
        """Approve cards."""
        body = {"ids": ids} if meant is None else {"filter": meant.told()}
        return self._ask("POST", "/flashcards/approve", body)

    def export(self, form: Format, meant: CardsMeant) -> bytes:
        """Cards as a file."""
        query = urlencode({"format": form, **meant.told()})
        status, content = fetch(self.where, f"/flashcards/export?{query}")
        if status != http.client.OK:
            raise CommandFailed(msgspec.json.decode(content)["detail"])
        return content

    def take_in(
        self, content: bytes, *, state: str, document_id: str | None, tag: str, dry_run: bool
    ) -> Told:
        """Import a file."""
        query = {"state": state, "tag": tag, "dry_run": str(dry_run).lower()}
        if document_id is not None:
            query["document_id"] = document_id
        headers = {"Content-Type": "application/octet-stream"}
        path = f"/flashcards/import?{urlencode(query)}"
        status, answer = ask(self.where, "POST", path, content, headers)
        if status not in DONE:
            raise ImportRejected(answer["detail"], answer.get("errors", ()))
        told: Told = answer
        return told

    def estimate(self, document_id: str, wish: CardsWish) -> Told:
        """What a request would take."""
        return self._ask("POST", f"{_cards_of(document_id)}?estimate=true", _body(wish))

    def generate(self, document_id: str, wish: CardsWish) -> Told:
        """Ask for cards."""
        told: Told = self._ask("POST", _cards_of(document_id), _body(wish))["session"]
        return told

    def session(self, session_id: str) -> Told:
        """A session."""
        return self._ask("GET", f"/sessions/{quote(session_id, safe='')}")

    def follow(self, job: tuple[str, str]) -> Iterator[Step]:
        """A job's steps."""
        return RemoteLibrary(self.where).follow(job)

    def _ask(self, method: str, path: str, body: Any = None) -> Told:
        content = None if body is None else msgspec.json.encode(body)
        status, answer = ask(self.where, method, path, content, JSON if content else None)
        if status not in DONE:
            raise CommandFailed(answer["detail"])
        told: Told = answer
        return told


def _cards_of(document_id: str) -> str:
    return f"/documents/{quote(document_id, safe='')}/flashcards"


def _body(wish: CardsWish) -> dict[str, Any]:
    return {name: value for name, value in vars(wish).items() if value is not None}
