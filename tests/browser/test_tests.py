"""Tests in a real browser: from setting one up to what to do after it."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import FilePayload, Page, expect

from browser_reader import Reader, Watch, overflow, screenshot
from live_server import LiveServer
from living_matter import TITLE, living_matter
from server_process import job_end

TRUE = {"kind": "true_false", "stem": "Cells come from cells.", "answer": "true"}
GAP = {"kind": "cloze", "stem": "Water moves by _____.", "answer": "osmosis"}
CHOICE = {
    "kind": "choice", "stem": "What makes proteins?", "answer": "the ribosome",
    "options": ["the ribosome", "the nucleus", "the lysosome"],
}  # fmt: skip


def ready_test(server: LiveServer, *items: dict[str, Any], **more: Any) -> str:
    test = httpx.post(f"{server.url}/tests", json={"title": "Cells", **more}).json()["test"]["id"]
    for item in items:
        assert httpx.post(f"{server.url}/tests/{test}/items", json=item).is_success
    httpx.patch(f"{server.url}/tests/{test}", json={"status": "ready"}).raise_for_status()
    return str(test)


def sitting_of(server: LiveServer, page: Page) -> dict[str, Any]:
    """The sitting that a page shows, as the server has it."""
    found = re.search(r"/app/sittings/([^/]+)", page.url)
    assert found
    return dict(httpx.get(f"{server.url}/sittings/{found[1]}").json())


def question(page: Page) -> Any:
    return page.locator("[data-item]:not([hidden])")


def saved(page: Page) -> None:
    expect(page.locator("[data-saved]")).to_have_text("Saved")


def answer_by_key(page: Page) -> None:
    """Answers the item on the screen: the first option, or some words."""
    if question(page).locator("[type=radio]").count():
        page.keyboard.press("1")
    else:
        page.keyboard.type("something else")


def test_a_whole_test_from_setting_it_up_to_next_steps(
    reader: Reader, server: LiveServer, watch: Watch
) -> None:
    watch.expect("the server responded with a status of 422")  # of an item that is refused
    document = server.upload("living.pdf", living_matter())
    page = reader.open("/app/tests")
    expect(page.get_by_text("Find out what you know")).to_be_visible()
    page.get_by_label("Multiple choice").fill("3")
    page.get_by_label("True or false").fill("1")
    page.get_by_label("Fill the gap").fill("2")
    screenshot(page, "tests-set-up")
    page.get_by_role("button", name="Make the test").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    with server.client() as client:
        [made] = client.get("/tests").json()["items"]
        assert job_end(client, made["job_id"], "flashcard-generation")["state"] == "completed"
    items = page.locator(".item")  # the page notices by itself
    expect(items).to_have_count(6)
    expect(items.first.locator(".item-quote mark")).to_be_visible()

    items.first.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Right option").fill("a dozen")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_label("Options").fill("a dozen\nhundreds\nmillions")
    dialog.get_by_label("Question").fill("How many of these cells are alive?")
    screenshot(page, "test-item-dialog")
    dialog.get_by_role("button", name="Save").click()
    expect(items.first.locator(".item-stem")).to_have_text("How many of these cells are alive?")
    items.nth(5).get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove").last.click()
    expect(items).to_have_count(5)
    screenshot(page, "test-draft")
    page.get_by_role("button", name="Ready to be taken").click()
    page.get_by_role("button", name="Take the test").click()
    page.wait_for_url("**/app/sittings/*")  # the page before it shows the items as well

    expect(page.locator("[data-place]")).to_have_text("1 of 5")
    screenshot(page, "sitting")
    assert overflow(page) <= 0
    answer_by_key(page)
    page.keyboard.press("Enter")
    answer_by_key(page)
    saved(page)
    page.reload()
    expect(page.locator("[data-place]")).to_have_text("3 of 5")
    expect(page.get_by_role("link", name="Item 2, answered")).to_be_visible()
    assert [bool(item["answer"]) for item in sitting_of(server, page)["items"]] == (
        [True, True, False, False, False]
    )
    page.get_by_role("link", name="Item 3, not answered").and_(
        page.locator("[aria-current=step]")
    ).wait_for()
    for _ in range(2):
        answer_by_key(page)
        page.keyboard.press("Enter")
    page.get_by_role("button", name="Mark to look at again").click()
    expect(page.get_by_role("link", name="Item 5, not answered, marked")).to_be_visible()
    screenshot(page, "sitting-marked")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog")).to_contain_text("One item is left out")
    page.get_by_role("button", name="Cancel").click()
    answer_by_key(page)
    saved(page)
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("dialog")).to_contain_text("Every item is answered")
    page.locator("[data-confirm]").click()

    expect(page.locator(".score-points")).to_contain_text("of")
    sitting = sitting_of(server, page)
    assert sitting["status"] == "graded"
    assert all(item["milliseconds"] > 0 for item in sitting["items"])
    expect(page.locator(".mastery li").first).to_contain_text(re.compile(r"Part \d"))
    expect(page.locator(".mastery svg").first).to_have_attribute(
        "aria-label", re.compile("95 % interval")
    )
    screenshot(page, "result")
    decide_and_go_on(page, server, document)


def decide_and_go_on(page: Page, server: LiveServer, document: str) -> None:
    """On a result: decides an open answer, then follows the next steps."""
    result = page.url
    before = sitting_of(server, page)["points"]
    mine = page.locator(".item-open").first
    item = mine.get_attribute("data-item")
    mine.get_by_role("button", name="Right", exact=True).click()
    expect(page.locator(f'[data-item="{item}"]')).to_contain_text("as you decided")
    expect(page.locator(".hint").last).to_contain_text("This is result 2")
    assert sitting_of(server, page)["points"] == before + 1
    page.get_by_role("link", name="1", exact=True).last.click()
    expect(page.locator(f'[data-item="{item}"]')).to_contain_text("For you to decide")

    page.goto(result)
    page.get_by_role("link", name="Read", exact=True).click()
    expect(page).to_have_url(re.compile(rf"/app/documents/{document}\?page=\d"))
    page.goto(result)
    with page.expect_request(f"**/documents/{document}/flashcards") as asked:
        page.get_by_role("button", name="Make cards").click()
    wanted: Any = asked.value.post_data_json
    assert wanted["pages"][0] in (1, 2)
    expect(page).to_have_url(re.compile(rf"/app/drafts\?document={document}"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Drafts")


@pytest.fixture
def taken(server: LiveServer) -> str:
    """A test of an approved card, which nobody has taken."""
    document = server.upload("living.pdf", living_matter())
    card = {
        "kind": "basic", "front": "What do mitochondria release?", "back": "the energy",
        "source": {
            "document_id": document, "page": 1,
            "quote": "Mitochondria release the energy that is stored in sugar",
        },
    }  # fmt: skip
    httpx.post(f"{server.url}/flashcards", json=card).raise_for_status()
    part = {"document_id": document, "short": 1}
    body = {"blueprint": {"source": "cards", "parts": [part]}}
    test = httpx.post(f"{server.url}/tests", json=body).json()["test"]["id"]
    httpx.patch(f"{server.url}/tests/{test}", json={"status": "ready"}).raise_for_status()
    return str(test)


def test_a_missed_card_is_reviewed_next(reader: Reader, server: LiveServer, taken: str) -> None:
    page = reader.open(f"/app/tests/{taken}", width=360, height=740, color_scheme="dark")
    assert overflow(page) <= 0
    screenshot(page, "test-phone-dark")
    page.get_by_role("button", name="Take the test").click()
    page.wait_for_url("**/app/sittings/*")  # the page before it shows the items as well
    expect(question(page)).to_contain_text("What do mitochondria release?")
    assert overflow(page) <= 0
    screenshot(page, "sitting-phone-dark")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("One item is left out")
    page.locator("[data-confirm]").click()
    expect(page.locator(".score-points")).to_have_text("0 of 1")
    assert overflow(page) <= 0
    screenshot(page, "result-phone-dark")
    page.get_by_role("link", name="Review", exact=True).last.click()
    expect(page.locator("[data-front]")).to_have_text("What do mitochondria release?")


def test_answers_outlive_a_server_that_is_away_and_time_that_runs_out(
    reader: Reader, server: LiveServer, watch: Watch
) -> None:
    watch.expect("Failed to load resource")
    watch.expect("net::ERR_")
    test = ready_test(server, TRUE, GAP, CHOICE, time_limit=120)
    page = reader.open(f"/app/tests/{test}")
    page.get_by_role("button", name="Take the test").click()
    page.wait_for_url("**/app/sittings/*")  # the page before it shows the items as well
    expect(page.locator("[data-clock]")).to_have_text(re.compile(r"[12]:\d\d left"))
    arrived: list[str] = []
    page.on(
        "response",
        lambda answer: arrived.append(answer.url) if answer.request.method == "PUT" else None,
    )
    server.stop()
    page.keyboard.press("1")
    expect(page.locator("[data-saved]")).to_contain_text("Not saved yet")
    page.keyboard.press("Enter")
    page.keyboard.type("osmosis")
    screenshot(page, "sitting-unsaved")
    server.start()
    saved(page)
    assert [item["answer"] for item in sitting_of(server, page)["items"]] == ["true", "osmosis", ""]
    assert len(arrived) == 2  # each once
    page.keyboard.press("Enter")

    page.clock.install()
    page.reload()  # so that its clock is the one that runs faster
    expect(page.locator("[data-clock]")).to_contain_text("left")
    page.clock.fast_forward(60_000)
    page.clock.fast_forward(65_000)
    expect(page.locator(".score-points")).to_have_text("2 of 3")
    assert sitting_of(server, page)["status"] == "graded"
    page.go_back()
    expect(page.locator(".score-points")).to_have_text("2 of 3")


def exam(takers: int) -> dict[str, tuple[str, str]]:
    """Responses and key of a test of three items, the third with an answer that nobody chooses."""
    rows = "\n".join(
        f"s{n},{'A' if n % 3 else 'B'},{'C' if n % 2 else 'D'},{'ABCC'[n % 4]}"
        for n in range(takers)
    )
    return {
        "responses": ("exam.csv", f"student,i1,i2,i3\n{rows}\n"),
        "key": ("key.csv", "item,key\ni1,A\ni2,C\ni3,A\n"),
    }


def test_analysis_print_and_what_there_is_without_documents(
    reader: Reader, server: LiveServer, watch: Watch
) -> None:
    watch.expect("the server responded with a status of 422")
    page = reader.open("/app/tests")
    expect(page.get_by_text("Tests are made of your documents")).to_be_visible()
    screenshot(page, "tests-empty")
    page.get_by_text("Analyse a test held elsewhere").click()
    files = [
        FilePayload(name=name, mimeType="text/csv", buffer=content.encode())
        for name, content in exam(40).values()
    ]
    page.get_by_label("Responses").set_input_files(files[0])
    page.get_by_role("button", name="Analyse").click()
    expect(page.get_by_role("alert")).to_contain_text("a key is needed")
    page.get_by_label("Key").set_input_files(files[1])
    page.get_by_role("button", name="Analyse").click()
    expect(page.locator(".figures")).to_contain_text("40")
    expect(page.locator("tbody .flagged").first).to_be_visible()
    page.locator("details", has_text="i1").first.locator("summary").click()
    expect(page.get_by_role("columnheader", name="Upper 27 %").first).to_be_visible()
    screenshot(page, "test-analysis")

    few = httpx.post(f"{server.url}/tests/import", files=exam(12)).json()["id"]
    page.goto(f"/app/tests/{few}/analysis")
    expect(page.locator(".notice-warn")).to_contain_text("Provisional")
    expect(page.locator(".flagged")).to_have_count(0)

    test = ready_test(server, CHOICE, TRUE, GAP)
    page.goto(f"/app/tests/{test}")
    page.locator(".menu summary").click()
    menu = page.locator(".menu")
    expect(menu).to_have_attribute("open", "")
    screenshot(page, "test-menu")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    page.locator(".menu summary").click()
    page.get_by_role("heading", level=1).click()
    expect(menu).not_to_have_attribute("open", "")
    page.goto(f"/app/tests/{test}/analysis")
    expect(page.get_by_text("Nobody has handed this test in yet")).to_be_visible()
    page.goto(f"/app/tests/{test}/print")
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Answer sheet")).to_be_visible()
    expect(page.locator(".paper-key")).to_contain_text("the ribosome")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    screenshot(page, "test-print")
    for path in ("/app/tests", f"/app/tests/{few}/analysis", f"/app/tests/{test}/print"):
        phone = reader.open(path, width=360, height=740, color_scheme="dark")
        assert overflow(phone) <= 0, path
        screenshot(phone, f"{path.rpartition('/')[2]}-phone-dark")
