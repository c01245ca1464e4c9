"""Reading Anki packages (.apkg): notes, cards and what Anki knows of their schedule.

Three forms are about: a zip with `collection.anki2` or `collection.anki21` (SQLite), or with
`collection.anki21b` (the same, compressed with zstd, in newer tables). Media are not looked at. A
package comes from anywhere: nothing is unpacked beyond a size, and its database is only read.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import msgspec
import zstandard

from studyq.database.base import Instant
from studyq.database.driver import load_driver
from studyq.database.scratch import foreign_database
from studyq.library.errors import RefusedError
from studyq.reviews.study_days import DAY, SECOND

LARGEST_COLLECTION = 512 * 1024 * 1024  #: bytes of the database in a package
MOST_CARDS = 200_000
PIECE = 1024 * 1024
#: The newest form first: a package of that form has an old one too, with a note to update Anki.
COLLECTIONS = ("collection.anki21b", "collection.anki21", "collection.anki2")

LATEST = 2**32  #: seconds since 1970, of when something happened; later is taken for damage
FURTHEST = 100_000  #: days; what is planned beyond is taken for damage
LEARNED = 2  #: `cards.type` of cards that are days apart; 0 new, 1 learning, 3 relearning
SUSPENDED = -1  #: `cards.queue`
CLOZE_CONFIG = b"\x08\x01"  #: how the configuration of a cloze note type begins (protobuf, kind 1)


@dataclass(frozen=True)
class AnkiCard:
    """A card of a package.

    Args:
        ordinal: which of the note's cards it is, from 0.
        interval: days between its last review and its next; 0 for a card on its steps.
        ease: 2.5 for 250 %; of SM-2.
        stability: of FSRS, when Anki scheduled with it; likewise `difficulty`.
    """

    guid: str
    fields: tuple[str, ...]
    tags: tuple[str, ...]
    cloze: bool
    ordinal: int
    learnt: bool
    suspended: bool
    due_at: Instant | None
    interval: int
    ease: float
    reps: int
    lapses: int
    stability: float | None
    difficulty: float | None
    last_review_at: Instant | None


class _Row(msgspec.Struct, array_like=True):
    """A card as it stands in the tables, which say nothing of what their columns may hold."""

    guid: str
    note_type: int
    fields: str
    tags: str
    ordinal: int
    kind: int
    queue: int
    due: int
    interval: int
    factor: float | None
    reps: int
    lapses: int
    data: str | None
    last_rating: int | None


class _CardData(msgspec.Struct):
    """What Anki keeps as JSON with a card: FSRS's memory and the time of the last review."""

    s: float | None = None
    d: float | None = None
    lrt: int | None = None


def read_package(content: bytes) -> list[AnkiCard]:
    """The cards of a package.

    Raises:
        RefusedError: when it is none, or too large, or damaged.
    """
    driver = load_driver()
    try:
        with _collection(content) as path, foreign_database(path) as cursor:
            return list(_cards(cursor))
    except (driver.DatabaseError, zstandard.ZstdError, zipfile.BadZipFile, OverflowError) as error:
        raise RefusedError(
            "package_damaged", f"This Anki package cannot be read: {error}. Export it anew."
        ) from error


@contextmanager
def _collection(content: bytes) -> Iterator[Path]:
    """The database of a package, as a file of its own."""
    try:
        package = zipfile.ZipFile(BytesIO(content))
    except zipfile.BadZipFile as error:
        raise RefusedError("not_a_package", "This is no Anki package (.apkg).") from error
    with package, tempfile.TemporaryDirectory(prefix="studyq-") as folder:
        names = set(package.namelist())
        name = next((one for one in COLLECTIONS if one in names), None)
        if name is None:
            raise RefusedError("not_a_package", "This zip file holds no collection of Anki.")
        path = Path(folder) / "collection.db"
        with package.open(name) as packed, path.open("wb") as file:
            unpacked: IO[bytes] = packed
            if name.endswith("b"):
                unpacked = zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(packed)
            _copy(unpacked, file)
        yield path


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    size = 0
    while piece := source.read(PIECE):
        size += len(piece)
        if size > LARGEST_COLLECTION:
            raise RefusedError(
                "package_too_large",
                f"The collection in this package is larger than {LARGEST_COLLECTION:,} bytes. "
                "Export its decks one by one.",
            )
        target.write(piece)


