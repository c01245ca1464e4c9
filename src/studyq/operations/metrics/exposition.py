"""Asks every part for its metrics and writes them as Prometheus reads them.

A part that fails is told as failing and leaves the others as they are: a scrape always succeeds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import accumulate

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from studyq.database.engine import Database
from studyq.operations.metrics import catalogue
from studyq.operations.metrics.of_database import DATABASE_PARTS
from studyq.operations.metrics.readings import Part, Reading, Times
from studyq.operations.probing import probing

log = structlog.get_logger("studyq.metrics")

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily

TEXT_FORMAT = "text/plain; version=0.0.4"  #: in UTF-8
PATIENCE = 3.0  #: seconds after which the database is asked nothing more


def render(database: Database, parts: Sequence[Part], accept: str = "") -> tuple[bytes, str]:
    """All metrics as text.

    Args:
        parts: what is told beside that which the database tells.
        accept: the request's Accept header; who accepts OpenMetrics gets that.

    Returns:
        The text and its content type.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Collected(_families([*_ask(parts), *_ask_database(database)])))
    if "application/openmetrics-text" in accept:
        text: bytes = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]
        return text, openmetrics.CONTENT_TYPE_LATEST
    return generate_latest(registry), TEXT_FORMAT


class _Collected(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        return self._families


def _ask(parts: Sequence[Part]) -> Iterator[Reading]:
    for part in parts:
        yield from _answer(part.name, part.read)


def _ask_database(database: Database) -> Iterator[Reading]:
    """Ask for each part within one snapshot, for `PATIENCE` seconds in all."""
    deadline = time.monotonic() + PATIENCE
    with ExitStack() as stack:
        session: Session | None = None

        def ask(read: Callable[[Session], Iterable[Reading]]) -> Iterable[Reading]:
            nonlocal session
            if time.monotonic() > deadline:
                raise TimeoutError("not asked: the database has taken too long already")
            if session is None:
                session = stack.enter_context(Session(stack.enter_context(probing(database))))
            return read(session)

        for name, read in DATABASE_PARTS.items():
            yield from _answer(name, partial(ask, read))


def _answer(name: str, read: Callable[[], Iterable[Reading]]) -> list[Reading]:
    """A part's readings, and how it went."""
    begun = time.perf_counter()
    try:
        found = list(read())
    except Exception as error:  # told as a metric; the others are to be told too
        log.warning("metrics not told", part=name, error=str(error), kind=type(error).__name__)
        return [Reading(catalogue.PART_SUCCESS, 0, (name,))]
    taken = time.perf_counter() - begun
    return [
        *found,
        Reading(catalogue.PART_SUCCESS, 1, (name,)),
        Reading(catalogue.PART_SECONDS, taken, (name,)),
    ]


def _families(readings: Iterable[Reading]) -> list[Family]:
    families: dict[catalogue.Metric, Family] = {}
    for reading in readings:
        if reading.metric not in families:
            families[reading.metric] = _family(reading.metric)
        _add(families[reading.metric], reading)
    return list(families.values())


def _family(metric: catalogue.Metric) -> Family:
    if metric.kind == "counter":
        return CounterMetricFamily(metric.name, metric.about, labels=metric.labels)
    if metric.kind == "gauge":
        return GaugeMetricFamily(metric.name, metric.about, labels=metric.labels)
    return HistogramMetricFamily(metric.name, metric.about, labels=metric.labels)


def _add(family: Family, reading: Reading) -> None:
    if isinstance(family, HistogramMetricFamily):
        assert isinstance(reading.value, Times), reading  # noqa: S101
        bounds = [*(str(float(bound)) for bound in reading.value.bounds), "+Inf"]
        counts = accumulate(reading.value.counts)
        buckets = list(zip(bounds, counts, strict=True))
        family.add_metric(reading.values, buckets, reading.value.seconds)
    else:
        assert not isinstance(reading.value, Times), reading  # noqa: S101
        family.add_metric(reading.values, float(reading.value))
