"""Documents: from text, renamed, deleted, listed; their pages and originals."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from pdf_files import Page, make_pdf, make_scanned_page
from server_process import (
    ServerProcess,
    add_pdf,
    add_text,
    document_end,
    job_end,
    refusal,
    search,
    upload,
)
from stored import count_rows

UNKNOWN = [
    "nope",
    "01a20b7d-0000-7000-8000-000000000000",
    "%00",
    "%F0%9F%98%80",
    "a" * 5000,
    "1'--",
]


class TestTexts:
    def test_become_pages_that_can_be_found(self, client: httpx.Client, word: str) -> None:
        text = f"Chapter one.\n\nNothing here.\fChapter two tells of {word}."
        document = add_text(client, text, title="Two chapters")
        assert document["status"] == "COMPLETED"
        assert document["source"] == "text"
        assert (document["title"], document["page_count"]) == ("Two chapters", 2)
        assert document["pdf_id"] is None
        (hit,) = search(client, word)
        assert (hit["document_id"], hit["page_to"]) == (document["id"], 2)
        assert hit["rectangles"] == []

    @pytest.mark.parametrize("text", ["", "   \n\f\t ", "\x00\x00"])
    def test_without_words_are_refused(self, client: httpx.Client, text: str) -> None:
        refusal(client.post("/documents", json={"text": text}), 422, "empty_text")

    @pytest.mark.parametrize(
        ("text", "title", "shown"),
        [
            ("The first line\nand the second.", "", "The first line and the second."),
            ("\f\fAfter empty pages.", "", "After empty pages."),
            ("Text.", "  A \x00 title\nof\u202e lines ", "A title of lines"),
            ("Text.", "t" * 5000, "t" * 500),
        ],
    )
    def test_get_a_title_of_one_line(
        self, client: httpx.Client, text: str, title: str, shown: str
    ) -> None:
        assert add_text(client, text, title=title)["title"] == shown

    def test_of_letters_that_cannot_be_shown_have_a_title_all_the_same(
        self, client: httpx.Client
    ) -> None:
        answer = client.post("/documents", json={"text": "\u200b\u200e"})
        assert answer.status_code in (202, 422)
        if answer.status_code == 202:
            assert answer.json()["document"]["title"]

    def test_may_hold_any_letters(self, client: httpx.Client, word: str) -> None:
        text = f"NUL\x00 inside, emoji 👩‍👩‍👧, العربية, 光合作用 and {word} \U0010ffff."
        document = add_text(client, text)
        page = client.get(f"/documents/{document['id']}/pages/1").json()
        assert page["text"] == text.replace("\x00", "")
        assert len(search(client, word)) == 1

    def test_have_no_original_and_no_images(self, client: httpx.Client, word: str) -> None:
        document = add_text(client, f"Only a text about {word}.")
        refusal(client.get(f"/documents/{document['id']}/pages/1/image"), 404, "no_image")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"null",
            b"[]",
            b'"text"',
            b'{"title": "no text"}',
            b'{"text": 5}',
            b'{"text": "a", "surprise": 1}',
            b'{"text": "\\ud800"}',
            b'{"text": "\xff"}',
            b'{"text": NaN}',
            b"[" * 100_000,
            b'{"text":' * 50_000,
            b"{" + b'"a":1,' * 1000 + b"}",
        ],
    )
    def test_in_malformed_json_are_refused(self, client: httpx.Client, body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        answer = client.post("/documents", content=body, headers=headers)
        refusal(answer, 400, answer.json()["code"])

    def test_beyond_the_limit_are_refused(self, client: httpx.Client) -> None:
        body = b'{"text": "' + b"a" * (65 * 1024 * 1024) + b'"}'
        headers = {"Content-Type": "application/json"}
        answer = client.post("/documents", content=body, headers=headers)
        refusal(answer, 413, answer.json()["code"])
        long = client.post("/documents", json={"text": "a " * 10_000_001})
        refusal(long, 422, "too_long")

    def test_of_very_many_pages_are_refused(self, client: httpx.Client) -> None:
        refusal(client.post("/documents", json={"text": "a\f" * 200_000}), 422, "too_many_pages")


class TestRenaming:
    def test_shows_and_finds_the_new_title(self, client: httpx.Client, word: str) -> None:
        document = add_text(client, f"A text about {word}.", title="Before")
        path = f"/documents/{document['id']}"
        answer = client.patch(path, json={"title": "  After\n it \x07"})
        assert answer.status_code == 200
        assert answer.json()["title"] == client.get(path).json()["title"] == "After it"
        assert search(client, word)[0]["title"] == "After it"
        client.patch(path, json={"title": f"On zq{word}"}).raise_for_status()
        assert [hit["document_id"] for hit in search(client, f"zq{word}")] == [document["id"]]
        client.patch(path, json={"title": "Something else"}).raise_for_status()
        assert search(client, f"zq{word}") == []

    @pytest.mark.parametrize("title", ["", "   ", "\x00\x01", "\u200b\u202e"])
    def test_to_nothing_is_refused(self, client: httpx.Client, word: str, title: str) -> None:
        document = add_text(client, f"A text about {word}.", title="Stays")
        path = f"/documents/{document['id']}"
        refusal(client.patch(path, json={"title": title}), 422, "empty_title")
        assert client.get(path).json()["title"] == "Stays"

    def test_to_something_long_is_cut(self, client: httpx.Client, word: str) -> None:
        document = add_text(client, f"A text about {word}.")
        answer = client.patch(f"/documents/{document['id']}", json={"title": "ä" * 10_000})
        assert answer.json()["title"] == "ä" * 500

    @pytest.mark.parametrize("body", [{}, {"title": None}, {"title": 1}, {"status": "COMPLETED"}])
    def test_takes_nothing_but_a_title(
        self, client: httpx.Client, word: str, body: dict[str, Any]
    ) -> None:
        document = add_text(client, f"A text about {word}.")
        refusal(client.patch(f"/documents/{document['id']}", json=body), 400, "bad_request")


class TestDeleting:
    def test_takes_rows_words_and_the_file_away(
        self, client: httpx.Client, server: ServerProcess, pdf: bytes, word: str
    ) -> None:
        document = add_pdf(client, "cells.pdf", pdf)
        assert document["sha256"] in server.originals
        assert client.delete(f"/documents/{document['id']}").status_code == 204
        assert search(client, word) == []
        assert document["sha256"] not in server.originals
        assert set(count_rows(server.data, document["id"]).values()) == {0}
        refusal(client.get(f"/documents/{document['id']}"), 404, "document_not_found")
        refusal(client.get(f"/pdfs/{document['pdf_id']}/file"), 404, "pdf_not_found")
        refusal(client.delete(f"/documents/{document['id']}"), 404, "document_not_found")
        again = add_pdf(client, "cells.pdf", pdf)
        assert again["id"] != document["id"]
        assert len(search(client, word)) == 2

    def test_works_by_the_pdf_too(self, client: httpx.Client, pdf: bytes) -> None:
        document = add_pdf(client, "cells.pdf", pdf)
        assert client.delete(f"/pdfs/{document['pdf_id']}").status_code == 204
        refusal(client.get(f"/documents/{document['id']}"), 404, "document_not_found")
        refusal(client.delete(f"/pdfs/{document['pdf_id']}"), 404, "pdf_not_found")

    def test_of_a_failed_one(self, client: httpx.Client, server: ServerProcess, word: str) -> None:
        document = add_pdf(client, "scan.pdf", make_pdf([make_scanned_page()], title=word))
        assert document["status"] == "FAILED"
        assert client.delete(f"/documents/{document['id']}").status_code == 204
        assert document["sha256"] not in server.originals


class TestLists:
    def test_go_on_by_cursor_without_gap_or_repetition(
        self, client: httpx.Client, word: str
    ) -> None:
        added = [upload(client, f"{n}.pdf", make_pdf([f"{word} {n}"])).json() for n in range(5)]
        for item in added:
            document_end(client, item)
        for address, kind in (("/documents", "document"), ("/pdfs", "pdf")):
            newest = [item[kind]["id"] for item in reversed(added)]
            seen: list[str] = []
            path: str | None = f"{address}?limit=2"
            while path and len(seen) < 5:
                answer = client.get(path).json()
                seen += [item["id"] for item in answer["items"]]
                path = answer["next"]
            assert seen[:5] == newest

    def test_end_with_null(self, client: httpx.Client) -> None:
        path: str | None = "/documents?limit=200"
        pages = 0
        while path:
            path = client.get(path).json()["next"]
            pages += 1
        assert pages < 10

    def test_by_status(self, client: httpx.Client, word: str) -> None:
        good = add_text(client, f"A text about {word}.")
        bad = add_pdf(client, "scan.pdf", make_pdf([make_scanned_page()], title=word))
        shown = {
            status: {item["id"] for item in client.get("/documents", params=query).json()["items"]}
            for status in ("all", "completed", "needs_attention", "processing")
            for query in [{"status": status}]
        }
        assert good["id"] in shown["all"] & shown["completed"]
        assert bad["id"] in shown["all"] & shown["needs_attention"]
        assert not {good["id"], bad["id"]} & shown["processing"]

    @pytest.mark.parametrize(
        "query",
        ["limit=0", "limit=201", "limit=x", "limit=-1", "limit=" + "9" * 5000, "status=odd"],
    )
    def test_refuse_nonsense(self, client: httpx.Client, query: str) -> None:
        refusal(client.get(f"/documents?{query}"), 400, "bad_request")

    @pytest.mark.parametrize("cursor", ["", "%00", "zzz", "%FF%FE", "' OR 1=1 --", "9" * 3000])
    def test_take_any_cursor(self, client: httpx.Client, cursor: str) -> None:
        for path in ("/documents", "/pdfs", "/queue/pdf-ingestion/jobs"):
            assert client.get(f"{path}?cursor={cursor}").status_code == 200


class TestPages:
    def test_have_label_text_and_size(self, client: httpx.Client, word: str) -> None:
        pages: list[str | Page] = [
            f"Preface {word}",
            Page(lines=[f"Wide {word}"], media_box=(0, 0, 842, 595)),
            "",
            make_scanned_page(),
        ]
        labels = "0 << /S /r >> 1 << /S /D /St 5 >>"
        document = add_pdf(client, "kinds.pdf", make_pdf(pages, labels=labels))
        path = f"/documents/{document['id']}/pages"
        shown = [client.get(f"{path}/{number}").json() for number in (1, 2, 3, 4)]
        assert [page["label"] for page in shown] == ["i", "5", "6", "7"]
        assert [page["kind"] for page in shown] == ["text", "text", "empty", "scanned"]
        assert [page["index"] for page in shown] == [1, 2, 3, 4]
        assert (shown[1]["width"], shown[1]["height"]) == (842, 595)
        assert shown[0]["text"] == f"Preface {word}"
        assert document["page_kinds"] == "ttes"
        assert document["pages"] == {"text": 2, "empty": 1, "scanned": 1, "unreadable": 0}
        assert {hit["page_label"] for hit in search(client, word)} <= {"i", "5"}

    def test_beyond_the_last_are_not_found(self, client: httpx.Client, word: str) -> None:
        path = f"/documents/{add_text(client, f'One page of {word}.')['id']}/pages"
        refusal(client.get(f"{path}/2"), 404, "page_not_found")

    @pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999", "1.5", "x", "9" * 5000])
    def test_of_impossible_numbers(self, client: httpx.Client, word: str, number: str) -> None:
        path = f"/documents/{add_text(client, f'One page of {word}.')['id']}/pages/{number}"
        for address in (path, path + "/image"):
            answer = client.get(address)
            assert answer.status_code in (400, 404)
            refusal(answer, answer.status_code, answer.json()["code"])


class TestOriginals:
    def test_come_back_as_they_were_and_run_nothing(self, client: httpx.Client, pdf: bytes) -> None:
        document = add_pdf(client, 'Zellen "ä"; x=1.pdf', pdf)
        answer = client.get(f"/pdfs/{document['pdf_id']}/file")
        assert answer.content == pdf
        assert answer.headers["content-type"] == "application/pdf"
        disposition = answer.headers["content-disposition"]
        assert disposition.startswith("attachment; filename*=UTF-8''Zellen%20")
        assert disposition.endswith(".pdf")
        assert '"' not in disposition
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["content-length"] == str(len(pdf))

    def test_that_are_lost_are_told_so(
        self, client: httpx.Client, server: ServerProcess, pdf: bytes
    ) -> None:
        document = add_pdf(client, "lost.pdf", pdf)
        digest = document["sha256"]
        (server.data / "files" / digest[:2] / digest).unlink()
        refusal(client.get(f"/pdfs/{document['pdf_id']}/file"), 404, "original_missing")
        image = client.get(f"/documents/{document['id']}/pages/1/image")
        refusal(image, 404, "original_missing")


@pytest.mark.parametrize("unknown", UNKNOWN)
def test_unknown_ids_are_not_found(client: httpx.Client, unknown: str) -> None:
    document, pdf = f"/documents/{unknown}", f"/pdfs/{unknown}"
    refusal(client.get(document), 404, "document_not_found")
    refusal(client.patch(document, json={"title": "x"}), 404, "document_not_found")
    refusal(client.delete(document), 404, "document_not_found")
    refusal(client.post(f"{document}/reprocess"), 404, "document_not_found")
    refusal(client.get(f"{document}/pages/1"), 404, "document_not_found")
    refusal(client.get(f"{document}/pages/1/image"), 404, "document_not_found")
    refusal(client.get(pdf), 404, "pdf_not_found")
    refusal(client.get(f"{pdf}/file"), 404, "pdf_not_found")
    refusal(client.delete(pdf), 404, "pdf_not_found")


def test_a_title_inside_a_pdf_is_shown_as_one_plain_line(client: httpx.Client, word: str) -> None:
    title = f"  Tab\t and \x00 NUL \u202e{word}\n" + "x" * 2000
    document = add_pdf(client, "t.pdf", make_pdf([f"Text {word}."], title=title))
    assert document["title"].startswith("Tab and")
    assert document["title"].isprintable()
    assert len(document["title"]) <= 500


def test_a_job_of_a_deleted_document_can_still_be_looked_at(
    client: httpx.Client, pdf: bytes
) -> None:
    added = upload(client, "a.pdf", pdf).json()
    job = job_end(client, added["job"]["id"])
    client.delete(f"/documents/{added['document']['id']}")
    assert client.get(f"/queue/pdf-ingestion/jobs/{job['id']}").json() == job
