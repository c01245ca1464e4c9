"""How this process logs: one line an event on standard error, as text or as JSON.

Everything goes through one handler, libraries that use `logging` included; of those only warnings
and worse are let through. Each line says which request and which job it is about.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar, Token
from types import MappingProxyType
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from studyq.settings import Settings

ROOM = "studyq"  #: our loggers are named after it; all others are libraries'
_ROOM = logging.getLogger(ROOM)


#: A context variable of our own: structlog's cost the job layer a variable a fact.
_ABOUT: ContextVar[Mapping[str, Any]] = ContextVar("studyq_about", default=MappingProxyType({}))


class about:  # noqa: N801  # reads as a statement
    """Within the block, this task's or thread's lines carry these facts, those that there are."""

    __slots__ = ("_facts", "_token")

    def __init__(self, **facts: Any) -> None:
        self._facts = facts
        self._token: Token[Mapping[str, Any]] | None = None

    def __enter__(self) -> None:
        self._token = _ABOUT.set(self._facts)

    def __exit__(self, *_: object) -> None:
        assert self._token is not None  # noqa: S101
        _ABOUT.reset(self._token)


def request_id() -> str | None:
    """The request that this work goes back to, if one is known."""
    return _ABOUT.get().get("request_id")


def is_told(level: int) -> bool:
    """Whether lines of a level are written at all: cheaper than making one for nothing."""
    return _ROOM.isEnabledFor(level)


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
    _ROOM.setLevel(level)
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
        _add_facts,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _add_facts(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for name, value in _ABOUT.get().items():
        if value is not None:
            event.setdefault(name, value)
    return event


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
