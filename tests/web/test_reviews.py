"""Reviews and PDFs over the web: who may read, what is shown, what is cached."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select
from werkzeug.test import TestResponse

from rca.jobs import run_due
from rca.reports.rendering import RenderingFailed
from rca.services import documents, reviews
from rca.store import tables as t
from rca.store.engine import reading, writing
from tests.conftest import NOW
from tests.people import People
from tests.services.quarters import fill, incident, put
from tests.web.conftest import form_token, people_of, sign_in

SUMMER = datetime(2026, 7, 2, 8, tzinfo=UTC)


@pytest.fixture
def world(app: Flask) -> People:
    """Six published incidents of the third quarter and one that only members know of."""
    people = people_of(app)
    with writing(app.extensions["rca_engine"]) as session:
        fill(session, people.ines, SUMMER, 6)
        hidden = incident(SUMMER, title="Canary breach", visibility="restricted")
        put(session, people.ines, hidden, at=SUMMER)
    return people


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand in for the child process, which tests/reports drives; keeps what it was given."""
    given: list[str] = []

    def pdf(html: str, *_: object, **__: object) -> bytes:
        given.append(html)
        return b"%PDF-1.7 stand-in"

    def draw(charts: object, **_: object) -> dict[str, str]:
        return {c.name: f"<svg><title>{c.name}</title></svg>" for c in charts}  # type: ignore[attr-defined]

    monkeypatch.setattr(documents, "make_pdf", pdf)
    monkeypatch.setattr(documents, "draw_charts", draw)
    return given


def made(app: Flask, client: FlaskClient, path: str) -> TestResponse:
    """What an address answers once the worker has done what it asked for."""
    client.get(path)
    run_due(app.extensions["rca_engine"], app.extensions["rca_settings"], now=NOW)
    return client.get(path)


def test_the_list_and_one_quarter(app: Flask, world: People) -> None:
    client = sign_in(app, world.vera)
    listing = client.get("/reviews").get_data(as_text=True)
    assert '<a class="qlist__name" href="/reviews/2026-Q3?live=1">' in listing
    page = client.get("/reviews/2026-Q3").get_data(as_text=True)
    assert "6 incidents published, with no earlier quarter to compare with." in page
    assert page.count("<h1") == 1
    for part in (
        "Volume and severity",
        "Durations",
        "AI influence",
        "Follow-through",
        "Definitions",
    ):
        assert f">{part}</h2>" in page
    assert page.count("<figure") == page.count("The same as a table")


def test_pages_know_nothing_of_restricted_records(
    app: Flask, world: People, rendered: list[str]
) -> None:
    client = sign_in(app, world.ines)
    for path in (
        "/reviews/2026-Q3",
        "/reviews/2026-Q3/numbers.md",
        "/reviews/2026-Q3/numbers.json",
    ):
        assert "Canary" not in client.get(path).get_data(as_text=True)
    assert made(app, client, "/reviews/2026-Q3.pdf").status_code == 200
    assert "Canary" not in rendered[0]


def test_page_and_pdf_say_the_same(app: Flask, world: People, rendered: list[str]) -> None:
    client = sign_in(app, world.vera)
    page = client.get("/reviews/2026-Q3").get_data(as_text=True)
    made(app, client, "/reviews/2026-Q3.pdf")
    data = client.get("/reviews/2026-Q3/numbers.json").get_json()
    for tile in data["tiles"]:
        for text in (page, rendered[0]):
            assert tile["say"] in text
            assert tile["n"] in text
    for section in data["sections"]:
        for words in section["says"]:
            assert words.split(".")[0].replace("“", "") in page.replace("“", "")
            assert words.split(".")[0].replace("“", "") in rendered[0].replace("“", "")


def test_a_pdf_is_rendered_once_for_the_same_data(
    app: Flask, world: People, rendered: list[str]
) -> None:
    client = sign_in(app, world.vera)
    first, again = (made(app, client, "/reviews/2026-Q3.pdf") for _ in range(2))
    assert first.data == again.data
    assert first.mimetype == "application/pdf"
    assert "reliability-review-2026-Q3.pdf" in first.headers["Content-Disposition"]
    assert len(rendered) == 1
    with writing(app.extensions["rca_engine"]) as session:
        put(session, world.ines, incident(SUMMER), at=SUMMER)
    made(app, client, "/reviews/2026-Q3.pdf")
    made(app, client, "/reviews/2026-Q3.pdf?paper=letter")
    assert len(rendered) == 3


