"""SQLAlchemy on cysqlite: the pysqlite dialect, and what differs between the two modules.

cysqlite begins no transaction by itself, which is what `driver.open_engine` wants of any module.
It takes other arguments to connect and to make functions, describes columns by name only, and
refuses to end a transaction that is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.base import SQLiteDialect, SQLiteExecutionContext
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

MODULE = "cysqlite"
DIALECT = "sqlite+cysqlite"

_UNKNOWN_TO_CYSQLITE = ("check_same_thread", "detect_types", "isolation_level")


class CysqliteCursor:
    """A cysqlite cursor with the descriptions and the `fetchmany` of DB-API 2."""

    __slots__ = ("_cursor", "arraysize", "close", "execute", "executemany", "fetchall", "fetchone")

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self.arraysize = 1
        self.close = cursor.close
        self.execute = cursor.execute
        self.executemany = cursor.executemany
        self.fetchall = cursor.fetchall
        self.fetchone = cursor.fetchone

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """At most so many of the rows that are left."""
        rows: list[Any] = self._cursor.fetchmany(self.arraysize if size is None else size)
        return rows

    @property
    def description(self) -> tuple[tuple[str, None, None, None, None, None, None], ...] | None:
        """Names of the columns; SQLite has no types to tell."""
        columns = self._cursor.description
        if columns is None:
            return None
        return tuple((name, None, None, None, None, None, None) for (name,) in columns)

    @property
    def lastrowid(self) -> int | None:
        """The row id of the last insert."""
        row_id: int | None = self._cursor.lastrowid
        return row_id

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed."""
        count: int = self._cursor.rowcount
        return count


class CysqliteContext(SQLiteExecutionContext):
    """Executions on a `CysqliteCursor`."""

    def create_default_cursor(self) -> Any:
        """Make the cursor."""
        return CysqliteCursor(self._dbapi_connection.cursor())


class CysqliteDialect(SQLiteDialect_pysqlite):
    """`sqlite+cysqlite`; without pysqlite's REGEXP, which would call Python from inside SQLite."""

    driver = "cysqlite"
    supports_statement_cache = True
    execution_ctx_cls = CysqliteContext

    @classmethod
    def import_dbapi(cls) -> Any:
        """The module, where `create_engine` is not given it."""
        return import_module(MODULE)

    def connect(self, *arguments: Any, **options: Any) -> Any:
        """Connect; any thread may use the connection, one at a time."""
        for name in _UNKNOWN_TO_CYSQLITE:
            options.pop(name, None)
        return super().connect(*arguments, **options)

    def on_connect(self) -> Callable[[Any], None]:
        """There is nothing to set up."""
        return lambda _connection: None

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        """Set it; AUTOCOMMIT is how cysqlite is anyway."""
        if level != "AUTOCOMMIT":
            SQLiteDialect.set_isolation_level(self, dbapi_connection, level)

    def detect_autocommit_setting(self, dbapi_conn: Any) -> bool:
        """Whether statements commit by themselves now."""
        return not dbapi_conn.in_transaction

    def do_commit(self, dbapi_connection: Any) -> None:
        """Commit what there is."""
        if dbapi_connection.in_transaction:
            dbapi_connection.commit()

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Roll back what there is: SQLite ends a transaction itself on a full disk, say."""
        if dbapi_connection.in_transaction:
            dbapi_connection.rollback()

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        """Tell whether the connection was closed under its user."""
        return "Cannot operate on closed database" in str(e)


sa.dialects.registry.register("sqlite.cysqlite", __name__, "CysqliteDialect")
