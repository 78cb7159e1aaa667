"""The frame of every page: sign-in, keyboard, menu, widths, accessibility."""

from playwright.sync_api import Page

from tests.e2e.world import PASSWORD, LiveServer


def test_sign_in_works_without_javascript(open_page, demo_server: LiveServer) -> None:  # type: ignore[no-untyped-def]
    page: Page = open_page("", java_script_enabled=False)
    page.goto("/postmortems")
    page.get_by_label("Account name").fill("vera")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    assert page.url == f"{demo_server.url}/postmortems"
    assert page.get_by_role("heading", level=1).inner_text() == "Postmortems"
