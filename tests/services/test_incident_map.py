"""The map: one organisation at a time, labels that never lie on each other, open records only."""

import random
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import select

from rca.domain.postmortem import PostmortemContent
from rca.services.incident_map import map_of_incidents
from rca.services.map_labels import HEIGHT, WIDTH, Box, _box, place_labels
from rca.services.mining import mine_now
from rca.services.mining_readiness import Readiness, readiness
from rca.store import tables as t
from rca.store.engine import reading, writing
from tests.mining.corpus import company
from tests.people import make_people
from tests.services.test_mining_runs import publish


def test_no_label_lies_on_another_or_on_an_incident_or_outside() -> None:
    rng = random.Random(7)
    groups = {
        f"P-{n:02d}": [(rng.uniform(20, 740), rng.uniform(20, 500)) for _ in range(3)]
        for n in range(40)
    }
    dots = [Box.around(x, y, 5.0) for places in groups.values() for x, y in places]
    labels = place_labels(groups, dots)
    boxes = [_box(label.x, label.y, len(label.text) * 9.5) for label in labels]
    assert len(labels) > 30
    for place, box in enumerate(boxes):
        assert 0 <= box.left < box.right <= WIDTH
        assert 0 <= box.top < box.bottom <= HEIGHT
        assert not any(box.meets(other) for other in [*boxes[:place], *dots])


def test_where_there_is_no_room_there_is_no_label() -> None:
    crowd = [Box.around(x, y, 5.0) for x in range(0, 761, 10) for y in range(0, 521, 10)]
    assert place_labels({"P-01": [(380.0, 260.0)]}, crowd) == ()


def test_a_map_is_of_one_organisation_and_of_open_records(engine: Engine, now: datetime) -> None:
    with reading(engine) as session:
        assert readiness(session) == Readiness(published=0, unpublished=0, asked=False)
    with writing(engine) as session:
        people = make_people(session, now)
        refs = {}
        for record in company():
            for whose in ("own", "Elsewhere"):
                content = PostmortemContent(
                    title=record.title, imported_text=record.text, organisation=whose
                )
                refs[record.id, whose] = publish(session, people, content, now)
    mine_now(engine, now=now)
    with writing(engine) as session:
        hidden = refs["cert-1", "own"]
        row = session.exec(select(t.PostmortemRow).where(t.PostmortemRow.reference == hidden)).one()
        row.visibility = "restricted"
        session.add(row)
    with reading(engine) as session:
        own = map_of_incidents(session)
        other = map_of_incidents(session, organisation="Elsewhere")
        ready = readiness(session)
    assert own.organisations == (("own", 17), ("Elsewhere", 18))
    assert {p.reference for p in own.points} == {
        ref for (_, whose), ref in refs.items() if whose == "own" and ref != hidden
    }
    assert len(other.points) == 18
    assert not {p.reference for p in own.points} & {p.reference for p in other.points}
    near = {p.reference: p.nearest for p in other.points}
    assert near[refs["cert-2", "Elsewhere"]] in {refs[f"cert-{n}", "Elsewhere"] for n in (1, 3, 4)}
    assert hidden not in {p.nearest for p in own.points}
    assert all(0 < p.x < WIDTH and 0 < p.y < HEIGHT for p in own.points)
    assert {label.text for label in own.labels} <= {key for key, _, _ in own.patterns}
    assert (ready.published, ready.asked) == (35, True)  # each publication asks for a run
