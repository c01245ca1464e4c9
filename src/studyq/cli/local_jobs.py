"""Jobs in the database that is here; processes that work on it notice what is changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from studyq.cli.job_desks import Asked, Told
from studyq.jobs import operating
from studyq.jobs.describing import describe_closely, describe_job, describe_jobs
from studyq.jobs.finding import Wanted, find_job, find_jobs
from studyq.jobs.models import LIVE
from studyq.jobs.overview import overview
from studyq.jobs.registry import QUEUES
from studyq.jobs.service import cancel, retry, set_priority
from studyq.library.service import documents_named

if TYPE_CHECKING:
    from studyq.web.services import Services


class LocalJobs:
    """`JobDesk` over the services of this process."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def find(self, asked: Asked) -> list[Told]:
        """Jobs, newest first."""
        user_id, text = self._services.user_id, (asked.text or "").strip()
        with self._services.database.read() as session:
            wanted = Wanted(
                queue=asked.queue,
                states=asked.states,
                text=text,
                subjects=documents_named(session, user_id, text) if text else (),
                trigger=asked.trigger,
                code=asked.code,
            )
            return describe_jobs(session, find_jobs(session, user_id, wanted, limit=asked.limit))

    def show(self, job_id: str) -> Told:
        """All that is known of a job."""
        services = self._services
        with services.database.read() as session:
            row = find_job(session, services.user_id, job_id)
            return describe_closely(session, row, tracebacks=services.is_administrator)

    def cancel(self, job_id: str) -> Told:
        """Cancel a job."""
        services = self._services
        return self._change(
            job_id, lambda session: cancel(session, services.registry, services.user_id, job_id)
        )

    def retry(self, job_id: str) -> Told:
        """Put a job back."""
        services = self._services
        return self._change(
            job_id, lambda session: retry(session, services.registry, services.user_id, job_id)
        )

    def set_priority(self, job_id: str, priority: int) -> Told:
        """Let a job start earlier or later."""
        user_id = self._services.user_id
        return self._change(
            job_id, lambda session: set_priority(session, user_id, job_id, priority)
        )

    def queues(self) -> list[Told]:
        """All queues."""
        with self._services.database.read() as session:
            return overview(session, QUEUES)

    def pause(self, queue: str) -> Told:
        """Pause a queue."""
        return self._operate(queue, lambda session: operating.pause(session, queue))

    def resume(self, queue: str) -> Told:
        """Resume a queue."""
        return self._operate(queue, lambda session: operating.resume(session, queue))

    def set_concurrency(self, queue: str, concurrency: int) -> Told:
        """Let so many of a queue's jobs run at once."""
        return self._operate(
            queue, lambda session: operating.set_concurrency(session, queue, concurrency)
        )

    def retry_failed(self, queue: str, code: str | None) -> Told:
        """Put what failed back."""
        services = self._services
        done = operating.retry_failed(
            services.database, services.registry, services.user_id, queue, code=code
        )
        return asdict(done)

    def cancel_all(self, queue: str, state: str, code: str | None) -> Told:
        """Cancel all jobs in a state."""
        services = self._services
        states = LIVE if state == "live" else [state]
        wanted = Wanted(queue=queue, states=states, code=code)
        done = operating.cancel_matching(
            services.database, services.registry, services.user_id, wanted
        )
        return asdict(done)

    def _change(self, job_id: str, change: Callable[[Session], object]) -> Told:
        with self._services.database.write() as session:
            change(session)
            session.flush()
            return describe_job(session, find_job(session, self._services.user_id, job_id))

    def _operate(self, queue: str, change: Callable[[Session], object]) -> Told:
        with self._services.database.write() as session:
            change(session)
            session.flush()
            return overview(session, [queue])[0]
