"""Incidents of a running service: on its pages, at its webhook, once, over kills and restarts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from job_layer import wait_for
from server_process import ServerProcess, Start
from studyq.operations.models import Incident
from studyq.web.incident_notices import TITLES, incident_notices
from webhook_receiver import Receiver

SECRET = "whsec_c29tZSBrZXkgb2YgdGhpcyB0ZXN0"
KEY = b"some key of this test"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as opened:
        yield opened


def told(receiver: Receiver, kind: str) -> list[str]:
    messages: list[Any] = [request.message for request in list(receiver.received)]
    return [message["state"] for message in messages if message["kind"] == kind]


def library(server: ServerProcess) -> str:
    return httpx.get(f"{server.url}/app/library", follow_redirects=True).text


def test_is_told_once_over_kills_and_restarts(start: Start, receiver: Receiver) -> None:
    server = start(
        settings={
            "alert_waiting": "2",
            "alert_webhook": receiver.url,
            "alert_webhook_secret": SECRET,
            "alert_webhook_private": "true",
            "worker": "false",  # messages go out all the same
        }
    )
    text = {"text": "A text that nobody reads for a while.", "title": "Text"}
    httpx.post(f"{server.url}/documents", json=text).raise_for_status()
    assert TITLES["waiting"] not in library(server)
    wait_for(lambda: told(receiver, "waiting") == ["opened"], "the alert arrives")
    assert TITLES["waiting"] in library(server)
    for _ in range(2):
        server.kill()
        server.start()
        assert TITLES["waiting"] in library(server)
    server.kill()
    server.settings["worker"] = "true"
    server.start()
    wait_for(lambda: "resolved" in told(receiver, "waiting"), "the recovery arrives", seconds=60)
    assert told(receiver, "waiting") == ["opened", "resolved"]
    assert TITLES["waiting"] not in library(server)
    assert all(request.is_signed_with(KEY) for request in receiver.received)
    assert SECRET not in server.log
    assert server.log.count("incident opened") == 1


def test_one_notice_says_it_of_all_queues() -> None:
    incidents = [
        Incident(id=about, kind="consumer", about=about, message=f"No worker serves {about}.",
                 next_step="Start one.", opened_at=1, seen_at=1)
        for about in ("pdf-ingestion", "test-analysis")
    ]  # fmt: skip
    (notice,) = incident_notices(incidents)
    assert notice.tone == "warn"
    assert notice.detail == (
        "No worker serves pdf-ingestion. No worker serves test-analysis. Start one."
    )
