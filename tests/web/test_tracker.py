"""A closed issue proposes; a person decides. The tracker alone moves nothing."""

import hashlib
import hmac
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlmodel import select
from werkzeug.test import TestResponse

from rca.domain.access import Viewer
from rca.domain.event import Delivery, Event
from rca.domain.tracker import issue_key
from rca.formats.events import READERS
from rca.services import accounts, actions, events_secrets, tracker
from rca.store import tables as t
from rca.store.engine import reading, writing
from rca.web import create_app
from tests.conftest import NOW
from tests.mail.world import action, publish, restricted
from tests.people import People
from tests.web.conftest import form_token, people_of, settings_in, sign_in
from tests.web.test_api import Caller

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU="
ISSUE = "https://github.com/fernwick/checkout/issues/77"
JIRA = "https://fernwick.atlassian.net/browse/PAY-12"


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """On one database; ``both`` is for what could be written twice."""
    return sqlite_app


@pytest.fixture
def both(engine: Engine, tmp_path: Path) -> Flask:
    """The app on each database."""
    return create_app(settings_in(tmp_path, engine), engine=engine, clock=lambda: NOW)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ISSUE, "http://GitHub.com/Fernwick/checkout/issues/77/#issuecomment-1"),
        (ISSUE, " https://github.com:443/fernwick/checkout/issues/77?x=1 "),
        ("https://gitlab.com/a/b/-/issues/5", "https://gitlab.com/a/b/issues/5"),
        ("https://gitlab.com/a/b/-/issues/5", "https://gitlab.com/a/b/-/work_items/5"),
        (JIRA, "https://fernwick.atlassian.net/jira/software/projects/PAY/boards/1?selectedIssue=PAY-12"),
    ],
)  # fmt: skip
def test_people_write_an_address_in_many_ways(one: str, other: str) -> None:
    assert issue_key(one) == issue_key(other) != ""


@pytest.mark.parametrize(
    "text", ["", "PAY-12", "javascript:alert(1)", "https://", "http://[", "ftp://x/issues/1"]
)
def test_what_is_no_address_matches_nothing(text: str) -> None:
    assert issue_key(text) == ""


def test_neighbours_are_not_the_same() -> None:
    assert issue_key(ISSUE) != issue_key(ISSUE + "7")
    assert issue_key(ISSUE) != issue_key(ISSUE.replace("checkout", "search"))


def github(act: str = "closed", reason: str | None = "completed", at: str = "2026-10-05T08:00:00Z",
           url: str = ISSUE) -> dict[str, Any]:  # fmt: skip
    return {
        "action": act,
        "repository": {"full_name": "fernwick/checkout"},
        "issue": {"html_url": url, "state_reason": reason, "updated_at": at},
    }


def gitlab(
    act: str = "close", url: str = "https://gitlab.com/fernwick/checkout/-/issues/5"
) -> dict[str, Any]:
    return {"object_kind": "issue", "object_attributes": {
        "action": act, "url": url, "updated_at": "2026-10-05 08:00:00 UTC"}}  # fmt: skip


def jira(
    category: str = "done",
    name: str = "Done",
    resolution: str = "Done",
    stamp: int = 1_791_187_200_000,
) -> dict[str, Any]:
    return {
        "webhookEvent": "jira:issue_updated",
        "timestamp": stamp,
        "issue": {
            "key": "PAY-12",
            "self": "https://fernwick.atlassian.net/rest/api/2/issue/10001",
            "fields": {"status": {"name": name, "statusCategory": {"key": category}},
                       "resolution": {"name": resolution} if resolution else None},
        },
        "changelog": {"items": [{"field": "status", "toString": name}]},
    }  # fmt: skip


