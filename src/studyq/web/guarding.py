"""Who may speak to this instance: Host names against DNS rebinding, Origin against forgery."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

import msgspec
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from studyq.settings import LOOPBACK_HOSTS, Settings
from studyq.web.problems import MEDIA_TYPE, Problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
NOT_GUESSED = (b"x-content-type-options", b"nosniff")


def host_name(host: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def address_of(origin: str) -> str:
    """The host and port of an Origin header; nothing when it is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


class GateMiddleware(ASGIMiddleware):
    """Refuses requests that a web page elsewhere made a browser send.

    On loopback only local Host names are served (and that of STUDYQ_URL), so that a foreign name
    that resolves to this machine reaches nothing. Unsafe methods must come from our own pages or
    from no page at all.
    """

    def __init__(self, settings: Settings) -> None:
        self._names = set(LOOPBACK_HOSTS)
        if settings.url:
            self._names.add(host_name(urlsplit(settings.url).netloc))
        self._any_host = not settings.on_loopback

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Let a request through, or answer 400 or 403."""
        refusal = self._refusal(scope)
        if refusal is None:
            await next_app(scope, receive, _never_guessed(send))
            return
        status, code, detail = refusal
        body = msgspec.json.encode(Problem(HTTPStatus(status).phrase, status, detail, code))
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            NOT_GUESSED,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def _refusal(self, scope: Scope) -> tuple[int, str, str] | None:
        headers = {key.lower(): value.decode("latin-1") for key, value in scope["headers"]}
        host = headers.get(b"host", "")
        if not self._any_host and host_name(host) not in self._names:
            return (
                400,
                "host_not_allowed",
                f"This instance answers on this machine only, not as {host[:200]!r}. "
                "Set STUDYQ_URL to the address under which it is to be reached.",
            )
        method = str(scope.get("method", "GET"))
        if method in SAFE_METHODS:
            return None
        origin = headers.get(b"origin")
        foreign = origin is not None and address_of(origin) != host.lower()
        if foreign or headers.get(b"sec-fetch-site") == "cross-site":
            return (
                403,
                "foreign_origin",
                "This request comes from a page of another site and was refused.",
            )
        return None


def _never_guessed(send: Send) -> Send:
    """Forbid browsers to take any answer for something else than its content type says."""

    async def send_with_header(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = message["headers"]
            if all(name.lower() != NOT_GUESSED[0] for name, _ in headers):
                message["headers"] = [*headers, NOT_GUESSED]
        await send(message)

    return send_with_header
