"""A live server and pages signed in as each of the five people.

Every page fixture fails its test when the browser console shows an error, a refused inline style
or script (CSP), or an uncaught exception.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e import world
from tests.e2e.browser import Watch, context_for, launch

OpenPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[world.LiveServer]:
    """The app over a small seeded instance, for the whole session. Tests add, never remove."""
    home = tmp_path_factory.mktemp("instance")
    app, engine, cookies = world.build(home)
    with world.serving(app) as url:
        yield world.LiveServer(url, engine, app, cookies, home)
    engine.dispose()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the session."""
    with sync_playwright() as playwright:
        opened = launch(playwright)
        yield opened
        opened.close()


@pytest.fixture
def open_page(demo_server: world.LiveServer, browser: Browser) -> Iterator[OpenPage]:
    """Open a page as somebody: ``open_page("ines", color_scheme="dark", viewport={...})``."""
    watch, contexts = Watch(), []

    def open_as(name: str = "", **options: object) -> Page:
        cookie = demo_server.cookies.get(name, "")
        context = context_for(browser, demo_server.url, cookie, **options)
        contexts.append(context)
        page = context.new_page()
        watch.watch(page)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert watch.problems == []


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """Ines, who writes."""
    return open_page("ines")


@pytest.fixture
def reviewer_page(open_page: OpenPage) -> Page:
    """Ravi, who reviews."""
    return open_page("ravi")


@pytest.fixture
def viewer_page(open_page: OpenPage) -> Page:
    """Vera, who reads."""
    return open_page("vera")


@pytest.fixture
def admin_page(open_page: OpenPage) -> Page:
    """Ada, who administers."""
    return open_page("ada")


@pytest.fixture
def stranger_page(open_page: OpenPage) -> Page:
    """Nobody signed in."""
    return open_page("")
