"""Changing the catalogue. Every write names the version that it builds on, and is audited."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import delete
from sqlmodel import Session, col, select

from mining.policy.catalogue import kinds
from rca.domain.access import Permission, Viewer
from rca.domain.catalogue import DrillEntry, FreezeEntry, ServiceEntry
from rca.errors import Conflict, Invalid, NotFound, Problem
from rca.services.authoring import problems_of
from rca.services.permissions import need
from rca.store import audit
from rca.store import tables as t

EntryT = TypeVar("EntryT", bound=BaseModel)


def change_kinds() -> list[tuple[str, str]]:
    """``(id, label)`` of the kinds of change that a freeze window can name."""
    return [(kind.id, kind.label) for kind in kinds().values()]


def parse(kind: type[EntryT], data: Mapping[str, Any]) -> EntryT:
    """A validated entry. Raises Invalid with a problem per field."""
    try:
        return kind.model_validate(dict(data))
    except ValidationError as error:
        raise Invalid(problems_of(error)) from error


def _check_version(stored: int, base: int, what: str, current: Any) -> None:
    if stored != base:
        raise Conflict(
            f"Somebody changed this {what} while you were writing.", current=current, version=stored
        )


def _audit(
    session: Session, viewer: Viewer, action: str, kind: str, key: str, now: datetime, **detail: Any
) -> None:
    audit.append(session, audit.Act(viewer.name, action, kind, key, detail), now=now)


def _team_id(session: Session, name: str) -> str | None:
    """The team of that name, made when new; None for a blank name."""
    if not name:
        return None
    team = session.exec(select(t.Team).where(t.Team.name == name)).first()
    if team is None:
        team = t.Team(name=name)
        session.add(team)
        session.flush()
    return team.id


def save_service(
    session: Session,
    *,
    viewer: Viewer,
    entry: ServiceEntry,
    now: datetime,
    service_id: str = "",
    base_version: int = 0,
) -> str:
    """Add a service, or change the one of ``service_id``. Returns its name.

    Raises Forbidden, Invalid for a taken name or an unknown dependency, Conflict, NotFound.
    """
    need(viewer, Permission.REVIEW)
    row = session.get(t.Service, service_id, with_for_update=True) if service_id else None
    if service_id and row is None:
        raise NotFound("There is no such service in the catalogue.")
    if row is not None:
        _check_version(row.version, base_version, "service", row.name)
    taken = session.exec(select(t.Service).where(t.Service.name == entry.name)).first()
    if taken is not None and taken.id != service_id:
        raise Invalid([Problem("name", f"There is already a service “{entry.name}”.")])
    made = row is None
    row = row or t.Service(name=entry.name, version=0)
    _copy_service(session, row, entry)
    _replace_dependencies(session, row, entry)
    action = "service.add" if made else "service.edit"
    _audit(session, viewer, action, "service", row.name, now, tier=entry.tier)
    return row.name


def _copy_service(session: Session, row: t.Service, entry: ServiceEntry) -> None:
    row.name = entry.name
    row.description = entry.description
    row.tier = entry.tier
    row.owning_team_id = _team_id(session, entry.owning_team)
    row.kill_switch_url = entry.kill_switch_url
    row.kill_switch_tested_at = entry.kill_switch_tested_at
    row.data_store = entry.data_store.value
    row.deletion_protected = entry.deletion_protected.value
    row.path_globs = list(entry.path_globs)
    row.version += 1
    session.add(row)
    session.flush()


def _replace_dependencies(session: Session, row: t.Service, entry: ServiceEntry) -> None:
    query = select(t.Service.name, t.Service.id).where(col(t.Service.name).in_(entry.depends_on))
    known = dict(session.exec(query).all())
    unknown = [name for name in entry.depends_on if name not in known]
    if unknown:
        words = f"Not in the catalogue: {', '.join(unknown)}. Add it first."
        raise Invalid([Problem("depends_on", words)])
    edge = t.ServiceDependency
    session.execute(delete(edge).where(col(edge.service_id) == row.id))
    session.add_all(edge(service_id=row.id, depends_on_id=key) for key in known.values())
    session.flush()


def save_freeze(
    session: Session,
    *,
    viewer: Viewer,
    entry: FreezeEntry,
    now: datetime,
    freeze_id: str = "",
    base_version: int = 0,
) -> str:
    """Add or change a freeze window. Returns its id. Raises Forbidden, Conflict, NotFound."""
    need(viewer, Permission.REVIEW)
    row = session.get(t.FreezeWindow, freeze_id, with_for_update=True) if freeze_id else None
    if freeze_id and row is None:
        raise NotFound("There is no such freeze window.")
    if row is not None:
        _check_version(row.version, base_version, "freeze window", row.name)
    assert entry.starts_at is not None  # the entry refuses blanks
    assert entry.ends_at is not None
    row = row or t.FreezeWindow(
        name=entry.name, starts_at=entry.starts_at, ends_at=entry.ends_at, version=0
    )
    row.name, row.reason = entry.name, entry.reason
    row.starts_at, row.ends_at = entry.starts_at, entry.ends_at
    row.kinds, row.services = list(entry.kinds), list(entry.services)
    row.version += 1
    session.add(row)
    session.flush()
    _audit(session, viewer, "freeze.save", "freeze_window", row.id, now, name=row.name)
    return row.id


def remove_freeze(session: Session, *, viewer: Viewer, freeze_id: str, now: datetime) -> None:
    """Take a freeze window out. Raises Forbidden, NotFound."""
    need(viewer, Permission.REVIEW)
    row = session.get(t.FreezeWindow, freeze_id)
    if row is None:
        raise NotFound("There is no such freeze window.")
    session.delete(row)
    _audit(session, viewer, "freeze.remove", "freeze_window", freeze_id, now, name=row.name)


def save_drill(
    session: Session,
    *,
    viewer: Viewer,
    entry: DrillEntry,
    now: datetime,
    drill_id: str = "",
    base_version: int = 0,
) -> str:
    """Plan a drill or write down how it went. Returns its id.

    Raises Forbidden, Invalid for an unknown service, Conflict, NotFound.
    """
    need(viewer, Permission.REVIEW)
    row = session.get(t.Drill, drill_id, with_for_update=True) if drill_id else None
    if drill_id and row is None:
        raise NotFound("There is no such drill.")
    if row is not None:
        _check_version(row.version, base_version, "drill", row.scenario)
    service = session.exec(select(t.Service).where(t.Service.name == entry.service)).first()
    if entry.service and service is None:
        raise Invalid([Problem("service", f"“{entry.service}” is not in the catalogue.")])
    row = row or t.Drill(version=0)
    row.service_id = service.id if service else None
    for name in ("scenario", "planned_at", "started_at", "recovered_at", "evidence"):
        setattr(row, name, getattr(entry, name))
    row.version += 1
    session.add(row)
    session.flush()
    _audit(session, viewer, "drill.save", "drill", row.id, now, service=entry.service)
    return row.id
