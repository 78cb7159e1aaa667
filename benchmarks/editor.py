"""The editor on a postmortem of 300 events: first paint, and what a key costs until it is painted.

``python -m benchmarks editor``. Headless Chromium on this machine, the server beside it. Latency is
from the key's own time stamp to the end of the frame that shows its letter.
"""

import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from rca.domain.access import OPERATOR
from rca.services import authoring
from rca.store.engine import writing
from tests.e2e import world
from tests.e2e.browser import context_for, launch
from tests.factories import rich

EVENTS = 300
OPENINGS = 7
SENTENCE = "The connection pool was smaller than the number of workers that shared it. "
FIRST_PAINT_MS = 1_500
LATENCY_MS = 50

_WATCH = """() => {
  window.costs = [];
  let began = 0;
  addEventListener("keydown", (event) => { began = event.timeStamp; }, true);
  addEventListener("input", () => {
    const start = began;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.costs.push(performance.now() - start);
      channel.port2.postMessage(0);
    });
  }, true);
}"""
_PAINT = """() => performance.getEntriesByType("paint")
  .filter((entry) => entry.name === "first-contentful-paint").map((entry) => entry.startTime)[0]"""


def _draft(engine: Any) -> str:
    rows = [
        {
            "at": f"2026-08-14 {9 + n // 60:02}:{n % 60:02}",
            "text": f"Event {n}: the error rate of shard {n % 7} moved and somebody wrote it down.",
            "key": n % 11 == 0,
        }
        for n in range(EVENTS)
    ]
    with writing(engine) as session:
        made = authoring.create(
            session, viewer=OPERATOR, content=rich(timeline=rows), now=world.NOW
        )
    return made.reference


def _typed(page: Page, selector: str) -> list[float]:
    page.evaluate("window.costs.length = 0")
    page.locator(selector).click()
    page.keyboard.press("End")
    page.keyboard.type(SENTENCE * 2, delay=30)
    page.wait_for_timeout(300)
    found: list[float] = page.evaluate("window.costs")
    return found


def _p95(values: list[float]) -> float:
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


def main() -> None:
    """Print one line per figure."""
    with tempfile.TemporaryDirectory(prefix="rca-bench-") as folder:
        app, engine, cookies = world.build(Path(folder))
        reference = _draft(engine)
        with world.serving(app) as url, sync_playwright() as playwright:
            browser = launch(playwright)
            context = context_for(
                browser, url, cookies["ines"], viewport={"width": 1280, "height": 900}
            )
            page = context.new_page()
            paints = []
            for _ in range(OPENINGS + 1):
                page.goto(f"/postmortems/{reference}/edit")
                page.wait_for_selector("form[data-ready]")
                paints.append(page.evaluate(_PAINT))
            paints = paints[1:]  # the first opening also compiles the server's templates
            print(
                f"first paint, {EVENTS} events: median {statistics.median(paints):.0f} ms, "
                f"worst of {len(paints)} {max(paints):.0f} ms (under {FIRST_PAINT_MS} asked)"
            )
            page.evaluate(_WATCH)
            places = {"summary": "#summary", "timeline row 150": "#timeline-149-text",
                      "factor": "#factors-0-statement"}  # fmt: skip
            for name, selector in places.items():
                costs = _typed(page, selector)
                print(
                    f"typing into {name}: p50 {statistics.median(costs):.1f} ms, "
                    f"p95 {_p95(costs):.1f} ms of {len(costs)} keys (p95 under {LATENCY_MS} asked)"
                )
            browser.close()
        engine.dispose()


if __name__ == "__main__":
    main()
