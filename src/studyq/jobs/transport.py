"""How rings get from one process to another: one interface, two ways.

A process rings its own threads directly, whatever the transport; a transport only wakes others.
Rings may be lost on the way, so a transport that fails costs time and never a job
(docs/decisions/0009).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Heard = Callable[[str], None]


class TransportUnusable(RuntimeError):
    """The settings name a transport that this installation cannot use; the message says why."""


class Transport(Protocol):
    """Carries rings between the processes that work on one database."""

    @property
    def name(self) -> str:
        """What it is, for people."""

    @property
    def carries(self) -> bool:
        """Whether rings of other processes arrive at the moment."""

    def start(self, heard: Heard) -> None:
        """Begin to listen; `heard` gets the name of each queue that another process rang for."""

    def ring(self, queue: str) -> None:
        """Tell other processes that a queue may have work; never waits and never fails."""

    def problem(self) -> str:
        """What is wrong, in words; nothing when all is well."""

    def stop(self) -> None:
        """Stop listening, and close what is open."""


class InProcess:
    """Rings stay in the process; others notice commits by watching the file."""

    name = "in-process"
    carries = False

    def start(self, heard: Heard) -> None:
        """Nothing will be heard."""

    def ring(self, queue: str) -> None:
        """Nobody else is told."""

    def problem(self) -> str:
        """Nothing can be wrong."""
        return ""

    def stop(self) -> None:
        """Nothing is open."""


def open_transport(url: str, secret: bytes) -> Transport:
    """The transport for an address; it connects when it is started.

    Args:
        url: redis://… or rediss://…; empty for rings that stay in the process.
        secret: signs rings; processes with another one do not hear them.

    Raises:
        TransportUnusable: when the address cannot be used here.
    """
    if not url:
        return InProcess()
    try:
        from studyq.jobs.redis_transport import RedisTransport
    except ModuleNotFoundError as error:
        raise TransportUnusable(
            "The settings name a Redis (STUDYQ_QUEUE_URL or REDIS_HOST), but its client is not "
            "installed. Install it with: pip install 'studyq[redis]'"
        ) from error
    return RedisTransport(url, secret)
