"""`studyq backup` and `studyq restore`, as one uses them."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from studyq.database.engine import Database
from studyq_command import Serving, Studyq


@pytest.fixture
def library(studyq: Studyq, books: Path) -> Studyq:
    added = studyq("add", str(books / "cells.pdf"))
    assert added.returncode == 0, added.stderr
    return studyq


def found(studyq: Studyq, words: str) -> list[str]:
    return [result["filename"] for result in studyq.json("search", words)["results"]]


def change(data: Path, statement: str) -> None:
    database = Database(f"sqlite:///{data / 'studyq.db'}")
    with database.write() as session:
        session.execute(sa.text(statement))
    database.close()


def test_what_was_backed_up_can_be_put_into_an_empty_folder(
    library: Studyq, tmp_path: Path
) -> None:
    archive = tmp_path / "mine.tar"
    said = library("backup", str(archive))
    assert said.returncode == 0, said.stderr
    assert "1 original" in said.stdout
    assert archive.stat().st_mode & 0o077 == 0
    other = Studyq(tmp_path / "other")
    other.data.mkdir()
    restored = other("restore", str(archive))
    assert restored.returncode == 0, restored.stderr
    assert found(other, "mitochondrion") == ["cells.pdf"]
    assert other.json("doctor") == []
    key = (library.data / "secret.key").read_bytes()
    assert (other.data / "secret.key").read_bytes() == key
    assert not list(other.data.glob(".studyq-*"))


def test_a_restoration_keeps_what_was_there(library: Studyq, books: Path, tmp_path: Path) -> None:
    assert library("backup", str(tmp_path / "a.tar")).returncode == 0
    assert library("add", str(books / "more" / "Rocks.PDF")).returncode == 0
    assert found(library, "granite") or library.json("search", "rock")["results"]
    before = len(library.json("search", "the")["results"])
    said = library("restore", str(tmp_path / "a.tar"))
    assert said.returncode == 0, said.stderr
    [aside] = library.data.glob("studyq.db.before-restore-*")
    assert str(aside) in said.stdout
    after = library.json("search", "the")["results"]
    assert {result["filename"] for result in after} <= {"cells.pdf"}
    assert len(after) <= before
    back = library("restore", str(aside))
    assert back.returncode == 0, back.stderr
    assert len(library.json("search", "the")["results"]) == before


def test_backs_up_beside_a_server_and_restores_only_without_one(
    library: Studyq, tmp_path: Path, serve: Callable[..., Serving]
) -> None:
    server = serve("--no-worker")
    folder = tmp_path / "backups"
    folder.mkdir()
    assert library("backup", str(folder)).returncode == 0
    [archive] = folder.iterdir()
    assert "Stop it" in library.refusal(1, "restore", str(archive))
    server.process.terminate()
    server.process.wait(30)
    assert library("restore", str(archive)).returncode == 0


def test_refuses_to_restore_while_something_has_the_database_open(
    library: Studyq, tmp_path: Path
) -> None:
    archive = tmp_path / "a.tar"
    assert library("backup", str(archive)).returncode == 0
    database = Database(f"sqlite:///{library.data / 'studyq.db'}")
    with database.read() as session:
        session.execute(sa.text("SELECT count(*) FROM jobs")).all()
        assert "open" in library.refusal(1, "restore", str(archive))
    database.close()


def test_refuses_backups_of_newer_versions_and_what_is_none(
    library: Studyq, tmp_path: Path
) -> None:
    original = (library.data / "studyq.db").read_bytes()
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / "studyq.db").write_bytes(original)
    change(newer, "UPDATE alembic_version SET version_num = '9999'")
    assert "newer" in library.refusal(2, "restore", str(newer / "studyq.db"))

    text = tmp_path / "notes.txt"
    text.write_text("no database at all, but long enough to be looked at " * 50)
    assert "cannot be read" in library.refusal(1, "restore", str(text))

    empty = tmp_path / "empty.db"
    empty.touch()
    assert "not one of studyq" in library.refusal(1, "restore", str(empty))
    assert (library.data / "studyq.db").read_bytes() == original


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "files/../../outside"])
def test_refuses_archives_that_reach_elsewhere(studyq: Studyq, tmp_path: Path, name: str) -> None:
    archive = tmp_path / "evil.tar"
    (tmp_path / "studyq.db").touch()
    with tarfile.open(archive, "w") as tar:
        tar.add(tmp_path / "studyq.db", "studyq.db")
        tar.add(tmp_path / "studyq.db", name)
    assert "not an archive" in studyq.refusal(1, "restore", str(archive))


def test_refuses_damaged_archives(library: Studyq, tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    assert library("backup", str(archive)).returncode == 0
    with tarfile.open(archive) as tar:
        [member] = [member for member in tar if member.name.startswith("files/")]
    content = bytearray(archive.read_bytes())
    content[member.offset_data + 100] ^= 1
    archive.write_bytes(content)
    assert "damaged" in library.refusal(1, "restore", str(archive))
    archive.write_bytes(content[: len(content) // 2])
    assert "cut off" in library.refusal(1, "restore", str(archive))
    assert found(library, "mitochondrion") == ["cells.pdf"]


def test_tells_of_originals_that_are_missing(library: Studyq, tmp_path: Path) -> None:
    [original] = (library.data / "files").glob("*/*")
    original.unlink()
    said = library("backup", str(tmp_path / "a.tar"))
    assert said.returncode == 0
    assert "cells.pdf" in said.stderr


def test_there_is_nothing_to_back_up_in_an_empty_folder(studyq: Studyq) -> None:
    assert "no database" in studyq.refusal(1, "backup")
