"""Drafts in a real browser: by keyboard, edited, taken back, imported, on small screens."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser_reader import Reader, Watch, screenshot
from card_maker import card_of, make_card
from live_server import LiveServer

Cards = list[dict[str, Any]]


@pytest.fixture
def drafts(server: LiveServer, biology: bytes) -> Cards:
    """Four drafts of three pages: basic with maths, cloze, choice, and a duplicate of the first."""
    document = server.upload("cells.pdf", biology)

    def make(front: str, back: str = "", **more: Any) -> dict[str, Any]:
        return make_card(server, front, back, document=document, state="draft", **more)

    return [
        make(
            "What does osmosis move?",
            r"Water: \(\Delta p = \frac{nRT}{V}\) <script>alert(1)</script>",
            page=3,
            quote="Osmosis moves water through a membrane.",
            tags=["bio"],
        ),
        make("{{c1::Mitochondria}} release energy.", kind="cloze", page=2,
             quote="Mitochondria release the energy"),
        make("What is living made of?", kind="choice", options=["Cells", "Sugar", "Water"],
             correct_index=0, page=1, quote="Every living thing is made of cells."),
        make("what does osmosis move",
             r"water \(\Delta p = \frac{nRT}{V}\) <script>alert(1)</script>",
             page=3, quote="Osmosis moves water"),
    ]  # fmt: skip


def current(page: Page) -> str:
    return page.locator(".draft[aria-current]").get_attribute("data-card") or ""


def test_a_way_through_the_drafts_by_keyboard(
    reader: Reader, server: LiveServer, drafts: Cards
) -> None:
    page = reader.open("/app/drafts")
    expect(page.locator(".draft")).to_have_count(4)
    expect(page.get_by_role("link", name="Drafts 4 to look at")).to_be_visible()
    sheet = page.locator("card-sheet")
    expect(sheet.locator(".sheet-image")).to_have_attribute("src", re.compile("/pages/3/image$"))
    expect(sheet.locator(".sheet-marks rect")).to_have_count(1)
    expect(page.locator(".draft").first.locator("mfrac")).to_be_visible()
    expect(page.locator(".draft").first).to_contain_text("<script>alert(1)</script>")
    screenshot(page, "drafts")

    page.keyboard.press("j")
    assert current(page) == drafts[1]["id"]
    expect(sheet.locator(".sheet-image")).to_have_attribute("src", re.compile("/pages/2/image$"))
    page.keyboard.press("k")
    page.keyboard.press("a")
    expect(page.locator(".draft")).to_have_count(3)
    assert current(page) == drafts[1]["id"]
    assert card_of(server, drafts[0])["state"] == "approved"
    expect(page.get_by_role("link", name="Drafts 3 to look at")).to_be_visible()

    page.keyboard.press("r")
    screenshot(page, "drafts-reject")
    page.keyboard.press("3")
    expect(page.locator(".draft")).to_have_count(2)
    rejected = card_of(server, drafts[1])
    assert (rejected["state"], rejected["reject_reason"]) == ("rejected", "Unclear")

    page.keyboard.press("z")
    expect(page.locator(".draft")).to_have_count(3)
    assert card_of(server, drafts[1])["state"] == "draft"
    page.keyboard.press("z")
    expect(page.locator(".draft")).to_have_count(4)
    assert card_of(server, drafts[0])["state"] == "draft"
    page.keyboard.press("Shift+A")
    expect(page.locator("#drafts-empty")).to_contain_text("Every draft has been looked at")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".draft")).to_have_count(4)


def test_editing_in_place(reader: Reader, server: LiveServer, drafts: Cards, watch: Watch) -> None:
    watch.expect("the server responded with a status of 422")
    page = reader.open("/app/drafts")
    page.keyboard.press("e")
    question = page.get_by_role("textbox", name="Question")
    expect(question).to_be_focused()
    question.fill("")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".form-problem")).to_contain_text("empty")
    question.fill("ajkrz: what does osmosis move?")  # letters that are commands elsewhere
    page.get_by_role("textbox", name="Tags", exact=True).fill("bio membranes")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".draft").first).to_contain_text("ajkrz: what does osmosis move?")
    expect(page.locator(".draft").first.locator(".tag")).to_have_text(["bio", "membranes"])
    saved = card_of(server, drafts[0])
    assert (saved["version"], saved["state"]) == (2, "draft")
    page.get_by_role("button", name="History").click()
    expect(page.locator(".history li")).to_contain_text("What does osmosis move?")
    page.get_by_role("button", name="Use again").click()
    expect(page.locator(".draft").first.locator(".face-front")).to_have_text(
        "What does osmosis move?"
    )

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.get_by_label("Option 2 is right").check()
    page.get_by_role("button", name="Another option").click()
    page.keyboard.type("Enzymes")
    screenshot(page, "drafts-edit")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".option-right")).to_contain_text("Sugar")
    assert card_of(server, drafts[2])["options"] == ["Cells", "Sugar", "Water", "Enzymes"]
    page.keyboard.press("e")
    page.keyboard.press("Escape")
    expect(page.locator(".card-form")).to_have_count(0)


def test_an_edit_of_an_older_version_is_told(
    reader: Reader, server: LiveServer, drafts: Cards, watch: Watch
) -> None:
    watch.expect("the server responded with a status of 409")
    page = reader.open("/app/drafts")
    page.keyboard.press("e")
    other = reader.open("/app/drafts")
    other.keyboard.press("e")
    other.get_by_role("textbox", name="Answer").fill("Water alone")
    other.keyboard.press("Control+Enter")
    expect(other.locator(".draft").first).to_contain_text("Water alone")
    page.get_by_role("textbox", name="Answer").fill("Something else")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".form-problem")).to_contain_text("edited meanwhile")
    expect(page.get_by_role("textbox", name="Answer")).to_have_value("Something else")


def test_duplicates_stand_beside_their_original(reader: Reader, drafts: Cards) -> None:
    page = reader.open("/app/drafts?duplicates=1")
    expect(page.locator(".draft")).to_have_count(1)
    original = page.locator(".original")
    expect(original).to_contain_text("Says what another draft says (page 3)")
    expect(original).to_contain_text("What does osmosis move?")
    page.get_by_role("link", name="Show all").click()
    expect(page.locator(".draft")).to_have_count(4)


def test_states_filters_and_taking_back_a_rejection(
    reader: Reader, server: LiveServer, drafts: Cards
) -> None:
    page = reader.open("/app/drafts?q=osmosis")
    expect(page.locator(".draft")).to_have_count(2)
    page.keyboard.press("r")
    page.keyboard.press("Enter")
    expect(page.locator(".draft")).to_have_count(1)
    page.get_by_role("link", name="Rejected 1").click()
    expect(page.locator(".draft")).to_have_count(1)
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Approve again").click()
    expect(page.locator("#drafts-empty")).to_be_visible()
    assert card_of(server, drafts[0])["state"] == "approved"
    page.goto("/app/drafts?state=approved")
    page.keyboard.press("s")
    expect(page.locator("#drafts-empty")).to_contain_text("No card is approved")
    assert card_of(server, drafts[0])["state"] == "suspended"


def test_export_and_import(
    reader: Reader, server: LiveServer, drafts: Cards, tmp_path: Path, watch: Watch
) -> None:
    page = reader.open("/app/drafts")
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Table (.csv)").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert text.count("Osmosis moves water") == 2
    file = tmp_path / "cards.csv"
    file.write_text("front,back\nWhat is a gene?,A stretch of DNA\n", encoding="utf-8")
    page.locator("card-import input").set_input_files(file)
    expect(page.get_by_role("dialog")).to_contain_text("1 new")
    page.get_by_role("button", name="Import", exact=True).last.click()
    expect(page.locator(".draft")).to_have_count(5)
    watch.expect("the server responded with a status of 422")
    file.write_text("front,back\nfine,fine\nNo answer,\n", encoding="utf-8")
    page.locator("card-import input").set_input_files(file)
    expect(page.locator("#notices")).to_contain_text("line 3")


def test_small_screens_and_the_dark(reader: Reader, drafts: Cards) -> None:
    page = reader.open("/app/drafts", width=360, height=740)
    expect(page.locator(".draft[aria-current] card-sheet .sheet-image")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    screenshot(page, "drafts-phone")
    page.locator(".draft").first.get_by_role("button", name="Approve").click()
    expect(page.locator(".draft")).to_have_count(3)
    expect(page.locator(".draft[aria-current] card-sheet")).to_have_count(1)
    dark = reader.open("/app/drafts", color_scheme="dark")
    expect(dark.locator(".sheet-marks rect")).to_have_count(1)
    screenshot(dark, "drafts-dark")


def test_no_cards_at_all_says_how_to_get_some(reader: Reader) -> None:
    page = reader.open("/app/drafts")
    expect(page.locator("#drafts-empty")).to_contain_text("There are no cards yet")
    screenshot(page, "drafts-empty")
    page.get_by_role("link", name="Choose a document").click()
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
