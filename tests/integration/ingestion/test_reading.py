"""What becomes of a PDF's pages: stored with their kinds and labels, and told in a receipt."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdf_files import Page, encrypt_pdf, make_pdf, make_scanned_page, truncate_pdf
from shelf import Shelf, open_shelf
from studyq.jobs.context import Stop
from studyq.pdf.model import PdfLimits


def test_pages_and_receipt_tell_what_was_found(shelf: Shelf) -> None:
    document = shelf.read(
        make_pdf(
            [
                "Preface of a book about cells.",
                make_scanned_page(),
                "",
                "Chapter one tells of membranes.",
                Page(lines=["never seen"], rotten=True),
            ],
            labels="0 << /S /r >> 3 << /S /D >>",
        )
    )
    assert document["status"] == "COMPLETED"
    pages = shelf.pages(document["id"])
    assert [page.index for page in pages] == [1, 2, 3, 4, 5]
    assert [page.label for page in pages] == ["i", "ii", "iii", "1", "2"]
    kinds = [page.kind for page in pages]
    assert kinds[:4] == ["text", "scanned", "empty", "text"]
    receipt = document["receipt"]
    assert receipt["pages"] == 5
    assert receipt["pages_read"] == kinds.count("text")
    assert receipt["pages_empty"] == kinds.count("empty")
    assert receipt["pages_scanned"] == 1
    assert receipt["pages_unreadable"] == kinds.count("unreadable")
    assert receipt["chunks"] == document["chunk_count"] == len(shelf.chunks(document["id"]))
    assert receipt["tokens"] == sum(chunk.token_count for chunk in shelf.chunks(document["id"]))
    assert {"reading", "chunking"} <= set(receipt["seconds"])
    assert all(seconds >= 0 for seconds in receipt["seconds"].values())
    assert shelf.job(document["id"])["result"] == receipt


def test_passages_stand_where_they_say(shelf: Shelf) -> None:
    line = "Sentence {}.{} tells of one thing or another."
    sentences = [[line.format(n, m) for m in range(8)] for n in range(6)]
    document = shelf.read(make_pdf(sentences))
    pages = shelf.pages(document["id"])
    whole = "\n".join(page.text for page in pages)
    for page in pages:
        assert whole[page.offset : page.offset + len(page.text)] == page.text
    chunks = shelf.chunks(document["id"])
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    for chunk in chunks:
        assert " ".join(whole[chunk.start : chunk.end].split()) == chunk.text
        inside = [
            page.index
            for page in pages
            if page.offset < chunk.end and chunk.start < page.offset + len(page.text)
        ]
        assert (chunk.page_from, chunk.page_to) == (inside[0], inside[-1])


def test_outline_sections_are_searched_with_their_text(shelf: Shelf) -> None:
    document = shelf.read(
        make_pdf(
            ["Cells divide.", "Sugar is split."],
            outline=[("Mitosis", 1, 1), ("Glycolysis", 2, 1)],
        )
    )
    assert [chunk.section for chunk in shelf.chunks(document["id"])] == ["Mitosis", "Glycolysis"]
    assert document["outline"] == [
        {"title": "Mitosis", "page": 1, "level": 1},
        {"title": "Glycolysis", "page": 2, "level": 1},
    ]
    (hit,) = shelf.ask("glycolysis").results
    assert (hit["section"], hit["page_from"]) == ("Glycolysis", 2)


@pytest.mark.parametrize(
    ("pages", "words"),
    [
        ([make_scanned_page(), make_scanned_page()], ["2 of its 2", "OCR"]),
        (["", ""], ["2 pages", "OCR"]),
        ([make_scanned_page(), ""], ["1 of its 2", "OCR"]),
    ],
)
def test_a_document_without_text_fails_and_says_what_to_do(
    shelf: Shelf, pages: list[str | Page], words: list[str]
) -> None:
    document = shelf.read(make_pdf(pages))
    assert document["status"] == "FAILED"
    assert document["error"]["code"] == "no_text"
    assert all(word in document["error"]["message"] for word in words)
    assert shelf.job(document["id"])["attempts_made"] == 1
    assert len(document["page_kinds"]) == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (truncate_pdf(make_pdf(["Cut off."] * 4)), "damaged"),
        (b"%PDF-1.7\nand nothing behind it", "damaged"),
        (encrypt_pdf(make_pdf(["Locked."]), user="secret"), "password_required"),
        (make_pdf([]), "no_pages"),
    ],
)
def test_a_file_that_cannot_be_read_fails_at_once(shelf: Shelf, content: bytes, code: str) -> None:
    document = shelf.read(content)
    assert (document["status"], document["error"]["code"]) == ("FAILED", code)
    assert len(document["error"]["message"]) > 30
    assert shelf.job(document["id"])["attempts_made"] == 1
    assert shelf.chunks(document["id"]) == []


def test_too_many_pages_are_refused(tmp_path: Path) -> None:
    with open_shelf(tmp_path, limits=PdfLimits(max_pages=3)) as shelf:
        assert shelf.read(make_pdf(["x"] * 4))["error"]["code"] == "too_many_pages"
        assert shelf.read(make_pdf(["Three pages are right."] * 3))["status"] == "COMPLETED"


def test_a_lost_original_is_tried_again_then_told(shelf: Shelf) -> None:
    document_id = shelf.add_pdf(make_pdf(["Lost."]))
    for key in list(shelf.storage.keys()):
        shelf.storage.delete(key)
    for _ in range(3):
        shelf.work()
        shelf.skip_backoff()
    document = shelf.document(document_id)
    assert (document["status"], document["error"]["code"]) == ("FAILED", "original_missing")
    assert shelf.job(document_id)["attempts_made"] == 3


class TestWindows:
    """Long documents are read and stored 32 pages at a time."""

    content = make_pdf([f"Page number {n} says something of its own." for n in range(1, 71)])

    def test_each_is_committed_with_its_progress(self, shelf: Shelf) -> None:
        document = shelf.read(self.content)
        told = [e for e in shelf.told(document["id"]) if e["detail"].get("stage") == "reading"]
        assert [event["detail"]["page"] for event in told] == [32, 64, 70]
        assert [event["progress"] for event in told] == [19, 28, 30]
        assert told[0]["message"].startswith("Reading page 32 of 70")
        assert told[0]["detail"]["rate"] > 0

    def test_milestones_come_in_order(self, shelf: Shelf) -> None:
        document = shelf.read(self.content)
        told = shelf.told(document["id"])
        progress = [event["progress"] for event in told]
        assert progress == sorted(progress)
        assert {10, 30, 50, 60, 100} <= set(progress)

    def test_a_stopped_job_goes_on_behind_the_last_one(self, shelf: Shelf) -> None:
        document_id = shelf.add_pdf(self.content)
        stopped: list[bool] = []

        def stop_after_the_first(_: object) -> None:
            if len(shelf.pages(document_id)) == 32 and not stopped:
                stopped.append(True)
                shelf.jobs.stop.request(0)

        shelf.database.listen(stop_after_the_first)
        shelf.work()
        assert stopped
        assert len(shelf.pages(document_id)) == 32
        assert shelf.job(document_id)["state"] == "waiting"
        shelf.jobs.stop = Stop()
        shelf.work()
        document = shelf.document(document_id)
        assert document["status"] == "COMPLETED"
        assert [page.index for page in shelf.pages(document_id)] == list(range(1, 71))
        told = [e for e in shelf.told(document_id) if e["detail"].get("stage") == "reading"]
        assert [event["detail"]["page"] for event in told] == [32, 64, 70]
        job = shelf.job(document_id)
        assert (job["state"], job["attempts_made"], job["errors"]) == ("completed", 1, [])
        assert len(shelf.ask("page number 33").results) > 0

    def test_a_stopped_job_gives_the_same_passages(self, shelf: Shelf, tmp_path: Path) -> None:
        whole = shelf.read(self.content)
        expected = [(c.start, c.end, c.text) for c in shelf.chunks(whole["id"])]
        (tmp_path / "stopping").mkdir()
        with open_shelf(tmp_path / "stopping") as stopping:
            document_id = stopping.add_pdf(self.content)

            writes, runs = 0, 0

            def stop_soon(_: object) -> None:
                nonlocal writes
                writes += 1
                if writes == 4 + runs // 4:  # later in later runs, so that it comes to an end
                    stopping.jobs.stop.request(0)

            stopping.database.listen(stop_soon)
            while stopping.job(document_id)["state"] == "waiting" and runs < 30:
                writes, runs = 0, runs + 1
                stopping.jobs.stop = Stop()
                stopping.work()
            assert runs > 3
            assert stopping.document(document_id)["status"] == "COMPLETED"
            found = [(c.start, c.end, c.text) for c in stopping.chunks(document_id)]
            assert found == expected
            assert stopping.count("chunk_words") == len(expected)
