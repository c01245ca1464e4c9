"""What a receiver of traces (OTLP over HTTP) was sent, span by span."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from webhook_receiver import Received

ERROR = 2  #: https://opentelemetry.io/docs/specs/otel/trace/api/#set-status


@dataclass(frozen=True)
class Span:
    """A span as it was sent."""

    name: str
    service: str
    trace_id: str
    id: str
    parent: str
    attributes: dict[str, Any]
    failed: bool


def spans_in(received: Iterable[Received]) -> list[Span]:
    """All spans of some requests."""
    return [span for request in received for span in _spans(request)]


def _spans(request: Received) -> list[Span]:
    assert request.path == "/v1/traces"
    message = ExportTraceServiceRequest.FromString(request.body)
    return [
        Span(
            name=span.name,
            service=_attributes(group.resource.attributes)["service.name"],
            trace_id=span.trace_id.hex(),
            id=span.span_id.hex(),
            parent=span.parent_span_id.hex(),
            attributes=_attributes(span.attributes),
            failed=span.status.code == ERROR,
        )
        for group in message.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
