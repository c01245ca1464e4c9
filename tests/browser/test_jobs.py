"""The page Jobs: what runs is seen as it runs, and everything can be done from there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from browser_reader import Reader, overflow, screenshot
from embedding_server import EmbeddingServer
from held_model import Model, model_settings
from live_server import LiveServer
from pdf_files import make_pdf
from server_process import upload

BROKEN = b"%PDF-1.4\nnothing of what a PDF needs\n"
QUEUE = "pdf-ingestion"


@pytest.fixture
def model() -> Iterator[Model]:
    with EmbeddingServer() as asked:
        held = Model(asked)
        yield held
        held.release()


@pytest.fixture
def server(tmp_path: Path, model: Model) -> Iterator[LiveServer]:
    """A server whose jobs wait at the model when the test says so."""
    running = LiveServer(tmp_path, model_settings(model))
    running.start()
    yield running
    model.release()
    running.kill()


def add(server: LiveServer, title: str, content: bytes | None = None) -> str:
    """Adds a file without waiting for its job, whose id it returns."""
    pages = [[f"# {title}", f"What is said of {title} stands here, and nowhere else."]]
    with server.client() as client:
        answer = upload(client, f"{title}.pdf", content or make_pdf(pages, title=title))
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job"]["id"])


def card(page: Page) -> Locator:
    return page.locator(f"#queue-{QUEUE}")


def agree(page: Page, name: str) -> None:
    """Answers the question whether something is really meant."""
    page.get_by_role("dialog").get_by_role("button", name=name).click()


def stay(page: Page) -> None:
    """Marks the page, so that `expect_no_reload` can tell it from another one."""
    page.evaluate("window.stayed = true")


def expect_no_reload(page: Page) -> None:
    assert page.evaluate("window.stayed === true"), "the page was loaded again"


def test_a_job_is_seen_from_its_arrival_to_its_end(
    reader: Reader, server: LiveServer, model: Model
) -> None:
    page = reader.open("/app/jobs")
    expect(page.locator("#rows")).to_contain_text("No jobs")
    stay(page)

    model.hold()
    first = page.locator(f"#job-{add(server, 'Tides')}")
    expect(first).to_contain_text("Running")
    expect(first.locator("job-progress")).to_contain_text("Embedding")
    expect(first.get_by_role("progressbar")).to_have_attribute("aria-valuenow", re.compile("7.|8."))
    expect(card(page)).to_contain_text("Working")
    expect(page.locator("#views")).to_contain_text(re.compile(r"In progress\s+1"))

    second = page.locator(f"#job-{add(server, 'Moons')}")  # one at a time runs
    expect(second).to_contain_text("Next in line")
    screenshot(page, "jobs")
    first.get_by_text("Details").click()
    expect(first.locator(".timeline")).to_contain_text("Searchable by words")

    model.release()
    expect(first).to_contain_text("Completed")
    expect(second).to_contain_text("Completed")
    expect(first.locator(".timeline")).to_contain_text("Completed")  # and it is still open
    expect(first).to_contain_text('"pages_read": 1')
    expect(page.locator("#views")).to_contain_text(re.compile(r"Completed\s+2"))
    expect(card(page).get_by_role("img", name="2 completed, 0 failed")).to_be_visible()
    card(page).get_by_text("Times, and all figures as a table").click()
    expect(card(page).get_by_role("table")).to_contain_text("Completed")
    expect_no_reload(page)
    screenshot(page, "jobs-done")


def test_pause_widen_priority_and_cancel(reader: Reader, server: LiveServer, model: Model) -> None:
    page = reader.open("/app/jobs")
    stay(page)
    card(page).get_by_text("Reading documents").first.click()  # it has nothing to do yet
    card(page).get_by_role("button", name="Pause").click()
    expect(card(page)).to_contain_text("Paused")
    expect(card(page).get_by_role("button", name="Resume")).to_be_focused()
    card(page).get_by_role("button", name="One more at once").click()
    expect(card(page).locator("output")).to_have_text("2")
    rows = {title: page.locator(f"#job-{add(server, title)}") for title in ("One", "Two", "Six")}
    for row in rows.values():
        expect(row).to_contain_text("The queue is paused")
    expect(card(page)).to_contain_text("3 jobs wait until you resume the queue.")

    rows["Six"].get_by_text("Details").click()
    rows["Six"].get_by_label("Priority").fill("5")
    rows["Six"].get_by_role("button", name="Change").click()
    expect(rows["Six"]).to_contain_text("priority 5")

    rows["One"].get_by_role("checkbox").check()
    rows["Two"].get_by_role("checkbox").check()
    expect(page.get_by_role("region", name="Selected jobs")).to_contain_text("2 selected")
    screenshot(page, "jobs-selected")
    page.get_by_role("button", name="Cancel selected").click()
    agree(page, "Cancel them")
    expect(rows["One"]).to_contain_text("Cancelled")
    expect(rows["Two"]).to_contain_text("Cancelled")
    expect(page.get_by_role("region", name="Selected jobs")).to_be_hidden()

    model.hold()
    card(page).get_by_role("button", name="Resume").click()
    expect(rows["Six"]).to_contain_text("Running")
    rows["Six"].get_by_role("button", name="Cancel Six").click()
    agree(page, "Cancel the job")
    expect(rows["Six"]).to_contain_text("Cancelled")
    model.release()
    rows["Six"].get_by_role("button", name="Retry Six").click()
    expect(rows["Six"]).to_contain_text("Completed")
    expect_no_reload(page)


def test_what_failed_says_why_and_is_retried(reader: Reader, server: LiveServer) -> None:
    job = add(server, "Torn", BROKEN)
    page = reader.open("/app")
    jobs = page.get_by_role("link", name="Jobs")
    expect(jobs).to_contain_text("1")
    jobs.click()
    page.get_by_role("link", name="Needs attention 1").click()
    row = page.locator(f"#job-{job}")
    expect(row).to_contain_text("damaged")
    row.get_by_text("Details").click()
    expect(row).to_contain_text("Attempt 1")
    row.get_by_text("Where in the code").click()
    expect(row.locator("pre").first).to_contain_text("Traceback")
    stay(page)
    screenshot(page, "jobs-failed")

    events = page.evaluate_handle(
        """() => {
            const seen = [];
            const source = new EventSource("/events");
            source.addEventListener("state", ({ data }) => seen.push(JSON.parse(data).state));
            return seen;
        }"""
    )
    page.get_by_role("button", name="Retry all failed (1)").click()
    agree(page, "Retry")
    # It fails again, of course: it left the list, and came back.
    page.wait_for_function(
        "seen => seen.includes('waiting') && seen.includes('failed')", arg=events
    )
    expect(row).to_contain_text("attempt 2")
    # A row that was drawn anew while it was gone from the list comes back folded.
    if row.locator("details.job-more").get_attribute("open") is None:
        row.get_by_text("Details").click()
    expect(row.locator(".timeline")).to_contain_text("Put back in line")
    expect_no_reload(page)


def test_by_keyboard_and_on_a_phone(reader: Reader, server: LiveServer) -> None:
    add(server, "Torn", BROKEN)
    server.upload("cells.pdf", make_pdf([["# Cells", "Of cells."]], title="Cells"))
    page = reader.open("/app/jobs", width=360, height=740, color_scheme="dark")
    assert overflow(page) <= 0
    row = page.locator(".job", has_text="Torn")
    row.get_by_role("link", name="Torn").focus()
    page.keyboard.press("Tab")
    expect(row.get_by_role("button", name="Retry Torn")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(row).to_contain_text("Timeline")
    assert overflow(page) <= 0
    screenshot(page, "jobs-phone")
    row.get_by_role("link", name="Torn").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Torn")
    assert overflow(page) <= 0
    page.get_by_role("button", name="Retry").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#job-head")).to_contain_text("attempt 2")
    screenshot(page, "job-phone")

    page.goto("/app/jobs?view=completed&q=Cel")
    expect(page.locator(".job")).to_have_count(1)
    page.get_by_label("Queue", exact=True).select_option("Sending alerts")  # submits by itself
    expect(page.locator("#rows")).to_contain_text("No job fits")
    page.get_by_role("link", name="Clear the filters").click()
    expect(page.locator(".job")).to_have_count(1)
