"""Whether the instance lives, and whether it works."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from studyq.operations.health import Part, examine
from studyq.web.api.pdfs import ServicesDependency
from studyq.web.api.schemas import HealthBody
from studyq.web.services import Services

#: Its own threads: those of other requests may all be waiting for what does not work.
_EXAMINERS = ThreadPoolExecutor(4, thread_name_prefix="studyq-ready")


@get("/health/live", summary="Is it alive?")
async def live() -> dict[str, str]:
    """Answers as long as the server does."""
    return {"status": "ok"}


@get(
    "/health/ready",
    summary="Does it work?",
    responses={503: ResponseSpec(HealthBody, description="A part fails")},
)
async def ready(services: ServicesDependency) -> Response[HealthBody]:
    """Looks at each part; 503 with the reason and the next step when one fails.

    It answers within four seconds, whatever is broken.
    """
    loop = asyncio.get_running_loop()
    parts = await loop.run_in_executor(_EXAMINERS, _examine, services)
    failing = any(not part.ok and part.needed for part in parts.values())
    body = {
        "status": "failing" if failing else "ok",
        "parts": {
            name: {"ok": part.ok, "reason": part.reason, "next_step": part.next_step}
            for name, part in parts.items()
        },
    }
    return Response(msgspec.convert(body, HealthBody), status_code=503 if failing else 200)


def _examine(services: Services) -> dict[str, Part]:
    return examine(
        services.settings,
        services.database,
        services.storage,
        services.embedder,
        services.transport,
        services.registry.queues(),
    )
