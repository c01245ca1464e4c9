"""Reading event streams as a browser does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

ENDED = {"completed", "failed", "cancelled"}


@dataclass
class Told:
    """One event of a stream."""

    id: int
    event: str
    data: dict[str, Any]


def read_events(lines: Iterator[str]) -> Iterator[Told]:
    """The events in the lines of a stream; every line must be one that the format knows."""
    fields: dict[str, str] = {}
    for line in lines:
        if not line:
            if "data" in fields:
                yield Told(int(fields["id"]), fields["event"], json.loads(fields["data"]))
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            assert name in ("id", "event", "data", "retry"), line
            fields[name] = value.removeprefix(" ")


def follow(
    client: httpx.Client, path: str, *, after: str | int | None = None, count: int = 0
) -> list[Told]:
    """The events of a stream until it ends, or the first ones of it."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    told: list[Told] = []
    with client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        for event in read_events(answer.iter_lines()):
            told.append(event)
            if len(told) == count:
                break
    return told
