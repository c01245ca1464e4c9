"""Finding a passage and reading it on its page, in a real browser."""

import re

from playwright.sync_api import Page, expect

from browser_reader import Reader, screenshot
from live_server import LiveServer
from pdf_files import make_pdf


def marks(page: Page) -> list[dict[str, float]]:
    """The lit-up rectangles as parts of the sheet (0 to 1)."""
    boxes: list[dict[str, float]] = page.evaluate(
        """() => {
            const sheet = document.querySelector("[data-sheet]").getBoundingClientRect();
            return [...document.querySelectorAll(".sheet-marks rect")].map((mark) => {
                const box = mark.getBoundingClientRect();
                return {
                    left: (box.left - sheet.left) / sheet.width,
                    right: (box.right - sheet.left) / sheet.width,
                    top: (box.top - sheet.top) / sheet.height,
                    bottom: (box.bottom - sheet.top) / sheet.height,
                };
            });
        }"""
    )
    return boxes


def expect_image(page: Page, number: int) -> None:
    image = page.locator(".sheet-image")
    expect(image).to_have_attribute("src", re.compile(rf"/pages/{number}/image$"))
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("image => image.naturalWidth") > 100


def test_a_result_opens_its_page_with_the_passage_lit_up(
    reader: Reader, server: LiveServer, biology: bytes
) -> None:
    document_id = server.upload("cells.pdf", biology)
    page = reader.open()
    page.keyboard.press("/")
    page.keyboard.type("mitochondria")
    result = page.locator(".result").first
    expect(result.locator("mark").first).to_have_text(re.compile("mitochondria", re.IGNORECASE))
    screenshot(page, "search")

    result.get_by_role("link").click()
    expect(page).to_have_url(re.compile(rf"/app/documents/{document_id}\?page=2&chunk=\d+$"))
    expect_image(page, 2)
    expect(page.locator("#page-text")).to_contain_text("Mitochondria release the energy")
    lit = marks(page)
    assert lit
    for box in lit:
        assert 0 <= box["left"] < box["right"] <= 1
        assert 0 <= box["top"] < box["bottom"] <= 0.5  # the text stands in the upper half
    screenshot(page, "passage")


def test_nothing_found_says_so_and_a_strange_query_is_no_error(
    reader: Reader, server: LiveServer, biology: bytes
) -> None:
    server.upload("cells.pdf", biology)
    page = reader.open()
    page.fill("#search", 'NEAR("zzzqqq* OR -')
    expect(page.locator("#search-results")).to_contain_text(re.compile("Nothing found|Page"))
    page.fill("#search", "")
    expect(page.locator("#documents")).to_be_visible()


def test_back_returns_to_the_results(reader: Reader, server: LiveServer, biology: bytes) -> None:
    server.upload("cells.pdf", biology)
    page = reader.open()
    page.fill("#search", "osmosis")
    page.locator(".result-link").first.click()
    expect(page).to_have_url(re.compile("/app/documents/"))
    page.go_back()
    expect(page.locator("#search")).to_have_value("osmosis")
    expect(page.locator(".result").first).to_be_visible()


def test_pages_turn_by_arrow_keys_field_strip_and_grid(
    reader: Reader, server: LiveServer, biology: bytes
) -> None:
    document_id = server.upload("cells.pdf", biology)
    page = reader.open(f"/app/documents/{document_id}")
    expect_image(page, 1)
    page.keyboard.press("ArrowRight")
    expect_image(page, 2)
    expect(page.locator("#page-text")).to_contain_text("Mitochondria")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")  # past the end: stays
    expect_image(page, 3)
    expect(page.locator("#page-text")).to_contain_text("Osmosis")
    page.get_by_label("Page", exact=True).fill("1")
    page.keyboard.press("Enter")
    expect_image(page, 1)
    strip = page.locator("#strip a").bounding_box()
    assert strip is not None
    page.mouse.click(strip["x"] + strip["width"] * 0.9, strip["y"] + strip["height"] / 2)
    expect_image(page, 3)
    page.locator("page-grid [data-page='2']").click()
    expect_image(page, 2)
    page.go_back()
    expect_image(page, 3)


def test_search_within_the_document(reader: Reader, server: LiveServer, biology: bytes) -> None:
    document_id = server.upload("cells.pdf", biology)
    server.upload("other.pdf", make_pdf(["Osmosis is mentioned here, too."]))
    page = reader.open(f"/app/documents/{document_id}")
    page.keyboard.press("/")
    page.keyboard.type("osmosis")
    expect(page.locator("#document-results .result").first).to_contain_text("Page 3")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect_image(page, 3)
    assert marks(page)
    screenshot(page, "document-search")


def test_the_receipt_says_what_was_read(reader: Reader, server: LiveServer, biology: bytes) -> None:
    document_id = server.upload("cells.pdf", biology)
    page = reader.open(f"/app/documents/{document_id}")
    page.get_by_role("tab", name="Details").click()
    panel = page.get_by_role("tabpanel", name="Details")
    expect(panel).to_contain_text("Pages with text")
    expect(panel).to_contain_text("cells.pdf")
    screenshot(page, "document-details")


def test_renaming_lasts(reader: Reader, server: LiveServer, biology: bytes) -> None:
    document_id = server.upload("cells.pdf", biology)
    page = reader.open(f"/app/documents/{document_id}")
    page.get_by_role("button", name="Rename").click()
    page.keyboard.type("Cells & <tissues>")
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.keyboard.press("Enter")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cells & <tissues>")


def test_the_original_can_be_downloaded(reader: Reader, server: LiveServer, biology: bytes) -> None:
    document_id = server.upload("cells.pdf", biology)
    page = reader.open(f"/app/documents/{document_id}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Original").click()
    assert download.value.path().read_bytes() == biology


def test_reading_again_and_deleting(reader: Reader, server: LiveServer, biology: bytes) -> None:
    document_id = server.upload("cells.pdf", biology)
    page = reader.open(f"/app/documents/{document_id}")
    with page.expect_response(re.compile("/reprocess$")) as answer:
        page.get_by_role("button", name="Read again").click()
    assert answer.value.ok
    assert server.wait_until_ended(document_id)["status"] == "COMPLETED"
    expect(page.get_by_role("button", name="Read again")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(f"{server.url}/app/library")
    expect(page.get_by_text("Drop PDFs anywhere on this page")).to_be_visible()
