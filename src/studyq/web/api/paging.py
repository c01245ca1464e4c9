"""Cursors of lists: the last id shown, which the next page goes on behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Protocol
from urllib.parse import urlencode

from litestar.params import QueryParameter

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="Items a page.")]
Cursor = Annotated[str | None, QueryParameter(description="From `next` of the page before.")]


class HasId(Protocol):
    """A row of a list."""

    id: Any


def next_path(
    path: str, rows: Sequence[HasId], limit: int, **query: str | Sequence[str] | None
) -> str | None:
    """The address of the next page; None when this was the last.

    Args:
        rows: what was found when one more than `limit` was asked for.
    """
    if len(rows) <= limit:
        return None
    wanted = {name: value for name, value in query.items() if value is not None}
    return next_address(path, wanted, cursor=rows[limit - 1].id, limit=limit)


def next_address(path: str, query: Mapping[str, Any], *, cursor: str, limit: int) -> str:
    """The address of a list that goes on behind a cursor."""
    return f"{path}?{urlencode({**query, 'cursor': cursor, 'limit': limit})}"
