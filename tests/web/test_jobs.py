"""Queues and jobs: looked at, cancelled, retried, refused."""

from __future__ import annotations

import httpx
import pytest

from embedding_server import json_reply
from held_model import Model
from pdf_files import make_pdf
from server_process import (
    QUEUE,
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

QUEUES = {"pdf-ingestion", "flashcard-generation", "test-analysis", "notifications"}
UNKNOWN_JOBS = ["nope", "01a20b7d-0000-7000-8000-000000000000", "%00", "%F0%9F%98%80", "a" * 5000]


def test_all_queues_are_there(client: httpx.Client) -> None:
    queues = client.get("/queue").json()["items"]
    assert {queue["name"] for queue in queues} == QUEUES
    for queue in queues:
        shown = client.get(f"/queue/{queue['name']}").json()
        assert shown["paused"] is False
        assert shown["concurrency"] >= 1
        assert set(shown["counts"]) == {
            "waiting", "delayed", "active", "completed", "failed", "cancelled",
        }  # fmt: skip


@pytest.mark.parametrize("queue", ["nope", "PDF-INGESTION", "%00", "q" * 5000, "pdf ingestion"])
def test_an_unknown_queue_is_not_found(client: httpx.Client, queue: str, pdf: bytes) -> None:
    job_id = upload(client, "a.pdf", pdf).json()["job"]["id"]
    refusal(client.get(f"/queue/{queue}"), 404, "queue_not_found")
    refusal(client.get(f"/queue/{queue}/jobs"), 404, "queue_not_found")
    refusal(client.get(f"/queue/{queue}/jobs/{job_id}"), 404, "queue_not_found")
    refusal(client.delete(f"/queue/{queue}/jobs/{job_id}"), 404, "queue_not_found")
    refusal(client.post(f"/queue/{queue}/jobs/{job_id}/retry"), 404, "queue_not_found")
    refusal(client.get(f"/queue/{queue}/jobs/{job_id}/events"), 404, "queue_not_found")


@pytest.mark.parametrize("job_id", UNKNOWN_JOBS)
def test_an_unknown_job_is_not_found(client: httpx.Client, job_id: str) -> None:
    refusal(client.get(f"{QUEUE}/{job_id}"), 404, "job_not_found")
    refusal(client.delete(f"{QUEUE}/{job_id}"), 404, "job_not_found")
    refusal(client.post(f"{QUEUE}/{job_id}/retry"), 404, "job_not_found")
    refusal(client.get(f"{QUEUE}/{job_id}/events"), 404, "job_not_found")


def test_a_job_of_another_queue_is_not_found(client: httpx.Client, pdf: bytes) -> None:
    job_id = upload(client, "a.pdf", pdf).json()["job"]["id"]
    path = f"/queue/test-analysis/jobs/{job_id}"
    refusal(client.get(path), 404, "job_not_found")
    refusal(client.delete(path), 404, "job_not_found")
    refusal(client.post(f"{path}/retry"), 404, "job_not_found")
    refusal(client.get(f"{path}/events"), 404, "job_not_found")
    assert job_end(client, job_id)["state"] == "completed"


def test_a_finished_job_can_be_neither_cancelled_nor_retried(
    client: httpx.Client, pdf: bytes
) -> None:
    job_id = add_pdf(client, "a.pdf", pdf)["job"]["id"]
    refusal(client.delete(f"{QUEUE}/{job_id}"), 409, "job_completed")
    refusal(client.post(f"{QUEUE}/{job_id}/retry"), 409, "job_completed")
    assert client.get(f"{QUEUE}/{job_id}").json()["state"] == "completed"


def test_a_failed_job_can_be_retried_and_keeps_its_errors(
    client: httpx.Client, word: str, pdf: bytes
) -> None:
    job = add_pdf(client, "broken.pdf", pdf[: len(pdf) // 3])["job"]
    assert job["state"] == "failed"
    again = client.post(f"{QUEUE}/{job['id']}/retry")
    assert again.status_code == 202
    ended = job_end(client, job["id"])
    assert (ended["state"], ended["attempts_made"], len(ended["errors"])) == ("failed", 2, 2)
    told = {"attempt", "code", "message", "at", "traceback"}
    assert all(set(error) == told for error in ended["errors"])
    refusal(client.delete(f"{QUEUE}/{job['id']}"), 409, "job_failed")


def test_lists_show_the_newest_first_and_filter_by_state(
    client: httpx.Client, word: str, pdf: bytes
) -> None:
    good = add_text(client, f"A text about {word}.")["job"]["id"]
    bad = add_pdf(client, "broken.pdf", pdf[: len(pdf) // 3])["job"]["id"]
    newest = client.get(QUEUE, params={"limit": 2}).json()
    assert [job["id"] for job in newest["items"]] == [bad, good]
    assert newest["next"].startswith(f"{QUEUE}?")
    following = client.get(newest["next"]).json()["items"]
    assert {job["id"] for job in following}.isdisjoint({good, bad})
    states = {
        state: {job["id"] for job in client.get(QUEUE, params={"state": state}).json()["items"]}
        for state in ("completed", "failed", "waiting")
    }
    assert good in states["completed"]
    assert bad in states["failed"]
    assert not {good, bad} & states["waiting"]
    refusal(client.get(QUEUE, params={"state": "odd"}), 400, "bad_request")


class TestOnAHeldServer:
    """One job waits at the model, the next in the queue."""

    def test_waiting_jobs_say_why_and_are_cancelled_at_once(
        self, held: ServerProcess, model: Model, word: str
    ) -> None:
        model.hold()
        with held.client() as client:
            first = upload(client, "1.pdf", make_pdf([f"First {word}."])).json()
            assert model.asked.wait(30)
            second, third = (
                upload(client, f"{n}.pdf", make_pdf([f"Number {n} {word}."])).json() for n in (2, 3)
            )
            shown = [client.get(f"{QUEUE}/{item['job']['id']}").json() for item in (second, third)]
            assert [job["state"] for job in shown] == ["waiting", "waiting"]
            assert [job["waiting_for"] for job in shown] == ["next in line", "1 ahead of it"]
            refusal(client.post(f"{QUEUE}/{first['job']['id']}/retry"), 409, "job_active")
            refusal(client.post(f"{QUEUE}/{second['job']['id']}/retry"), 409, "job_waiting")
            cancelled = client.delete(f"{QUEUE}/{second['job']['id']}")
            assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
            assert client.delete(f"{QUEUE}/{second['job']['id']}").status_code == 409
            document = client.get(f"/documents/{second['document']['id']}").json()
            assert document["error"]["code"] == "cancelled"
            model.release()
            for item in (first, third):
                assert document_end(client, item)["status"] == "COMPLETED"

    def test_a_running_job_ends_within_two_seconds_of_its_cancelling(
        self, held: ServerProcess, model: Model, pdf: bytes, word: str
    ) -> None:
        model.hold()
        with held.client() as client:
            added = upload(client, "cells.pdf", pdf).json()
            job_id = added["job"]["id"]
            assert model.asked.wait(30)
            answer = client.delete(f"{QUEUE}/{job_id}")
            assert answer.status_code == 200
            assert answer.json()["cancel_requested"] is True
            with client.stream("GET", f"{QUEUE}/{job_id}/events", timeout=4) as stream:
                stream.read()
            assert client.get(f"{QUEUE}/{job_id}").json()["state"] == "cancelled"

    def test_deleting_a_document_at_work_cancels_its_job_and_takes_all_away(
        self, held: ServerProcess, model: Model, pdf: bytes, word: str
    ) -> None:
        model.hold()
        with held.client() as client:
            added = upload(client, "cells.pdf", pdf).json()
            document_id = added["document"]["id"]
            assert model.asked.wait(30)
            assert count_rows(held.data, document_id)["chunks"] == 2
            assert client.delete(f"/documents/{document_id}").status_code == 204
            assert set(count_rows(held.data, document_id).values()) == {0}
            assert added["pdf"]["sha256"] not in held.originals
            assert job_end(client, added["job"]["id"])["state"] == "cancelled"
            model.release()
            assert search(client, word, mode="words") == []
            assert set(count_rows(held.data, document_id).values()) == {0}
            again = add_pdf(client, "cells.pdf", pdf)
            assert again["status"] == "COMPLETED"
            assert added["pdf"]["sha256"] in held.originals

    def test_deleting_one_that_waits_cancels_its_job(
        self, held: ServerProcess, model: Model, word: str
    ) -> None:
        model.hold()
        with held.client() as client:
            first = upload(client, "1.pdf", make_pdf([f"First {word}."])).json()
            assert model.asked.wait(30)
            second = upload(client, "2.pdf", make_pdf([f"Second {word}."])).json()
            assert client.delete(f"/pdfs/{second['pdf']['id']}").status_code == 204
            job = client.get(f"{QUEUE}/{second['job']['id']}").json()
            assert (job["state"], job["attempts_made"]) == ("cancelled", 0)
            model.release()
            assert document_end(client, first)["status"] == "COMPLETED"

    def test_a_passing_error_is_retried_until_it_has_passed(
        self, held: ServerProcess, model: Model, pdf: bytes
    ) -> None:
        replies = iter([json_reply(503, {"error": "busy"})] * 20)
        model.answer = lambda _: next(replies)
        model.hold()
        with held.client() as client:
            added = upload(client, "cells.pdf", pdf).json()
            assert model.asked.wait(30)
            model.release()
            with client.stream("GET", f"{QUEUE}/{added['job']['id']}/events") as stream:
                for line in stream.iter_lines():
                    if '"delayed"' in line:
                        break
            waiting = client.get(f"{QUEUE}/{added['job']['id']}").json()
            assert waiting["errors"][0]["code"] == "embedding_transient"
            assert client.get(f"/documents/{added['document']['id']}").json()["error"] is None
            model.answer = model.well
            assert document_end(client, added)["status"] == "COMPLETED"
            job = client.get(f"{QUEUE}/{added['job']['id']}").json()
            assert (job["attempts_made"], job["error"]) == (2, None)

    def test_a_model_that_is_broken_for_good_leaves_words(
        self, held: ServerProcess, model: Model, pdf: bytes, word: str
    ) -> None:
        model.answer = lambda _: json_reply(401, {"error": {"message": "no such key"}})
        with held.client() as client:
            document = add_pdf(client, "cells.pdf", pdf)
            assert document["status"] == "COMPLETED"
            (warning,) = document["receipt"]["warnings"]
            assert warning.startswith("Searchable by words only.")
            assert len(search(client, word, mode="words")) == 2


class TestMalformedRequests:
    def test_unknown_paths_and_methods(self, client: httpx.Client) -> None:
        refusal(client.get("/nothing/here"), 404, "not_found")
        refusal(client.put("/documents"), 405, "method_not_allowed")
        refusal(client.request("PROPFIND", "/documents"), 405, "method_not_allowed")

    def test_bodies_where_none_is_expected(self, client: httpx.Client, pdf: bytes) -> None:
        job_id = add_pdf(client, "a.pdf", pdf)["job"]["id"]
        answer = client.post(f"{QUEUE}/{job_id}/retry", content=b"{" * 1000)
        refusal(answer, 409, "job_completed")

    @pytest.mark.parametrize("path", ["/documents/%2e%2e", "/pdfs/..%2f..%2fetc", "/%"])
    def test_odd_paths(self, client: httpx.Client, path: str) -> None:
        answer = client.get(path)
        assert answer.status_code in (200, 301, 307, 308, 404), answer.text