def _cards(cursor: Any) -> Iterator[AnkiCard]:
    tables = {
        name for (name,) in cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    if not {"notes", "cards", "col"} <= tables:
        raise RefusedError("package_damaged", "The collection lacks its notes or cards.")
    created = _created(cursor)
    clozes = _cloze_types(cursor, newer="notetypes" in tables)
    cursor.execute("SELECT COUNT(*) FROM cards")
    if cursor.fetchone()[0] > MOST_CARDS:
        raise RefusedError("package_too_large", f"More than {MOST_CARDS:,} cards at once.")
    cursor.execute(
        "SELECT n.guid, n.mid, n.flds, n.tags, c.ord, c.type, c.queue, c.due, c.ivl, c.factor, "
        "c.reps, c.lapses, c.data, (SELECT MAX(r.id) FROM revlog r WHERE r.cid = c.id) "
        "FROM cards c JOIN notes n ON n.id = c.nid ORDER BY c.id"
        if "revlog" in tables
        else "SELECT n.guid, n.mid, n.flds, n.tags, c.ord, c.type, c.queue, c.due, c.ivl, "
        "c.factor, c.reps, c.lapses, c.data, NULL FROM cards c JOIN notes n ON n.id = c.nid "
        "ORDER BY c.id"
    )
    for number, columns in enumerate(cursor, start=1):
        try:
            row = msgspec.convert(columns, _Row, strict=False)
        except msgspec.ValidationError as error:
            raise RefusedError(
                "package_damaged", f"Card {number} of this package cannot be read: {error}."
            ) from error
        yield _card(row, created, clozes)


def _created(cursor: Any) -> int:
    """When the collection was made, in seconds; days are counted from there."""
    (created,) = cursor.execute("SELECT crt FROM col").fetchone() or (0,)
    if not isinstance(created, int) or not 0 <= created <= LATEST:
        raise RefusedError("package_damaged", "The collection does not say when it was made.")
    return created


def _cloze_types(cursor: Any, *, newer: bool) -> set[int]:
    """Ids of note types whose cards are deletions."""
    if newer:
        cursor.execute("SELECT id, config FROM notetypes")
        return {key for key, config in cursor if bytes(config or b"").startswith(CLOZE_CONFIG)}
    (models,) = cursor.execute("SELECT models FROM col").fetchone() or ("{}",)
    try:
        return {int(key) for key, model in json.loads(models).items() if model.get("type") == 1}
    except (TypeError, ValueError, AttributeError) as error:
        raise RefusedError("package_damaged", "The note types cannot be read.") from error


def _card(row: _Row, created: int, clozes: set[int]) -> AnkiCard:
    memory = _memory(row.data)
    learnt = row.kind == LEARNED and 0 < row.interval <= FURTHEST and abs(row.due) <= FURTHEST
    due_at = created * SECOND + row.due * DAY if learnt else None
    last = _past(memory.lrt, SECOND) or _past(row.last_rating, SECOND // 1000)
    return AnkiCard(
        guid=row.guid,
        fields=tuple(row.fields.split("\x1f")),
        tags=tuple(row.tags.split()),
        cloze=row.note_type in clozes,
        ordinal=row.ordinal,
        learnt=learnt,
        suspended=row.queue == SUSPENDED,
        due_at=due_at,
        interval=row.interval if learnt else 0,
        ease=row.factor / 1000 if row.factor else 2.5,
        reps=min(max(0, row.reps), FURTHEST),
        lapses=min(max(0, row.lapses), FURTHEST),
        stability=memory.s,
        difficulty=memory.d,
        last_review_at=last or (due_at - row.interval * DAY if due_at is not None else None),
    )


def _past(count: int | None, unit: Instant) -> Instant | None:
    """A time told in a unit since 1970; None for what is none."""
    if count is None or not 0 < count * unit <= LATEST * SECOND:
        return None
    return count * unit


def _memory(data: str | None) -> _CardData:
    try:
        return msgspec.json.decode(data or "{}", type=_CardData)
    except msgspec.DecodeError:
        return _CardData()
