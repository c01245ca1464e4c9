"""Schema migrations: applied at start, after a backup copy; a newer schema is refused."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import resources
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from studyq.database.copying import copy_database
from studyq.database.driver import load_driver, open_engine


class SchemaNewer(RuntimeError):
    """The database was written by a newer studyq."""


def migrations_folder() -> Path:
    """The migration scripts: in the wheel, or in the checkout."""
    packaged = Path(str(resources.files("studyq"))) / "_migrations"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "migrations"


def configuration(url: sa.URL) -> Config:
    """Alembic's configuration for a database address."""
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["url"] = url
    return config


def current_revision(url: sa.URL) -> str | None:
    """The revision that the database is at; None when it is empty."""
    engine = open_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision(url: sa.URL) -> str:
    """The revision that this version of studyq wants."""
    head = ScriptDirectory.from_config(configuration(url)).get_current_head()
    if head is None:
        raise LookupError(f"there are no migrations in {migrations_folder()}")
    return head


def upgrade(url: str | sa.URL) -> tuple[str | None, str]:
    """Bring the database to the newest revision; processes that start at once take turns.

    Returns:
        The revision before and after.

    Raises:
        SchemaNewer: when the database's revision is unknown to this version.
    """
    url = sa.make_url(url)
    path = Path(url.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(path):
        before, head = current_revision(url), head_revision(url)
        if before != head:
            refuse_newer(path, before)
            if before is not None:
                copy_database(path, path.with_name(f"{path.name}.bak-{before}"))
            command.upgrade(configuration(url), "head")
        _use_write_ahead_log(path)
        return before, head


def refuse_newer(path: Path, revision: str | None) -> None:
    """Refuse a database whose revision this version does not know.

    Raises:
        SchemaNewer: when it does not.
    """
    scripts = ScriptDirectory.from_config(configuration(sa.make_url(f"sqlite:///{path}")))
    if revision is not None and revision not in {
        item.revision for item in scripts.walk_revisions()
    }:
        raise SchemaNewer(
            f"{path} has schema {revision}, which this version of studyq does not know: it was "
            "written by a newer one. Start that version, or restore a backup made before it."
        )


def _use_write_ahead_log(path: Path) -> None:
    """Switch the file over while nobody else is about to: for that SQLite waits for no lock."""
    with closing(load_driver().connect(str(path))) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
