"""What recurs, in a browser: filled pages pass axe, and what people decide is kept by later runs."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from rca.domain.access import OPERATOR
from rca.domain.postmortem import PostmortemContent
from rca.formats.mapping import Assume
from rca.jobs import run_due
from rca.services import importing
from rca.services.import_plan import Source
from rca.services.mining import mine_now
from rca.store import migrate
from rca.store.engine import make_engine, reading, writing
from rca.web import create_app
from tests.e2e import world
from tests.e2e.browser import Watch, axe_violations, context_for, sideways
from tests.e2e.test_every_page import NARROW
from tests.mining.corpus import company
from tests.mining.test_themes import corpus
from tests.people import People, make_people
from tests.services.test_mining_runs import publish

_FOUND = {
    "cert": ("customer_report", "cert_or_secret_expiry"),
    "lock": ("alert_slo", "binary_push"),
}
NAME = "Certificates run out unseen"


def _fill(session: Any, people: People) -> None:
    """The company of the mining tests, with answers in the form."""
    for record in company():
        found, trigger = _FOUND.get(record.id.partition("-")[0], ("by_chance", None))
        content = PostmortemContent(
            title=record.title,
            imported_text=record.text,
            severity=record.severity or "SEV3",
            services=list(record.services) or ["checkout"],
            detection_method=found,
            trigger=trigger,
            times=[{"milestone": "impact_started_at", "value": record.date}],
            actions=[{"title": "Alert thirty days before the end", "team": "Storefront"}],
        )
        publish(session, people, content, world.NOW)


def _import_others(engine: Engine) -> None:
    """Four other houses, in one import: enough for themes."""
    rows = [
        {"id": one.id, "title": one.text.split(". ")[1], "text": one.text,
         "company": one.organisation}
        for one in corpus(88)[0]
    ]  # fmt: skip
    data = "\n".join(json.dumps(row) for row in rows).encode()
    parsed = importing.parse([Source("houses.jsonl", data)], assume=Assume())
    with reading(engine) as session:
        planned = importing.plan(session, viewer=OPERATOR, parsed=parsed)
    importing.run(engine, viewer=OPERATOR, planned=planned, name="houses", now=world.NOW)


@pytest.fixture(scope="module")
def mined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[world.LiveServer]:
    """An instance that a run has looked through, with patterns, findings, a map and themes."""
    home = tmp_path_factory.mktemp("mined")
    settings = world.settings_for(home)
    engine = make_engine(settings.database_url)
    migrate.upgrade(engine, now=world.NOW)
    with writing(engine) as session:
        people = make_people(session, world.NOW)
        _fill(session, people)
        cookies = world.sign_everybody_in(session, people)
    _import_others(engine)
    mine_now(engine, now=world.NOW)
    app = create_app(settings, engine=engine, clock=lambda: world.NOW)
    with world.serving(app) as url:
        yield world.LiveServer(url, engine, app, cookies, home)
    engine.dispose()


@pytest.fixture
def ravi(mined: world.LiveServer, browser: Browser) -> Iterator[Page]:
    """Ravi, who reviews."""
    watch = Watch()
    context = context_for(browser, mined.url, mined.cookies["ravi"])
    page = context.new_page()
    watch.watch(page)
    yield page
    context.close()
    assert watch.problems == []


def _certificates(page: Page) -> str:
    """The address of the pattern of the certificate incidents."""
    page.goto("/patterns?cause=expiry_credential_lifecycle")
    link = page.locator(".pat__name").first
    return link.get_attribute("href") or ""


def test_filled_pages_say_something_and_pass_axe(ravi: Page) -> None:
    told = {
        "/patterns": ("h2 .pat__name", 3),
        _certificates(ravi): ("blockquote.quote mark", 2),
        "/patterns/findings": (".forest__plot .c-ci", 1),
        "/patterns/map": ("svg .c-label", 2),
        "/patterns/themes": ("article.pat", 2),
    }
    found = []
    for path, (selector, least) in told.items():
        ravi.goto(path)
        assert ravi.locator(selector).count() >= least, path
        for scheme, width, rules in (("light", 1280, ()), ("dark", 390, NARROW)):
            ravi.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            ravi.set_viewport_size({"width": width, "height": 900})
            found += [f"{path} {scheme}: {line}" for line in axe_violations(ravi, rules=rules)]
            assert sideways(ravi) == 0, path
    assert not found, "\n".join(found)


def test_what_people_decide_is_kept_and_can_be_taken_back(
    ravi: Page, mined: world.LiveServer
) -> None:
    def next_run(hours: int) -> None:
        """What a worker does by then: a removal and an addition ask for a run."""
        run_due(mined.engine, mined.app.extensions["rca_settings"],
                now=world.NOW + timedelta(hours=hours))  # fmt: skip

    address = _certificates(ravi)
    ravi.goto(address)
    rows = ravi.locator("section[aria-labelledby=all] tbody tr")
    expect(rows).to_have_count(4)
    ravi.get_by_label("Name", exact=True).fill(NAME)
    ravi.get_by_role("button", name="Rename", exact=True).click()
    last = rows.last.locator("th .meta").inner_text().split(" ")[0]
    rows.last.get_by_role("button", name="Remove").click()
    expect(rows).to_have_count(3)
    next_run(1)
    ravi.goto(address)
    expect(ravi.locator("h1")).to_have_text(NAME)
    expect(rows).to_have_count(3)
    left_out = ravi.locator("section[aria-labelledby=near]")
    expect(left_out).to_contain_text(f"{last} · taken out by a person")

    left_out.get_by_role("button", name=f"Put back {last}").click()
    expect(rows).to_have_count(4)
    ravi.get_by_role("button", name="Use the proposed name again").click()
    expect(ravi.locator("h1")).not_to_have_text(NAME)
    ravi.get_by_label("Not a pattern, because").fill("One drill, written up four times")
    ravi.get_by_role("button", name="Not a pattern").click()
    next_run(2)
    ravi.goto("/patterns")
    expect(ravi.locator(f'article.pat a[href="{address}"]')).to_have_count(0)
    ravi.get_by_text(re.compile(r"Not patterns, by decision \(1\)")).click()
    ravi.locator(f'details a[href="{address}"]').click()
    ravi.get_by_role("button", name="Consider it again").click()
    expect(rows).to_have_count(4)
    history = ravi.locator("aside section", has_text="History")
    for words in ("Renamed", f"{last} taken out", f"{last} put in", "Found to be no pattern"):
        expect(history).to_contain_text(words)
    ravi.goto("/patterns")
    expect(ravi.locator(f'article.pat a[href="{address}"]')).to_have_count(1)
