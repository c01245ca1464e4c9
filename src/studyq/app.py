"""Joins the parts: the only place that knows all of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import HttpMethod
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp
from litestar.types.internal_types import PathParameterDefinition

from studyq import __version__, tracing
from studyq.accounts.secrets import Sealer
from studyq.assessment.jobs import register_assessment
from studyq.cards.generators import PRELOAD as CARD_PRELOAD
from studyq.cards.jobs import register_generation
from studyq.cards.services import CardServices
from studyq.database.checkpointing import Checkpointer
from studyq.database.engine import Database
from studyq.database.migrate import upgrade
from studyq.ingestion.jobs import register
from studyq.ingestion.services import IngestionServices
from studyq.jobs.duties import DutyRunner
from studyq.jobs.host import JobHost, ensure_queues
from studyq.jobs.registry import (
    FLASHCARD_GENERATION,
    NOTIFICATIONS,
    PDF_INGESTION,
    QUEUES,
    TEST_ANALYSIS,
    Registry,
)
from studyq.jobs.tail import EventTail
from studyq.jobs.transport import open_transport
from studyq.operations.duties import make_duties
from studyq.operations.webhooks import register_webhooks
from studyq.pdf import PRELOAD
from studyq.pdf.model import PdfLimits
from studyq.processes import preload
from studyq.providers.embedding import Unavailable, open_embedder
from studyq.providers.language import LanguageModels, LanguageOptions
from studyq.reviews.jobs import register_fitting
from studyq.settings import Settings
from studyq.storage.imports import Importer
from studyq.storage.originals import Storage
from studyq.web.access_log import AccessLog
from studyq.web.api.anki_files import ANKI_FILE_HANDLERS
from studyq.web.api.card_files import CARD_FILE_HANDLERS
from studyq.web.api.card_sessions import SESSION_HANDLERS
from studyq.web.api.documents import DOCUMENT_HANDLERS
from studyq.web.api.flashcards import CARD_HANDLERS
from studyq.web.api.health import live, ready
from studyq.web.api.jobs import JOB_HANDLERS
from studyq.web.api.learning import LEARNING_HANDLERS
from studyq.web.api.metrics import metrics
from studyq.web.api.pdfs import PDF_HANDLERS
from studyq.web.api.queues import QUEUE_HANDLERS
from studyq.web.api.reviews import REVIEW_HANDLERS
from studyq.web.api.search import get_search
from studyq.web.api.sittings import SITTING_HANDLERS
from studyq.web.api.tests import TEST_HANDLERS
from studyq.web.card_data import CardPages
from studyq.web.events import all_events, job_events
from studyq.web.guarding import GateMiddleware
from studyq.web.http_metrics import CountRequests, HttpRequests
from studyq.web.job_data import JobPages
from studyq.web.openapi import ClosedStructs
from studyq.web.page_data import LibraryPages
from studyq.web.page_images import PageImages
from studyq.web.pages import page_router, static_router, template_config
from studyq.web.problems import EXCEPTION_HANDLERS
from studyq.web.requests import ApiRequest
from studyq.web.review_data import ReviewPages
from studyq.web.services import Services
from studyq.web.status_data import StatusPages
from studyq.web.test_data import TestPages
from studyq.web.traces import TraceRequests

SWAGGER_PATH = "/swagger-ui"
NOTIFICATION_THREADS = 2  #: messages to people elsewhere that go out at once
SWAGGER_FILES = str(resources.files("swagger_ui") / "static")


class BindRefused(RuntimeError):
    """The address to listen on would let strangers in."""


def check_bind(settings: Settings) -> None:
    """Refuse to serve strangers unless somebody has said so.

    Raises:
        BindRefused: for another address than loopback without STUDYQ_AUTH=none.
    """
    if settings.on_loopback or settings.auth == "none":
        return
    raise BindRefused(
        f"STUDYQ_HOST is {settings.host}: whoever reaches that address could read and change the "
        "whole library, because this version has no accounts yet. Use 127.0.0.1, or set "
        "STUDYQ_AUTH=none if something else (a proxy with a login, a private network) keeps "
        "strangers out."
    )


def open_database(settings: Settings) -> Database:
    """Bring the database to this version's schema and open it."""
    upgrade(settings.resolved_database_url)
    return Database(
        settings.resolved_database_url,
        full_sync=settings.durability == "full",
        busy_timeout=settings.busy_timeout,
    )


