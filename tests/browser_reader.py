"""A reader in front of a real browser, and a watch over what the pages do there."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page
from playwright.sync_api import Request as BrowserRequest

from live_server import LiveServer

SCREENSHOTS = Path(__file__).parents[1] / ".artifacts" / "screenshots"


@dataclass
class Watch:
    """What must not happen on any page: errors in the console, requests to other hosts."""

    origin: str
    expected: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def expect(self, part: str) -> None:
        """Allows console errors that contain `part`: the browser reports each refused request."""
        self.expected.append(part)

    def attach(self, page: Page) -> Page:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._request)
        return page

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(
                f"{message.type}: {message.text} {message.location.get('url', '')}"
            )

    def _request(self, request: BrowserRequest) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.complaints.append(f"request to {request.url}")

    def unexpected(self) -> list[str]:
        return [c for c in self.complaints if not any(part in c for part in self.expected)]


@dataclass
class Reader:
    """Opens pages as one reader would, each in a browser of its own."""

    browser: Browser
    server: LiveServer
    watch: Watch
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(
        self, path: str = "/app", *, width: int = 1360, height: int = 900, **options: Any
    ) -> Page:
        context = self.browser.new_context(
            base_url=self.server.url,
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(20_000)
        self.contexts.append(context)
        page = self.watch.attach(context.new_page())
        page.goto(path)
        return page


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return width


def screenshot(page: Page, name: str) -> None:
    """Keeps a picture of the page beside the results of the run."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
