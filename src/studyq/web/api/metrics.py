"""What the service measures of itself, for Prometheus."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Annotated

from litestar import Response, get
from litestar.params import HeaderParameter

from studyq.operations.metrics.exposition import render
from studyq.operations.metrics.of_process import process_parts
from studyq.operations.metrics.readings import Part
from studyq.web.api.pdfs import ServicesDependency
from studyq.web.problems import problems
from studyq.web.services import Services

#: Its own threads: those of other requests may all be busy, which is when one wants to know.
_SCRAPERS = ThreadPoolExecutor(2, thread_name_prefix="studyq-metrics")


@get("/metrics", media_type="text/plain", summary="Metrics", responses=problems())
async def metrics(
    services: ServicesDependency,
    accept: Annotated[str, HeaderParameter(name="Accept")] = "",
) -> Response[bytes]:
    """Metrics in the text format of Prometheus, or as OpenMetrics to whoever accepts that.

    A part that cannot be told is missing, and `studyq_scrape_part_success` says so.
    """
    here = copy_context()  # with the request's id, for the log
    loop = asyncio.get_running_loop()
    text, content_type = await loop.run_in_executor(_SCRAPERS, here.run, _render, services, accept)
    return Response(text, media_type=content_type, headers={"Cache-Control": "no-store"})


def _render(services: Services, accept: str) -> tuple[bytes, str]:
    parts = [
        Part("http", services.http_requests.readings),
        *process_parts(services.settings.data, services.database, services.tail),
    ]
    return render(services.database, parts, accept)
