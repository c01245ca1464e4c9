"""Jobs: how each queue is doing, the jobs that are asked for, and one job closely."""

from __future__ import annotations

from typing import Annotated, Protocol, cast, get_args

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter, SkipValidation
from litestar.response import Template

from studyq.jobs.finding import View
from studyq.web.pages.job_views import JobDetail, JobFilter, JobsView, Span
from studyq.web.pages.views import PageData

LONGEST = 200  #: characters of a filter's value that count


class JobData(Protocol):
    """Fills the page Jobs for one reader."""

    def jobs(self, wanted: JobFilter) -> JobsView:
        """The queues, and one page of the jobs that are asked for."""
        ...

    def job(self, job_id: str) -> JobDetail | None:
        """One job closely, or None when there is none of this id."""
        ...


@get("/app/jobs", sync_to_thread=True)
def jobs_page(
    page_data: NamedDependency[SkipValidation[PageData]],
    job_data: NamedDependency[SkipValidation[JobData]],
    view: FromQuery[str] = "",
    queue: FromQuery[str] = "",
    only: Annotated[str, QueryParameter(name="state")] = "",
    code: FromQuery[str] = "",
    trigger: FromQuery[str] = "",
    q: FromQuery[str] = "",
    span: FromQuery[str] = "",
    cursor: FromQuery[str] = "",
) -> Template:
    """All queues and the newest jobs. What makes no sense in a query counts as not given."""
    wanted = JobFilter(
        view=cast(View, _known(view, get_args(View), "all")),
        queue=queue[:LONGEST],
        state=only[:LONGEST],
        code=code[:LONGEST],
        trigger=trigger[:LONGEST],
        text=q.strip()[:LONGEST],
        span=cast(Span, _known(span, get_args(Span), "hour")),
        cursor=cursor[:LONGEST],
    )
    return Template(
        template_name="jobs.html",
        context={
            "shell": page_data.shell(),
            "jobs": job_data.jobs(wanted),
            "current": "jobs",
        },
    )


@get("/app/jobs/{job_id:str}", sync_to_thread=True)
def job_page(
    page_data: NamedDependency[SkipValidation[PageData]],
    job_data: NamedDependency[SkipValidation[JobData]],
    job_id: FromPath[str],
) -> Template:
    """One job: its story, attempts, input and receipt."""
    job = job_data.job(job_id)
    if job is None:
        raise NotFoundException(
            "This job does not exist (any more): jobs are deleted some time after their end."
        )
    return Template(
        template_name="job.html",
        context={"shell": page_data.shell(), "job": job, "row": job.row, "current": "jobs"},
    )


def _known(value: str, values: tuple[str, ...], otherwise: str) -> str:
    return value if value in values else otherwise
