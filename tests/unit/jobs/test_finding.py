"""Lists of jobs: by view, state, text, trigger, error and subject, page by page."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from job_layer import QUEUE, USER, Jobs
from studyq.jobs.context import JobContext
from studyq.jobs.enqueue import NewJob, enqueue_many
from studyq.jobs.errors import PermanentError
from studyq.jobs.finding import VIEWS, Wanted, conditions, find_jobs
from studyq.jobs.models import Job
from studyq.jobs.registry import Outcome


def found(jobs: Jobs, **wanted: object) -> set[str]:
    with jobs.database.read() as session:
        return {row.id for row in find_jobs(session, USER, Wanted(**wanted))}  # type: ignore[arg-type]


@pytest.fixture
def shelf(jobs: Jobs) -> dict[str, str]:
    """One job in each state but active, by what became of it."""

    def work(context: JobContext) -> Outcome:
        if context.subject == "torn":
            raise PermanentError("not_a_pdf", "This file is 100% not a PDF.")
        return Outcome(message="Read_all of it")

    jobs.handle(work)
    ids = {
        "completed": jobs.add(subject="good", trigger="reprocess"),
        "failed": jobs.add(subject="torn"),
    }
    jobs.drain()
    ids["cancelled"] = jobs.add(trigger="schedule")
    jobs.cancel(ids["cancelled"])
    ids["delayed"] = jobs.add(delay=60, subject="good")
    ids["waiting"] = jobs.add("other")
    return ids


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, "completed failed cancelled delayed waiting"),
        ({"states": VIEWS["needs_attention"]}, "failed"),
        ({"states": VIEWS["in_progress"]}, "delayed waiting"),
        ({"states": VIEWS["completed"]}, "completed"),
        ({"states": ["cancelled", "waiting"]}, "cancelled waiting"),
        ({"states": ["active"]}, ""),
        ({"trigger": "reprocess"}, "completed"),
        ({"code": "not_a_pdf"}, "failed"),
        ({"code": "other"}, ""),
        ({"subject": "good"}, "completed delayed"),
        ({"subject": "good", "states": ["delayed"]}, "delayed"),
        ({"text": "READ_ALL"}, "completed"),
        ({"text": "read all"}, ""),
        ({"text": "100%"}, "failed"),
        ({"text": "%"}, "failed"),
        ({"text": "othe"}, "waiting"),
        ({"text": "torn"}, "failed"),
        ({"text": "traceback"}, ""),
        ({"text": "nowhere", "subjects": ["good"]}, "completed delayed"),
        ({"text": "'; DROP TABLE jobs; --\x00"}, ""),
    ],
)
def test_finds_what_is_wanted_and_nothing_else(
    jobs: Jobs, shelf: dict[str, str], wanted: dict[str, object], expected: str
) -> None:
    by_id = {job_id: name for name, job_id in shelf.items()}
    assert {by_id[job_id] for job_id in found(jobs, **wanted)} == set(expected.split())


def test_is_found_by_its_id(jobs: Jobs, shelf: dict[str, str]) -> None:
    assert found(jobs, text=shelf["waiting"]) == {shelf["waiting"]}
    assert found(jobs, text=shelf["waiting"][-8:].upper()) == {shelf["waiting"]}


def test_pages_have_no_gap_and_no_repetition(jobs: Jobs) -> None:
    with jobs.database.write() as session:
        ids = enqueue_many(session.connection(), [NewJob(QUEUE, "work", USER)] * 25)
    seen: list[str] = []
    for wanted in (Wanted(), Wanted(states=["waiting"]), Wanted(text="work")):
        seen.clear()
        while True:
            with jobs.database.read() as session:
                before = seen[-1] if seen else None
                rows = find_jobs(session, USER, wanted, before=before, limit=10)
            if not rows:
                break
            seen += [row.id for row in rows]
        assert seen == ids[::-1]


@pytest.mark.parametrize(
    ("states", "index"),
    [
        (["failed"], "ix_jobs_failed"),
        (["waiting"], "ix_jobs_live"),
        (list(VIEWS["in_progress"]), "ix_jobs_live"),
        (["cancelled"], "ix_jobs_ended"),
    ],
)
def test_few_among_many_are_found_by_an_index(jobs: Jobs, states: list[str], index: str) -> None:
    wanted = Wanted(queue=QUEUE, states=states)
    ordered = sa.func.coalesce(Job.id, "").desc()
    query = sa.select(Job.id).where(*conditions(wanted)).order_by(ordered)
    with jobs.database.read() as session:
        text = query.compile(session.connection(), compile_kwargs={"literal_binds": True})
        plan = session.execute(sa.text(f"EXPLAIN QUERY PLAN {text}")).all()
    assert any(index in row.detail for row in plan), plan
