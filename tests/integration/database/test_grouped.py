"""Writes of several threads in one transaction: durable for each, and none harms another."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from job_layer import wait_for
from studyq.database.engine import Database, announce, is_locked
from studyq.database.grouped import MOST, GroupedWrites

samples = sa.Table("samples", sa.MetaData(), sa.Column("name", sa.String, primary_key=True))


@pytest.fixture
def commits(database: Database) -> list[frozenset[str]]:
    """What each transaction announced."""
    with database.write() as session:
        samples.create(session.connection())
    told: list[frozenset[str]] = []
    database.listen(told.append)
    return told


def insert(name: str) -> Callable[[sa.Connection], str]:
    def write(connection: sa.Connection) -> str:
        connection.execute(sa.insert(samples).values(name=name))
        announce(connection, name)
        return name

    return write


def write_all(
    connection: sa.Connection, writes: Sequence[Callable[[sa.Connection], Any]]
) -> list[Any]:
    return [write(connection) for write in writes]


def names(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(sa.select(samples.c.name)))


def run_together(
    database: Database, writes: list[Callable[[sa.Connection], Any]]
) -> list[Future[Any]]:
    """Run each write in a thread of its own; all have come before the first may begin."""
    grouped = GroupedWrites(database, write_all)
    with ThreadPoolExecutor(len(writes)) as threads:
        with database.write():
            futures = [threads.submit(grouped.run, write) for write in writes]
            wait_for(lambda: len(grouped._waiting) == len(writes), "all writes")
        return futures


def test_one_write_is_committed_when_it_returns(
    database: Database, commits: list[frozenset[str]]
) -> None:
    assert GroupedWrites(database, write_all).run(insert("a")) == "a"
    assert names(database) == {"a"}
    assert commits == [{"a"}]


def test_those_that_wait_share_a_commit_and_no_more_than_allowed(
    database: Database, commits: list[frozenset[str]]
) -> None:
    wanted = {str(number) for number in range(MOST + 3)}
    futures = run_together(database, [insert(name) for name in sorted(wanted)])
    assert {future.result() for future in futures} == wanted
    assert names(database) == wanted
    assert sorted(map(len, commits)) == [3, MOST]


def test_a_write_that_fails_fails_alone(database: Database, commits: list[frozenset[str]]) -> None:
    def fail(connection: sa.Connection) -> None:
        insert("half")(connection)
        raise ValueError("not this one")

    def break_a_rule(connection: sa.Connection) -> None:
        insert("other half")(connection)
        connection.execute(sa.insert(samples).values(name="other half"))

    writes = [insert("a"), fail, insert("b"), break_a_rule, insert("c")]
    errors = [future.exception() for future in run_together(database, writes)]
    assert [type(error) for error in errors] == [
        type(None), ValueError, type(None), sa.exc.IntegrityError, type(None)
    ]  # fmt: skip
    assert names(database) == {"a", "b", "c"}
    assert commits == [{"a"}, {"b"}, {"c"}]


def test_each_is_told_when_the_database_stays_locked(url: sa.URL, database: Database) -> None:
    with database.write() as session:
        samples.create(session.connection())
    hasty = Database(str(url), busy_timeout=0.05)
    grouped = GroupedWrites(hasty, write_all)
    with ThreadPoolExecutor(2) as threads, database.write():
        futures = [threads.submit(grouped.run, insert(name)) for name in ("a", "b")]
        errors = [future.exception() for future in futures]
    assert all(isinstance(e, sa.exc.OperationalError) and is_locked(e) for e in errors)
    assert grouped.run(insert("a")) == "a"
    assert names(database) == {"a"}
    hasty.close()


def test_a_thread_that_ends_closes_its_connection(
    database: Database, commits: list[frozenset[str]]
) -> None:
    grouped = GroupedWrites(database, write_all)
    for number in range(100):
        thread = threading.Thread(target=grouped.run, args=(insert(str(number)),))
        thread.start()
        thread.join()
    gc.collect()
    assert len(names(database)) == len(commits) == 100
    assert len(database._all_held) == 0