def post(app: Flask, source: str, body: dict[str, Any], delivery: str = "d1") -> TestResponse:
    """Send a signed delivery."""
    events_secrets.store(app.extensions["rca_settings"].home, source, SECRET, keep_old=False)
    data = json.dumps(body).encode()
    mark = f"sha256={hmac.new(SECRET.encode(), data, hashlib.sha256).hexdigest()}"
    headers = {
        "github": {"X-Hub-Signature-256": mark, "X-GitHub-Event": "issues", "X-GitHub-Delivery": delivery},
        "gitlab": {"X-Gitlab-Token": SECRET, "Idempotency-Key": delivery},
        "jira": {"X-Hub-Signature": mark},
    }[source]  # fmt: skip
    return app.test_client().post(f"/hooks/{source}", data=data, headers=headers)


def _world(app: Flask, url: str = ISSUE, **changes: Any) -> tuple[People, str]:
    people = people_of(app)
    with writing(app.extensions["rca_engine"]) as session:
        publish(
            session,
            people,
            NOW,
            action("Bound the pool size", date(2026, 9, 1), tracker_url=url, **changes),
        )
        [item] = actions.list_actions(
            session, viewer=people.ines, now=NOW, wanted=actions.ActionFilter("all")
        )
    return people, item.id


def _waiting(app: Flask, viewer: Viewer, action_id: str) -> tracker.ProposalView | None:
    with reading(app.extensions["rca_engine"]) as session:
        return tracker.waiting_for(session, viewer=viewer, ids=[action_id]).get(action_id)


def _status(app: Flask, viewer: Viewer, action_id: str) -> str:
    with reading(app.extensions["rca_engine"]) as session:
        return actions.view(session, viewer=viewer, action_id=action_id, now=NOW).status.value


def _rows(app: Flask) -> list[t.TrackerProposal]:
    with reading(app.extensions["rca_engine"]) as session:
        rows = list(session.exec(select(t.TrackerProposal)))
        session.expunge_all()
    return rows


def _read(source: str, body: dict[str, Any]) -> Event:
    return READERS[source](Delivery({"x-github-event": "issues"}, body))


@pytest.mark.parametrize(
    ("source", "body", "url", "says"),
    [
        ("github", github(), ISSUE, "done"),
        ("github", github(reason="not_planned"), ISSUE, "dropped"),
        ("github", github(reason="duplicate"), ISSUE, "dropped"),
        ("github", github("reopened", "reopened"), ISSUE, "open"),
        ("gitlab", gitlab(), "https://gitlab.com/fernwick/checkout/-/issues/5", "done"),
        ("gitlab", gitlab("reopen"), "https://gitlab.com/fernwick/checkout/-/issues/5", "open"),
        ("jira", jira(), JIRA, "done"),
        ("jira", jira(name="Closed", resolution="Won't Do"), JIRA, "dropped"),
        ("jira", jira("indeterminate", "In progress", ""), JIRA, "open"),
    ],
)
def test_each_tracker_is_read(source: str, body: dict[str, Any], url: str, says: str) -> None:
    [move] = _read(source, body).issues
    assert (move.url, move.says) == (url, says)
    assert move.at == datetime(2026, 10, 5, 8, 0, tzinfo=NOW.tzinfo)


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("github", github("labeled")),
        ("gitlab", gitlab("update")),
        ("jira", {**jira(), "changelog": {"items": [{"field": "assignee"}]}}),
        ("jira", {**jira(), "webhookEvent": "jira:issue_created"}),
    ],
)
def test_what_closes_nothing_proposes_nothing(source: str, body: dict[str, Any]) -> None:
    event = _read(source, body)
    assert event.issues == ()
    assert event.ignored


@pytest.mark.parametrize(
    ("source", "body", "url"),
    [
        ("github", github(), ISSUE),
        ("gitlab", gitlab(), "https://gitlab.com/fernwick/checkout/-/work_items/5"),
        ("jira", jira(), JIRA),
    ],
)
def test_a_closed_issue_proposes_and_moves_nothing(
    app: Flask, source: str, body: dict[str, Any], url: str
) -> None:
    people, action_id = _world(app, url)
    answer = post(app, source, body)
    assert (answer.status_code, answer.json["state"]) == (200, "applied"), answer.json
    told = _waiting(app, people.vera, action_id)
    assert told is not None
    assert told.status == "done"
    assert _status(app, people.vera, action_id) == "open"
    if source == "github":
        post(app, source, github(url=ISSUE + "7"), "d2")
        assert len(_rows(app)) == 1, "a neighbour's number is another issue"


