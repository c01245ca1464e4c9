"""What request handlers reach the rest of studyq by."""

from __future__ import annotations

from dataclasses import dataclass

from studyq.accounts.models import LOCAL_USER
from studyq.accounts.secrets import Sealer
from studyq.cards.spending import Prices
from studyq.database.engine import Database
from studyq.jobs.registry import Registry
from studyq.jobs.tail import EventTail
from studyq.jobs.transport import Transport
from studyq.pdf.model import PdfLimits
from studyq.providers.embedding import Embedder, Unavailable
from studyq.providers.language import LanguageModels
from studyq.settings import Settings
from studyq.storage.imports import Importer
from studyq.storage.originals import Storage
from studyq.web.http_metrics import HttpRequests


@dataclass(frozen=True)
class Services:
    """Made once by `app.py`, given to every handler that asks for `services`."""

    settings: Settings
    database: Database
    storage: Storage
    importer: Importer
    sealer: Sealer
    embedder: Embedder | Unavailable
    languages: LanguageModels
    registry: Registry
    tail: EventTail
    transport: Transport
    pdf_limits: PdfLimits
    http_requests: HttpRequests

    @property
    def user_id(self) -> str:
        """Whose request it is: until accounts exist, the local user's."""
        return LOCAL_USER

    @property
    def is_administrator(self) -> bool:
        """Whether they may see the inner workings: until accounts exist, everybody may."""
        return True

    @property
    def prices(self) -> Prices:
        """What the language model of the settings costs."""
        settings = self.settings
        return Prices(settings.llm, settings.llm_input_price, settings.llm_output_price)
