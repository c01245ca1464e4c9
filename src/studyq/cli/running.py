"""Finding the server that runs."""

from __future__ import annotations

_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}  # noqa: S104  # compared


def loopback(host: str) -> str:
    """How to reach, from this machine, a server that listens on an address."""
    return _LOOPBACK_OF.get(host, f"[{host}]" if ":" in host else host)
