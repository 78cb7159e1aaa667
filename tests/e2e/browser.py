"""Debian's Chromium by Playwright, and what every page is held to."""

import os
import re
import shutil
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
_EXPECTED = re.compile(r"the server responded with a status of 4\d\d")


def launch(playwright: Playwright) -> Browser:
    """The system's Chromium, headless. Missing Chromium fails: it is part of the tests."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "Chromium is missing: apt-get install chromium"
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(FLAGS)
    return playwright.chromium.launch(executable_path=path, headless=True, args=flags)


@dataclass
class Watch:
    """Console errors, script errors and refused content of one page."""

    problems: list[str] = field(default_factory=list)

    def on_console(self, message: ConsoleMessage) -> None:
        """Keep errors and warnings, except the line a browser prints for each 4xx page."""
        if message.type not in ("error", "warning"):
            return
        address = urlsplit(str(message.location.get("url", ""))).path
        if _EXPECTED.search(message.text) and not address.startswith("/static/"):
            return
        self.problems.append(f"{message.type}: {message.text}")

    def on_error(self, error: Any) -> None:
        """Keep an uncaught script error."""
        self.problems.append(f"script: {error}")

    def watch(self, page: Page) -> None:
        """Listen to a page."""
        page.on("console", self.on_console)
        page.on("pageerror", self.on_error)


def context_for(browser: Browser, url: str, cookie: str = "", **options: Any) -> BrowserContext:
    """A fresh profile, signed in when ``cookie`` is given; only this server may be reached."""
    context = browser.new_context(base_url=url, **options)
    context.set_default_timeout(10_000)
    # The first page of a process loads the statistics; a busy machine takes a while for that.
    context.set_default_navigation_timeout(60_000)
    if cookie:
        context.add_cookies([{"name": "rca_session", "value": cookie, "url": url}])
    return context


_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe_violations(page: Page, *, rules: tuple[str, ...] = ()) -> list[str]:
    """Accessibility violations of WCAG 2.2 AA on the page as it stands, one line each.

    ``rules`` asks for those only.
    """
    if page.evaluate("typeof window.axe") == "undefined":
        page.evaluate(Axe().axe_script)
    only = {"type": "rule" if rules else "tag", "values": list(rules) or _TAGS}
    found = page.evaluate(
        "only => axe.run({runOnly: only, resultTypes: ['violations']}).then(r => r.violations)",
        only,
    )
    return [
        f"{item['id']}: {item['help']}: {node['html'][:160]}"
        for item in found
        for node in item["nodes"]
    ]


def sideways(page: Page) -> int:
    """How many pixels the page is wider than the window; 0 is right."""
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width
