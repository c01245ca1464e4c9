"""Cards into Anki and, after edits, into it again: what its own importer adds and updates.

Prints the seconds that packages take, and the verdict on the second import: none added, and as
many updated as were edited.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from job_layer import USER, open_database
from studyq.cards.editing import CardText, edit_card
from studyq.cards.exporting import export
from studyq.cards.importing import import_cards
from studyq.cards.listing import CardFilter, list_cards
from studyq.cards.records import records_of
from studyq.database.engine import Database

CARDS = 1000
EDITED = 300
IMPORTER = Path(__file__).parents[1] / "tests" / "anki_import.py"


def main() -> None:
    """Make cards, export, edit some, export again, and import both packages into Anki."""
    with tempfile.TemporaryDirectory() as name, open_database(Path(name)) as database:
        folder = Path(name)
        rows = (rf"What is \(x_{{{n}}}\) of the series?,The answer {n}" for n in range(CARDS))
        import_cards(database, USER, "\n".join(rows).encode(), state="approved")
        first = _package(database, folder / "first.apkg")
        _edit(database)
        _package(database, folder / "second.apkg")
        counts = _imported(folder, ["first.apkg", "second.apkg"])
    added, updated = counts[1]["new"], counts[1]["updated"]
    print(f"{CARDS:,} cards exported in {first:.2f} s ({CARDS / first:,.0f} cards/s)")
    print(f"first import: {counts[0]['new']:,} notes added")
    verdict = "reached" if (added, updated) == (0, EDITED) else "MISSED"
    print(f"second import, {EDITED} edited: {added} added, {updated} updated: {verdict}")


def _package(database: Database, path: Path) -> float:
    """Write all cards into a package; returns the seconds that it took."""
    with database.read() as session:
        cards = list_cards(session, USER, CardFilter(), order="oldest")
        records = records_of(session, cards, "http://127.0.0.1")
    begun = time.perf_counter()
    path.write_bytes(export(records, "apkg"))
    return time.perf_counter() - begun


def _edit(database: Database) -> None:
    with database.write() as session:
        for card in list_cards(session, USER, CardFilter(), limit=EDITED):
            edit_card(session, card, text=CardText(card.kind, card.front, f"{card.back}, edited"))


def _imported(folder: Path, packages: list[str]) -> list[dict[str, int]]:
    command = [sys.executable, str(IMPORTER), "collection.anki2", *packages]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    counts: list[dict[str, int]] = json.loads(answer.stdout)["imports"]
    return counts


if __name__ == "__main__":
    main()
