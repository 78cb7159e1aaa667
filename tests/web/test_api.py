"""The API: tokens with scopes, problems in words, pages, kept answers, nothing lost on the way."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from sqlmodel import select
from werkzeug.test import TestResponse

from rca.domain.access import OPERATOR
from rca.services import accounts, authoring, events_api
from rca.store import tables as t
from rca.store.engine import reading, writing
from tests.conftest import NOW
from tests.factories import rich
from tests.people import People
from tests.web.conftest import people_of, sign_in
from tests.web.test_patterns_pages import fill


class Caller:
    """A program with a token."""

    def __init__(self, app: Flask, name: str, *scopes: str) -> None:
        self.client = app.test_client()
        with writing(app.extensions["rca_engine"]) as session:
            self.token = accounts.make_token(
                session, actor=OPERATOR, name=name, label="test", scopes=scopes, now=NOW
            )

    def __call__(self, method: str, path: str, json: Any = None, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(
            f"/api/v1{path}",
            method=method,
            json=json,
            headers={"Authorization": f"Bearer {self.token}", **named},
        )


def _change(key: str = "fernwick/checkout@4f2a91c", **values: Any) -> dict[str, Any]:
    return {"key": key, "merged_at": "2026-08-14T08:50:00Z", **values}


@pytest.fixture
def people(app: Flask) -> People:
    """The five."""
    return people_of(app)


@pytest.mark.usefixtures("people")
def test_scopes_open_exactly_their_doors(app: Flask) -> None:
    read, ingest = Caller(app, "ines", "read"), Caller(app, "ines", "ingest")
    low = Caller(app, "vera", "ingest")
    assert read("POST", "/changes", _change()).status_code == 403
    assert ingest("POST", "/changes", _change()).status_code == 201
    assert ingest("GET", "/changes").status_code == 403
    assert read("GET", "/changes").status_code == 200
    assert low("POST", "/changes", _change("b")).status_code == 403
    answer = app.test_client().get("/api/v1/changes")
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


def test_a_cookie_may_read_and_never_write(app: Flask, people: People) -> None:
    client = sign_in(app, people.ines)
    assert client.get("/api/v1/changes").status_code == 200
    answer = client.post("/api/v1/changes", json=_change())
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


@pytest.mark.usefixtures("people")
def test_creating_twice_and_otherwise(app: Flask) -> None:
    call = Caller(app, "ines", "ingest", "read")
    assert call("POST", "/changes", _change(labels=["x"])).json == {"created": 1, "unchanged": 0}
    assert call("POST", "/changes", _change(labels=["x"])).json == {"created": 0, "unchanged": 1}
    other = call("POST", "/changes", {"items": [_change("new"), _change(labels=["y"])]})
    assert other.status_code == 409
    assert call("GET", "/changes/new").status_code == 404  # all or none


@pytest.mark.usefixtures("people")
def test_replacing_needs_what_was_seen(app: Flask) -> None:
    call = Caller(app, "ines", "ingest", "read")
    call("POST", "/changes", _change())
    path = "/changes/fernwick/checkout@4f2a91c"
    seen = call("GET", path)
    body = {**seen.json, "ai_state": "attested_none"}
    assert call("PUT", path, body).status_code == 428
    assert call("PUT", path, body, If_Match='"old"').status_code == 412
    done = call("PUT", path, body, If_Match=seen.headers["ETag"])
    assert (done.status_code, done.json["ai_state"]) == (200, "attested_none")
    assert call("PUT", path, seen.json, If_Match=seen.headers["ETag"]).status_code == 412


@pytest.mark.usefixtures("people")
def test_an_idempotency_key_keeps_its_answer(app: Flask) -> None:
    call = Caller(app, "ines", "ingest")
    first = call("POST", "/changes", _change(), Idempotency_Key="k-1")
    again = call("POST", "/changes", _change(), Idempotency_Key="k-1")
    assert (first.json, again.json) == ({"created": 1, "unchanged": 0},) * 2
    assert again.headers["Idempotency-Replayed"] == "true"
    assert call("POST", "/changes", _change("b"), Idempotency_Key="k-1").status_code == 409


@pytest.mark.usefixtures("people")
def test_pages_hold_everything_once(app: Flask) -> None:
    call = Caller(app, "ines", "ingest", "read")
    call("POST", "/changes", {"items": [_change(f"k{n:02}") for n in range(23)]})
    seen, cursor = [], ""
    while True:
        page = call("GET", f"/changes?limit=5&cursor={cursor}").json
        seen += [item["key"] for item in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert sorted(seen) == [f"k{n:02}" for n in range(23)]
    assert call("GET", "/changes?cursor=junk").status_code == 422
    assert call("GET", "/changes?limit=0").status_code == 422


@pytest.mark.usefixtures("people")
def test_deployments_are_completed(app: Flask) -> None:
    call = Caller(app, "ines", "ingest", "read")
    call("POST", "/changes", _change())
    body = {"key": "d1", "environment": "production", "changes": [_change()["key"]]}
    call("POST", "/deployments", body)
    more = {**body, "finished_at": "2026-08-14T09:00:00Z", "result": "success"}
    assert call("POST", "/deployments", more).json == {"created": 0, "completed": 1}
    [item] = call("GET", "/deployments").json["items"]
    assert item["changes"] == [_change()["key"]]
    assert call("GET", "/deployments/d1").json == item
    assert (
        call("GET", f"/changes/{_change()['key']}").json["deployed_at"].startswith("2026-08-14T09")
    )


def test_incidents_show_what_the_account_may_know(app: Flask, people: People) -> None:
    with writing(app.extensions["rca_engine"]) as session:
        made = authoring.create(session, viewer=people.ines, content=rich(), now=NOW)
        hidden = rich(title="Payroll", visibility="restricted")
        other = authoring.create(session, viewer=people.otto, content=hidden, now=NOW)
    call = Caller(app, "vera", "read")
    assert [one["reference"] for one in call("GET", "/incidents").json["items"]] == [made.reference]
    whole = call("GET", f"/incidents/{made.reference}").json
    assert whole["content"]["title"] == rich().title
    assert call("GET", f"/incidents/{other.reference}").status_code == 404


@pytest.mark.usefixtures("people")
def test_risk_and_its_questions(app: Flask) -> None:
    call = Caller(app, "vera", "read")
    assert "checklist" in call("GET", "/risk").json
    assert call("GET", "/risk?outcome=blame").status_code == 422
    assert "odds ratio" in call("GET", "/risk/case-control").json["estimate"]["name"]
    assert call("GET", "/risk/case-control?outcome=blame").status_code == 422


@pytest.mark.usefixtures("people")
def test_a_problem_names_its_field_and_no_input(app: Flask) -> None:
    call = Caller(app, "ines", "ingest")
    answer = call("POST", "/changes", {"items": [_change("a"), _change("b", files="hunter2")]})
    assert answer.status_code == 422
    assert answer.json["problems"][0]["path"] == "items.1.files"
    assert "hunter2" not in answer.get_data(as_text=True)


@pytest.mark.usefixtures("people")
def test_the_document_describes_every_route_and_its_schemas_hold(app: Flask) -> None:
    document = Caller(app, "vera", "read")("GET", "/openapi.json").json
    described = {
        (path, method.upper()) for path, item in document["paths"].items() for method in item
    }
    served = {
        (
            rule.rule.removeprefix("/api/v1")
            .replace("<path:key>", "{key}")
            .replace("<", "{")
            .replace(">", "}"),
            method,
        )
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and rule.endpoint != "api.openapi"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served
    schema = {"$ref": "#/components/schemas/ChangeRecord", "components": document["components"]}
    Draft202012Validator(schema).validate(_change(files=3))


# --- whatever a program sends: stored and read back equal, or refused in words ---

_WORDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20)
_RECORDS = st.fixed_dictionaries(
    {
        "key": st.from_regex(r"[a-z]{1,8}/[a-z]{1,8}@[0-9a-f]{7}", fullmatch=True),
        "merged_at": st.datetimes(
            datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)
        ).map(datetime.isoformat),
    },
    optional={
        "repo": _WORDS,
        "title": _WORDS,
        "labels": st.lists(_WORDS, max_size=3),
        "paths": st.lists(_WORDS, max_size=3),
        "files": st.none() | st.integers(0, 2**31 - 1),
        "lines_added": st.none() | st.integers(0, 2**31 - 1),
        "ai_state": st.sampled_from(["evidenced", "attested_none", "unknown"]),
        "ai_part": st.sampled_from(["", "author", "reviewer"]),
        "outcomes": st.dictionaries(
            st.sampled_from(["reverted_30d", "incident"]), st.booleans(), max_size=2
        ),
    },
)
_BROKEN = st.one_of(
    st.none(), st.integers(), st.text(max_size=5), st.lists(st.none(), max_size=2),
    _RECORDS.flatmap(
        lambda record: st.sampled_from(sorted(record)).map(
            lambda name: {**record, name: {"no": ["such", 1]}}
        )
    ),
    _RECORDS.map(lambda record: {**record, "author": "somebody"}),
)  # fmt: skip


_NUMBERS = count()


def _round_trip(call: Caller, record: dict[str, Any]) -> None:
    # A fresh key each time, so that an example can be tried again as it was.
    record = {**record, "key": f"{next(_NUMBERS)}/{record['key']}"}
    made = call("POST", "/changes", record)
    assert made.status_code == 201, made.json
    stored = call("GET", f"/changes/{record['key']}").json
    for name, value in record.items():
        if name == "merged_at":
            assert datetime.fromisoformat(stored[name]) == datetime.fromisoformat(value)
        elif name in ("labels",):
            assert stored[name] == [" ".join(one.split()) for one in value]
        elif name in ("repo", "title"):
            assert stored[name] == " ".join(value.replace("\r", "\n").split())
        else:
            assert stored[name] == value, name


def _explore(call: Caller, examples: int) -> None:
    # No shrinking: that a fault is found is asked here, not its smallest form.
    @settings(phases=[Phase.generate], max_examples=examples, deadline=None, derandomize=True, database=None, report_multiple_bugs=False,
              suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
    @given(record=_RECORDS, broken=_BROKEN)
    def run(record: dict[str, Any], broken: Any) -> None:
        _round_trip(call, record)
        assert call("POST", "/changes", broken).status_code == 422

    run()


def test_whatever_is_sent_comes_back_or_is_refused(sqlite_app: Flask) -> None:
    people_of(sqlite_app)
    _explore(Caller(sqlite_app, "ines", "ingest", "read"), 60)


@contextmanager
def _planted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    real = events_api.change_value

    def lossy(row: t.Change) -> dict[str, Any]:
        value = real(row)
        return {**value, "labels": value["labels"][:1]}

    with monkeypatch.context() as patch:
        patch.setattr(events_api, "change_value", lossy)
        yield


def test_the_strategy_finds_a_planted_fault(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    people_of(sqlite_app)
    call = Caller(sqlite_app, "ines", "ingest", "read")
    with _planted(monkeypatch), pytest.raises(AssertionError):
        _explore(call, 60)


@pytest.mark.usefixtures("people")
def test_writes_are_in_the_audit_trail(app: Flask) -> None:
    Caller(app, "ines", "ingest")("POST", "/changes", _change())
    with reading(app.extensions["rca_engine"]) as session:
        acts = [row.action for row in session.exec(select(t.AuditEvent))]
    assert "changes.take" in acts


def test_what_was_mined_is_read_in_pages_and_never_shows_what_is_restricted(
    sqlite_app: Flask,
) -> None:
    people = people_of(sqlite_app)
    call = Caller(sqlite_app, "vera", "read")
    for path in ("/patterns", "/findings", "/themes"):
        assert call("GET", path).json["run"] is None, path
    fill(sqlite_app, people)
    first = call("GET", "/patterns?limit=2").json
    rest = call("GET", f"/patterns?limit=2&cursor={first['next']}").json
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
    shown = first["items"][0]
    assert call("GET", f"/patterns/{shown['id']}").json == shown
    with writing(sqlite_app.extensions["rca_engine"]) as session:
        row = session.exec(
            select(t.PostmortemRow).where(t.PostmortemRow.reference == shown["members"][0])
        ).one()
        row.visibility = "restricted"
        session.add(row)
    left = call("GET", f"/patterns/{shown['id']}").json
    assert left["members"] == shown["members"][1:]
    assert left["size"] == shown["size"] - 1
    assert call("GET", "/findings?question=tier").json["findings"] == []
    assert "100 records" in call("GET", "/themes").json["reason"]
    for path in ("/findings?question=mood", "/findings?verdict=sure", "/patterns?order=loud",
                 "/patterns?cursor=P-77"):  # fmt: skip
        assert call("GET", path).status_code == 422, path
    for path in ("/patterns/P-77", "/findings?pattern=P-77", "/findings?cause=moonlight"):
        assert call("GET", path).status_code == 404, path
    assert sqlite_app.test_client().get("/api/v1/findings").status_code in (401, 303)
