"""Files that are broken or made to do harm: a reason, no lost neighbours, no long waits."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from pdf_files import (
    Page,
    encrypt_pdf,
    lose_cross_references,
    make_nested_forms,
    make_pdf,
    truncate_pdf,
)
from studyq.pdf import ConfinedPdf, PdfLimits, PdfRefused

SMALL = PdfLimits(address_space=600_000_000, window_seconds=10, page_seconds=10)


def refusal(tmp_path: Path, data: bytes, password: str | None = None, **limits: int) -> PdfRefused:
    path = tmp_path / "refused.pdf"
    path.write_bytes(data)
    with ConfinedPdf(path, password=password, limits=PdfLimits(**limits)) as pdf:
        with pytest.raises(PdfRefused) as caught:
            pdf.open()
        with pytest.raises(PdfRefused):
            pdf.read_pages(1, 1)
    return caught.value


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "empty_file", "empty"),
        (b"Notes on enzymes\n" * 50, "not_a_pdf", "plain text"),
        (b"<!DOCTYPE html><html>%PDF-1.4 not found</html>", "not_a_pdf", "web page"),
        (b"PK\x03\x04" + bytes(100), "not_a_pdf", "office document"),
        (bytes(100), "not_a_pdf", "something else"),
        (b"%PDF-1.7\n", "damaged", "damaged or truncated"),
        (truncate_pdf(make_pdf(["Some text"] * 20)), "damaged", "damaged or truncated"),
        (make_pdf([]), "no_pages", "no pages"),
    ],
)
def test_a_refusal_names_the_reason(tmp_path: Path, data: bytes, code: str, words: str) -> None:
    error = refusal(tmp_path, data)
    assert error.code == code
    assert words in error.message
    assert error.message.endswith(".")


def test_passwords_are_asked_for_and_checked(tmp_path: Path) -> None:
    data = encrypt_pdf(make_pdf(["Secret"]), user="studyq")
    assert refusal(tmp_path, data).code == "password_required"
    assert refusal(tmp_path, data, "guess").code == "wrong_password"


def test_too_many_pages_are_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, make_pdf([Page()] * 40), max_pages=39)
    assert error.code == "too_many_pages"
    assert "40 pages" in error.message


@pytest.mark.parametrize("prefix", [b"", b"mail header\r\n" * 20])
def test_lost_cross_references_are_rebuilt(tmp_path: Path, prefix: bytes) -> None:
    path = tmp_path / "test.pdf"
    path.write_bytes(prefix + lose_cross_references(make_pdf(["One", "Two"])))
    with ConfinedPdf(path) as pdf:
        info = pdf.open()
        assert (info.page_count, info.repaired) == (2, True)
        assert "rebuilt" in info.warnings[0]
        assert [page.text for page in pdf.read_pages(1, 2)] == ["One", "Two"]


def test_rotten_pages_are_reported_and_the_others_kept(tmp_path: Path) -> None:
    path = tmp_path / "test.pdf"
    path.write_bytes(make_pdf(["One", Page(rotten=True), "Three"]))
    with ConfinedPdf(path) as pdf:
        pages = pdf.read_pages(1, 3)
    assert [page.kind for page in pages] == ["text", "unreadable", "text"]
    assert pages[1].warning is not None
    assert "page 2 is damaged" in pages[1].warning


def test_a_page_outside_the_document_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "test.pdf"
    path.write_bytes(make_pdf(["One"]))
    with ConfinedPdf(path) as pdf:
        assert [page.kind for page in pdf.read_pages(1, 2)] == ["text", "unreadable"]
        with pytest.raises(PdfRefused, match="Page 9"):
            pdf.render_page(9)


def test_forms_that_multiply_end_within_their_limits(tmp_path: Path) -> None:
    path = tmp_path / "test.pdf"
    path.write_bytes(make_nested_forms())
    limits = PdfLimits(address_space=600_000_000, window_seconds=3, page_seconds=3)
    started = time.monotonic()
    with ConfinedPdf(path, limits=limits) as pdf:
        assert pdf.open().page_count == 1
        (page,) = pdf.read_pages(1, 1)
    assert time.monotonic() - started < 10
    assert page.warning is not None


def test_a_child_that_is_killed_is_replaced_and_no_page_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "test.pdf"
    path.write_bytes(make_pdf([f"Page {number}" for number in range(1, 9)]))
    with ConfinedPdf(path, limits=SMALL) as pdf:
        pdf.open()
        assert pdf.child_pid is not None
        os.kill(pdf.child_pid, signal.SIGKILL)
        assert [page.text for page in pdf.read_pages(1, 8)] == [f"Page {n}" for n in range(1, 9)]


def test_a_file_that_always_kills_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "test.pdf"
    path.write_bytes(make_pdf(["One", "Two", "Three"]))
    limits = PdfLimits(window_seconds=0, page_seconds=0, max_crashes=3)
    with ConfinedPdf(path, limits=limits) as pdf:
        pages = pdf.read_pages(1, 3)
    assert [page.kind for page in pages] == ["unreadable"] * 3
    assert "takes too long" in str(pages[0].warning)
    assert "too many pages" in str(pages[2].warning)


def test_opening_over_the_time_limit_is_a_refusal(tmp_path: Path) -> None:
    path = tmp_path / "test.pdf"
    path.write_bytes(make_pdf(["One"]))
    with ConfinedPdf(path, limits=PdfLimits(window_seconds=0)) as pdf:
        with pytest.raises(PdfRefused, match="takes too long") as caught:
            pdf.open()
        assert caught.value.code == "damaged"


def test_cancelling_goes_up_and_the_file_can_be_read_on(tmp_path: Path) -> None:
    class Cancelled(Exception):
        pass

    path = tmp_path / "test.pdf"
    path.write_bytes(make_pdf(["One"]))
    is_cancelled = True

    def check() -> None:
        if is_cancelled:
            raise Cancelled

    with ConfinedPdf(path, check=check) as pdf:
        with pytest.raises(Cancelled):
            pdf.read_pages(1, 1)
        is_cancelled = False
        assert pdf.read_pages(1, 1)[0].text == "One"
