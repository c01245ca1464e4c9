"""How this process logs: one line an event on standard error, as text or as JSON.

Everything goes through one handler, libraries that use `logging` included; of those only warnings
and worse are let through.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.typing import Processor

from studyq.settings import Settings

ROOM = "studyq"  #: our loggers are named after it; all others are libraries'


def configure_logging(settings: Settings, *, quiet: bool = False) -> None:
    """Configure logging for the whole process; a second call replaces the first.

    Args:
        quiet: only errors (unless debugging is asked for), for commands that tell people
            themselves what goes wrong.
    """
    level = _level(settings.log_level, quiet=quiet)
    shared = _shared_processors()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(settings),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger(ROOM).setLevel(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # loggers of modules are made before this is called
    )


def _level(name: str, *, quiet: bool) -> int:
    level = logging.getLevelNamesMapping()[name.upper()]
    return max(level, logging.ERROR) if quiet and level > logging.DEBUG else level


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _renderers(settings: Settings) -> list[Any]:
    if _as_json(settings):
        return [
            # Tracebacks as text, without the values of variables, which may be secret.
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    ]


def _as_json(settings: Settings) -> bool:
    if settings.log_format == "auto":
        return not sys.stderr.isatty()
    return settings.log_format == "json"
