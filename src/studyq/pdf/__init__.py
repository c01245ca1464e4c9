"""PDF files: text with positions, structure and page images, read in a confined child process.

``ConfinedPdf`` is the door. This room knows no database and no jobs. pdfium reads text,
rectangles, outline, labels and draws; pypdf repairs and gives a second opinion on single pages.
"""

from studyq.pdf.confined import ConfinedPdf
from studyq.pdf.model import (
    Heading,
    Line,
    OutlineEntry,
    PageText,
    PdfInfo,
    PdfLimits,
    PdfRefused,
)
from studyq.pdf.rendering import ImageFormat

PRELOAD = ("studyq.pdf.child", "pypdf")
"""What the template of child processes should import: ``processes.preload(*PRELOAD)``."""

__all__ = [
    "PRELOAD",
    "ConfinedPdf",
    "Heading",
    "ImageFormat",
    "Line",
    "OutlineEntry",
    "PageText",
    "PdfInfo",
    "PdfLimits",
    "PdfRefused",
]
