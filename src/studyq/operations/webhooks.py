"""The webhook: tells somebody elsewhere of an incident's beginning and end, as a job.

As a job, it is written in the incident's own transaction (so that one incident is told of once,
however many processes there are and whatever becomes of them), it outlives restarts, and it is
tried again while its receiver is away.
"""

from __future__ import annotations

import time
from typing import Any, Literal

import msgspec
from sqlalchemy.orm import Session

from studyq import __version__
from studyq.accounts.models import LOCAL_USER
from studyq.database.base import isoformat
from studyq.jobs.context import JobContext
from studyq.jobs.enqueue import NewJob, enqueue
from studyq.jobs.errors import PermanentError, TransientError
from studyq.jobs.registry import NOTIFICATIONS, Outcome, Registry
from studyq.operations.models import Incident
from studyq.operations.webhook_delivery import Undelivered, post, sign
from studyq.settings import Settings

WEBHOOK_JOB = "send-webhook"
ATTEMPTS = 10  #: with the backoff of jobs, the last one is some 17 minutes after the first

Turn = Literal["opened", "resolved"]


def enqueue_webhook(session: Session, incident: Incident, turn: Turn, at: int) -> str:
    """Write the job that tells of an incident's beginning or end, in the caller's transaction.

    Args:
        at: when that was.

    Returns:
        The job's id.
    """
    payload = {
        "id": incident.id,
        "kind": incident.kind,
        "about": incident.about,
        "state": turn,
        "message": incident.message,
        "next_step": incident.next_step if turn == "opened" else "",
        "at": isoformat(at),
    }
    return enqueue_message(session, payload)


def enqueue_message(session: Session, payload: dict[str, Any], user_id: str = LOCAL_USER) -> str:
    """Write the job that sends a message, in the caller's transaction.

    Args:
        payload: as in docs/alerts.md; its `id` and `state` together name the message.

    Returns:
        The job's id.
    """
    return enqueue(
        session,
        NewJob(
            NOTIFICATIONS,
            WEBHOOK_JOB,
            user_id,
            payload=payload,
            unique_key=f"webhook:{payload['id']}:{payload['state']}",
            max_attempts=ATTEMPTS,
            trigger="schedule",
        ),
    )


def register_webhooks(registry: Registry, settings: Settings) -> None:
    """Make a process able to send webhooks."""

    @registry.handler(NOTIFICATIONS, WEBHOOK_JOB)
    def send(context: JobContext) -> Outcome:
        if not settings.alert_webhook:
            return Outcome({"sent": False}, message="Not sent: there is no webhook any more")
        context.progress(10, "Sending")
        body = msgspec.json.encode({**context.payload, "url": instance_url(settings)})
        try:
            status = post(
                settings.alert_webhook,
                body,
                _headers(settings, context.payload, body),
                private=settings.alert_webhook_private,
                check=context.check,
            )
        except Undelivered as error:
            kind = PermanentError if error.lasting else TransientError
            raise kind(error.code, error.message) from error
        return Outcome({"sent": True, "status": status}, message="Sent")


def instance_url(settings: Settings) -> str:
    """The address at which people find this instance, as far as the settings tell."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return settings.url or f"http://{host}:{settings.port}"


def _headers(settings: Settings, payload: dict[str, Any], body: bytes) -> dict[str, str]:
    # The same for each attempt, so that a receiver knows a message that it has had already.
    message_id = f"{payload['id']}_{payload['state']}"
    timestamp = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"studyq/{__version__}",
        "Connection": "close",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
    }
    if settings.webhook_key:
        headers["webhook-signature"] = sign(settings.webhook_key, message_id, timestamp, body)
    return headers