def concurrency(settings: Settings) -> dict[str, int]:
    """How many jobs of each queue may run at once."""
    return {
        PDF_INGESTION: settings.ingestion_concurrency,
        FLASHCARD_GENERATION: settings.generation_concurrency,
        TEST_ANALYSIS: settings.analysis_concurrency,
        NOTIFICATIONS: NOTIFICATION_THREADS,
    }


def language_options(settings: Settings) -> LanguageOptions:
    """How language models are reached."""
    return LanguageOptions(
        default=settings.llm,
        base_url=settings.llm_url,
        key=settings.llm_key,
        concurrency=settings.llm_concurrency,
        seconds=settings.llm_timeout,
    )


def make_services(settings: Settings, database: Database) -> Services:
    """Make what handlers and jobs work with.

    Raises:
        TransportUnusable: when the settings name a transport that cannot be used here.
    """
    sealer = Sealer(settings.data / "secret.key")
    return Services(
        settings=settings,
        database=database,
        storage=Storage(
            settings.resolved_storage_url, settings.data / "tmp", min_free=settings.min_free
        ),
        importer=Importer(settings.allowed_buckets, settings.max_upload),
        sealer=sealer,
        embedder=open_embedder(
            model=settings.embedding,
            models_dir=settings.models_dir,
            threads=settings.embedding_threads,
            base_url=settings.embedding_url,
            key=settings.embedding_key,
            dimensions=settings.embedding_dimensions,
        ),
        languages=LanguageModels(language_options(settings)),
        registry=Registry(),
        tail=EventTail(database),
        transport=open_transport(settings.resolved_queue_url, sealer.derive("rings")),
        pdf_limits=PdfLimits(
            address_space=settings.pdf_memory,
            window_seconds=settings.pdf_seconds,
            max_pages=settings.max_pages,
        ),
        http_requests=HttpRequests(),
    )


def register_jobs(services: Services) -> None:
    """Register the handlers of every job that this version can run."""
    register(
        services.registry,
        IngestionServices(
            storage=services.storage,
            importer=services.importer,
            sealer=services.sealer,
            embedder=services.embedder,
            pdf_limits=services.pdf_limits,
            chunk_chars=services.settings.chunk_chars,
        ),
    )
    cards = CardServices(
        languages=services.languages,
        embedder=services.embedder,
        prices=services.prices,
        max_output=services.settings.llm_max_output,
        max_tokens=services.settings.max_tokens_per_job,
    )
    register_generation(services.registry, cards)
    register_assessment(services.registry, cards)
    register_fitting(services.registry)
    register_webhooks(services.registry, services.settings)


def make_host(services: Services, queues: Collection[str]) -> JobHost:
    """Make the job layer of this process, which serves these queues and messages to people."""
    settings = services.settings
    limits = concurrency(settings)
    return JobHost(
        services.database,
        services.registry,
        concurrency={name: limits[name] for name in {*queues, NOTIFICATIONS}},
        lease=settings.lease,
        heartbeat=settings.heartbeat,
        transport=services.transport,
    )


class Background:
    """What runs beside the requests, or in a worker without any: jobs, duties, upkeep.

    Args:
        queues: what to serve; messages to people are served in any case, so that word of dead
            workers gets out.
    """

    def __init__(self, services: Services, queues: Collection[str]) -> None:
        self._services = services
        self._host = make_host(services, queues)
        self._checkpointer = Checkpointer(services.database)
        self._duties = DutyRunner(
            services.database,
            make_duties(services.settings, services.database, services.storage, services.registry),
            self._host.worker_id,
        )

    def start(self) -> None:
        """Start everything; the first jobs run when it returns."""
        self._services.storage.sweep(time.time())
        self._services.languages.open_ahead()
        preload(*PRELOAD, *CARD_PRELOAD)
        self._services.tail.start()
        self._checkpointer.start()
        self._host.start()
        self._duties.start()

    def stop(self) -> None:
        """Let jobs reach a checkpoint within the grace time, and end everything."""
        services = self._services
        self._duties.stop()
        self._host.stop(services.settings.grace)
        services.tail.stop()
        self._checkpointer.stop()
        if not isinstance(services.embedder, Unavailable):
            services.embedder.close()
        services.languages.close()
        services.database.close()


