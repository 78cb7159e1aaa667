"""Wording hints in the browser: JSON beside the field, the page before sharing, the rules."""

import re
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from rca.domain.access import Viewer
from rca.services import authoring, wording
from rca.store.engine import reading, writing
from tests.conftest import NOW
from tests.factories import rich
from tests.web.conftest import form_token, people_of, sign_in

BLAME = "The operator failed to check the queue."
JS = Path(__file__).resolve().parents[2] / "static" / "js" / "wording.js"


def client_of(app: Flask, viewer: Viewer) -> tuple[FlaskClient, dict[str, str]]:
    client = sign_in(app, viewer)
    return client, {"X-CSRFToken": form_token(client), "Accept": "application/json"}


def make(app: Flask, viewer: Viewer, **changes: object) -> str:
    content = rich(summary=f"It began at ten. {BLAME}", **changes)
    with writing(app.extensions["rca_engine"]) as session:
        return authoring.create(session, viewer=viewer, content=content, now=NOW).reference


def test_check_answers_with_places(sqlite_app: Flask) -> None:
    client, headers = client_of(sqlite_app, people_of(sqlite_app).ines)
    answer = client.post("/wording/check", json={"text": f"🎉 {BLAME}", "field": "summary"},
                         headers=headers)  # fmt: skip
    found = answer.get_json()["findings"][0]
    assert (found["start"], found["excerpt"]) == (2, "The operator failed to")
    # The script keeps quiet about the sentence that holds the caret; it needs its places.
    assert (found["sentence_start"], found["sentence_end"]) == (0, 2 + len(BLAME))


