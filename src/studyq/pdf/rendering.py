"""Draws pages as pictures for the browser; runs in the child process."""

from __future__ import annotations

import io
from typing import Literal

import pypdfium2 as pypdfium

from studyq.pdf.opening import OpenPdf

ImageFormat = Literal["WEBP", "PNG"]

# 2,400 pixels are A4 at 205 dpi; such a bitmap takes at most 23 MB.
_MAX_SIDE = 2_400
_QUALITY = 85
_EFFORT = 2  # of WebP's 0 to 6: half the time of the default, files 2 % larger


class DrawingError(Exception):
    """A page cannot be drawn."""


def render_page(pdf: OpenPdf, index: int, scale: float, image_format: ImageFormat) -> bytes:
    """Draw a page.

    Args:
        pdf: The open document.
        index: Page number from 0.
        scale: Pixels per PDF point; less is used where the picture would exceed 2,400 pixels
            in either direction.
        image_format: Format of the picture.

    Returns:
        The encoded picture.

    Raises:
        DrawingError: When the page cannot be loaded, has no size, or the scale is not positive.
    """
    try:
        page = pdf.document[index]
    except (pypdfium.PdfiumError, IndexError) as error:
        raise DrawingError(f"page {index + 1} cannot be loaded") from error
    try:
        longest = max(page.get_size())
        if longest <= 0 or scale <= 0:
            raise DrawingError(f"page {index + 1} cannot be drawn at scale {scale:g}")
        bitmap = page.render(scale=min(scale, (_MAX_SIDE - 1) / longest), may_draw_forms=False)
        try:
            picture = bitmap.to_pil().convert("RGB")
        finally:
            bitmap.close()
    finally:
        page.close()
    output = io.BytesIO()
    picture.save(output, image_format, quality=_QUALITY, method=_EFFORT)
    return output.getvalue()
