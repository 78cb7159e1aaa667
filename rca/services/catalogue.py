"""The catalogue: services with tier and owner, freeze windows, drills.

Nothing here ranks teams. What the catalogue does not know stays unknown, because guardrails that
ask for a tier or a tested kill switch read it from here.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from rca.domain.vocabulary import YesNoUnknown
from rca.errors import NotFound
from rca.services.reading import PUBLISHED_STATES
from rca.services.visibility import is_open
from rca.store import tables as t

KILL_SWITCH_DAYS = 90
"""After this many days a kill switch test is called old."""


@dataclass(frozen=True, slots=True)
class DrillView:
    """A drill; ``recovery`` is derived from its two ends."""

    id: str
    service: str
    scenario: str
    planned_at: datetime | None
    started_at: datetime | None
    recovered_at: datetime | None
    evidence: str
    version: int

    @property
    def recovery(self) -> timedelta | None:
        """Time to recover; None until it was held and recovered."""
        if self.started_at is None or self.recovered_at is None:
            return None
        return self.recovered_at - self.started_at


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service with what the record knows of it. ``id`` empty: named in postmortems only."""

    id: str
    name: str
    description: str
    tier: int | None
    owning_team: str
    kill_switch_url: str
    kill_switch_tested_at: datetime | None
    data_store: YesNoUnknown
    deletion_protected: YesNoUnknown
    path_globs: tuple[str, ...]
    depends_on: tuple[str, ...]
    used_by: tuple[str, ...]
    incidents: int
    last_drill: DrillView | None
    version: int

    def switch_age(self, now: datetime) -> int | None:
        """Days since the kill switch was tested; None when that is not known."""
        tested = self.kill_switch_tested_at
        return (now - tested).days if tested else None


@dataclass(frozen=True, slots=True)
class FreezeView:
    """A freeze window as it stands at an instant: ``active``, ``coming`` or ``past``."""

    id: str
    name: str
    starts_at: datetime
    ends_at: datetime
    kinds: tuple[str, ...]
    services: tuple[str, ...]
    reason: str
    state: str
    version: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything on the page. ``unlisted`` are names in postmortems that have no entry."""

    services: tuple[ServiceView, ...]
    unlisted: tuple[tuple[str, int], ...]
    freezes: tuple[FreezeView, ...]
    drills: tuple[DrillView, ...]
    teams: tuple[str, ...]


def read_catalogue(session: Session, *, now: datetime) -> Catalogue:
    """Services by tier then name, what is not listed yet, freezes, drills."""
    drills = _drills(session)
    counts = _incidents(session)
    services = _services(session, drills, counts)
    listed = {service.name for service in services}
    unlisted = sorted(
        ((name, count) for name, count in counts.items() if name not in listed),
        key=lambda pair: (-pair[1], pair[0]),
    )
    return Catalogue(
        services=tuple(services),
        unlisted=tuple(unlisted),
        freezes=tuple(_freezes(session, now)),
        drills=tuple(drills),
        teams=tuple(session.exec(select(t.Team.name).order_by(col(t.Team.name)))),
    )


def _incidents(session: Session) -> dict[str, int]:
    """Published open incidents per service name."""
    name, row = t.PostmortemService, t.PostmortemRow
    query = (
        select(name.name, func.count())
        .where(
            name.postmortem_id == row.id,
            is_open(),
            col(row.status).in_(PUBLISHED_STATES),
        )
        .group_by(col(name.name))
    )
    return dict(session.exec(query).all())


def _services(
    session: Session, drills: list[DrillView], counts: Mapping[str, int]
) -> list[ServiceView]:
    rows = session.exec(select(t.Service)).all()
    names = {row.id: row.name for row in rows}
    teams = {team.id: team.name for team in session.exec(select(t.Team))}
    needs, needed = defaultdict(list), defaultdict(list)
    for edge in session.exec(select(t.ServiceDependency)):
        needs[edge.service_id].append(names[edge.depends_on_id])
        needed[edge.depends_on_id].append(names[edge.service_id])
    held = {drill.service: drill for drill in reversed(drills) if drill.recovery is not None}
    found = [
        ServiceView(
            id=row.id,
            name=row.name,
            description=row.description,
            tier=row.tier,
            owning_team=teams.get(row.owning_team_id or "", ""),
            kill_switch_url=row.kill_switch_url,
            kill_switch_tested_at=row.kill_switch_tested_at,
            data_store=YesNoUnknown(row.data_store),
            deletion_protected=YesNoUnknown(row.deletion_protected),
            path_globs=tuple(row.path_globs),
            depends_on=tuple(sorted(needs[row.id])),
            used_by=tuple(sorted(needed[row.id])),
            incidents=counts.get(row.name, 0),
            last_drill=held.get(row.name),
            version=row.version,
        )
        for row in rows
    ]
    return sorted(found, key=lambda s: (s.tier is None, s.tier or 0, s.name))


def _drills(session: Session) -> list[DrillView]:
    """Newest first; planned ones that were not held come before all."""
    names = dict(session.exec(select(t.Service.id, t.Service.name)).all())
    found = [
        DrillView(
            id=row.id,
            service=names.get(row.service_id or "", ""),
            scenario=row.scenario,
            planned_at=row.planned_at,
            started_at=row.started_at,
            recovered_at=row.recovered_at,
            evidence=row.evidence,
            version=row.version,
        )
        for row in session.exec(select(t.Drill))
    ]

    def newest_first(drill: DrillView) -> tuple[bool, float, str]:
        moment = drill.started_at or drill.planned_at
        return drill.started_at is not None, -(moment.timestamp() if moment else 0), drill.id

    return sorted(found, key=newest_first)


def _freezes(session: Session, now: datetime) -> list[FreezeView]:
    """Active first, then coming, then past, each by start."""
    rows = session.exec(select(t.FreezeWindow).order_by(col(t.FreezeWindow.starts_at)))
    found = [
        FreezeView(
            id=row.id,
            name=row.name,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            kinds=tuple(row.kinds),
            services=tuple(row.services),
            reason=row.reason,
            state="past" if row.ends_at <= now else "coming" if row.starts_at > now else "active",
            version=row.version,
        )
        for row in rows
    ]
    return sorted(found, key=lambda f: ("active", "coming", "past").index(f.state))


def find_service(session: Session, *, name: str) -> ServiceView:
    """One service. Raises NotFound."""
    for service in _services(session, _drills(session), _incidents(session)):
        if service.name == name:
            return service
    raise NotFound(f"There is no service “{name}” in the catalogue.")


def find_freeze(session: Session, *, freeze_id: str, now: datetime) -> FreezeView:
    """One freeze window. Raises NotFound."""
    for freeze in _freezes(session, now):
        if freeze.id == freeze_id:
            return freeze
    raise NotFound("There is no such freeze window.")


def find_drill(session: Session, *, drill_id: str) -> DrillView:
    """One drill. Raises NotFound."""
    for drill in _drills(session):
        if drill.id == drill_id:
            return drill
    raise NotFound("There is no such drill.")
