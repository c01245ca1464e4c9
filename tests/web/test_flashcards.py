"""Cards over HTTP: made by hand, listed, edited, decided on; and everything that is refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from server_process import add_pdf, add_text, refusal


@pytest.fixture
def document(client: httpx.Client, pdf: bytes) -> dict[str, Any]:
    return add_pdf(client, "cells.pdf", pdf)


def make(client: httpx.Client, front: str, back: str = "Yes, it is.", **more: Any) -> Any:
    answer = client.post("/flashcards", json={"front": front, "back": back, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def listed(client: httpx.Client, **query: Any) -> list[str]:
    answer = client.get("/flashcards", params=query)
    assert answer.status_code == 200, answer.text
    return [card["id"] for card in answer.json()["items"]]


def post(client: httpx.Client, action: str, **body: Any) -> Any:
    answer = client.post(f"/flashcards/{action}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestMaking:
    def test_with_the_words_selected_on_a_page(
        self, client: httpx.Client, document: dict[str, Any], word: str
    ) -> None:
        source = {
            "document_id": document["id"],
            "page": 2,
            "quote": f"osmosis MOVES  water through\nthe {word}",
        }
        card = make(
            client, "What does osmosis move?", "Water", source=source, tags=["cell biology", "x"]
        )
        assert card["source"]["quote"] == f"Osmosis moves water through the {word}"
        assert card["source"]["title"] == f"About {word}"
        assert card["source"]["page_label"] == "2"
        (place,) = card["source"]["rectangles"]
        assert place["page"] == 2
        assert 0 < place["x0"] < place["x1"]
        assert (card["state"], card["origin"], card["version"]) == ("approved", "manual", 1)
        assert card["tags"] == ["cell_biology", "x"]
        assert client.get(f"/flashcards/{card['id']}").json() == {**card, "advice": []}

    def test_without_a_source(self, client: httpx.Client, word: str) -> None:
        card = make(client, f"What is {word}?", "A word")
        assert card["source"]["document_id"] is None
        assert card["front_html"] == f"<p>What is {word}?</p>"

    def test_cloze_takes_its_answer_from_its_front(self, client: httpx.Client, word: str) -> None:
        card = make(client, f"The {{{{c1::**{word}**}}}} lives.", "", kind="cloze")
        assert card["back"] == f"**{word}**"
        assert word not in card["front_html"]
        assert f"<strong>{word}</strong>" in card["back_html"]

    def test_choice_has_one_right_option(self, client: httpx.Client, word: str) -> None:
        options = [f"{word} a", f"{word} b", f"{word} c"]
        card = make(client, "Which?", "", kind="choice", options=options, correct_index=1)
        assert (card["back"], card["correct_index"]) == (options[1], 1)
        again = make(client, f"Which {word}?", options[2], kind="choice", options=options)
        assert again["correct_index"] == 2

    def test_gives_advice_and_leaves_the_decision(self, client: httpx.Client, word: str) -> None:
        card = make(client, f"Is {word} a word?", "Yes")
        assert any("yes or no" in sentence for sentence in card["advice"])

    def test_the_same_card_twice_is_marked(self, client: httpx.Client, word: str) -> None:
        first = make(client, f"What is {word}?", "A word.")
        second = make(client, f"what is **{word}**", "a word")
        third = make(client, f"What is {word} ?", "A word")
        assert first["duplicate_of"] is None
        assert third["duplicate_of"]["id"] == first["id"]
        assert third["duplicate_of"]["front_html"] == first["front_html"]
        assert listed(client, q=word, duplicates=False)[-1] == first["id"]
        assert third["id"] in listed(client, q=word, duplicates=True)
        edited = client.patch(f"/flashcards/{third['id']}", json={"back": "Another answer"}).json()
        assert edited["duplicate_of"] is None
        assert second["id"]

    def test_sent_again_with_its_key_makes_no_second(self, client: httpx.Client, word: str) -> None:
        body = {"front": f"What is {word}?", "back": "A word."}
        headers = {"Idempotency-Key": word}
        ids = {
            client.post("/flashcards", json=body, headers=headers).json()["id"] for _ in range(2)
        }
        assert len(ids) == 1
        other = client.post("/flashcards", json={**body, "back": "x"}, headers=headers)
        refusal(other, 409, "idempotency_key_reused")

    def test_of_markup_is_harmless(self, client: httpx.Client, word: str) -> None:
        text = f"<script>alert('{word}')</script> [x](javascript:alert(1)) \\(x<y\\)"
        card = make(client, text, "<img src=x onerror=alert(1)>")
        assert card["front"] == text
        assert "<script" not in card["front_html"]
        assert "javascript:" not in card["front_html"].replace("[x](javascript:alert(1))", "")
        assert "<math" in card["front_html"]
        assert "<img" not in card["back_html"]

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"front": "", "back": "x"}, "card_empty"),
            ({"front": "What?", "back": " \u200b\n "}, "card_empty"),
            ({"front": "&nbsp;", "back": "x"}, "card_empty"),
            ({"front": "\x00", "back": "x"}, "card_empty"),
            ({"front": "No deletion", "kind": "cloze"}, "card_no_deletion"),
            ({"front": "{{c1::All}}", "kind": "cloze"}, "card_nothing_left"),
            ({"front": "Q", "back": "d", "kind": "choice", "options": ["a", "b", "c"]},
             "card_key_not_an_option"),
            ({"front": "Q", "back": "a", "kind": "choice", "options": ["a", "A", "b"]},
             "card_options_equal"),
            ({"front": "Q", "kind": "choice", "options": ["a", "b", "c"], "correct_index": 3},
             "correct_index_out_of_range"),
            ({"front": "Q", "kind": "choice", "options": ["a", "b", "c"], "correct_index": -1},
             "correct_index_out_of_range"),
            ({"front": "Q", "back": "a", "options": ["a"]}, "options_unwanted"),
            ({"front": "Q" * 10_001, "back": "x"}, "card_too_long"),
            ({"front": "Q", "back": "x", "tags": ["t" * 101]}, "tag_too_long"),
            ({"front": "Q", "back": "x", "tags": [str(n) for n in range(51)]}, "too_many_tags"),
        ],
    )  # fmt: skip
    def test_of_what_is_no_card_is_refused(
        self, client: httpx.Client, body: dict[str, Any], code: str
    ) -> None:
        refusal(client.post("/flashcards", json=body), 422, code)

    def test_with_a_quote_that_is_not_there_is_refused(
        self, client: httpx.Client, document: dict[str, Any]
    ) -> None:
        def send(**source: Any) -> httpx.Response:
            body = {"front": "Q", "back": "A", "source": {"document_id": document["id"], **source}}
            return client.post("/flashcards", json=body)

        said = refusal(send(page=1, quote="These words stand nowhere."), 422, "quote_not_found")
        assert "page 1" in said
        assert "leave the quote out" in said
        refusal(send(quote="Every word"), 422, "page_missing")
        refusal(send(page=3), 404, "page_not_found")
        refusal(send(page=0), 400, "bad_request")
        refusal(send(page=10**30), 400, "bad_request")
        refusal(send(document_id="nope", page=1), 404, "document_not_found")
        assert send().status_code == 201, "a document without a page will do"

    def test_keeps_a_quote_of_a_text_without_rectangles(
        self, client: httpx.Client, word: str
    ) -> None:
        text = add_text(client, f"Here {word} is explained at length.")
        source = {"document_id": text["id"], "page": 1, "quote": f"{word} is explained"}
        card = make(client, f"What is done to {word}?", "It is explained", source=source)
        assert card["source"]["rectangles"] == []
        assert card["source"]["quote"] == f"{word} is explained"


class TestEditing:
    def test_keeps_what_was_said_before(self, client: httpx.Client, word: str) -> None:
        card = make(client, f"What is {word}?", "A word", tags=["one"])
        path = f"/flashcards/{card['id']}"
        edited = client.patch(path, json={"back": "A long word", "version": 1}).json()
        assert (edited["back"], edited["version"], edited["guid"]) == (
            "A long word", 2, card["guid"],
        )  # fmt: skip
        client.patch(path, json={"tags": ["two"], "version": 2}).raise_for_status()
        same = client.patch(path, json={"front": card["front"], "tags": ["two"]}).json()
        assert same["version"] == 3, "an edit that changes nothing is none"
        items = client.get(f"{path}/history").json()["items"]
        assert [(item["version"], item["back"], item["tags"]) for item in items] == [
            (2, "A long word", ["one"]),
            (1, "A word", ["one"]),
        ]

    def test_of_an_older_version_is_told(self, client: httpx.Client, word: str) -> None:
        card = make(client, f"What is {word}?", "A word")
        path = f"/flashcards/{card['id']}"
        client.patch(path, json={"back": "First", "version": 1}).raise_for_status()
        said = refusal(
            client.patch(path, json={"back": "Second", "version": 1}), 409, "card_changed"
        )
        assert "version 2" in said
        assert client.get(path).json()["back"] == "First"

    @pytest.mark.parametrize("change", [{"front": ""}, {"back": "  "}, {"front": "\u200b\x00"}])
    def test_to_nothing_loses_nothing(
        self, client: httpx.Client, word: str, change: dict[str, str]
    ) -> None:
        card = make(client, f"What is {word}?", "A word")
        path = f"/flashcards/{card['id']}"
        refusal(client.patch(path, json=change), 422, "card_empty")
        now = client.get(path).json()
        assert (now["front"], now["back"], now["version"]) == (card["front"], "A word", 1)
        assert client.get(f"{path}/history").json()["items"] == []

    def test_into_another_kind_and_back(self, client: httpx.Client, word: str) -> None:
        card = make(client, f"What is {word}?", "A word")
        path = f"/flashcards/{card['id']}"
        cloze = client.patch(path, json={"kind": "cloze", "front": f"{{{{c1::{word}}}}} is a word"})
        assert cloze.json()["back"] == word
        choice = {"kind": "choice", "options": ["a", "b", "c"], "correct_index": 0}
        assert client.patch(path, json={**choice, "front": "Q"}).json()["back"] == "a"
        reordered = client.patch(path, json={"options": ["c", "b", "a"]}).json()
        assert (reordered["back"], reordered["correct_index"]) == ("a", 2)
        basic = client.patch(path, json={"kind": "basic", "back": "answer"}).json()
        assert basic["options"] == []

    @pytest.mark.parametrize(
        "body", [{"state": "approved"}, {"front": 1}, {"options": "abc"}, {"version": "x"}, []]
    )
    def test_takes_nothing_else(self, client: httpx.Client, word: str, body: Any) -> None:
        card = make(client, f"What is {word}?", "A word")
        refusal(client.patch(f"/flashcards/{card['id']}", json=body), 400, "bad_request")


class TestDeciding:
    def test_one_many_and_all_of_a_filter(self, client: httpx.Client, word: str) -> None:
        drafts = [
            make(client, f"{word} {n}?", f"Answer {n}", state="draft", tags=[word])["id"]
            for n in range(5)
        ]
        first = post(client, "approve", ids=[drafts[0]])
        assert first == {"changed": [{"id": drafts[0], "before": "draft"}], "missing": []}
        assert post(client, "approve", ids=[drafts[0]])["changed"] == [], "once is enough"
        post(client, "reject", ids=[drafts[1]], reason="  not\nasked for ")
        rejected = client.get(f"/flashcards/{drafts[1]}").json()
        assert (rejected["state"], rejected["reject_reason"]) == ("rejected", "not asked for")
        many = post(client, "approve", filter={"tag": word})
        assert [change["id"] for change in many["changed"]] == drafts[2:], "not the rejected one"
        post(client, "suspend", ids=[drafts[2]])
        counts = client.get("/flashcards", params={"tag": word}).json()["counts"]
        assert counts == {"draft": 0, "approved": 3, "suspended": 1, "rejected": 1}
        undone = post(client, "restore", ids=[drafts[1], "gone"])
        assert undone == {"changed": [{"id": drafts[1], "before": "rejected"}], "missing": ["gone"]}
        assert client.get(f"/flashcards/{drafts[1]}").json()["reject_reason"] is None
        assert len(post(client, "delete", filter={"tag": word})["changed"]) == 5
        assert listed(client, tag=word) == []

    def test_tags_of_many(self, client: httpx.Client, word: str) -> None:
        ids = [make(client, f"{word} {n}?", "x", tags=["old", word])["id"] for n in range(3)]
        assert post(client, "tags", ids=ids, add=["new tag"], remove=["old"]) == {"changed": 3}
        assert post(client, "tags", ids=ids, add=["new tag"]) == {"changed": 0}
        assert client.get(f"/flashcards/{ids[0]}").json()["tags"] == [word, "new_tag"]
        assert set(listed(client, tag="new_tag", q=word)) == set(ids)

    def test_deleting_one(self, client: httpx.Client, word: str) -> None:
        first = make(client, f"What is {word}?", "A word")
        second = make(client, f"What is {word}?", "A word")
        client.patch(f"/flashcards/{first['id']}", json={"tags": ["x"]}).raise_for_status()
        assert client.delete(f"/flashcards/{first['id']}").status_code == 204
        refusal(client.delete(f"/flashcards/{first['id']}"), 404, "card_not_found")
        assert client.get(f"/flashcards/{second['id']}").json()["duplicate_of"] is None

    @pytest.mark.parametrize(
        "action", ["approve", "reject", "suspend", "restore", "delete", "tags"]
    )
    def test_of_nothing_is_refused(self, client: httpx.Client, action: str) -> None:
        path = f"/flashcards/{action}"
        refusal(client.post(path, json={}), 422, "nothing_selected")
        refusal(client.post(path, json={"ids": ["none"]}), 404, "card_not_found")
        refusal(client.post(path, json={"ids": "none"}), 400, "bad_request")
        refusal(client.post(path, json={"filter": {"state": "odd"}}), 400, "bad_request")
        refusal(client.post(path, json={"ids": ["x"] * 10_001}), 400, "bad_request")

    def test_for_a_very_long_reason_is_refused(self, client: httpx.Client, word: str) -> None:
        card = make(client, f"What is {word}?", "A word")
        body = {"ids": [card["id"]], "reason": "x" * 501}
        refusal(client.post("/flashcards/reject", json=body), 422, "reason_too_long")


class TestLists:
    @pytest.mark.parametrize("order", ["newest", "oldest", "page"])
    def test_go_on_by_cursor_without_gap_or_repetition(
        self, client: httpx.Client, document: dict[str, Any], word: str, order: str
    ) -> None:
        made = [
            make(client, f"{word} {n}?", "x", source={"document_id": document["id"], "page": page})
            for n, page in enumerate([2, 1, 2, 1, 2])
        ]
        ids = [card["id"] for card in made]
        expected = {
            "newest": ids[::-1],
            "oldest": ids,
            "page": [ids[1], ids[3], ids[0], ids[2], ids[4]],
        }[order]
        seen: list[str] = []
        path: str | None = f"/flashcards?document_id={document['id']}&order={order}&limit=2"
        while path:
            answer = client.get(path).json()
            seen += [card["id"] for card in answer["items"]]
            path = answer["next"]
        assert seen == expected
        assert listed(client, document_id=document["id"], page=1, order="oldest") == [
            ids[1],
            ids[3],
        ]

    def test_find_words_of_any_case_and_nothing_is_syntax(
        self, client: httpx.Client, word: str
    ) -> None:
        card = make(client, f"ÜBER {word} 100%_?", "Äpfel")
        for q in (word.upper(), f"über {word}", "äpfel", "100%_", f"{word} 100%"):
            assert card["id"] in listed(client, q=q), q
        assert listed(client, q=f"{word}_100") == []
        assert listed(client, q=f"%{word}%") == []

    @pytest.mark.parametrize(
        "query",
        ["limit=0", "limit=201", "state=odd", "kind=essay", "page=0", "page=x", "order=random",
         "duplicates=maybe", "page=" + "9" * 5000],
    )  # fmt: skip
    def test_refuse_nonsense(self, client: httpx.Client, query: str) -> None:
        refusal(client.get(f"/flashcards?{query}"), 400, "bad_request")

    @pytest.mark.parametrize("cursor", ["", "%00", "zzz", "%FF%FE", "1.", "9" * 300, "' OR 1=1 --"])
    def test_take_any_cursor_and_any_words(self, client: httpx.Client, cursor: str) -> None:
        for order in ("newest", "page"):
            assert client.get(f"/flashcards?order={order}&cursor={cursor}").status_code == 200
        assert client.get(f"/flashcards?q={cursor}&tag={cursor}").status_code == 200

    @pytest.mark.parametrize("card_id", ["nope", "%00", "%F0%9F%98%80", "a" * 5000, "1'--"])
    def test_unknown_cards_are_not_found(self, client: httpx.Client, card_id: str) -> None:
        path = f"/flashcards/{card_id}"
        refusal(client.get(path), 404, "card_not_found")
        refusal(client.get(f"{path}/history"), 404, "card_not_found")
        refusal(client.patch(path, json={"front": "x"}), 404, "card_not_found")
        refusal(client.delete(path), 404, "card_not_found")


def test_cards_outlive_their_document(
    client: httpx.Client, document: dict[str, Any], word: str
) -> None:
    source = {"document_id": document["id"], "page": 2, "quote": "Osmosis moves water"}
    card = make(client, f"What does osmosis do to {word}?", "It moves water", source=source)
    client.delete(f"/documents/{document['id']}").raise_for_status()
    kept = client.get(f"/flashcards/{card['id']}").json()
    assert kept["source"]["document_id"] is None
    assert kept["source"]["title"] == f"About {word}"
    assert kept["source"]["quote"] == "Osmosis moves water"
