"""Status: what of the instance works, and what to do about what does not."""

from __future__ import annotations

from typing import Protocol

import sqlalchemy as sa
import structlog
from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.response import Template

from studyq.web.examining import in_examiner
from studyq.web.pages.navigation import navigation
from studyq.web.pages.status_views import StatusView
from studyq.web.pages.views import PageData, ShellView

log = structlog.get_logger("studyq.web")


class StatusData(Protocol):
    """Looks at the instance; answers within some seconds, whatever is broken."""

    def status(self) -> StatusView:
        """Every part of it."""
        ...


@get("/app/status")
async def status_page(
    page_data: NamedDependency[SkipValidation[PageData]],
    status_data: NamedDependency[SkipValidation[StatusData]],
) -> Template:
    """The state of every part, of the workers and of the duties, and the latest incidents."""
    return Template(
        template_name="status.html",
        context={
            "shell": await in_examiner(lambda: _shell(page_data)),
            "status": await in_examiner(status_data.status),
            "current": "status",
        },
    )


def _shell(page_data: PageData) -> ShellView:
    """What surrounds the page; without its counts where the database is what is broken."""
    try:
        return page_data.shell()
    except sa.exc.DatabaseError:
        log.exception("counts not read")
        return ShellView(navigation())
