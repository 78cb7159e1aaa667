"""Guardrails in the browser: without scripts, by the people who may, on the version they saw."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlmodel import Session, select

from mining.policy.document import parse, validate
from rca.config import Settings
from rca.domain.vocabulary import TokenScope
from rca.services import accounts
from rca.services.guardrails import refresh_suggestions
from rca.store import tables as t
from rca.store.engine import reading, writing
from rca.web import create_app
from tests.conftest import NOW
from tests.e2e.world import cookie_for, give_password
from tests.people import make_people
from tests.prepared import prepared
from tests.services import guardrail_world as world


class Site:
    """The app over a seeded database, seen by one person or another."""

    def __init__(self, engine: Engine, home: Path) -> None:
        self.engine = engine
        self.app = create_app(
            Settings(home=home, database_url=str(engine.url)), engine=engine, clock=lambda: NOW
        )
        self.cookies: dict[str, str] = {}
        self.id = ""

    def as_(self, name: str) -> FlaskClient:
        client = self.app.test_client()
        if name:
            client.set_cookie("rca_session", self.cookies[name])
        return client

    def row(self) -> t.GuardrailRow:
        with reading(self.engine) as session:
            found = session.get(t.GuardrailRow, self.id)
            assert found is not None
            session.expunge(found)
            return found


@pytest.fixture
def site(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """Four incidents of one pattern, a ledger, and what was proposed from them."""
    made = Site(engine, tmp_path)
    with writing(engine) as session:
        made.cookies = prepared(session, "a site with proposals", lambda: _proposals(session))
        query = select(t.GuardrailRow).where(t.GuardrailRow.template == world.RULE)
        made.id = session.exec(query).one().id
    return made


def _proposals(session: Session) -> dict[str, str]:
    people = make_people(session, NOW)
    rows = [
        world.publish(session, people.ines, NOW, title=f"Checkout refuses <b>{n}</b>")
        for n in range(4)
    ]
    world.run(session, NOW)
    world.pattern(session, rows)
    world.ledger(session, rows, NOW)
    refresh_suggestions(session, now=NOW)
    cookies = {}
    for name in ("ines", "ravi", "vera"):
        give_password(session, name)
        cookies[name] = cookie_for(session, name)
    return cookies


def post(client: FlaskClient, page: str, path: str, **data: object) -> tuple[int, str]:
    text = client.get(page).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', text)
    version = re.search(r'name="version" value="(\d+)"', text)
    assert token
    form = {"csrf_token": token[1], "version": version[1] if version else "", **data}
    answer = client.post(path, data=form)
    return answer.status_code, answer.text


def test_the_list_shows_what_waits(site: Site) -> None:
    text = site.as_("vera").get("/guardrails").text
    assert "waits for a decision" in text or "wait for a decision" in text
    assert site.id in text
    assert "4 of 4" in text
    assert "95%" in text


def test_the_page_says_what_speaks_for_it_and_escapes(site: Site) -> None:
    text = site.as_("vera").get(f"/guardrails/{site.id}").text
    assert "The rule in words" in text
    assert "Kinds of change: config among them" in text
    assert "would have flagged" in text.lower()
    assert "would have prevented" in text
    assert "<b>0</b>" not in text
    assert "&lt;b&gt;0&lt;/b&gt;" in text
    assert "A reviewer decides about it." in text
    assert "style=" not in text
    assert "<script>" not in text


def test_a_stranger_sees_nothing_and_a_reader_decides_nothing(site: Site) -> None:
    for path in ("/guardrails", f"/guardrails/{site.id}", "/guardrails.yaml"):
        assert site.as_("").get(path).status_code in (303, 401)
    assert site.as_("vera").get(f"/guardrails/{site.id}/edit").status_code == 403
    assert site.as_("vera").get("/guardrails/gr-none").status_code == 404
    status, _ = post(site.as_("vera"), f"/guardrails/{site.id}", f"/guardrails/{site.id}/accept")
    assert status == 403
    assert site.row().decision == "proposed"


def test_accept_from_the_page(site: Site) -> None:
    ravi, page = site.as_("ravi"), f"/guardrails/{site.id}"
    status, _ = post(ravi, page, f"{page}/accept", owner_team="Storefront")
    assert status == 303
    assert site.row().decision == "accepted"
    text = ravi.get(page).text
    assert "Accepted by Ravi" in text
    assert "Retire it" in text
    status, _ = post(ravi, page, f"{page}/accept", version="1")
    assert status == 409


def test_reject_needs_a_reason_and_keeps_it(site: Site) -> None:
    ravi, page = site.as_("ravi"), f"/guardrails/{site.id}"
    status, text = post(ravi, page, f"{page}/reject", reason=" ")
    assert status == 422
    assert "Say why" in text
    status, _ = post(ravi, page, f"{page}/reject", reason="Too <loud>.")
    assert status == 303
    assert "Too &lt;loud&gt;." in ravi.get("/guardrails?show=rejected").text


def test_edit_by_form(site: Site) -> None:
    ravi, page = site.as_("ravi"), f"/guardrails/{site.id}"
    post(ravi, page, f"{page}/accept")
    control = site.row().document["spec"]["require"][0]["control"]
    exception = {
        "exception_id": "ex-legacy",
        "exception_field": "repo",
        "exception_value": "acme/legacy",
        "exception_expires": "2027-01-31",
        "exception_reason": "one team until January",
        "exception_approvedBy": "platform lead",
    }
    form = {
        "how": "form",
        "mode": "audit",
        "severity": "high",
        "owner_team": "Storefront",
        "review_by": "2027-03-01",
        f"message_{control}": "run make check-config",
        **exception,
    }
    status, text = post(ravi, f"{page}/edit", f"{page}/edit", **form)
    assert status == 303, text
    doc = site.row().document
    assert doc["spec"]["exceptions"][0]["expires"] == "2027-01-31T00:00:00Z"
    assert doc["spec"]["require"][0]["message"] == "run make check-config"
    assert doc["metadata"]["reviewBy"] == "2027-03-01"
    assert validate(doc) == []
    assert "ex-legacy" in ravi.get(f"{page}/edit").text
    status, _ = post(ravi, f"{page}/edit", f"{page}/edit", **form, **{"remove_ex-legacy": "1"})
    assert status == 303
    assert "exceptions" not in site.row().document["spec"]


def test_a_refused_form_keeps_what_was_typed(site: Site) -> None:
    ravi, page = site.as_("ravi"), f"/guardrails/{site.id}"
    form = {"how": "form", "mode": "enforce", "severity": "high", "owner_team": "Kept words"}
    status, text = post(ravi, f"{page}/edit", f"{page}/edit", **form, review_by="2027-03-01")
    assert status == 422
    assert "Accept the rule first" in text
    assert "Kept words" in text


def test_edit_by_yaml_and_its_refusals(site: Site) -> None:
    ravi, page = site.as_("ravi"), f"/guardrails/{site.id}"
    text = ravi.get(f"{page}.yaml").text
    better = text.replace("severity: medium", "severity: low")
    status, _ = post(ravi, f"{page}/edit", f"{page}/edit", how="yaml", document=better)
    assert status == 303
    assert site.row().document["spec"]["severity"] == "low"
    status, answer = post(ravi, f"{page}/edit", f"{page}/edit", how="yaml", document="a: [")
    assert status == 422
    assert "document 1, line" in answer
    status, answer = post(
        ravi, f"{page}/edit", f"{page}/edit", how="yaml", document=better, version="1"
    )
    assert status == 409
    assert "Your words are kept" in answer


def test_the_stream_is_tagged_and_valid(site: Site) -> None:
    vera = site.as_("vera")
    empty = vera.get("/guardrails.yaml")
    assert empty.status_code == 200
    assert parse(empty.text) == []
    assert empty.text.startswith("#")
    post(site.as_("ravi"), f"/guardrails/{site.id}", f"/guardrails/{site.id}/accept")
    first = vera.get("/guardrails.yaml")
    assert first.headers["ETag"] != empty.headers["ETag"]
    assert first.content_type.startswith("application/yaml")
    (doc,) = parse(first.text)
    assert validate(doc) == []
    again = vera.get("/guardrails.yaml", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


@pytest.mark.parametrize("scope", [TokenScope.READ, TokenScope.EXPORT])
def test_a_token_reads_the_stream(site: Site, scope: TokenScope) -> None:
    with writing(site.engine) as session:
        secret = accounts.make_token(
            session, actor=accounts.viewer_of(accounts.find_user(session, "vera")),
            name="vera", label="gate", scopes=[scope], now=NOW,
        )  # fmt: skip
    client = site.as_("")
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/guardrails.yaml", headers=headers).status_code == 200
    wrong = {"Authorization": f"Bearer {secret}x"}
    assert client.get("/guardrails.yaml", headers=wrong).status_code in (303, 401)


def test_the_map_names_what_is_naked_and_what_is_watched(site: Site) -> None:
    text = site.as_("vera").get("/guardrails/map").text
    assert "Only suggested" in text
    post(site.as_("ravi"), f"/guardrails/{site.id}", f"/guardrails/{site.id}/accept")
    text = site.as_("vera").get("/guardrails/map").text
    assert "Watched" in text
    assert "conftest, OPA" in text
    assert "exact" in text


def test_outcomes_come_back_by_token_and_are_counted(site: Site) -> None:
    post(site.as_("ravi"), f"/guardrails/{site.id}", f"/guardrails/{site.id}/accept")
    with writing(site.engine) as session:
        secrets = {
            scope: accounts.make_token(
                session, actor=accounts.viewer_of(accounts.find_user(session, "ines")),
                name="ines", label="gate", scopes=[scope], now=NOW,
            )
            for scope in (TokenScope.WRITE, TokenScope.READ)
        }  # fmt: skip
    client, entry = site.as_(""), {"rule": site.id, "repo": "a/b", "ref": "1", "state": "violation"}

    def send(scope: TokenScope, **more: object) -> int:
        headers = {"Authorization": f"Bearer {secrets[scope]}"}
        path = "/guardrails/outcomes"
        return client.post(path, json={**entry, **more}, headers=headers).status_code

    assert send(TokenScope.READ) == 403
    assert send(TokenScope.WRITE) == 201
    assert send(TokenScope.WRITE, overridden=True) == 201
    assert send(TokenScope.WRITE, state="sideways") == 422
    assert send(TokenScope.WRITE, overridden="yes") == 422
    text = site.as_("vera").get(f"/guardrails/{site.id}").text
    assert "of 1 outcome" in text
    assert "1 of 1 <span>too few for a percentage</span>" in text


def test_history_for_the_gate_names_open_records_only(site: Site) -> None:
    with writing(site.engine) as session:
        row = session.exec(select(t.PostmortemRow)).first()
        assert row is not None
        row.visibility = "restricted"
        session.add(row)
        reference = row.reference
    lines = site.as_("vera").get("/guardrails/history.json").json
    assert lines
    assert reference not in str(lines)


def test_packs_gates_and_duties_without_scripts(site: Site) -> None:
    ravi, vera = site.as_("ravi"), site.as_("vera")
    assert "nothing to export" in vera.get("/guardrails/packs").text
    post(ravi, f"/guardrails/{site.id}", f"/guardrails/{site.id}/accept")
    assert "Take all packs" in vera.get("/guardrails/packs").text
    page = vera.get("/guardrails/packs/conftest").text
    assert "data/guardrails.yaml" in page
    assert "never taken away" in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    archive = vera.post("/guardrails/packs/all", data={"csrf_token": token[1]})
    assert archive.data.startswith(b"PK")
    assert "Nothing changed since the export" in vera.get("/guardrails/packs/conftest").text
    assert vera.get("/guardrails/packs/cobol").status_code == 404
    assert "An administrator sets them" in ravi.get("/guardrails/gates").text
    assert post(ravi, "/guardrails/duties", "/guardrails/gates", max_unknown="0.2")[0] == 403
    duties = site.as_("ines").get("/guardrails/duties").text
    (path,) = set(re.findall(r'action="(/guardrails/duties/\w+/done)"', duties))
    code, text = post(
        site.as_("ines"), "/guardrails/duties", path, on="2999-01-01", evidence="<b>x</b>"
    )
    assert code == 422
    assert "That day is still to come" in text
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    code, _ = post(site.as_("ines"), "/guardrails/duties", path, on="2026-10-01", evidence="a link")
    assert code == 303
    assert "evidence 4 days old" in vera.get(f"/guardrails/{site.id}").text
    assert "Since it was adopted" in vera.get(f"/guardrails/{site.id}").text
