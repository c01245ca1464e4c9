"""Reading again: what is there serves until the new reading is whole, or stays for good."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from embedding_server import answer, json_reply
from held_model import Model, model_settings
from pdf_files import make_pdf
from server_process import (
    ServerProcess,
    Start,
    add_pdf,
    add_text,
    job_end,
    refusal,
    search,
    upload,
)
from stored import count_rows


def reprocess(client: httpx.Client, document_id: str, **body: str) -> dict[str, Any]:
    """Asks for another reading and waits until its job has ended."""
    answer = client.post(f"/documents/{document_id}/reprocess", json=body)
    assert answer.status_code == 202, answer.text
    return job_end(client, answer.json()["job"]["id"])


def passages(client: httpx.Client, word: str) -> list[tuple[int, str]]:
    """Which passages a search shows. Their scores may move: BM25 counts passages being written."""
    return sorted((hit["chunk_id"], hit["text"]) for hit in search(client, word, mode="words"))


def places(client: httpx.Client, word: str) -> list[tuple[int, str]]:
    """What a search for a word shows, but for the ids of the passages."""
    return [(hit["page_from"], hit["text"]) for hit in search(client, word)]


def test_again_gives_the_same(
    client: httpx.Client, server: ServerProcess, pdf: bytes, word: str
) -> None:
    document = add_pdf(client, "cells.pdf", pdf)
    before, rows = places(client, word), count_rows(server.data, document["id"])
    job = reprocess(client, document["id"])
    assert (job["state"], job["trigger"]) == ("completed", "reprocess")
    assert places(client, word) == before
    assert count_rows(server.data, document["id"]) == rows
    assert reprocess(client, document["id"])["state"] == "completed"
    assert places(client, word) == before


def test_a_text_again_gives_the_same(
    client: httpx.Client, server: ServerProcess, word: str
) -> None:
    document = add_text(client, f"Page one of {word}.\fPage two of {word}.", title="Text")
    before, rows = places(client, word), count_rows(server.data, document["id"])
    assert before
    job = reprocess(client, document["id"])
    assert job["state"] == "completed", job["error"]
    assert places(client, word) == before
    assert count_rows(server.data, document["id"]) == rows


def test_without_a_body_reads_everything(client: httpx.Client, pdf: bytes) -> None:
    document = add_pdf(client, "cells.pdf", pdf)
    answer = client.post(f"/documents/{document['id']}/reprocess")
    assert answer.status_code == 202
    assert job_end(client, answer.json()["job"]["id"])["state"] == "completed"


@pytest.mark.parametrize("body", [b"{", b'{"what": "nothing"}', b'{"odd": 1}', b"[]", b'"x"'])
def test_of_nonsense_is_refused(client: httpx.Client, word: str, body: bytes) -> None:
    document = add_text(client, f"A text about {word}.")
    headers = {"Content-Type": "application/json"}
    path = f"/documents/{document['id']}/reprocess"
    refusal(client.post(path, content=body, headers=headers), 400, "bad_request")


def test_the_old_index_serves_until_the_new_one_is_whole(
    held: ServerProcess, model: Model, pdf: bytes, word: str
) -> None:
    with held.client() as client:
        document = add_pdf(client, "cells.pdf", pdf)
        before = passages(client, word)
        model.hold()
        path = f"/documents/{document['id']}"
        job_id = client.post(f"{path}/reprocess").json()["job"]["id"]
        assert model.asked.wait(30)
        # The next generation is written and indexed by now, but for its vectors.
        assert passages(client, word) == before
        assert client.get(path).json()["status"] == "COMPLETED"
        assert client.get(f"{path}/pages/1").status_code == 200
        again = client.post(f"{path}/reprocess").json()["job"]
        assert again["id"] == job_id
        model.release()
        assert job_end(client, job_id)["state"] == "completed"
        after = passages(client, word)
        assert {text for _, text in after} == {text for _, text in before}
        assert {chunk for chunk, _ in after}.isdisjoint(chunk for chunk, _ in before)


def test_one_that_fails_leaves_what_was_there(
    held: ServerProcess, model: Model, pdf: bytes, word: str
) -> None:
    with held.client() as client:
        document = add_pdf(client, "cells.pdf", pdf)
        path = f"/documents/{document['id']}"
        shown = {**client.get(path).json(), "job": None}
        before, rows = passages(client, word), count_rows(held.data, document["id"])
        digest = document["sha256"]
        original = held.data / "files" / digest[:2] / digest
        content = original.read_bytes()
        original.write_bytes(content[: len(content) // 3])
        job = reprocess(client, document["id"])
        assert (job["state"], job["error"]["code"]) == ("failed", "damaged")
        after = {**client.get(path).json(), "job": None}
        assert {**after, "updated_at": None} == {**shown, "updated_at": None}
        assert passages(client, word) == before
        assert count_rows(held.data, document["id"]) == rows
        original.write_bytes(content)
        assert reprocess(client, document["id"])["state"] == "completed"


def test_one_that_is_cancelled_leaves_what_was_there(
    held: ServerProcess, model: Model, pdf: bytes, word: str
) -> None:
    with held.client() as client:
        document = add_pdf(client, "cells.pdf", pdf)
        before, rows = passages(client, word), count_rows(held.data, document["id"])
        model.hold()
        path = f"/documents/{document['id']}"
        job_id = client.post(f"{path}/reprocess").json()["job"]["id"]
        assert model.asked.wait(30)
        client.delete(f"/queue/pdf-ingestion/jobs/{job_id}")
        assert job_end(client, job_id)["state"] == "cancelled"
        model.release()
        assert passages(client, word) == before
        assert count_rows(held.data, document["id"]) == rows
        assert client.get(path).json()["status"] == "COMPLETED"
        assert reprocess(client, document["id"])["state"] == "completed"


def test_one_that_was_cancelled_can_be_retried(
    held: ServerProcess, model: Model, pdf: bytes, word: str
) -> None:
    with held.client() as client:
        document = add_pdf(client, "cells.pdf", pdf)
        before = places(client, word)
        model.hold()
        job_id = client.post(f"/documents/{document['id']}/reprocess").json()["job"]["id"]
        job_path = f"/queue/pdf-ingestion/jobs/{job_id}"
        assert model.asked.wait(30)
        client.delete(job_path)
        assert job_end(client, job_id)["state"] == "cancelled"
        model.release()
        assert client.post(f"{job_path}/retry").status_code == 202
        job = job_end(client, job_id)
        assert job["state"] == "completed", job["error"]
        assert places(client, word) == before


def test_a_first_reading_that_failed_late_can_be_done_again(
    held: ServerProcess, model: Model, pdf: bytes, word: str
) -> None:
    """Its pages and passages are there already when the second job begins."""
    with held.client() as client:
        model.answer = lambda _: json_reply(402, {"error": {"message": "no credit is left"}})
        first = add_pdf(client, "cells.pdf", pdf)
        assert (first["status"], first["error"]["code"]) == ("FAILED", "embedding_exhausted")
        assert first["job"]["attempts_made"] == 1
        model.answer = answer
        job = reprocess(client, first["id"])
        assert job["state"] == "completed", job["error"]
        assert len(search(client, word, mode="words")) == 2
        rows = count_rows(held.data, first["id"])
        assert (rows["pages"], rows["chunks"], rows["chunk_vectors"]) == (2, 2, 2)


def test_a_first_reading_that_was_cancelled_can_be_done_again(
    held: ServerProcess, model: Model, pdf: bytes, word: str
) -> None:
    with held.client() as client:
        for again in ("upload", "reprocess", "retry"):
            content = make_pdf([f"To be cancelled, then {again}: {word}."])
            model.hold()
            added = upload(client, "cells.pdf", content).json()
            job_id, document_id = added["job"]["id"], added["document"]["id"]
            assert model.asked.wait(30)
            client.delete(f"/queue/pdf-ingestion/jobs/{job_id}")
            assert job_end(client, job_id)["state"] == "cancelled"
            model.release()
            document = client.get(f"/documents/{document_id}").json()
            assert (document["status"], document["error"]["code"]) == ("FAILED", "cancelled")
            assert not [hit for hit in search(client, again) if hit["document_id"] == document_id]
            if again == "upload":
                assert add_pdf(client, "cells.pdf", content)["status"] == "COMPLETED"
            elif again == "reprocess":
                assert reprocess(client, document_id)["state"] == "completed"
            else:
                retried = client.post(f"/queue/pdf-ingestion/jobs/{job_id}/retry")
                assert retried.status_code == 202
                assert job_end(client, job_id)["state"] == "completed"
            assert [hit for hit in search(client, again) if hit["document_id"] == document_id]
            assert count_rows(held.data, document_id)["pages"] == 1


def test_embeddings_alone_are_made_and_everything_is_read_again(
    start: Start, model: Model, pdf: bytes, word: str
) -> None:
    held = start(settings=model_settings(model))
    with held.client() as client:
        document = add_pdf(client, "cells.pdf", pdf)
        rows = count_rows(held.data, document["id"])
        assert rows["chunk_vectors"] == rows["chunks"] > 0
        before = passages(client, word)
        asked = len(model.server.requests)
        job = reprocess(client, document["id"], what="embeddings")
        assert job["state"] == "completed", job["error"]
        assert len(model.server.requests) == asked
        assert passages(client, word) == before
        held.kill()
        held.settings["embedding"] = "openai:another"
        held.start()
        job = reprocess(client, document["id"], what="embeddings")
        assert job["state"] == "completed", job["error"]
        assert len(model.server.requests) > asked
        assert passages(client, word) == before
        assert search(client, word, mode="meaning")
        add_text(client, f"A text about {word}.", title="Text")
        add_pdf(client, "broken.pdf", pdf[: len(pdf) // 3])
        found = {text for _, text in passages(client, word)}
        answer = client.post("/documents/reprocess")
        assert answer.status_code == 202
        states = sorted(job_end(client, job)["state"] for job in answer.json()["jobs"])
        assert states == ["completed", "completed", "failed"]
        assert {text for _, text in passages(client, word)} == found
