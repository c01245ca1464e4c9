"""The one SQLite library of the process.

Two SQLite libraries that open one file in one process drop each other's POSIX locks
(https://www.sqlite.org/howtocorrupt.html, section 2.2.1), so nothing else imports a driver.
"""

from __future__ import annotations

import importlib
from types import ModuleType

# Releases with the fix of the WAL-reset bug: https://www.sqlite.org/changes.html (3.51.3).
FIXED_SINCE = (3, 51, 3)
FIXED_BRANCHES = {(3, 50): 7, (3, 44): 6}

CANDIDATES = ("pysqlite3.dbapi2", "sqlite3")


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


def load_driver(candidates: tuple[str, ...] = CANDIDATES) -> ModuleType:
    """Import the first usable DB-API module.

    Raises:
        DriverUnusable: when none is, naming what each lacks and what to install.
    """
    reasons = []
    for name in candidates:
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
        + ". Install one with `pip install 'pysqlite3>=0.6.1'` and start again."
    )
