"""Uploads that are refused: each says why, and leaves nothing behind."""

from __future__ import annotations

import socket

import httpx
import pytest

from pdf_files import make_pdf
from server_process import (
    ServerProcess,
    Start,
    add_pdf,
    job_end,
    refusal,
    search,
    upload,
)

FORM = {"Content-Type": "multipart/form-data; boundary=edge"}


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    """One field of a form."""
    named = f'; filename="{filename}"' if filename else ""
    head = f'--edge\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def send(client: httpx.Client, *parts: bytes, end: bytes = b"--edge--\r\n") -> httpx.Response:
    return client.post("/pdfs", content=b"".join(parts) + end, headers=FORM)


@pytest.fixture(autouse=True)
def nothing_is_left(server: ServerProcess) -> object:
    """Nothing half-written stays, whatever happened."""
    yield
    assert server.scratch == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"<!DOCTYPE html><title>404</title>", "not_a_pdf"),
        (b"PK\x03\x04 a word processor's file", "not_a_pdf"),
        (b"\x00" * 5000 + b"%PDF-1.7", "not_a_pdf"),
    ],
)
def test_what_is_not_a_pdf_is_refused_whatever_its_name(
    client: httpx.Client, server: ServerProcess, content: bytes, code: str
) -> None:
    before = server.originals
    refusal(upload(client, "looks-good.pdf", content), 422, code)
    refusal(client.put("/pdfs/looks-good.pdf", content=content), 422, code)
    assert server.originals == before


def test_a_pdf_by_another_name_is_taken(client: httpx.Client, word: str) -> None:
    content = b"junk before the header\n" + make_pdf([f"Named as a text: {word}."])
    assert add_pdf(client, "notes.txt", content)["status"] == "COMPLETED"


