"""Traces of real processes, at a receiver that speaks OTLP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from job_layer import wait_for
from pdf_files import make_pdf, make_scanned_page
from server_process import ServerProcess, Start, add_text, free_port, job_end, upload
from trace_receiver import Span, spans_in
from webhook_receiver import Receiver
from worker_beside import lines_of, worker_beside

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
KEY = "Bearer-of-the-receiver"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as opened:
        yield opened


def tracing_to(port: int) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        "OTEL_EXPORTER_OTLP_HEADERS": f"x-key={KEY}",
        "OTEL_BSP_SCHEDULE_DELAY": "50",  # milliseconds; 5,000 by default
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[ServerProcess]:
    """A server and a worker, which both trace."""
    running = ServerProcess(
        tmp_path_factory.mktemp("traced"), {"worker": "false"}, tracing_to(receiver.port)
    )
    running.start()
    with worker_beside(running):
        yield running
    running.kill()


def spans_of(receiver: Receiver, trace_id: str) -> dict[str, Span]:
    """The spans of a trace, by name."""
    return {span.name: span for span in spans_in(receiver.received) if span.trace_id == trace_id}


def await_span(receiver: Receiver, trace_id: str, name: str) -> dict[str, Span]:
    wait_for(lambda: name in spans_of(receiver, trace_id), f"the span {name}")
    return spans_of(receiver, trace_id)


def send(client: httpx.Client, name: str, content: bytes, trace_id: str) -> str:
    """Uploads within a trace, waits for the end of the job, and returns its id."""
    client.headers["traceparent"] = f"00-{trace_id}-{PARENT}-01"
    client.headers["X-Request-Id"] = "traced-request"
    answer = upload(client, name, content)
    assert answer.status_code == 202
    del client.headers["traceparent"]
    job_id = str(answer.json()["job"]["id"])
    job_end(client, job_id)
    return job_id


def test_goes_from_the_request_to_the_stages_of_its_job(
    server: ServerProcess, receiver: Receiver, pdf: bytes
) -> None:
    with server.client() as client:
        job_id = send(client, "diary of a patient.pdf", pdf, TRACE)
    spans = await_span(receiver, TRACE, "process pdf-ingestion")
    request, sent = spans["POST /pdfs"], spans["send pdf-ingestion"]
    attempt, reading = spans["process pdf-ingestion"], spans["reading"]
    assert request.parent == PARENT
    assert sent.parent == request.id
    assert attempt.parent == sent.id
    assert {spans[stage].parent for stage in ("reading", "chunking")} == {attempt.id}
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/pdfs",
        "http.response.status_code": 202,
        "studyq.request_id": "traced-request",
    }
    assert sent.attributes["messaging.destination.name"] == "pdf-ingestion"
    assert attempt.attributes["messaging.message.id"] == job_id
    assert attempt.attributes["studyq.request_id"] == "traced-request"
    assert attempt.attributes["studyq.job.attempt"] == 1
    assert not any(span.failed for span in spans.values())
    assert {span.service for span in spans.values()} == {"studyq"}
    assert reading.trace_id == TRACE


def test_says_why_an_attempt_failed(server: ServerProcess, receiver: Receiver) -> None:
    trace_id = TRACE[::-1]
    with server.client() as client:
        send(client, "scan.pdf", make_pdf([make_scanned_page()]), trace_id)
    attempt = await_span(receiver, trace_id, "process pdf-ingestion")["process pdf-ingestion"]
    assert attempt.failed
    assert attempt.attributes["error.type"] == "no_text"


def test_takes_no_contents_along_and_nothing_that_is_asked_all_the_time(
    server: ServerProcess, receiver: Receiver
) -> None:
    with server.client() as client:
        document = add_text(client, "unspeakable words", title="unspeakable title")
        client.get("/search", params={"q": "unspeakable"})
        client.get(f"/documents/{document['id']}")
        for path in ("/health/live", "/health/ready", "/metrics", "/app/static/studyq.css"):
            client.get(path)
        client.get("/nowhere/unspeakable")
    wait_for(
        lambda: any(span.name == "GET" for span in spans_in(receiver.received)), "the last span"
    )
    names = {span.name for span in spans_in(receiver.received)}
    assert {"GET /search", "GET /documents/{document_id}"} <= names
    assert not [name for name in names if "health" in name or "metrics" in name or "app" in name]
    assert all(b"unspeakable" not in request.body for request in receiver.received)
    assert all(request.headers["x-key"] == KEY for request in receiver.received)


def test_a_trace_that_is_not_sampled_stays_so(
    server: ServerProcess, receiver: Receiver, word: str
) -> None:
    trace_id = "c" * 32
    with server.client() as client:
        client.headers["traceparent"] = f"00-{trace_id}-{PARENT}-00"
        add_text(client, f"Something about {word} that is not traced.")
        client.headers["traceparent"] = "nonsense"
        add_text(client, f"Something else about {word}.", title="after")
    wait_for(
        lambda: sum(span.name == "POST /documents" for span in spans_in(receiver.received)) >= 2,
        "what came after it",
    )
    assert spans_of(receiver, trace_id) == {}


class TestWithoutAReceiver:
    def test_that_answers_all_goes_on_and_ends_in_time(self, start: Start, pdf: bytes) -> None:
        server = start(environment=tracing_to(free_port()))
        with server.client() as client:
            job_id = upload(client, "cells.pdf", pdf).json()["job"]["id"]
            assert job_end(client, job_id)["state"] == "completed"
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 8
        assert KEY not in server.log

    def test_nothing_is_traced_at_all(self, start: Start, client: httpx.Client) -> None:
        server = start()
        with server.client() as client:
            add_text(client, "Something to read.")
        assert not [line for line in lines_of(server) if line["logger"] == "studyq.tracing"]


def test_without_the_extra_all_goes_on_and_the_log_says_so(start: Start, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['opentelemetry'] = None")
    server = start(environment={**tracing_to(free_port()), "PYTHONPATH": str(tmp_path)})
    with server.client() as client:
        assert add_text(client, "Something to read.")["status"] == "COMPLETED"
    (said,) = [line for line in lines_of(server) if line["event"] == "traces are not sent"]
    assert said["next_step"] == "pip install 'studyq[otel]'"


def test_pages_have_spans_too(server: ServerProcess, receiver: Receiver) -> None:
    with server.client() as client:
        client.headers["traceparent"] = f"00-{'d' * 32}-{PARENT}-01"
        assert client.get("/app/library").is_success
        upload(client, "other.pdf", make_pdf(["A page about other things."]))
    assert "GET /app/library" in await_span(receiver, "d" * 32, "GET /app/library")