def test_jira_is_believed_by_its_signature_alone(app: Flask) -> None:
    people, action_id = _world(app, JIRA)
    events_secrets.store(app.extensions["rca_settings"].home, "jira", SECRET, keep_old=False)
    data = json.dumps(jira()).encode()
    good = hmac.new(SECRET.encode(), data, hashlib.sha256).hexdigest()
    for mark in ("", good, f"sha1={good}", f"sha256={good[:-1]}0x"):
        answer = app.test_client().post("/hooks/jira", data=data, headers={"X-Hub-Signature": mark})
        assert answer.status_code == 401
    assert _waiting(app, people.ines, action_id) is None
    assert post(app, "jira", jira()).json["state"] == "applied"
    assert post(app, "jira", jira()).json["state"] == "duplicate"


def test_broken_bodies_are_kept_and_say_where(app: Flask) -> None:
    for source, body, field in (("github", github(), "html_url"), ("jira", jira(), "self")):
        body["issue"].pop(field)
        answer = post(app, source, body)
        assert (answer.status_code, answer.json["state"]) == (202, "malformed")
        assert f"issue.{field}" in answer.json["message"]


def test_the_same_word_again_changes_nothing_and_a_later_one_overtakes(both: Flask) -> None:
    people, action_id = _world(both, status="done", done_at="2026-09-01 10:00")
    post(both, "github", github("reopened", None, "2026-10-05T09:00:00Z"), "d1")
    post(both, "github", github("reopened", None, "2026-10-05T09:00:00Z"), "d2")
    late = github("closed", "completed", "2026-10-05T08:59:00Z")
    assert post(both, "github", late, "d3").status_code == 200, "older, and delivered late"
    told = _waiting(both, people.ines, action_id)
    assert told is not None
    assert told.status == "open"
    post(both, "github", github("closed", "completed", "2026-10-05T09:30:00Z"), "d4")
    assert _waiting(both, people.ines, action_id) is None, "closed again: it agrees with the action"
    assert sorted(row.state for row in _rows(both)) == ["overtaken", "overtaken"]


def test_what_was_rejected_is_not_proposed_again_by_the_same_word(app: Flask) -> None:
    people, action_id = _world(app)
    post(app, "jira", jira())
    client = sign_in(app, people.ines)
    token = form_token(client, f"/actions/{action_id}")
    page = client.get(f"/actions/{action_id}").get_data(as_text=True)
    assert "Jira says" not in page
    with writing(app.extensions["rca_engine"]) as session:
        row = session.exec(select(t.ActionItemRow)).one()
        row.tracker_url = JIRA
        session.add(row)
    post(app, "jira", jira(stamp=1_791_187_260_000))
    told = _waiting(app, people.ines, action_id)
    assert told is not None
    assert "Jira says: moved to Done" in client.get(f"/actions/{action_id}").get_data(as_text=True)
    done = client.post(f"/actions/{action_id}/proposals/{told.id}",
                       data={"csrf_token": token, "act": "reject"})  # fmt: skip
    assert done.status_code == 303
    post(app, "jira", jira(stamp=1_791_187_320_000))
    assert _waiting(app, people.ines, action_id) is None
    assert _status(app, people.ines, action_id) == "open"


def test_accepting_is_a_persons_act(both: Flask) -> None:
    people, action_id = _world(both)
    post(both, "github", github())
    told = _waiting(both, people.ines, action_id)
    assert told is not None
    path = f"/actions/{action_id}/proposals/{told.id}"
    reader = sign_in(both, people.vera)
    assert (
        reader.post(path, data={"csrf_token": form_token(reader), "act": "accept"}).status_code
        == 403
    )
    client = sign_in(both, people.ines)
    page = client.get(f"/actions/{action_id}").get_data(as_text=True)
    version = page.partition('name="version" value="')[2].partition('"')[0]
    data = {"csrf_token": form_token(client), "act": "accept", "version": version}
    assert client.post(path, data={**data, "version": "0"}).status_code == 409
    assert client.post(path, data=data).status_code == 303
    assert _status(both, people.ines, action_id) == "done"
    assert client.post(path, data=data).status_code == 409, "decided already"
    with reading(both.extensions["rca_engine"]) as session:
        acts = session.exec(select(t.AuditEvent.actor, t.AuditEvent.action)).all()
    assert ("ines", "action.done") in acts
    assert ("ines", "proposal.accepted") in acts


