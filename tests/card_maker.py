"""Cards made over HTTP, for tests of pages."""

from typing import Any

import httpx

from live_server import LiveServer


def make_card(server: LiveServer, front: str, back: str = "", **more: Any) -> dict[str, Any]:
    """Makes a card by hand; `document`, `page` and `quote` say where it comes from."""
    document, page, quote = (more.pop(name, None) for name in ("document", "page", "quote"))
    source = {"document_id": document, "page": page, "quote": quote or ""} if document else None
    body = {"front": front, "back": back, "source": source, **more}
    answer = httpx.post(f"{server.url}/flashcards", json=body)
    assert answer.status_code == 201, answer.text
    card: dict[str, Any] = answer.json()
    return card


def card_of(server: LiveServer, card: dict[str, Any]) -> dict[str, Any]:
    """A card as it is now."""
    found: dict[str, Any] = httpx.get(f"{server.url}/flashcards/{card['id']}").json()
    return found
