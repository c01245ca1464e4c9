"""Cursors of lists: the last id shown, which the next page goes on behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Protocol
from urllib.parse import urlencode

from litestar.params import QueryParameter

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="Items a page.")]
Cursor = Annotated[str | None, QueryParameter(description="From `next` of the page before.")]


class HasId(Protocol):
    """A row of a list."""

    id: Any


def next_path(path: str, rows: Sequence[HasId], limit: int, **query: str | None) -> str | None:
    """The address of the next page; None when this was the last.

    Args:
        rows: what was found when one more than `limit` was asked for.
    """
    if len(rows) <= limit:
        return None
    wanted = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode({**wanted, 'cursor': rows[limit - 1].id, 'limit': limit})}"