def test_not_doing_it_needs_words_of_a_person(app: Flask) -> None:
    people, action_id = _world(app)
    post(app, "github", github(reason="not_planned"))
    told = _waiting(app, people.ines, action_id)
    assert told is not None
    client = sign_in(app, people.ines)
    token = form_token(client, f"/actions/{action_id}")
    asked = client.post(f"/actions/{action_id}/proposals/{told.id}",
                        data={"csrf_token": token, "act": "accept"})  # fmt: skip
    assert asked.location.endswith(f"/actions/{action_id}?status=wont_do")
    page = client.get(asked.location).get_data(as_text=True)
    assert 'value="wont_do" checked' in page
    version = page.rpartition('name="version" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "version": version, "status": "wont_do", "due": "2026-09-01",
            "verified": "pending"}  # fmt: skip
    assert client.post(f"/actions/{action_id}", data=form).status_code == 422
    said = {**form, "reason": "The pool is gone.", "approver": "Storefront lead"}
    assert client.post(f"/actions/{action_id}", data=said).status_code == 303
    assert _status(app, people.ines, action_id) == "wont_do"
    assert [row.state for row in _rows(app)] == ["accepted"]


def test_a_restricted_record_keeps_its_proposal_to_its_members(app: Flask) -> None:
    people = people_of(app)
    with writing(app.extensions["rca_engine"]) as session:
        restricted(
            session, people, NOW, action("Rotate the key", date(2026, 9, 1), tracker_url=ISSUE)
        )
        [item] = actions.list_actions(session, viewer=people.ines, now=NOW)
    post(app, "github", github())
    told = _waiting(app, people.ines, item.id)
    assert told is not None
    assert _waiting(app, people.ada, item.id) is None
    client = sign_in(app, people.otto)
    answer = client.post(f"/actions/{item.id}/proposals/{told.id}",
                         data={"csrf_token": form_token(client), "act": "accept"})  # fmt: skip
    assert answer.status_code == 404


def test_an_edit_of_the_postmortem_keeps_the_proposal(app: Flask) -> None:
    people, action_id = _world(app)
    post(app, "github", github())
    with writing(app.extensions["rca_engine"]) as session:
        item = actions.view(session, viewer=people.ines, action_id=action_id, now=NOW)
        progress = actions.Progress(actions.ActionStatus.IN_PROGRESS, due=item.due)
        actions.change(session, viewer=people.ines, action_id=action_id, progress=progress,
                       base_version=item.version, now=NOW)  # fmt: skip
    assert _waiting(app, people.ines, action_id) is not None


def test_an_idea_becomes_a_commitment_with_what_a_promise_needs(app: Flask) -> None:
    people = people_of(app)
    with writing(app.extensions["rca_engine"]) as session:
        publish(session, people, NOW, {"title": "Rewrite the queue", "kind": "idea"})
        [item] = actions.list_actions(session, viewer=people.ines, now=NOW)
        item = actions.view(session, viewer=people.ines, action_id=item.id, now=NOW)
    client = sign_in(app, people.ines)
    form = {"csrf_token": form_token(client), "version": str(item.version), "status": "open",
            "verified": "pending", "kind": "commitment"}  # fmt: skip
    refused = client.post(f"/actions/{item.id}", data=form)
    assert refused.status_code == 422
    for words in ("has an owner or a team", "has a date", "how one will tell"):
        assert words in refused.get_data(as_text=True)
    whole = {**form, "team": "Storefront", "due": "2026-11-01", "done_criterion": "No replay",
             "tracker_url": "javascript:alert(1)"}  # fmt: skip
    assert client.post(f"/actions/{item.id}", data=whole).status_code == 422
    assert (
        client.post(f"/actions/{item.id}", data={**whole, "tracker_url": ISSUE}).status_code == 303
    )
    with reading(app.extensions["rca_engine"]) as session:
        moved = actions.view(session, viewer=people.ines, action_id=item.id, now=NOW)
    assert (moved.kind, moved.team, moved.tracker_url) == ("commitment", "Storefront", ISSUE)


