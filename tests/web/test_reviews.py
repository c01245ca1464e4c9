"""Reviews over HTTP: one card after the other, each counted once, whoever asks how."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import genanki
import httpx
import pytest
import sqlalchemy as sa

from review_desk import card_row
from server_process import ServerProcess, add_text, refusal
from studyq.cards.models import Flashcard
from studyq.database.engine import Database

AddCards = Callable[..., list[str]]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    running = ServerProcess(tmp_path_factory.mktemp("reviews"), {})
    running.start()
    yield running
    running.kill()
    assert "request failed" not in running.log, "some request met something unexpected"


@pytest.fixture
def client(served: ServerProcess) -> Iterator[httpx.Client]:
    with served.client() as opened:
        opened.patch("/reviews/settings", json={"new_per_day": 9999}).raise_for_status()
        yield opened


@pytest.fixture
def add_cards(served: ServerProcess) -> Iterator[AddCards]:
    """Puts cards into the library; they are gone when the test ends."""
    database = Database(f"sqlite:///{served.data / 'studyq.db'}")

    def add(number: int = 1, **facts: Any) -> list[str]:
        rows = [card_row(**facts) for _ in range(number)]
        with database.write() as session:
            session.execute(sa.insert(Flashcard), rows)
        return [row["id"] for row in rows]

    yield add
    with database.write() as session:
        session.execute(sa.delete(Flashcard))
    database.close()


def rate(client: httpx.Client, card: str, rating: int = 3, **more: Any) -> httpx.Response:
    key = more.pop("key", None)
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(
        "/reviews", json={"card_id": card, "rating": rating, **more}, headers=headers
    )


def following(client: httpx.Client, **query: Any) -> dict[str, Any]:
    answer = client.get("/reviews/next", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_a_card_says_all_that_a_page_shows(client: httpx.Client, add_cards: AddCards) -> None:
    [card] = add_cards(
        kind="cloze",
        front="The {{c1::mitochondrion}} makes **ATP**.",
        back="mitochondrion",
        source_title="Cells",
        page=3,
        page_label="xii",
        quote="The mitochondrion makes ATP.",
        rectangles=[{"page": 3, "x0": 1.0, "y0": 2.0, "x1": 3.0, "y1": 4.0}],
    )
    body = following(client)
    shown = body["card"]
    assert shown["id"] == card
    assert "mitochondrion" not in shown["front_html"]
    assert "mitochondrion" in shown["back_html"]
    assert "<strong>ATP</strong>" in shown["back_html"]
    assert shown["source"]["page_label"] == "xii"
    assert shown["source"]["rectangles"][0]["x1"] == 3.0
    assert [item["words"] for item in shown["intervals"]][:3] == ["1 min", "6 min", "10 min"]
    assert body["counts"] == {"learning": 0, "review": 0, "new": 1, "total": 1}
    assert body["minutes_left"] == 0.1
    assert (body["undo"], body["upcoming"]) == (None, [])


def test_pressing_a_button_gives_what_it_said(client: httpx.Client, add_cards: AddCards) -> None:
    add_cards(4)
    for rating in (1, 2, 3, 4):
        shown = following(client)["card"]
        promised = shown["intervals"][rating - 1]["seconds"]
        answer = rate(client, shown["id"], rating, version=shown["schedule"]["version"])
        assert answer.status_code == 201, answer.text
        schedule = answer.json()["schedule"]
        due, last = (
            datetime.fromisoformat(schedule[name]) for name in ("due_at", "last_review_at")
        )
        assert (due - last).total_seconds() == promised
        if rating < 4:  # learning steps come back at once when nothing else is there
            client.post("/reviews/suspend", json={"card_id": shown["id"]}).raise_for_status()


def test_reviewing_to_the_end_of_the_day(client: httpx.Client, add_cards: AddCards) -> None:
    cards = set(add_cards(5))
    done = following(client)["done_today"]
    body = following(client, ahead=10)
    assert {body["card"]["id"], *(item["id"] for item in body["upcoming"])} == cards
    for _ in range(5):
        rate(client, following(client)["card"]["id"], 4).raise_for_status()
    body = following(client)
    assert body["card"] is None
    assert body["next_due_at"] is not None
    assert body["done_today"] == done + 5
    assert body["undo"]["rating"] == 4


def test_two_browsers_rate_one_card(client: httpx.Client, add_cards: AddCards) -> None:
    [card] = add_cards()
    version = following(client)["card"]["schedule"]["version"]
    with ThreadPoolExecutor(8) as many:
        answers = list(
            many.map(lambda n: rate(client, card, 1 + n % 4, version=version, key=f"{card}{n}"),
                     range(8))
        )  # fmt: skip
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert "elsewhere" in refusal(
        next(answer for answer in answers if answer.status_code == 409), 409, "card_changed"
    )
    [counted] = [answer.json() for answer in answers if answer.status_code == 201]
    assert counted["schedule"]["reps"] == 1


def test_an_answer_sent_again_counts_once(client: httpx.Client, add_cards: AddCards) -> None:
    [card] = add_cards()
    with ThreadPoolExecutor(4) as many:
        answers = list(many.map(lambda _: rate(client, card, version=1, key=card), range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert sorted(answer.json()["repeated"] for answer in answers) == [False, True, True, True]
    assert len({answer.json()["review_id"] for answer in answers}) == 1
    refusal(rate(client, card, 1, key=card), 409, "key_reused")
    refusal(rate(client, card, key="x" * 256), 422, "bad_key")


def test_undoing(client: httpx.Client, add_cards: AddCards) -> None:
    [card] = add_cards()
    rated = rate(client, card, 4).json()
    assert following(client)["undo"]["review_id"] == rated["review_id"]
    answer = client.post("/reviews/undo", json={"review_id": rated["review_id"]})
    assert answer.json()["schedule"]["phase"] == "new"
    assert following(client)["card"]["id"] == card
    again = client.post("/reviews/undo", json={"review_id": rated["review_id"]})
    refusal(again, 409, "already_undone")
    refusal(client.post("/reviews/undo", json={"review_id": 2**60}), 404, "review_not_found")


def test_burying_and_suspending(client: httpx.Client, add_cards: AddCards) -> None:
    first, second = add_cards(2)
    assert client.post("/reviews/bury", json={"card_id": first}).json()["buried_until"]
    assert following(client)["card"]["id"] == second
    assert not client.post("/reviews/suspend", json={"card_id": second}).json()["active"]
    assert following(client)["card"] is None
    refusal(rate(client, second), 409, "card_suspended")
    client.post("/reviews/bury", json={"card_id": first, "buried": False}).raise_for_status()
    client.post("/reviews/suspend", json={"card_id": second, "suspended": False})
    assert following(client, ahead=5)["counts"]["new"] == 2


@pytest.mark.parametrize(
    "body",
    [
        {"card_id": "x", "rating": 0},
        {"card_id": "x", "rating": 5},
        {"card_id": "x", "rating": 2.5},
        {"card_id": "x", "rating": 10**30},
        {"card_id": "x", "rating": "good"},
        {"card_id": "x", "rating": 3, "duration_ms": -1},
        {"card_id": "x", "rating": 3, "waited_ms": 10**30},
        {"card_id": "x", "rating": 3, "key": "in the body"},
        {"card_id": None, "rating": 3},
        {"rating": 3},
        [],
    ],
)
def test_nonsense_is_refused(client: httpx.Client, body: Any) -> None:
    answer = client.post("/reviews", json=body)
    assert answer.status_code == 400, answer.text


def test_what_is_not_there_is_404(client: httpx.Client, add_cards: AddCards) -> None:
    for name in ("no-card", "\x00", "é" * 3000):
        refusal(rate(client, name), 404, "card_not_found")
        refusal(client.post("/reviews/bury", json={"card_id": name}), 404, "card_not_found")
    [draft] = add_cards(state="draft")
    refusal(rate(client, draft), 409, "card_draft")
    refusal(client.get("/documents/none/limits"), 404, "document_not_found")
    assert following(client, document_id="none")["card"] is None


def test_settings(client: httpx.Client) -> None:
    before = client.get("/reviews/settings").json()
    assert (before["desired_retention"], before["turn_hour"]) == (0.9, 4)
    changed = client.patch(
        "/reviews/settings",
        json={"desired_retention": 0.85, "time_zone": "Europe/Berlin", "learning_steps": [5]},
    )
    assert changed.status_code == 200, changed.text
    assert changed.json() == client.get("/reviews/settings").json()
    assert changed.json()["learning_steps"] == [5]
    unknown = client.patch("/reviews/settings", json={"time_zone": "Europe/Nowhere"})
    refusal(unknown, 422, "unknown_time_zone")
    client.patch(
        "/reviews/settings",
        json={name: before[name] for name in ("desired_retention", "time_zone", "learning_steps")},
    ).raise_for_status()


@pytest.mark.parametrize(
    "change",
    [
        {"desired_retention": 1.5},
        {"desired_retention": 0.0},
        {"new_per_day": -1},
        {"turn_hour": 24},
        {"learning_steps": [0]},
        {"learning_steps": [1] * 99},
        {"parameters": [1.0]},
        {"nothing": 1},
        {"time_zone": 5},
    ],
)
def test_settings_that_make_no_sense_are_refused(
    client: httpx.Client, change: dict[str, Any]
) -> None:
    before = client.get("/reviews/settings").json()
    assert client.patch("/reviews/settings", json=change).status_code == 400
    assert client.get("/reviews/settings").json() == before


def test_limits_of_a_document(client: httpx.Client, add_cards: AddCards) -> None:
    document = add_text(client, "Cells are small.", "Cells")["id"]
    add_cards(3, document_id=document, page=1)
    address = f"/documents/{document}/limits"
    assert client.get(address).json() == {"new_per_day": None, "reviews_per_day": None}
    assert client.put(address, json={"new_per_day": 2}).status_code == 200
    assert following(client, document_id=document)["counts"]["new"] == 2
    assert client.put(address, json={"new_per_day": -2}).status_code == 400
    client.put(address, json={}).raise_for_status()
    assert following(client, document_id=document)["counts"]["new"] == 3


def test_coverage_of_a_document(client: httpx.Client, add_cards: AddCards) -> None:
    document = add_text(client, "Cells are small. They divide.", "Coverage")["id"]
    address = f"/documents/{document}/coverage"
    body = client.get(address).json()
    assert (body["letters"], body["uncovered"]) == ("n", [{"first": 1, "last": 1}])
    add_cards(document_id=document, page=1, state="draft")
    assert client.get(address).json()["pages"][0]["state"] == "drafts"
    add_cards(document_id=document, page=1)
    assert client.get(address).json()["counts"]["learning"] == 1
    refusal(client.get("/documents/none/coverage"), 404, "document_not_found")


def test_statistics(client: httpx.Client, add_cards: AddCards) -> None:
    before = client.get("/reviews/stats").json()
    [card] = add_cards()
    rate(client, card, 4, duration_ms=3000).raise_for_status()
    after = client.get("/reviews/stats", params={"past": 7, "ahead": 14}).json()
    assert (len(after["days"]), len(after["forecast"])) == (7, 14)
    assert after["days"][-1]["ratings"] == before["days"][-1]["ratings"] + 1
    assert after["seconds"] == before["seconds"] + 3
    assert client.get("/reviews/stats", params={"past": 0}).status_code == 400
    assert client.get("/reviews/stats", params={"ahead": 10**9}).status_code == 400


def test_the_calendar_has_a_secret_address(client: httpx.Client, add_cards: AddCards) -> None:
    [card] = add_cards()
    rate(client, card, 4).raise_for_status()
    path = client.post("/reviews/calendar").json()["calendar"]
    assert client.get("/reviews/settings").json()["calendar"] == path
    answer = client.get(path)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.text.startswith("BEGIN:VCALENDAR")
    assert "to review" in answer.text
    assert "/app/review" in answer.text
    renewed = client.post("/reviews/calendar").json()["calendar"]
    refusal(client.get(path), 404, "calendar_not_found")
    assert client.get(renewed).status_code == 200
    for wrong in (renewed[:-4], f"{renewed}x", "/reviews/calendar/.ics", "/reviews/calendar/x"):
        refusal(client.get(wrong), 404, "calendar_not_found")


def test_an_anki_package_over_http(client: httpx.Client, add_cards: AddCards) -> None:
    model = genanki.Model(1, "m", fields=[{"name": "F"}, {"name": "B"}],
                          templates=[{"name": "c", "qfmt": "{{F}}", "afmt": "{{B}}"}])  # fmt: skip
    deck = genanki.Deck(2, "d")
    deck.add_note(genanki.Note(model, ["From <i>Anki</i>", "yes"], tags=["mine"]))
    file = io.BytesIO()
    genanki.Package(deck).write_to_file(file)
    address = "/flashcards/import/anki"
    done = {"added": 1, "here": 0, "scheduled": 0, "skipped": 0}
    assert client.post(address, content=file.getvalue()).json() == done
    again = client.post(address, files={"file": ("deck.apkg", file.getvalue())})
    assert again.json() == {**done, "added": 0, "here": 1}
    assert following(client)["card"]["front_html"] == "<p>From <em>Anki</em></p>"
    refusal(client.post(address, content=b"no zip"), 422, "not_a_package")
    refusal(client.post(address, files={"other": b"x"}), 400, "file_missing")
    elsewhere = client.post(address, params={"document_id": "none"}, content=file.getvalue())
    refusal(elsewhere, 404, "document_not_found")


def test_fitting_needs_a_log(client: httpx.Client) -> None:
    assert "400 are needed" in refusal(client.post("/reviews/fit"), 409, "too_few_ratings")
