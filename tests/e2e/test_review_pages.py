"""Reviews in a browser: words that save themselves, a clash, slides by keys, a document being made."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, expect

from rca.jobs import run_due
from rca.services import documents
from tests.e2e import world
from tests.e2e.browser import axe_violations
from tests.e2e.conftest import OpenPage

PERIODS = iter(f"2026-{month:02d}-01..2026-10-01" for month in range(1, 10))
"""A period of its own for each test: the instance is shared."""


def work(server: world.LiveServer) -> None:
    """What a worker would do by now."""
    run_due(server.engine, server.app.extensions["rca_settings"], now=world.NOW)


@contextmanager
def draft(page: Page) -> Iterator[str]:
    """A review of a new period in the editor; its address."""
    first, last = next(PERIODS).split("..")
    page.goto("/reviews/new")
    page.locator('[name="first"]').fill(first)
    page.locator('[name="last"]').fill(last)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/edit")
    yield page.url.removesuffix("/edit")


def verdict(page: Page) -> tuple[object, object]:
    """The field of the verdict and what it says of its saving."""
    return page.locator("#part-verdict-text"), page.locator("#p-verdict [data-state]")


def test_words_of_a_review_save_themselves(page: Page) -> None:
    with draft(page) as address:
        field, said = verdict(page)
        field.fill("Checkout held, search did not.")
        expect(said).to_have_text(re.compile("^Saved"), timeout=10_000)
        page.goto(address)
        expect(page.locator("main")).to_contain_text("Checkout held, search did not.")


def test_a_clash_shows_both_texts_and_asks(page: Page, open_page: OpenPage) -> None:
    with draft(page) as address:
        other = open_page("ravi")
        other.goto(f"{address}/edit")
        field, said = verdict(page)
        field.fill("What Ines wrote.")
        expect(said).to_have_text(re.compile("^Saved"), timeout=10_000)
        theirs, _ = verdict(other)
        theirs.fill("What Ravi wrote.")
        part = other.locator("#p-verdict")
        expect(part).to_contain_text("What Ines wrote.", timeout=10_000)
        expect(theirs).to_have_value("What Ravi wrote.")
        assert axe_violations(other) == []


def test_slides_move_by_keys_and_escape_leaves(demo_server: world.LiveServer, page: Page) -> None:
    page.goto("/reviews/2026-Q3?live=1")
    work(demo_server)
    page.goto("/reviews/2026-Q3/present?live=1")
    place, slides = page.locator("[data-place]"), page.locator("[data-slide]")
    count = slides.count()
    assert count > 6
    expect(place).to_have_text(f"1 of {count}")
    page.keyboard.press("ArrowRight")
    expect(place).to_have_text(f"2 of {count}")
    expect(page).to_have_url(re.compile(r"#s2$"))
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("End")
    expect(place).to_have_text(f"{count} of {count}")
    page.keyboard.press("Home")
    expect(place).to_have_text(f"1 of {count}")
    assert page.locator(".slide.is-on").count() == 1
    for _ in range(count):
        if page.locator(".slide.is-on svg.drawn").count():
            break
        page.keyboard.press("ArrowRight")
    chart = page.locator(".slide.is-on svg.drawn").first
    expect(chart).to_be_visible()
    assert axe_violations(page) == []
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/reviews/2026-Q3\?live=1"))


def test_the_overview_shows_every_slide_and_jumps(page: Page) -> None:
    page.goto("/reviews/2026-Q3/present?live=1#s2")
    place, overview = page.locator("[data-place]"), page.locator("[data-overview]")
    count = page.locator("[data-slide]").count()
    page.keyboard.press("o")
    expect(overview).to_be_visible()
    cards = overview.locator("ol a")
    expect(cards).to_have_count(count)
    expect(cards.nth(1)).to_be_focused()
    expect(cards.nth(1)).to_have_attribute("aria-current", "true")
    expect(cards.last).to_contain_text("Decisions requested")
    assert axe_violations(page) == []
    page.keyboard.press("ArrowRight")
    expect(cards.nth(2)).to_be_focused()
    page.keyboard.press("ArrowDown")
    below = int(cards.evaluate_all("all => all.indexOf(document.activeElement)"))
    assert below > 3, "one row down"
    page.keyboard.press("ArrowUp")
    expect(cards.nth(2)).to_be_focused()
    page.keyboard.press("Escape")
    expect(overview).to_be_hidden()
    expect(place).to_have_text(f"2 of {count}")
    page.keyboard.press("o")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(overview).to_be_hidden()
    expect(place).to_have_text(f"{count} of {count}")
    expect(page).to_have_url(re.compile(rf"#s{count}$"))


def test_slides_and_overview_are_reached_by_touch_too(open_page: OpenPage) -> None:
    page = open_page("ines", viewport={"width": 390, "height": 844})
    page.goto("/reviews/2026-Q3/present?live=1")
    place = page.locator("[data-place]")
    page.get_by_role("button", name="Next slide").click()
    expect(place).to_have_text(re.compile("^2 of"))
    page.get_by_role("button", name="Previous slide").click()
    expect(place).to_have_text(re.compile("^1 of"))
    page.get_by_role("button", name="Overview").click()
    page.locator("[data-overview] ol a").nth(3).click()
    expect(place).to_have_text(re.compile("^4 of"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert axe_violations(page) == []


def test_letters_do_nothing_where_single_keys_are_off(page: Page) -> None:
    def without(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace(" data-shortcuts", ""))

    page.route("**/present?*", without)
    page.goto("/reviews/2026-Q3/present?live=1")
    page.keyboard.press("o")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-place]")).to_have_text(re.compile("^2 of"))
    expect(page.locator("[data-overview]")).to_be_hidden()


def test_charts_come_to_slides_that_were_opened_before_they_were_drawn(
    demo_server: world.LiveServer, page: Page
) -> None:
    with draft(page) as address:
        page.goto(f"{address}/present")
        expect(page.locator("svg.drawn")).to_have_count(0)
        work(demo_server)
        expect(page.locator("svg.drawn").first).to_be_attached(timeout=20_000)


def test_a_document_is_shown_once_it_is_made(demo_server: world.LiveServer, page: Page) -> None:
    page.goto("/postmortems/INC-2026-0001.pdf?variant=one-page")
    expect(page.locator("h1")).to_have_text("This document is being made")
    expect(page.locator("[role=status]")).to_contain_text("Waiting for the worker")
    assert axe_violations(page) == []
    address = "/postmortems/INC-2026-0001.pdf?variant=one-page"
    with page.expect_response(
        lambda answer: answer.url.endswith(address) and answer.status == 200, timeout=60_000
    ) as shown:
        work(demo_server)
    assert shown.value.headers["content-type"] == "application/pdf"
    assert page.request.get(address).body().startswith(b"%PDF-")


def test_a_document_says_how_far_it_is_and_can_be_stopped(
    demo_server: world.LiveServer, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = documents.Standing("", "x.pdf", "making", "Drawing charts", 3, 14, 2)

    def standing(_: object, key: str, **__: object) -> documents.Standing:
        return documents.Standing(key, *[getattr(far, name) for name in (
            "name", "state", "step", "done", "of", "seconds")])  # fmt: skip

    page.goto("/postmortems/INC-2026-0002.pdf?variant=one-page")
    with monkeypatch.context() as told:
        told.setattr(documents, "standing", standing)
        page.get_by_role("link", name="Look now").click()
        expect(page.locator("[role=status]")).to_contain_text("Drawing charts, 3 of 14")
        expect(page.locator("progress")).to_have_attribute("value", "3")
    page.get_by_role("button", name="Stop").click()
    page.wait_for_url("**/reviews")
    expect(page.locator("body")).to_contain_text("Stopped. Nothing was kept.")
    with demo_server.engine.connect() as connection:
        left = connection.exec_driver_sql(
            "SELECT count(*) FROM printed_document WHERE name = 'INC-2026-0002-one-page.pdf'"
        ).scalar()
    assert left == 0
