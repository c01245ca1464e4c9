"""Finding the server that runs: each one leaves its address in its data folder."""

from __future__ import annotations

import contextlib
import http.client
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from studyq.settings import Settings

ADDRESS_FILE = "serving.json"
ASK_SECONDS = 3.0  #: how long to wait for a sign of life

# What listens on all addresses is reached on this machine's own.
_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # compared, not bound


class Serving(msgspec.Struct):
    """A server as its data folder tells of it."""

    address: str
    pid: int
    pid_started: str


def address_of(host: str, port: int) -> str:
    """How a server that listens somewhere is reached from this machine."""
    name = _LOOPBACK_OF.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


@contextmanager
def announced(data: Path, address: str) -> Iterator[None]:
    """Leave the address in the data folder for as long as the block runs."""
    from studyq.jobs.identity import process_started

    path = data / ADDRESS_FILE
    serving = Serving(address, os.getpid(), process_started(os.getpid()) or "")
    partial = path.with_suffix(f".{serving.pid}")
    partial.write_bytes(msgspec.json.encode(serving))
    partial.replace(path)
    try:
        yield
    finally:
        if _read(data) == serving:  # another server of the same folder may have come since
            path.unlink(missing_ok=True)


def announced_address(data: Path) -> str | None:
    """The address of the server that works on a data folder, if its process is alive."""
    from studyq.jobs.identity import process_started

    serving = _read(data)
    if serving is None or process_started(serving.pid) != serving.pid_started:
        return None
    return serving.address


def find_server(settings: Settings) -> str | None:
    """The address of the server to hand work to; None when the work is to be done here.

    That is the server of the same data folder. A folder that was not named (the default) may
    well be another one than the server's, so then the usual address is asked too.
    """
    candidates = [announced_address(settings.data), settings.url]
    if settings.data == type(settings)().data:
        candidates.append(address_of(settings.host, settings.port))
    for address in candidates:
        if address and is_alive(address):
            return address.rstrip("/")
    return None


def is_alive(address: str) -> bool:
    """Whether a studyq answers at an address."""
    try:
        with contextlib.closing(connect(address, timeout=ASK_SECONDS)) as connection:
            connection.request("GET", path_of(address, "/health/live"))
            return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException, ValueError):
        return False


def connect(address: str, *, timeout: float) -> http.client.HTTPConnection:
    """A connection to a server, not yet opened.

    Raises:
        ValueError: when the address is none.
    """
    parts = urlsplit(address)
    if parts.scheme == "https":
        return http.client.HTTPSConnection(parts.netloc, timeout=timeout, blocksize=1024 * 1024)
    return http.client.HTTPConnection(parts.netloc, timeout=timeout, blocksize=1024 * 1024)


def path_of(address: str, path: str) -> str:
    """A path below the one that the address itself may have."""
    return urlsplit(address).path.rstrip("/") + path


def _read(data: Path) -> Serving | None:
    try:
        return msgspec.json.decode((data / ADDRESS_FILE).read_bytes(), type=Serving)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
