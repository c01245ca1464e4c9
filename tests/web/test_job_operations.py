"""Queues and jobs in an operator's hands: paused, widened, searched, retried and cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from held_model import Model
from job_layer import wait_for
from pdf_files import make_pdf
from server_process import QUEUE, ServerProcess, add_pdf, document_end, refusal, upload

PDFS = "/queue/pdf-ingestion"
ANALYSIS = "/queue/test-analysis"  # where no job of these tests is


@pytest.fixture
def paused(held: ServerProcess) -> Iterator[httpx.Client]:
    """A client of a server whose queue is paused; in the end nothing is left in it."""
    with held.client() as client:
        assert client.post(f"{PDFS}/pause").json()["paused"] is True
        yield client
        client.post(f"{PDFS}/cancel", json={"state": "live"}).raise_for_status()
        assert client.post(f"{PDFS}/resume").json()["paused"] is False


def add(client: httpx.Client, word: str, count: int = 1) -> list[dict[str, Any]]:
    """The answers to as many uploads."""
    return [
        upload(client, f"{n}.pdf", make_pdf([f"Number {n} of {word}."])).json()
        for n in range(count)
    ]


def shown(client: httpx.Client, job_id: str) -> dict[str, Any]:
    job: dict[str, Any] = client.get(f"{QUEUE}/{job_id}").json()
    return job


def test_a_paused_queue_says_so_and_goes_on_when_resumed(paused: httpx.Client, word: str) -> None:
    (added,) = add(paused, word)
    job_id = added["job"]["id"]
    assert shown(paused, job_id)["waiting_for"] == "the queue is paused"
    queue = paused.get(PDFS).json()
    assert (queue["paused"], queue["counts"]["waiting"], queue["workers"]) == (True, 1, 1)
    assert queue["oldest_waiting"] >= 0
    assert paused.post(f"{PDFS}/pause").status_code == 200  # again changes nothing
    assert paused.post(f"{PDFS}/resume").json()["paused"] is False
    assert document_end(paused, added)["status"] == "COMPLETED"


def test_concurrency_is_changed_while_jobs_run(
    held: ServerProcess, model: Model, word: str
) -> None:
    model.hold()
    with held.client() as client:
        before = client.get(PDFS).json()["concurrency"]
        added = add(client, word, before + 2)
        wait_for(lambda: active(client) == before, "as many as may run")
        answer = client.patch(PDFS, json={"concurrency": before + 2})
        assert (answer.status_code, answer.json()["concurrency"]) == (200, before + 2)
        wait_for(lambda: active(client) == before + 2, "all at once")
        assert client.patch(PDFS, json={"concurrency": before}).json()["concurrency"] == before
        model.release()
        assert {document_end(client, item)["status"] for item in added} == {"COMPLETED"}


def active(client: httpx.Client) -> int:
    number: int = client.get(PDFS).json()["counts"]["active"]
    return number


def test_priorities_decide_who_is_next(paused: httpx.Client, word: str) -> None:
    first, second = (item["job"]["id"] for item in add(paused, word, 2))
    answer = paused.patch(f"{QUEUE}/{second}", json={"priority": 100})
    assert (answer.status_code, answer.json()["priority"]) == (200, 100)
    assert shown(paused, first)["priority"] == 0
    paused.delete(f"{QUEUE}/{first}").raise_for_status()
    answer = paused.patch(f"{QUEUE}/{first}", json={"priority": 1})
    refusal(answer, 409, "job_cancelled")


def test_many_are_cancelled_at_once(paused: httpx.Client, word: str) -> None:
    ids = [item["job"]["id"] for item in add(paused, word, 5)]
    answer = paused.post(f"{PDFS}/cancel", json={"ids": [*ids[:2], "nope"]})
    assert answer.status_code == 200
    assert answer.json() == {"cancelled": 2, "told": 0, "already_ended": 0, "unknown": 1}
    answer = paused.post(f"{PDFS}/cancel", json={"ids": ids[:3]})
    assert answer.json() == {"cancelled": 1, "told": 0, "already_ended": 2, "unknown": 0}
    answer = paused.post(f"{PDFS}/cancel", json={"state": "waiting", "trigger": "reprocess"})
    assert answer.json()["cancelled"] == 0
    answer = paused.post(f"{PDFS}/cancel", json={"ids": ids, "code": "damaged"})
    assert answer.json()["cancelled"] == 0
    answer = paused.post(f"{PDFS}/cancel", json={"state": "waiting"})
    assert answer.json()["cancelled"] == 2
    assert {shown(paused, job_id)["state"] for job_id in ids} == {"cancelled"}


def test_all_that_failed_are_retried(client: httpx.Client, word: str, pdf: bytes) -> None:
    broken = [add_pdf(client, f"{n}.pdf", pdf[: len(pdf) // (n + 2)])["job"] for n in range(2)]
    assert {job["state"] for job in broken} == {"failed"}
    failures = {item["code"]: item["count"] for item in client.get(PDFS).json()["failures"]}
    assert failures["damaged"] >= 2
    answer = client.post(f"{PDFS}/retry-failed", json={"code": "no_such_code"})
    assert (answer.status_code, answer.json()) == (202, {"retried": 0, "skipped": 0})
    answer = client.post(f"{PDFS}/retry-failed", json={"code": "damaged"})
    assert answer.json()["retried"] == failures["damaged"]
    for job in broken:
        with client.stream("GET", f"{QUEUE}/{job['id']}/events") as stream:
            stream.read()
        again = shown(client, job["id"])
        assert (again["state"], again["trigger"], len(again["errors"])) == ("failed", "retry", 2)
    assert client.post(f"{PDFS}/retry-failed").json()["retried"] >= 2
    for job in broken:
        with client.stream("GET", f"{QUEUE}/{job['id']}/events") as stream:
            stream.read()


def test_jobs_are_found_by_what_is_known_of_them(
    client: httpx.Client, word: str, pdf: bytes
) -> None:
    good = add_pdf(client, f"{word}.pdf", pdf)
    bad = add_pdf(client, f"broken {word}.pdf", pdf[: len(pdf) // 3])
    good_job, bad_job = good["job"]["id"], bad["job"]["id"]

    def found(path: str, **query: str) -> set[str]:
        answer = client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return {job["id"] for job in answer.json()["items"]}

    assert found("/jobs", q=word) == {good_job, bad_job}
    assert found("/jobs", q=word, view="needs_attention") == {bad_job}
    assert found("/jobs", q=word, view="completed") == {good_job}
    assert found("/jobs", q=word, view="in_progress") == set()
    assert found("/jobs", q=good_job) == {good_job}
    assert found("/jobs", q=word, code="damaged") == {bad_job}
    assert found("/jobs", document_id=good["id"]) == {good_job}
    assert found(QUEUE, q=word, state="failed") == {bad_job}
    assert found(f"{ANALYSIS}/jobs", q=word) == set()
    page = client.get("/jobs", params={"q": word, "limit": 1}).json()
    assert [job["id"] for job in page["items"]] == [bad_job]
    rest = client.get(page["next"]).json()
    assert ([job["id"] for job in rest["items"]], rest["next"]) == ([good_job], None)


def test_a_job_is_told_closely(client: httpx.Client, word: str, pdf: bytes) -> None:
    job = add_pdf(client, "broken.pdf", pdf[: len(pdf) // 3])["job"]
    told = shown(client, job["id"])
    assert told == client.get(f"/jobs/{job['id']}").json()
    assert told["input"] == {"generation": 1}
    assert told["unique_key"] == f"ingest:{told['document_id']}"
    assert "Traceback" in told["errors"][0]["traceback"]
    assert told["timeline"][0]["state"] == "waiting"
    assert told["timeline"][-1]["state"] == "failed"
    assert (told["before"], told["after"]) == ([], [])
    in_list = client.get(QUEUE, params={"q": job["id"]}).json()["items"][0]
    assert "traceback" not in in_list["errors"][0]


class TestRefusals:
    @pytest.mark.parametrize("queue", ["nope", "%00", "q" * 5000])
    def test_unknown_queues(self, client: httpx.Client, queue: str) -> None:
        path = f"/queue/{queue}"
        refusal(client.post(f"{path}/pause"), 404, "queue_not_found")
        refusal(client.post(f"{path}/resume"), 404, "queue_not_found")
        refusal(client.patch(path, json={"concurrency": 2}), 404, "queue_not_found")
        refusal(client.post(f"{path}/retry-failed"), 404, "queue_not_found")
        refusal(client.post(f"{path}/cancel", json={"ids": ["x"]}), 404, "queue_not_found")
        refusal(client.post(f"{path}/cancel", json={"state": "live"}), 404, "queue_not_found")
        refusal(client.patch(f"{path}/jobs/x", json={"priority": 1}), 404, "queue_not_found")

    @pytest.mark.parametrize("job_id", ["nope", "%00", "a" * 5000])
    def test_unknown_jobs(self, client: httpx.Client, job_id: str) -> None:
        refusal(client.patch(f"{QUEUE}/{job_id}", json={"priority": 1}), 404, "job_not_found")
        refusal(client.get(f"/jobs/{job_id}"), 404, "job_not_found")

    @pytest.mark.parametrize(
        "concurrency", ["0", "-1", "65", "1e3", "1.5", "NaN", "Infinity", '"x"', "null", "9" * 400]
    )
    def test_absurd_concurrency(self, client: httpx.Client, concurrency: str) -> None:
        before = client.get(ANALYSIS).json()["concurrency"]
        content = f'{{"concurrency": {concurrency}}}'
        headers = {"Content-Type": "application/json"}
        refusal(client.patch(ANALYSIS, content=content, headers=headers), 400, "bad_request")
        assert client.get(ANALYSIS).json()["concurrency"] == before

    @pytest.mark.parametrize("priority", ["-101", "101", "1e300", "NaN", "true", "[]", "9" * 400])
    def test_absurd_priorities(self, client: httpx.Client, priority: str, pdf: bytes) -> None:
        job_id = upload(client, "a.pdf", pdf).json()["job"]["id"]
        content = f'{{"priority": {priority}}}'
        headers = {"Content-Type": "application/json"}
        answer = client.patch(f"{QUEUE}/{job_id}", content=content, headers=headers)
        refusal(answer, 400, "bad_request")

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"ids": []},
            {"ids": ["x"] * 1001},
            {"ids": None, "state": "waiting"},
            {"state": "failed"},
            {"state": "waiting", "everything": True},
            {"code": 1},
            {"ids": "x"},
            [],
            None,
        ],
    )
    def test_cancelling_what(self, client: httpx.Client, body: object) -> None:
        refusal(client.post(f"{ANALYSIS}/cancel", json=body), 400, "bad_request")

    @pytest.mark.parametrize(
        "query",
        [{"view": "odd"}, {"q": "q" * 201}, {"limit": "0"}, {"limit": "9" * 40}, {"limit": "-1"}],
    )
    def test_lists_of_what(self, client: httpx.Client, query: dict[str, str]) -> None:
        refusal(client.get("/jobs", params=query), 400, "bad_request")

    @pytest.mark.parametrize("text", ["%", "_", "\\", "'\"", "\x00", "💥", "a\u0301", " "])
    def test_odd_texts_find_nothing_or_something(self, client: httpx.Client, text: str) -> None:
        answer = client.get("/jobs", params={"q": text})
        assert answer.status_code == 200, answer.text
