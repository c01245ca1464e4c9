"""Taking a test over HTTP: from making it to its analysis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from server_process import ServerProcess, Start, job_end
from studyq.assessment.response_files import read_responses

NOBODY = "01a20b7d-0000-7000-8000-000000000000"
CHOICE = {
    "kind": "choice", "stem": "Which organelle makes ATP?", "answer": "the mitochondrion",
    "options": ["the ribosome", "the mitochondrion", "the nucleus", "the Golgi apparatus"],
}  # fmt: skip
SHORT = {
    "kind": "short", "stem": "What divides in mitosis?", "answer": "the nucleus",
    "accepted": ["cell nucleus"],
}  # fmt: skip
NUMBER = {
    "kind": "short", "stem": "How fast does a body fall?", "answer": "9.81 m/s²",
    "numeric": {"value": 9.81, "tolerance": 0.02, "unit": "m/s²"},
}  # fmt: skip
TRUE_FALSE = {"kind": "true_false", "stem": "Cells come from cells.", "answer": "true"}
CLOZE = {"kind": "cloze", "stem": "Water moves by _____.", "answer": "osmosis"}


@pytest.fixture
def new_test(client: httpx.Client) -> Iterator[dict[str, Any]]:
    """A test of five items, ready to be taken."""
    made = client.post("/tests", json={"title": "Cells"})
    assert made.status_code == 201, made.text
    test_id = made.json()["test"]["id"]
    for item in (CHOICE, SHORT, NUMBER, TRUE_FALSE, CLOZE):
        answer = client.post(f"/tests/{test_id}/items", json=item)
        assert answer.status_code == 201, answer.text
    ready = client.patch(f"/tests/{test_id}", json={"status": "ready"})
    assert ready.json()["status"] == "ready"
    yield ready.json()
    client.delete(f"/tests/{test_id}")


def start(client: httpx.Client, test: dict[str, Any], taker: str = "") -> dict[str, Any]:
    answer = client.post(f"/tests/{test['id']}/sittings", json={"taker": taker})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def give(client: httpx.Client, sitting: dict[str, Any], *answers: str) -> None:
    for item, answer in zip(sitting["items"], answers, strict=False):
        path = f"/sittings/{sitting['id']}/responses/{item['id']}"
        found = client.put(path, json={"answer": answer, "milliseconds": 1500})
        assert found.status_code == 204, found.text


def graded(client: httpx.Client, sitting: dict[str, Any]) -> dict[str, Any]:
    """Hand in, and wait for the job's end over its stream; returns the analysis."""
    submitted = client.post(f"/sittings/{sitting['id']}/submit").json()
    end = job_end(client, submitted["job_id"], "test-analysis")
    assert end["state"] == "completed", end
    return dict(client.get(f"/sittings/{sitting['id']}/analysis").json())


def test_a_sitting_from_start_to_analysis(client: httpx.Client, new_test: dict[str, Any]) -> None:
    sitting = start(client, new_test, "Ada")
    shown = str(sitting)
    assert "Golgi" in shown
    assert "accepted" not in shown
    assert sitting["items"][2]["unit"] == "m/s²"
    give(client, sitting, "the mitochondrion", "Cell nucleus", "9,8 m/s2", "false", "diffusion")
    analysis = graded(client, sitting)
    result = analysis["result"]
    assert [item["grade"] for item in result["items"]] == [
        "right", "right", "right", "wrong", "open",
    ]  # fmt: skip
    assert result["score"] == {
        "points": 3.0, "items": 4, "estimate": 0.75,
        "lower": pytest.approx(0.3006, abs=1e-3), "upper": pytest.approx(0.9544, abs=1e-3),
    }  # fmt: skip
    assert result["undecided"] == 1
    assert result["seconds"] == 7.5
    seen = client.get(f"/sittings/{sitting['id']}").json()
    assert (seen["status"], seen["points"]) == ("graded", 3.0)

    grade = f"/sittings/{sitting['id']}/responses/{sitting['items'][4]['id']}/grade"
    again = client.post(grade, json={"grade": "right"}).json()
    assert job_end(client, again["job_id"], "test-analysis")["state"] == "completed"
    newest = client.get(f"/sittings/{sitting['id']}/analysis").json()
    assert newest["version"] == analysis["version"] + 1
    assert newest["result"]["score"]["points"] == 4.0
    assert newest["result"]["items"][4]["graded_by"] == "taker"
    first = client.get(f"/sittings/{sitting['id']}/analysis", params={"version": 1}).json()
    assert first == analysis


def test_responses_are_kept_as_given_and_a_sitting_is_resumed(
    client: httpx.Client, new_test: dict[str, Any]
) -> None:
    sitting = start(client, new_test, "Bob")
    give(client, sitting, "the ribosome")
    path = f"/sittings/{sitting['id']}/responses/{sitting['items'][0]['id']}"
    assert client.put(path, json={"answer": "the nucleus", "flagged": True}).status_code == 204
    resumed = start(client, new_test, " Bob ")
    assert resumed["id"] == sitting["id"]
    assert resumed["items"][0]["answer"] == "the nucleus"
    assert resumed["items"][0]["flagged"] is True
    assert start(client, new_test, "Eve")["id"] != sitting["id"]


def test_options_have_an_order_of_the_sittings_own(
    client: httpx.Client, new_test: dict[str, Any]
) -> None:
    orders = {
        tuple(start(client, new_test, f"taker {n}")["items"][0]["options"]) for n in range(20)
    }
    assert len(orders) > 5
    assert {tuple(sorted(order)) for order in orders} == {tuple(sorted(CHOICE["options"]))}


def test_handing_in_twice_does_nothing_more(client: httpx.Client, new_test: dict[str, Any]) -> None:
    sitting = start(client, new_test, "Cy")
    give(client, sitting, "the nucleus")
    first = client.post(f"/sittings/{sitting['id']}/submit").json()
    assert client.post(f"/sittings/{sitting['id']}/submit").json()["job_id"] == first["job_id"]
    assert job_end(client, first["job_id"], "test-analysis")["state"] == "completed"
    late = client.put(
        f"/sittings/{sitting['id']}/responses/{sitting['items'][0]['id']}",
        json={"answer": "the ribosome"},
    )
    assert (late.status_code, late.json()["code"]) == (409, "sitting_submitted")
    assert client.get(f"/sittings/{sitting['id']}").json()["items"][0]["answer"] == "the nucleus"


def test_the_time_limit_is_the_servers(client: httpx.Client) -> None:
    made = client.post("/tests", json={"title": "Quick", "time_limit": 30}).json()["test"]
    client.post(f"/tests/{made['id']}/items", json=TRUE_FALSE)
    client.patch(f"/tests/{made['id']}", json={"status": "ready"})
    sitting = start(client, made)
    assert 25 <= sitting["seconds_left"] <= 30
    short = client.patch(f"/tests/{made['id']}", json={"time_limit": 5})
    assert (short.status_code, short.json()["code"]) == (422, "bad_time_limit")


def test_only_first_sittings_count_in_the_tests_analysis(
    client: httpx.Client, new_test: dict[str, Any]
) -> None:
    for taker, answer in (("Ada", "true"), ("Ada", "false"), ("Bob", "true")):
        sitting = start(client, new_test, taker)
        path = f"/sittings/{sitting['id']}/responses/{sitting['items'][3]['id']}"
        client.put(path, json={"answer": answer})
        graded(client, sitting)
    result = client.get(f"/tests/{new_test['id']}/analysis").json()["result"]
    assert (result["n_students"], result["evidence"]) == (2, "too_few")
    assert result["items"][3]["n_correct"] == 2


def test_a_test_that_was_begun_stays_as_it_is(
    client: httpx.Client, new_test: dict[str, Any]
) -> None:
    item = new_test["items"][0]
    change = {**CHOICE, "stem": "Which one?", "version": item["version"]}
    path = f"/tests/{new_test['id']}/items/{item['id']}"
    assert client.patch(path, json=change).json()["code"] == "test_not_draft"
    draft = client.patch(f"/tests/{new_test['id']}", json={"status": "draft"})
    assert draft.json()["status"] == "draft"
    assert client.patch(path, json=change).json()["stem"] == "Which one?"
    stale = client.patch(path, json=change)
    assert (stale.status_code, stale.json()["code"]) == (409, "item_changed")
    assert start_refused(client, new_test) == "test_draft"
    client.patch(f"/tests/{new_test['id']}", json={"status": "ready"})
    start(client, new_test)
    begun = client.patch(f"/tests/{new_test['id']}", json={"status": "draft"})
    assert (begun.status_code, begun.json()["code"]) == (409, "test_begun")


def start_refused(client: httpx.Client, test: dict[str, Any]) -> str:
    answer = client.post(f"/tests/{test['id']}/sittings", json={})
    assert answer.status_code == 409
    return str(answer.json()["code"])


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({**SHORT, "stem": "  "}, "empty"),
        ({**SHORT, "answer": ""}, "empty"),
        ({**CLOZE, "stem": "No gap."}, "no_gap"),
        ({**TRUE_FALSE, "answer": "maybe"}, "key_out_of_range"),
        ({**CHOICE, "answer": "the vacuole"}, "key_not_an_option"),
        ({**CHOICE, "options": ["a", "a", "the mitochondrion"]}, "options_equal"),
        ({**SHORT, "stem": "x" * 3000}, "too_long"),
        ({**NUMBER, "numeric": {"value": 1, "tolerance": -1}}, "bad_tolerance"),
    ],
)  # fmt: skip
def test_items_that_could_not_be_graded_are_refused(
    client: httpx.Client, item: dict[str, Any], code: str
) -> None:
    made = client.post("/tests", json={}).json()["test"]
    answer = client.post(f"/tests/{made['id']}/items", json=item)
    assert answer.status_code == 422
    assert answer.json()["code"] == code


def test_an_answer_must_be_an_option(client: httpx.Client, new_test: dict[str, Any]) -> None:
    sitting = start(client, new_test)
    path = f"/sittings/{sitting['id']}/responses/{sitting['items'][0]['id']}"
    assert client.put(path, json={"answer": "the vacuole"}).json()["code"] == "not_an_option"
    assert client.put(path, json={"answer": "x" * 5000}).json()["code"] == "answer_too_long"
    assert client.put(path, json={"answer": "the nucleus", "milliseconds": -1}).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", "/tests/{}"), ("get", "/tests/{}/analysis"), ("post", "/tests/{}/sittings"),
     ("get", "/sittings/{}"), ("post", "/sittings/{}/submit"), ("get", "/sittings/{}/analysis"),
     ("delete", "/tests/{}")],
)  # fmt: skip
@pytest.mark.parametrize("unknown", [NOBODY, "%00", "x" * 3000])
def test_what_does_not_exist_is_not_found(
    client: httpx.Client, method: str, path: str, unknown: str
) -> None:
    body: dict[str, str] | None = {} if path == "/tests/{}/sittings" else None
    assert client.request(method, path.format(unknown), json=body).status_code == 404


def test_exports(client: httpx.Client, new_test: dict[str, Any]) -> None:
    sitting = start(client, new_test, "=Ada")
    give(client, sitting, "the mitochondrion", "the nucleus")
    graded(client, sitting)
    path = f"/tests/{new_test['id']}/export"
    files = {}
    for wanted in ("moodle", "qti", "json", "responses", "key", "results"):
        answer = client.get(path, params={"format": wanted})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-disposition"].startswith(
            "attachment; filename*=UTF-8''Cells"
        )
        files[wanted] = answer.content
    matrix = read_responses(files["responses"], files["key"])
    assert matrix.takers == ("'=Ada",)
    assert matrix.scores()[0].tolist() == [1, 1, 0, 0, 0]
    assert b"'=Ada,1,2,5," in files["results"]
    assert files["qti"].startswith(b"PK")
    assert client.get(path).status_code == 400
    assert client.get(path, params={"format": "docx"}).status_code == 400


def test_responses_from_elsewhere_are_analysed(client: httpx.Client) -> None:
    rows = "\n".join(f"s{n},{'A' if n % 3 else 'B'},{'C' if n % 2 else 'D'}" for n in range(40))
    files = {
        "responses": ("exam.csv", f"student,i1,i2\n{rows}\n"),
        "key": ("key.csv", "item,key\ni1,A\ni2,C\n"),
    }
    answer = client.post("/tests/import", files=files)
    assert answer.status_code == 202, answer.text
    test = answer.json()
    assert (test["title"], test["origin"]) == ("exam", "imported")
    end = job_end(client, test["job_id"], "test-analysis")
    assert end["state"] == "completed"
    result = client.get(f"/tests/{test['id']}/analysis").json()["result"]
    assert (result["n_students"], result["n_items"]) == (40, 2)
    assert start_refused(client, test) == "test_empty"


def test_files_that_cannot_be_read_are_refused_by_line(client: httpx.Client) -> None:
    before = len(client.get("/tests", params={"limit": 200}).json()["items"])
    files = {"responses": ("exam.csv", b"student,i1\ns1,A,B\n"), "key": ("key.csv", b"i1,A\n")}
    answer = client.post("/tests/import", files=files)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("Line 2 of the responses")
    assert len(client.get("/tests", params={"limit": 200}).json()["items"]) == before


def test_responses_survive_a_kill(start: Start) -> None:
    server: ServerProcess = start()
    with server.client() as client:
        test = client.post("/tests", json={}).json()["test"]
        client.post(f"/tests/{test['id']}/items", json=TRUE_FALSE)
        client.patch(f"/tests/{test['id']}", json={"status": "ready"})
        sitting = client.post(f"/tests/{test['id']}/sittings", json={}).json()
        give(client, sitting, "true")
        submitted = client.post(f"/sittings/{sitting['id']}/submit").json()
        server.kill()
    server.start()
    with server.client() as client:
        job_end(client, submitted["job_id"], "test-analysis")
        result = client.get(f"/sittings/{sitting['id']}/analysis").json()["result"]
        assert result["score"]["points"] == 1.0
        begun = time.monotonic()
        assert client.get(f"/sittings/{sitting['id']}").json()["status"] == "graded"
        assert time.monotonic() - begun < 5


def test_answers_stay_folded_while_somebody_sits(
    client: httpx.Client, new_test: dict[str, Any]
) -> None:
    sitting = start(client, new_test)
    page = f"/app/tests/{new_test['id']}"
    assert '<details class="fold"><summary>Show them' in client.get(page).text
    graded(client, sitting)
    assert '<details class="fold" open><summary>Show them' in client.get(page).text
