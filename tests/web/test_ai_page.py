"""The AI influence page: counts with denominators, honest when empty, open records only."""

import re
from datetime import datetime

from flask import Flask
from sqlalchemy import Engine

from rca.domain.access import OPERATOR
from rca.domain.change import ChangeRecord
from rca.services import authoring, changes
from rca.services.visibility import find_postmortem
from rca.store.engine import writing
from tests.factories import rich
from tests.web.conftest import people_of, sign_in


def _ledger(engine: Engine, now: datetime) -> None:
    records = [
        ChangeRecord.model_validate(
            {
                "key": f"{arm}{n}",
                "merged_at": "2026-03-01",
                "service": "checkout",
                "ai_state": state,
                "outcomes": {"reverted_30d": n < events},
                "lines_added": 5,
                "lines_deleted": 1,
            }
        )
        for arm, state, total, events in (("a", "evidenced", 40, 6), ("u", "unknown", 60, 7))
        for n in range(total)
    ]
    with writing(engine) as session:
        changes.take(session, viewer=OPERATOR, records=records, source="test", now=now)


def _page(app: Flask, path: str = "/ai-influence") -> str:
    answer = sign_in(app, people_of(app).vera).get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def test_an_empty_ledger_says_what_would_fill_it(app: Flask) -> None:
    page = _page(app)
    assert "The change ledger is empty" in page
    assert "rca changes sync" in page


def test_counts_stand_with_their_denominators(app: Flask, engine: Engine, now: datetime) -> None:
    _ledger(engine, now)
    page = _page(app)
    assert "What we know about 100 changes" in page
    assert "These data cannot tell more from fewer: ratio 1.29" in page
    assert '6 <span class="meta">of 40</span>' in page
    assert "60% of 100 changes carry no label either way" in page


def test_an_outcome_without_events_gives_no_estimate(
    app: Flask, engine: Engine, now: datetime
) -> None:
    _ledger(engine, now)
    page = _page(app, "/ai-influence?outcome=incident&by=repo")
    assert "No estimate: no events" in page


def test_incident_figures_take_open_published_records_only(
    app: Flask, engine: Engine, now: datetime
) -> None:
    with writing(engine) as session:
        for content in (rich(), rich(visibility="restricted", title="Hidden one")):
            made = authoring.create(session, viewer=OPERATOR, content=content, now=now)
            row = find_postmortem(session, OPERATOR, made.reference)
            row.status = "published"
            session.add(row)
    page = _page(app)
    assert "In 1 published incident<" in page
    assert "1 restricted record is not in these figures" in page
    assert "Hidden one" not in page


def test_it_never_says_that_ai_caused_anything(app: Flask, engine: Engine, now: datetime) -> None:
    _ledger(engine, now)
    text = _page(app).lower()
    assert "caused by ai" not in text
    assert "human-written" not in text
