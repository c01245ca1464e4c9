"""Files that a browser is to save, not to show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType


def file_operation(media_types: Iterable[str]) -> type[Operation]:
    """An operation that answers with a file of one of some media types, for its description."""
    binary = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
    kinds: dict[str, Any] = {
        kind: OpenAPIMediaType(schema=Schema() if "json" in kind else binary)
        for kind in media_types
    }

    @dataclass
    class FileOperation(Operation):
        def __post_init__(self) -> None:
            answer = OpenAPIResponse(description="The file", content=kinds)
            self.responses = {**(self.responses or {}), "200": answer}

    return FileOperation


def saved_as(name: str) -> dict[str, str]:
    """The headers of an answer that is saved under a name; nothing in it is run."""
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
    }


def attachment(name: str, content: bytes, media_type: str) -> Response[bytes]:
    """A file that is made for this one answer."""
    return Response(
        content, media_type=media_type, headers={**saved_as(name), "Cache-Control": "no-store"}
    )
