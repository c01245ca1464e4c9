"""Files that a browser is to save, not to show."""

from __future__ import annotations

from urllib.parse import quote

from litestar import Response


def attachment(name: str, content: bytes, media_type: str) -> Response[bytes]:
    """An answer that is saved under a name; nothing in it is run."""
    return Response(
        content,
        media_type=media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "X-Content-Type-Options": "nosniff",
        },
    )
