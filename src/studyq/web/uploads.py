"""Receiving files: straight from the request's stream into the storage's scratch folder.

One pass: hashed and limited while written, so that nothing is held in memory or written twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from studyq.storage.originals import Incoming
from studyq.web.problems import ProblemError

BUFFER = 1024 * 1024  #: bytes gathered before they are handed to a thread that writes
SMALL_FIELD = 4096  #: bytes of the longest field that is not a file


@dataclass
class Received:
    """What a request brought along with its file."""

    filename: str | None = None
    password: str | None = None


class _Writer:
    """Hands what comes in to a thread in large pieces, and stops at the limit."""

    def __init__(self, incoming: Incoming, limit: int) -> None:
        self._incoming = incoming
        self._limit = limit
        self._buffer = bytearray()
        self._size = 0

    async def write(self, data: bytes | bytearray) -> None:
        self._size += len(data)
        if self._size > self._limit:
            raise too_large(self._limit)
        self._buffer += data
        if len(self._buffer) >= BUFFER:
            await self._flush()

    async def finish(self) -> None:
        await self._flush()
        await asyncio.to_thread(self._incoming.finish)

    async def _flush(self) -> None:
        data, self._buffer = bytes(self._buffer), bytearray()
        await asyncio.to_thread(self._incoming.write, data)


def too_large(limit: int) -> ProblemError:
    """The refusal of a file over the limit (bytes)."""
    return ProblemError(
        413, "too_large", f"The file is larger than the {limit:,} bytes of STUDYQ_MAX_UPLOAD."
    )


async def receive_body(request: Request[Any, Any, Any], incoming: Incoming, limit: int) -> None:
    """Receive a file that is the whole body.

    Raises:
        ProblemError: 413 when it is over the limit (bytes).
        StorageFull: when there is no room.
    """
    _check_announced(request, limit)
    writer = _Writer(incoming, limit)
    async for piece in request.stream():
        await writer.write(piece)
    await writer.finish()


async def receive_form(request: Request[Any, Any, Any], incoming: Incoming, limit: int) -> Received:
    """Receive a multipart form with one file in the field `file`, and perhaps a `password`.

    Raises:
        ProblemError: 413 when it is over the limit (bytes); 400 when it is no such form.
        StorageFull: when there is no room.
    """
    _check_announced(request, limit + 64 * 1024)
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get("boundary")
    if kind != "multipart/form-data" or not boundary:
        raise ProblemError(
            400, "not_a_form", "Send multipart/form-data with the PDF in the field `file`."
        )
    received, writer, files = Received(), _Writer(incoming, limit), 0
    try:
        async for segment, pieces in _segments(request.stream(), boundary):
            if segment.name == "file":
                files += 1
                if files > 1:
                    raise ProblemError(400, "several_files", "Send one file a request.")
                received.filename = segment.filename
                async for piece in pieces:
                    await writer.write(piece)
            else:
                value = await _small(pieces)
                if segment.name == "password":
                    received.password = value or None
    except MultipartError as error:
        raise ProblemError(
            400, "bad_form", f"The form cannot be read ({error}); was the upload cut off?"
        ) from error
    if not files:
        raise ProblemError(400, "file_missing", "The form has no field `file` with a file in it.")
    await writer.finish()
    return received


async def _segments(
    stream: AsyncIterator[bytes], boundary: str
) -> AsyncIterator[tuple[MultipartSegment, AsyncIterator[bytes | bytearray]]]:
    """The parts of a form, each with its content to be read before the next one is asked for."""
    with PushMultipartParser(boundary, max_segment_count=16) as parser:
        events = _events(parser, stream)
        async for event in events:
            if isinstance(event, MultipartSegment):
                yield event, _content(events)


async def _events(
    parser: PushMultipartParser, stream: AsyncIterator[bytes]
) -> AsyncIterator[MultipartSegment | bytearray | None]:
    async for piece in stream:
        for event in parser.parse(piece):
            yield event


async def _content(
    events: AsyncIterator[MultipartSegment | bytearray | None],
) -> AsyncIterator[bytes | bytearray]:
    async for event in events:
        if event is None:
            return
        if isinstance(event, bytearray | bytes):
            yield event


async def _small(pieces: AsyncIterator[bytes | bytearray]) -> str:
    value = bytearray()
    async for piece in pieces:
        value += piece
        if len(value) > SMALL_FIELD:
            raise ProblemError(400, "field_too_long", "A field of the form is too long.")
    return value.decode("utf-8", "replace")


def _check_announced(request: Request[Any, Any, Any], limit: int) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise too_large(limit)
