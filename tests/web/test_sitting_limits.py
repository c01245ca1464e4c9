"""Tests and bad input: answers out of time, files that are none, addresses that mean nothing."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from server_process import ServerProcess, Start, job_end, refusal

ANALYSIS = "/queue/test-analysis"
NOBODY = "01a20b7d-0000-7000-8000-000000000000"


@pytest.fixture
def quick(client: httpx.Client) -> str:
    """A test of two written items that is to be taken within a minute."""
    test = client.post("/tests", json={"title": "Quick", "time_limit": 60}).json()["test"]["id"]
    for number in range(2):
        item = {"kind": "short", "stem": f"Question {number}?", "answer": "osmosis"}
        client.post(f"/tests/{test}/items", json=item).raise_for_status()
    client.patch(f"/tests/{test}", json={"status": "ready"}).raise_for_status()
    return str(test)


def begin(client: httpx.Client, test: str, taker: str = "") -> dict[str, Any]:
    return dict(client.post(f"/tests/{test}/sittings", json={"taker": taker}).json())


def response_path(sitting: dict[str, Any], place: int = 0) -> str:
    return f"/sittings/{sitting['id']}/responses/{sitting['items'][place]['id']}"


def let_time_pass(data: Path, sitting: dict[str, Any], seconds: float) -> None:
    """Moves a sitting into the past."""
    microseconds = int(seconds * 1_000_000)
    with closing(sqlite3.connect(data / "studyq.db", timeout=30)) as database, database:
        database.execute(
            "update sittings set started_at = started_at - ?, deadline = deadline - ? where id = ?",
            (microseconds, microseconds, sitting["id"]),
        )


def test_a_response_sent_many_times_at_once_is_one(client: httpx.Client, quick: str) -> None:
    sitting = begin(client, quick)
    path = response_path(sitting)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.put(path, json={"answer": "osmosis"}), range(24)))
    assert {answer.status_code for answer in answers} == {204}
    client.post(f"/sittings/{sitting['id']}/submit").raise_for_status()
    job = client.get(f"/sittings/{sitting['id']}").json()["job_id"]
    assert job_end(client, job, "test-analysis")["result"]["graded"] == 1
    assert client.get(f"/sittings/{sitting['id']}").json()["points"] == 1


def test_answers_after_the_time_limit(
    client: httpx.Client, server: ServerProcess, quick: str
) -> None:
    sitting = begin(client, quick, "Ada")
    client.put(response_path(sitting), json={"answer": "osmosis"}).raise_for_status()
    let_time_pass(server.data, sitting, 61)
    # What was under way when the time was over is still taken.
    client.put(response_path(sitting), json={"answer": "Osmosis!"}).raise_for_status()
    let_time_pass(server.data, sitting, 30)
    late = client.put(response_path(sitting, 1), json={"answer": "osmosis"})
    refusal(late, 409, "time_over")
    found = client.get(f"/sittings/{sitting['id']}").json()
    assert found["items"][1]["answer"] == ""

    again = begin(client, quick, "Ada")
    assert (again["id"] != sitting["id"], again["number"]) == (True, 2)
    over = client.get(f"/sittings/{sitting['id']}").json()
    assert over["status"] != "open"
    assert over["submitted_at"] == over["deadline"]
    assert job_end(client, over["job_id"], "test-analysis")["state"] == "completed"
    assert client.get(f"/sittings/{sitting['id']}").json()["points"] == 1


def test_an_analysis_is_cancelled_and_retried(client: httpx.Client, quick: str) -> None:
    sitting = begin(client, quick)
    client.put(response_path(sitting), json={"answer": "osmosis"}).raise_for_status()
    client.post(f"{ANALYSIS}/pause").raise_for_status()
    try:
        job = client.post(f"/sittings/{sitting['id']}/submit").json()["job_id"]
        grade = client.post(f"{response_path(sitting)}/grade", json={"grade": "right"})
        refusal(grade, 409, "sitting_not_graded")
        refusal(client.get(f"/sittings/{sitting['id']}/analysis"), 404, "analysis_not_found")
        client.delete(f"{ANALYSIS}/jobs/{job}").raise_for_status()
        assert client.get(f"/sittings/{sitting['id']}").json()["status"] == "failed"
        assert "Try again" in client.get(f"/app/sittings/{sitting['id']}/result").text
        late = client.put(response_path(sitting), json={"answer": "diffusion"})
        refusal(late, 409, "sitting_submitted")
        client.post(f"{ANALYSIS}/jobs/{job}/retry").raise_for_status()
        assert client.get(f"/sittings/{sitting['id']}").json()["status"] == "submitted"
    finally:
        client.post(f"{ANALYSIS}/resume").raise_for_status()
    assert job_end(client, job, "test-analysis")["state"] == "completed"
    found = client.get(f"/sittings/{sitting['id']}/analysis").json()
    assert (found["version"], found["result"]["score"]["points"]) == (1, 1.0)
    for version, status in (("1", 200), ("2", 404), ("0", 400), ("-1", 400), ("x", 400)):
        answer = client.get(f"/sittings/{sitting['id']}/analysis", params={"version": version})
        assert answer.status_code == status, version
    page = f"/app/sittings/{sitting['id']}/result"
    assert client.get(page, params={"version": "2"}).status_code == 404
    assert client.get(page, params={"version": "9" * 5000}).status_code == 200


def test_an_import_whose_analysis_was_cancelled_says_so(client: httpx.Client) -> None:
    client.post(f"{ANALYSIS}/pause").raise_for_status()
    try:
        files = {"responses": ("exam.csv", "student,i1\ns1,1\ns2,0\n")}
        test = client.post("/tests/import", files=files).json()
        client.delete(f"{ANALYSIS}/jobs/{test['job_id']}").raise_for_status()
        page = client.get(f"/app/tests/{test['id']}/analysis").text
        assert "The analysis did not work" in page
        assert "data-retry" in page
        client.post(f"{ANALYSIS}/jobs/{test['job_id']}/retry").raise_for_status()
    finally:
        client.post(f"{ANALYSIS}/resume").raise_for_status()
    assert job_end(client, test["job_id"], "test-analysis")["state"] == "completed"
    assert "Too few takers" in client.get(f"/app/tests/{test['id']}/analysis").text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "Line 1 of the responses"),
        (b"student\ns1\n", "Line 1 of the responses"),
        ("student,i1\nMüller,1\n".encode("latin-1"), "Line 2 of the responses: this is not UTF-8"),
        ("student,i1\ns1,1\n".encode("utf-16"), "this is not UTF-8"),
        (b"student,i1\ns1,\x00\n", "NUL"),
        (b"student,i1\ns1,1,0\n", "Line 2 of the responses: 2 answers to 1 items"),
        (b"student,i1\n,1\n", "Line 2 of the responses: its taker has no name"),
        (b"student,i1,i1\ns1,1,0\n", "the name of another"),
        (b"student,i1\ns1,A\n", "so a key is needed"),
        (b'student,i1\ns1,"1\n', "Line 2 of the responses"),
    ],
)  # fmt: skip
def test_responses_that_cannot_be_read_are_refused(
    client: httpx.Client, content: bytes, told: str
) -> None:
    answer = client.post("/tests/import", files={"responses": ("exam.csv", content)})
    assert told in refusal(answer, 422, "responses_unreadable")


@pytest.mark.parametrize(
    ("content", "takers"),
    [("student,i1,i2\n", 0), ("student,i1,i2\ns1,1,0\n", 1),
     ("student,i1,i2\n" + "".join(f"s{n},1,1\n" for n in range(40)), 40)],
    ids=["nobody", "one taker", "everybody right"],
)  # fmt: skip
def test_figures_that_do_not_exist_are_null_and_told(
    client: httpx.Client, content: str, takers: int
) -> None:
    answer = client.post("/tests/import", files={"responses": ("exam.csv", content)})
    test = answer.json()
    assert job_end(client, test["job_id"], "test-analysis")["state"] == "completed"
    found = client.get(f"/tests/{test['id']}/analysis")
    assert "NaN" not in found.text
    result = found.json()["result"]
    assert (result["n_students"], result["cronbach_alpha"]) == (takers, None)
    assert result["warnings"]
    page = client.get(f"/app/tests/{test['id']}/analysis")
    assert page.status_code == 200
    assert "nan" not in page.text.lower().replace("manage", "")


def test_a_million_rows_are_refused(start: Start) -> None:
    rows = b"".join(b"s%d,1,0,1,0,1,0\n" % number for number in range(1_000_000))
    content = b"student,i1,i2,i3,i4,i5,i6\n" + rows
    with start().client() as client:
        answer = client.post("/tests/import", files={"responses": ("exam.csv", content)})
        assert "more than 5,000,000 answers" in refusal(answer, 422, "responses_unreadable")
        assert client.get("/tests").json()["items"] == []


@pytest.mark.parametrize(
    "path",
    ["/app/tests/{}", "/app/tests/{}/print", "/app/tests/{}/analysis", "/app/sittings/{}",
     "/app/sittings/{}/result"],
)  # fmt: skip
@pytest.mark.parametrize(
    "unknown",
    [NOBODY, "x", "%00", "%ff%fe", "..%2f..", "-1", "9" * 400, "x" * 3000, "%F0%9F%92%A9"],
)
def test_pages_of_what_does_not_exist(client: httpx.Client, path: str, unknown: str) -> None:
    assert client.get(path.format(unknown)).status_code in (400, 404)


@pytest.mark.parametrize("value", ["", "x", "%00", "%ff", "9" * 5000, "-1", "' or 1=1 --", "NaN"])
def test_pages_with_parameters_that_mean_nothing(
    client: httpx.Client, quick: str, value: str
) -> None:
    sitting = begin(client, quick)
    client.post(f"/sittings/{sitting['id']}/submit").raise_for_status()
    for path in (
        f"/app/tests?cursor={value}",
        f"/app/tests?document={value}",
        f"/app/tests/{quick}?version={value}",
        f"/app/sittings/{sitting['id']}/result?version={value}",
    ):
        assert client.get(path).status_code in (200, 400, 404), path


def test_a_form_whose_fields_are_no_text_is_refused(client: httpx.Client) -> None:
    form = b'--x\r\nContent-Disposition: form-data; name="responses"\r\n\r\n\x89\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    refusal(client.post("/tests/import", content=form, headers=headers), 400, "bad_form")


def test_options_are_those_of_choices(client: httpx.Client) -> None:
    test = client.post("/tests", json={}).json()["test"]["id"]
    item = {"kind": "short", "stem": "Why?", "answer": "so", "options": ["a", "b"]}
    refusal(client.post(f"/tests/{test}/items", json=item), 422, "options_unused")
    added = client.post(f"/tests/{test}/items", json={**item, "options": []})
    assert added.json()["options"] == []
    exported = client.get(f"/tests/{test}/export", params={"format": "qti"})
    assert exported.status_code == 200
    table = client.get(f"/tests/{test}/export", params={"format": "key"})
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    schema = client.get("/schema/openapi.json").json()
    told = schema["paths"]["/tests/{test_id}/export"]["get"]["responses"]["200"]["content"]
    assert sorted(told) == ["application/json", "application/xml", "application/zip", "text/csv"]
