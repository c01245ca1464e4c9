"""Refusals as pages: what happened, and where to go from there."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Request
from litestar.exceptions import HTTPException, NotFoundException
from litestar.response import Template
from litestar.types import ExceptionHandlersMap

from studyq.web.pages.headers import PAGE_HEADERS
from studyq.web.pages.navigation import navigation
from studyq.web.pages.views import ShellView


def page_exception_handlers() -> ExceptionHandlersMap:
    """Handlers that answer a failed page with a page instead of JSON."""
    return {HTTPException: error_page}


def error_page(request: Request[Any, Any, Any], error: HTTPException) -> Template:
    """Renders a refusal in the shell.

    The application may call it for unknown addresses under `/app` too: those never reach the
    router of the pages.
    """
    missing = isinstance(error, NotFoundException)
    return Template(
        template_name="error.html",
        context={
            "shell": ShellView(navigation=navigation()),
            "heading": "There is nothing here" if missing else "This did not work",
            "detail": error.detail
            if error.detail and error.detail != "Not Found"
            else f"No page has the address {request.url.path}.",
        },
        status_code=error.status_code,
        headers=PAGE_HEADERS,
        media_type=MediaType.HTML,
    )
