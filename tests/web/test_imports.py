"""Imports from buckets: fetched by the job, and from allowed buckets only."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from bucket_server import BUCKET, BucketServer
from pdf_files import make_pdf
from server_process import ServerProcess, add_pdf, document_end, refusal, search


@pytest.fixture(scope="module")
def buckets() -> Iterator[BucketServer]:
    with BucketServer() as running:
        yield running


@pytest.fixture(scope="module")
def importing(
    tmp_path_factory: pytest.TempPathFactory, buckets: BucketServer
) -> Iterator[ServerProcess]:
    """A server that may import from one bucket, and keeps its originals in it too."""
    running = ServerProcess(
        tmp_path_factory.mktemp("importing"),
        settings={
            "import_buckets": f"{BUCKET}, s3://other-bucket",
            "storage_url": f"gs://{BUCKET}/originals",
            "max_upload": "200000",
        },
        environment=buckets.environment,
    )
    running.start()
    yield running
    running.kill()
    assert "request failed" not in running.log, "some request met something unexpected"


@pytest.fixture
def client(importing: ServerProcess) -> Iterator[httpx.Client]:
    with importing.client() as opened:
        yield opened


def start_import(client: httpx.Client, uri: str, key: str = "") -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/documents/import", json={"uri": uri}, headers=headers)


def test_an_object_becomes_a_document(
    client: httpx.Client, buckets: BucketServer, pdf: bytes, word: str
) -> None:
    uri = buckets.put("books/cells and more ä.pdf", pdf)
    answer = start_import(client, uri)
    assert answer.status_code == 202
    assert answer.json()["pdf"] is None
    assert answer.json()["document"]["filename"] == "cells and more ä.pdf"
    document = document_end(client, answer.json())
    assert document["status"] == "COMPLETED", document["error"]
    assert document["source"] == "uri"
    assert {hit["page_from"] for hit in search(client, word)} == {1, 2}
    assert client.get(f"/pdfs/{document['pdf_id']}/file").content == pdf
    image = client.get(f"/documents/{document['id']}/pages/1/image")
    assert image.content[8:12] == b"WEBP"
    assert client.delete(f"/documents/{document['id']}").status_code == 204
    assert search(client, word) == []


def test_originals_may_live_in_a_bucket(
    client: httpx.Client, importing: ServerProcess, pdf: bytes
) -> None:
    document = add_pdf(client, "cells.pdf", pdf)
    assert document["status"] == "COMPLETED", document["error"]
    assert client.get(f"/pdfs/{document['pdf_id']}/file").content == pdf
    assert importing.originals == set()
    assert importing.scratch == []


def test_the_same_content_as_a_document_says_which(
    client: httpx.Client, buckets: BucketServer, pdf: bytes
) -> None:
    add_pdf(client, "here-already.pdf", pdf)
    document = document_end(client, start_import(client, buckets.put("twin.pdf", pdf)).json())
    assert document["status"] == "FAILED"
    assert document["error"]["code"] == "duplicate"
    assert "here-already.pdf" in document["error"]["message"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<html>not a PDF</html>", "not_a_pdf"),
        (b"%PDF-1.7\n" + b"0" * 300_000, "too_large"),
    ],
)
def test_an_object_that_cannot_be_taken_fails_its_job_with_the_reason(
    client: httpx.Client, buckets: BucketServer, content: bytes, code: str
) -> None:
    uri = buckets.put(f"bad/{code}.pdf", content)
    document = document_end(client, start_import(client, uri).json())
    assert document["error"]["code"] == code
    assert uri in document["error"]["message"]
    assert document["job"]["attempts_made"] == 1


def test_an_object_that_is_not_there_fails_its_job(client: httpx.Client) -> None:
    uri = f"gs://{BUCKET}/nowhere.pdf"
    document = document_end(client, start_import(client, uri).json())
    assert document["error"]["code"] == "object_not_found"
    assert uri in document["error"]["message"]


def test_an_import_can_be_tried_again_when_the_object_is_there(
    client: httpx.Client, buckets: BucketServer, pdf: bytes, word: str
) -> None:
    document = document_end(client, start_import(client, f"gs://{BUCKET}/late-{word}.pdf").json())
    assert document["status"] == "FAILED"
    buckets.put(f"late-{word}.pdf", pdf)
    again = client.post(f"/documents/{document['id']}/reprocess")
    assert document_end(client, {**again.json(), "document": document})["status"] == "COMPLETED"


def test_a_key_replays_the_same_import(client: httpx.Client, buckets: BucketServer) -> None:
    uri = buckets.put("key.pdf", make_pdf(["Imported under a key."]))
    first, again = start_import(client, uri, "import-key"), start_import(client, uri, "import-key")
    assert first.json()["document"]["id"] == again.json()["document"]["id"]
    other = start_import(client, buckets.put("key2.pdf", b"x"), "import-key")
    refusal(other, 409, "idempotency_key_reused")


@pytest.mark.parametrize(
    "uri",
    ["gs://another-bucket/a.pdf", "s3://study-bucket/a.pdf", "gs://study-bucket.evil/a.pdf"],
)
def test_other_buckets_are_refused(client: httpx.Client, uri: str) -> None:
    detail = refusal(start_import(client, uri), 422, "bucket_not_allowed")
    assert "STUDYQ_IMPORT_BUCKETS" in detail


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "a.pdf",
        "/etc/passwd",
        "file:///etc/passwd",
        "local:///etc/passwd",
        "http://127.0.0.1/a.pdf",
        "https://example.org/a.pdf",
        "http://169.254.169.254/latest/meta-data",
        "gs:/etc/passwd",
        "gs://",
        f"gs://{BUCKET}",
        f"gs://{BUCKET}/",
        f"gs://{BUCKET}/../other/a.pdf",
        f"gs://{BUCKET}/a/../../b.pdf",
        f"gs://{BUCKET}/a\x00.pdf",
        f"gs://{BUCKET}/a\n.pdf",
        f"GS://{BUCKET}/a.pdf",
        f"gs://user:pass@{BUCKET}/a.pdf",
        "simplecache::file:///etc/passwd",
        f"simplecache::gs://{BUCKET}/a.pdf",
        f"gs://{BUCKET}/a.pdf::file:///etc/passwd",
        f"zip://a.pdf::gs://{BUCKET}/a.zip",
        "data:application/pdf;base64,AAAA",
        "python-script::x",
        "memory://a.pdf",
        "\udcff".encode("utf-8", "surrogatepass").decode("latin-1"),
        f"gs://{BUCKET}/" + "a" * 5000,
    ],
)
def test_addresses_of_anything_else_are_refused(client: httpx.Client, uri: str) -> None:
    refusal(start_import(client, uri), 422, "bad_uri")


@pytest.mark.parametrize("name", ["a b.pdf", "%2e%2e/x.pdf", "[x]*?.pdf", "ä/👩.pdf", "a#b?c.pdf"])
def test_names_that_buckets_allow_are_fetched_as_they_are(
    client: httpx.Client, buckets: BucketServer, word: str, name: str
) -> None:
    uri = buckets.put(f"{word}/{name}", make_pdf([f"From a bucket: {word}."]))
    document = document_end(client, start_import(client, uri).json())
    assert document["status"] == "COMPLETED", document["error"]


@pytest.mark.parametrize("body", [{}, {"uri": None}, {"uri": 1}, {"uri": "gs://a/b", "x": 1}, []])
def test_odd_bodies_are_refused(client: httpx.Client, body: object) -> None:
    refusal(client.post("/documents/import", json=body), 400, "bad_request")
