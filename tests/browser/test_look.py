"""What holds for every page: dark mode, small screens, the keyboard, and the security policy."""

import re

import pytest
from playwright.sync_api import expect

from browser_reader import Reader, Watch, overflow, screenshot
from live_server import LiveServer

LIGHTNESS = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const lightness = (color) => {
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
  };
  const style = getComputedStyle(document.documentElement);
  return [lightness(style.backgroundColor), lightness(style.color)];
}
"""


def test_dark_mode_follows_the_system(reader: Reader, server: LiveServer, biology: bytes) -> None:
    document_id = server.upload("cells.pdf", biology)
    page = reader.open(color_scheme="dark")
    paper, ink = page.evaluate(LIGHTNESS)
    assert paper < 0.15
    assert ink > 0.8
    screenshot(page, "library-dark")
    page.goto(f"/app/documents/{document_id}?page=2")
    expect(page.locator(".sheet-image")).to_have_js_property("complete", True)
    screenshot(page, "document-dark")


def test_a_chosen_theme_is_kept(reader: Reader) -> None:
    page = reader.open(color_scheme="light")
    toggle = page.get_by_role("button", name="System colours")
    toggle.click()  # light
    page.get_by_role("button", name="Light colours").click()  # dark
    page.reload()
    paper, _ = page.evaluate(LIGHTNESS)
    assert paper < 0.15
    page.get_by_role("button", name="Dark colours").click()
    paper, _ = page.evaluate(LIGHTNESS)
    assert paper > 0.85


def test_small_screens_scroll_in_one_direction(
    reader: Reader, server: LiveServer, biology: bytes
) -> None:
    name = "a file name without any space " + "x" * 120 + ".pdf"
    document_id = server.upload(name, biology)
    page = reader.open(width=360, height=740)
    expect(page.locator(".row")).to_be_visible()
    assert overflow(page) <= 0
    screenshot(page, "library-phone")
    page.fill("#search", "mitochondria")
    expect(page.locator(".result").first).to_be_visible()
    assert overflow(page) <= 0
    page.goto(f"/app/documents/{document_id}?page=2")
    expect(page.locator(".sheet-image")).to_have_js_property("complete", True)
    assert overflow(page) <= 0
    screenshot(page, "document-phone")
    navigation = page.get_by_role("navigation", name="Main").bounding_box()
    assert navigation is not None
    assert navigation["y"] > 660  # a bar at the bottom


def test_everything_is_reached_by_keyboard(
    reader: Reader, server: LiveServer, biology: bytes
) -> None:
    document_id = server.upload("cells.pdf", biology)
    page = reader.open()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Add PDFs")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("osmosis")
    expect(page.locator(".result").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".result-link").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/app/documents/{document_id}\?page=3"))
    tab = page.get_by_role("tab", name="Text")
    tab.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tabpanel", name="Search")).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_role("tabpanel", name="Details")).to_be_visible()
    expect(page.get_by_role("tab", name="Details")).to_be_focused()


def test_typing_is_never_a_shortcut(reader: Reader, server: LiveServer, biology: bytes) -> None:
    document_id = server.upload("cells.pdf", biology)
    page = reader.open(f"/app/documents/{document_id}?page=2")
    page.get_by_label("Page", exact=True).focus()
    page.keyboard.type("/")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".sheet-image")).to_have_attribute("src", re.compile("/pages/2/image$"))
    expect(page.get_by_label("Page", exact=True)).to_have_value(re.compile("/"))


@pytest.mark.parametrize("path", ["/app", "/app/library?status=processing", "/app/documents/none"])
def test_every_page_carries_the_security_policy(reader: Reader, watch: Watch, path: str) -> None:
    watch.expect("the server responded with a status of 404")
    page = reader.open("/app")
    response = page.goto(path)
    assert response is not None
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_missing_document_is_a_page_that_leads_back(reader: Reader, watch: Watch) -> None:
    watch.expect("the server responded with a status of 404")
    page = reader.open("/app/documents/none")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    page.get_by_role("link", name="To the library", exact=True).click()
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
