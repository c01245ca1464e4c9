"""Cards as files over HTTP: exported in four formats, imported, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

import httpx
import pytest

from server_process import Start, refusal


@pytest.fixture
def deck(client: httpx.Client, word: str) -> list[dict[str, Any]]:
    """Three cards with a tag of their own, one of them a draft."""
    made = []
    for n, state in enumerate(["approved", "approved", "draft"]):
        body = {"front": f"=What {n} {word}?", "back": f"{n}", "tags": [word], "state": state}
        made.append(client.post("/flashcards", json=body).json())
    return made


def send(client: httpx.Client, content: bytes | str, **query: Any) -> httpx.Response:
    return client.post("/flashcards/import", content=content, params=query)


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("apkg", "application/vnd.anki"),
        ("csv", "text/csv; charset=utf-8"),
        ("json", "application/json"),
        ("md", "text/markdown; charset=utf-8"),
    ],
)
def test_export_in_each_format(
    client: httpx.Client, deck: list[dict[str, Any]], word: str, form: str, kind: str
) -> None:
    answer = client.get("/flashcards/export", params={"format": form, "tag": word})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    disposition = answer.headers["content-disposition"]
    assert disposition == f"attachment; filename*=UTF-8''studyq-cards.{form}"
    if form == "apkg":
        names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
        assert names == ["collection.anki2", "media"]
    else:
        assert answer.text.count(f"What 0 {word}?") == 1
        assert f"What 2 {word}?" not in answer.text, "a draft is not what one learns"
    everything = client.get(
        "/flashcards/export", params={"format": form, "tag": word, "state": "all"}
    )
    assert len(everything.content) > len(answer.content) or form == "apkg"


def test_a_csv_goes_out_and_comes_back(
    client: httpx.Client, deck: list[dict[str, Any]], word: str
) -> None:
    query = {"format": "csv", "tag": word, "state": "all"}
    text = client.get("/flashcards/export", params=query).text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["front"] for row in rows] == [f"'=What {n} {word}?" for n in range(3)]
    assert {row["guid"] for row in rows} == {card["guid"] for card in deck}
    changed = text.replace(",1,,", ",one,,")
    done = send(client, changed).json()
    assert done == {"added": 0, "updated": 1, "unchanged": 2, "already_there": 0, "dry_run": False}
    assert client.get(f"/flashcards/{deck[1]['id']}").json()["back"] == "one"


def test_a_form_with_a_file_will_do(client: httpx.Client, word: str) -> None:
    files = {"file": ("cards.csv", f"What is {word}?,A word\n", "text/csv")}
    answer = client.post(
        "/flashcards/import", files=files, params={"state": "approved", "tag": word}
    )
    assert answer.json()["added"] == 1
    (card,) = client.get("/flashcards", params={"tag": word}).json()["items"]
    assert (card["state"], card["origin"]) == ("approved", "imported")
    other = client.post("/flashcards/import", files={"wrong": ("a.csv", "a,b", "text/csv")})
    refusal(other, 400, "file_missing")


def test_a_trial_imports_nothing(client: httpx.Client, word: str) -> None:
    done = send(client, f"What is {word}?,A word", dry_run="true").json()
    assert (done["added"], done["dry_run"]) == (1, True)
    assert client.get("/flashcards", params={"q": word}).json()["items"] == []


def test_bad_rows_are_listed_by_line(client: httpx.Client, word: str) -> None:
    answer = send(client, f"front,back\n{word}?,yes\n{word}!,\n")
    said = refusal(answer, 422, "bad_rows")
    assert "line 3" in said
    assert answer.json()["errors"] == [
        {"line": 3, "reason": "The question or the answer is empty."}
    ]
    assert client.get("/flashcards", params={"q": word}).json()["items"] == []


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "file_empty"),
        (b"\xff\xfea\x00,\x00b\x00", 422, "not_utf8"),
        (b"{", 422, "bad_file"),
        (b"\x00,\x00", 422, "bad_rows"),
        (b"x" * (33 * 1024 * 1024), 413, "request_entity_too_large"),
    ],
)
def test_what_is_no_file_of_cards_is_refused(
    client: httpx.Client, content: bytes, status: int, code: str
) -> None:
    refusal(send(client, content), status, code)


def test_nonsense_is_refused(client: httpx.Client) -> None:
    refusal(send(client, b"a,b", document_id="none"), 404, "document_not_found")
    refusal(send(client, b"a,b", state="learnt"), 400, "bad_request")
    refusal(client.get("/flashcards/export?format=docx"), 400, "bad_request")
    refusal(client.get("/flashcards/export?state=odd"), 400, "bad_request")
    headers = {"Content-Type": "multipart/form-data"}
    for kind in (headers, {"Content-Type": "multipart/form-data; boundary=x"}):
        answer = client.post("/flashcards/import", content=b"no form", headers=kind)
        refusal(answer, 400, answer.json()["code"])


def test_links_lead_to_the_address_that_is_set(start: Start) -> None:
    running = start(settings={"url": "https://study.example:8443"})
    with running.client() as client:
        text = client.post("/documents", json={"text": "Osmosis moves water.", "title": "Cells"})
        source = {"document_id": text.json()["document"]["id"]}
        card = {"front": "What moves water?", "back": "Osmosis", "source": source}
        client.post("/flashcards", json=card).raise_for_status()
        exported = client.get("/flashcards/export", params={"format": "json"})
        assert exported.headers["content-disposition"].endswith("''Cells.json")
        (found,) = json.loads(exported.text)["cards"]
        link = found["source"]["link"]
        assert link.startswith(f"https://study.example:8443/app/documents/{source['document_id']}?")
