"""Who else has a section open now. Rows live for less than a minute; nothing is counted of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col, select

from rca.domain.access import Permission, Viewer
from rca.domain.vocabulary import Section
from rca.errors import Forbidden
from rca.services.visibility import find_postmortem
from rca.store import tables as t

FRESH = timedelta(seconds=45)


@dataclass(frozen=True, slots=True)
class Here:
    """Somebody else, by the role that they have in this postmortem and the name as shown."""

    section: str
    name: str
    role: str


def here(
    session: Session, *, viewer: Viewer, reference: str, section: Section | None, now: datetime
) -> list[Here]:
    """Say where the viewer is (None: gone) and who else is where, in a writing transaction.

    Whatever is older than :data:`FRESH` is deleted, of every postmortem.
    Raises Forbidden, NotFound.
    """
    if not viewer.may(Permission.WRITE):
        raise Forbidden("Only authors are seen in the editor.")
    row = find_postmortem(session, viewer, reference)
    session.execute(delete(t.Presence).where(col(t.Presence.at) < now - FRESH))
    if viewer.user_id is not None:
        _place(session, row.id, viewer.user_id, section, now)
    return _others(session, row.id, viewer)


def _place(
    session: Session, owner: str, user_id: str, section: Section | None, now: datetime
) -> None:
    found = session.get(t.Presence, (owner, user_id))
    if section is None:
        if found is not None:
            session.delete(found)
        return
    found = found or t.Presence(postmortem_id=owner, user_id=user_id, at=now)
    found.section, found.at = section.value, now
    session.add(found)
    session.flush()


def _others(session: Session, owner: str, viewer: Viewer) -> list[Here]:
    query = (
        select(t.Presence.section, t.User.display_name, t.User.name, t.User.id)
        .where(
            t.Presence.postmortem_id == owner,
            t.Presence.user_id == t.User.id,
            t.Presence.user_id != viewer.user_id,
        )
        .order_by(t.User.name)
    )
    rows = session.exec(query).all()
    roles = _roles(session, owner) if rows else {}
    return [Here(section, shown or name, roles.get(key, "")) for section, shown, name, key in rows]


def _roles(session: Session, owner: str) -> dict[str, str]:
    query = select(t.ParticipantRow).where(t.ParticipantRow.postmortem_id == owner)
    return {row.user_id: row.role for row in session.exec(query) if row.user_id}
