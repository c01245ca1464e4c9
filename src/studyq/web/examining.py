"""Threads for looking at the instance: those of other requests may all wait for what is broken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from studyq.operations.health import examine
from studyq.operations.parts import Part
from studyq.web.services import Services

T = TypeVar("T")

_EXAMINERS = ThreadPoolExecutor(4, thread_name_prefix="studyq-ready")


async def in_examiner(look: Callable[[], T]) -> T:
    """Run something in one of these threads."""
    return await asyncio.get_running_loop().run_in_executor(_EXAMINERS, look)


def examine_instance(services: Services) -> dict[str, Part]:
    """Look at every part of this instance, for at most some seconds."""
    return examine(
        services.settings,
        services.database,
        services.storage,
        services.embedder,
        services.transport,
        services.registry.queues(),
        services.languages,
    )
