"""The whole way by keyboard: from the sign-in page to a review that is asked for, no mouse at all.

After every press something holds the focus; nothing that acts is without a name.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e import world
from tests.e2e.test_editor import SAVED, _draft, _open, _stored

OpenPage = Callable[..., Page]
_FOCUSED = "document.activeElement !== document.body && document.activeElement !== null"
_AT = """() => {const e = document.activeElement;
  return `${e.tagName} ${e.id} ${e.getAttribute('aria-label') || e.textContent.trim().slice(0, 40)}`}"""
_NAMELESS = """() => [...document.querySelectorAll(
  'button, a[href], input:not([type=hidden]), select, textarea, summary')]
  .filter((e) => e.checkVisibility() && !e.ariaHidden)
  .filter((e) => !(e.ariaLabel || e.textContent.trim() || e.labels?.length || e.title
    || e.getAttribute('aria-labelledby')))
  .map((e) => e.outerHTML.slice(0, 120))"""


@dataclass
class Keyboard:
    """A page that is only typed on."""

    page: Page

    def press(self, *keys: str) -> None:
        """Keys one after the other; the focus is never lost."""
        for key in keys:
            self.page.keyboard.press(key)
            assert self.page.evaluate(_FOCUSED), f"{key} lost the focus"

    def type(self, words: str) -> None:
        """Words where the focus is."""
        self.page.keyboard.type(words)

    def to(self, wanted: Locator, key: str = "Tab") -> None:
        """Tab until it has the focus."""
        handle = wanted.first.element_handle()
        for _ in range(160):
            if self.page.evaluate("e => e === document.activeElement", handle):
                return
            self.press(key)
        raise AssertionError(f"{wanted} is not reached; now at {self.page.evaluate(_AT)}")

    def fill(self, wanted: Locator, words: str) -> None:
        """Go to a field and type; a list takes the first letters of its words."""
        self.to(wanted)
        self.type(words)

    def saved(self) -> None:
        """Ctrl+S, and what it says."""
        self.press("Control+s")
        self.page.wait_for_selector(SAVED)
        assert self.page.evaluate(_FOCUSED), "saving lost the focus"


def _sign_in(keys: Keyboard) -> None:
    page = keys.page
    page.goto("/sign-in?next=/")
    keys.fill(page.get_by_label("Account name"), "ines")
    keys.press("Tab")
    keys.type(world.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"//[^/]+/$"))


def _begin(keys: Keyboard) -> str:
    page = keys.page
    page.keyboard.press("n")
    page.wait_for_url("**/postmortems/new")
    keys.fill(page.get_by_label("What did people see?"), "Checkout returns 502 for cards")
    keys.fill(page.get_by_label("How bad was it?"), "SEV-2")
    keys.fill(page.get_by_label("Which services?"), "checkout")
    keys.press("Enter")  # a name becomes a chip; the form is not sent
    keys.fill(page.get_by_label("Time in UTC"), "2026-08-14 09:10")
    keys.to(page.get_by_role("button", name="Save draft and write on"))
    page.keyboard.press("Enter")
    page.wait_for_selector("form[data-ready]")
    return page.url.split("/")[-2]


def _help(keys: Keyboard) -> None:
    """``?`` shows the keys, and Escape gives the focus back to where it was."""
    page = keys.page
    keys.to(page.get_by_label("What did people see?"))
    keys.press("Escape", "?")
    sheet = page.get_by_role("dialog", name="Keyboard")
    expect(sheet).to_be_visible()
    for words in ("add a timeline event", "detection, diagnosis", "none, suspected"):
        expect(sheet).to_contain_text(words)
    keys.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.locator("#h-header")).to_be_focused()


def _timeline(keys: Keyboard) -> None:
    """Three events, tagged and starred; one more that is removed, brought back, removed."""
    page = keys.page
    for at, words, tags in (
        ("2026-08-14 09:12", "The alert fired", ("1", "s")),
        ("2026-08-14 09:31", "The pool was raised", ("3",)),
        ("2026-08-14 09:40", "Payments went through again", ("4",)),
        ("2026-08-14 09:50", "Nothing of note", ()),
    ):
        keys.press("t")
        keys.type(at)
        keys.press("Tab")
        keys.type(words)
        keys.press("Escape", *tags)
    keys.press("ArrowUp", "ArrowDown")
    rows = page.locator("[data-rows=timeline] > li")
    keys.to(rows.nth(3).get_by_role("button", name="Remove"))
    keys.press("Enter")
    expect(rows).to_have_count(3)
    keys.to(page.get_by_role("button", name="Undo"))
    keys.press("Enter")
    expect(rows).to_have_count(4)
    keys.to(rows.nth(3).get_by_role("button", name="Remove"))
    keys.press("Enter")
    expect(rows).to_have_count(3)
    keys.saved()


def _impact(keys: Keyboard) -> None:
    page = keys.page
    for name, at in (("Mitigated", "09:31"), ("Detected", "09:12")):
        keys.to(page.get_by_label(f"{name}, time in UTC"), "Shift+Tab")
        keys.press("Control+a")
        keys.type(f"2026-08-14 {at}")
    keys.fill(page.get_by_label("How did we find out?"), "Alert")
    keys.fill(page.get_by_label("Impact in words"), "One card payment in five was refused.")


def _factors(keys: Keyboard) -> None:
    """A factor with its class and role by their first letters, a second one by Enter."""
    page = keys.page
    keys.fill(page.get_by_label("What set it off?"), "Config")
    keys.press("Tab", "Escape", "f")
    keys.type("The config schema accepted a pool of 4.")
    keys.press("Enter")
    keys.type("No alert watched the pool.")
    keys.to(page.get_by_label("Class, factor 1"), "Shift+Tab")
    keys.type("Config")
    keys.to(page.get_by_label("What it did, factor 1"))
    keys.press("ArrowDown")


def _answers(keys: Keyboard) -> None:
    page = keys.page
    for surface in ("design", "code", "config", "review", "incident_response"):
        keys.to(page.locator(f"#ai-{surface} input[type=radio]"))
        keys.press("n")


def _actions(keys: Keyboard) -> None:
    page = keys.page
    keys.to(page.get_by_label("Statement, factor 1"), "Shift+Tab")
    keys.press("Escape", "a")
    keys.type("Bound the pool size in the config schema")
    keys.fill(page.get_by_label("Team, action 1"), "Storefront")
    keys.fill(page.get_by_label("Done when, action 1"), "A pool below 10 is refused in CI")
    keys.saved()


@pytest.mark.long
def test_a_person_without_a_mouse_reaches_the_review(
    open_page: OpenPage, demo_server: world.LiveServer
) -> None:
    keys = Keyboard(open_page(""))
    page = keys.page
    _sign_in(keys)
    reference = _begin(keys)
    for step in (_help, _timeline, _impact, _factors, _answers, _actions):
        step(keys)
    keys.to(page.get_by_role("button", name="Use this sentence"))
    keys.press("Enter")
    keys.to(page.get_by_role("button", name="Request review"))
    page.keyboard.press("Enter")
    expect(page.locator(".badge.st--review").first).to_be_visible()
    content = _stored(demo_server, reference)
    assert [row.text for row in content.timeline] == [
        "The alert fired", "The pool was raised", "Payments went through again"
    ]  # fmt: skip
    assert [row.kind.value for row in content.timeline] == ["detection", "repair", "key_moment"]
    assert content.timeline[0].key
    assert content.services == ["checkout"]
    assert content.factors[0].factor_class.startswith("config")
    assert content.actions[0].factor_ids == [content.factors[0].id]


def test_every_control_of_the_editor_has_a_name(demo_server: world.LiveServer, page: Page) -> None:
    _open(page, _draft(demo_server))
    for box in page.locator("#sheet details:not([open]) > summary").all():
        if box.is_visible():
            box.press("Enter")
    assert page.evaluate(_NAMELESS) == []
    page.evaluate("document.querySelector('[data-row-remove]').removeAttribute('aria-label')")
    assert len(page.evaluate(_NAMELESS)) == 1
