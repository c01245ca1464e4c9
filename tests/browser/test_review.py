"""Reviewing in a real browser: by keyboard and touch, with and without a connection."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from browser_reader import Reader, Watch, overflow, screenshot
from live_server import LiveServer

QUOTE = "Mitochondria release the energy that is stored in sugar."


@pytest.fixture
def document(server: LiveServer, biology: bytes) -> str:
    return server.upload("cells.pdf", biology)


def add_card(server: LiveServer, front: str, back: str, **more: Any) -> str:
    body = {"kind": "basic", "front": front, "back": back, **more}
    answer = httpx.post(f"{server.url}/flashcards", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def add_cards(server: LiveServer, document: str) -> list[str]:
    place = {"document_id": document, "page": 2, "quote": QUOTE}
    return [
        add_card(server, "What releases the energy of sugar?", "Mitochondria", source=place),
        add_card(server, "The {{c1::chromosome}} carries \\(n^2\\) genes.", "", kind="cloze"),
        add_card(
            server, "Which of these is a protein?", "Insulin", kind="choice",
            options=["Starch", "Insulin", "Glucose"],
        ),
        add_card(server, "What moves water through a membrane?", "Osmosis", source=place),
    ]  # fmt: skip


def statistics(server: LiveServer) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{server.url}/reviews/stats").json()
    return found["days"][-1]  # type: ignore[no-any-return]


def question(page: Page) -> Any:
    return page.locator("[data-front]")


def test_reviewing_by_keyboard_alone(reader: Reader, server: LiveServer, document: str) -> None:
    add_cards(server, document)
    page = reader.open("/app/review")
    expect(question(page)).to_have_text("What releases the energy of sugar?")
    expect(page.locator("[data-answer]")).to_be_hidden()
    expect(page.locator("[data-left]")).to_contain_text("4 left")
    screenshot(page, "review-question")
    page.keyboard.press("4")
    expect(question(page)).to_have_text("What releases the energy of sugar?")
    page.keyboard.press("Space")
    expect(page.locator("[data-answer]")).to_have_text("Mitochondria")
    intervals = page.locator("[data-interval]").all_text_contents()
    assert intervals[0] == "1 min"
    assert intervals[3].endswith(" d")
    screenshot(page, "review-answer")
    page.keyboard.press("s")
    expect(page.locator(".desk-page .sheet-marks rect").first).to_be_visible()
    assert overflow(page) <= 0
    screenshot(page, "review-source")
    page.keyboard.press("4")

    expect(question(page)).to_contain_text("carries")
    expect(question(page)).not_to_contain_text("chromosome")
    page.keyboard.press("Space")
    expect(question(page).locator(".cloze-open")).to_have_text("chromosome")
    screenshot(page, "review-cloze")
    page.keyboard.press("4")

    expect(page.locator(".option")).to_have_count(3)
    page.keyboard.press("1")
    expect(page.locator(".option-wrong")).to_have_text("Starch")
    expect(page.locator(".option-right")).to_have_text("Insulin")
    screenshot(page, "review-choice")
    page.keyboard.press("4")

    expect(question(page)).to_have_text("What moves water through a membrane?")
    page.keyboard.press("u")
    expect(question(page)).to_have_text("Which of these is a protein?")
    page.keyboard.press("2")
    page.keyboard.press("4")
    page.keyboard.press("Space")
    page.keyboard.press("4")
    expect(page.get_by_text("Done for today")).to_be_visible()
    screenshot(page, "review-done")
    assert statistics(server)["ratings"] == 4
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    screenshot(page, "review-keys")


def test_answers_survive_a_broken_connection(
    reader: Reader, server: LiveServer, document: str, watch: Watch
) -> None:
    watch.expect("Failed to load resource")
    add_cards(server, document)
    page = reader.open("/app/review")
    away = re.compile(r"/reviews(/|$|\?)|/events")
    page.route(away, lambda route: route.abort())
    for _ in range(2):
        page.keyboard.press("Space")
        page.keyboard.press("4")
    expect(page.locator("[data-unsent]")).to_contain_text("2 ratings wait")
    expect(page.locator(".option")).to_have_count(3)
    screenshot(page, "review-unsent")
    assert statistics(server)["ratings"] == 0
    page.keyboard.press("u")
    expect(page.locator("[data-unsent]")).to_contain_text("1 rating waits")
    page.keyboard.press("Space")
    page.keyboard.press("3")
    page.unroute(away)
    page.reload()  # what had not been sent is sent by the next page
    expect(page.locator("[data-unsent]")).to_be_hidden()
    expect(page.locator("[data-left]")).to_contain_text("2 done")
    assert statistics(server)["ratings"] == 2


def test_an_answer_whose_acknowledgement_was_lost_counts_once(
    reader: Reader, server: LiveServer, document: str, watch: Watch
) -> None:
    watch.expect("Failed to load resource")
    add_cards(server, document)
    page = reader.open("/app/review")
    seen = 0

    def lose_the_answer(route: Route) -> None:
        nonlocal seen
        seen += 1
        route.fetch()
        route.abort()

    page.route("**/reviews", lose_the_answer, times=2)
    page.keyboard.press("Space")
    with page.expect_response(
        lambda answer: answer.url.endswith("/reviews") and answer.status == 201, timeout=20_000
    ) as response:
        page.keyboard.press("3")
    assert response.value.json()["repeated"]
    assert seen == 2
    expect(page.locator("[data-unsent]")).to_be_hidden()
    assert statistics(server)["ratings"] == 1


def test_the_second_of_two_browsers_is_told(
    reader: Reader, server: LiveServer, document: str, watch: Watch
) -> None:
    watch.expect("the server responded with a status of 409")
    add_cards(server, document)
    first, second = reader.open("/app/review"), reader.open("/app/review")
    for page in (first, second):
        page.keyboard.press("Space")
        with page.expect_response("**/reviews"):
            page.keyboard.press("4")
    expect(second.get_by_role("alert")).to_contain_text("rated or changed elsewhere")
    assert statistics(server)["ratings"] == 1
    expect(second.locator("[data-left]")).to_contain_text("1 done · 3 left")


def test_reviewing_on_a_phone(reader: Reader, server: LiveServer, document: str) -> None:
    add_cards(server, document)
    page = reader.open("/app/review", width=360, height=740, has_touch=True, is_mobile=True)
    page.get_by_role("button", name="Show the answer").tap()
    good = page.get_by_role("button", name="Good")
    box = good.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert overflow(page) <= 0
    screenshot(page, "review-phone")
    page.get_by_role("button", name=re.compile("cells, page 2|Cell biology, page 2")).tap()
    expect(page.locator(".desk-page .sheet-marks rect").first).to_be_visible()
    assert overflow(page) <= 0
    screenshot(page, "review-phone-source")
    good.tap()
    expect(question(page)).to_contain_text("carries")


def test_burying_suspending_and_a_library_without_cards(
    reader: Reader, server: LiveServer, document: str
) -> None:
    page = reader.open("/app/review", color_scheme="dark")
    expect(page.get_by_text("There are no cards to review yet")).to_be_visible()
    screenshot(page, "review-empty-dark")
    add_cards(server, document)
    page.reload()
    page.keyboard.press("b")
    expect(question(page)).to_contain_text("carries")
    page.keyboard.press("@")
    expect(page.locator(".option")).to_have_count(3)
    expect(page.locator("[data-left]")).to_contain_text("0 done · 2 left")
    page.get_by_role("button", name="Insulin").click()
    screenshot(page, "review-dark")
    page.reload()
    expect(page.locator(".option")).to_have_count(3)
