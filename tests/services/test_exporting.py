"""Exports show what the viewer may read, with roles instead of names where asked."""

import json
from datetime import datetime

import pytest
from sqlmodel import Session

from rca.domain.postmortem import PostmortemContent
from rca.errors import Invalid, NotFound
from rca.formats import markdown
from rca.formats.intake import read
from rca.formats.mapping import Assume
from rca.services import authoring, exporting
from rca.services.roles_only import without_names
from tests.factories import rich
from tests.formats.contents import without_ids
from tests.people import People

PEOPLE = [
    {"role": "incident_commander", "name": "Ana Souza"},
    {"role": "responder", "name": "Li Wei"},
    {"role": "responder", "name": "Otto"},
]


def named() -> PostmortemContent:
    actions = [{"title": "Ask Li for the runbook", "owner": "Li Wei", "team": "Storefront"}]
    return rich(
        participants=PEOPLE,
        actions=actions,
        summary="Ana Souza saw it, then Ana asked @otto and li.wei@example.org. Redis was fine.",
    )


def test_roles_replace_names_everywhere() -> None:
    found = without_names(named())
    text = markdown.write(found)
    for name in ("Ana", "Souza", "Li ", "Otto", "otto", "li.wei", "Wei"):
        assert name not in text, name
    assert [person.name for person in found.participants] == [
        "Incident commander",
        "Responder 1",
        "Responder 2",
    ]
    assert found.actions[0].owner == "Responder 1"
    assert found.summary.startswith("Incident commander saw it")
    assert "Redis was fine." in found.summary
    assert found.services == ["checkout", "payments"]
    assert found.actions[0].team == "Storefront"


def test_a_role_longer_than_its_name_still_fits() -> None:
    content = rich(participants=PEOPLE, title=("Ana Souza " * 24).strip())
    assert len(without_names(content).title) <= 240


def test_markdown_comes_back_through_an_import(
    session: Session, people: People, now: datetime
) -> None:
    made = authoring.create(session, viewer=people.ines, content=named(), now=now)
    found = exporting.as_markdown(session, viewer=people.vera, reference=made.reference)
    parsed = read("x.md", found.text.encode(), Assume())
    assert parsed.refusals == ()
    assert parsed.drafts[0].reference == made.reference
    content = parsed.drafts[0].content
    stored = PostmortemContent.model_validate(
        json.loads(exporting.as_json(session, viewer=people.vera, reference=made.reference).text)[
            "content"
        ]
    )
    assert content.summary == stored.summary
    assert [f.statement for f in content.factors] == [f.statement for f in stored.factors]
    assert without_ids(markdown.read(found.text)) == {
        **without_ids(stored),
        "participants": [p.model_dump(mode="json") for p in stored.participants],
    }


def test_a_restricted_one_is_absent_to_outsiders(
    session: Session, people: People, now: datetime
) -> None:
    content = rich(visibility="restricted")
    made = authoring.create(session, viewer=people.ines, content=content, now=now)
    for export in (exporting.as_markdown, exporting.as_json, exporting.for_customers):
        with pytest.raises(NotFound):
            export(session, viewer=people.vera, reference=made.reference)
    assert exporting.as_json(session, viewer=people.ines, reference=made.reference).text


def test_customers_read_their_three_texts_only(
    session: Session, people: People, now: datetime
) -> None:
    content = rich(external_summary="Payments failed. Ana fixed it.", participants=PEOPLE)
    made = authoring.create(session, viewer=people.ines, content=content, now=now)
    text = exporting.for_customers(session, viewer=people.vera, reference=made.reference).text
    assert text.startswith("# Incident report, 2026-08-14\n")
    assert "Incident commander fixed it." in text
    for inside in ("pool", "checkout", made.reference, "Ana"):
        assert inside not in text
    blank = authoring.create(
        session, viewer=people.ines, content=PostmortemContent(title="x"), now=now
    )
    with pytest.raises(Invalid):
        exporting.for_customers(session, viewer=people.vera, reference=blank.reference)
