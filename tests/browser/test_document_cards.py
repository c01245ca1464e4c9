"""The tab Cards of a document in a real browser: cards made, written by hand, and shown."""

import re

from playwright.sync_api import Page, expect

from browser_reader import Reader, Watch, screenshot
from card_maker import make_card
from live_server import LiveServer
from pdf_files import make_pdf

FACTS = [
    [
        "# Tides",
        "A tide is the rise and fall of sea level caused by the gravity of the Moon.",
        "The spring tide is the tide with the largest range in a lunar month.",
        "Newton explained tides in 1687 as a consequence of universal gravitation.",
        "The neap tide is the tide with the smallest range, which occurs at half moon.",
        "A tidal bore is a wave that travels up a river against its current.",
        "The Bay of Fundy has the largest tidal range in the world, about 16 metres.",
    ]
]


def select_words(page: Page, words: str) -> None:
    """Selects words of the page's text, as a reader would with the mouse."""
    page.evaluate(
        """(words) => {
          const node = document.getElementById("page-text").firstChild;
          const start = node.data.indexOf(words);
          const range = document.createRange();
          range.setStart(node, start);
          range.setEnd(node, start + words.length);
          const selection = document.getSelection();
          selection.removeAllRanges();
          selection.addRange(range);
        }""",
        words,
    )


def test_selected_words_become_a_card(
    reader: Reader, server: LiveServer, biology: bytes, watch: Watch
) -> None:
    document = server.upload("cells.pdf", biology)
    page = reader.open(f"/app/documents/{document}?page=2")
    select_words(page, "Mitochondria release the energy")
    page.locator("#selection-card").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("mark")).to_have_text("Mitochondria release the energy")
    expect(dialog).to_contain_text("Page 2")
    dialog.get_by_label("Question", exact=True).fill("What releases energy?")
    watch.expect("the server responded with a status of 422")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator(".form-problem")).to_contain_text("empty")
    dialog.get_by_role("textbox", name="Answer").fill("Mitochondria")
    screenshot(page, "card-new")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    page.get_by_role("tab", name="Cards").click()
    card = page.locator(".own")
    expect(card).to_contain_text("What releases energy?")
    page.keyboard.press("ArrowRight")
    page.goto(f"/app/documents/{document}?tab=cards")
    card.get_by_role("link", name="Page 2").click()
    expect(page.locator(".sheet-marks rect")).to_have_count(1)
    expect(page).to_have_url(re.compile("page=2.*card="))
    page.reload()
    expect(page.locator(".sheet-marks rect")).to_have_count(1)


def test_a_cloze_is_made_by_hiding_what_is_selected(
    reader: Reader, server: LiveServer, biology: bytes
) -> None:
    document = server.upload("cells.pdf", biology)
    page = reader.open(f"/app/documents/{document}?tab=cards")
    page.keyboard.press("n")
    page.get_by_role("dialog").locator("[name=kind]").select_option("cloze")
    sentence = page.get_by_role("textbox", name="Sentence")
    sentence.fill("Osmosis moves water.")
    sentence.evaluate("(field) => field.setSelectionRange(0, 7)")
    page.get_by_role("button", name="hide it").click()
    expect(sentence).to_have_value("{{c1::Osmosis}} moves water.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_cards_are_made_and_arrive_as_drafts(reader: Reader, server: LiveServer) -> None:
    document = server.upload("tides.pdf", make_pdf(FACTS, title="Tides"))
    page = reader.open(f"/app/documents/{document}?tab=cards")
    drafts = reader.open("/app/drafts")
    expect(drafts.locator("#drafts-empty")).to_contain_text("There are no cards yet")
    form = page.locator("make-cards")
    expect(form.locator("[data-estimate]")).to_contain_text("no language model is asked")
    form.get_by_label("How many").fill("4")
    form.locator("[name=part]").select_option("pages")
    form.get_by_label("to page").fill("1")
    screenshot(page, "cards-make")
    form.get_by_role("button", name="Make cards").click()
    expect(page.locator(".own").first).to_be_visible()
    expect(page.locator(".session")).to_contain_text("Done")
    expect(page.locator(".session")).to_contain_text("built in")
    expect(drafts.locator(".draft").first).to_be_visible()
    expect(drafts.locator(".draft").first).to_contain_text("Built in")
    expect(drafts.locator(".sheet-marks rect").first).to_be_attached()
    screenshot(page, "cards-made")
    page.get_by_role("link", name=re.compile("Look at")).click()
    expect(page.locator(".draft").first).to_be_visible()


def test_the_tab_on_small_screens_and_in_the_dark(
    reader: Reader, server: LiveServer, biology: bytes
) -> None:
    document = server.upload("cells.pdf", biology)
    make_card(server, "What moves water?" + "x" * 80, "Osmosis", document=document, page=3)
    page = reader.open(
        f"/app/documents/{document}?tab=cards", width=360, height=740, color_scheme="dark"
    )
    expect(page.locator(".own")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    page.locator("#panel-cards").scroll_into_view_if_needed()
    screenshot(page, "cards-phone-dark")
