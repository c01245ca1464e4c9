"""Today and the statistics, over a month of reviews that the test has laid into the log."""

from __future__ import annotations

import random
import re

import pytest
from playwright.sync_api import expect

from browser_reader import Reader, Watch, overflow, screenshot
from live_server import LiveServer
from review_desk import DAY, SECOND, Desk
from studyq.database.base import now
from studyq.database.engine import Database


@pytest.fixture
def document(server: LiveServer, biology: bytes) -> str:
    return server.upload("cells.pdf", biology)


@pytest.fixture
def learnt(server: LiveServer, document: str) -> str:
    """A month of reviews, of which those about energy went badly."""
    database = Database(f"sqlite:///{server.data / 'studyq.db'}")
    desk = Desk(database, at=now() - 31 * DAY)
    facts = {"document_id": document, "source_title": "Cell biology"}
    desk.add_cards(40, section="The cell", page=1, **facts)
    desk.add_cards(30, section="Energy", page=2, **facts)
    desk.add_cards(20, section="Membranes", page=3, **facts)
    energy = set(desk.add_cards(10, section="Energy", page=2, **facts))
    chance = random.Random(5)
    desk.prefer(new_per_day=6)
    for _ in range(30):
        for _ in range(40):
            cards = desk.queue().cards
            if not cards:
                break
            forgotten = chance.random() < (0.4 if cards[0] in energy else 0.08)
            rating = 1 if forgotten else chance.choice((3, 3, 3, 4))
            desk.rate(cards[0], rating, duration_ms=chance.randrange(3000, 20_000))
            desk.at += 20 * SECOND
        desk.at += DAY
    database.close()
    return document


def test_today_says_what_there_is_to_do(reader: Reader, server: LiveServer, learnt: str) -> None:
    page = reader.open(f"/app/documents/{learnt}?page=2")
    expect(page.locator(".sheet-image")).to_have_js_property("complete", True)
    page.goto("/app")
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    expect(page.locator("#due-title")).to_have_text(re.compile(r"^\d+ cards to review$"))
    expect(page.locator(".today-due")).to_contain_text(re.compile(r"About \d+ minutes?"))
    expect(page.locator("reading-place")).to_contain_text("Cell biology")
    expect(page.locator("reading-place")).to_contain_text("page 2 · 2 of 3")
    expect(page.get_by_role("link", name=re.compile("% of .* reviews remembered"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile(r"Ratings a day: \d+ ratings"))).to_be_visible()
    screenshot(page, "today")
    page.get_by_role("main").get_by_role("link", name="Review", exact=True).click()
    expect(page).to_have_url(re.compile("/app/review$"))
    phone = reader.open("/app/today", width=360, height=740)
    assert overflow(phone) <= 0
    screenshot(phone, "today-phone")
    dark = reader.open("/app/today", color_scheme="dark")
    screenshot(dark, "today-dark")


def test_statistics_are_charts_and_tables(reader: Reader, learnt: str) -> None:
    page = reader.open("/app/statistics")
    expect(page.locator(".chart-plot")).to_have_count(3)
    expect(page.get_by_role("img", name=re.compile(r"What falls due|Cards a day"))).to_be_visible()
    expect(page.locator(".retention li").first).to_contain_text(re.compile(r"\d+\.\d %"))
    page.get_by_text("Reviews of each day as a table").click()
    assert page.locator(".figures tbody tr").count() >= 25
    screenshot(page, "statistics")
    page.screenshot(path=".artifacts/screenshots/statistics-whole.png", full_page=True)
    phone = reader.open("/app/statistics", width=360, height=740)
    assert overflow(phone) <= 0
    screenshot(phone, "statistics-phone")


def test_before_there_are_cards_the_library_comes_first(reader: Reader, document: str) -> None:
    page = reader.open("/app")
    expect(page.get_by_role("heading", level=1)).to_have_text("Library")
    page.goto("/app/today")
    expect(page.get_by_text("Nothing to review yet")).to_be_visible()
    screenshot(page, "today-without-cards")
    page.goto("/app/statistics")
    expect(page.get_by_text("no reviews yet").first).to_be_visible()


def test_how_one_reviews_can_be_changed(reader: Reader, server: LiveServer, watch: Watch) -> None:
    watch.expect("the server responded with a status of 4")
    page = reader.open("/app/review/settings")
    page.get_by_label("Desired retention").fill("85")
    page.get_by_label("Steps of new cards").fill("5, 30")
    page.get_by_label("Suspend leeches").uncheck()
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="Saved")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Desired retention")).to_have_value("85")
    expect(page.get_by_label("Steps of new cards")).to_have_value("5 30")
    expect(page.get_by_label("Suspend leeches")).not_to_be_checked()
    page.get_by_label("Time zone").fill("Nowhere")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-problem]")).to_contain_text("no time zone")
    page.get_by_role("button", name="Make a calendar").click()
    expect(page.locator("[data-calendar]")).to_contain_text(f"{server.url}/reviews/calendar/")
    page.get_by_role("button", name="Fit to my ratings").click()
    expect(page.get_by_text("400 are needed")).to_be_visible()
    screenshot(page, "review-settings")
    phone = reader.open("/app/review/settings", width=360, height=740)
    assert overflow(phone) <= 0
    screenshot(phone, "review-settings-phone")
