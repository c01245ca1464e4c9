"""Files that a browser is to save, not to show."""

from __future__ import annotations

from urllib.parse import quote

from litestar import Response


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
