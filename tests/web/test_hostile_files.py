"""Files and forms of nobody's making: refused with a reason, never a defect of the server."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from server_process import refusal

IMPORTS = ("/tests/import", "/flashcards/import", "/flashcards/import/anki")
TYPES = '{"1": {"id": 1, "name": "Basic", "type": 0}}'
CARD = {"ord": 0, "type": 2, "queue": 2, "due": 100, "ivl": 10, "factor": 2500,
        "reps": 3, "lapses": 0, "data": ""}  # fmt: skip
HUGE = 2**63 - 1


def part(head: str, content: bytes) -> bytes:
    return f"--B\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"


@pytest.mark.parametrize("path", IMPORTS)
@pytest.mark.parametrize(
    ("head", "content"),
    [
        ('name="title"', b"\x89"),
        ('name="title"\r\nContent-Type: text/plain; charset=nowhere', b"a"),
        ('name="title"\r\nContent-Type: text/plain; charset=base64', b"a"),
    ],
)
def test_fields_that_are_no_text_are_refused(
    client: httpx.Client, path: str, head: str, content: bytes
) -> None:
    body = part('name="file"; filename="a.csv"', b"t,i\na,1\n") + part(head, content) + b"--B--\r\n"
    form = {"content-type": "multipart/form-data; boundary=B"}
    refusal(client.post(path, content=body, headers=form), 400, "bad_form")


def test_files_and_texts_in_each_others_fields_are_refused(client: httpx.Client) -> None:
    file = ("exam.csv", b"t,i\na,1\n")
    bad: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        ({"key": file}, {}, "file_missing"),
        ({"key": file}, {"responses": "t,i"}, "file_missing"),
        ({"responses": file}, {"key": "i,1"}, "file_missing"),
        ({"responses": file, "title": ("t.txt", b"x")}, {}, "not_a_text"),
    ]
    for files, data, code in bad:
        answer = client.post("/tests/import", files=files, data=data)
        refusal(answer, 400, code)


def package(folder: Path, created: Any = 1_600_000_000, types: Any = TYPES, **card: Any) -> bytes:
    """An Anki package of one card, whose tables hold what is given."""
    row = {**CARD, **card}
    path = folder / "collection"
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE col (crt, models)")
    database.execute("INSERT INTO col VALUES (?, ?)", (created, types))
    database.execute("CREATE TABLE notes (id, guid, mid, flds, tags)")
    database.execute("INSERT INTO notes VALUES (1, 'hostile', 1, 'Q' || char(31) || 'A', '')")
    database.execute(f"CREATE TABLE cards (id, nid, {', '.join(row)})")
    marks = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO cards VALUES (1, 1, {marks})", tuple(row.values()))
    database.commit()
    database.close()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.write(path, "collection.anki2")
    return content.getvalue()


@pytest.mark.parametrize(
    "wrong",
    [
        *({"created": value} for value in (None, "x", b"\xff", -1, HUGE, 1e308)),
        *({"types": value} for value in (None, 7, "[]", "{")),
        *(
            {name: value}
            for name in ("ord", "type", "queue", "due", "ivl", "reps", "lapses")
            for value in (None, "x", b"\xff", 1e308)
        ),
        {"factor": "x"},
        {"data": b"\xff"},
    ],
)
def test_a_package_with_nonsense_in_its_tables_is_refused(
    client: httpx.Client, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    answer = client.post("/flashcards/import/anki", content=package(tmp_path, **wrong))
    refusal(answer, 422, "package_damaged")


def test_absurd_numbers_of_a_package_are_bounded(client: httpx.Client, tmp_path: Path) -> None:
    for numbers in (
        {"due": HUGE, "ivl": HUGE, "reps": HUGE, "lapses": -HUGE, "factor": 1e308},
        {"data": '{"s": 1e308, "d": -1e308, "lrt": 9223372036854775807}'},
        {"data": '{"s": 1e999, "d": {}}', "ord": HUGE},
    ):
        answer = client.post("/flashcards/import/anki", content=package(tmp_path, **numbers))
        assert answer.status_code == 200, (numbers, answer.text)
    for path in ("/reviews/next", "/reviews/stats", "/flashcards/export?format=apkg"):
        assert client.get(path).status_code == 200, path


def test_an_item_says_only_what_its_kind_asks_for(client: httpx.Client) -> None:
    test = client.post("/tests", json={}).json()["test"]["id"]
    number = {"value": 1.0}
    for wrong, code in (
        ({"kind": "short", "answer": "b", "options": ["c", "d"]}, "options_unused"),
        ({"kind": "true_false", "answer": "true", "options": ["true"]}, "options_unused"),
        ({"kind": "true_false", "answer": "true", "numeric": number}, "number_unused"),
        ({"kind": "choice", "answer": "a", "options": ["a", "b", "c"], "numeric": number},
         "number_unused"),
    ):  # fmt: skip
        answer = client.post(f"/tests/{test}/items", json={"stem": "What is it?", **wrong})
        refusal(answer, 422, code)


def test_exports_are_of_the_media_types_that_are_described(client: httpx.Client) -> None:
    paths = client.get("/schema/openapi.json").json()["paths"]
    test = client.post("/tests", json={}).json()["test"]["id"]
    item = {"kind": "short", "stem": "\x01 a?", "answer": "b\x16"}
    assert client.post(f"/tests/{test}/items", json=item).status_code == 201
    for path, address, formats in (
        ("/tests/{test_id}/export", f"/tests/{test}/export",
         ("moodle", "qti", "json", "responses", "key", "results")),
        ("/flashcards/export", "/flashcards/export", ("apkg", "csv", "json", "md")),
    ):  # fmt: skip
        described = paths[path]["get"]["responses"]["200"]["content"]
        found = set()
        for name in formats:
            answer = client.get(address, params={"format": name})
            assert answer.status_code == 200, (path, name)
            kind, _, charset = answer.headers["content-type"].partition("; ")
            assert charset in ("", "charset=utf-8")
            found.add(kind)
        assert found == set(described)
    assert {"201", "202"} <= set(paths["/tests"]["post"]["responses"])
