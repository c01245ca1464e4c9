"""Tests in the terminal: made, listed, taken and exported, with a server and without."""

import csv
import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from living_matter import TITLE, living_matter
from studyq_command import SECONDS, Serving, Studyq

START = Callable[..., Serving]
EVERY = ("--choice", "2", "--cloze", "2", "--true-false", "1", "--from", "generated")


@pytest.fixture(scope="module")
def read_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder in which a document has been read, and the document's id."""
    folder = tmp_path_factory.mktemp("read")
    path = folder / "living.pdf"
    path.write_bytes(living_matter())
    data = folder / "data"
    data.mkdir()
    (added,) = Studyq(data).json("add", str(path))
    return data, str(added["document_id"])


@pytest.fixture
def document(studyq: Studyq, read_once: tuple[Path, str]) -> str:
    """A document that was read before any server ran."""
    data, document_id = read_once
    shutil.copytree(data, studyq.data, dirs_exist_ok=True)
    return document_id


def take(
    studyq: Studyq, test_id: str, answers: str, *more: str
) -> subprocess.CompletedProcess[str]:
    """Takes a test; the lines of `answers` are what is typed."""
    return subprocess.run(
        [sys.executable, "-m", "studyq", "tests", "take", test_id, *more],
        env=studyq.environment, cwd=studyq.data, input=answers,
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("serving", [False, True], ids=["without a server", "with one"])
def test_a_test_is_made_and_taken(
    studyq: Studyq, serve: START, document: str, serving: bool
) -> None:
    if serving:
        serve()
    test = studyq.json("tests", "create", document, *EVERY, "--minutes", "30")
    assert (test["status"], test["title"], test["time_limit"]) == ("ready", TITLE, 1800)
    kinds = [item["kind"] for item in test["items"]]
    assert len(kinds) == test["item_count"] >= 4
    assert {"choice", "cloze"} <= set(kinds)

    # Everything right but the first, which is left out after a number that no option has.
    answers = ["99", "", *(item["answer"] for item in test["items"][1:])]
    sat = take(studyq, test["id"], "\n".join(answers) + "\n", "--taker", "Ada")
    assert sat.returncode == 0, sat.stderr
    assert "A number from 1 to" in sat.stdout
    assert f"{len(kinds) - 1} of {len(kinds)} (" in sat.stdout
    assert "95 % interval" in sat.stdout
    assert f"✗ {test['items'][0]['stem']}" in sat.stdout


def test_tests_are_listed_and_exported(studyq: Studyq, document: str) -> None:
    assert studyq("tests", "list").stdout.startswith("No tests. ")
    test = studyq.json("tests", "create", document, "--cloze", "1", "--from", "generated")
    assert take(studyq, test["id"], "\n", "--taker", "Ada").returncode == 0
    assert f"ready      1 items    1 sittings  {TITLE}" in studyq("tests", "list").stdout
    table = studyq("tests", "export", test["id"], "--format", "results").stdout
    (row,) = csv.DictReader(io.StringIO(table.lstrip("\ufeff")))
    assert "Ada" in row.values()
    path = studyq.data / "test.zip"
    written = studyq("tests", "export", test["id"], "--format", "qti", "-o", str(path))
    assert (written.returncode, written.stdout) == (0, "")
    assert path.read_bytes().startswith(b"PK")


def test_an_interrupted_sitting_goes_on_where_it_stopped(studyq: Studyq, document: str) -> None:
    test = studyq.json("tests", "create", document, "--cloze", "3", "--from", "generated")
    first, *others = (item["answer"] for item in test["items"])
    broken_off = take(studyq, test["id"], f"{first}\n")  # then its input ends
    assert broken_off.returncode == 1
    assert "Traceback" not in broken_off.stderr
    sat = take(studyq, test["id"], "\n".join(others) + "\n")
    assert sat.returncode == 0, sat.stderr
    assert "1/3" not in sat.stdout
    assert "3 of 3" in sat.stdout


def test_what_cannot_be_done_is_a_sentence(studyq: Studyq, document: str) -> None:
    assert "There is no document nix" in studyq.refusal(1, "tests", "create", "nix")
    assert "There is no test nix" in studyq.refusal(1, "tests", "take", "nix")
    assert "There is no test nix" in studyq.refusal(1, "tests", "export", "nix")
    cards = studyq.refusal(1, "tests", "create", document, "--choice", "1", "--from", "cards")
    assert "approved" in cards
    nowhere = ("tests", "create", document, "--section", "Nowhere", "--choice", "2")
    assert "Nowhere" in studyq.refusal(1, *nowhere)
    assert "--choice" in studyq.refusal(2, "tests", "create", document, "--choice", "1000")
    assert "--format" in studyq.refusal(2, "tests", "export", "nix", "--format", "docx")
