"""Transactions, types and errors, alike on each SQLite library."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
import sqlite_vec

from studyq.database import driver
from studyq.database.base import Base
from studyq.database.engine import Database, announce, is_full, is_locked
from studyq.jobs.models import Queue

USER = "00000000-0000-7000-8000-000000000001"

samples = sa.Table(
    "samples",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, unique=True),
    sa.Column("facts", sa.JSON),
    sa.Column("content", sa.LargeBinary),
    sa.Column("ready", sa.Boolean),
    sa.Column("owner", sa.ForeignKey("samples.id")),
)


@pytest.fixture
def tables(database: Database) -> Database:
    with database.write() as session:
        samples.create(session.connection())
    return database


def pragma(database: Database, name: str) -> Any:
    with database.read() as session:
        return session.scalar(sa.text(f"PRAGMA {name}"))


def test_connections_are_set_up(url: sa.URL, database: Database) -> None:
    assert pragma(database, "journal_mode") == "wal"
    assert pragma(database, "foreign_keys") == 1
    assert pragma(database, "synchronous") == 1
    assert pragma(database, "busy_timeout") == 10_000
    full = Database(str(url), full_sync=True, busy_timeout=1.5)
    assert pragma(full, "synchronous") == 2
    assert pragma(full, "busy_timeout") == 1500
    full.close()


def test_a_listener_that_fails_fails_no_write_and_no_other_listener(tables: Database) -> None:
    heard: list[frozenset[str]] = []

    def fail(_: frozenset[str]) -> None:
        raise ValueError("a defect")

    tables.listen(fail)
    tables.listen(heard.append)
    with tables.hold() as connection:
        connection.execute(samples.insert().values(name="there"))
        announce(connection, "topic")
    assert heard == [{"topic"}]
    with tables.read() as session:
        assert session.scalar(sa.select(samples.c.name)) == "there"


def test_an_acknowledgement_is_synced(database: Database) -> None:
    with database.write(synced=True) as session:
        assert session.scalar(sa.text("PRAGMA synchronous")) == 2
    with database.write() as session:
        assert session.scalar(sa.text("PRAGMA synchronous")) == 1


def test_values_come_back_as_they_were_put(tables: Database) -> None:
    row = {
        "id": 7,
        "name": "Überschrift 😀 \0 end",
        "facts": {"pages": [1, 2], "none": None, "share": 0.5, "tall": "ﬁ"},
        "content": bytes(range(256)),
        "ready": True,
        "owner": None,
    }
    with tables.write() as session:
        session.execute(samples.insert(), row)
    with tables.read() as session:
        assert session.execute(sa.select(samples)).one()._asdict() == row


def test_changes_are_counted_and_returned(tables: Database) -> None:
    with tables.write() as session:
        inserted = session.execute(samples.insert().values(name="a"))
        assert inserted.inserted_primary_key == (1,)  # type: ignore[attr-defined]
        many = session.execute(
            samples.insert().returning(samples.c.id, samples.c.name, sort_by_parameter_order=True),
            [{"name": f"n{i}"} for i in range(5000)],
        ).all()
        assert [row.name for row in many] == [f"n{i}" for i in range(5000)]
        session.connection().execute(samples.insert(), [{"name": f"m{i}"} for i in range(10)])
        change = sa.update(samples).values(ready=True)
        assert session.connection().execute(change.where(samples.c.id == 3)).rowcount == 1
        assert session.connection().execute(change.where(samples.c.id == -1)).rowcount == 0
        returned = session.execute(
            change.where(samples.c.id < 3).returning(samples.c.id, samples.c.ready)
        )
        assert sorted(returned.all()) == [(1, True), (2, True)]
        rows = session.execute(sa.select(samples.c.id).order_by(samples.c.id))
        assert rows.fetchone() == (1,)
        assert rows.fetchmany(2) == [(2,), (3,)]
        assert sum(len(part) for part in rows.partitions(1000)) == 5011 - 3


@pytest.mark.parametrize(
    "row", [{"name": "taken"}, {"id": 1}, {"name": "free", "owner": 99}], ids=str
)
def test_broken_constraints_are_integrity_errors(tables: Database, row: dict[str, Any]) -> None:
    with tables.write() as session:
        session.execute(samples.insert().values(id=1, name="taken"))
    with pytest.raises(sa.exc.IntegrityError), tables.write() as session:
        session.execute(samples.insert().values(**row))
    with tables.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(samples)) == 1


def test_threads_that_read_then_write_lose_nothing(database: Database) -> None:
    with database.write() as session:
        session.add(Queue(name="counter", paused=False, concurrency=0))

    def count() -> None:
        for _ in range(20):
            with database.write() as session:
                queue = session.get_one(Queue, "counter")
                queue.concurrency += 1

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.get_one(Queue, "counter").concurrency == 80


def test_a_reader_keeps_its_snapshot_and_holds_up_no_writer(tables: Database) -> None:
    count = sa.select(sa.func.count()).select_from(samples)
    with tables.read() as reader:
        assert reader.scalar(count) == 0
        with tables.write() as session:
            session.execute(samples.insert().values(name="new"))
        tables.checkpoint()
        assert reader.scalar(count) == 0
    with tables.read() as reader:
        assert reader.scalar(count) == 1


def test_only_what_is_committed_is_announced(tables: Database) -> None:
    heard: list[frozenset[str]] = []
    tables.listen(heard.append)
    with pytest.raises(ZeroDivisionError), tables.write() as session:
        session.execute(samples.insert().values(name="never"))
        announce(session.connection(), "never")
        raise ZeroDivisionError
    with tables.write() as session:
        announce(session.connection(), "once")
        announce(session.connection(), "once")
    with tables.write() as session:
        session.execute(samples.insert().values(name="quiet"))
    assert heard == [frozenset({"once"})]
    with tables.read() as session:
        assert session.scalars(sa.select(samples.c.name)).all() == ["quiet"]


def test_a_locked_database_is_told_from_a_full_one(url: sa.URL, tables: Database) -> None:
    hasty = Database(str(url), busy_timeout=0.05)
    with tables.write() as session:
        session.execute(samples.insert().values(name="held"))
        with pytest.raises(sa.exc.OperationalError) as locked, hasty.write():
            raise AssertionError("two writers at once")
    assert is_locked(locked.value)
    assert not is_full(locked.value)
    with hasty.write() as session:
        session.execute(samples.insert().values(name="after"))
        pages = session.scalar(sa.text("PRAGMA page_count"))
        session.execute(sa.text(f"PRAGMA max_page_count={pages}"))
    with pytest.raises(sa.exc.OperationalError) as full, hasty.write() as session:
        for i in range(100):
            session.execute(samples.insert().values(name=f"big{i}", content=bytes(10_000)))
    assert is_full(full.value)
    assert not is_locked(full.value)
    hasty.close()
    with tables.write() as session:
        session.execute(samples.insert().values(name="room again"))
        assert session.scalar(sa.select(sa.func.count()).select_from(samples)) == 3


def test_a_name_in_a_statement_is_not_taken_for_a_reason(tables: Database) -> None:
    with pytest.raises(sa.exc.OperationalError) as unknown, tables.read() as session:
        session.execute(sa.text('SELECT "database is locked", full FROM nowhere_full'))
    assert not is_full(unknown.value)
    assert not is_locked(unknown.value)


def test_a_long_query_lets_other_threads_run(database: Database) -> None:
    long = sa.text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) "
        "SELECT count(*) FROM n"
    )
    over = threading.Event()
    turns = 0

    def run() -> None:
        with database.read() as session:
            assert session.scalar(long) == 3_000_000
        over.set()

    thread = threading.Thread(target=run)
    thread.start()
    while not over.is_set():
        turns += 1
    thread.join()
    assert turns > 100_000  # one that held the GIL would leave a handful


def test_closing_does_not_mind_statements_half_read(url: sa.URL, tables: Database) -> None:
    with tables.write() as session:
        session.connection().execute(samples.insert(), [{"name": str(i)} for i in range(100)])
    closing = Database(str(url))
    connection = closing.connect()
    rows = connection.execution_options(write=False).execute(sa.select(samples))
    assert rows.fetchone() is not None
    connection.close()
    closing.close()
    with tables.write() as session:
        session.execute(sa.delete(samples))


def test_words_and_vectors_work(database: Database) -> None:
    with database.write() as session:
        session.execute(sa.text("CREATE VIRTUAL TABLE w USING fts5(text)"))
        session.execute(sa.text("INSERT INTO w VALUES ('a red fox'), ('a blue whale')"))
        session.execute(sa.text("CREATE VIRTUAL TABLE v USING vec0(near float[3])"))
        for row_id, vector in enumerate(np.eye(3, dtype=np.float32), start=1):
            session.execute(
                sa.text("INSERT INTO v(rowid, near) VALUES (:id, :vector)"),
                {"id": row_id, "vector": vector.tobytes()},
            )
    with database.read() as session:
        assert session.scalars(sa.text("SELECT text FROM w WHERE w MATCH 'fox'")).all() == [
            "a red fox"
        ]
        nearest = sa.text("SELECT rowid FROM v WHERE near MATCH :to ORDER BY distance LIMIT 1")
        assert session.scalar(nearest, {"to": sqlite_vec.serialize_float32([0, 0.9, 0.1])}) == 2
        assert session.scalar(sa.text("SELECT vec_version()")) is not None


def test_commits_of_others_change_data_version(tables: Database) -> None:
    def version(connection: sa.Connection) -> int:
        raw: Any = connection.connection.driver_connection
        number: int = raw.execute("PRAGMA data_version").fetchone()[0]
        return number

    with tables.connect() as watch:
        before = version(watch)
        assert version(watch) == before
        with tables.write() as session:
            session.execute(samples.insert().values(name="news"))
        assert version(watch) != before


def test_a_connection_serves_one_thread_after_another(tables: Database) -> None:
    connection = tables.connect()
    failures: list[BaseException] = []

    def write(name: str) -> None:
        try:
            with tables.transaction(connection):
                connection.execute(samples.insert().values(name=name))
        except BaseException as error:
            failures.append(error)

    for i in range(4):
        thread = threading.Thread(target=write, args=(str(i),))
        thread.start()
        thread.join()
    connection.close()
    assert failures == []


def test_many_threads_read_and_write_at_once(url: sa.URL, tables: Database) -> None:
    with tables.write() as session:
        session.connection().execute(
            samples.insert(), [{"name": str(i), "facts": {"n": i}} for i in range(500)]
        )
    failures: list[BaseException] = []

    def read() -> None:
        try:
            for _ in range(60):
                with tables.read() as session:
                    rows = session.execute(sa.select(samples).where(samples.c.id <= 500)).all()
                    assert len(rows) == 500
                    assert all(row.facts == {"n": int(row.name)} for row in rows)
        except BaseException as error:
            failures.append(error)

    def write(start: int) -> None:
        try:
            for i in range(60):
                with tables.write() as session:
                    name = f"{start}-{i}"
                    session.execute(samples.insert().values(name=name, facts={"n": 0}))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    threads += [threading.Thread(target=write, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    tables.checkpoint()
    assert pragma(tables, "integrity_check") == "ok"
    with tables.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(samples)) == 680


def test_models_and_migrations_say_the_same(database: Database) -> None:
    with database.read() as session:
        inspector = sa.inspect(session.connection())
        for table in Base.metadata.tables.values():
            columns = {column["name"]: column for column in inspector.get_columns(table.name)}
            assert set(columns) == set(table.columns.keys())
            for column in table.columns:
                assert columns[column.name]["nullable"] == column.nullable, column
            indexes = {index["name"] for index in inspector.get_indexes(table.name)}
            assert {index.name for index in table.indexes} <= indexes


def test_the_library_asked_for_is_the_one_in_use(library: str, database: Database) -> None:
    with database.connect() as connection:
        raw: Any = connection.connection.driver_connection
        assert type(raw).__module__.split(".")[0] == library.split(".")[0]
        version = connection.scalar(sa.text("SELECT sqlite_version()"))
    assert version == driver.load_driver().sqlite_version


def test_the_database_is_where_it_says(database: Database, tmp_path: Path) -> None:
    assert database.path == tmp_path / "studyq.db"
