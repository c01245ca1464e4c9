"""Adding, searching and reading again; with a server and without."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pdf_files import encrypt_pdf, make_pdf
from studyq_command import Serving, Studyq

START = Callable[..., Serving]


@pytest.fixture(params=["with a server", "without"])
def library(request: pytest.FixtureRequest, studyq: Studyq, serve: START) -> Studyq:
    if request.param == "with a server":
        serve()
    return studyq


def test_adds_a_folder_and_finds_its_pages(library: Studyq, books: Path) -> None:
    answer = library("add", str(books), str(books / "none-*.pdf"))
    assert answer.returncode == 1
    assert "2 added, 3 failed." in answer.stdout
    assert "There is no text in this PDF" in answer.stderr
    assert "not a PDF" in answer.stderr
    assert "none-*.pdf: Nothing matches this pattern." in answer.stderr

    again = library.json("add", str(books / "**" / "[cR]*.*"))
    assert {Path(item["file"]).name: item["status"] for item in again} == {
        "cells.pdf": "present",
        "Rocks.PDF": "present",
    }

    found = library("search", "mitochondrion", "energy", "--mode", "words")
    assert found.returncode == 0
    assert found.stdout.startswith("1. On Cells, page i\n")
    assert "The mitochondrion makes energy for the cell." in found.stdout
    results = library.json("search", "granite", "--limit", "1")["results"]
    assert [hit["filename"] for hit in results] == ["Rocks.PDF"]
    elsewhere = library("search", "granite", "--document", again[0]["document_id"])
    assert elsewhere.stdout == "Nothing found.\n"
    assert "There is no document nix" in library.refusal(1, "search", "x", "--document", "nix")


def test_protected_file_is_added_with_its_password(library: Studyq, books: Path) -> None:
    path = books / "locked.pdf"
    path.write_bytes(encrypt_pdf(make_pdf(["Behind a lock: chlorophyll."]), user="pässwort 100%"))
    (refused,) = library.json("add", str(path))
    assert "password" in refused["message"]
    answer = subprocess.run(
        [sys.executable, "-m", "studyq", "add", "--ask-password", str(path)],
        env=library.environment,
        cwd=library.data,
        input="pässwort 100%\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert library.json("search", "chlorophyll")["results"][0]["filename"] == "locked.pdf"


def test_reader_that_has_seen_enough_is_no_failure(studyq: Studyq) -> None:
    config = f"'{sys.executable}' -m studyq config"
    command = f"{config} | true; {config} | head -1"
    answer = subprocess.run(
        ["/bin/sh", "-c", command],
        env=studyq.environment,
        cwd=studyq.data,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout.startswith("STUDYQ_DATA")
    assert answer.stderr == ""


def test_failed_file_is_tried_again(library: Studyq, books: Path) -> None:
    for _ in range(2):
        (outcome,) = library.json("add", str(books / "more" / "old" / "scan.pdf"))
        assert outcome["status"] == "failed"
        assert "There is no text in this PDF" in outcome["message"]


def test_what_is_not_waited_for_is_read_by_the_next_server(
    studyq: Studyq, serve: START, books: Path
) -> None:
    answer = studyq("add", "--no-wait", str(books / "cells.pdf"))
    assert answer.stdout == "1 accepted, to be read in the background.\n"
    (job,) = studyq.json("jobs", "list")
    assert (job["state"], job["waiting_for"]) == ("waiting", "no worker is running")
    serve()
    (outcome,) = studyq.json("add", str(books / "cells.pdf"))
    assert outcome["status"] in ("added", "present")
    assert studyq.json("jobs", "show", job["id"])["state"] == "completed"


def test_import_that_is_not_allowed(library: Studyq) -> None:
    (outcome,) = library.json("add", "gs://somewhere/book.pdf")
    assert outcome["status"] == "failed"
    assert "STUDYQ_IMPORT_BUCKETS" in outcome["message"]


def test_lost_original_is_put_back(studyq: Studyq, books: Path) -> None:
    assert studyq("add", str(books / "cells.pdf")).returncode == 0
    (original,) = [path for path in (studyq.data / "files").rglob("*") if path.is_file()]
    content = original.read_bytes()
    original.unlink()
    (finding,) = studyq.json("doctor")
    assert (finding["code"], finding["examples"]) == ("missing_originals", ["cells.pdf"])
    assert studyq("add", str(books / "cells.pdf")).returncode == 0
    assert original.read_bytes() == content
    assert studyq("doctor").stdout == "All is well.\n"


def test_server_that_is_named_and_not_there(studyq: Studyq, books: Path) -> None:
    nobody = "http://127.0.0.1:9"
    said = studyq.refusal(3, "add", str(books), STUDYQ_URL=nobody)
    assert nobody in said
    assert list(studyq.data.iterdir()) == [], "no library was made by mistake"


def test_jobs_are_cancelled_and_retried(studyq: Studyq, books: Path) -> None:
    studyq("add", "--no-wait", str(books / "cells.pdf"))
    (job,) = studyq.json("jobs", "list", "--queue", "pdf-ingestion", "--state", "waiting")
    job_id = job["id"]
    assert studyq("jobs", "cancel", job_id).stdout == f"{job_id} is cancelled\n"
    assert "only a live job can be cancelled" in studyq.refusal(1, "jobs", "cancel", job_id)
    listed = studyq("jobs", "list").stdout
    assert listed.split()[:3] == [job_id, "pdf-ingestion", "cancelled"]
    (again,) = studyq.json("jobs", "retry", job_id)
    assert again["state"] == "waiting"
    assert "There is no job nix" in studyq.refusal(1, "jobs", "show", "nix")


def test_reads_again(studyq: Studyq, serve: START, books: Path) -> None:
    (added,) = studyq.json("add", str(books / "cells.pdf"))
    answer = studyq("reprocess", added["document_id"])
    assert answer.stdout == "1 job enqueued.\n"
    assert "`studyq serve` will do the work" in answer.stderr
    assert len(studyq.json("reprocess", "--all", "--embeddings")) == 1
    assert "Name documents, or give --all." in studyq.refusal(2, "reprocess")
    assert "There is no document nix" in studyq.refusal(1, "reprocess", "nix")


def test_health_of_a_server(studyq: Studyq, serve: START) -> None:
    assert "No studyq answers" in studyq.refusal(3, "health", STUDYQ_PORT="9")
    running = serve()
    answer = studyq("health")
    assert answer.returncode == 0
    assert answer.stdout.startswith(f"studyq at {running.address} is ok.\n")
    running.stop()
    serve("--no-worker")
    failing = studyq.json("health")
    assert failing["status"] == "failing"
    assert not failing["parts"]["worker"]["ok"]
    assert studyq("health").returncode == 1


def test_config_says_where_values_come_from(studyq: Studyq, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("very secret")
    (studyq.data / ".env").write_text("STUDYQ_PORT=4321\n")
    shown = {
        item["variable"]: (item["value"], item["source"])
        for item in studyq.json("config", STUDYQ_EMBEDDING_KEY_FILE=str(key))
    }
    assert shown["STUDYQ_PORT"] == ("4321", ".env STUDYQ_PORT")
    assert shown["STUDYQ_EMBEDDING"] == ("none", "environment STUDYQ_EMBEDDING")
    assert shown["STUDYQ_EMBEDDING_KEY"] == ("••••••", "environment STUDYQ_EMBEDDING_KEY_FILE")
    assert shown["STUDYQ_HOST"] == ("127.0.0.1", "default")
    assert "very secret" not in studyq("config", STUDYQ_EMBEDDING_KEY="very secret").stdout


def test_database_upgrade_says_what_it_did(studyq: Studyq) -> None:
    assert "was made" in studyq("db", "upgrade").stdout
    again = studyq("db", "upgrade")
    assert "nothing to do" in again.stdout
    assert again.stderr == ""


def test_help_waits_for_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from studyq.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "import json; print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "Exit codes: 0  it worked" in answer.stdout
    loaded = {name.partition(".")[0] for name in json.loads(answer.stderr)}
    assert not loaded & {"sqlalchemy", "litestar", "rich", "numpy", "msgspec", "structlog"}


def test_version(studyq: Studyq) -> None:
    assert studyq("version").stdout == studyq("--version").stdout