def test_a_date_beyond_what_the_severity_allows_is_said(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    with writing(sqlite_app.extensions["rca_engine"]) as session:
        publish(session, people, NOW, action("Later", date(2026, 10, 29)))
        [item] = actions.list_actions(session, viewer=people.ines, now=NOW)
    assert item.later_than(14) == 10
    client = sign_in(sqlite_app, people.vera)
    assert "10 d past the SEV-2 target" in client.get("/actions").get_data(as_text=True)
    assert "due 10 days later than SEV-2 allows" in client.get(f"/actions/{item.id}").get_data(
        as_text=True
    )


def test_the_use_of_a_token_is_written_down_to_the_hour(app: Flask) -> None:
    people = people_of(app)
    with writing(app.extensions["rca_engine"]) as session:
        token = accounts.make_token(
            session, actor=people.ines, name="ines", label="ci", scopes=["read"], now=NOW
        )
    for minutes, written in ((0, 0), (59, 0), (61, 61)):
        app.extensions["rca_clock"] = lambda at=minutes: NOW + timedelta(minutes=at)
        answer = app.test_client().get("/actions", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        with reading(app.extensions["rca_engine"]) as session:
            used = session.exec(select(t.ApiToken.last_used_at)).one()
        assert used == NOW + timedelta(minutes=written)


def test_a_program_lists_and_decides(app: Flask) -> None:
    people, action_id = _world(app)
    post(app, "github", github())
    reader, writer = Caller(app, "vera", "read"), Caller(app, "ines", "read", "write")
    [waiting] = reader("GET", "/proposals").json["items"]
    assert (waiting["action"]["id"], waiting["becomes"]) == (action_id, "done")
    path, version = f"/proposals/{waiting['id']}", str(waiting["action"]["version"])
    assert reader("POST", f"{path}/accept", If_Match=version).status_code == 403
    assert writer("POST", f"{path}/accept").status_code == 428
    assert writer("POST", f"{path}/accept", If_Match="99").status_code == 412
    assert writer("POST", f"{path}/agree", If_Match=version).status_code == 404
    done = writer("POST", f"{path}/accept", If_Match=f'"{version}"')
    assert (done.status_code, done.json["status"]) == (200, "done")
    assert _status(app, people.vera, action_id) == "done"
    assert reader("GET", "/proposals").json["items"] == []
    assert writer("POST", f"{path}/reject").status_code == 409


def test_a_program_says_why_an_action_will_not_be_done(app: Flask) -> None:
    people, action_id = _world(app)
    post(app, "github", github(reason="not_planned"))
    writer = Caller(app, "ines", "read", "write")
    [waiting] = writer("GET", "/proposals").json["items"]
    path, version = f"/proposals/{waiting['id']}", str(waiting["action"]["version"])
    assert waiting["needs_reason"]
    assert writer("POST", f"{path}/accept", {}, If_Match=version).status_code == 422
    words = {"reason": "The vendor ends this.", "approver": "Storefront"}
    assert writer("POST", f"{path}/accept", words, If_Match=version).status_code == 200
    assert _status(app, people.vera, action_id) == "wont_do"


def test_a_program_leaves_an_action_as_it_is_and_sees_no_hidden_one(app: Flask) -> None:
    people, action_id = _world(app)
    post(app, "github", github())
    writer = Caller(app, "ines", "read", "write")
    [waiting] = writer("GET", "/proposals").json["items"]
    assert writer("POST", f"/proposals/{waiting['id']}/reject").json["status"] == "open"
    assert _status(app, people.vera, action_id) == "open"
    assert _waiting(app, people.vera, action_id) is None
