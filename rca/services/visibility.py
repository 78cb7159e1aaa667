"""The one condition that decides who may know of a postmortem. Every read joins on it."""

from typing import Any

from sqlalchemy import exists, or_
from sqlmodel import Session, col, select

from rca.domain.access import OPERATOR, Viewer
from rca.domain.vocabulary import Visibility
from rca.errors import NotFound
from rca.store import tables as t


def visible_to(viewer: Viewer) -> Any:
    """A WHERE condition on ``postmortem``: open ones, and those whose members include the viewer.

    Admins get no exception: a restricted record is its members' alone. Only the operator at the
    machine's own command line, who can read the database file anyway, sees all.
    """
    if viewer is OPERATOR:
        return col(t.PostmortemRow.id).is_not(None)
    member = exists().where(
        col(t.ParticipantRow.postmortem_id) == col(t.PostmortemRow.id),
        col(t.ParticipantRow.user_id) == viewer.user_id,
    )
    return or_(col(t.PostmortemRow.visibility) == Visibility.OPEN.value, member)


def is_open() -> Any:
    """A WHERE condition for what everybody may see: the only input of shared statistics."""
    return col(t.PostmortemRow.visibility) == Visibility.OPEN.value


def find_postmortem(
    session: Session, viewer: Viewer, reference: str, *, lock: bool = False
) -> t.PostmortemRow:
    """The postmortem of that reference. Raises NotFound when absent or hidden, alike."""
    query = select(t.PostmortemRow).where(
        t.PostmortemRow.reference == reference, visible_to(viewer)
    )
    if lock:
        query = query.with_for_update()
    row = session.exec(query).first()
    if row is None:
        raise NotFound(f"There is no postmortem {reference}, or you are not a member of it.")
    return row
