"""Small PDFs that are each a document of their own."""

from __future__ import annotations

LINES = 30
#: Begins as a PDF does and goes on as none: it is taken in, and its job fails.
DAMAGED = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"


def small_pdf(number: int, pages: int = 2) -> bytes:
    """A PDF of a few pages of text, whose content depends on the number."""
    kids = " ".join(f"{4 + 2 * page} 0 R" for page in range(pages))
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for page in range(pages):
        bodies.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * page} 0 R >>"
        )
        text = "\n".join(
            f"(Document {number}, page {page + 1}, line {line}: words to be found again.) '"
            for line in range(1, LINES + 1)
        )
        stream = f"BT /F1 12 Tf 16 TL 72 740 Td\n{text}\nET"
        bodies.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    return _file(bodies)


def _file(bodies: list[str]) -> bytes:
    data, places = "%PDF-1.4\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(bodies) + 1
    return (
        f"{data}xref\n0 {size}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF\n"
    ).encode()
