"""Core statements compiled once and run on the driver's cursor, for what every job runs.

`Connection.execute` costs some 40 µs of CPU beyond SQLite's own work, and a job that does nothing
would spend two thirds of its time there (`make bench ARGS=jobs`). What is run so looks and is
compiled like any other Core statement; it may have no lists to expand (`IN`).
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa


class Prepared:
    """A statement to be run often.

    Args:
        columns: of an insert, those that get values.
    """

    def __init__(
        self, statement: sa.UpdateBase | sa.Select[Any], columns: Iterable[str] | None = None
    ) -> None:
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

    def run_many(self, connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> int:
        """Run it in the running transaction, once for each row of values.

        Returns:
            How many rows it changed, of all.
        """
        compiled = self._for(connection)
        cursor = execute(connection, compiled.text, map(compiled.bind, rows), many=True)
        changed: int = cursor.rowcount
        cursor.close()
        return changed

    def all(self, connection: sa.Connection, values: Mapping[str, Any]) -> list[Any]:
        """Run it in the running transaction; returns the rows that it returns."""
        compiled = self._for(connection)
        cursor = execute(connection, compiled.text, compiled.bind(values))
        rows = cursor.fetchall()
        cursor.close()
        return [compiled.row(row) for row in rows]

    def first(self, connection: sa.Connection, values: Mapping[str, Any]) -> Any | None:
        """Run it in the running transaction; returns the first row that it returns, or None."""
        rows = self.all(connection, values)
        return rows[0] if rows else None

    def _for(self, connection: sa.Connection) -> _Compiled:
        if not is_running(connection):
            raise sa.exc.InvalidRequestError("A prepared statement runs in a transaction.")
        dialect = connection.dialect
        compiled = self._compiled.get(dialect)
        if compiled is None:
            compiled = self._compiled[dialect] = _Compiled(self._statement, self._columns, dialect)
        return compiled


class _Compiled:
    def __init__(
        self,
        statement: sa.UpdateBase | sa.Select[Any],
        columns: list[str] | None,
        dialect: sa.Dialect,
    ) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=columns)
        self.text: str = compiled.string
        constants: dict[str, Any] = {}  # those that SQLAlchemy has added
        processors: dict[str, Callable[[Any], Any]] = {}
        for name, parameter in compiled.binds.items():
            process = parameter.type.dialect_impl(dialect).bind_processor(dialect)
            if not parameter.required:
                value = parameter.effective_value
                constants[name] = value if process is None else process(value)
            elif process is not None:
                processors[name] = process
        self._constants = constants
        self._named = compiled.positiontup is None
        self._order = [
            (name, processors.get(name)) for name in compiled.positiontup or compiled.binds
        ]
        returned = list(statement.exported_columns)
        self._make = namedtuple("Row", [column.name for column in returned])._make  # type: ignore[attr-defined]  # its names are known only now
        self._results: list[tuple[int, Callable[[Any], Any]]] = []
        for place, column in enumerate(returned):
            read = column.type.dialect_impl(dialect).result_processor(dialect, None)
            if read is not None:
                self._results.append((place, read))

    def bind(self, values: Mapping[str, Any]) -> Any:
        """Values as the driver takes them."""
        if self._constants:
            values = {**self._constants, **values}
        if self._named:
            return {
                name: values[name] if process is None else process(values[name])
                for name, process in self._order
            }
        return [
            values[name] if process is None else process(values[name])
            for name, process in self._order
        ]

    def row(self, values: Sequence[Any]) -> Any:
        """What the driver returned, with names and Python's types."""
        row = list(values)
        for place, read in self._results:
            row[place] = read(row[place])
        return self._make(row)


def constant(value: str | int | None) -> sa.ColumnElement[Any]:
    """A value that stands in the statement's text: to bind one costs more than to store it."""
    if isinstance(value, str):
        return sa.literal_column("'" + value.replace("'", "''") + "'")
    return sa.literal_column("NULL" if value is None else str(value))


def is_running(connection: sa.Connection) -> bool:
    """Whether a transaction is running on a connection, whoever began it."""
    raw: Any = connection.connection.dbapi_connection
    running: bool = raw.in_transaction
    return running


def execute(
    connection: sa.Connection, statement: str, parameters: Any = (), *, many: bool = False
) -> Any:
    """Run SQL on the driver's cursor; returns the cursor.

    Raises:
        sqlalchemy.exc.DBAPIError: as `Connection.execute` would.
    """
    dialect: Any = connection.dialect
    raw: Any = connection.connection.dbapi_connection
    cursor = raw.cursor()
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
