"""A small world of named accounts, so that permission tests read as sentences."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from rca.domain.access import OPERATOR, Viewer
from rca.domain.vocabulary import Role
from rca.services import accounts


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
