"""Core statements compiled once and run on the driver's cursor, for what every job runs.

`Connection.execute` costs some 40 µs of CPU beyond SQLite's own work, and a job that does nothing
would spend two thirds of its time there (`make bench ARGS=jobs`). What is run so looks and is
compiled like any other Core statement; it may have no lists to expand (`IN`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa


class Prepared:
    """A statement to be run often.

    Args:
        columns: of an insert, those that get values.
    """

    def __init__(self, statement: sa.UpdateBase, columns: Iterable[str] | None = None) -> None:
        self._statement = statement
        self._columns = None if columns is None else list(columns)
        self._compiled: WeakKeyDictionary[sa.Dialect, _Compiled] = WeakKeyDictionary()

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> int:
        """Run it in the running transaction; returns how many rows it changed."""
        compiled = self._for(connection)
        cursor = execute(connection, compiled.text, compiled.bind(values))
        changed: int = cursor.rowcount
        cursor.close()
        return changed

    def run_many(self, connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run it in the running transaction, once for each row of values."""
        compiled = self._for(connection)
        bound = [compiled.bind(values) for values in rows]
        execute(connection, compiled.text, bound, many=True).close()

    def first(self, connection: sa.Connection, values: Mapping[str, Any]) -> SimpleNamespace | None:
        """Run it in the running transaction; returns the first row that it returns, or None."""
        compiled = self._for(connection)
        cursor = execute(connection, compiled.text, compiled.bind(values))
        rows = cursor.fetchall()
        cursor.close()
        return compiled.row(rows[0]) if rows else None

    def _for(self, connection: sa.Connection) -> _Compiled:
        if not connection.in_transaction():
            raise sa.exc.InvalidRequestError("A prepared statement runs in a transaction.")
        dialect = connection.dialect
        compiled = self._compiled.get(dialect)
        if compiled is None:
            compiled = self._compiled[dialect] = _Compiled(self._statement, self._columns, dialect)
        return compiled


class _Compiled:
    def __init__(
        self, statement: sa.UpdateBase, columns: list[str] | None, dialect: sa.Dialect
    ) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=columns)
        self.text: str = compiled.string
        self._order: list[str] | None = compiled.positiontup
        self._constants: dict[str, Any] = {}
        self._processors: list[tuple[str, Callable[[Any], Any]]] = []
        for name, parameter in compiled.binds.items():
            process = parameter.type.dialect_impl(dialect).bind_processor(dialect)
            if not parameter.required:
                value = parameter.effective_value
                self._constants[name] = value if process is None else process(value)
            elif process is not None:
                self._processors.append((name, process))
        returned = list(statement.exported_columns)
        self._names = [column.name for column in returned]
        self._results: list[tuple[int, Callable[[Any], Any]]] = []
        for place, column in enumerate(returned):
            read = column.type.dialect_impl(dialect).result_processor(dialect, None)
            if read is not None:
                self._results.append((place, read))

    def bind(self, values: Mapping[str, Any]) -> Any:
        """Values in the driver's order."""
        bound = {**self._constants, **values}
        for name, process in self._processors:
            bound[name] = process(bound[name])
        return bound if self._order is None else [bound[name] for name in self._order]

    def row(self, values: Iterable[Any]) -> SimpleNamespace:
        """What the driver returned, with names and Python's types."""
        row = list(values)
        for place, read in self._results:
            row[place] = read(row[place])
        return SimpleNamespace(**dict(zip(self._names, row, strict=True)))


def execute(
    connection: sa.Connection, statement: str, parameters: Any = (), *, many: bool = False
) -> Any:
    """Run SQL on the driver's cursor; returns the cursor.

    Raises:
        sqlalchemy.exc.DBAPIError: as `Connection.execute` would.
    """
    dialect: Any = connection.dialect
    cursor = connection.connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(statement, parameters)
    except dialect.dbapi.Error as error:
        raise sa.exc.DBAPIError.instance(
            statement,
            parameters,
            error,
            dialect.dbapi.Error,
            hide_parameters=connection.engine.hide_parameters,
            dialect=dialect,
            ismulti=many,
        ) from error
    return cursor
