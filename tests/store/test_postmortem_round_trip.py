"""What is stored comes back equal, on both databases."""

from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from rca.domain.vocabulary import Status
from rca.services import authoring
from rca.services.visibility import find_postmortem
from rca.store import migrate
from rca.store.engine import reading, writing
from rca.store.postmortems import load_content
from tests.factories import rich, rich_data
from tests.people import People, make_people


def test_every_field_survives(engine: Engine, now: datetime) -> None:
    with writing(engine) as session:
        people = make_people(session, now)
        content = rich()
        made = authoring.create(session, viewer=people.ines, content=content, now=now)
    with reading(engine) as session:
        row = find_postmortem(session, people.vera, made.reference)
        stored = load_content(session, row)
    assert stored.model_copy(update={"participants": []}) == content
    assert stored.participants[0].user_id == people.ines.user_id


def test_schema_equals_the_tables(engine: Engine) -> None:
    assert migrate.differences(engine) == []


def test_an_edit_replaces_rows_and_keeps_links(
    session: Session, people: People, now: datetime
) -> None:
    data = rich_data()
    made = authoring.create(
        session, viewer=people.ines, content=authoring.parse_content(data), now=now
    )
    data["timeline"] = data["timeline"][:1]
    data["actions"] = []
    saved = authoring.save(
        session,
        viewer=people.ines,
        reference=made.reference,
        content=authoring.parse_content(data),
        base_version=made.version,
        now=now,
    )
    row = find_postmortem(session, people.ines, made.reference)
    session.expire_all()
    stored = load_content(session, row)
    assert saved.status is Status.DRAFT
    assert [entry.text for entry in stored.timeline] == ["Pool size halved by the rollout."]
    assert stored.factors[0].timeline_ids == [stored.timeline[0].id]
    assert stored.actions == []
