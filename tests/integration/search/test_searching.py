"""Search over a library: whose, where, in which order, and with which vectors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdf_files import make_pdf
from shelf import LetterEmbedder, Shelf, open_shelf
from studyq.accounts.models import User

OTHER = "00000000-0000-7000-8000-00000000000f"


@pytest.fixture
def embedder() -> LetterEmbedder:
    return LetterEmbedder()


@pytest.fixture
def shelf(tmp_path: Path, embedder: LetterEmbedder) -> Iterator[Shelf]:
    with open_shelf(tmp_path, embedder) as opened:
        yield opened


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A library of a few texts that tests only ask."""
    with open_shelf(tmp_path_factory.mktemp("plain"), LetterEmbedder()) as opened:
        opened.add_text("Cells divide by mitosis. The title is short.", "Biology")
        opened.add_text("光合作用把光能变成化学能。", "植物")
        opened.add_text("Die Größe der Straße in Übersee.", "Wege")
        opened.work()
        yield opened


def titles(shelf: Shelf, text: str, **more: object) -> list[str]:
    return [result["title"] for result in shelf.ask(text, **more).results]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.text(st.characters(codec=None, exclude_categories=["Cs"]), max_size=80)
    | st.lists(
        st.sampled_from(["cells", '"', "*", "(", ")", " AND ", " NEAR(", ":", "^", "-", "光"]),
        max_size=12,
    ).map("".join)
)
def test_no_question_is_an_error(plain: Shelf, text: str) -> None:
    for mode in ("words", "meaning", "hybrid"):
        for result in plain.ask(text, mode=mode).results:
            for start, end in result["marks"]:
                assert 0 <= start < end <= len(result["snippet"])


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("mitosis", ["Biology"]),
        ("MITOSIS", ["Biology"]),
        ("cell dividing", ["Biology"]),
        ("biology", ["Biology"]),
        ("光能", ["植物"]),
        ("ubersee", ["Wege"]),
        ("Größe", ["Wege"]),
        ("nothing-of-the-kind", []),
    ],
)
def test_words_are_found_in_their_forms(plain: Shelf, asked: str, found: list[str]) -> None:
    assert titles(plain, asked, mode="words")[:1] == found


def test_nobody_finds_what_belongs_to_others(shelf: Shelf) -> None:
    with shelf.database.write() as session:
        session.add(User(id=OTHER, name="other", created_at=0))
    shelf.add_text("A secret about zebras.", "Theirs", user_id=OTHER)
    shelf.add_text("Common knowledge about zebras.", "Mine")
    shelf.work()
    for mode in ("words", "meaning", "hybrid"):
        assert titles(shelf, "zebras", mode=mode) == ["Mine"]
        assert titles(shelf, "zebras", mode=mode, user_id=OTHER) == ["Theirs"]


def test_one_document_alone_can_be_asked(shelf: Shelf) -> None:
    first = shelf.add_text("Zebras run.", "One")
    shelf.add_text("Zebras sleep.", "Two")
    shelf.work()
    for mode in ("words", "meaning", "hybrid"):
        assert titles(shelf, "zebras", mode=mode, document_id=first) == ["One"]


def test_failed_documents_are_not_found(shelf: Shelf) -> None:
    document_id = shelf.add_text("Zebras run.", "One")
    shelf.work()
    assert titles(shelf, "zebras")
    with shelf.database.write() as session:
        session.execute(
            sa.text("UPDATE documents SET status = 'FAILED' WHERE id = :id"), {"id": document_id}
        )
    for mode in ("words", "meaning", "hybrid"):
        assert titles(shelf, "zebras", mode=mode) == []


def test_vectors_of_another_model_are_not_compared(shelf: Shelf, embedder: LetterEmbedder) -> None:
    shelf.add_text("Zebras run.", "One")
    shelf.work()
    assert shelf.ask("zebras", mode="meaning").mode == "meaning"
    embedder.model_id = "letters-2"
    answer = shelf.ask("zebras", mode="meaning")
    assert answer.mode == "words"
    assert answer.notice
    assert [result["title"] for result in answer.results] == ["One"]


def test_pages_of_results_join_without_gap(shelf: Shelf) -> None:
    for number in range(7):
        shelf.add_text(f"Zebra number {number} runs.", f"Text {number}")
    shelf.work()
    for mode in ("words", "meaning", "hybrid"):
        whole = titles(shelf, "zebra", mode=mode)
        pages = [shelf.ask("zebra", mode=mode, limit=3, offset=offset) for offset in (0, 3, 6)]
        assert [result["title"] for page in pages for result in page.results] == whole
        assert [page.more for page in pages] == [True, True, False]
        assert len(set(whole)) == 7


def test_rectangles_and_snippets_belong_to_the_passage(shelf: Shelf) -> None:
    lines = [f"Line {n} of the page tells of something else." for n in range(30)]
    lines[20] = "Here a zebra crosses the road."
    document = shelf.read(make_pdf([["A first page."], lines]))
    (result,) = [r for r in shelf.ask("zebra crosses", mode="words").results if r["page_to"] == 2][
        :1
    ]
    assert "zebra crosses the road" in result["text"]
    marked = [result["snippet"][start:end] for start, end in result["marks"]]
    assert {"zebra", "crosses"} <= set(marked)
    page = shelf.pages(document["id"])[1]
    for box in result["rectangles"]:
        if box["page"] == 2:
            assert 0 <= box["x0"] < box["x1"] <= page.width
            assert 0 <= box["y0"] < box["y1"] <= page.height


def test_words_and_vectors_go_with_their_passages(shelf: Shelf) -> None:
    document_id = shelf.add_text("Zebras run. " * 100, "One")
    shelf.add_text("Zebras sleep.", "Two")
    shelf.work()
    with shelf.database.write() as session:
        session.execute(sa.text("DELETE FROM documents WHERE id = :id"), {"id": document_id})
    assert shelf.count("chunk_words") == shelf.count("chunk_vectors") == shelf.count("chunks") == 1
    assert titles(shelf, "zebras") == ["Two"]
