"""Engine, PRAGMAs and transactions.

Reads run in deferred transactions. Writes begin IMMEDIATE under a process-wide lock: a deferred
transaction that upgrades fails at once with "database is locked", and many threads that wait in
SQLite's busy handler starve each other (docs/decisions/0004-short-immediate-writes.md).
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
import sqlite_vec
import structlog
from sqlalchemy.orm import Session

from studyq.database.driver import BUSY, FULL, IO_ERROR, open_engine, result_code
from studyq.database.lock_waits import LOCK_BUCKETS, LockWaits
from studyq.database.prepared import execute, is_running

__all__ = ["LOCK_BUCKETS", "Database", "announce", "is_full", "is_locked", "joining"]

log = structlog.get_logger("studyq.database")

TOPICS = "topics"


class Database:
    """One database and the right ways to talk to it.

    Args:
        url: SQLAlchemy address.
        full_sync: sync at each commit (power-loss safe) instead of once a second.
        busy_timeout: seconds a statement waits for another process's lock.
    """

    def __init__(self, url: str, *, full_sync: bool = False, busy_timeout: float = 10.0) -> None:
        self.url = sa.make_url(url)
        self.lock_waits = LockWaits()
        self._lock = threading.Lock()
        self._held = threading.local()
        self._all_held: weakref.WeakSet[sa.Connection] = weakref.WeakSet()
        self._listeners: list[Callable[[frozenset[str]], None]] = []
        self._engine = _create_engine(self.url, full_sync=full_sync, busy_timeout=busy_timeout)
        # Its own pool: a connection's sync level is set once, when it opens.
        self._synced = _create_engine(self.url, full_sync=True, busy_timeout=busy_timeout)
        # No pool: what threads hold for as long as they live must not starve all others.
        self._holding = _create_engine(
            self.url, full_sync=full_sync, busy_timeout=busy_timeout, poolclass=sa.pool.NullPool
        )

    @property
    def path(self) -> Path | None:
        """The database file, where there is one."""
        return Path(self.url.database) if self.url.database else None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one snapshot and writes nothing."""
        with Session(self._engine) as session:
            yield session

    @contextmanager
    def write(self, *, synced: bool = False) -> Iterator[Session]:
        """A session whose writes commit together when the block ends, or not at all.

        Keep it short: no I/O and no computing inside.

        Args:
            synced: the commit is on disk when the block ends, whatever the durability setting.
        """
        engine = self._synced if synced else self._engine
        with (
            engine.connect().execution_options(write=True) as connection,
            self.transaction(connection),
            joining(connection) as session,
        ):
            yield session

    def connect(self) -> sa.Connection:
        """A connection to hold, for `transaction`; the caller closes it."""
        return self._holding.connect().execution_options(write=True)

    @contextmanager
    def transaction(self, connection: sa.Connection) -> Iterator[sa.Connection]:
        """Run one write transaction on a held connection, then tell what it announced.

        It is begun and ended on the driver's connection: SQLAlchemy joins it when somebody uses
        the connection through it, and costs nothing where nobody does.
        """
        self._take_turn()
        try:
            execute(connection, "BEGIN IMMEDIATE").close()
            try:
                yield connection
                _end(connection, commit=True)
            except BaseException:
                connection.info.pop(TOPICS, None)
                _end(connection, commit=False)
                raise
        finally:
            self._lock.release()
        topics = connection.info.pop(TOPICS, None)
        if topics:
            heard = frozenset(topics)
            for listener in self._listeners:
                try:
                    listener(heard)
                except Exception:
                    # What was written is committed: its writer must not take it for failed.
                    log.exception("commit not told", topics=sorted(heard))

    def hold(self) -> AbstractContextManager[sa.Connection]:
        """A write transaction on a connection that the calling thread keeps for the next one.

        For many small writes: it saves each of them the pool and the session. The connection is
        closed when the thread has ended.
        """
        connection = getattr(self._held, "connection", None)
        if connection is None:
            connection = self._held.connection = self.connect()
            self._all_held.add(connection)
        return self.transaction(connection)

    def _take_turn(self) -> None:
        if not self._lock.acquire(blocking=False):
            begun = time.perf_counter()
            self._lock.acquire()
            self.lock_waits.add(time.perf_counter() - begun)

    def listen(self, listener: Callable[[frozenset[str]], None]) -> None:
        """Call back with the topics of each transaction of this process that committed."""
        self._listeners.append(listener)

    def checkpoint(self) -> None:
        """Move the write-ahead log into the database file as far as readers allow, synced."""
        with self._engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Close all connections."""
        for connection in list(self._all_held):
            connection.close()
        for engine in (self._engine, self._synced, self._holding):
            engine.dispose()


@contextmanager
def joining(connection: sa.Connection) -> Iterator[Session]:
    """A session within the write transaction that runs on a connection."""
    if not connection.in_transaction():
        connection.begin()
    with Session(connection) as session:
        yield session
        session.flush()


def announce(connection: sa.Connection, topic: str) -> None:
    """Tell listeners of a topic once the running write has committed; not when it rolls back."""
    connection.info.setdefault(TOPICS, set()).add(topic)


def is_locked(error: sa.exc.OperationalError) -> bool:
    """Tell whether a statement failed because another process held the database."""
    return result_code(error.orig) == BUSY


def is_full(error: sa.exc.OperationalError) -> bool:
    """Tell whether a statement failed for lack of disk space."""
    return result_code(error.orig) in (FULL, IO_ERROR)


def _end(connection: sa.Connection, *, commit: bool) -> None:
    if connection.in_transaction():  # SQLAlchemy has joined
        connection.commit() if commit else connection.rollback()
    elif commit or is_running(connection):  # after some errors SQLite has rolled back by itself
        execute(connection, "COMMIT" if commit else "ROLLBACK").close()


def _to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _create_engine(
    url: sa.URL, *, full_sync: bool, busy_timeout: float, **pooling: Any
) -> sa.Engine:
    engine = open_engine(
        url,
        connect_args={"check_same_thread": False, "timeout": busy_timeout},
        json_serializer=_to_json,
        json_deserializer=msgspec.json.decode,
        hide_parameters=True,  # texts of documents do not belong into messages and logs
        **(pooling or {"pool_size": 16, "max_overflow": 64}),
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.enable_load_extension(True)
        sqlite_vec.load(connection)
        connection.enable_load_extension(False)
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={'FULL' if full_sync else 'NORMAL'}",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-16000",
            # Pages (64 MB): a checkpoint's sync holds up the commit that sets it off. The server
            # makes one each second beside the commits.
            "wal_autocheckpoint=16000",
            "journal_size_limit=67108864",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine
