"""`/metrics` of real servers, read with the parser of the Prometheus client."""

from __future__ import annotations

import json
import time
from contextlib import closing

import httpx
import pytest
from prometheus_client.openmetrics import parser as openmetrics

from job_layer import wait_for
from prometheus_text import Scrape, scrape
from server_process import ServerProcess, Start, add_pdf, add_text
from studyq.database.driver import load_driver
from studyq.operations.metrics.catalogue import METRICS, Tells

QUEUE = "pdf-ingestion"
#: Told only once there is something to tell.
LATER = {"studyq_duty_last_run_timestamp_seconds"}


def family_name(name: str) -> str:
    return name.removesuffix("_total")


def test_tells_every_metric_as_it_is_described(client: httpx.Client) -> None:
    add_text(client, "Something to read about cells.")
    found = scrape(client).families
    for metric in METRICS:
        family = found.pop(family_name(metric.name), None)
        if family is None:
            assert metric.name in LATER
            continue
        assert (family.type, family.documentation) == (metric.kind, metric.about)
        assert family.samples, metric.name
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(metric.labels), sample
    assert all(name.startswith("process_") for name in found), "described nowhere"


def test_whoever_accepts_openmetrics_gets_it(client: httpx.Client) -> None:
    accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2"
    answer = client.get("/metrics", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    families = openmetrics.text_string_to_metric_families(answer.text)  # type: ignore[no-untyped-call]
    names = {family.name for family in families}
    assert {family_name(metric.name) for metric in METRICS} - names <= LATER


@pytest.mark.parametrize(
    "accept", ["application/openmetrics-text;version=nonsense", "image/png", "", "*/*", ";;q=,,/"]
)
def test_whatever_is_accepted_there_is_an_answer(client: httpx.Client, accept: str) -> None:
    assert client.get("/metrics", headers={"Accept": accept}).status_code == 200


def test_foreign_names_are_refused(client: httpx.Client) -> None:
    assert client.get("/metrics", headers={"Host": "rebound.example"}).status_code == 400


def test_counts_what_happens(start: Start, pdf: bytes) -> None:
    with start().client() as client:
        before = scrape(client)
        assert before.value("studyq_jobs_enqueued_total", queue=QUEUE) == 0, "there from the start"
        document = add_pdf(client, "cells.pdf", pdf)
        client.get(f"/documents/{document['id']}")
        client.get("/documents/no-such-document")
        client.post("/pdfs", files={"file": ("bad.pdf", b"no pdf", "application/pdf")})
        for path in ("/nowhere", "/nowhere/else", "/app/nowhere"):
            client.get(path)
        client.request("BREW", "/documents")
        after = scrape(client)
    for name in ("enqueued", "started", "completed"):
        assert after.value(f"studyq_jobs_{name}_total", queue=QUEUE) == 1
    for name in ("failed", "cancelled", "retried", "reaped"):
        assert after.value(f"studyq_jobs_{name}_total", queue=QUEUE) == 0
    for name in ("wait", "run"):
        histogram = f"studyq_job_{name}_seconds"
        assert after.value(f"{histogram}_count", queue=QUEUE) == 1
        assert after.value(f"{histogram}_bucket", queue=QUEUE, le="+Inf") == 1
        assert after.value(f"{histogram}_sum", queue=QUEUE) > 0
    assert after.value("studyq_jobs", queue=QUEUE, state="completed") == 1
    assert after.value("studyq_documents", status="COMPLETED") == 1
    assert after.value("studyq_workers") == 1
    assert after.value("studyq_queue_workers", queue=QUEUE) == 1
    assert after.value("studyq_database_size_bytes", part="file") > 100_000
    assert after.value("studyq_disk_free_bytes") > 0
    check_requests(after)


def check_requests(found: Scrape) -> None:
    requests = found.series("studyq_http_requests_total")
    routes = {dict(labels)["route"] for labels in requests}
    assert routes <= {
        "none", "/documents", "/documents/{document_id}", "/health/live", "/metrics", "/pdfs",
        "/queue/{queue}/jobs/{job_id}", "/queue/{queue}/jobs/{job_id}/events",
    }  # fmt: skip
    of_document = {"route": "/documents/{document_id}", "method": "GET"}
    assert found.value("studyq_http_requests_total", **of_document, status="200") >= 1
    assert found.value("studyq_http_requests_total", **of_document, status="404") == 1
    assert found.value("studyq_http_requests_total", route="none", method="GET", status="404") == 3
    methods = {dict(labels)["method"] for labels in requests}
    assert methods == {"GET", "POST", "other"}
    seconds = "studyq_http_request_duration_seconds_count"
    answered = sum(
        number
        for labels, number in requests.items()
        if ("route", "/documents/{document_id}") in labels
    )
    assert found.value(seconds, **of_document) == answered
    timed = {dict(labels)["route"] for labels in found.series(seconds)}
    assert "/queue/{queue}/jobs/{job_id}/events" in routes - timed, "a stream's life is no latency"


def test_counts_streams_while_they_are_open(start: Start) -> None:
    with start().client() as client:
        with client.stream("GET", "/events"):
            wait_for(lambda: scrape(client).value("studyq_sse_clients") == 1, "stream counted")
            assert scrape(client).value("studyq_http_requests_in_progress") == 2
        wait_for(lambda: scrape(client).value("studyq_sse_clients") == 0, "its end too")


def test_every_server_of_a_folder_tells_the_same(start: Start, pdf: bytes) -> None:
    first = start()
    second = ServerProcess(first.folder, {"worker": "false"})
    second.start()
    try:
        with first.client() as one, second.client() as other:
            add_pdf(other, "cells.pdf", pdf)  # handed in here, read there
            told = [of_instance(scrape(client)) for client in (one, other)]
        assert told[0] == told[1]
        assert told[1]["studyq_jobs_completed_total", frozenset({("queue", QUEUE)})] == 1
        before = told[0]
        first.stop()
        first.start()
        with first.client() as one:
            assert of_instance(scrape(one)) == before, "a restart sets nothing back"
    finally:
        second.kill()


def of_instance(found: Scrape) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What all servers tell alike, but for what changes from moment to moment."""
    moving = {"disk_free_bytes", "duty_last_run_timestamp_seconds", "database_size_bytes"}
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for metric in METRICS
        if metric.tells is Tells.INSTANCE and metric.name.removeprefix("studyq_") not in moving
        for sample in found.families[family_name(metric.name)].samples
    }


class TestWhenSomethingIsBroken:
    def test_a_table_that_is_gone_takes_its_own_part_with_it(self, start: Start) -> None:
        server = start()
        with closing(load_driver().connect(server.data / "studyq.db")) as connection:
            connection.execute("ALTER TABLE incidents RENAME TO elsewhere")
            connection.commit()
        with server.client() as client:
            found = scrape(client)
        assert found.value("studyq_scrape_part_success", part="incidents") == 0
        assert "studyq_incidents_open" not in found.families
        assert found.value("studyq_scrape_part_success", part="duties") == 1
        assert found.value("studyq_jobs", queue=QUEUE, state="waiting") == 0
        told = [json.loads(line) for line in server.log.splitlines() if "not told" in line]
        assert {line["part"] for line in told} == {"incidents"}
        assert "incidents" in told[0]["error"]
        assert told[0]["request_id"]

    def test_a_database_that_is_gone(self, start: Start) -> None:
        server = start()
        # With its folder: of a file alone, a thread that connects just now would make a new one.
        server.data.rename(server.data.with_name("elsewhere"))
        with server.client() as client:
            found = scrape(client)
        assert found.value("studyq_scrape_part_success", part="jobs") == 0
        assert found.value("studyq_scrape_part_success", part="files") == 0
        assert "studyq_jobs" not in found.families
        assert found.value("studyq_build_info", **dict(*found.series("studyq_build_info"))) == 1

    def test_a_database_that_others_hold(self, start: Start) -> None:
        server = start()
        with closing(load_driver().connect(server.data / "studyq.db")) as connection:
            connection.isolation_level = None
            connection.execute("BEGIN IMMEDIATE")
            with server.client() as client:
                begun = time.monotonic()
                found = scrape(client)
                assert time.monotonic() - begun < 2, "reading waits for no writer"
        assert all(found.series("studyq_scrape_part_success").values())
