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
        if before == head:
            return before, head
        known = {
            script.revision
            for script in ScriptDirectory.from_config(configuration(url)).walk_revisions()
        }
        if before is not None and before not in known:
            raise SchemaNewer(
                f"{path} has schema {before}, which this version of studyq does not know: it was "
                "written by a newer one. Start that version, or restore a backup made before it."
            )
        if before is not None:
            _back_up(path, path.with_name(f"{path.name}.bak-{before}"))
        command.upgrade(configuration(url), "head")
        return before, head


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _back_up(path: Path, copy: Path) -> None:
    driver = load_driver()
    partial = copy.with_name(copy.name + ".part")
    with (
        closing(driver.connect(str(path))) as source,
        closing(driver.connect(str(partial))) as target,
    ):
        source.backup(target)
    partial.replace(copy)
