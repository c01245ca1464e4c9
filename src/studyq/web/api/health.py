"""Whether the instance lives, and whether it works."""

from __future__ import annotations

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from studyq.web.api.pdfs import ServicesDependency
from studyq.web.api.schemas import HealthBody
from studyq.web.examining import examine_instance, in_examiner


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
    parts = await in_examiner(lambda: examine_instance(services))
    failing = any(not part.ok and part.needed for part in parts.values())
    body = {
        "status": "failing" if failing else "ok",
        "parts": {
            name: {"ok": part.ok, "reason": part.reason, "next_step": part.next_step}
            for name, part in parts.items()
        },
    }
    return Response(msgspec.convert(body, HealthBody), status_code=503 if failing else 200)
