"""Words to offer while writing: services, teams and roles that the organisation uses already."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, select

from rca.domain.access import Viewer
from rca.services.visibility import visible_to
from rca.store import tables as t

USUAL_ROLES = (
    "Incident commander",
    "On-call engineer",
    "Responder",
    "Communications lead",
    "Scribe",
    "Customer care",
    "Database engineer",
    "Monitoring",
    "Deploy system",
    "Provider",
)
MOST = 300


@dataclass(frozen=True, slots=True)
class Words:
    """What the type-ahead lists hold, each sorted."""

    services: tuple[str, ...]
    teams: tuple[str, ...]
    roles: tuple[str, ...]


def words(session: Session, *, viewer: Viewer) -> Words:
    """Known services and teams, and actor roles of postmortems that the viewer may see."""
    row = t.PostmortemRow
    used = [
        _of(session, select(table.name).distinct().where(*_owned(viewer, table)))
        for table in (t.PostmortemService, t.PostmortemTeam)
    ]
    entry = t.TimelineEntryRow
    roles = (
        select(entry.actor_role)
        .distinct()
        .where(entry.postmortem_id == row.id, visible_to(viewer), entry.actor_role != "")
    )
    return Words(
        services=_sorted(used[0], _of(session, select(t.Service.name))),
        teams=_sorted(used[1], _of(session, select(t.Team.name))),
        roles=_sorted(set(USUAL_ROLES), _of(session, roles)),
    )


def _owned(viewer: Viewer, table: Any) -> tuple[Any, ...]:
    return (table.postmortem_id == t.PostmortemRow.id, visible_to(viewer))


def _of(session: Session, query: Any) -> set[str]:
    return {str(name) for name in session.exec(query.limit(MOST)) if name}


def _sorted(*sets: set[str]) -> tuple[str, ...]:
    return tuple(sorted(set().union(*sets), key=str.casefold)[:MOST])
