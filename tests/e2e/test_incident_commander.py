"""A scripted incident commander: how many clicks, keys and sentences until it can be reviewed.

Counted: each click, each separate key command, each typed sentence; choosing from a list is two
(open it, take one). Waiting and reading are free.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from rca.domain.access import OPERATOR
from rca.domain.lifecycle import unmet
from rca.domain.vocabulary import Status
from rca.services import reading as postmortems
from rca.store.engine import reading
from tests.e2e import world
from tests.formats.transcripts import SLACK_COPY

OpenPage = Callable[..., Page]


@dataclass
class Hands:
    """A page with a counter."""

    page: Page
    count: int = 0

    def click(self, what: Locator) -> None:
        """One press of the mouse."""
        self.count += 1
        what.click()

    def key(self, keys: str) -> None:
        """One key command."""
        self.count += 1
        self.page.keyboard.press(keys)

    def types(self, words: str) -> None:
        """One sentence, where the cursor is."""
        self.count += 1
        self.page.keyboard.type(words)

    def writes(self, field: Locator, words: str) -> None:
        """Go to a field and type one sentence."""
        self.click(field)
        self.types(words)

    def pastes(self, field: Locator, text: str) -> None:
        """Go to a field and paste: two, however long the text."""
        self.click(field)
        self.count += 1
        field.fill(text)

    def picks(self, field: Locator, value: str) -> None:
        """Open a list and take one."""
        self.count += 2
        field.select_option(value)


def _begin(hands: Hands, title: str, severity: str, service: str, at: str) -> str:
    page = hands.page
    page.goto("/")
    hands.click(page.get_by_role("link", name="New postmortem"))
    hands.writes(page.get_by_label("What did people see?"), title)
    hands.picks(page.get_by_label("How bad was it?"), severity)
    hands.writes(page.get_by_label("Which services?"), service)
    hands.writes(page.get_by_label("Time in UTC"), at)
    hands.click(page.get_by_role("button", name="Save draft and write on"))
    page.wait_for_selector("form[data-ready]")
    return page.url.split("/")[-2]


def _answer_ai(hands: Hands) -> None:
    for surface in ("design", "code", "config", "review", "incident_response"):
        row = hands.page.locator(f"#ai-{surface}")
        hands.click(row.get_by_text("None", exact=True))


def _end(hands: Hands, server: world.LiveServer, reference: str) -> None:
    page = hands.page
    hands.click(page.get_by_role("button", name="Use this sentence"))
    hands.click(page.get_by_role("button", name="Request review"))
    expect(page.locator(".badge.st--review").first).to_be_visible()
    with reading(server.engine) as session:
        view = postmortems.view(session, viewer=OPERATOR, reference=reference)
    assert view.status is Status.IN_REVIEW
    assert unmet(view.content, view.template) == []


def test_a_sev4_can_be_published_within_twenty(demo_server: world.LiveServer, page: Page) -> None:
    hands = Hands(page)
    reference = _begin(hands, "Search was slow for a minute", "SEV4", "search", "2026-10-01 08:10")
    hands.click(page.get_by_role("button", name="Add factor"))
    hands.types("The cache is emptied by each rollout.")
    _answer_ai(hands)
    _end(hands, demo_server, reference)
    print(f"SEV-4: {hands.count} interactions to a publishable postmortem (at most 20)")
    assert hands.count <= 20


@pytest.mark.long
def test_a_sev2_can_be_reviewed_within_sixty(demo_server: world.LiveServer, page: Page) -> None:
    hands = Hands(page)
    reference = _begin(
        hands, "Checkout returns 502 for cards", "SEV2", "checkout", "2026-08-14 09:10"
    )
    hands.click(page.get_by_role("link", name="Paste a chat, log or notes"))
    hands.pastes(page.get_by_label("Text", exact=True), SLACK_COPY.text)
    hands.click(page.get_by_role("button", name="Look first"))
    hands.click(page.get_by_role("button", name="Add the ticked rows"))
    hands.click(page.get_by_role("button", name="Timeline confirmed"))
    page.wait_for_selector("form[data-ready]")
    for box in page.locator("#s-times").get_by_label("Confirmed", exact=False).all():
        if not box.is_checked():
            hands.click(box)
    for name, at in (("Detected", "09:12"), ("Mitigated", "09:31")):
        field = page.get_by_label(f"{name}, time in UTC")
        if not field.input_value():
            hands.writes(field, at)
    hands.picks(page.get_by_label("How did we find out?"), "alert_threshold")
    hands.writes(page.get_by_label("Impact in words"), "One card payment in five was refused.")
    hands.picks(page.get_by_label("What set it off?"), "config_push")
    hands.click(page.get_by_role("button", name="Add factor"))
    hands.types("The config schema accepted a pool of 4.")
    hands.key("Enter")
    hands.types("No alert watched the pool.")
    _answer_ai(hands)
    hands.click(page.locator("#factors-0").get_by_role("button", name="Action", exact=False).first)
    hands.types("Bound the pool size in the config schema")
    hands.writes(page.get_by_label("Team, action 1"), "Storefront")
    hands.writes(page.get_by_label("Done when, action 1"), "A pool below 10 is refused in CI")
    _end(hands, demo_server, reference)
    print(f"SEV-2: {hands.count} interactions to a reviewable draft (at most 60)")
    assert hands.count <= 60
