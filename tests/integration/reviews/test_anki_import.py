"""Anki packages: those of Anki itself, old and new, with their schedule, and hostile ones."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsrs_rs_python
import genanki
import pytest
import sqlalchemy as sa
import zstandard
from anki.cards_pb2 import FsrsMemoryState
from anki.collection import Collection, ExportAnkiPackageOptions

from job_layer import USER
from review_desk import DAY, NOON, Desk
from studyq.cards.models import Flashcard
from studyq.library.errors import RefusedError
from studyq.reviews.anki_import import AnkiImported, import_package, memory_of_sm2
from studyq.reviews.anki_package import LARGEST_COLLECTION, read_package
from studyq.reviews.anki_text import markdown, only_cloze
from studyq.reviews.scheduling import DEFAULT_PARAMETERS


def bring_in(desk: Desk, content: bytes) -> AnkiImported:
    return import_package(desk.database, USER, content, desk.at)


def cards(desk: Desk) -> dict[str, Flashcard]:
    with desk.database.read() as session:
        found = {card.front: card for card in session.scalars(sa.select(Flashcard))}
        session.expunge_all()
        return found


@pytest.fixture
def collection(tmp_path: Path) -> Any:
    opened = Collection(str(tmp_path / "collection.anki2"))
    yield opened
    opened.close()


def add_note(collection: Any, kind: str, *fields: str, tags: str = "") -> Any:
    note = collection.new_note(collection.models.by_name(kind))
    for place, field in enumerate(fields):
        note.fields[place] = field
    note.tags = tags.split()
    collection.add_note(note, 1)
    return note


def learnt(collection: Any, note: Any, *, due: int, interval: int, ordinal: int = 0) -> None:
    """Makes a card one that is due in some days."""
    card = note.cards()[ordinal]
    card.type = card.queue = 2
    card.due, card.ivl, card.factor = collection.sched.today + due, interval, 2300
    card.reps, card.lapses = 9, 2
    collection.update_card(card)


def exported(collection: Any, tmp_path: Path, *, legacy: bool) -> bytes:
    path = tmp_path / "deck.apkg"
    options = ExportAnkiPackageOptions(
        with_scheduling=True, with_deck_configs=False, with_media=False, legacy=legacy
    )
    collection.export_anki_package(out_path=str(path), options=options, limit=None)
    return path.read_bytes()


@pytest.mark.parametrize("legacy", [True, False], ids=["anki21", "anki21b"])
def test_packages_of_anki(desk: Desk, collection: Any, tmp_path: Path, legacy: bool) -> None:
    both = add_note(
        collection, "Basic (and reversed card)", "<b>Cell</b>&nbsp;wall<br>2", "Zellwand",
        tags="biology week1",
    )  # fmt: skip
    learnt(collection, both, due=3, interval=20)
    add_note(collection, "Cloze", "{{c1::ATP}} comes from {{c2::mitochondria::organelle}}")
    away = add_note(collection, "Basic", "Suspended", "yes")
    learnt(collection, away, due=-5, interval=10)
    collection.sched.suspend_cards([away.cards()[0].id])
    package = exported(collection, tmp_path, legacy=legacy)

    assert bring_in(desk, package) == AnkiImported(added=5, here=0, scheduled=2, skipped=0)
    found = cards(desk)
    assert set(found) == {
        "**Cell** wall\n2", "Zellwand", "Suspended", "{{c1::ATP}} comes from mitochondria",
        "ATP comes from {{c1::mitochondria::organelle}}",
    }  # fmt: skip
    front = found["**Cell** wall\n2"]
    assert (front.back, front.tags, front.origin) == ("Zellwand", ["biology", "week1"], "imported")
    memory = desk.memory(front.id)
    assert (memory.phase, memory.reps, memory.lapses) == ("review", 9, 2)
    assert (memory.due_at - (memory.last_review_at or 0)) / DAY == pytest.approx(20, abs=1)
    assert (memory.stability, memory.difficulty) == memory_of_sm2(20, 2.3)
    assert desk.memory(found["Zellwand"].id).phase == "new"
    assert found["Suspended"].state == "suspended"
    assert not desk.schedule(found["Suspended"].id).active
    assert desk.memory(found["Suspended"].id).phase == "review"
    assert desk.disagreements() == []

    assert bring_in(desk, package) == AnkiImported(added=0, here=5, scheduled=0, skipped=0)
    desk.rate(front.id, 3)
    assert desk.disagreements() == []


def test_what_fsrs_knew_in_anki_is_taken_over(desk: Desk, collection: Any, tmp_path: Path) -> None:
    note = add_note(collection, "Basic", "Q", "A")
    learnt(collection, note, due=3, interval=20)
    card = note.cards()[0]
    card.memory_state = FsrsMemoryState(stability=31.5, difficulty=4.25)
    collection.update_card(card)
    bring_in(desk, exported(collection, tmp_path, legacy=True))
    memory = desk.memory(cards(desk)["Q"].id)
    assert memory.stability == pytest.approx(31.5)
    assert memory.difficulty == pytest.approx(4.25)


def test_our_own_cards_come_back_with_what_was_learnt_in_anki(desk: Desk) -> None:
    [ours] = desk.add_cards(guid="studyq-1", front="Ours, **as written**")
    model = genanki.Model(1, "m", fields=[{"name": "F"}, {"name": "B"}],
                          templates=[{"name": "c", "qfmt": "{{F}}", "afmt": "{{B}}"}])  # fmt: skip
    deck = genanki.Deck(2, "d")
    deck.add_note(genanki.Note(model, ["Theirs", "x"], guid="studyq-1", due=0))
    file = io.BytesIO()
    genanki.Package(deck).write_to_file(file)
    assert bring_in(desk, file.getvalue()) == AnkiImported(0, 1, 0, 0)
    assert set(cards(desk)) == {"Ours, **as written**"}
    assert desk.memory(ours).phase == "new"


def test_sm2_is_turned_into_fsrs_as_anki_does_it() -> None:
    fsrs = fsrs_rs_python.FSRS(list(DEFAULT_PARAMETERS))
    for interval, ease in ((1, 2.5), (10, 2.5), (20, 1.3), (100, 2.0), (3000, 3.5)):
        theirs = fsrs.memory_state_from_sm2(ease, interval, 0.9)
        stability, difficulty = memory_of_sm2(interval, ease)
        assert stability == pytest.approx(theirs.stability, rel=1e-4)
        assert difficulty == pytest.approx(theirs.difficulty, rel=1e-3)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("plain", "plain"),
        ("<div>one</div><div>two</div>", "one\n\ntwo"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("a*b_c `d`", "a\\*b\\_c \\`d\\`"),
        (r"\(a_1 * b\) and <i>x</i>", r"\(a_1 * b\) and *x*"),
        ("[latex]x^2[/latex] [$]y[/$] [$$]z[/$$]", r"\(x^2\) \(y\) \[z\]"),
        ("<img src=x onerror=alert(1)><script>alert(1)</script>safe[sound:a.mp3]", "safe"),
        ("&lt;b&gt; &amp; more", "<b> & more"),
        ("<b>never closed", "**never closed"),
    ],
)
def test_fields_become_markdown(field: str, text: str) -> None:
    assert markdown(field) == text


def test_each_deletion_is_a_card_of_its_own() -> None:
    note = "{{c1::a}} {{c2::b::hint}} {{c1::c}}"
    assert only_cloze(note, 1) == "{{c1::a}} b {{c1::c}}"
    assert only_cloze(note, 2) == "a {{c1::b::hint}} c"


def package_of(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(name, content)
    return file.getvalue()


def bomb() -> bytes:
    return package_of("collection.anki2", b"\0" * (LARGEST_COLLECTION + 1))


def packed_bomb() -> bytes:
    packer = zstandard.ZstdCompressor().compressobj()
    piece = packer.compress(b"\0" * 2**20)
    parts = [piece, *(packer.compress(b"\0" * 2**20) for _ in range(520)), packer.flush()]
    return package_of("collection.anki21b", b"".join(parts))


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: b"", "not_a_package"),
        (lambda: b"PK\3\4 nonsense", "not_a_package"),
        (lambda: package_of("other.txt", b"x"), "not_a_package"),
        (lambda: package_of("collection.anki2", b"no database"), "package_damaged"),
        (lambda: package_of("collection.anki21b", b"no zstd"), "package_damaged"),
        (lambda: package_of("collection.anki2", b""), "package_damaged"),
        (bomb, "package_too_large"),
        (packed_bomb, "package_too_large"),
    ],
)
def test_what_is_no_package_is_refused(make: Callable[[], bytes], code: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_package(make())
    assert refused.value.code == code


@pytest.mark.parametrize(
    "change", ["due = 1000000000000", "ivl = 900000000", "data = '{\"s\": 1e308}'"]
)
def test_absurd_numbers_do_no_harm(
    desk: Desk, collection: Any, tmp_path: Path, change: str
) -> None:
    note = add_note(collection, "Basic", "Q", "A")
    learnt(collection, note, due=0, interval=5)
    collection.db.execute(f"UPDATE cards SET reps = 2000000000, {change}")
    bring_in(desk, exported(collection, tmp_path, legacy=True))
    card = cards(desk)["Q"].id
    desk.rate(card, 3)
    assert desk.memory(card).due_at < NOON + 101 * 366 * DAY
    assert desk.disagreements() == []
