"""The frame of every page: sign-in, keyboard, menu, widths, accessibility, no inline code."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import axe_violations, sideways
from tests.e2e.pictures import pages
from tests.e2e.world import PASSWORD, LiveServer

OpenPage = Callable[..., Page]
NAMES = [
    "home", "list", "list-filtered", "list-nothing", "new", "postmortem", "editor", "patterns",
    "guardrails", "ai", "reviews", "review", "actions", "actions-all", "action", "services",
    "service", "service-edit", "templates", "template", "template-edit", "template-preview", "template-choose", "import", "people", "account", "mail-choices", "mail", "missing",
]  # fmt: skip
WIDTHS = (320, 390, 768, 1280, 1920)


def _address(server: LiveServer, name: str) -> str:
    """The page's address; a page that this build does not have yet fails in its own tests."""
    return pages(server.engine)[name]


def test_sign_in_works_without_javascript(open_page: OpenPage, demo_server: LiveServer) -> None:
    page = open_page("", java_script_enabled=False)
    page.goto("/postmortems?severity=SEV2")
    page.get_by_label("Account name").fill("vera")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    assert page.url == f"{demo_server.url}/postmortems?severity=SEV2"
    expect(page.get_by_role("heading", level=1)).to_have_text("Postmortems")


def test_a_wrong_password_keeps_the_name_and_says_so(stranger_page: Page) -> None:
    stranger_page.goto("/sign-in")
    stranger_page.get_by_label("Account name").fill("nobody-here")
    stranger_page.get_by_label("Password").fill("wrong")
    stranger_page.get_by_role("button", name="Sign in").click()
    alert = stranger_page.get_by_role("alert")
    expect(alert).to_have_text("That name and password do not match.")
    expect(alert).to_be_focused()
    expect(stranger_page.get_by_label("Account name")).to_have_value("nobody-here")


def test_axe_would_see_a_fault(page: Page) -> None:
    page.goto("/postmortems")
    page.evaluate("document.querySelector('#severity').removeAttribute('id')")
    page.evaluate("document.querySelector('h1').outerHTML = '<img src=\"/static/favicon.svg\">'")
    assert any(line.startswith("image-alt") for line in axe_violations(page))
    assert any(line.startswith("select-name") for line in axe_violations(page))


def test_a_page_that_is_too_wide_is_seen(page: Page) -> None:
    page.goto("/")
    assert sideways(page) == 0
    page.evaluate("document.querySelector('main').style.minWidth = '1400px'")
    assert sideways(page) > 0


# The test of every route measures each page once at the same widths: these have no route.
@pytest.mark.parametrize(
    "names",
    [["list-filtered", "list-nothing", "missing"], pytest.param(NAMES, marks=pytest.mark.long)],
    ids=["few", "all"],
)
def test_no_page_scrolls_sideways(
    open_page: OpenPage, demo_server: LiveServer, names: list[str]
) -> None:
    page = open_page("ada")
    wide = {}
    for name in names:
        page.goto(_address(demo_server, name))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            if pixels := sideways(page):
                wide[f"{name} at {width}"] = pixels
    assert wide == {}


def test_the_skip_link_comes_first(page: Page) -> None:
    page.goto("/postmortems")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_keys(page: Page, demo_server: LiveServer) -> None:
    page.goto("/")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard")
    expect(sheet).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("g p?")
    expect(page.locator("#find")).to_have_value("g p?")
    expect(sheet).to_be_hidden()
    page.locator("#find").blur()
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url(f"{demo_server.url}/postmortems")


def test_keys_can_be_turned_off(open_page: OpenPage) -> None:
    page = open_page("otto")
    page.goto("/account")
    page.get_by_label("Single-letter keys").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Single-letter keys are off.")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    page.get_by_label("Single-letter keys").check()
    page.get_by_role("button", name="Save").click()


def test_the_menu_opens_without_javascript(open_page: OpenPage) -> None:
    page = open_page("ines", java_script_enabled=False, viewport={"width": 390, "height": 800})
    page.goto("/")
    page.locator("details.menu > summary").click()
    page.locator(".menu__list").get_by_role("link", name="Action items").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Action items")


def test_only_authors_are_offered_a_new_postmortem(page: Page, viewer_page: Page) -> None:
    page.goto("/postmortems")
    expect(page.get_by_role("link", name="New postmortem")).to_be_visible()
    viewer_page.goto("/postmortems")
    expect(viewer_page.get_by_role("link", name="New postmortem")).to_have_count(0)


def test_filters_apply_at_once(page: Page) -> None:
    page.goto("/postmortems")
    page.get_by_label("Severity").select_option("SEV3")
    page.wait_for_url("**severity=SEV3**")
    expect(page.get_by_role("link", name=re.compile("SEV-3.*remove"))).to_be_visible()


def test_an_action_moves_on_without_javascript(
    open_page: OpenPage, demo_server: LiveServer
) -> None:
    page = open_page("ines", java_script_enabled=False)
    page.goto("/actions")
    page.locator("tbody .list__title").first.click()
    page.get_by_label("Blocked").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Say what it waits for.").first).to_be_visible()
    page.get_by_label("Reason").fill("Waits for the vendor")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("is blocked.")).to_be_visible()
    assert page.url == f"{demo_server.url}/actions"


def test_a_service_is_added_and_changed_without_javascript(open_page: OpenPage) -> None:
    page = open_page("ravi", java_script_enabled=False)
    page.goto("/services/new")
    page.get_by_label("Name", exact=True).fill("gift-cards")
    page.get_by_label("Needs").fill("checkout\nno-such-service")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Not in the catalogue: no-such-service").first).to_be_visible()
    page.get_by_label("Needs").fill("checkout")
    page.get_by_label("Tier", exact=True).select_option("2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("“gift-cards” is in the catalogue.")).to_be_visible()
    page.goto("/services/gift-cards")
    expect(page.get_by_text("Tier 2")).to_be_visible()


def test_a_chosen_theme_is_kept(page: Page) -> None:
    page.goto("/account")
    page.get_by_role("radio", name="Dark").check()
    page.goto("/")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_refused_inline_style_fails_a_test(open_page: OpenPage) -> None:
    """The watch on every page is itself watched."""
    from tests.e2e.browser import Watch

    page = open_page("vera")
    watch = Watch()
    fresh = page.context.new_page()
    watch.watch(fresh)
    fresh.goto("/")
    fresh.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')")
    fresh.wait_for_timeout(100)
    assert any("Content Security Policy" in problem for problem in watch.problems)
