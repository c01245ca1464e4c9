"""What all pages share: the router, the templates and the static files."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path

import msgspec
from litestar import Router
from litestar.datastructures import CacheControlHeader, ResponseHeader
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig
from markupsafe import Markup, escape

from studyq.web.pages.charts import in_seconds
from studyq.web.pages.coverage import coverage_legend, coverage_strip, state_class, state_name
from studyq.web.pages.document import document_page
from studyq.web.pages.drafts import drafts_page
from studyq.web.pages.errors import page_exception_handlers
from studyq.web.pages.headers import PAGE_HEADERS
from studyq.web.pages.jobs import job_page, jobs_page
from studyq.web.pages.library import home_page, library_page, to_app
from studyq.web.pages.review import (
    review_page,
    review_settings_page,
    statistics_page,
    today_page,
)
from studyq.web.pages.status import status_page
from studyq.web.pages.tests import TEST_PAGES

WEB = Path(__file__).resolve().parent.parent


def page_router() -> Router:
    """All pages.

    The application provides what they are filled from: `page_data` (`views.PageData`),
    `card_data` (`card_views.CardData`), `review_data` (`review.ReviewData`), `test_data`
    (`tests.TestData`), `job_data` (`jobs.JobData`) and `status_data` (`status.StatusData`).
    """
    return Router(
        path="/",
        route_handlers=[
            to_app,
            home_page,
            library_page,
            document_page,
            drafts_page,
            review_page,
            today_page,
            statistics_page,
            review_settings_page,
            jobs_page,
            job_page,
            status_page,
            *TEST_PAGES,
        ],
        exception_handlers=page_exception_handlers(),
        response_headers=[
            ResponseHeader(name=name, value=value) for name, value in PAGE_HEADERS.items()
        ],
        include_in_schema=False,
    )


def static_router() -> Router:
    """Style sheet, modules and icons, under a path that changes whenever one of them does."""
    return create_static_files_router(
        path=static_path(),
        directories=[WEB / "static"],
        name="static",
        cache_control=CacheControlHeader(public=True, max_age=31_536_000, immutable=True),
    )


@cache
def static_path() -> str:
    """`/static/<digest of all files>`.

    Modules import each other relatively, so that one change gives all of them a new address.
    """
    digest = hashlib.sha256()
    for path in sorted((WEB / "static").rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return f"/static/{digest.hexdigest()[:12]}"


def template_config() -> TemplateConfig[JinjaTemplateEngine]:
    """The template engine with this package's filters; autoescaping is on for every template."""
    return TemplateConfig(
        directory=WEB / "templates", engine=JinjaTemplateEngine, engine_callback=_add_filters
    )


def _add_filters(engine: JinjaTemplateEngine) -> None:
    environment = engine.engine
    environment.autoescape = True
    environment.trim_blocks = True
    environment.lstrip_blocks = True
    environment.filters["filesize"] = format_size
    environment.filters["day"] = format_day
    environment.filters["count"] = format_count
    environment.filters["seconds"] = in_seconds
    environment.filters["code"] = with_code
    environment.filters["json"] = lambda value: msgspec.json.encode(value).decode()
    environment.globals["coverage_strip"] = coverage_strip
    environment.globals["coverage_legend"] = coverage_legend
    environment.filters["state_class"] = state_class
    environment.filters["state_name"] = state_name
    environment.globals["static_path"] = static_path()


def with_code(sentence: str) -> Markup:
    """A sentence with what stands between backticks set as code, and everything escaped."""
    parts = [escape(part) for part in sentence.split("`")]
    if len(parts) % 2 == 0:  # a backtick without its twin is a character like any other
        return escape(sentence)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if position % 2 else part
        for position, part in enumerate(parts)
    )


def format_size(size: int) -> str:
    """Bytes as people read them, in powers of 1,000: `2.4 MB`."""
    value = float(size)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit != "MB" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.2f} GB"


def format_day(moment: datetime) -> str:
    """A date without its time: `24 Nov 2026`."""
    return f"{moment.day} {moment:%b %Y}"


def format_count(number: int, singular: str, plural: str | None = None) -> str:
    """A number with its noun: `1 page`, `1,151 pages`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
