"""The spans of jobs: a trace goes from the request over the job's row to each attempt.

Names and attributes are those of
https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from studyq import tracing

if TYPE_CHECKING:
    from studyq.jobs.claims import Claim
    from studyq.jobs.enqueue import NewJob

_SYSTEM: tracing.Attributes = {"messaging.system": "studyq"}


def enqueuing(jobs: Sequence[NewJob]) -> AbstractContextManager[Any]:
    """The span of writing jobs into their queue."""
    if not tracing.is_on():
        return tracing.NOTHING
    attributes: tracing.Attributes = {
        **_SYSTEM,
        "messaging.operation.type": "send",
        "messaging.destination.name": jobs[0].queue,
        "messaging.batch.message_count": len(jobs),
        "studyq.job.name": jobs[0].name,
    }
    return tracing.span(f"send {jobs[0].queue}", "producer", attributes=attributes)


def attempting(claim: Claim) -> AbstractContextManager[Any]:
    """The span of an attempt and the write that ends it, within the trace that enqueued the job."""
    if not tracing.is_on():
        return tracing.NOTHING
    attributes: tracing.Attributes = {
        **_SYSTEM,
        "messaging.operation.type": "process",
        "messaging.destination.name": claim.queue,
        "messaging.message.id": claim.id,
        "studyq.job.name": claim.name,
        "studyq.job.attempt": claim.attempt,
        "studyq.request_id": claim.request_id or "",
    }
    return tracing.span(
        f"process {claim.queue}", "consumer", attributes=attributes, parent=claim.traceparent
    )
