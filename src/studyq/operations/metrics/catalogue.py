"""Every metric: its name, what it tells, its labels. docs/metrics.md is written from this.

Names follow https://prometheus.io/docs/practices/naming/: base units, counters end in `_total`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]


class Tells(StrEnum):
    """Whom a metric is about."""

    INSTANCE = "instance"  #: all processes together; each server tells the same
    PROCESS = "process"  #: the server that was asked


@dataclass(frozen=True)
class Metric:
    """A metric, of which there is a series for each combination of its labels' values."""

    name: str
    kind: Kind
    about: str
    labels: tuple[str, ...] = ()
    tells: Tells = Tells.INSTANCE


def _of_instance(name: str, kind: Kind, about: str, *labels: str) -> Metric:
    return Metric(f"studyq_{name}", kind, about, labels)


def _of_process(name: str, kind: Kind, about: str, *labels: str) -> Metric:
    return Metric(f"studyq_{name}", kind, about, labels, Tells.PROCESS)


JOBS = _of_instance("jobs", "gauge", "Jobs that are kept.", "queue", "state")
ENQUEUED = _of_instance("jobs_enqueued_total", "counter", "Jobs that came in.", "queue")
STARTED = _of_instance("jobs_started_total", "counter", "Attempts that began.", "queue")
COMPLETED = _of_instance("jobs_completed_total", "counter", "Jobs that completed.", "queue")
FAILED = _of_instance("jobs_failed_total", "counter", "Jobs that failed for good.", "queue")
CANCELLED = _of_instance("jobs_cancelled_total", "counter", "Jobs that were cancelled.", "queue")
RETRIED = _of_instance(
    "jobs_retried_total", "counter", "Attempts that failed and were put back.", "queue"
)
REAPED = _of_instance(
    "jobs_reaped_total", "counter", "Leases taken from workers that were lost.", "queue"
)
WAITING = _of_instance(
    "job_wait_seconds", "histogram", "Time from when a job could start to its start.", "queue"
)
RUNNING = _of_instance(
    "job_run_seconds", "histogram", "Time from an attempt's start to its end.", "queue"
)
OLDEST = _of_instance(
    "job_oldest_waiting_seconds", "gauge",
    "For how long the oldest waiting job could have started; 0 when none waits.", "queue",
)  # fmt: skip
LEASES = _of_instance("job_leases", "gauge", "Leases of running jobs that hold.", "queue")
PAUSED = _of_instance("queue_paused", "gauge", "1 while the queue is paused.", "queue")
CONCURRENCY = _of_instance(
    "queue_concurrency", "gauge", "How many jobs of the queue may run at once.", "queue"
)
SERVING = _of_instance(
    "queue_workers", "gauge", "Living processes that run the queue's jobs.", "queue"
)
WORKERS = _of_instance("workers", "gauge", "Processes with workers that were heard of within 30 s.")
TRANSPORT = _of_instance(
    "transport_up", "gauge", "1 when rings between all living processes get through."
)
DOCUMENTS = _of_instance("documents", "gauge", "Documents.", "status")
STAGES = _of_instance(
    "documents_in_stage", "gauge", "Documents that are being read, by where they are.", "stage"
)
INCIDENTS = _of_instance(
    "incidents_open", "gauge", "Incidents that are open (docs/alerts.md).", "kind"
)
DUTY_FAILED = _of_instance("duty_failed", "gauge", "1 when the duty's last run failed.", "duty")
DUTY_RUN = _of_instance(
    "duty_last_run_timestamp_seconds", "gauge",
    "When the duty's last run ended; missing before the first.", "duty",
)  # fmt: skip
DATABASE = _of_instance(
    "database_size_bytes", "gauge", "Size of the database: its file, and its log.", "part"
)
DISK = _of_instance("disk_free_bytes", "gauge", "Bytes free on the data folder's disk.")
LOCK_WAIT = _of_process(
    "database_write_wait_seconds", "histogram",
    "Time that writes waited for other writes of this process; those that waited are counted.",
)  # fmt: skip
STREAMS = _of_process("sse_clients", "gauge", "Event streams that are open.")
REQUESTS = _of_process(
    "http_requests_total", "counter", "Requests that were answered.", "route", "method", "status"
)
DURATIONS = _of_process(
    "http_request_duration_seconds", "histogram",
    "Time from a request to the end of its answer; event streams are not counted.",
    "route", "method",
)  # fmt: skip
IN_PROGRESS = _of_process(
    "http_requests_in_progress", "gauge", "Requests that are being answered, streams included."
)
BUILD = _of_process("build_info", "gauge", "Always 1.", "version", "python", "sqlite")
PART_SUCCESS = _of_process(
    "scrape_part_success", "gauge", "1 when this part of the metrics could be told.", "part"
)
PART_SECONDS = _of_process(
    "scrape_part_duration_seconds", "gauge", "Time that this part of the metrics took.", "part"
)

METRICS = tuple(value for value in globals().values() if isinstance(value, Metric))