def test_no_page_renders_and_one_that_waits_asks_again(
    app: Flask, world: People, rendered: list[str]
) -> None:
    client = sign_in(app, world.vera)
    waiting = client.get("/reviews/2026-Q3.pdf")
    assert waiting.status_code == 202
    every, _, address = waiting.headers["Refresh"].partition("; url=")
    assert every == "2"
    assert "Waiting for the worker" in waiting.get_data(as_text=True)
    told = client.get("/reviews/2026-Q3.pdf", headers={"Accept": "application/json"})
    assert (told.status_code, told.get_json()["state"]) == (202, "waiting")
    assert told.get_json()["wait"] == address
    assert client.get(address).headers["Refresh"] == waiting.headers["Refresh"]
    assert rendered == []
    with reading(app.extensions["rca_engine"]) as session:
        queued = session.exec(select(t.Job).where(t.Job.key.startswith("print:"))).all()
    assert len(queued) == 1
    done = made(app, client, address)
    assert (done.status_code, done.headers["Location"]) == (303, "/reviews/2026-Q3.pdf")
    assert client.get(done.headers["Location"]).mimetype == "application/pdf"
    away = address.partition("?")[0] + "?to=https://elsewhere.example/"
    assert client.get(away).headers["Location"] == "/reviews"


def test_who_waits_does_not_put_the_document_together_again(
    app: Flask, world: People, rendered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(app, world.vera)
    address = client.get("/reviews/2026-Q3.pdf").headers["Refresh"].partition("; url=")[2]

    def built(*_: object, **__: object) -> None:
        raise AssertionError("the review was computed to say how far its print is")

    monkeypatch.setattr(reviews, "build", built)
    assert client.get(address).status_code == 202
    assert rendered == []


def test_a_document_is_stopped_and_a_failure_is_said(
    app: Flask, world: People, rendered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(app, world.vera)
    page = client.get("/reviews/2026-Q3.pdf").get_data(as_text=True)
    stop = re.search(r'action="(/documents/[0-9a-f]{64}/stop)"', page)
    assert stop
    token = {"csrf_token": form_token(client)}
    assert client.post(stop[1], data=token).status_code == 303
    run_due(app.extensions["rca_engine"], app.extensions["rca_settings"], now=NOW)
    assert rendered == []

    def slow(*_: object, **__: object) -> bytes:
        raise RenderingFailed("The document took longer than 55 seconds and was stopped.")

    monkeypatch.setattr(documents, "make_pdf", slow)
    failed = made(app, client, "/reviews/2026-Q3.pdf")
    assert failed.status_code == 503
    assert "took longer than 55 seconds" in failed.get_data(as_text=True)
    again = {**token, "back": "https://elsewhere.example/"}
    answer = client.post(stop[1].replace("/stop", "/again"), data=again)
    assert answer.headers["Location"] == "/reviews"


def test_restricted_prints_are_kept_for_minutes_only(
    app: Flask, world: People, rendered: list[str]
) -> None:
    client = sign_in(app, world.ines)
    assert made(app, client, "/postmortems/INC-2026-0007.pdf").status_code == 200
    assert sign_in(app, world.otto).get("/postmortems/INC-2026-0007.pdf").status_code == 404
    made(app, client, "/postmortems/INC-2026-0001.pdf")
    assert len(rendered) == 2
    with writing(app.extensions["rca_engine"]) as session:
        later = NOW + documents.RESTRICTED_KEPT + timedelta(seconds=1)
        documents.ask_drawings(session, (), now=later)
        names = session.exec(select(t.PrintedDocument.name)).all()
    assert "INC-2026-0001.pdf" in names
    assert "INC-2026-0007.pdf" not in names


@pytest.mark.usefixtures("rendered")
def test_a_restricted_pdf_is_its_members_alone(app: Flask, world: People) -> None:
    for viewer, status in ((world.ines, 202), (world.otto, 404), (world.ada, 404)):
        found = sign_in(app, viewer).get("/postmortems/INC-2026-0007.pdf")
        assert found.status_code == status
    assert sign_in(app, None).get("/postmortems/INC-2026-0007.pdf").status_code == 303


@pytest.mark.usefixtures("rendered")
def test_charts_are_pictures_first_and_inline_when_drawn(app: Flask, world: People) -> None:
    client = sign_in(app, world.vera)
    page = client.get("/reviews/2026-Q3").get_data(as_text=True)
    picture = "/reviews/2026-Q3/charts/durations.svg?live=1"
    assert f'<img src="{picture}"' in page
    placeholder = client.get(picture)
    assert placeholder.status_code == 202
    assert b"Being drawn" in placeholder.data
    drawing = made(app, client, picture)
    assert (drawing.status_code, drawing.mimetype) == (200, "image/svg+xml")
    page = client.get("/reviews/2026-Q3").get_data(as_text=True)
    assert "<svg><title>durations</title></svg>" in page
    assert "data-chart" not in page
    assert client.get("/reviews/2026-Q3/charts/nothing.svg").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/reviews/2019-Q1", 404),
        ("/reviews/nonsense", 404),
        ("/reviews/2026-Q3/numbers.exe", 404),
        ("/reviews/2026-Q3.pdf?paper=a0", 422),
        ("/postmortems/INC-2026-0001.pdf?variant=odd", 422),
        ("/postmortems/INC-2026-0001.pdf?variant=customer", 409),
        ("/postmortems/INC-1999-0001.pdf", 404),
    ],
)
@pytest.mark.usefixtures("rendered")
def test_wrong_addresses_are_answered_kindly(
    app: Flask, world: People, path: str, status: int
) -> None:
    assert sign_in(app, world.vera).get(path).status_code == status