def test_quiet_fields_odd_bodies_and_readers(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    client, headers = client_of(sqlite_app, people.ines)
    quiet = {"text": BLAME, "field": "timeline-0-text"}
    assert client.post("/wording/check", json=quiet, headers=headers).get_json() == {"findings": []}
    for body in ([], {"text": 3}, {"text": BLAME, "field": {}}):
        assert client.post("/wording/check", json=body, headers=headers).status_code == 422
    reader, headers = client_of(sqlite_app, people.vera)
    assert reader.post("/wording/check", json=quiet, headers=headers).status_code == 403


def test_a_hint_is_kept_from_a_script(sqlite_app: Flask) -> None:
    client, headers = client_of(sqlite_app, people_of(sqlite_app).ines)
    found = client.post("/wording/check", json={"text": BLAME}, headers=headers).get_json()
    body = {"rule": "failed-to", "key": found["findings"][0]["key"], "reason": "a quote"}
    assert client.post("/wording/dismiss", json=body, headers=headers).status_code == 204
    again = client.post("/wording/check", json={"text": BLAME}, headers=headers).get_json()
    assert again == {"findings": []}


def test_the_page_before_sharing_shows_marks_and_takes_a_reason(app: Flask) -> None:
    people = people_of(app)
    reference = make(app, people.ines)
    client = sign_in(app, people.ines)
    page = client.get(f"/postmortems/{reference}/wording").get_data(as_text=True)
    assert '<mark class="said">The operator failed to</mark> check the queue.' in page
    assert "sharing works either way" in page
    fields = dict(re.findall(r'name="(rule|key|reference|csrf_token)" value="([^"]*)"', page))
    done = client.post("/wording/dismiss", data={**fields, "reason": "a quote"})
    assert done.status_code == 303
    assert done.location.endswith(f"/postmortems/{reference}/wording")
    page = client.get(f"/postmortems/{reference}/wording").get_data(as_text=True)
    assert "The operator failed to" not in page


def test_a_rule_is_muted_from_the_same_form(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    reference = make(sqlite_app, people.ines)
    client = sign_in(sqlite_app, people.ines)
    client.post(
        "/wording/dismiss",
        data={"csrf_token": form_token(client), "rule": "failed-to", "key": "x" * 24,
              "mute": "1", "reference": reference, "reason": "a quote"},
    )  # fmt: skip
    with reading(sqlite_app.extensions["rca_engine"]) as session:
        assert wording.dismissed_of_open(session)[0].muted


def test_words_of_the_text_are_escaped(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    reference = make(
        sqlite_app, people.ines, tldr="The operator failed to escape <script>alert(1)</script>."
    )
    page = sign_in(sqlite_app, people.ines).get(f"/postmortems/{reference}/wording")
    assert b"<script>alert(1)" not in page.data
    assert b"&lt;script&gt;alert(1)" in page.data


def test_a_restricted_postmortem_has_no_wording_page_for_outsiders(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    reference = make(sqlite_app, people.ines, visibility="restricted")
    client = sign_in(sqlite_app, people.otto)
    assert client.get(f"/postmortems/{reference}/wording").status_code == 404


def test_the_page_of_rules_counts_rules_only(app: Flask) -> None:
    people = people_of(app)
    make(app, people.ines)
    page = sign_in(app, people.vera).get("/wording").get_data(as_text=True)
    assert "failed-to" in page
    assert "0 of 1" in page
    assert people.ines.display_name not in page


def test_the_script_listens_where_the_service_reads() -> None:
    source = JS.read_text(encoding="utf-8")
    pattern = re.compile(re.search(r"const READS = /(.+)/;", source)[1])  # type: ignore[index]
    rows = rich(summary="x", notes=[{"kind": "got_lucky", "text": "x"}])
    names = [path.replace(".", "-") for path, _, _ in wording.texts_of(rows)]
    assert [name for name in names if name != "imported_text" and not pattern.match(name)] == []
    quiet = ("timeline-0-text", "actions-0-title", "ai_influences-0-claims-0-statement",
             "cut_detection", "ai_influences-0-counterfactual")  # fmt: skip
    assert [name for name in quiet if pattern.match(name)] == []


def test_an_admin_keeps_a_phrase_changes_it_and_takes_it_off(app: Flask) -> None:
    client, headers = client_of(app, people_of(app).ada)
    token = headers["X-CSRFToken"]

    def post(path: str, **form: str) -> int:
        return client.post(path, data={"csrf_token": token, **form}).status_code

    entry = {"phrase": "operator failed to", "rule": "failed-to", "reason": "a set <b>phrase</b>"}
    assert post("/settings/wording", **{**entry, "reason": ""}) == 422
    assert post("/settings/wording", **entry) == 303
    page = client.get("/settings/wording").get_data(as_text=True)
    assert "operator failed to" in page
    assert "a set &lt;b&gt;phrase" in page
    check = client.post("/wording/check", json={"text": BLAME}, headers=headers)
    assert check.get_json() == {"findings": []}
    assert 'phrase: "operator failed to"' in client.get("/settings/wording.yaml").get_data(
        as_text=True
    ).replace('"phrase"', "phrase")
    found = re.search(r'name="id" value="(\w{32})"', page)
    assert found is not None
    changing = client.get(f"/settings/wording?change={found[1]}").get_data(as_text=True)
    assert "Change a phrase" in changing
    assert post("/settings/wording/remove", id=found[1]) == 303
    check = client.post("/wording/check", json={"text": BLAME}, headers=headers)
    assert len(check.get_json()["findings"]) == 1
    assert "took off" in client.get("/settings/wording").get_data(as_text=True)


def test_the_file_of_the_home_folder_holds_and_is_taken_over(sqlite_app: Flask) -> None:
    client, headers = client_of(sqlite_app, people_of(sqlite_app).ada)
    home = sqlite_app.extensions["rca_settings"].home
    home.mkdir(exist_ok=True)
    (home / "wording-allow.yaml").write_text("- {rule: failed-to, phrase: operator failed to}\n")
    check = client.post("/wording/check", json={"text": BLAME}, headers=headers)
    assert check.get_json() == {"findings": []}
    assert "Put 1 entry of the file" in client.get("/settings/wording").get_data(as_text=True)
    client.post("/settings/wording/take", data={"csrf_token": headers["X-CSRFToken"]})
    (home / "wording-allow.yaml").unlink()
    check = client.post("/wording/check", json={"text": BLAME}, headers=headers)
    assert check.get_json() == {"findings": []}


def test_the_list_is_changed_by_admins_only(sqlite_app: Flask) -> None:
    client, headers = client_of(sqlite_app, people_of(sqlite_app).ravi)
    assert client.get("/settings/wording").status_code == 403
    form = {"csrf_token": headers["X-CSRFToken"], "phrase": "x", "rule": "*", "reason": "y"}
    assert client.post("/settings/wording", data=form).status_code == 403