def make_worker(settings: Settings, queues: Collection[str]) -> Background:
    """Make a process that only works, on these queues.

    Raises:
        SchemaNewer: when the database belongs to a newer version.
        DriverUnusable: when no SQLite library can be used.
        TransportUnusable: when the settings name a transport that cannot be used here.
    """
    services = make_services(settings, open_database(settings))
    register_jobs(services)
    ensure_queues(services.database, concurrency(settings))
    return Background(services, queues)


def create_app(settings: Settings) -> Litestar:
    """Make the whole service; it starts working when the server starts it.

    Raises:
        BindRefused: when it would serve strangers without anybody having said so.
        SchemaNewer: when the database belongs to a newer version.
        DriverUnusable: when no SQLite library can be used.
        TransportUnusable: when the settings name a transport that cannot be used here.
    """
    check_bind(settings)
    services = make_services(settings, open_database(settings))
    register_jobs(services)
    ensure_queues(services.database, concurrency(settings))
    images = PageImages()
    return Litestar(
        route_handlers=[api_router(), page_router(), static_router()],
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            "page_images": Provide(lambda: images, sync_to_thread=False),
            "page_data": Provide(lambda: LibraryPages(services), sync_to_thread=False),
            "job_data": Provide(lambda: JobPages(services), sync_to_thread=False),
            "review_data": Provide(lambda: ReviewPages(services), sync_to_thread=False),
            "card_data": Provide(lambda: CardPages(services), sync_to_thread=False),
            "test_data": Provide(lambda: TestPages(services), sync_to_thread=False),
            "status_data": Provide(lambda: StatusPages(services), sync_to_thread=False),
        },
        exception_handlers=EXCEPTION_HANDLERS,
        request_class=ApiRequest,
        middleware=[GateMiddleware(settings)],
        lifespan=[_running(services)],
        # For the server, which otherwise waits for streams that never end.
        state=State(
            {"end_streams": services.tail.end_streams, "http_requests": services.http_requests}
        ),
        template_config=template_config(),
        openapi_config=_openapi(),
        plugins=[ClosedStructs()],
        logging_config=None,
    )


def observed(app: Litestar) -> ASGIApp:
    """The service with what looks on at every request, those that no route takes included."""
    counted = CountRequests(app, app.state.http_requests)
    return AccessLog(TraceRequests(counted) if tracing.is_on() else counted)


def api_router() -> Router:
    """The API's handlers.

    Registered with the application as one router: given to it one by one, those that share a
    path are set up again with each of them, and the first then answers with a coroutine.
    """
    return Router(
        path="/",
        route_handlers=[
            *PDF_HANDLERS,
            *DOCUMENT_HANDLERS,
            *CARD_HANDLERS,
            *CARD_FILE_HANDLERS,
            *ANKI_FILE_HANDLERS,
            *SESSION_HANDLERS,
            *QUEUE_HANDLERS,
            *REVIEW_HANDLERS,
            *JOB_HANDLERS,
            *TEST_HANDLERS,
            *SITTING_HANDLERS,
            *LEARNING_HANDLERS,
            get_search,
            job_events,
            all_events,
            live,
            ready,
            metrics,
            create_static_files_router(
                path=SWAGGER_PATH, directories=[SWAGGER_FILES], include_in_schema=False
            ),
        ],
    )


def _running(services: Services) -> Any:
    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        background = Background(services, QUEUES if services.settings.worker else ())
        await asyncio.to_thread(background.start)
        try:
            yield
        finally:
            await asyncio.to_thread(background.stop)

    return lifespan


def _operation_id(_: object, method: str, components: list[str | PathParameterDefinition]) -> str:
    """Name an operation by its method and path: `get_documents_by_document_id`."""
    words = [word if isinstance(word, str) else f"by_{word.name}" for word in components]
    return "_".join([HttpMethod(method).value.lower(), *words]).replace("-", "_")


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="studyq",
        version=__version__,
        description="Turns PDFs into things one can learn from.",
        path="/schema",
        render_plugins=[
            SwaggerRenderPlugin(
                js_url=f"{SWAGGER_PATH}/swagger-ui-bundle.js",
                css_url=f"{SWAGGER_PATH}/swagger-ui.css",
                standalone_preset_js_url=f"{SWAGGER_PATH}/swagger-ui-standalone-preset.js",
                favicon=f'<link rel="icon" href="{SWAGGER_PATH}/favicon-32x32.png">',
            ),
            JsonRenderPlugin(),
        ],
        use_handler_docstrings=True,
        operation_id_creator=_operation_id,
    )
