"""Reading PDFs through the confined child: text, positions, structure, pictures."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image

from pdf_files import Page, encrypt_pdf, make_pdf, make_scanned_page
from studyq.pdf import ConfinedPdf, ImageFormat, OutlineEntry, PageText, PdfLimits

Open = Callable[..., ConfinedPdf]

SENTENCE = "Enzymes speed up reactions in cells without being used up by them."


@pytest.fixture
def open_pdf(tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def opener(
            data: bytes, password: str | None = None, limits: PdfLimits | None = None
        ) -> ConfinedPdf:
            path = tmp_path / "test.pdf"
            path.write_bytes(data)
            return stack.enter_context(ConfinedPdf(path, password=password, limits=limits))

        yield opener


def line_texts(page: PageText) -> list[str]:
    return [page.text[line.start : line.end] for line in page.lines]


def test_text_lines_and_sizes(open_pdf: Open) -> None:
    pdf = open_pdf(make_pdf(["First line.\nSecond line.", "Another page."]))
    assert pdf.open().page_count == 2
    first, second = pdf.read_pages(1, 2)
    assert (first.index, first.text, first.kind) == (1, "First line.\nSecond line.", "text")
    assert line_texts(first) == ["First line.", "Second line."]
    assert (first.width, first.height) == (595, 842)
    assert second.text == "Another page."
    assert first.extractor == "pdfium"
    assert first.warning is None
    upper, lower = first.lines
    assert upper.x0 == pytest.approx(72, abs=2)
    assert upper.y0 < 842 - 770 < upper.y1  # the baseline is at 770 points from below
    assert upper.y0 < lower.y0
    assert upper.x0 < upper.x1 < 72 + 11 * len("First line.")


def test_every_script_comes_through(open_pdf: Open) -> None:
    latin, chinese, mathematics = (
        "na\u00efve caf\u00e9 \u20ac",
        "\u4e2d\u6587",
        "x = \U0001d465\U0001d49a",
    )
    lines = [latin, chinese, mathematics, "\ufb01nd"]
    (page,) = open_pdf(make_pdf([lines])).read_pages(1, 1)
    assert page.text.split("\n") == [*lines[:3], "find"]
    assert line_texts(page) == [*lines[:3], "find"]


def test_a_line_outside_the_bmp_keeps_the_positions_of_those_after_it(open_pdf: Open) -> None:
    pdf = open_pdf(make_pdf([["\U0001d465" * 5, "here it is"]]))
    (page,) = pdf.read_pages(1, 1)
    start = page.text.index("it")
    (rectangle,) = pdf.passage_rectangles(1, start, start + 2)
    assert page.lines[1].x0 < rectangle.x0 < rectangle.x1 < page.lines[1].x1
    assert rectangle.y0 == pytest.approx(page.lines[1].y0, abs=4)


def test_passage_rectangles_follow_the_lines(open_pdf: Open) -> None:
    pdf = open_pdf(make_pdf([[SENTENCE, "Second line of it.", "Third."]]))
    (page,) = pdf.read_pages(1, 1)
    start, end = page.text.index("cells"), page.text.index("line of")
    first, second = pdf.passage_rectangles(1, start, end)
    assert page.text[first.start : first.end] == "cells without being used up by them."
    assert page.text[second.start : second.end] == "Second "
    assert first.x0 > page.lines[0].x0 + 100
    assert first.x1 == pytest.approx(page.lines[0].x1, abs=2)
    assert second.x0 == pytest.approx(page.lines[1].x0, abs=2)
    assert pdf.passage_rectangles(1, len(page.text), len(page.text) + 10) == []


def test_lines_right_to_left_have_exact_boxes(open_pdf: Open) -> None:
    shown = "\u0645\u0631\u062d\u0628\u0627 2026 \u0643\u062a\u0627\u0628"
    (page,) = open_pdf(make_pdf([[shown]])).read_pages(1, 1)
    assert set(page.text.split()) >= {"2026"}
    (line,) = page.lines
    # 15 characters of 0.6 em at 11 points
    assert line.x1 - line.x0 > 0.6 * 11 * 12


@pytest.mark.parametrize(
    ("rotate", "expected", "size"),
    [
        (0, (72, 842 - 770), (595, 842)),
        (90, (770, 72), (842, 595)),
        (180, (595 - 72, 770), (595, 842)),
        (270, (842 - 770, 595 - 72), (842, 595)),
    ],
)
def test_boxes_are_those_of_the_page_as_displayed(
    open_pdf: Open, rotate: int, expected: tuple[float, float], size: tuple[float, float]
) -> None:
    pdf = open_pdf(make_pdf([Page(["Corner"], rotate=rotate)]))
    (page,) = pdf.read_pages(1, 1)
    assert (page.width, page.height) == size
    (line,) = page.lines
    assert line.x0 < line.x1
    assert line.y0 < line.y1
    x, y = expected  # where the baseline begins, which is on the edge of the box
    assert line.x0 - 4 <= x <= line.x1 + 4
    assert line.y0 - 4 <= y <= line.y1 + 4
    picture = Image.open(io.BytesIO(pdf.render_page(1, scale=1))).convert("L")
    assert picture.size == size
    ink = picture.point(lambda value: 255 if value < 128 else 0).getbbox()
    assert ink is not None
    assert ink == pytest.approx((line.x0, line.y0, line.x1, line.y1), abs=4)


def test_boxes_are_relative_to_the_crop_box(open_pdf: Open) -> None:
    plain = Page(["Corner"])
    cropped = Page(["Corner"], crop_box=(50, 100, 500, 800))
    first, second = open_pdf(make_pdf([plain, cropped])).read_pages(1, 2)
    assert (second.width, second.height) == (450, 700)
    assert second.lines[0].x0 == pytest.approx(first.lines[0].x0 - 50, abs=0.1)
    assert second.lines[0].y0 == pytest.approx(first.lines[0].y0 - 42, abs=0.1)


def test_information_outline_and_labels(open_pdf: Open) -> None:
    data = make_pdf(
        ["Preface", "Contents", "One", "Two"],
        title="Stoffwechsel \u2013 \u4e2d",
        author="A. Author",
        outline=[("Preface", 1, 1), ("One", 3, 1), ("Two\x00", 4, 2)],
        labels="0 << /S /r >> 2 << /S /D /P (A-) >>",
    )
    info = open_pdf(data).open()
    assert info.title == "Stoffwechsel \u2013 \u4e2d"
    assert info.author == "A. Author"
    assert info.labels == ("i", "ii", "A-1", "A-2")
    assert info.outline == (
        OutlineEntry("Preface", 1, 1),
        OutlineEntry("One", 3, 1),
        OutlineEntry("Two", 4, 2),
    )
    assert (info.encrypted, info.repaired, info.warnings) == (False, False, ())


def test_a_file_may_say_nothing_about_itself(open_pdf: Open) -> None:
    info = open_pdf(make_pdf(["Text"])).open()
    assert (info.title, info.author, info.labels, info.outline) == (None, None, None, ())


def test_headings_are_found_where_there_is_no_outline(open_pdf: Open) -> None:
    lines = ["# Metabolism", *[SENTENCE] * 5, "## Enzymes", *[SENTENCE] * 5]
    (page,) = open_pdf(make_pdf([lines])).read_pages(1, 1)
    assert [(heading.title, heading.level) for heading in page.headings] == [
        ("Metabolism", 1),
        ("Enzymes", 2),
    ]
    assert page.text[page.headings[1].start :].startswith("Enzymes\n")


def test_an_outline_makes_headings_needless(open_pdf: Open) -> None:
    lines = ["# Metabolism", *[SENTENCE] * 8]
    outline = [("Metabolism", 1, 1), ("Enzymes", 1, 2), ("Rates", 1, 2)]
    (page,) = open_pdf(make_pdf([lines], outline=outline)).read_pages(1, 1)
    assert page.headings == ()


def test_kinds_of_pages_without_text(open_pdf: Open) -> None:
    pages: list[str | Page] = ["Text", Page(), make_scanned_page(), Page(content=b"0 0 m 9 9 l S")]
    read = open_pdf(make_pdf(pages)).read_pages(1, 4)
    assert [page.kind for page in read] == ["text", "empty", "scanned", "empty"]


def test_a_password_opens_a_protected_file(open_pdf: Open) -> None:
    data = encrypt_pdf(make_pdf(["Secret text"]), user="studyq")
    pdf = open_pdf(data, password="studyq")
    assert pdf.open().encrypted
    assert pdf.read_pages(1, 1)[0].text == "Secret text"


def test_an_owner_password_alone_does_not_matter(open_pdf: Open) -> None:
    pdf = open_pdf(encrypt_pdf(make_pdf(["Open text"]), user=""))
    assert pdf.open().encrypted
    assert pdf.read_pages(1, 1)[0].text == "Open text"


@pytest.mark.parametrize("image_format", ["WEBP", "PNG"])
def test_pictures_of_pages(open_pdf: Open, image_format: ImageFormat) -> None:
    data = open_pdf(make_pdf(["Text"])).render_page(1, scale=2, image_format=image_format)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format == image_format
        assert picture.size == (1190, 1684)


def test_pictures_of_enormous_pages_stay_small(open_pdf: Open) -> None:
    square, strip = Page(["Text"], media_box=(0, 0, 1e7, 1e7)), Page(media_box=(0, 0, 1e6, 1))
    pdf = open_pdf(make_pdf([square, strip]))
    for index in (1, 2):
        with Image.open(io.BytesIO(pdf.render_page(index, scale=4))) as picture:
            assert max(picture.size) <= 2400


def test_text_of_a_page_is_capped_with_a_warning(open_pdf: Open) -> None:
    pdf = open_pdf(make_pdf([[SENTENCE] * 10]), limits=PdfLimits(max_page_characters=100))
    (page,) = pdf.read_pages(1, 1)
    assert len(page.text) <= 100
    assert page.warning is not None
    assert "left out" in page.warning
