"""The list: filters, paging, chips, and what it says when nothing is found."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session

from rca.domain.access import Viewer
from rca.errors import Invalid
from rca.services import authoring, listing
from rca.services.listing import ListFilter
from rca.store.engine import writing
from tests.conftest import NOW
from tests.factories import rich
from tests.people import People
from tests.prepared import prepared
from tests.web.conftest import people_of, sign_in


def _write(session: Session, viewer: Viewer, **changes: object) -> str:
    return authoring.create(session, viewer=viewer, content=rich(**changes), now=NOW).reference


def _at(moment: str) -> list[dict[str, str]]:
    return [{"milestone": "impact_started_at", "value": moment}]


def _shown(client: FlaskClient, query: str) -> str:
    answer = client.get(f"/postmortems{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Vera, before whom three postmortems lie."""
    people = people_of(app)
    with writing(app.extensions["rca_engine"]) as session:
        prepared(session, "Alpha, Beta, Gamma", lambda: _three(session, people.ines))
    return sign_in(app, people.vera)


def _three(session: Session, ines: Viewer) -> None:
    _write(session, ines, title="Alpha", severity="SEV1", times=_at("2026-03-01 10:00"))
    _write(session, ines, title="Beta", severity="SEV3", services=["search"],
           times=_at("2026-08-01 10:00"), ai_influences=[])  # fmt: skip
    _write(session, ines, title="Gamma", severity=None, times=[], factors=[])


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", {"Alpha", "Beta", "Gamma"}),
        ("?severity=SEV1", {"Alpha"}),
        ("?severity=blank", {"Gamma"}),
        ("?severity=SEV1&service=search", set()),
        ("?service=search", {"Beta"}),
        ("?quarter=2026-Q1", {"Alpha"}),
        ("?quarter=undated", {"Gamma"}),
        ("?ai=unanswered", {"Beta"}),
        ("?ai=influenced", {"Alpha", "Gamma"}),
        ("?factor=config_change", {"Alpha", "Beta"}),
        ("?status=published", set()),
        ("?status=draft&q=beta", {"Beta"}),
        ("?q=INC-2026-0002", {"Beta"}),
        ("?q=zeppelin", set()),
        ("?q=%00", {"Alpha", "Beta", "Gamma"}),
        ("?q=%27%22*)(", set()),
        ("?severity=bogus", set()),
        ("?organisation=own", {"Alpha", "Beta", "Gamma"}),
    ],
)
def test_filters(client: FlaskClient, query: str, titles: set[str]) -> None:
    page = _shown(client, query)
    found = {title for title in ("Alpha", "Beta", "Gamma") if f">{title}</a>" in page}
    assert found == titles


def test_nothing_found_names_the_filter_to_remove(client: FlaskClient) -> None:
    page = _shown(client, "?severity=SEV1&service=search")
    assert "Nothing matches" in page
    assert "Without search" in page
    assert "Without SEV-1" in page
    assert 'href="/postmortems?severity=SEV1"' in page


def test_a_chip_takes_off_its_own_filter_only(client: FlaskClient) -> None:
    page = _shown(client, "?severity=SEV3&service=search&quarter=2026-Q3")
    assert 'href="/postmortems?service=search&amp;quarter=2026-Q3"' in page
    assert 'href="/postmortems?severity=SEV3&amp;service=search"' in page


def test_tabs_count_under_the_other_filters(client: FlaskClient) -> None:
    page = _shown(client, "?severity=SEV3")
    assert 'Draft <span class="count">1</span>' in page
    assert 'All <span class="count">1</span>' in page


def test_a_page_marker_of_somebody_else_is_refused_kindly(client: FlaskClient) -> None:
    answer = client.get("/postmortems?older=rubbish")
    assert answer.status_code == 422
    assert "not valid any more" in answer.text


def test_the_first_page_of_all(app: Flask) -> None:
    page = _shown(sign_in(app, people_of(app).ines), "")
    assert "Nothing has been written yet." in page


def _titles(page: listing.Page) -> list[str]:
    return [item.title for item in page.items]


def test_paging_forth_and_back_shows_each_once(session: Session, people: People) -> None:
    for number in range(7):
        # Two share an instant: the id decides, and none may be lost or shown twice.
        moment = NOW - timedelta(days=number // 2)
        _write(session, people.ines, title=f"N{number}", times=_at(f"{moment:%Y-%m-%d %H:%M}"))
    first = listing.list_postmortems(session, viewer=people.vera, limit=3)
    second = listing.list_postmortems(session, viewer=people.vera, limit=3, older_than=first.older)
    third = listing.list_postmortems(session, viewer=people.vera, limit=3, older_than=second.older)
    forth = _titles(first) + _titles(second) + _titles(third)
    assert sorted(forth) == [f"N{number}" for number in range(7)]
    assert (third.older, first.newer) == ("", "")
    back = listing.list_postmortems(session, viewer=people.vera, limit=3, newer_than=third.newer)
    assert _titles(back) == _titles(second)
    again = listing.list_postmortems(session, viewer=people.vera, limit=3, newer_than=back.newer)
    assert _titles(again) == _titles(first)
    assert again.newer == ""


def test_a_marker_must_be_ours(session: Session, people: People) -> None:
    for marker in ("x", "W10=", "WyJhIiwgImIiXQ==", "é"):
        with pytest.raises(Invalid):
            listing.list_postmortems(session, viewer=people.vera, older_than=marker)


def test_facets_offer_what_occurs_and_nothing_hidden(session: Session, people: People) -> None:
    _write(session, people.ines, services=["checkout"])
    _write(session, people.otto, services=["payroll"], visibility="restricted")
    assert listing.facets(session, viewer=people.vera).services == ("checkout",)
    assert listing.facets(session, viewer=people.otto).services == ("checkout", "payroll")
    counts = listing.counts_by_status(session, viewer=people.vera, wanted=ListFilter())
    assert counts == {"draft": 1}


def test_a_row_says_how_long_and_how_far(session: Session, people: People) -> None:
    _write(session, people.ines)
    (item,) = listing.list_postmortems(session, viewer=people.vera).items
    assert item.to_detect == timedelta(minutes=19)
    assert item.impact == timedelta(minutes=50)
    assert (item.done_actions, item.actions) == (0, 1)
    assert item.factor == "The config schema accepted a pool of 4."