def test_without_pango_the_page_works_and_the_pdf_says_what_to_install(
    app: Flask, world: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rca.errors import Unavailable

    def missing(*_: object, **__: object) -> bytes:
        raise Unavailable("PDF needs Pango")

    monkeypatch.setattr(documents, "make_pdf", missing)
    monkeypatch.setattr(documents, "draw_charts", lambda *_, **__: {})
    client = sign_in(app, world.vera)
    assert client.get("/reviews/2026-Q3").status_code == 200
    answer = made(app, client, "/reviews/2026-Q3.pdf")
    assert answer.status_code == 503
    assert "PDF needs Pango" in answer.get_data(as_text=True)


@pytest.mark.usefixtures("rendered")
def test_the_policy_of_the_page_holds(app: Flask, world: People) -> None:
    page = sign_in(app, world.vera).get("/reviews/2026-Q3").get_data(as_text=True)
    assert " style=" not in page
    assert "<style" not in page


# Empty periods and instances


def test_an_empty_period_says_where_there_are_incidents(app: Flask, world: People) -> None:
    client = sign_in(app, world.vera)
    answer = client.get("/reviews/2019-Q1")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 404
    assert "No incident of January to March 2019 is on record" in page
    assert 'href="/reviews/2026-Q3?live=1"' in page
    assert 'aria-current="page">Reviews' in page
    assert "Not found" in client.get("/reviews/nonsense").get_data(as_text=True)
    told = client.get("/reviews/2019-Q1", headers={"Accept": "application/json"})
    assert (told.status_code, told.mimetype) == (404, "application/problem+json")


def test_an_instance_without_incidents_offers_what_can_be_done(app: Flask) -> None:
    people = people_of(app)
    writer = sign_in(app, people.ines).get("/reviews").get_data(as_text=True)
    assert "Nothing to review yet." in writer
    assert 'href="/postmortems/new"' in writer
    assert "New review" not in writer
    reader = sign_in(app, people.vera).get("/reviews").get_data(as_text=True)
    assert "Nothing to review yet." in reader
    assert 'class="btn btn--primary" href="/postmortems/new"' not in reader
    alone = sign_in(app, people.ines).get("/reviews/2026-Q3").get_data(as_text=True)
    assert "No incident of July to September 2026 is on record." in alone


def test_a_new_review_proposes_the_last_quarter_and_asks_kindly_for_one(
    app: Flask, world: People
) -> None:
    client = sign_in(app, world.ines)
    page = client.get("/reviews/new").get_data(as_text=True)
    assert re.search(r'<option value="2026-Q3" selected>', page), "the clock stands in October"
    answer = client.post("/reviews/new", data={"csrf_token": form_token(client)})
    assert answer.status_code == 422
    assert "Choose a quarter, or give its first and last day." in answer.get_data(as_text=True)


@pytest.mark.usefixtures("rendered")
def test_a_page_with_all_its_charts_computes_its_figures_once(
    app: Flask, world: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, whole = [], reviews.build

    def build(*given: Any, **named: Any) -> Any:
        asked.append(named)
        return whole(*given, **named)

    monkeypatch.setattr(reviews, "build", build)
    client = sign_in(app, world.vera)
    page = client.get("/reviews/2026-Q3").get_data(as_text=True)
    pictures = re.findall(r'<img src="(/reviews/[^"]+\.svg[^"]*)"', page)
    assert len(pictures) > 8
    for picture in pictures:
        assert client.get(picture.replace("&amp;", "&")).status_code == 202
    client.get("/reviews/2026-Q3/numbers.json?live=1")
    assert len(asked) == 1
    other = sign_in(app, world.otto).get("/reviews/2026-Q3").get_data(as_text=True)
    assert "Canary breach" not in page + other
    assert len(asked) == 1
