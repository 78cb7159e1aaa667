"""Pattern pages: reachable, honest when empty, decided on by reviewers only."""

import re

from flask import Flask
from sqlmodel import select

from rca.domain.postmortem import PostmortemContent
from rca.services.briefs import pattern_document
from rca.services.mining import mine_now
from rca.store import tables as t
from rca.store.engine import reading, writing
from tests.conftest import NOW
from tests.mining.corpus import company
from tests.people import People
from tests.services.test_mining_runs import publish
from tests.web.conftest import people_of, sign_in

PAGES = ("/patterns", "/patterns/findings", "/patterns/map", "/patterns/themes")


def fill(app: Flask, people: People) -> None:
    with writing(app.extensions["rca_engine"]) as session:
        for record in company():
            content = PostmortemContent(title=record.title, imported_text=record.text)
            publish(session, people, content, NOW)
    mine_now(app.extensions["rca_engine"], now=NOW)


def test_it_works_before_any_run(sqlite_app: Flask) -> None:
    client = sign_in(sqlite_app, people_of(sqlite_app).vera)
    for page in PAGES:
        shown = client.get(page)
        assert shown.status_code == 200, page
        assert "There is nothing to look through yet." in shown.get_data(as_text=True), page


def test_every_empty_page_names_the_next_step(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    engine = sqlite_app.extensions["rca_engine"]
    with writing(engine) as session:
        for record in company()[:2]:
            content = PostmortemContent(title=record.title, imported_text=record.text)
            publish(session, people, content, NOW)
        for job in session.exec(select(t.Job)):
            session.delete(job)
    reviewer, reader = sign_in(sqlite_app, people.ravi), sign_in(sqlite_app, people.vera)
    for page in PAGES:
        text = reviewer.get(page).get_data(as_text=True)
        assert "No run has looked at the 2 published postmortems yet." in text, page
        assert "Look now" in text, page
        assert "Look now" not in reader.get(page).get_data(as_text=True), page
    mine_now(engine, now=NOW)
    told = {
        "/patterns": "Patterns begin to show with some ten published postmortems",
        "/patterns/findings": "a comparison needs at least three incidents on each side",
        "/patterns/map": "A map needs three published incidents of one organisation",
        "/patterns/themes": "Themes need 100 records; there are 2.",
    }
    for page, words in told.items():
        assert words in reader.get(page).get_data(as_text=True), page


def test_patterns_are_listed_and_each_opens(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    fill(sqlite_app, people)
    client = sign_in(sqlite_app, people.vera)
    for page in PAGES:
        assert client.get(page).status_code == 200, page
    listing = client.get("/patterns").get_data(as_text=True)
    links = sorted(set(re.findall(r'href="(/patterns/P-\d+)"', listing)))
    assert len(links) == 3
    shown = client.get(links[0]).get_data(as_text=True)
    assert "Why these incidents are together" in shown
    assert "<mark>" in shown
    assert "Not a pattern, because" not in shown


def test_a_reviewer_decides_and_a_reader_may_not(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    fill(sqlite_app, people)
    reader = sign_in(sqlite_app, people.vera)
    reviewer = sign_in(sqlite_app, people.ravi)
    page = reviewer.get("/patterns/P-01").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = {"csrf_token": token[1], "name": "Our <own> words"}
    done = reviewer.post("/patterns/P-01/rename", data=form)
    assert done.status_code == 303
    page = reviewer.get("/patterns/P-01").get_data(as_text=True)
    assert "Our &lt;own&gt; words" in page
    assert reader.post("/patterns/P-01/rename", data=form).status_code in (400, 403)
    assert reader.get("/patterns/P-99").status_code == 404


def test_the_list_is_narrowed_and_says_what_it_leaves_out(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    fill(sqlite_app, people)
    client = sign_in(sqlite_app, people.vera)

    def listed(query: str) -> set[str]:
        text = client.get(f"/patterns?{query}").get_data(as_text=True)
        return set(re.findall(r'href="/patterns/(P-\d+)"', text))

    assert len(listed("")) == 3
    assert len(listed("cause=expiry_credential_lifecycle")) == 1
    assert listed("q=exclusive+lock") == listed("q=LOCK") != set()
    assert len(listed("guardrail=accepted")) == 0
    assert len(listed("state=proposed&order=actions")) == 3
    none = client.get("/patterns?q=zeppelin").get_data(as_text=True)
    assert "No pattern matches all of that." in none
    assert "Show all 3 patterns" in none


def test_a_joined_pattern_keeps_a_page_that_says_where_it_went(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    fill(sqlite_app, people)
    client = sign_in(sqlite_app, people.ravi)
    page = client.get("/patterns/P-01").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = {"csrf_token": token[1], "other": "P-02"}
    assert client.post("/patterns/P-01/merge", data=form).status_code == 303
    assert "8</b> incidents" in client.get("/patterns").get_data(as_text=True)
    left = client.get("/patterns/P-02")
    assert left.status_code == 200
    assert 'Joined to <a href="/patterns/P-01">P-01</a>' in left.get_data(as_text=True)
    with reading(sqlite_app.extensions["rca_engine"]) as session:
        brief = pattern_document(session, identifier="P-02", now=NOW, organisation="Fernwick")
    assert brief.html


def test_a_cause_beyond_the_surest_comparisons_is_not_said_to_have_none(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    tier = {"dimension": "tier", "answered": 30, "unknown": 0, "records": 30, "comparisons": 5}
    result = {"comparisons": 5, "findings": [], "coverage": [tier]}
    with writing(sqlite_app.extensions["rca_engine"]) as session:
        session.add(t.MiningRun(id="r", started_at=NOW, finished_at=NOW, data_digest="sha256:0",
                                records=30, result=result))  # fmt: skip
    client = sign_in(sqlite_app, people.vera)
    page = client.get("/patterns/findings?cause=dns&question=tier").get_data(as_text=True)
    assert "is among the surest" in page
    assert "No comparison could be made" not in page
