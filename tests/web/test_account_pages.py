"""One's own account, and the admin's list of people."""

import re
from collections.abc import Callable

from argon2 import PasswordHasher, Type
from flask import Flask
from flask.testing import FlaskClient

from rca.domain.access import OPERATOR
from rca.services import accounts
from rca.store.engine import reading, writing
from tests.conftest import NOW
from tests.web.conftest import PASSWORD, form_token, give_password, people_of, sign_in

NEW_PASSWORD = "a lantern behind the stove"


def _post(client: FlaskClient, path: str, page: str = "/account", **values: object) -> object:
    return client.post(path, data={"csrf_token": form_token(client, page), **values})


def _text(answer: object) -> str:
    return str(answer.get_data(as_text=True))  # type: ignore[attr-defined]


def _status(answer: object) -> int:
    return int(answer.status_code)  # type: ignore[attr-defined]


def test_shortcuts_are_turned_off(sqlite_app: Flask) -> None:
    client = sign_in(sqlite_app, people_of(sqlite_app).vera)
    assert "data-shortcuts" in client.get("/").text
    assert _status(_post(client, "/account/shortcuts")) == 303
    assert "data-shortcuts" not in client.get("/").text


def test_a_new_password_ends_other_sessions(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    give_password(sqlite_app, people.vera)
    here = sign_in(sqlite_app, people.vera)
    other = sqlite_app.test_client()
    with writing(sqlite_app.extensions["rca_engine"]) as session:
        opened = accounts.sign_in(session, name="vera", password=PASSWORD, now=NOW, hours=12)
    assert opened is not None
    other.set_cookie("rca_session", opened.secret)
    assert other.get("/").status_code == 200
    wrong = _post(here, "/account/password", current="no", password=NEW_PASSWORD)
    assert _status(wrong) == 422
    assert "not your current password" in _text(wrong)
    plain = _post(here, "/account/password", current=PASSWORD, password="short")
    assert _status(plain) == 422
    done = _post(here, "/account/password", current=PASSWORD, password=NEW_PASSWORD)
    assert _status(done) == 303
    assert here.get("/").status_code == 200
    assert other.get("/").status_code == 303


def test_a_token_is_shown_once_and_ends_when_revoked(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    client = sign_in(sqlite_app, people.vera)
    made = _post(client, "/account/tokens", token_name="export in CI", scopes="read")
    found = re.search(r"rca_[0-9a-f]{48}", _text(made))
    assert found is not None
    bearer = {"Authorization": f"Bearer {found[0]}"}
    assert found[0] not in client.get("/account").text
    outside = sqlite_app.test_client()
    assert outside.get("/postmortems", headers=bearer).status_code == 200
    revoke = re.search(r'action="(/account/tokens/[0-9a-f]+/revoke)"', client.get("/account").text)
    assert revoke is not None
    otto = sign_in(sqlite_app, people.otto)
    assert _status(_post(otto, revoke[1])) == 404
    assert outside.get("/postmortems", headers=bearer).status_code == 200
    assert _status(_post(client, revoke[1])) == 303
    assert outside.get("/postmortems", headers=bearer).status_code == 401


def test_a_token_needs_a_purpose_and_a_scope(sqlite_app: Flask) -> None:
    client = sign_in(sqlite_app, people_of(sqlite_app).vera)
    assert _status(_post(client, "/account/tokens", token_name="", scopes="read")) == 422
    assert _status(_post(client, "/account/tokens", token_name="x")) == 422
    page = client.get("/account").text
    assert 'value="write"' not in page


def test_an_admin_adds_somebody_and_the_link_is_shown_once(sqlite_app: Flask) -> None:
    client = sign_in(sqlite_app, people_of(sqlite_app).ada)
    people = "/settings/people"
    answer = _post(client, people, people, name="Nia", display_name="Nia Obi", role="author")
    link = re.search(r"http://localhost(/link/[\w-]+)", _text(answer))
    assert link is not None
    assert link[1] not in client.get(people).text
    fresh = sqlite_app.test_client()
    assert "Set a password for nia" in fresh.get(link[1]).text
    again = _post(client, people, people, name="nia", role="author")
    assert _status(again) == 422
    assert "already an account" in _text(again)


def test_the_last_admin_stays(sqlite_app: Flask) -> None:
    client = sign_in(sqlite_app, people_of(sqlite_app).ada)
    path = "/settings/people/ada"
    for values in ({"act": "disable"}, {"act": "role", "role": "viewer"}):
        answer = _post(client, path, "/settings/people", **values)
        assert _status(answer) == 422
        assert "This is the last admin" in _text(answer)
    with writing(sqlite_app.extensions["rca_engine"]) as session:
        accounts.set_role(session, actor=OPERATOR, name="ravi", role=accounts.Role.ADMIN, now=NOW)
    assert _status(_post(client, path, "/settings/people", act="role", role="viewer")) == 303
    with reading(sqlite_app.extensions["rca_engine"]) as session:
        roles = {account.name: account.role for account in accounts.list_users(session)}
    assert roles["ada"] == "viewer"
    assert client.get("/settings/people").status_code == 303


def test_passwords_are_hashed_as_owasp_asks(
    quick_passwords: Callable[[], PasswordHasher],
) -> None:
    """The tests use a cheap setting; this is the one that people get."""
    product = quick_passwords()
    assert product.type is Type.ID
    assert (product.memory_cost, product.time_cost, product.parallelism) == (19 * 1024, 2, 1)
