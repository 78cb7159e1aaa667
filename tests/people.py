"""A small world of named accounts, so that permission tests read as sentences."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from rca.domain.access import OPERATOR, Viewer
from rca.domain.vocabulary import Role
from rca.services import accounts
from rca.store import tables as t
from tests.prepared import prepared


@dataclass(frozen=True)
class People:
    """The accounts of most tests."""

    ines: Viewer  # writes postmortems
    ravi: Viewer  # reviews and publishes
    vera: Viewer  # reads
    otto: Viewer  # writes too, but is a member of nothing
    ada: Viewer  # administers


def make_people(session: Session, now: datetime) -> People:
    """Create the five accounts."""
    if session.exec(select(t.AuditEvent.seq).limit(1)).first() is not None:
        return _made(session, now)
    return prepared(session, f"people {now}", lambda: _made(session, now))


def _made(session: Session, now: datetime) -> People:
    roles = {
        "ines": Role.AUTHOR,
        "ravi": Role.REVIEWER,
        "vera": Role.VIEWER,
        "otto": Role.AUTHOR,
        "ada": Role.ADMIN,
    }
    made = {
        name: accounts.viewer_of(
            accounts.create_user(
                session,
                actor=OPERATOR,
                name=name,
                role=role,
                display_name=name.title(),
                now=now,
            )
        )
        for name, role in roles.items()
    }
    return People(**made)
