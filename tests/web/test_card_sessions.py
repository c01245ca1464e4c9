"""Asking for cards over HTTP: the whole job, its money, cancelling, retrying, a killed server."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from job_layer import wait_for
from model_server import Asked, ModelServer, Said, refuse, write_cards
from server_process import ServerProcess, Start, add_pdf, add_text, refusal, upload
from textbooks import sentence, textbook

QUEUE = "/queue/flashcard-generation/jobs"


def settings(model: ModelServer) -> dict[str, str]:
    return {
        "llm": "openai:card-writer",
        "llm_url": model.url,
        "llm_concurrency": "3",
        "llm_input_price": "1",
        "llm_output_price": "4",
    }


@pytest.fixture(scope="module")
def shared_model() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def model(shared_model: ModelServer) -> Iterator[ModelServer]:
    """The model, which behaves unless the test says otherwise."""
    shared_model.asked.clear()
    yield shared_model
    shared_model.behaviour = write_cards


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, shared_model: ModelServer
) -> Iterator[ServerProcess]:
    running = ServerProcess(tmp_path_factory.mktemp("cards"), settings(shared_model))
    running.start()
    yield running
    running.kill()
    assert "request failed" not in running.log, "some request met something unexpected"


@pytest.fixture
def client(service: ServerProcess) -> Iterator[httpx.Client]:
    with service.client() as opened:
        yield opened


@pytest.fixture
def book(client: httpx.Client, word: str) -> dict[str, Any]:
    """A document of six sections that no other test has."""
    return add_pdf(client, f"{word}.pdf", textbook(6, about=word))


def ask(client: httpx.Client, book: dict[str, Any], **wishes: Any) -> dict[str, Any]:
    """Asks for cards; returns the session."""
    body = {"count": 12, "kinds": ["cloze"], **wishes}
    answer = client.post(f"/pdfs/{book['pdf_id']}/flashcards", json=body)
    assert answer.status_code == 202, answer.text
    session: dict[str, Any] = answer.json()["session"]
    return session


def look(client: httpx.Client, session: dict[str, Any]) -> dict[str, Any]:
    answer = client.get(f"/sessions/{session['id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ended(client: httpx.Client, session: dict[str, Any]) -> dict[str, Any]:
    """The session once its job has ended."""
    with client.stream("GET", f"{QUEUE}/{session['job']['id']}/events") as stream:
        stream.read()
    return look(client, session)


class Gate:
    """Lets a model answer a number of requests, and holds the others."""

    def __init__(self, model: ModelServer, free: int) -> None:
        self._free = threading.Semaphore(free)
        self._open = threading.Event()
        model.behaviour = self._hold

    def _hold(self, asked: Asked) -> Said:
        if not self._free.acquire(blocking=False):
            self._open.wait(30)
        return write_cards(asked)

    def open(self) -> None:
        self._open.set()


def test_cards_of_a_pdf_from_the_request_to_the_receipt(
    client: httpx.Client, model: ModelServer, word: str
) -> None:
    added = upload(client, "book.pdf", textbook(6, about=word)).json()
    pdf = added["pdf"]["id"]
    body = {"prompt": "About nature.", "count": 12, "kinds": ["cloze"]}
    headers = {"Idempotency-Key": f"cards-{word}"}

    first = client.post(f"/pdfs/{pdf}/flashcards", json=body, headers=headers)
    again = client.post(f"/pdfs/{pdf}/flashcards", json=body, headers=headers)
    other = client.post(f"/pdfs/{pdf}/flashcards", json={"count": 3}, headers=headers)

    assert first.status_code == again.status_code == 202
    assert again.json() == first.json()
    refusal(other, 409, "idempotency_key_reused")
    session, job = first.json()["session"], first.json()["job"]
    assert job["queue"] == "flashcard-generation"
    with client.stream("GET", f"{QUEUE}/{job['id']}/events") as stream:
        events = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    assert events[-1]["state"] == "completed"
    progress = [event["progress"] for event in events]
    assert progress == sorted(progress)
    assert {10, 90, 100} <= set(progress)

    made = look(client, session)
    assert made["status"] == "COMPLETED"
    assert made["windows"] == {"total": 6, "waiting": 0, "done": 6, "failed": 0}
    assert made["cards"]["draft"] == 12
    assert made["receipt"]["cost"] > 0
    assert len(model.asked) == 6
    assert all("About nature." in asked.text for asked in model.asked)
    cards = client.get("/flashcards", params={"session_id": session["id"]}).json()["items"]
    assert len(cards) == 12
    for card in cards:
        page = client.get(
            f"/documents/{session['document_id']}/pages/{card['source']['page']}"
        ).json()
        assert card["source"]["quote"] in " ".join(page["text"].split())
        assert card["source"]["rectangles"]
    listed = client.get(f"/documents/{session['document_id']}/sessions").json()
    assert [item["id"] for item in listed["items"]] == [session["id"]]
    usage = client.get("/usage").json()
    assert usage["models"][0]["model"] == "openai:card-writer"
    assert usage["total"]["calls"] >= 6
    assert usage["cost"] >= made["receipt"]["cost"]
    assert client.get("/usage", params={"since": "2999-01-01"}).json()["models"] == []


def test_cards_of_a_text(client: httpx.Client, model: ModelServer, word: str) -> None:
    document = add_text(client, f"{sentence(3, word)} {sentence(4, word)}")

    answer = client.post(f"/documents/{document['id']}/flashcards", json={"kinds": ["cloze"]})

    made = ended(client, answer.json()["session"])
    assert made["status"] == "COMPLETED"
    assert made["cards"]["draft"] >= 1


def test_cards_without_a_model(client: httpx.Client, model: ModelServer, word: str) -> None:
    added = upload(client, "book.pdf", textbook(6, about=word)).json()

    answer = client.post(f"/pdfs/{added['pdf']['id']}/flashcards", json={"model": "builtin"})

    made = ended(client, answer.json()["session"])
    assert made["status"] == "COMPLETED"
    assert made["cards"]["draft"] > 0
    assert made["usage"] == {"calls": 0, "input_tokens": 0, "output_tokens": 0}
    assert model.asked == []


def test_a_model_that_cannot_be_had_is_told_by_the_status(
    start: Start, client: httpx.Client, model: ModelServer
) -> None:
    assert client.get("/health/ready").json()["parts"]["language_model"]["ok"]
    broken = start(settings={"llm": "openai:card-writer"})

    ready = httpx.get(f"{broken.url}/health/ready", timeout=30)

    assert ready.status_code == 200
    part = ready.json()["parts"]["language_model"]
    assert not part["ok"]
    assert "STUDYQ_LLM_URL" in part["next_step"]


def test_an_estimate_makes_nothing(
    client: httpx.Client, model: ModelServer, book: dict[str, Any]
) -> None:
    answer = client.post(
        f"/pdfs/{book['pdf_id']}/flashcards", params={"estimate": True}, json={"count": 12}
    )

    assert answer.status_code == 200
    told = answer.json()
    assert (told["model"], told["cap"]) == ("openai:card-writer", 500_000)
    assert told["estimate"]["known"]
    assert told["estimate"]["calls"] == 6
    assert told["estimate"]["cost"] > 0
    assert client.get(f"/documents/{book['id']}/sessions").json()["items"] == []
    assert model.asked == []


def test_cancelling_ends_calls_in_flight_within_two_seconds(
    client: httpx.Client, model: ModelServer, book: dict[str, Any]
) -> None:
    gate = Gate(model, free=2)
    session = ask(client, book)
    wait_for(lambda: look(client, session)["windows"]["done"] == 2, "two windows")
    wait_for(lambda: model.at_once == 3, "three calls in flight")
    begun = time.monotonic()

    assert client.delete(f"{QUEUE}/{session['job']['id']}").is_success
    cancelled = ended(client, session)

    assert time.monotonic() - begun < 2
    assert cancelled["status"] == "CANCELLED"
    assert cancelled["cards"]["draft"] == 4
    gate.open()
    again = client.post(f"/sessions/{session['id']}/retry")
    assert again.status_code == 202, again.text
    made = ended(client, again.json()["session"])
    assert made["status"] == "COMPLETED"
    assert made["cards"]["draft"] == 12
    asked = Counter("".join(each.passages.values()) for each in model.asked)
    assert sorted(asked.values()) == [1, 1, 1, 2, 2, 2]


def test_failed_windows_are_listed_and_retried_alone(
    client: httpx.Client, model: ModelServer, book: dict[str, Any]
) -> None:
    def fail_for_one(asked: Asked) -> Said:
        if "barnacle" in asked.text:
            return refuse(400, "context_length_exceeded", "This is too long.")
        return write_cards(asked)

    model.behaviour = fail_for_one
    made = ended(client, ask(client, book))
    assert made["status"] == "COMPLETED"
    (failed,) = made["failed_windows"]
    assert failed["pages"] == [1, 1]
    assert "This is too long" in failed["error"]["message"]
    refusal(client.post(f"/sessions/{'0' * 36}/retry"), 404, "session_not_found")

    model.behaviour = write_cards
    again = client.post(f"/sessions/{made['id']}/retry").json()["session"]
    assert ended(client, again)["failed_windows"] == []

    refusal(client.post(f"/sessions/{made['id']}/retry"), 422, "nothing_to_retry")
    assert len(model.asked) == 7


@pytest.mark.parametrize(
    "body",
    [
        {"count": 0},
        {"count": -1},
        {"count": 501},
        {"count": 10**30},
        {"count": 1.5},
        {"count": "NaN"},
        {"kinds": []},
        {"kinds": ["essay"]},
        {"kinds": ["cloze"] * 4},
        {"pages": [0, 1]},
        {"pages": [1]},
        {"pages": [1, 10**30]},
        {"prompt": "x" * 2001},
        {"model": "x" * 201},
        {"colour": "red"},
        [],
        "cards",
    ],
    ids=repr,
)
def test_nonsense_is_refused(client: httpx.Client, book: dict[str, Any], body: Any) -> None:
    refusal(client.post(f"/pdfs/{book['pdf_id']}/flashcards", json=body), 400, "bad_request")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"model": "llm:no-such-model"}, "unknown_model"),
        ({"model": "gpt-4o"}, "unknown_model"),
        ({"model": "\u0000"}, "unknown_model"),
        ({"sections": ["No such section"]}, "section_not_found"),
        ({"sections": ["\u0000"]}, "section_not_found"),
        ({"pages": [5, 7]}, "page_not_found"),
        ({"pages": [3, 2]}, "bad_pages"),
    ],
    ids=repr,
)
def test_what_is_not_there_is_refused(
    client: httpx.Client, book: dict[str, Any], body: Any, code: str
) -> None:
    refusal(client.post(f"/pdfs/{book['pdf_id']}/flashcards", json=body), 422, code)


@pytest.mark.parametrize(
    "text", ["\u0000", "a\ud800b", "\u202e\ufffe", "<b>x</b>{{c1::y}}"], ids=ascii
)
def test_any_wish_can_be_made(
    client: httpx.Client, model: ModelServer, book: dict[str, Any], text: str
) -> None:
    body = json.dumps({"prompt": text, "count": 1, "kinds": ["cloze"]})

    answer = client.post(f"/pdfs/{book['pdf_id']}/flashcards", content=body)

    assert answer.status_code in (202, 400), answer.text
    if answer.status_code == 202:
        made = ended(client, answer.json()["session"])
        assert made["status"] == "COMPLETED", made["error"]


def test_documents_that_cannot_give_cards_are_refused(client: httpx.Client, word: str) -> None:
    broken = upload(client, f"{word}.pdf", b"%PDF-1.4 " + word.encode()).json()
    with client.stream("GET", f"/queue/pdf-ingestion/jobs/{broken['job']['id']}/events") as stream:
        stream.read()

    failed = client.post(f"/pdfs/{broken['pdf']['id']}/flashcards", json={})

    assert "could not be read" in refusal(failed, 422, "document_failed")
    for path in ("/pdfs/nothing/flashcards", "/documents/nothing/flashcards"):
        code = "pdf_not_found" if path.startswith("/pdfs") else "document_not_found"
        refusal(client.post(path, json={}), 404, code)
    refusal(client.get("/documents/nothing/sessions"), 404, "document_not_found")
    refusal(client.get("/sessions/nothing"), 404, "session_not_found")


def test_a_killed_server_pays_for_no_window_twice(
    start: Start, model: ModelServer, tmp_path: Path, word: str
) -> None:
    server = start(settings=settings(model))
    with server.client() as client:
        book = add_pdf(client, "book.pdf", textbook(12, about=word))
        Gate(model, free=4)
        session = ask(client, book, count=24)
        wait_for(lambda: look(client, session)["windows"]["done"] == 4, "four windows")
        wait_for(lambda: model.at_once == 3, "three calls in flight")
    server.kill()
    in_flight = {"".join(each.passages.values()) for each in model.asked[4:]}
    assert len(in_flight) == 3
    model.behaviour = write_cards

    server.start()

    with server.client() as client:
        made = ended(client, session)
    assert made["status"] == "COMPLETED"
    assert made["windows"]["done"] == 12
    assert made["cards"]["draft"] == 24
    asked = Counter("".join(each.passages.values()) for each in model.asked)
    assert {text for text, times in asked.items() if times > 1} == in_flight
    assert sum(asked.values()) == 12 + 3
    assert made["usage"]["calls"] == 12
