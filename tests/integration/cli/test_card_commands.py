"""`studyq cards`: made, listed, approved, exported and imported; with a server and without."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pdf_files import make_pdf
from studyq_command import Serving, Studyq

START = Callable[..., Serving]
FACTS = [
    "# Tides",
    "A tide is the rise and fall of sea level caused by the gravity of the Moon.",
    "The spring tide is the tide with the largest range in a lunar month.",
    "The neap tide is the tide with the smallest range, which occurs at half moon.",
    "A tidal bore is a wave that travels up a river against its current.",
]


@pytest.fixture(params=["with a server", "without"])
def library(request: pytest.FixtureRequest, studyq: Studyq, serve: START) -> Studyq:
    if request.param == "with a server":
        serve()
    return studyq


def test_from_a_document_to_a_package(library: Studyq, tmp_path: Path) -> None:
    pdf = tmp_path / "tides.pdf"
    pdf.write_bytes(make_pdf([FACTS], title="Tides"))
    (added,) = library.json("add", str(pdf))
    document = added["document_id"]

    foreseen = library.json("cards", "generate", document, "--estimate")
    assert foreseen["model"] == "builtin"
    answer = library("cards", "generate", document, "--count", "3", "--pages", "1-1")
    assert answer.returncode == 0, answer.stderr
    assert "made, as drafts" in answer.stdout
    drafts = library.json("cards", "list", "--state", "draft", "--document", document)
    assert drafts
    shown = library("cards", "list", "--limit", "1").stdout
    assert "(Tides, page 1)" in shown

    too_early = library("cards", "export", str(tmp_path / "early.csv"))
    assert "No card fits" in too_early.stderr
    assert "--state all" in too_early.stderr
    assert not library("cards", "export", "-", "--format", "csv", "--state", "all").stderr

    first, *others = (card["id"] for card in drafts)
    decided = library.json("cards", "approve", first, "gone")
    assert decided == {"changed": [{"id": first, "before": "draft"}], "missing": ["gone"]}
    everything = library("cards", "approve", "--all", "--document", document)
    assert everything.stdout.startswith(f"{len(others):,} card")

    package = tmp_path / "tides.apkg"
    written = library("cards", "export", str(package))
    assert written.stdout.startswith(f"{package} written")
    assert zipfile.ZipFile(package).namelist() == ["collection.anki2", "media"]
    text = library("cards", "export", "-", "--format", "json").stdout
    assert len(json.loads(text)["cards"]) == len(drafts)

    wrong = library.refusal(1, "cards", "generate", document, "--pages", "5-9")
    assert "page" in wrong
    assert "There is no document nix" in library.refusal(1, "cards", "generate", "nix")


def test_a_file_goes_in_whole_or_not_at_all(library: Studyq, tmp_path: Path) -> None:
    file = tmp_path / "words.csv"
    file.write_text("front,back\nel gato,the cat\nla casa,\n", encoding="utf-8")
    said = library.refusal(1, "cards", "import", str(file))
    assert "  3: The question or the answer is empty." in said
    assert library("cards", "list").stdout == "No card.\n"
    file.write_text("front,back\nel gato,the cat\nla casa,the house\n", encoding="utf-8")
    trial = library("cards", "import", str(file), "--dry-run")
    assert trial.stdout == "2 added. Nothing was changed.\n"
    done = library.json("cards", "import", str(file), "--tag", "spanish", "--state", "approved")
    assert (done["added"], done["dry_run"]) == (2, False)
    assert library("cards", "import", str(file)).stdout == "2 already there.\n"
    assert len(library.json("cards", "list", "--tag", "spanish", "--words", "gato")) == 1


def test_wrong_usage_is_told(studyq: Studyq, tmp_path: Path) -> None:
    assert "Name cards, or give --all." in studyq.refusal(2, "cards", "approve")
    assert "--format" in studyq.refusal(2, "cards", "export", str(tmp_path / "cards.docx"))
    assert "12-40" in studyq.refusal(2, "cards", "generate", "x", "--pages", "a-b")
    assert "There is no card nix" in studyq.refusal(1, "cards", "approve", "nix")


def test_cards_asked_for_without_waiting_are_made_by_the_next_server(
    studyq: Studyq, serve: START, tmp_path: Path
) -> None:
    pdf = tmp_path / "tides.pdf"
    pdf.write_bytes(make_pdf([FACTS], title="Tides"))
    (added,) = studyq.json("add", str(pdf))
    session = studyq.json("cards", "generate", added["document_id"], "--no-wait")
    assert session["status"] == "PENDING"
    serve()
    again = studyq("cards", "generate", added["document_id"], "--count", "1")
    assert "session" in again.stdout + again.stderr
    assert studyq.json("cards", "list", "--session", session["id"])
