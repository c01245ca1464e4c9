"""The page Status: each part is well or says why, and the page sees it change."""

import re

from playwright.sync_api import expect

from browser_reader import Reader, overflow, screenshot
from live_server import LiveServer


def test_every_part_is_told_and_looked_at_anew(reader: Reader, server: LiveServer) -> None:
    page = reader.open("/app/status")
    # Nothing but the model, which these servers have not been given.
    expect(page.locator("#summary")).to_have_text("Models needs your attention.")
    expect(page.locator("#part-models")).to_contain_text("studyq models install")
    titles = page.locator("#parts h2").all_inner_texts()
    assert titles == [
        "Database", "Queue", "Workers", "Storage", "Models", "Disk", "Upkeep", "Backups",
    ]  # fmt: skip
    expect(page.locator("#workers li")).to_have_count(1)
    expect(page.locator("#duties")).to_contain_text("Copies the database")
    screenshot(page, "status")

    # Nobody reloads the page: it looks again by itself.
    in_the_way = server.data / "files"
    in_the_way.touch()
    storage = page.locator("#part-storage")
    expect(storage).to_contain_text("Needs attention", timeout=20_000)
    expect(storage).to_contain_text("Next:")
    expect(page.locator("#summary")).to_contain_text("Storage")
    screenshot(page, "status-broken")
    in_the_way.unlink()
    expect(storage).to_contain_text("OK", timeout=20_000)


def test_phones_reach_it_by_the_bar(reader: Reader) -> None:
    page = reader.open("/app", width=360, height=740, color_scheme="dark")
    more = page.get_by_role("button", name="More")
    status = page.get_by_role("link", name="Status")
    expect(status).to_be_hidden()
    more.focus()
    page.keyboard.press("Enter")
    expect(status).to_be_visible()
    page.keyboard.press("Escape")
    expect(status).to_be_hidden()
    expect(more).to_be_focused()
    more.click()
    screenshot(page, "more-phone")
    status.click()
    expect(page).to_have_url(re.compile("/app/status$"))
    expect(page.get_by_role("heading", name="Status", level=1)).to_be_visible()
    assert overflow(page) <= 0
    screenshot(page, "status-phone")


def test_a_computer_has_all_entries_in_the_rail(reader: Reader) -> None:
    page = reader.open("/app/status")
    expect(page.get_by_role("link", name="Status")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("button", name="More")).to_be_hidden()
