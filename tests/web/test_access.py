"""Default deny, roles, forgery, cookies and headers."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.routing import BaseConverter
from werkzeug.routing.converters import NumberConverter
from werkzeug.test import TestResponse

from rca.domain.access import OPERATOR, Permission, Viewer
from rca.domain.vocabulary import Role
from rca.services import accounts, authoring
from rca.store.engine import writing
from rca.web import create_app
from rca.web.access import declared
from rca.web.accounts import safe_next
from rca.web.gunicorn import warm_templates
from tests.conftest import NOW
from tests.factories import rich
from tests.web.conftest import (
    PASSWORD,
    form_token,
    give_password,
    people_of,
    settings_in,
    sign_in,
)


def undeclared(app: Flask) -> list[str]:
    """Endpoints whose view does not say what it needs."""
    with app.app_context():
        return sorted(
            {rule.endpoint for rule in app.url_map.iter_rules() if declared(rule.endpoint) is None}
        )


def test_every_route_declares_what_it_needs(sqlite_app: Flask) -> None:
    assert undeclared(sqlite_app) == []


def test_a_route_without_a_permission_is_found_and_refused(sqlite_app: Flask) -> None:
    sqlite_app.add_url_rule("/planted", "planted", lambda: "secret")
    assert undeclared(sqlite_app) == ["planted"]
    for client in (sign_in(sqlite_app, None), sign_in(sqlite_app, people_of(sqlite_app).ada)):
        answer = client.get("/planted")
        assert answer.status_code == 403
        assert "secret" not in answer.get_data(as_text=True)


PUBLIC = {
    "static",
    "accounts.healthz",
    "accounts.sign_in",
    "accounts.sign_in_now",
    "accounts.sign_out",
    "accounts.link",
    "accounts.use_link",
    # The schema of the JSON export says nothing about any record.
    "exports.schema",
    # The sign-in page wears the company's look too.
    "look.css",
    "look.logo",
    "webhooks.receive",  # believes its signature only
    "mail.calendar",  # believes its secret address only, and shows what its account may see
    # The signed link of a mail ends that mail, and nothing else.
    "mail.leave",
    "mail.leave_now",
}


def test_only_the_door_and_the_schema_are_public(sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        public = {
            rule.endpoint
            for rule in sqlite_app.url_map.iter_rules()
            if declared(rule.endpoint) is Permission.PUBLIC
        }
    assert public == PUBLIC


def _word_for(converter: BaseConverter) -> str:
    """A value that the converter of a route takes: one of its words, a number, any text."""
    words = sorted(getattr(converter, "items", ()))
    return words[0] if words else "1" if isinstance(converter, NumberConverter) else "nothing"


def _paths(app: Flask, method: str) -> list[tuple[str, Permission]]:
    """Addresses of our own routes with their permission; arguments are filled with a word."""
    found: list[tuple[str, Permission]] = []
    with app.app_context():
        for rule in app.url_map.iter_rules():
            permission = declared(rule.endpoint)
            if (
                permission is None
                or permission is Permission.PUBLIC
                or method not in (rule.methods or ())
            ):
                continue
            values = {name: _word_for(conv) for name, conv in rule._converters.items()}
            built = rule.build(values, append_unknown=False)
            assert built is not None, rule
            found.append((built[1], permission))
    return found


def test_nobody_signed_in_gets_no_page(sqlite_app: Flask) -> None:
    stranger = sign_in(sqlite_app, None)
    for path, _ in _paths(sqlite_app, "GET"):
        answer = stranger.get(path)
        if path.startswith("/api/") or path.endswith((".yaml", ".json", ".csv")):
            # A program that follows redirects must not take the sign-in page for its file.
            assert answer.status_code == 401, path
            assert answer.mimetype == "application/problem+json", path
        else:
            assert answer.status_code == 303, path
            assert answer.location.startswith("/sign-in?next="), path


@pytest.mark.parametrize("role", list(Role))
def test_a_role_opens_exactly_its_doors(sqlite_app: Flask, role: Role) -> None:
    people = people_of(sqlite_app)
    person = {
        Role.VIEWER: people.vera,
        Role.AUTHOR: people.ines,
        Role.REVIEWER: people.ravi,
        Role.ADMIN: people.ada,
    }[role]
    client = sign_in(sqlite_app, person)
    token = form_token(client)
    for path, permission in _paths(sqlite_app, "GET"):
        refused = client.get(path).status_code == 403
        assert refused is not person.may(permission), (path, permission)
    for path, permission in _paths(sqlite_app, "POST"):
        if person.may(permission):
            continue
        answer = client.post(path, data={"csrf_token": token})
        assert answer.status_code == 403, path


def test_a_form_without_its_token_is_refused(sqlite_app: Flask) -> None:
    client = sign_in(sqlite_app, people_of(sqlite_app).vera)
    assert client.post("/account/shortcuts", data={"shortcuts": "1"}).status_code == 400
    token = form_token(client)
    answer = client.post("/account/shortcuts", data={"shortcuts": "1", "csrf_token": token})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_from_another_site_is_refused(sqlite_app: Flask, headers: dict[str, str]) -> None:
    client = sign_in(sqlite_app, people_of(sqlite_app).vera)
    data = {"shortcuts": "1", "csrf_token": form_token(client)}
    assert client.post("/account/shortcuts", data=data, headers=headers).status_code == 403
    ours = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/account/shortcuts", data=data, headers=ours).status_code == 303


def _sign_in_by_form(client: FlaskClient, name: str, password: str = PASSWORD) -> TestResponse:
    token = form_token(client, "/sign-in")
    return client.post("/sign-in", data={"name": name, "password": password, "csrf_token": token})


def _cookies(answer: TestResponse) -> str:
    return "\n".join(answer.headers.getlist("Set-Cookie"))


def test_cookies_over_plain_http(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    give_password(sqlite_app, people.vera)
    answer = _sign_in_by_form(sqlite_app.test_client(), "vera")
    session = next(line for line in _cookies(answer).splitlines() if "rca_session=" in line)
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session
    assert "Path=/" in session


def test_cookies_behind_tls(sqlite_app: Flask, tmp_path: Path, sqlite_engine: Engine) -> None:
    people = people_of(sqlite_app)
    give_password(sqlite_app, people.vera)
    settings = replace(settings_in(tmp_path, sqlite_engine), behind_tls=True)
    app = create_app(settings, engine=sqlite_engine, clock=lambda: NOW)
    client = app.test_client()
    page = client.get("/sign-in", base_url="https://localhost")
    assert page.headers["Strict-Transport-Security"].startswith("max-age=")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    answer = client.post(
        "/sign-in",
        data={"name": "vera", "password": PASSWORD, "csrf_token": token[1]},
        base_url="https://localhost",
        headers={"Referer": "https://localhost/sign-in"},
    )
    assert answer.status_code == 303
    for line in _cookies(answer).splitlines():
        if "max-age=0" in line.lower() or "expires=thu, 01 jan 1970" in line.lower():
            continue
        assert line.startswith("__Host-"), line
        assert "Secure" in line


def test_the_content_policy_allows_no_inline_code(sqlite_app: Flask) -> None:
    client = sign_in(sqlite_app, people_of(sqlite_app).vera)
    for path in ("/", "/sign-in", "/nothing-here", "/static/css/app.css"):
        with client.get(path) as answer:
            policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy


def test_pages_are_never_cached_and_versioned_assets_are(sqlite_app: Flask) -> None:
    client = sign_in(sqlite_app, people_of(sqlite_app).vera)
    assert client.get("/").headers["Cache-Control"] == "no-store"
    with client.get("/static/css/app.css?v=1") as answer:
        assert "immutable" in answer.headers["Cache-Control"]
    with client.get("/static/js/app.js") as answer:
        assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "target",
    [
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "\\\\elsewhere.example",
        "/\t/elsewhere.example",
        "/\n/elsewhere.example",
        "javascript:alert(1)",
        "http:/elsewhere.example",
        "elsewhere.example",
        "",
    ],
)
def test_signing_in_leads_to_our_own_pages_only(target: str) -> None:
    assert safe_next(target) == "/"


def test_signing_in_returns_to_the_page_asked_for(sqlite_app: Flask) -> None:
    give_password(sqlite_app, people_of(sqlite_app).vera)
    client = sqlite_app.test_client()
    asked = client.get("/postmortems?severity=SEV2")
    assert asked.status_code == 303
    assert "next=" in asked.location
    token = form_token(client, "/sign-in")
    data = {"name": "vera", "password": PASSWORD, "csrf_token": token,
            "next": "/postmortems?severity=SEV2"}  # fmt: skip
    assert client.post("/sign-in", data=data).location == "/postmortems?severity=SEV2"


def _restricted(app: Flask, owner: Viewer) -> str:
    content = rich(title="Payroll export readable by all", visibility="restricted")
    with writing(app.extensions["rca_engine"]) as session:
        return authoring.create(session, viewer=owner, content=content, now=NOW).reference


def test_a_restricted_postmortem_is_nowhere_for_others(app: Flask) -> None:
    people = people_of(app)
    reference = _restricted(app, people.otto)
    pages = ("/", "/postmortems", "/postmortems?q=payroll", "/postmortems?severity=SEV2",
             "/postmortems?service=checkout", "/actions", "/actions?show=all")  # fmt: skip
    for outsider in (people.ines, people.ravi, people.ada, people.vera):
        client = sign_in(app, outsider)
        for path in pages:
            text = client.get(path).get_data(as_text=True)
            assert reference not in text, path
            assert "Payroll export" not in text, path
        assert "Nothing has been written yet" in client.get("/").get_data(as_text=True)
    member = sign_in(app, people.otto)
    assert "Payroll export" in member.get("/postmortems?q=payroll").get_data(as_text=True)


def test_hidden_and_absent_look_alike(app: Flask) -> None:
    people = people_of(app)
    reference = _restricted(app, people.otto)
    client = sign_in(app, people.ines)
    hidden = client.get(f"/postmortems/{reference}")
    absent = client.get("/postmortems/INC-2026-9999")
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert _without_token(hidden.text).replace(reference, "") == _without_token(
        absent.text
    ).replace("INC-2026-9999", "")


def _without_token(page: str) -> str:
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page)


def test_guessing_is_slowed(sqlite_app: Flask) -> None:
    people_of(sqlite_app)
    client = sqlite_app.test_client()
    for _ in range(accounts.TRIES_PER_WINDOW):
        assert _sign_in_by_form(client, "vera", "wrong").status_code == 401
    answer = _sign_in_by_form(client, "vera", "wrong")
    assert answer.status_code == 429
    assert "Too many tries" in answer.get_data(as_text=True)


def test_a_link_works_once_and_opening_it_uses_nothing_up(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    with writing(sqlite_app.extensions["rca_engine"]) as session:
        secret = accounts.make_link(session, actor=OPERATOR, name=people.vera.name, now=NOW)
    client = sqlite_app.test_client()
    for _ in range(3):
        assert client.get(f"/link/{secret}").status_code == 200
    data = {"password": PASSWORD, "csrf_token": form_token(client, f"/link/{secret}")}
    assert client.post(f"/link/{secret}", data=data).status_code == 303
    assert client.get("/").status_code == 200
    assert client.get(f"/link/{secret}").status_code == 404


def test_a_session_ends_when_idle_and_when_its_account_is_disabled(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    client = sign_in(sqlite_app, people.vera)
    assert client.get("/").status_code == 200
    sqlite_app.extensions["rca_clock"] = lambda: NOW + timedelta(hours=13)
    assert client.get("/").status_code == 303
    sqlite_app.extensions["rca_clock"] = lambda: NOW
    assert client.get("/").status_code == 200
    with writing(sqlite_app.extensions["rca_engine"]) as session:
        accounts.set_active(session, actor=OPERATOR, name="vera", active=False, now=NOW)
    assert client.get("/").status_code == 303


def test_every_page_compiles_when_a_worker_warms_up(sqlite_app: Flask) -> None:
    assert warm_templates(sqlite_app) > 50
