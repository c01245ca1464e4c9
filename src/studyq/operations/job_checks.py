"""Whether every job that runs has a worker, and every document that waits a job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from studyq.database.base import now
from studyq.jobs.identity import host_name, process_started
from studyq.jobs.models import ACTIVE_SQL, LIVE, Job, Worker
from studyq.jobs.reaper import reap
from studyq.library.models import Document, Status
from studyq.library.service import reprocess
from studyq.operations.findings import Patient, Symptom, count_of, symptom

#: Seconds past the end of a lease before it is remarkable: a living worker's reaper looks each
#: second.
REAPER_SLACK = 5.0


def check_stuck_jobs(patient: Patient) -> Iterator[Symptom]:
    """No job is held by a worker that is gone."""
    with patient.database.read() as session:
        rows = session.execute(
            sa.select(Job.id, Job.lease_until, Worker.host, Worker.pid, Worker.pid_started)
            .outerjoin(Worker, Worker.id == Job.worker_id)
            .where(ACTIVE_SQL)
        ).all()
    stuck = [row.id for row in rows if _is_stuck(row)]
    if stuck:
        yield symptom(
            "stuck_jobs",
            f"{count_of(stuck, 'job is', 'jobs are')} held by a worker that is gone.",
            "`studyq doctor --fix` gives them back to their queue; so does a running "
            "`studyq serve`.",
            stuck,
            lambda: f"{reap(patient.database, patient.registry)} given back to their queue.",
        )


def check_forgotten_documents(patient: Patient) -> Iterator[Symptom]:
    """Every document that is not ready has a job that makes it so."""
    live = sa.exists().where(Job.subject == Document.id, Job.state.in_(LIVE))
    with patient.database.read() as session:
        forgotten = list(
            session.scalars(
                sa.select(Document.id).where(
                    Document.status.in_((Status.PENDING, Status.PROCESSING)), ~live
                )
            )
        )
    if forgotten:
        yield symptom(
            "forgotten_documents",
            f"{count_of(forgotten, 'document waits', 'documents wait')} for a job that is not "
            "there.",
            "`studyq doctor --fix` enqueues it; `studyq reprocess DOCUMENT_ID` does so for one.",
            forgotten,
            lambda: read_again(patient, forgotten),
        )


def read_again(
    patient: Patient, document_ids: Sequence[str], *, embeddings_only: bool = False
) -> str:
    """Enqueue the job that completes each document."""
    with patient.database.write() as session:
        jobs = [
            reprocess(
                session,
                patient.sealer,
                session.get_one(Document, document_id).user_id,
                document_id,
                embeddings_only=embeddings_only,
            )
            for document_id in document_ids
        ]
    return f"{count_of(jobs, 'job', 'jobs')} enqueued; a running `studyq serve` does the work."


def _is_stuck(row: Any) -> bool:
    if row.lease_until is None or now() - row.lease_until > REAPER_SLACK * 1e6:
        return True
    if row.host != host_name():
        return False
    started: str = row.pid_started
    return process_started(row.pid) != started


JOB_CHECKS = (check_stuck_jobs, check_forgotten_documents)
