"""The round trip through Anki's own importer."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from card_shelf import CardShelf

IMPORTER = Path(__file__).parents[2] / "anki_import.py"


def into_anki(folder: Path, *packages: bytes) -> dict[str, Any]:
    """What a fresh collection holds after importing packages one after the other."""
    paths = []
    for number, package in enumerate(packages):
        paths.append(folder / f"{number}.apkg")
        paths[-1].write_bytes(package)
    collection = folder / "collection.anki2"
    answer = subprocess.run(
        [sys.executable, str(IMPORTER), str(collection), *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_second_import_updates_what_was_edited_and_adds_nothing(
    library: CardShelf, tmp_path: Path
) -> None:
    ids = [library.make(f"Question {n}?", f"Answer {n}", tags=["bio"]) for n in range(40)]
    first = library.export("apkg")
    for card_id in ids[:25]:
        library.edit(card_id, back="Another answer")
    second = library.export("apkg")
    for card_id in ids[:5]:  # within the same second, as a script would
        library.edit(card_id, back="A third answer")
    library.edit(ids[30], tags=["bio", "chapter::one"])
    third = library.export("apkg")

    found = into_anki(tmp_path, first, second, third, third)
    counts = [(log["new"], log["updated"], log["duplicate"]) for log in found["imports"]]
    assert counts == [(40, 0, 0), (0, 25, 15), (0, 6, 34), (0, 0, 40)]
    assert len(found["notes"]) == 40
    by_front = {note["fields"]["Front"]: note for note in found["notes"]}
    assert by_front["<p>Question 0?</p>"]["fields"]["Back"] == "<p>A third answer</p>"
    assert by_front["<p>Question 30?</p>"]["tags"] == ["bio", "chapter::one"]
    assert sorted(name for name in found["types"] if "studyq" in name) == ["studyq"]


def test_kinds_sources_and_maths_arrive(library: CardShelf, tmp_path: Path) -> None:
    library.make(
        r"What is \(x<y\)? <b>",
        "An [latex]inequality[/latex]",
        page=2,
        quote="Osmosis moves water",
        tags=["cell biology"],
    )
    library.make(r"The {{c1::\(\frac{a}{b_{c}}\)::ratio}} and {{c1::**so** on}}.", kind="cloze")
    library.make("Which?", "b & c", kind="choice", options=("a", "b & c", "d"))
    found = into_anki(tmp_path, library.export("apkg"))
    notes = {note["type"]: note for note in found["notes"]}

    basic = notes["studyq"]
    assert basic["decks"] == ["studyq::Cell biology"]
    assert basic["tags"] == ["cell_biology"]
    assert basic["fields"]["Quote"] == "Osmosis moves water"
    assert basic["fields"]["Source"] == "Cell biology, page 2, Membranes"
    assert r"\(x&lt;y\)" in basic["questions"][0]
    assert "<b>" not in basic["fields"]["Front"]
    assert "[latex]" not in basic["fields"]["Back"]
    link = basic["fields"]["Link"]
    assert link.startswith(f"http://study.example/app/documents/{library.document_id}?page=2")
    assert f'href="{link}"' in basic["answers"][0], "as HTML"
    assert "Osmosis moves water" in basic["answers"][0]

    cloze = notes["studyq cloze"]
    assert len(cloze["questions"]) == 1
    assert "[ratio]" in cloze["questions"][0]
    shown = re.sub(r"<style.*?</style>|<[^>]+>", "", cloze["questions"][0], flags=re.DOTALL)
    assert shown.startswith("The [ratio] and [...].")
    assert r"\(\frac{a}{b_{c} }\)" in cloze["answers"][0]
    assert cloze["decks"] == ["studyq"]

    choice = notes["studyq choice"]
    assert choice["questions"][0].count("<li>") == 3
    assert "b &amp; c" in choice["fields"]["Answer"]


def test_nothing_to_export_is_a_package_all_the_same(library: CardShelf, tmp_path: Path) -> None:
    found = into_anki(tmp_path, library.export("apkg"))
    assert found["notes"] == []


def test_exporting_leaves_no_file_behind(
    library: CardShelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.make("Question?", "Answer")
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert library.export("apkg")[:2] == b"PK"
    assert list(folder.iterdir()) == []
