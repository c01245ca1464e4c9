"""Tests made of documents: from approved cards, generated, or both."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest

from living_matter import living_matter
from server_process import add_pdf, job_end, refusal
from studyq.assessment.items import GAP


@pytest.fixture(scope="module")
def document(server: Any) -> dict[str, Any]:
    with server.client() as client:
        return add_pdf(client, "living-matter.pdf", living_matter())


def make(client: httpx.Client, **blueprint: Any) -> dict[str, Any]:
    """Make a test and wait until its items are there."""
    answer = client.post("/tests", json={"blueprint": blueprint})
    assert answer.status_code in (201, 202), answer.text
    made = answer.json()
    if made["job"] is not None:
        end = job_end(client, made["job"]["id"], "flashcard-generation")
        assert end["state"] == "completed", end
    return dict(client.get(f"/tests/{made['test']['id']}").json())


def test_items_are_generated_with_their_pages(
    client: httpx.Client, document: dict[str, Any]
) -> None:
    part = {"document_id": document["id"], "choice": 2, "cloze": 2, "true_false": 2}
    test = make(client, source="generated", model="builtin", parts=[part])
    assert (test["status"], test["title"]) == ("draft", document["title"])
    kinds = Counter(item["kind"] for item in test["items"])
    assert sum(kinds.values()) + sum(test["receipt"]["missing"].values()) == 6
    assert len(test["items"]) >= 4
    assert [item["ordinal"] for item in test["items"]] == list(range(1, len(test["items"]) + 1))
    for item in test["items"]:
        source = item["source"]
        page = client.get(f"/documents/{document['id']}/pages/{source['page']}").json()
        assert " ".join(source["quote"].split()) in " ".join(page["text"].split())
        assert source["rectangles"]
        if item["kind"] == "cloze":
            assert GAP in item["stem"]
            assert item["answer"] not in item["stem"]
        if item["kind"] == "choice":
            assert item["answer"] in item["options"]
    assert client.get("/flashcards", params={"document_id": document["id"]}).json()["items"] == []


def test_approved_cards_come_first_and_learn_from_the_sitting(
    client: httpx.Client, document: dict[str, Any]
) -> None:
    quote = "Mitochondria release the energy that is stored in sugar"
    card = client.post(
        "/flashcards",
        json={
            "kind": "basic", "front": "What do mitochondria release?", "back": "the energy",
            "source": {"document_id": document["id"], "page": 1, "quote": quote},
        },
    )  # fmt: skip
    assert card.status_code == 201, card.text
    card_id = card.json()["id"]
    client.post("/flashcards/approve", json={"ids": [card_id]})
    test = make(client, source="cards", parts=[{"document_id": document["id"], "short": 1}])
    [item] = test["items"]
    assert (item["card_id"], item["answer"]) == (card_id, "the energy")
    assert test["receipt"] == {"from_cards": 1, "generated": 0, "missing": {}}

    client.patch(f"/tests/{test['id']}", json={"status": "ready"})
    sitting = client.post(f"/tests/{test['id']}/sittings", json={}).json()
    path = f"/sittings/{sitting['id']}/responses/{item['id']}"
    client.put(path, json={"answer": "energy"})
    submitted = client.post(f"/sittings/{sitting['id']}/submit").json()
    receipt = job_end(client, submitted["job_id"], "test-analysis")["result"]
    assert (receipt["rated"], receipt["made_due"]) == (1, 0)
    result = client.get(f"/sittings/{sitting['id']}/analysis").json()["result"]
    assert result["items"][0]["grade"] == "right"
    assert result["sections"][0]["enough_evidence"] is False
    client.delete(f"/flashcards/{card_id}")


def test_cards_alone_may_not_be_enough(client: httpx.Client, document: dict[str, Any]) -> None:
    blueprint = {"source": "cards", "parts": [{"document_id": document["id"], "choice": 3}]}
    answer = client.post("/tests", json={"blueprint": blueprint})
    refusal(answer, 422, "no_cards")


@pytest.mark.parametrize(
    ("part", "status", "code"),
    [
        ({"document_id": "nope", "choice": 1}, 404, "document_not_found"),
        ({"choice": 0}, 422, "nothing_wanted"),
        ({"choice": 201}, 400, "bad_request"),
        ({"choice": -1}, 400, "bad_request"),
        ({"choice": 150, "short": 150}, 422, "too_many"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused(
    client: httpx.Client, document: dict[str, Any], part: dict[str, Any], status: int, code: str
) -> None:
    parts = [{"document_id": document["id"], **part}]
    answer = client.post("/tests", json={"blueprint": {"parts": parts}})
    refusal(answer, status, code)


def test_a_section_that_does_not_exist_fails_the_job_with_the_reason(
    client: httpx.Client, document: dict[str, Any]
) -> None:
    part = {"document_id": document["id"], "sections": ["Nowhere"], "choice": 2}
    answer = client.post("/tests", json={"blueprint": {"model": "builtin", "parts": [part]}})
    made = answer.json()
    end = job_end(client, made["job"]["id"], "flashcard-generation")
    assert (end["state"], end["error"]["code"]) == ("failed", "no_items")
    test = client.get(f"/tests/{made['test']['id']}").json()
    assert (test["status"], test["error"]["code"]) == ("failed", "no_items")


def test_the_same_request_makes_one_test(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "once-and-only-once"}
    first = client.post("/tests", json={"title": "One"}, headers=headers).json()
    again = client.post("/tests", json={"title": "One"}, headers=headers).json()
    assert again["test"]["id"] == first["test"]["id"]
