"""`studyq doctor` on a library that was damaged on purpose."""

import os
import time
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

import installed_model
from studyq.database.driver import load_driver
from studyq.database.engine import Database
from studyq_command import Studyq

HASH = "ab" + "0" * 62


@pytest.fixture
def library(studyq: Studyq, books: Path) -> Studyq:
    """A library with two documents, their words and (by the real model) their vectors."""
    (studyq.data / "models").symlink_to(installed_model.models_dir())
    studyq.variables["STUDYQ_EMBEDDING"] = "builtin"
    added = studyq("add", str(books / "cells.pdf"), str(books / "more" / "Rocks.PDF"))
    assert added.returncode == 0, added.stderr
    assert studyq.json("doctor") == []
    return studyq


def damage(studyq: Studyq, *statements: str) -> None:
    database = Database(f"sqlite:///{studyq.data / 'studyq.db'}")
    with database.write() as session:
        for statement in statements:
            session.execute(sa.text(statement))
    database.close()


def codes(studyq: Studyq, *options: str) -> dict[str, bool]:
    """What the doctor finds, and whether it was mended."""
    return {
        finding["code"]: finding["mended"] is not None
        for finding in studyq.json("doctor", *options)
    }


def test_finds_and_mends_the_indexes(library: Studyq, books: Path) -> None:
    damage(
        library,
        "DELETE FROM chunk_words WHERE rowid = (SELECT min(id) FROM chunks)",
        "INSERT INTO chunk_words (rowid, title, section, text) VALUES (999, '', '', 'stray')",
        "DELETE FROM chunk_vectors WHERE chunk_id = (SELECT max(id) FROM chunks)",
    )
    answer = library("doctor")
    assert answer.returncode == 1
    assert "1 passage is not in the word index." in answer.stdout
    wrong = {"chunks_without_words", "words_without_chunks", "chunks_without_vectors"}
    assert codes(library) == dict.fromkeys(wrong, False)
    assert codes(library, "--fix") == dict.fromkeys(wrong, True)
    # The vectors are made by a job; adding runs what waits.
    assert codes(library) == {"chunks_without_vectors": False}
    assert library("add", str(books / "cells.pdf"), str(books / "more" / "Rocks.PDF")).stdout
    assert library("doctor").stdout == "All is well.\n"
    for question in ("energy", "granite"):
        assert library.json("search", question, "--mode", "words")["results"]


def test_finds_files_out_of_place(library: Studyq) -> None:
    files, scratch = library.data / "files", library.data / "tmp"
    old, young = files / HASH[:2] / HASH, files / HASH[:2] / (HASH[:-1] + "1")
    left, current = scratch / "incoming-old", scratch / "incoming-new"
    for path in (old, young, left, current):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%PDF-")
    two_days_ago = time.time() - 48 * 3600
    os.utime(old, (two_days_ago, two_days_ago))
    os.utime(left, (two_days_ago, two_days_ago))
    (files / "README").write_text("somebody else's")

    found = library.json("doctor")
    assert {item["code"]: item["count"] for item in found} == {
        "orphaned_originals": 2,
        "stale_temporary_files": 1,
    }
    library("doctor", "--fix")
    assert [path.exists() for path in (old, young, left, current)] == [False, True, False, True]
    assert (files / "README").exists()


def test_gives_back_what_a_dead_worker_held(library: Studyq) -> None:
    library("reprocess", "--all")
    damage(
        library,
        "UPDATE jobs SET state = 'active', token = 1, attempt = 1, worker_id = 'gone', "
        "started_at = 1, lease_until = 1 WHERE state = 'waiting'",
    )
    assert codes(library) == {"stuck_jobs": False}
    assert codes(library, "--fix") == {"stuck_jobs": True}
    assert {job["state"] for job in library.json("jobs", "list", "--state", "waiting")} == {
        "waiting"
    }


def test_finds_a_document_without_its_job(library: Studyq) -> None:
    damage(library, "DELETE FROM job_events", "DELETE FROM jobs")
    damage(library, "UPDATE documents SET status = 'PROCESSING' WHERE title = 'On Cells'")
    assert codes(library) == {"forgotten_documents": False}
    assert codes(library, "--fix") == {"forgotten_documents": True}
    assert len(library.json("jobs", "list", "--state", "waiting")) == 1


def test_finds_a_dangling_reference(library: Studyq) -> None:
    # A bare connection does not enforce foreign keys.
    with closing(load_driver().connect(str(library.data / "studyq.db"))) as connection:
        connection.execute("UPDATE pdfs SET document_id = 'nobody'")
        connection.commit()
    answer = library("doctor", "--fix")
    assert answer.returncode == 1
    assert "2 rows refer to something that is not there" in answer.stdout


def test_names_the_missing_model(studyq: Studyq) -> None:
    assert codes(studyq) == {}
    said = studyq("doctor", STUDYQ_EMBEDDING="builtin")
    assert said.returncode == 1
    assert "→ Run `studyq models install`" in said.stdout
