"""Traces over OTLP, for those who name somewhere to send them to and have the extra `otel`.

Without, every function here does nothing, and costs next to nothing. The trace that is going on is
kept in a context variable (OpenTelemetry's), so that it follows a task, and the threads it starts.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

import structlog

from studyq import __version__
from studyq.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

log = structlog.get_logger("studyq.tracing")

Kind = Literal["internal", "server", "producer", "consumer"]
Attributes = Mapping[str, str | int]

TRACES_PATH = "/v1/traces"  #: below the endpoint, https://opentelemetry.io/docs/specs/otlp/
FLUSH_SECONDS = 3.0  #: at the end, how long the last spans may take to be sent
NOTHING: AbstractContextManager[None] = nullcontext()

_tracer: Tracer | None = None


def is_on() -> bool:
    """Whether traces are made in this process."""
    return _tracer is not None


@contextmanager
def tracing(settings: Settings) -> Iterator[None]:
    """Make traces and send them for as long as the block runs, if the settings say where to."""
    endpoint = settings.otel_exporter_otlp_endpoint
    if not endpoint:
        yield
        return
    try:
        provider = _provider(endpoint, settings.otel_exporter_otlp_headers)
    except ImportError:
        log.warning(
            "traces are not sent",
            reason="OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed.",
            next_step="pip install 'studyq[otel]'",
        )
        yield
        return
    _use(provider.get_tracer("studyq", __version__))
    log.info("traces are sent", service=provider.resource.attributes["service.name"])
    try:
        yield
    finally:
        _use(None)
        # In a thread of its own: a receiver that does not answer would hold up the end.
        flush = threading.Thread(target=provider.shutdown, name="studyq-traces", daemon=True)
        flush.start()
        flush.join(FLUSH_SECONDS)


def _use(tracer: Tracer | None) -> None:
    global _tracer
    _tracer = tracer


def _provider(endpoint: str, headers: str) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.util.re import parse_env_headers

    ours = Resource({"service.name": "studyq", "service.version": __version__})
    provider = TracerProvider(
        resource=ours.merge(OTELResourceDetector().detect()), shutdown_on_exit=False
    )
    exporter = OTLPSpanExporter(
        endpoint.rstrip("/") + TRACES_PATH, headers=parse_env_headers(headers, liberal=True)
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def span(
    name: str,
    kind: Kind = "internal",
    *,
    attributes: Attributes | None = None,
    parent: str | None = None,
) -> AbstractContextManager[Span | None]:
    """A span for as long as the block runs; what the block raises is noted on it.

    Args:
        parent: the `traceparent` of what it belongs to; by default, what is going on here.
    """
    if _tracer is None:
        return NOTHING
    from opentelemetry.trace import SpanKind

    return _tracer.start_as_current_span(
        name, _context_of(parent), SpanKind[kind.upper()], attributes
    )


def _context_of(parent: str | None) -> Any:
    if parent is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": parent})


def traceparent() -> str | None:
    """What somebody needs to go on with this trace elsewhere, if one is going on.

    Its form is that of https://www.w3.org/TR/trace-context/#traceparent-header.
    """
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")


def describe(attributes: Attributes) -> None:
    """Add to the span that is going on."""
    if _tracer is not None:
        from opentelemetry.trace import get_current_span

        get_current_span().set_attributes(attributes)


def rename(name: str) -> None:
    """Name the span that is going on, when its name is known only now."""
    if _tracer is not None:
        from opentelemetry.trace import get_current_span

        get_current_span().update_name(name)


def note_failure(code: str, error: BaseException | None = None) -> None:
    """Note on the span that is going on that it did not go well."""
    if _tracer is not None:
        from opentelemetry.trace import Status, StatusCode, get_current_span

        current = get_current_span()
        current.set_attribute("error.type", code)
        current.set_status(Status(StatusCode.ERROR, code))
        if error is not None:
            current.record_exception(error)
