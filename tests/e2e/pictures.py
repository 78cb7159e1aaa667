"""Pictures of every page: ``python -m tests.e2e.pictures OUT_DIR [--only home,list] [--world]``.

Starts the app on the sample company and saves each page at 1280 px and 390 px, light and dark.
``--dashboard FILE`` saves only the picture that the README shows.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Engine
from sqlmodel import col, select

from rca.domain.access import OPERATOR
from rca.domain.vocabulary import Role
from rca.services import accounts, mining, sample
from rca.store import migrate
from rca.store import tables as t
from rca.store.engine import make_engine, reading, writing
from rca.web import create_app
from tests.e2e import world
from tests.e2e.browser import context_for, launch

NOW = datetime(2026, 10, 13, 9, 0, tzinfo=UTC)
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
THEMES = ("light", "dark")


def _sample_app(home: Path) -> tuple[Flask, Engine, str]:
    settings = world.settings_for(home, demo=True)
    engine = make_engine(settings.database_url)
    migrate.upgrade(engine, now=NOW)
    sample.load(engine, settings, now=NOW, progress=lambda *_: None)
    mining.mine_now(engine, now=NOW)
    with writing(engine) as session:
        taken = session.exec(select(t.User.name).where(t.User.name == "ada")).first()
        if taken is None:
            accounts.create_user(
                session,
                actor=OPERATOR,
                name="ada",
                role=Role.ADMIN,
                display_name="Ada Reyes",
                now=NOW,
            )
        world.give_password(session, "ada")
        cookie = world.cookie_for(session, "ada", NOW)
    return create_app(settings, engine=engine, clock=lambda: NOW), engine, cookie


@contextmanager
def _served(small: bool) -> Iterator[tuple[str, Engine, Flask, str]]:
    with tempfile.TemporaryDirectory(prefix="rca-pictures-") as folder:
        if small:
            app, engine, cookies = world.build(Path(folder), demo=True)
            cookie = cookies["ada"]
        else:
            app, engine, cookie = _sample_app(Path(folder))
        with world.serving(app) as url:
            yield url, engine, app, cookie
        engine.dispose()


def _first(engine: Engine, column: object, *where: object) -> str:
    with reading(engine) as session:
        query = select(column).where(*where).order_by(column)  # type: ignore[call-overload]
        return str(session.exec(query.limit(1)).first() or "")


def pages(engine: Engine) -> dict[str, str]:
    """Name of the picture -> address; those without data are left out by the caller."""
    row = t.PostmortemRow
    published = _newest_published(engine)
    draft = _first(engine, row.reference, col(row.status).in_(["draft", "changes_requested"]))
    pattern = _first(engine, t.PatternRow.id)
    guardrail = _first(engine, t.GuardrailRow.id)
    service = _first(engine, t.Service.name)
    action = _first(engine, t.ActionItemRow.id, t.ActionItemRow.status == "open")
    found = {
        "home": "/",
        "list": "/postmortems",
        "list-filtered": "/postmortems?severity=SEV2&status=published",
        "list-nothing": "/postmortems?q=zeppelin&severity=SEV1",
        "new": "/postmortems/new",
        "postmortem": f"/postmortems/{published}" if published else "",
        "editor": f"/postmortems/{draft}/edit" if draft else "",
        "templates": "/templates",
        "template": "/templates/sre",
        "template-edit": "/templates/coe/edit",
        "template-preview": "/templates/howie/versions/1?severity=SEV2",
        "template-choose": f"/postmortems/{draft}/template" if draft else "",
        "patterns": "/patterns",
        "pattern": f"/patterns/{pattern}" if pattern else "",
        "findings": "/patterns/findings",
        "map": "/patterns/map",
        "themes": "/patterns/themes",
        "guardrails": "/guardrails",
        "guardrail": f"/guardrails/{guardrail}" if guardrail else "",
        "ai": "/ai-influence",
        "reviews": "/reviews",
        "review": "/reviews/2026-Q3",
        "review-new": "/reviews/new",
        "present": "/reviews/2026-Q3/present?live=1",
        "present-charts": "/reviews/2026-Q3/present?live=1#s4",
        "being-made": "/reviews/2026-Q3.pdf?live=1&paper=letter",
        "look": "/settings/look",
        "actions": "/actions",
        "actions-all": "/actions?show=all",
        "action": f"/actions/{action}" if action else "",
        "services": "/services",
        "service": f"/services/{service}" if service else "",
        "service-edit": f"/services/{service}/edit" if service else "",
        "import": "/import",
        "people": "/settings/people",
        "account": "/account",
        "mail-choices": "/account/mail",
        "mail": "/settings/mail",
        "mail-lists": "/settings/mail/lists",
        "missing": "/postmortems/INC-1999-0001",
    }
    return {name: path for name, path in found.items() if path}


def _newest_published(engine: Engine) -> str:
    row = t.PostmortemRow
    with reading(engine) as session:
        query = (
            select(row.reference)
            .where(row.status == "published", row.visibility == "open")
            .order_by(col(row.sort_at).desc())
        )
        return session.exec(query.limit(1)).first() or ""


def take(
    browser: Browser,
    url: str,
    cookie: str,
    shots: dict[str, str],
    out: Path,
    *,
    size: str,
    theme: str,
) -> None:
    """Save one picture per page at one size and theme."""
    width, height = SIZES[size]
    context = context_for(
        browser,
        url,
        cookie,
        viewport={"width": width, "height": height},
        color_scheme=theme,
    )
    page = context.new_page()
    for name, path in shots.items():
        answer = page.goto(path)
        page.screenshot(path=out / f"{name}-{size}-{theme}.png", full_page=True)
        print(f"{name} {size} {theme} {answer.status if answer else ''}")
    context.close()


def _dashboard(browser: Browser, url: str, cookie: str, out: Path) -> None:
    """The one picture of the README: the first screen, at twice the density."""
    context = context_for(
        browser,
        url,
        cookie,
        viewport={"width": 1280, "height": 860},
        device_scale_factor=2,
        color_scheme="light",
    )
    page = context.new_page()
    page.goto("/")
    out.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=out)
    context.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "out", type=Path, help="folder for the pictures, or a .png with --dashboard"
    )
    parser.add_argument("--only", default="", help="comma-separated names")
    parser.add_argument("--world", action="store_true", help="the small test world, not the sample")
    parser.add_argument("--dashboard", action="store_true", help="only the README's picture")
    parser.add_argument("--sizes", default="desktop,phone")
    parser.add_argument("--themes", default="light,dark")
    return parser.parse_args()


def main() -> None:
    """Take the pictures."""
    asked = _arguments()
    only = [name for name in asked.only.split(",") if name]
    with _served(asked.world) as (url, engine, _app, cookie), sync_playwright() as playwright:
        browser = launch(playwright)
        if asked.dashboard:
            _dashboard(browser, url, cookie, asked.out)
            return
        asked.out.mkdir(parents=True, exist_ok=True)
        shots = {k: v for k, v in pages(engine).items() if not only or k in only}
        for size in asked.sizes.split(","):
            for theme in asked.themes.split(","):
                take(browser, url, cookie, shots, asked.out, size=size, theme=theme)
                if not only or "sign-in" in only:
                    doors = {"sign-in": "/sign-in"}
                    take(browser, url, "", doors, asked.out, size=size, theme=theme)
        browser.close()


if __name__ == "__main__":
    main()
