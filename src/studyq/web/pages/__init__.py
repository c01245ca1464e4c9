"""The pages under `/app`: view models, and the controllers that render them as templates."""

from studyq.web.pages.errors import error_page
from studyq.web.pages.headers import PAGE_HEADERS
from studyq.web.pages.navigation import navigation
from studyq.web.pages.shell import page_router, static_router, template_config

__all__ = [
    "PAGE_HEADERS",
    "error_page",
    "navigation",
    "page_router",
    "static_router",
    "template_config",
]
