"""What the ingestion job needs besides the database."""

from __future__ import annotations

from dataclasses import dataclass

from studyq.accounts.secrets import Sealer
from studyq.pdf.model import PdfLimits
from studyq.providers.embedding import Embedder, Unavailable
from studyq.storage.imports import Importer
from studyq.storage.originals import Storage


@dataclass(frozen=True)
class IngestionServices:
    """Handed to the job's handler when it is registered.

    Args:
        chunk_chars: length of a chunk in characters.
    """

    storage: Storage
    importer: Importer
    sealer: Sealer
    embedder: Embedder | Unavailable
    pdf_limits: PdfLimits
    chunk_chars: int
