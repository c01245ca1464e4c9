"""One request to the server that runs, and its answer."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator
from typing import Any

import msgspec

from studyq.cli.group import CommandFailed, ExitCode
from studyq.cli.running import connect, path_of

ANSWER_SECONDS = 120.0


def ask(
    address: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """One request; returns the status and the decoded answer.

    Raises:
        CommandFailed: when the server is not reached.
    """
    with _response(address, method, path, body, headers) as response:
        return response.status, decode(response)


def fetch(address: str, path: str) -> tuple[int, bytes]:
    """One request for a file; returns the status and the bytes of the answer.

    Raises:
        CommandFailed: when the server is not reached.
    """
    with _response(address, "GET", path) as response:
        return response.status, response.read()


@contextlib.contextmanager
def _response(
    address: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> Iterator[http.client.HTTPResponse]:
    try:
        with contextlib.closing(connect(address, timeout=ANSWER_SECONDS)) as connection:
            # A refusal may come before all is sent; then the answer says more than the break.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path_of(address, path), body=body, headers=headers or {})
            yield connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise gone(address, error) from error


def decode(response: http.client.HTTPResponse) -> Any:
    """What a server answered; in words where it is no JSON."""
    content = response.read()
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        return {"detail": f"The server answered {response.status} {response.reason}."}


def gone(address: str, error: Exception) -> CommandFailed:
    """The failure of a server that does not answer."""
    return CommandFailed(
        f"The server at {address} does not answer ({error}). What it had accepted is safe; "
        "start `studyq serve` and try again.",
        ExitCode.UNREACHABLE,
    )
