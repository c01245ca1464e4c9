"""The library: taken in once, listed in order, deleted whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from job_layer import USER
from pdf_files import make_pdf
from shelf import Shelf, open_shelf
from studyq.accounts.models import User
from studyq.accounts.secrets import Sealer
from studyq.jobs.registry import Registry
from studyq.library.errors import NotFoundError, RefusedError
from studyq.library.models import Pdf
from studyq.library.service import (
    count_documents,
    delete_document,
    delete_originals,
    find_document,
    list_documents,
    rename,
    reprocess_all,
)
from studyq.library.uploads import add_pdf

OTHER = "00000000-0000-7000-8000-00000000000f"


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with open_shelf(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """Twelve texts, none of them read."""
    with open_shelf(tmp_path_factory.mktemp("many")) as opened:
        for number in range(12):
            opened.add_text(f"Text {number}.", f"Title {number}")
        yield opened


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(1, 15))
def test_cursors_lead_through_the_list_once(many: Shelf, limit: int) -> None:
    seen: list[str] = []
    before: str | None = None
    with many.database.read() as session:
        while rows := list_documents(session, USER, before=before, limit=limit):
            assert len(rows) <= limit
            seen += [row.title for row in rows]
            before = rows[-1].id
    assert seen == [f"Title {number}" for number in reversed(range(12))]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_cursor_is_a_place(many: Shelf, cursor: str) -> None:
    with many.database.read() as session:
        rows = list_documents(session, USER, before=cursor, limit=50)
    assert all(row.id < cursor for row in rows)


def test_a_row_stands_with_its_job_or_not_at_all(shelf: Shelf) -> None:
    with pytest.raises(RefusedError):
        shelf.add_text(" \n ")
    with pytest.raises(RefusedError):
        shelf.add_pdf(b"no PDF")
    with pytest.raises(RuntimeError), shelf.storage.receive() as incoming:
        incoming.write(make_pdf(["x"]))
        incoming.finish()
        with shelf.database.write() as session:
            add_pdf(
                session, shelf.storage, shelf.sealer, user_id=USER, incoming=incoming, filename="a"
            )
            raise RuntimeError("before the commit")
    assert shelf.count("documents") == shelf.count("jobs") == shelf.count("pdfs") == 0


def test_counts_follow_the_filters(shelf: Shelf) -> None:
    shelf.add_text("Good.", "Good")
    shelf.add_pdf(make_pdf([""]))
    shelf.work()
    shelf.add_text("Waits.", "Waits")
    with shelf.database.read() as session:
        counts = count_documents(session, USER)
        assert counts == {"all": 3, "needs_attention": 1, "processing": 1, "completed": 1}
        for name, number in counts.items():
            assert len(list_documents(session, USER, which=name, limit=50)) == number


class TestOriginals:
    """The same content of two users is stored once, and kept until the last lets it go."""

    content = make_pdf(["Shared by two."])

    def add_for_other(self, shelf: Shelf) -> str:
        with shelf.storage.receive() as incoming:
            incoming.write(self.content)
            incoming.finish()
            with shelf.database.write() as session:
                session.add(User(id=OTHER, name="other", created_at=0))
                session.flush()
                return add_pdf(
                    session,
                    shelf.storage,
                    shelf.sealer,
                    user_id=OTHER,
                    incoming=incoming,
                    filename="theirs.pdf",
                ).document_id

    def delete(self, shelf: Shelf, user_id: str, document_id: str) -> None:
        with shelf.database.write() as session:
            keys = delete_document(session, shelf.jobs.registry, user_id, document_id)
        with shelf.database.write() as session:
            delete_originals(session, shelf.storage, keys)

    def test_are_kept_while_somebody_uses_them(self, shelf: Shelf) -> None:
        mine, theirs = shelf.add_pdf(self.content), self.add_for_other(shelf)
        assert mine != theirs
        (key,) = shelf.storage.keys()
        self.delete(shelf, USER, mine)
        assert list(shelf.storage.keys()) == [key]
        self.delete(shelf, OTHER, theirs)
        assert list(shelf.storage.keys()) == []

    def test_of_others_cannot_be_deleted_or_seen(self, shelf: Shelf) -> None:
        theirs = self.add_for_other(shelf)
        with shelf.database.write() as session:
            with pytest.raises(NotFoundError):
                find_document(session, USER, theirs)
            with pytest.raises(NotFoundError):
                rename(session, USER, theirs, "Mine now")
            with pytest.raises(NotFoundError):
                delete_document(session, Registry(), USER, theirs)
            assert list_documents(session, USER, limit=10) == []
            assert reprocess_all(session, shelf.sealer, USER) == []


class TestPasswords:
    def test_are_sealed_where_they_are_stored(self, shelf: Shelf) -> None:
        shelf.add_pdf(make_pdf(["x"]), password="open sesame")
        with shelf.database.read() as session:
            sealed = session.scalar(sa.select(Pdf.sealed_password))
        assert sealed is not None
        assert b"sesame" not in sealed
        assert shelf.sealer.open(sealed) == "open sesame"

    def test_stay_shut_with_another_key(self, tmp_path: Path) -> None:
        sealed = Sealer(tmp_path / "one.key").seal("secret")
        assert Sealer(tmp_path / "one.key").open(sealed) == "secret"
        assert Sealer(tmp_path / "two.key").open(sealed) is None
        assert Sealer(tmp_path / "one.key").open(b"nonsense") is None