class TestForms:
    def test_without_the_field(self, client: httpx.Client) -> None:
        refusal(send(client, part("pdf", b"%PDF-1.7", "a.pdf")), 400, "file_missing")

    def test_without_anything(self, client: httpx.Client) -> None:
        refusal(send(client), 400, "file_missing")

    def test_with_two_files(self, client: httpx.Client, server: ServerProcess, pdf: bytes) -> None:
        before = server.originals
        two = part("file", pdf, "a.pdf") + part("file", pdf + b"%", "b.pdf")
        refusal(send(client, two), 400, "several_files")
        assert server.originals == before

    def test_with_far_too_many_fields(self, client: httpx.Client) -> None:
        refusal(send(client, *(part(f"f{n}", b"") for n in range(100))), 400, "bad_form")

    def test_with_an_endless_field(self, client: httpx.Client, pdf: bytes) -> None:
        long = part("password", b"p" * 10_000)
        refusal(send(client, long, part("file", pdf, "a.pdf")), 400, "field_too_long")

    def test_cut_off_in_the_middle(
        self, client: httpx.Client, server: ServerProcess, pdf: bytes
    ) -> None:
        before = server.originals
        cut = part("file", pdf, "a.pdf")[: len(pdf) // 2]
        refusal(send(client, cut, end=b""), 400, "bad_form")
        assert server.originals == before

    @pytest.mark.parametrize(
        "kind", ["application/pdf", "multipart/form-data", "text/html; x", "", "multipart/mixed"]
    )
    def test_of_another_kind(self, client: httpx.Client, pdf: bytes, kind: str) -> None:
        answer = client.post("/pdfs", content=pdf, headers={"Content-Type": kind})
        refusal(answer, 400, "not_a_form")

    @pytest.mark.parametrize(
        "body",
        [
            b"--other\r\n\r\n",
            b"--edge\r\nno header at all\r\n\r\nx\r\n--edge--\r\n",
            b"--edge\r\nContent-Disposition: attachment\r\n\r\nx\r\n--edge--\r\n",
            b"--edge\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\nx\r\n--edge--\r\n",
            b"\xff\xfe\x00",
        ],
    )
    def test_that_are_malformed(self, client: httpx.Client, body: bytes) -> None:
        refusal(client.post("/pdfs", content=body, headers=FORM), 400, "bad_form")


class TestSize:
    """The limit of this server is 300,000 bytes."""

    huge = b"%PDF-1.7\n" + b"0" * 400_000

    def test_announced(self, client: httpx.Client) -> None:
        refusal(upload(client, "huge.pdf", self.huge), 413, "too_large")
        refusal(client.put("/pdfs/huge.pdf", content=self.huge), 413, "too_large")

    def test_found_out_while_it_comes(self, client: httpx.Client) -> None:
        pieces = (self.huge[at : at + 50_000] for at in range(0, len(self.huge), 50_000))
        refusal(client.put("/pdfs/huge.pdf", content=pieces), 413, "too_large")

    def test_of_a_form_that_comes_in_pieces(self, client: httpx.Client) -> None:
        form = part("file", self.huge, "huge.pdf") + b"--edge--\r\n"
        pieces = (form[at : at + 50_000] for at in range(0, len(form), 50_000))
        refusal(client.post("/pdfs", content=pieces, headers=FORM), 413, "too_large")

    def test_just_within(self, client: httpx.Client, word: str) -> None:
        content = make_pdf([f"Just small enough: {word}."])
        content += b"%" * (300_000 - len(content))
        assert upload(client, "full.pdf", content).status_code == 202

    def test_of_a_lying_length(self, server: ServerProcess) -> None:
        head = (
            b"PUT /pdfs/a.pdf HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999999\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
            line.sendall(head)
            assert line.recv(100).startswith(b"HTTP/1.1 413")


def test_an_upload_whose_client_goes_away_leaves_nothing(
    client: httpx.Client, server: ServerProcess, word: str
) -> None:
    before = server.originals
    head = b"PUT /pdfs/gone.pdf HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(head + b"%PDF-1.7\n" + b"0" * 50_000)
    add_pdf(client, "after.pdf", make_pdf([f"The next one: {word}."]))
    assert not [hit for hit in search(client, "gone") if hit["filename"] == "gone.pdf"]
    assert len(server.originals - before) == 1


class TestFullDisk:
    def test_below_what_must_stay_free(self, start: Start, pdf: bytes) -> None:
        full = start(settings={"min_free": str(10**18)})
        with full.client() as client:
            refusal(upload(client, "a.pdf", pdf), 507, "storage_full")
            refusal(client.put("/pdfs/a.pdf", content=pdf), 507, "storage_full")
            assert client.get("/documents").json()["items"] == []
            assert client.get("/health/live").status_code == 200
            ready = client.get("/health/ready")
            assert ready.status_code == 503
            assert ready.json()["parts"]["disk"]["next_step"]
        assert full.originals == set()
        assert full.scratch == []

    def test_met_while_writing(self, start: Start, word: str) -> None:
        full = start(file_size=1_500_000)
        small = make_pdf([f"There is room for this {word}."])
        with full.client() as client:
            large = small + b"%" * 3_000_000
            refusal(upload(client, "large.pdf", large), 507, "storage_full")
            refusal(client.put("/pdfs/large.pdf", content=large), 507, "storage_full")
            assert full.originals == set()
            assert full.scratch == []
            assert add_pdf(client, "small.pdf", small)["status"] == "COMPLETED"


def test_a_truncated_pdf_fails_with_a_reason(client: httpx.Client, pdf: bytes) -> None:
    added = upload(client, "cells.pdf", pdf[: len(pdf) // 3]).json()
    job = job_end(client, added["job"]["id"])
    assert job["state"] == "failed"
    assert job["error"]["code"] == "damaged"
    document = client.get(f"/documents/{added['document']['id']}").json()
    assert document["error"] == job["error"]
    assert len(document["error"]["message"]) > 20
