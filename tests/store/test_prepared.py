"""Starting points of tests: laid again they are what was made, and nobody shares them."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from rca.services import authoring
from rca.services.listing import ListFilter, list_postmortems
from rca.store import tables as t
from rca.store.engine import reading, writing
from tests import prepared
from tests.factories import rich
from tests.people import People, make_people


def _written(session: Session, people: People, now: datetime) -> str:
    return authoring.create(session, viewer=people.ines, content=rich(), now=now).reference


def _everything(session: Session) -> prepared.Rows:
    return prepared._dump(session.connection())


def test_what_is_laid_again_is_what_was_made(engine: Engine, now: datetime) -> None:
    prepared._KEPT.clear()
    with writing(engine) as session:
        people = make_people(session, now)
        make: Callable[[], str] = lambda: _written(session, people, now)  # noqa: E731
        first = prepared.prepared(session, "one", make)
        made = _everything(session)
        session.rollback()
    assert len(made) > 15, "a postmortem fills many tables"
    with writing(engine) as session:
        assert make_people(session, now) == people
        assert prepared.prepared(session, "one", lambda: "not called") == first
        assert _everything(session) == made
        second = authoring.create(session, viewer=people.ines, content=rich(), now=now).reference
    assert second != first
    with reading(engine) as session:
        found = list_postmortems(session, viewer=people.ines, wanted=ListFilter(text="pool"))
    assert found.total == 2


def test_another_past_is_another_starting_point(session: Session, now: datetime) -> None:
    people = make_people(session, now)
    prepared.prepared(session, "two", lambda: _written(session, people, now))
    assert prepared.prepared(session, "two", lambda: "made anew") == "made anew"


def test_a_changed_row_is_refused(session: Session, people: People) -> None:
    def renamed() -> None:
        user = session.exec(select(t.User).where(col(t.User.name) == people.ines.name)).one()
        user.display_name = "Ines of the tests"
        session.add(user)

    with pytest.raises(AssertionError, match="user_account was changed"):
        prepared.prepared(session, "three", renamed)
