"""Uploads: what is taken, once, whatever it is called."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from pdf_files import make_pdf
from server_process import QUEUE, ServerProcess, add_pdf, job_end, refusal, search, upload


def test_an_upload_is_accepted_with_its_pdf_document_and_job(
    client: httpx.Client, server: ServerProcess, pdf: bytes
) -> None:
    answer = upload(client, "cells.pdf", pdf)
    assert answer.status_code == 202
    added = answer.json()
    digest = hashlib.sha256(pdf).hexdigest()
    assert added["pdf"]["filename"] == added["document"]["filename"] == "cells.pdf"
    assert (added["pdf"]["sha256"], added["pdf"]["size"]) == (digest, len(pdf))
    assert added["pdf"]["document_id"] == added["document"]["id"]
    assert added["document"]["status"] == "PENDING"
    assert added["job"]["queue"] == "pdf-ingestion"
    assert added["job"]["document_id"] == added["document"]["id"]
    assert digest in server.originals
    job = job_end(client, added["job"]["id"])
    assert (job["state"], job["progress"], job["error"]) == ("completed", 100, None)
    assert job["result"]["pages_read"] == 2


def test_what_was_uploaded_is_found_on_its_page(
    client: httpx.Client, pdf: bytes, word: str
) -> None:
    document = add_pdf(client, "cells.pdf", pdf)
    assert document["status"] == "COMPLETED"
    assert document["title"] == f"About {word}"
    assert document["page_kinds"] == "tt"
    assert document["receipt"]["pages"] == 2
    assert {hit["page_from"] for hit in search(client, word)} == {1, 2}


def test_a_raw_body_is_taken_under_the_name_in_the_path(client: httpx.Client, pdf: bytes) -> None:
    answer = client.put("/pdfs/my%20book%20%C3%A4.pdf", content=pdf)
    assert answer.status_code == 202
    assert answer.json()["pdf"]["filename"] == "my book ä.pdf"
    assert job_end(client, answer.json()["job"]["id"])["state"] == "completed"


def test_a_name_with_control_characters_in_the_path_is_shown_without_them(
    client: httpx.Client, pdf: bytes
) -> None:
    answer = client.put("/pdfs/a%00b%0D%0Ac%7F%C2%85.pdf", content=pdf)
    assert answer.status_code == 202
    assert answer.json()["pdf"]["filename"] == "a b c .pdf"


def test_a_chunked_body_without_a_length_is_taken(client: httpx.Client, pdf: bytes) -> None:
    pieces = (pdf[start : start + 100] for start in range(0, len(pdf), 100))
    answer = client.put("/pdfs/pieces.pdf", content=pieces)
    assert answer.status_code == 202
    assert answer.json()["pdf"]["size"] == len(pdf)


def test_many_at_once_are_all_read(client: httpx.Client, word: str) -> None:
    def add(number: int) -> str:
        content = make_pdf([f"The {word} of number {number}."])
        return str(add_pdf(client, f"{number}.pdf", content)["status"])

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(add, range(6))) == {"COMPLETED"}
    assert len({hit["document_id"] for hit in search(client, word)}) == 6


def test_the_same_content_again_answers_with_what_is_there(
    client: httpx.Client, pdf: bytes
) -> None:
    document = add_pdf(client, "first.pdf", pdf)
    again = upload(client, "second.pdf", pdf)
    assert again.status_code == 200
    assert again.json()["document"] == {
        key: value for key, value in document.items() if key != "outline"
    }
    assert again.json()["pdf"]["id"] == document["pdf_id"]
    assert again.json()["pdf"]["filename"] == "first.pdf"
    assert again.json()["job"] == document["job"]
    assert again.json()["job"]["state"] == "completed"


def test_the_same_content_many_times_at_once_becomes_one_document(
    client: httpx.Client, pdf: bytes
) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: upload(client, "same.pdf", pdf), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [202]
    assert len({answer.json()["document"]["id"] for answer in answers}) == 1


class TestIdempotencyKey:
    def test_replays_the_same_job_and_answer(
        self, client: httpx.Client, pdf: bytes, word: str
    ) -> None:
        first = upload(client, "one.pdf", pdf, key=word)
        job_end(client, first.json()["job"]["id"])
        again = upload(client, "one.pdf", pdf, key=word)
        assert (again.status_code, again.json()) == (first.status_code, first.json())

    def test_of_another_upload_is_refused(
        self, client: httpx.Client, pdf: bytes, word: str
    ) -> None:
        upload(client, "one.pdf", pdf, key=word)
        other = make_pdf([f"Something else about {word}."])
        refusal(upload(client, "two.pdf", other, key=word), 409, "idempotency_key_reused")
        text = client.post("/documents", json={"text": word}, headers={"Idempotency-Key": word})
        refusal(text, 409, "idempotency_key_reused")
        assert search(client, "something") == [] or "two.pdf" not in {
            hit["filename"] for hit in search(client, "something")
        }

    @pytest.mark.parametrize("key", ["", "k" * 256])
    def test_of_an_impossible_length_is_refused(
        self, client: httpx.Client, pdf: bytes, key: str
    ) -> None:
        answer = client.put("/pdfs/a.pdf", content=pdf, headers={"Idempotency-Key": key})
        refusal(answer, 400, "bad_idempotency_key")

    def test_sent_by_many_at_once_makes_one_job(
        self, client: httpx.Client, pdf: bytes, word: str
    ) -> None:
        with ThreadPoolExecutor(6) as threads:
            answers = list(threads.map(lambda _: upload(client, "a.pdf", pdf, key=word), range(6)))
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.json()["job"]["id"] for answer in answers}) == 1

    def test_of_a_text_replays_its_document(self, client: httpx.Client, word: str) -> None:
        headers = {"Idempotency-Key": word}
        body = {"text": f"A text about {word}."}
        first, again = (client.post("/documents", json=body, headers=headers) for _ in range(2))
        assert first.status_code == again.status_code == 202
        assert first.json()["document"]["id"] == again.json()["document"]["id"]

    def test_of_another_text_is_refused(self, client: httpx.Client, word: str) -> None:
        headers = {"Idempotency-Key": word}
        client.post("/documents", json={"text": f"One text about {word}."}, headers=headers)
        other = client.post("/documents", json={"text": f"Other text {word}."}, headers=headers)
        refusal(other, 409, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("spaces  and (brackets) [x] & more.pdf", "spaces and (brackets) [x] & more.pdf"),
        ("..\\..\\windows\\system.pdf", "system.pdf"),
        ("../../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\books\\cells.pdf", "cells.pdf"),
        ("/abs/olute.pdf", "olute.pdf"),
        ("ö" * 300 + ".pdf", "ö" * 196 + ".pdf"),
        ("NO_EXTENSION", "NO_EXTENSION"),
        ("-rf.pdf", "-rf.pdf"),
        ("semi;colon=1.pdf", "semi;colon=1.pdf"),
        ("e\u0301.pdf", "é.pdf"),
        ("\u202efdp.exe.pdf", "fdp.exe.pdf"),
        ("\ufeffbom.pdf", "bom.pdf"),
        ("family👩\u200d👩\u200d👧.pdf", "family👩\u200d👩\u200d👧.pdf"),
        ("<script>alert(1)</script>.pdf", "script>.pdf"),
        ("gs://bucket/cloud.pdf", "cloud.pdf"),
        ("..", "document"),
        (" ", "document"),
        ("cr\r\nX-Injected: 1.pdf", None),
        ("quote\"`$(id)'.pdf", None),
    ],
)
def test_whatever_a_file_is_called_it_is_read_and_shown_plainly(
    client: httpx.Client, server: ServerProcess, word: str, sent: str, shown: str | None
) -> None:
    before = set(server.data.parent.rglob("*"))
    content = make_pdf([f"Under some name: {word}."])
    answer = upload(client, sent, content)
    assert answer.status_code == 202, answer.text
    name = answer.json()["pdf"]["filename"]
    if shown is not None:
        assert name == shown
    assert name.isprintable() or "\u200d" in name
    assert job_end(client, answer.json()["job"]["id"])["state"] == "completed"
    download = client.get(f"/pdfs/{answer.json()['pdf']['id']}/file")
    assert download.content == content
    assert "x-injected" not in download.headers
    made = {path.name for path in set(server.data.parent.rglob("*")) - before if path.is_file()}
    assert made <= {hashlib.sha256(content).hexdigest(), "studyq.db-wal", "studyq.db-shm"}


def test_a_job_tells_nothing_that_is_not_about_it(client: httpx.Client, pdf: bytes) -> None:
    job_id = upload(client, "a.pdf", pdf).json()["job"]["id"]
    job = job_end(client, job_id)
    assert client.get(f"{QUEUE}/{job_id}").json() == job
    assert not {"payload", "token", "worker_id", "user_id", "checkpoint"} & set(job)
