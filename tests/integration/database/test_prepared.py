"""Prepared statements do what `Connection.execute` does with the same statement."""

import threading
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import bindparam

from studyq.database.engine import Database, is_locked
from studyq.database.prepared import Prepared

notes = sa.Table(
    "notes",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("title", sa.String, unique=True),
    sa.Column("facts", sa.JSON),
    sa.Column("ready", sa.Boolean, nullable=False),
    sa.Column("at", sa.BigInteger),
)

INSERT = Prepared(notes.insert(), ["title", "facts", "ready", "at"])
CHANGE = Prepared(
    sa.update(notes)
    .where(notes.c.title == bindparam("of"), notes.c.ready.is_(False))
    .values(ready=True, at=notes.c.at + bindparam("later"), facts=bindparam("told", type_=sa.JSON))
    .returning(notes.c.id, notes.c.facts, notes.c.ready, notes.c.at)
)
REMOVE = Prepared(sa.delete(notes).where(notes.c.at < bindparam("before")))


def row(title: str, at: int = 0, **facts: Any) -> dict[str, Any]:
    return {"title": title, "facts": facts, "ready": False, "at": at}


@pytest.fixture
def tables(database: Database) -> Database:
    with database.write() as session:
        notes.create(session.connection())
    return database


def test_values_are_converted_on_the_way_in_and_out(tables: Database) -> None:
    with tables.write() as session:
        connection = session.connection()
        INSERT.run_many(connection, [row("a", 1, n=[1, None]), row("b", 2)])
        changed = CHANGE.first(connection, {"of": "a", "later": 10, "told": {"ü": 0.5}})
        assert changed is not None
        assert changed._asdict() == {"id": 1, "facts": {"ü": 0.5}, "ready": True, "at": 11}
        assert CHANGE.first(connection, {"of": "a", "later": 10, "told": {}}) is None
    with tables.read() as session:
        assert session.execute(sa.select(notes).order_by(notes.c.id)).all() == [
            (1, "a", {"ü": 0.5}, True, 11),
            (2, "b", {}, False, 2),
        ]


def test_rows_that_changed_are_counted(tables: Database) -> None:
    with tables.write() as session:
        connection = session.connection()
        INSERT.run_many(connection, [row(str(i), i) for i in range(5)])
        assert REMOVE.run(connection, {"before": 3}) == 3
        assert REMOVE.run(connection, {"before": 3}) == 0


def test_they_belong_to_the_transaction(tables: Database) -> None:
    with pytest.raises(ZeroDivisionError), tables.write() as session:
        INSERT.run(session.connection(), row("never"))
        raise ZeroDivisionError
    with tables.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(notes)) == 0
    with tables.connect() as connection, pytest.raises(sa.exc.InvalidRequestError):
        INSERT.run(connection, row("outside"))


def test_errors_are_those_of_sqlalchemy(tables: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), tables.write() as session:
        INSERT.run_many(session.connection(), [row("twice"), row("twice")])
    with pytest.raises(KeyError, match="at"), tables.write() as session:
        INSERT.run(session.connection(), {"title": "no", "facts": {}, "ready": True})


def test_beginning_meets_a_locked_database_with_the_same_error(tables: Database) -> None:
    hasty = Database(str(tables.url), busy_timeout=0.05)
    with (
        tables.write(),
        pytest.raises(sa.exc.OperationalError) as locked,
        hasty.write(),
    ):
        raise AssertionError("two writers at once")
    assert is_locked(locked.value)
    hasty.close()


def test_threads_may_share_one(tables: Database) -> None:
    def insert(start: int) -> None:
        for i in range(20):
            with tables.write() as session:
                INSERT.run(session.connection(), row(f"{start}-{i}"))

    threads = [threading.Thread(target=insert, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tables.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(notes)) == 80
