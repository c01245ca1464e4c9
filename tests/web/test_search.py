"""Search over HTTP: nothing one types is syntax, and every result leads to its place."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from held_model import Model
from pdf_files import make_pdf
from server_process import ServerProcess, add_pdf, add_text, refusal, search, upload

ODD = [
    '"', '""', "'", "*", "a*", "(", ")", "()", "-", "--", "+", "^", ":", "title:x", "AND", "OR",
    "NOT", "NEAR", "NEAR(a b, 2)", "a AND", "AND b", '"unclosed', "a OR OR b", "{a}", "[b]",
    "col : val", "'; DROP TABLE chunks; --", "%", "_", "\\", "\\\\", "a\x00b", "\x00", "\ufeff",
    "\u202e", "😀", "👩\u200d👩\u200d👧", "é" + "\u0301" * 500, "ﷺ", "光合作用", "مرحبا", "क्षि",
    "the", "is it", "?", "!!!", "\n\t", "\ud7ff", "\U0010ffff", "x" * 10_000, "ab " * 3_333,
    '" ' * 2_000, "(" * 5_000, "1" * 3_000,
]  # fmt: skip


@pytest.fixture(scope="module")
def shelf(server: ServerProcess) -> Iterator[tuple[httpx.Client, str, dict[str, Any]]]:
    """Three documents on one word, one of them with a printed page number."""
    word = "s" + uuid.uuid4().hex[:12]
    long = " ".join(f"Sentence {n} tells of many things." for n in range(30))
    with server.client() as client:
        book = add_pdf(
            client,
            "book.pdf",
            make_pdf(
                [
                    ["Nothing is on the first page."],
                    [f"The {word} of photosynthesis", "turns light into sugar."],
                    [f"Roots drink water, and a {word} sleeps."],
                ],
                title="Botany",
                outline=[("Front", 1, 1), ("Light", 2, 1), ("Water", 3, 1)],
                labels="0 << /S /r >> 1 << /S /D >>",
            ),
        )
        add_text(client, f"{long} The {word} hides here. {long}", title="Long")
        add_text(client, f"A {word} is a {word}.", title="Short")
        yield client, word, book


def test_each_result_leads_to_its_place(
    shelf: tuple[httpx.Client, str, dict[str, Any]],
) -> None:
    client, word, book = shelf
    (hit,) = search(client, f"{word} photosynthesis light", document_id=book["id"], limit=1)
    assert (hit["document_id"], hit["filename"], hit["title"]) == (
        book["id"], "book.pdf", "Botany",
    )  # fmt: skip
    assert (hit["page_from"], hit["page_to"], hit["page_label"]) == (2, 2, "1")
    assert hit["section"] == "Light"
    assert f"The {word} of photosynthesis turns light into sugar." in hit["text"]
    page = client.get(f"/documents/{book['id']}/pages/2").json()
    assert len(hit["rectangles"]) == 2
    for box in hit["rectangles"]:
        assert box["page"] == 2
        assert 0 <= box["x0"] < box["x1"] <= page["width"]
        assert 0 <= box["y0"] < box["y1"] <= page["height"]
    assert hit["scores"]["words"] > 0
    assert hit["scores"]["meaning"] is None


def test_the_first_page_is_page_one(shelf: tuple[httpx.Client, str, dict[str, Any]]) -> None:
    client, _, book = shelf
    (hit,) = search(client, "nothing first page", document_id=book["id"], limit=1)
    assert (hit["page_from"], hit["page_label"]) == (1, "i")


def test_marks_stand_on_the_words_asked_for(
    shelf: tuple[httpx.Client, str, dict[str, Any]],
) -> None:
    client, word, _ = shelf
    for hit in search(client, f"{word} hides"):
        assert hit["marks"]
        for start, end in hit["marks"]:
            assert 0 <= start < end <= len(hit["snippet"])
            assert hit["snippet"][start:end].lower() in (word, "hides")
        plain = hit["snippet"].strip("…")
        assert plain in hit["text"]
        assert len(hit["snippet"]) <= 300


def test_scores_fall(shelf: tuple[httpx.Client, str, dict[str, Any]]) -> None:
    client, word, _ = shelf
    scores = [hit["score"] for hit in search(client, word)]
    assert len(scores) == 4
    assert scores == sorted(scores, reverse=True)


def test_one_document_alone_can_be_asked(
    shelf: tuple[httpx.Client, str, dict[str, Any]],
) -> None:
    client, word, book = shelf
    assert {hit["document_id"] for hit in search(client, word, document_id=book["id"])} == {
        book["id"]
    }
    for unknown in ("nope", "%00", "a" * 1000):
        answer = client.get(f"/search?q={word}&document_id={unknown}")
        refusal(answer, 404, "document_not_found")


def test_results_go_on_page_by_page(shelf: tuple[httpx.Client, str, dict[str, Any]]) -> None:
    client, word, _ = shelf
    whole = [hit["chunk_id"] for hit in search(client, word)]
    seen: list[int] = []
    path: str | None = f"/search?q={word}&limit=1&mode=words"
    while path:
        answer = client.get(path).json()
        seen += [hit["chunk_id"] for hit in answer["results"]]
        path = answer["next"]
    assert seen == whole
    assert search(client, word, offset=1000) == []


@pytest.mark.parametrize("query", ODD)
def test_nothing_is_syntax(client: httpx.Client, query: str) -> None:
    answer = client.get("/search", params={"q": query})
    if query.strip():
        assert answer.status_code == 200, answer.text
    else:
        refusal(answer, 400, "empty_query")


@pytest.mark.parametrize(
    "text", ['"{}"', "({})", "{} AND", "-{}", "{}*", "title:{}", "«{}»", "{}?"]
)
def test_a_word_is_found_amid_syntax(
    shelf: tuple[httpx.Client, str, dict[str, Any]], text: str
) -> None:
    client, word, _ = shelf
    hits = search(client, text.format(word))
    assert len([hit for hit in hits if word in hit["text"]]) == 4


@pytest.mark.parametrize("raw", ["q=%FF%FE", "q=%ED%A0%80x", "q=%C0%80", "q=%", "q=%zz"])
def test_bytes_that_are_no_text_are_no_error(client: httpx.Client, raw: str) -> None:
    assert client.get(f"/search?{raw}").status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "bad_request"),
        ("q=", "empty_query"),
        ("q=%20%09", "empty_query"),
        ("q=a&limit=0", "bad_request"),
        ("q=a&limit=101", "bad_request"),
        ("q=a&limit=many", "bad_request"),
        ("q=a&offset=-1", "bad_request"),
        ("q=a&offset=1001", "bad_request"),
        ("q=a&offset=" + "9" * 30, "bad_request"),
        ("q=a&mode=magic", "bad_request"),
    ],
)
def test_impossible_questions_are_refused(client: httpx.Client, query: str, code: str) -> None:
    refusal(client.get(f"/search?{query}"), 400, code)


def test_an_instance_without_a_model_says_so(
    shelf: tuple[httpx.Client, str, dict[str, Any]],
) -> None:
    client, word, _ = shelf
    for mode in ("hybrid", "meaning"):
        answer = client.get("/search", params={"q": word, "mode": mode}).json()
        assert answer["mode"] == "words"
        assert "STUDYQ_EMBEDDING" in answer["notice"]
        assert len(answer["results"]) == 4
    assert client.get("/search", params={"q": word, "mode": "words"}).json()["notice"] is None


def test_a_document_is_found_by_words_before_it_is_embedded(
    held: ServerProcess, model: Model, pdf: bytes, word: str
) -> None:
    model.hold()
    with held.client() as client:
        document_id = upload(client, "cells.pdf", pdf).json()["document"]["id"]
        assert model.asked.wait(30)
        assert client.get(f"/documents/{document_id}").json()["status"] == "PROCESSING"
        assert len(search(client, word, mode="words")) == 2


def test_a_word_of_the_file_name_can_be_asked_in_the_address(
    client: httpx.Client, word: str
) -> None:
    add_text(client, f"Straße und {word}: Größe & Maß + 100%", title="Größen")
    answer = client.get(f"/search?q={quote(f'{word} Größe & 100%')}")
    assert len(answer.json()["results"]) == 1


@pytest.fixture(scope="module")
def zoo(meaning: httpx.Client) -> dict[str, Any]:
    return add_pdf(
        meaning,
        "zoo.pdf",
        make_pdf(
            [
                ["Felines such as lions hunt their prey at night."],
                ["Interest rates rise when the central bank tightens its policy."],
                ["Glaciers carve valleys as the ice moves slowly downhill."],
            ],
            title="Mixed",
            outline=[("One", 1, 1), ("Two", 2, 1), ("Three", 3, 1)],
        ),
    )


class TestMeaning:
    """With the real model."""

    def test_finds_what_shares_no_word(self, meaning: httpx.Client, zoo: dict[str, Any]) -> None:
        assert zoo["receipt"]["warnings"] == []
        answer = meaning.get("/search", params={"q": "big cats", "mode": "meaning"}).json()
        assert (answer["mode"], answer["notice"]) == ("meaning", None)
        assert answer["results"][0]["page_from"] == 1
        assert answer["results"][0]["scores"]["words"] is None
        assert -1 <= answer["results"][0]["scores"]["meaning"] <= 1

    def test_is_joined_with_words(self, meaning: httpx.Client, zoo: dict[str, Any]) -> None:
        answer = meaning.get("/search", params={"q": "money and the central bank"}).json()
        assert answer["mode"] == "hybrid"
        first = answer["results"][0]
        assert first["page_from"] == 2
        assert first["scores"]["words"] > 0
        assert first["scores"]["meaning"] is not None

    @pytest.mark.parametrize("query", ["\x00", "😀", "x" * 10_000, "?!", "the"])
    def test_takes_anything(self, meaning: httpx.Client, zoo: dict[str, Any], query: str) -> None:
        for mode in ("meaning", "hybrid"):
            answer = meaning.get("/search", params={"q": query, "mode": mode})
            assert answer.status_code == 200, answer.text

    def test_deleting_takes_the_vectors_away(
        self, meaning: httpx.Client, zoo: dict[str, Any]
    ) -> None:
        document = add_text(meaning, "Submarines dive under the sea.", title="Boats")
        assert search(meaning, "underwater vessels", mode="meaning")[0]["title"] == "Boats"
        meaning.delete(f"/documents/{document['id']}")
        assert search(meaning, "underwater vessels", mode="meaning")[0]["title"] != "Boats"
