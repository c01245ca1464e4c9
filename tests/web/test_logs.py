"""What real processes log: whose work it was, and never a secret."""

from __future__ import annotations

import re

import httpx

from job_layer import wait_for
from pdf_files import encrypt_pdf, make_pdf, make_scanned_page
from server_process import ServerProcess, Start, add_pdf, free_port, job_end, upload
from worker_beside import lines_of, worker_beside


def test_lines_of_a_job_say_which_request_it_goes_back_to(start: Start, pdf: bytes) -> None:
    """Also where another process runs the job, and when it ends otherwise than well."""
    server = start(settings={"worker": "false"})
    jobs = {}
    with server.client() as client, worker_beside(server):
        for request_id, content in (("well-1", pdf), ("badly-1", make_pdf([make_scanned_page()]))):
            client.headers["X-Request-Id"] = request_id
            job_id = upload(client, f"{request_id}.pdf", content).json()["job"]["id"]
            del client.headers["X-Request-Id"]
            job_end(client, job_id)
            jobs[job_id] = request_id
        wait_for(
            lambda: {line.get("job_id") for line in lines_of(server, "worker.log")} >= set(jobs),
            "a line of each job",
        )
    lines = [line for line in lines_of(server, "worker.log") if line.get("job_id") in jobs]
    events = {(jobs[line["job_id"]], line["event"]) for line in lines}
    assert events >= {("well-1", "attempt completed"), ("badly-1", "attempt failed")}
    for line in lines:
        assert line["request_id"] == jobs[line["job_id"]]
        assert (line["queue"], line["job"]) == ("pdf-ingestion", "ingest_document")
        assert line["attempt"] == 1
    requests = {line["request_id"]: line for line in lines_of(server) if line["event"] == "request"}
    assert requests["well-1"]["path"] == "/pdfs"


def test_a_request_that_brings_no_id_gets_one_which_its_job_carries(
    start: Start, pdf: bytes
) -> None:
    server = start()
    with server.client() as client:
        client.headers["X-Request-Id"] = "with spaces, and\tfar too long " + "x" * 100
        answer = upload(client, "cells.pdf", pdf)
        given = answer.headers["X-Request-Id"]
        job_end(client, answer.json()["job"]["id"])
    assert re.fullmatch(r"[0-9a-f]{16}", given)
    wait_for(
        lambda: any(
            line["event"] == "attempt completed" and line["request_id"] == given
            for line in lines_of(server)
        ),
        "the job's line",
    )


def test_no_secret_is_logged_however_much_is(start: Start) -> None:
    hook, redis = f"http://127.0.0.1:{free_port()}/hooks/", free_port()
    secrets = {
        "alert_webhook": f"{hook}hidden-in-the-address",
        "alert_webhook_secret": "hidden-signing-key",
        "embedding": "openai:some-model",
        "embedding_url": f"http://127.0.0.1:{free_port()}",
        "embedding_key": "hidden-model-key",
    }
    server = start(
        settings={
            **secrets,
            "alert_webhook_private": "true",
            "min_free": str(10**18),  # the disk is an incident at once, told at the webhook
            "log_level": "debug",
        },
        environment={
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(redis),
            "REDIS_PASSWORD": "hidden-redis-password",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}",
            "OTEL_EXPORTER_OTLP_HEADERS": "authorization=hidden-trace-key",
        },
    )
    await_failure(server, "notifications")
    server.stop()
    del server.settings["min_free"]
    server.start()
    with server.client() as client:
        locked = encrypt_pdf(make_pdf([["A page."]]), user="hidden-pdf-password")
        wrong = upload(client, "locked.pdf", locked, password="hidden-wrong")
        job_end(client, wrong.json()["job"]["id"])
        upload(client, "locked.pdf", locked, password="hidden-pdf-password")
        client.get("/search", params={"q": "hidden-question", "key": "hidden-parameter"})
        client.get("/documents", headers={"Authorization": "Bearer hidden-token"})
        client.post("/documents", json={"text": "hidden-text", "title": "hidden-title"})
        client.post("/documents", content=b'{"text": "hidden-text", broken')
    await_failure(server, "pdf-ingestion")  # the model does not answer
    server.stop()
    assert "hidden" not in server.log
    assert {line["level"] for line in lines_of(server)} >= {"debug", "info", "warning"}


def await_failure(server: ServerProcess, queue: str) -> None:
    wait_for(
        lambda: any(
            line["event"] == "attempt failed" and line.get("queue") == queue
            for line in lines_of(server)
        ),
        f"an attempt in {queue} that fails",
    )


def test_lines_below_the_level_are_not_written(start: Start) -> None:
    server = start(settings={"log_level": "warning"})
    with server.client() as client:
        add_pdf(client, "cells.pdf", make_pdf([["A page about cells and what they do."]]))
    assert httpx.get(f"{server.url}/health/live").is_success
    assert not [line for line in lines_of(server) if line["level"] in ("debug", "info")]
