"""The one SQLite library of the process.

Two SQLite libraries that open one file in one process drop each other's POSIX locks
(https://www.sqlite.org/howtocorrupt.html, section 2.2.1), so nothing else imports a driver.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import sqlalchemy as sa

from studyq.database import cysqlite_dialect
from studyq.database.prepared import execute, is_running

# Releases with the fix of the WAL-reset bug: https://www.sqlite.org/changes.html (3.51.3).
FIXED_SINCE = (3, 51, 3)
FIXED_BRANCHES = {(3, 50): 7, (3, 44): 6}

#: In order of preference; why both: docs/decisions/0002-one-sqlite-library.md.
CANDIDATES = ("pysqlite3.dbapi2", "cysqlite", "sqlite3")

# https://www.sqlite.org/rescode.html
BUSY, IO_ERROR, FULL = 5, 10, 13

# cysqlite tells the code only at the end of its message, after the statement.
_CODE_IN_MESSAGE = re.compile(r"\(code=(\d+), ext=\d+\)$")


class DriverUnusable(RuntimeError):
    """No SQLite library that is safe to use was found; the message says what to install."""


def has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Tell whether a SQLite version can corrupt a database that has several writers."""
    if version >= FIXED_SINCE:
        return False
    patch = FIXED_BRANCHES.get((version[0], version[1]))
    return patch is None or version[2] < patch


def why_unusable(module: ModuleType) -> str | None:
    """Say why a DB-API module cannot be used, or return None when it can."""
    version: tuple[int, ...] = module.sqlite_version_info
    if has_wal_reset_bug(version):
        return f"its SQLite {module.sqlite_version} has the WAL-reset bug (fixed in 3.51.3)"
    if not hasattr(module.Connection, "enable_load_extension"):
        return "it was built without loadable extensions, which sqlite-vec needs"
    return None


def load_driver(candidates: Sequence[str] | None = None) -> ModuleType:
    """Import the first usable DB-API module of the candidates, by default `CANDIDATES`.

    Raises:
        DriverUnusable: when none is, naming what each lacks and what to install.
    """
    reasons = []
    for name in CANDIDATES if candidates is None else candidates:
        try:
            module = importlib.import_module(name)
        except ImportError:
            reasons.append(f"{name} is not installed")
            continue
        reason = why_unusable(module)
        if reason is None:
            return module
        reasons.append(f"{name}: {reason}")
    raise DriverUnusable(
        "No usable SQLite library: "
        + "; ".join(reasons)
        + ". Install one with `pip install 'pysqlite3>=0.6.1'`, or `pip install 'cysqlite>=0.4'` "
        "where that has no wheel (Linux on arm64), and start again."
    )


def open_engine(url: sa.URL, **options: Any) -> sa.Engine:
    """An engine on the process's SQLite library that begins and ends each transaction itself.

    A transaction is deferred, or IMMEDIATE with the execution option `write=True`; schema changes
    belong to it as other writes do.

    Args:
        options: for `sqlalchemy.create_engine`.

    Raises:
        DriverUnusable: as `load_driver`.
    """
    driver = load_driver()
    if driver.__name__ == cysqlite_dialect.MODULE:
        url = url.set(drivername=cysqlite_dialect.DIALECT)
    engine = sa.create_engine(url, module=driver, **options)

    @sa.event.listens_for(engine, "connect")
    def leave_transactions_alone(connection: Any, _record: object) -> None:
        if hasattr(connection, "isolation_level"):
            connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if is_running(connection):  # `Database.transaction` has begun it
            return
        write = connection.get_execution_options().get("write", False)
        execute(connection, "BEGIN IMMEDIATE" if write else "BEGIN").close()

    return engine


def result_code(error: BaseException | None) -> int | None:
    """The primary SQLite result code of a driver's error, where it has one."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None and (said := _CODE_IN_MESSAGE.search(str(error))):
        code = int(said[1])
    return None if code is None else code & 0xFF
