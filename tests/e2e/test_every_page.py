"""Every page of the app's own routes: no axe violation in light, dark and on a phone, none wide.

A page that is added later is here without being named: see :mod:`tests.e2e.every_page`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Error, Page
from sqlalchemy import Engine
from sqlmodel import select
from werkzeug.routing import Rule

from rca.services import accounts
from rca.store import migrate
from rca.store import tables as t
from rca.store.engine import make_engine, reading, writing
from rca.web import create_app
from tests.e2e import every_page, world
from tests.e2e.browser import Watch, axe_violations, context_for, sideways
from tests.people import make_people

NARROW = ("color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block")

WIDTHS = (390, 320, 768, 1280, 1920)


@pytest.fixture(
    params=[
        "filled",
        pytest.param("filled-thorough", marks=pytest.mark.long),
        pytest.param("empty", marks=pytest.mark.long),
    ]
)
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[world.LiveServer]:
    """The small world with one of everything, and one that holds only its people."""
    app, engine, cookies = (_empty if request.param == "empty" else _filled)(tmp_path)
    with world.serving(app) as url:
        yield world.LiveServer(url, engine, app, cookies, tmp_path)
    engine.dispose()


def _filled(home: Path) -> tuple[Flask, Engine, dict[str, str]]:
    app, engine, cookies = world.build(home)
    with reading(engine) as session:
        names = {user.name: accounts.viewer_of(user) for user in session.exec(select(t.User))}
    every_page.furnish(engine, names)
    return app, engine, cookies


def _empty(home: Path) -> tuple[Flask, Engine, dict[str, str]]:
    settings = world.settings_for(home)
    engine = make_engine(settings.database_url)
    migrate.upgrade(engine, now=world.NOW)
    with writing(engine) as session:
        cookies = world.sign_everybody_in(session, make_people(session, world.NOW))
    return create_app(settings, engine=engine, clock=lambda: world.NOW), engine, cookies


@pytest.fixture
def pages(instance: world.LiveServer, browser: Browser) -> Iterator[tuple[Page, Page]]:
    """Ada at a desk, and nobody (for the doors)."""
    watch, contexts = Watch(), []
    for cookie in (instance.cookies["ada"], ""):
        context = context_for(browser, instance.url, cookie, color_scheme="light")
        contexts.append((context, context.new_page()))
        watch.watch(contexts[-1][1])
    yield contexts[0][1], contexts[1][1]
    for context, _page in contexts:
        context.close()
    assert watch.problems == []


def _faults(page: Page, *, filled: bool, desk: bool) -> list[str]:
    """All rules in light at a desk, and in dark on a phone what differs there. Pages of an empty
    instance are the same templates with less on them: all rules in dark on a phone.
    """
    found = []
    if desk:
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.set_viewport_size({"width": 1280, "height": 900})
        found += axe_violations(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.set_viewport_size({"width": 390, "height": 844})
    found += [f"phone: {line}" for line in axe_violations(page, rules=NARROW if filled else ())]
    for width in WIDTHS if desk else (390,):
        page.set_viewport_size({"width": width, "height": 844})
        if pixels := sideways(page):
            found.append(f"{pixels} pixels too wide at {width}")
    return found


def _opened(page: Page, path: str) -> int:
    """Status of the page; 0 for a route that hands out something else than a page."""
    try:
        answer = page.goto(path)
    except Error as error:
        if "Download is starting" in str(error) or "ERR_ABORTED" in str(error):
            return 0
        raise
    if answer and answer.status == 202:
        page.evaluate("window.stop()")  # it would look again by itself in the middle of a check
    kind = answer.headers.get("content-type", "") if answer else ""
    return answer.status if answer and kind.startswith("text/html") else 0


def test_every_route_passes_axe(
    instance: world.LiveServer, pages: tuple[Page, Page], request: pytest.FixtureRequest
) -> None:
    filled, thorough = "filled" in request.node.name, "thorough" in request.node.name
    found, never, seen = list[str](), [], 0
    for endpoint, paths in every_page.addresses(instance.app, instance.engine).items():
        reached = []
        for path in paths:
            page = pages[1] if endpoint in ("accounts.sign_in", "accounts.link") else pages[0]
            status = _opened(page, path)
            # A second page of a route differs in what is on it, not in how it is built.
            desk = filled and (thorough or 200 not in reached)
            reached.append(status)
            if status:
                faults = _faults(page, filled=filled, desk=desk)
                found += [f"{path}: {line}" for line in faults]
        seen += any(status == 200 for status in reached)
        if reached and any(reached) and not any(0 < status < 400 for status in reached):
            never.append((endpoint, reached))
    assert not found, "\n".join(found)
    if filled:
        assert never == [], "no address of these routes shows its page"
    assert seen > 30


def test_a_route_that_nobody_can_fill_is_seen(instance: world.LiveServer) -> None:
    instance.app.url_map.add(Rule("/odd/<nobody_said>", endpoint="odd", methods=["GET"]))
    with pytest.raises(KeyError):
        every_page.addresses(instance.app, instance.engine)
