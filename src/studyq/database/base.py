"""What all tables share: the metadata, column types, the clock and ids."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

import uuid_utils
from sqlalchemy import BigInteger, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Mother of all tables."""

    metadata = MetaData(naming_convention=NAMING)


Id = Annotated[str, mapped_column(String(36))]
"""A UUIDv7 in text form."""

Instant = Annotated[int, mapped_column(BigInteger)]
"""Microseconds since 1970-01-01 UTC."""

RowId = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"))]
"""An integer key; SQLite's rowid."""


def new_id() -> str:
    """Make a UUIDv7: unique, and sorted by the time it was made."""
    return str(uuid_utils.uuid7())


def now() -> int:
    """The time as an Instant."""
    return time.time_ns() // 1000


def isoformat(instant: int | None) -> str | None:
    """Write an Instant as RFC 3339 in UTC, with microseconds."""
    if instant is None:
        return None
    moment = datetime.fromtimestamp(instant // 1_000_000, UTC).replace(
        microsecond=instant % 1_000_000
    )
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
