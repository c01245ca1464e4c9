"""Migrations: from nothing and from each revision, with a copy first, and all or nothing."""

import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from studyq.database import driver, migrate
from studyq.database.engine import Database

USER = "00000000-0000-7000-8000-000000000001"
ROOT = Path(__file__).parents[3]
REVISIONS = sorted(
    script.revision for script in ScriptDirectory(str(migrate.migrations_folder())).walk_revisions()
)

NEXT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "next", "{head}"
def upgrade():
    op.create_table("novelties", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO novelties VALUES (1)")
    {then}
"""

UPGRADE = """
import sys
from studyq.database import driver, migrate
driver.CANDIDATES = (sys.argv[2],)
print(*migrate.upgrade(sys.argv[1]))
"""


def names(url: sa.URL) -> set[str]:
    """Of all that the database has: tables, indexes, triggers."""
    with closing(driver.load_driver().connect(str(url.database))) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def add_revision(folder: Path, monkeypatch: pytest.MonkeyPatch, then: str = "pass") -> None:
    """Go on with migrations that have one more revision than the real ones."""
    shutil.copytree(migrate.migrations_folder(), folder)
    (folder / "versions/next.py").write_text(NEXT.format(head=REVISIONS[-1], then=then))
    monkeypatch.setattr(migrate, "migrations_folder", lambda: folder)


def test_an_empty_database_gets_everything(url: sa.URL) -> None:
    assert migrate.current_revision(url) is None
    assert migrate.upgrade(url) == (None, REVISIONS[-1])
    assert migrate.upgrade(url) == (REVISIONS[-1], REVISIONS[-1])
    assert {"jobs", "job_events", "documents", "chunks", "chunk_words"} <= names(url)
    # A migration that rebuilds `flashcards` drops its triggers: it has to make them again.
    assert {"schedules_of_made_cards", "schedules_of_changed_cards"} <= names(url)
    assert not list(Path(str(url.database)).parent.glob("*.bak*")), "there was nothing to copy"


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_revision_leads_to_the_newest(
    url: sa.URL, revision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.upgrade(migrate.configuration(url), revision)
    add_revision(tmp_path / "migrations", monkeypatch)
    assert migrate.upgrade(url) == (revision, "next")
    fresh = url.set(database=f"{tmp_path}/fresh.db")
    migrate.upgrade(fresh)
    assert names(url) == names(fresh)


def test_a_copy_is_made_first(url: sa.URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate.upgrade(url)
    database = Database(str(url))
    with database.write() as session:
        session.execute(
            sa.text("INSERT INTO queues (name, paused, concurrency) VALUES ('kept', 0, 3)")
        )
    # Still open: what only the write-ahead log has must be in the copy too.
    add_revision(tmp_path / "migrations", monkeypatch)
    migrate.upgrade(url)
    database.close()
    copy = url.set(database=f"{url.database}.bak-{REVISIONS[-1]}")
    assert migrate.current_revision(copy) == REVISIONS[-1]
    assert "novelties" not in names(copy)
    with closing(driver.load_driver().connect(str(copy.database))) as connection:
        assert connection.execute("SELECT name, concurrency FROM queues").fetchall() == [
            ("kept", 3)
        ]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert not list(tmp_path.glob("*.part"))


def test_a_migration_that_fails_changes_nothing(
    url: sa.URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate.upgrade(url)
    before = names(url)
    add_revision(tmp_path / "migrations", monkeypatch, then="raise ZeroDivisionError")
    with pytest.raises(ZeroDivisionError):
        migrate.upgrade(url)
    assert names(url) == before
    assert migrate.current_revision(url) == REVISIONS[-1]


def test_a_newer_schema_is_refused(url: sa.URL) -> None:
    migrate.upgrade(url)
    with closing(driver.load_driver().connect(str(url.database))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from the future'")
        if connection.in_transaction:
            connection.commit()
    with pytest.raises(migrate.SchemaNewer, match=r"from the future.*restore a backup"):
        migrate.upgrade(url)
    assert migrate.current_revision(url) == "from the future"


def test_processes_that_start_at_once_take_turns(url: sa.URL, library: str) -> None:
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADE, str(url), library],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    answers = [(*process.communicate(timeout=120), process.returncode) for process in starting]
    assert [(errors, code) for _, errors, code in answers] == [("", 0)] * 2
    head = REVISIONS[-1]
    assert sorted(said.split() for said, _, _ in answers) == [[head, head], ["None", head]]


def test_words_go_with_their_chunks(database: Database) -> None:
    words = sa.text("SELECT count(*) FROM chunk_words WHERE chunk_words MATCH 'mitochondria'")
    with database.write() as session:
        metadata = sa.MetaData()
        metadata.reflect(session.connection(), only=["documents", "chunks"])
        documents, chunks = metadata.tables["documents"], metadata.tables["chunks"]
        session.execute(
            documents.insert().values(
                id="d", user_id=USER, title="T", filename="t.pdf", source="pdf",
                status="COMPLETED", generation=1, chunk_count=2, outline=[], created_at=0,
                updated_at=0,
            )
        )  # fmt: skip
        for ordinal in (1, 2):
            session.execute(
                chunks.insert().values(
                    id=ordinal, user_id=USER, document_id="d", generation=1, ordinal=ordinal,
                    page_from=1, page_to=1, start=0, end=9, section="", text="mitochondria",
                    token_count=4,
                )
            )  # fmt: skip
            session.execute(
                sa.text(
                    "INSERT INTO chunk_words(rowid, title, section, text) "
                    "VALUES (:id, 'T', '', 'mitochondria')"
                ),
                {"id": ordinal},
            )
        assert session.scalar(words) == 2
    with database.write() as session:
        session.execute(chunks.delete().where(chunks.c.id == 1))
        assert session.scalar(words) == 1
    with database.write() as session:
        # The chunk that is left goes with its document, and its words with it.
        session.execute(documents.delete())
        assert session.scalar(words) == 0


def test_processes_that_open_a_new_database_at_once_find_its_log_in_use(tmp_path: Path) -> None:
    """Two that switch a file over to the log at once would find it locked."""
    path = tmp_path / "studyq.db"
    for _ in range(2):  # the second time as after a restored copy, which knows of no log
        migrate.upgrade(f"sqlite:///{path}")
        with closing(driver.load_driver().connect(str(path))) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            connection.execute("PRAGMA journal_mode=DELETE")
