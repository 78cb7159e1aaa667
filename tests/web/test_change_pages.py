"""The page “What shipped before this”: reading, marking, confirming, and who may."""

import re
from datetime import datetime

from flask import Flask
from sqlmodel import Session

from rca.services import authoring
from rca.store.engine import writing
from tests.factories import rich
from tests.people import People
from tests.services.test_correlation import _world as world
from tests.web.conftest import form_token, people_of, sign_in


def _site(app: Flask, now: datetime) -> tuple[People, str]:
    people = people_of(app)
    with writing(app.extensions["rca_engine"]) as session:
        return people, _written(session, people, now)


def _written(session: Session, people: People, now: datetime) -> str:
    world(session, now)
    content = rich(services=["checkout"], ai_influences=[])
    return authoring.create(session, viewer=people.ines, content=content, now=now).reference


def _version(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def test_reading_marking_and_confirming_without_scripts(app: Flask, now: datetime) -> None:
    people, reference = _site(app, now)
    client = sign_in(app, people.ines)
    address = f"/postmortems/{reference}/changes"
    page = client.get(address).get_data(as_text=True)
    assert "Halve the pool" in page
    assert "does not make it a reason" in page
    data = {"csrf_token": form_token(client), "version": _version(page), "change": "near",
            "relation": "suspect", "hours": "24"}  # fmt: skip
    answer = client.post(address, data=data)
    assert (answer.status_code, answer.location) == (303, f"{address}?hours=24")
    page = client.get(answer.location).get_data(as_text=True)
    assert "AI influence, proposed from evidence" in page
    row = re.search(
        r'name="version" value="(\d+)"><input type="hidden" name="row" value="(\w+)"', page
    )
    assert row
    client.post(f"{address}/confirm", data={**data, "version": row[1], "row": row[2]})
    page = client.get(address).get_data(as_text=True)
    assert "proposed from evidence" not in page
    stale = client.post(address, data={**data, "relation": "fixed"}, follow_redirects=True)
    assert "Somebody changed this section meanwhile" in stale.get_data(as_text=True)


def test_a_reader_sees_marks_and_may_not_set_them(app: Flask, now: datetime) -> None:
    people, reference = _site(app, now)
    client = sign_in(app, people.vera)
    page = client.get(f"/postmortems/{reference}/changes").get_data(as_text=True)
    assert 'name="relation"' not in page
    part = client.get(f"/postmortems/{reference}/changes?part").get_data(as_text=True)
    assert "<html" not in part
    assert "Shipped before is not yet a reason" in part
    data = {"csrf_token": form_token(client), "change": "near", "relation": "suspect"}
    assert client.post(f"/postmortems/{reference}/changes", data=data).status_code == 403


def test_what_the_detectors_saw_stands_behind_the_state(app: Flask, now: datetime) -> None:
    people, reference = _site(app, now)
    page = sign_in(app, people.vera).get(f"/postmortems/{reference}/changes").get_data(as_text=True)
    assert "1 finding" in page
    assert "<q>Co-authored-by: Claude &lt;noreply@anthropic.com&gt;</q>" in page


def test_ai_in_the_response_is_proposed_on_a_press(app: Flask, now: datetime) -> None:
    people = people_of(app)
    with writing(app.extensions["rca_engine"]) as session:
        world(session, now)
        timeline = [{"text": "We asked ChatGPT for the flag; the flag does not exist"}]
        content = rich(services=["checkout"], ai_influences=[], timeline=timeline)
        reference = authoring.create(
            session, viewer=people.ines, content=content, now=now
        ).reference
    client = sign_in(app, people.ines)
    address = f"/postmortems/{reference}/changes"
    page = client.get(address).get_data(as_text=True)
    assert "1 line of the timeline tells of an AI in the response" in page
    found = re.search(r'changes/response".*?name="version" value="(\d+)"', page)
    assert found
    form = {"csrf_token": form_token(client), "version": found[1]}
    assert client.post(f"{address}/response", data=form).status_code == 303
    page = client.get(address).get_data(as_text=True)
    assert "line of the timeline tells" not in page
    assert "Incident response: gave advice" in page
