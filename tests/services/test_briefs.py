"""Briefs of a pattern and of a guardrail: what stands in them, what never does, how they are built."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from rca.errors import Invalid, NotFound
from rca.reports.rendering import make_pdf
from rca.services import briefs
from rca.services.guardrails import refresh_suggestions
from rca.services.report_pdf import Document
from rca.store import tables as t
from rca.store.engine import writing
from tests.people import make_people
from tests.reports.test_pdf import problems, text_of
from tests.reports.test_trees import read_alike
from tests.services import guardrail_world as world


@pytest.fixture
def session(engine: Engine, now: datetime) -> Iterator[Session]:
    """Four incidents of one pattern, one of them restricted since it was mined."""
    with writing(engine) as opened:
        people = make_people(opened, now)
        titles = ("Checkout", "Search", "Ledger", "Canary breach")
        rows = [world.publish(opened, people.ines, now, title=title) for title in titles]
        world.run(opened, now)
        world.pattern(opened, rows)
        refresh_suggestions(opened, now=now)
        rows[3].visibility = "restricted"
        opened.add(rows[3])
        opened.flush()
        yield opened


def pattern(session: Session, now: datetime, **more: str) -> Document:
    return briefs.pattern_document(
        session, identifier="P-01", now=now, organisation="Fernwick", **more
    )


def guardrail(session: Session, now: datetime) -> Document:
    row = session.exec(
        select(t.GuardrailRow).where(col(t.GuardrailRow.template) == world.RULE)
    ).one()
    return briefs.guardrail_document(session, identifier=row.id, now=now, organisation="Fernwick")


def test_they_name_what_is_open_and_nothing_restricted(session: Session, now: datetime) -> None:
    for document in (pattern(session, now), guardrail(session, now)):
        assert "Checkout" in document.html
        assert "Canary" not in document.html
        assert "Ines" not in document.html
        assert read_alike(document.html)
    assert "Config reaches every region" in pattern(session, now).html
    assert "What speaks against it" in guardrail(session, now).html


def test_they_are_tagged_in_order_and_the_same_bytes(session: Session, now: datetime) -> None:
    one, other = pattern(session, now), guardrail(session, now)
    assert one.key == pattern(session, now).key
    first = make_pdf(one.html, one.charts)
    assert problems(first) == []
    assert first == make_pdf(one.html, one.charts)
    second = make_pdf(other.html)
    assert problems(second) == []
    assert "The rule in words" in text_of(second)


def test_wrong_ones_are_refused(session: Session, now: datetime) -> None:
    with pytest.raises(Invalid, match="Choose one of"):
        pattern(session, now, paper="a0")
    with pytest.raises(NotFound):
        briefs.pattern_document(session, identifier="P-99", now=now, organisation="")
    with pytest.raises(NotFound):
        briefs.guardrail_document(session, identifier="gr-none", now=now, organisation="")
