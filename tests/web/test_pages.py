"""The pages drawn from plain values: what they say, what they escape, the headers they carry."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

from studyq.web.api.review_schemas import CountsBody, NextReview
from studyq.web.pages import navigation, page_router, static_router, template_config
from studyq.web.pages.card_views import (
    CardsView,
    CardsWanted,
    CardView,
    DocumentCards,
    SourceView,
)
from studyq.web.pages.coverage import coverage_strip, coverage_summary
from studyq.web.pages.review_views import ReviewView, TodayView
from studyq.web.pages.shell import with_code
from studyq.web.pages.status_views import IncidentRow, PartCard, StatusView
from studyq.web.pages.views import (
    DocumentView,
    ErrorView,
    JobView,
    LibraryCounts,
    LibraryFilter,
    LibraryRow,
    LibraryView,
    OutlineEntry,
    PageView,
    PassageView,
    ReceiptView,
    Rectangle,
    ShellView,
    StageTime,
)

ADDED = datetime(2026, 11, 24, tzinfo=UTC)
READY = LibraryRow(
    id="ready",
    title="Cells <b>& tissues</b>",
    filename="cells.pdf",
    status="COMPLETED",
    created_at=ADDED,
    page_count=1151,
    chunk_count=1,
    page_kinds="t" * 1150 + "e",
    size=2_400_000,
)
READING = LibraryRow(
    id="reading",
    title="Tides",
    filename="tides.pdf",
    status="PROCESSING",
    created_at=ADDED,
    page_count=4,
    page_kinds="tt..",
    job=JobView("j1", "pdf-ingestion", "active", 20, "Reading page 2 of 4 · 62 pages/s"),
)
LOCKED = LibraryRow(
    id="locked",
    title="Exam",
    filename="exam.pdf",
    status="FAILED",
    created_at=ADDED,
    error=ErrorView("password_required", "The file opens only with its password."),
)


class Shelf:
    """Three documents, as `PageData` answers."""

    rows = (READY, READING, LOCKED)

    def shell(self) -> ShellView:
        return ShellView(navigation(needs_attention=1, incidents=2))

    def status(self) -> StatusView:
        disk = PartCard("disk", "Disk", False, ("<b>Full</b>.",), ("Run `df <now>`.",))
        return StatusView((disk,), incidents=(IncidentRow(
            "Jobs wait.", "<i>Two</i> wait.", "", ADDED, "2 min ago", "1 min", True,
        ),))  # fmt: skip

    def library(self, status: LibraryFilter, cursor: str | None) -> LibraryView:
        rows = tuple(row for row in self.rows if status == "all" or row.error)
        return LibraryView(rows, LibraryCounts(3, 1, 1), status, next="more/&<" if cursor else None)

    def document(self, document_id: str) -> DocumentView | None:
        row = next((row for row in self.rows if row.id == document_id), None)
        if row is None:
            return None
        return DocumentView(
            row,
            pdf_id="p1",
            outline=(OutlineEntry("Energy", 3, 1),),
            page_labels=("i", "ii", "1") if row is READY else (),
            receipt=ReceiptView(pages_read=1150, pages_empty=1, stages=(StageTime("Text", 1.25),)),
        )

    def today(self) -> TodayView | None:
        return None

    def review(self, document_id: str | None, card_id: str | None) -> ReviewView | None:
        if card_id == "gone":
            return None
        nothing = NextReview(None, [], CountsBody(0, 0, 0, 0), 0, 0.0, "'><script>", None)
        return ReviewView(nothing, document_id, document_id and "<b>Tides</b>", 0, 2, False)

    def page(self, document_id: str, index: int) -> PageView | None:
        text = f"<script>the text of page {index}</script>"
        return PageView(index, str(index), text, 595, 842) if document_id == "ready" else None

    def passage(self, document_id: str, chunk_id: int) -> PassageView | None:
        lines = (Rectangle(3, 72.0, 100.0, 300.0, 112.0), Rectangle(4, 72.0, 90.0, 200.0, 102.0))
        return PassageView(chunk_id, lines) if chunk_id == 7 else None


class Cards:
    """`CardData` from plain values."""

    card = CardView(
        id="c1", kind="basic", state="draft", front="<b>front</b>", back='"back"',
        front_html="<p>sanitised <em>front</em></p>", back_html="<p>back</p>",
        tags=("<i>tag",), model="<u>model",
        source=SourceView("ready", "Cells <b>& tissues</b>", 3, "1", quote="<script>quote"),
    )  # fmt: skip

    def cards(self, wanted: CardsWanted, cursor: str | None) -> CardsView:
        shown = (self.card,) if wanted.state == "draft" else ()
        counts = {"draft": 1200, "approved": 0, "suspended": 0, "rejected": 0}
        return CardsView(wanted, shown, counts, 1200, next="more/&<" if cursor else None)

    def of_document(self, document_id: str) -> DocumentCards:
        return DocumentCards((self.card,), {"draft": 1})

    def place(self, card_id: str) -> CardView | None:
        return self.card if card_id == "c1" else None


@pytest.fixture
def client() -> Iterator[TestClient[Litestar]]:
    app = Litestar(
        [page_router(), static_router()],
        template_config=template_config(),
        dependencies={
            "page_data": Provide(Shelf, sync_to_thread=False),
            "job_data": Provide(lambda: None, sync_to_thread=False),
            "test_data": Provide(lambda: None, sync_to_thread=False),
            "review_data": Provide(lambda: Shelf(), sync_to_thread=False),
            "card_data": Provide(lambda: Cards(), sync_to_thread=False),
            "status_data": Provide(lambda: Shelf(), sync_to_thread=False),
        },
        openapi_config=None,
    )
    with TestClient(app) as opened:
        yield opened


def test_the_bare_address_leads_to_the_application(client: TestClient[Litestar]) -> None:
    answer = client.get("/", follow_redirects=False)
    assert answer.headers["location"] == "/app"


def test_the_library_shows_each_state_in_words(client: TestClient[Litestar]) -> None:
    html = client.get("/app").text
    assert "1,151 pages" in html
    assert "1 passage<" in html
    assert "Reading page 2 of 4 · 62 pages/s" in html
    assert 'aria-valuenow="20"' in html
    assert "The file opens only with its password." in html
    assert "1,150 read · 1 no text" in html


def test_the_status_says_what_to_do(client: TestClient[Litestar]) -> None:
    html = client.get("/app/status").text
    assert "Disk needs your attention." in html
    assert "&lt;b&gt;Full&lt;/b&gt;." in html
    assert "Run <code>df &lt;now&gt;</code>." in html
    assert "over, lasted 1 min" in html
    assert '<span class="count" aria-label="2 need attention">2</span>' in html  # of Status


def test_cards_bring_their_own_markup_and_nothing_else_does(client: TestClient[Litestar]) -> None:
    html = client.get("/app/drafts").text
    assert "<p>sanitised <em>front</em></p>" in html
    for harmful in ("<b>front", "<i>tag", "<u>model", "<script>quote", "<b>& tissues"):
        assert harmful not in html
    assert "&lt;script&gt;quote" in html
    assert "1,200" in html
    assert "cursor=more/%26%3C" in client.get("/app/drafts?cursor=x").text
    assert "No card is rejected" in client.get("/app/drafts?state=rejected").text
    assert 'id="card-c1"' in client.get("/app/drafts?state=nonsense").text


def test_titles_and_texts_are_never_markup(client: TestClient[Litestar]) -> None:
    for path in ("/app", "/app/documents/ready"):
        html = client.get(path).text
        assert "<b>& tissues" not in html
        assert "Cells &lt;b&gt;&amp; tissues" in html
    assert "<script>the text" not in client.get("/app/documents/ready").text


def test_pages_need_no_inline_code_or_style(client: TestClient[Litestar]) -> None:
    for path in (
        "/app",
        "/app/drafts",
        "/app/documents/ready?page=3&chunk=7",
        "/app/documents/none",
    ):
        answer = client.get(path)
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert " style=" not in answer.text
        assert "<style" not in answer.text
        assert " onclick=" not in answer.text


def test_commands_in_sentences_are_set_as_code_and_nothing_else() -> None:
    assert with_code("Run `studyq <x>` & wait.") == "Run <code>studyq &lt;x&gt;</code> &amp; wait."
    assert with_code("A ` alone <b>") == "A ` alone &lt;b&gt;"


def test_filters_and_cursors(client: TestClient[Litestar]) -> None:
    assert 'id="document-ready"' not in client.get("/app/library?status=needs_attention").text
    assert 'id="document-ready"' in client.get("/app/library?status=nonsense").text
    assert "cursor=more/%26%3C" in client.get("/app/library?cursor=x").text


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("", 1),
        ("?page=3", 3),
        ("?page=9999999", 1151),
        ("?page=-4", 1),
        ("?page=²", 1),
        ("?label=II", 2),
        ("?label=1", 3),
        ("?label=12", 12),
        ("?label=nowhere", 1),
    ],
)
def test_a_page_is_named_by_number_or_printed_label(
    client: TestClient[Litestar], address: str, page: int
) -> None:
    html = client.get(f"/app/documents/ready{address}").text
    assert f'src="/documents/ready/pages/{page}/image"' in html


def test_a_passage_is_lit_up_on_its_own_page_only(client: TestClient[Litestar]) -> None:
    lit = '<rect x="72.0" y="100.0" width="228.0" height="12.0"'
    html = client.get("/app/documents/ready?page=3&chunk=7").text
    assert lit in html
    assert 'y="90.0"' not in html
    for address in ("?page=2&chunk=7", "?page=3&chunk=8", "?page=3&chunk=7e", "?page=3"):
        assert lit not in client.get(f"/app/documents/ready{address}").text


def test_a_locked_document_asks_for_its_password(client: TestClient[Litestar]) -> None:
    html = client.get("/app/documents/locked").text
    assert 'type="password"' in html
    assert "sheet-image" not in html


def test_a_missing_document_is_a_page(client: TestClient[Litestar]) -> None:
    answer = client.get("/app/documents/none")
    assert answer.status_code == 404
    assert "This document does not exist, or it was deleted." in answer.text


def test_static_files_may_be_kept_for_ever(client: TestClient[Litestar]) -> None:
    sheet = client.get("/app").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = client.get(sheet)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]


@given(st.text(alphabet="tesu.", min_size=1, max_size=600))
def test_a_strip_has_one_cell_for_each_page(kinds: str) -> None:
    strip = coverage_strip(kinds)
    cells = {
        position
        for path in strip.paths
        for start, length in (part.split(" .5h") for part in path.d.split("M")[1:])
        for position in range(int(start), int(start) + int(length))
    }
    assert cells == set(range(len(kinds)))
    lengths = [int(part.split("h")[1]) for path in strip.paths for part in path.d.split("M")[1:]]
    assert sum(lengths) == strip.pages == len(kinds)


def test_a_strip_is_summed_up_in_words() -> None:
    assert coverage_summary("ttesu..") == "2 read · 2 no text · 1 unreadable · 2 not read yet"
    assert coverage_strip("").paths == ()


def test_what_is_reviewed_is_told_to_the_page_unharmed(client: TestClient[Litestar]) -> None:
    page = client.get("/app/review?document=ready").text
    assert "<b>Tides" not in page
    assert "'><script>" not in page
    assert "2 drafts wait for you to approve them" in page
    assert "/app/drafts?document=ready" in page
    assert client.get("/app/review?card=gone").status_code == 404
