"""Imports packages into a collection of Anki's own, in a process of its own.

Called as `python anki_import.py COLLECTION PACKAGE…`; prints, as JSON, how many notes each package
added, updated and left alone, and then all notes with the cards that Anki makes of them.
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")

from anki.collection import (  # noqa: E402
    Collection,
    ImportAnkiPackageOptions,
    ImportAnkiPackageRequest,
)


def main(path: str, packages: list[str]) -> None:
    collection = Collection(path)
    imports = []
    for package in packages:
        options = ImportAnkiPackageOptions(merge_notetypes=False)
        request = ImportAnkiPackageRequest(package_path=package, options=options)
        log = collection.import_anki_package(request).log
        names = ("new", "updated", "duplicate", "conflicting", "first_field_match",
                 "missing_notetype", "missing_deck", "empty_first_field")  # fmt: skip
        imports.append({name: len(getattr(log, name)) for name in names})
    notes = []
    for note_id in collection.find_notes(""):
        note = collection.get_note(note_id)
        cards = note.cards()
        notes.append(
            {
                "guid": note.guid,
                "type": (note.note_type() or {})["name"],
                "fields": dict(note.items()),
                "tags": note.tags,
                "decks": sorted({collection.decks.name(card.did) for card in cards}),
                "questions": [card.question() for card in cards],
                "answers": [card.answer() for card in cards],
            }
        )
    types = [item.name for item in collection.models.all_names_and_ids()]
    collection.close()
    json.dump({"imports": imports, "notes": notes, "types": types}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
