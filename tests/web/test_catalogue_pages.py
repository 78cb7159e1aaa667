"""Services, freeze windows and drills: who may change them, and that no write is lost."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session, select

from rca.domain.catalogue import DrillEntry, ServiceEntry
from rca.errors import Conflict, Forbidden, Invalid
from rca.services import authoring, catalogue
from rca.services import catalogue_changes as changes
from rca.store import tables as t
from rca.store.engine import writing
from tests.conftest import NOW
from tests.factories import rich
from tests.people import People
from tests.web.conftest import form_token, people_of, sign_in

CHECKOUT = {"name": "checkout", "tier": "1", "owning_team": "Storefront"}


def _add(session: Session, people: People, **values: str) -> str:
    entry = changes.parse(ServiceEntry, values)
    return changes.save_service(session, viewer=people.ravi, entry=entry, now=NOW)


def test_it_works(session: Session, people: People) -> None:
    _add(session, people, name="payments")
    _add(session, people, **CHECKOUT, depends_on="payments\n\npayments", path_globs="a/**, b/**")
    found = catalogue.find_service(session, name="checkout")
    assert (found.tier, found.owning_team, found.depends_on) == (1, "Storefront", ("payments",))
    assert found.path_globs == ("a/**", "b/**")
    assert catalogue.find_service(session, name="payments").used_by == ("checkout",)
    everything = catalogue.read_catalogue(session, now=NOW)
    assert [service.name for service in everything.services] == ["checkout", "payments"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "new"}, "name"),
        ({"name": "x", "kill_switch_url": "javascript:alert(1)"}, "kill_switch_url"),
        ({"name": "x", "kill_switch_tested_at": "yesterday"}, "kill_switch_tested_at"),
        ({"name": "x", "data_store": "perhaps"}, "data_store"),
        ({"name": "x\x00"}, "name"),
    ],
)
def test_what_a_service_may_not_be(values: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        changes.parse(ServiceEntry, values)
    assert field in {problem.path for problem in refused.value.problems}


def test_an_unknown_dependency_and_a_taken_name_are_refused(
    session: Session, people: People
) -> None:
    with pytest.raises(Invalid, match="Add it first"):
        _add(session, people, name="search", depends_on="nowhere")
    _add(session, people, name="payments")
    with pytest.raises(Invalid, match="already a service"):
        _add(session, people, name="payments")


def test_a_second_writer_is_told(session: Session, people: People) -> None:
    _add(session, people, **CHECKOUT)
    found = catalogue.find_service(session, name="checkout")
    entry = changes.parse(ServiceEntry, {**CHECKOUT, "tier": "0"})
    write = {"entry": entry, "now": NOW, "service_id": found.id, "base_version": found.version}
    changes.save_service(session, viewer=people.ravi, **write)
    with pytest.raises(Conflict):
        changes.save_service(session, viewer=people.ada, **write)
    assert catalogue.find_service(session, name="checkout").tier == 0


def test_only_reviewers_change_it_and_each_change_is_audited(
    session: Session, people: People
) -> None:
    entry = changes.parse(ServiceEntry, CHECKOUT)
    for person in (people.vera, people.ines):
        with pytest.raises(Forbidden):
            changes.save_service(session, viewer=person, entry=entry, now=NOW)
    _add(session, people, **CHECKOUT)
    acts = session.exec(select(t.AuditEvent).where(t.AuditEvent.object_kind == "service")).all()
    assert [(act.actor, act.action) for act in acts] == [("ravi", "service.add")]


def test_time_to_recover_is_derived(session: Session, people: People) -> None:
    _add(session, people, **CHECKOUT)
    entry = changes.parse(
        DrillEntry,
        {
            "service": "checkout",
            "scenario": "Restore the basket store",
            "started_at": "2026-09-01 09:00",
            "recovered_at": "2026-09-01 10:25",
        },
    )
    changes.save_drill(session, viewer=people.ravi, entry=entry, now=NOW)
    drill = catalogue.find_service(session, name="checkout").last_drill
    assert drill is not None
    assert drill.recovery is not None
    assert drill.recovery.total_seconds() == 85 * 60


def test_names_in_postmortems_are_offered_but_not_those_of_restricted_ones(app: Flask) -> None:
    people = people_of(app)
    with writing(app.extensions["rca_engine"]) as session:
        for content in (
            rich(services=["basket"]),
            rich(
                services=["payroll"],
                visibility="restricted",
                participants=[{"role": "member", "name": "Ravi"}],
            ),
        ):
            saved = authoring.create(session, viewer=people.ines, content=content, now=NOW)
            for step, viewer in (
                (authoring.submit, people.ines),
                (authoring.approve, people.ravi),
                (authoring.publish, people.ravi),
            ):
                saved = step(
                    session,
                    viewer=viewer,
                    reference=saved.reference,
                    base_version=saved.version,
                    now=NOW,
                )
    page = sign_in(app, people.ada).get("/services").text
    assert "basket" in page
    assert "payroll" not in page


def _form(client: FlaskClient, path: str, **values: str) -> dict[str, str]:
    return {"csrf_token": form_token(client, path), **values}


def test_a_conflict_keeps_what_was_typed(app: Flask) -> None:
    people = people_of(app)
    with writing(app.extensions["rca_engine"]) as session:
        _add(session, people, **CHECKOUT)
    client = sign_in(app, people.ravi)
    path = "/services/checkout/edit"
    stale = _form(client, path, **CHECKOUT, version="1", data_store="yes",
                  deletion_protected="unknown", description="First words")  # fmt: skip
    assert client.post(path, data=stale).status_code == 303
    answer = client.post(path, data={**stale, "description": "Second words"})
    assert answer.status_code == 409
    assert "Second words" in answer.text
    assert 'name="version" value="2"' in answer.text


def test_a_refused_form_keeps_what_was_typed(app: Flask) -> None:
    client = sign_in(app, people_of(app).ravi)
    data = _form(client, "/services/freezes/new", name="Sale", starts_at="2026-12-01 10:00",
                 ends_at="2026-11-01 10:00", kinds="schema")  # fmt: skip
    answer = client.post("/services/freezes/new", data=data)
    assert answer.status_code == 422
    assert "It must end after it starts." in answer.text
    assert 'value="Sale"' in answer.text
    data["ends_at"] = "2026-12-02 10:00"
    assert client.post("/services/freezes/new", data=data).status_code == 303
    assert "Sale" in client.get("/services").text
