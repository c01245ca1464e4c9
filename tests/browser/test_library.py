"""Adding documents and watching them being read, in a real browser."""

from pathlib import Path

from playwright.sync_api import FilePayload, Page, expect

from browser_reader import Reader, Watch, screenshot
from live_server import LiveServer
from pdf_files import encrypt_pdf, make_pdf

NOT_A_PDF = b"Dear diary, this is not a PDF."

DROP_FILES = """
(files) => {
  const transfer = new DataTransfer();
  for (const { name, bytes } of files) {
    transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "application/pdf" }));
  }
  for (const type of ["dragenter", "dragover", "drop"]) {
    const event = new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
  }
}
"""


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    page.evaluate(DROP_FILES, [{"name": name, "bytes": list(content)} for name, content in files])


def choose(page: Page, *files: tuple[str, bytes]) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator("[data-pick-files]").first.click()
    chooser.value.set_files(
        [
            FilePayload(name=name, mimeType="application/pdf", buffer=content)
            for name, content in files
        ]
    )


def test_an_empty_library_says_what_to_do(reader: Reader) -> None:
    page = reader.open("/")
    expect(page).to_have_url(f"{reader.server.url}/app")
    expect(page.get_by_text("Drop PDFs anywhere on this page")).to_be_visible()
    expect(page.get_by_role("button", name="Choose PDFs")).to_be_visible()
    screenshot(page, "library-empty")


def test_chosen_files_are_sent_read_and_listed(reader: Reader, biology: bytes) -> None:
    page = reader.open()
    long = make_pdf([["# Tides", f"Page {n} of a book about tides."] for n in range(1, 121)])
    choose(page, ("cells.pdf", biology), ("tides.pdf", long))

    dock = page.get_by_role("region", name="Uploads")
    expect(dock.locator(".dock-item")).to_have_count(2)
    screenshot(page, "uploads")
    expect(dock.get_by_text("Ready, 3 pages")).to_be_visible(timeout=60_000)
    expect(dock.get_by_text("Ready, 120 pages")).to_be_visible(timeout=60_000)

    expect(page.locator(".row")).to_have_count(2)
    expect(page.locator(".row .state-ok")).to_have_count(2)
    expect(page.locator(".row job-progress")).to_have_count(0)
    screenshot(page, "library")


def test_dropped_files_are_added(reader: Reader, biology: bytes) -> None:
    page = reader.open()
    drop(page, ("cells.pdf", biology))
    expect(page.locator(".row .state-ok")).to_have_count(1, timeout=60_000)
    expect(page.locator(".drop-veil")).to_be_hidden()


def test_progress_reaches_the_end(reader: Reader) -> None:
    page = reader.open()
    page.evaluate(
        """() => {
            globalThis.seen = [];
            const channel = new BroadcastChannel("studyq-events");
            channel.onmessage = ({ data }) => {
                if (data.kind === "job") seen.push([data.detail.progress, data.detail.state]);
            };
        }"""
    )
    choose(page, ("tides.pdf", make_pdf([[f"Page {n} about tides."] for n in range(1, 90)])))
    expect(page.get_by_text("Ready, 89 pages")).to_be_visible(timeout=60_000)
    seen = page.evaluate("seen")
    percents = [progress for progress, _ in seen]
    assert seen[-1] == [100, "completed"]
    assert percents == sorted(percents)
    assert {10, 30, 50} <= set(percents)


def test_the_same_file_again_leads_to_the_document(
    reader: Reader, server: LiveServer, biology: bytes
) -> None:
    document_id = server.upload("cells.pdf", biology)
    page = reader.open()
    choose(page, ("copy of cells.pdf", biology))
    item = page.locator(".dock-item")
    expect(item.get_by_text("Already in your library")).to_be_visible()
    expect(item.get_by_role("link")).to_have_attribute("href", f"/app/documents/{document_id}")
    expect(page.locator(".row")).to_have_count(1)


def test_a_refused_file_says_why(reader: Reader, watch: Watch, biology: bytes) -> None:
    watch.expect("the server responded with a status of 4")
    page = reader.open()
    choose(page, ("diary.pdf", NOT_A_PDF), ("cells.pdf", biology))
    expect(page.locator(".dock-refusal")).to_contain_text("PDF")
    expect(page.locator(".row .state-ok")).to_have_count(1, timeout=60_000)
    screenshot(page, "upload-refused")


def test_a_locked_file_opens_with_its_password(reader: Reader) -> None:
    locked = encrypt_pdf(make_pdf(["A secret page."]), user="sesame")
    page = reader.open()
    choose(page, ("exam.pdf", locked))
    page.get_by_role("link", name="Give the password").click(timeout=60_000)
    page.get_by_label("Password of the file").fill("sesame")
    screenshot(page, "password")
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.locator("#page-text")).to_contain_text("A secret page.", timeout=60_000)
    expect(page.locator("#banner")).to_be_empty()


def test_deleting_asks_once(reader: Reader, server: LiveServer, biology: bytes) -> None:
    server.upload("cells.pdf", biology)
    page = reader.open()
    remove = page.locator(".row").get_by_role("button", name="Delete")
    remove.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator(".row")).to_have_count(1)
    remove.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Drop PDFs anywhere on this page")).to_be_visible()


def test_filters_show_what_needs_attention(
    reader: Reader, server: LiveServer, biology: bytes
) -> None:
    server.upload("cells.pdf", biology)
    server.upload("empty pages.pdf", make_pdf([[], []]))
    page = reader.open()
    expect(page.locator(".row")).to_have_count(2)
    page.get_by_role("link", name="Needs attention").click()
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(".row .state-bad")).to_be_visible()
    expect(page.locator(".row-failure")).to_contain_text("text")
    screenshot(page, "needs-attention")
    page.get_by_role("link", name="Processing").click()
    expect(page.get_by_text("Nothing is being processed")).to_be_visible()


def test_a_server_that_dies_and_returns_loses_nothing(
    reader: Reader, server: LiveServer, watch: Watch
) -> None:
    for part in ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE"):
        watch.expect(part)
    watch.expect("ERR_CONNECTION_RESET")
    page = reader.open()
    choose(page, ("tides.pdf", make_pdf([[f"Page {n} about tides."] for n in range(1, 200)])))
    expect(page.locator(".row")).to_have_count(1)
    server.kill()
    expect(page.get_by_text("Connection lost. Trying again…")).to_be_visible()
    screenshot(page, "connection-lost")
    server.start()
    expect(page.get_by_text("Connection lost. Trying again…")).to_be_hidden(timeout=60_000)
    expect(page.locator(".row .state-ok")).to_have_count(1, timeout=60_000)
    expect(page.get_by_text("Ready, 199 pages")).to_be_visible(timeout=60_000)


def test_two_tabs_share_one_stream(reader: Reader, server: LiveServer, biology: bytes) -> None:
    first = reader.open()
    second = first.context.new_page()
    streams: list[str] = []
    second.on("request", lambda request: streams.append(request.url))
    second.goto("/app")
    choose(first, ("cells.pdf", biology))
    expect(second.locator(".row .state-ok")).to_have_count(1, timeout=60_000)
    assert not [url for url in streams if url == f"{server.url}/events"]
    first.close()
    drop(second, ("more.pdf", make_pdf(["Another page about tides."])))
    expect(second.locator(".row .state-ok")).to_have_count(2, timeout=60_000)
    assert [url for url in streams if url == f"{server.url}/events"]


def test_screenshots_folder_is_not_in_git() -> None:
    ignored = (Path(__file__).parents[2] / ".gitignore").read_text(encoding="utf-8")
    assert ".artifacts" in ignored
