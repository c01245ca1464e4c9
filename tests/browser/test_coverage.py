"""The coverage map: in the library and over a document, in words, and as a way to a page."""

from __future__ import annotations

import re

import httpx
from playwright.sync_api import expect

from browser_reader import Reader, Watch, overflow, screenshot
from live_server import LiveServer
from pdf_files import make_pdf


def learn_some(server: LiveServer) -> str:
    """Forty pages, of which some have cards in all states."""
    pages = [[f"# Part {n}", f"Fact {n} is told on this page, and on no other."] for n in range(40)]
    document = server.upload("facts.pdf", make_pdf(pages, title="Forty facts"))
    for page in range(1, 31):
        if 12 <= page <= 15:
            continue
        body = {
            "front": f"What is told on page {page}?",
            "back": f"Fact {page - 1}",
            "state": "draft" if page > 25 else "approved",
            "source": {"document_id": document, "page": page},
        }
        card = httpx.post(f"{server.url}/flashcards", json=body).json()["id"]
        if page <= 10:
            httpx.post(f"{server.url}/reviews", json={"card_id": card, "rating": 4})
    return document


def test_the_map_says_what_has_been_learnt(reader: Reader, server: LiveServer) -> None:
    document = learn_some(server)
    page = reader.open("/app/library")
    strip = page.locator("coverage-strip a")
    expect(strip).to_have_attribute(
        "aria-label",
        "Pages of Forty facts: 14 without cards · 5 with drafts · 11 learning · 10 known",
    )
    expect(page.locator(".row-facts")).to_contain_text("21 cards")
    screenshot(page, "coverage-library")
    box = strip.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 12.5 / 40, box["y"] + 5)
    expect(page.locator(".strip-tip")).to_have_text("Page 13, without cards")
    page.mouse.click(box["x"] + box["width"] * 12.5 / 40, box["y"] + 5)
    expect(page).to_have_url(re.compile(rf"/app/documents/{document}\?page=13"))
    expect(page.get_by_role("link", name="Page 13, without cards")).to_be_visible()
    expect(page.get_by_role("link", name="Page 3, known")).to_be_visible()
    expect(page.get_by_role("link", name="Review", exact=True).last).to_have_attribute(
        "href", f"/app/review?document={document}"
    )
    screenshot(page, "coverage-document")
    phone = reader.open(f"/app/documents/{document}", width=360, height=740)
    assert overflow(phone) <= 0
    phone.locator("page-grid").scroll_into_view_if_needed()
    screenshot(phone, "coverage-document-phone")
    dark = reader.open("/app/library", color_scheme="dark", width=360, height=740)
    assert overflow(dark) <= 0
    screenshot(dark, "coverage-library-phone-dark")


def test_cards_are_asked_for_where_there_are_none(
    reader: Reader, server: LiveServer, watch: Watch
) -> None:
    watch.expect("the server responded with a status of 422")  # it has no model that writes cards
    document = learn_some(server)
    page = reader.open(f"/app/documents/{document}")
    with page.expect_request(f"**/documents/{document}/flashcards") as asked:
        page.get_by_role("button", name="Make cards for 14 uncovered pages").click()
    assert asked.value.post_data_json == {"pages": [31, 40], "count": 20}
    expect(page.get_by_role("alert")).to_be_visible()
