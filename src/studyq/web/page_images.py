"""Pictures of pages, drawn by a confined child process and kept for a while."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict

from PIL import Image, ImageChops, ImageDraw

from studyq.library.errors import NotFoundError
from studyq.library.lines import Rectangle
from studyq.library.service import find_document, find_page, pdf_of
from studyq.pdf.confined import ConfinedPdf
from studyq.search.passages import chunk_rectangles
from studyq.web.services import Services

KEPT = 64  #: pictures, of about 50 kB each
AT_ONCE = 2  #: pages drawn at the same time
SCALES = (0.1, 4.0)
MARKER = (255, 236, 120)  #: the marker's yellow, multiplied with the page as a felt pen would


class PageImages:
    """Draws pages; the same page at the same scale is drawn once."""

    def __init__(self) -> None:
        self._images: OrderedDict[tuple[str, int, float], bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._drawing = threading.Semaphore(AT_ONCE)

    def draw(
        self,
        services: Services,
        document_id: str,
        number: int,
        *,
        scale: float,
        chunk_id: int | None = None,
    ) -> tuple[bytes, str]:
        """A page as WebP, and its ETag.

        Raises:
            NotFoundError: when there is no such page, or nothing that could be drawn.
            PdfRefused: when the page cannot be drawn.
        """
        scale = min(max(SCALES[0], scale), SCALES[1])  # in this order, NaN becomes the smallest
        with services.database.read() as session:
            document = find_document(session, services.user_id, document_id)
            page = find_page(session, services.user_id, document_id, number)
            original = pdf_of(session, document_id)
            if original is None:
                raise NotFoundError(
                    "no_image", f"{document.title} is a text; it has no pages to see."
                )
            places = []
            if chunk_id is not None:
                found = chunk_rectangles(
                    session, services.user_id, chunk_id, document_id=document_id
                )
                places = [place for place in found if place.page == number]
            key, digest, sealed = original.storage_key, original.sha256, original.sealed_password
            width = page.width
        image = self._kept(digest, number, scale)
        if image is None:
            password = services.sealer.open(sealed) if sealed else None
            with (
                self._drawing,
                services.storage.local(key) as path,
                ConfinedPdf(path, password=password, limits=services.pdf_limits) as pdf,
            ):
                image = pdf.render_page(number, scale=scale)
            self._keep(digest, number, scale, image)
        if places:
            image = light_up(image, places, width)
        return image, f'"{digest[:16]}-{number}-{scale:g}-{chunk_id or 0}"'

    def _kept(self, digest: str, number: int, scale: float) -> bytes | None:
        with self._lock:
            image = self._images.get((digest, number, scale))
            if image is not None:
                self._images.move_to_end((digest, number, scale))
            return image

    def _keep(self, digest: str, number: int, scale: float, image: bytes) -> None:
        with self._lock:
            self._images[digest, number, scale] = image
            if len(self._images) > KEPT:
                self._images.popitem(last=False)


def light_up(image: bytes, places: list[Rectangle], page_width: float) -> bytes:
    """Mark places on a picture of a page that is `page_width` points wide."""
    picture = Image.open(io.BytesIO(image)).convert("RGB")
    factor = picture.width / page_width if page_width else 1.0
    marker = Image.new("RGB", picture.size, (255, 255, 255))
    pen = ImageDraw.Draw(marker)
    for place in places:
        corners = (place.x0, place.y0, place.x1, place.y1)
        pen.rectangle([corner * factor for corner in corners], fill=MARKER)
    output = io.BytesIO()
    ImageChops.multiply(picture, marker).save(output, "WEBP", quality=85)
    return output.getvalue()
