"""Reading the records of a period: what counts, what is left out, and how many of each."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from rca.domain.durations import durations
from rca.domain.periods import Period
from rca.domain.postmortem import OWN_ORGANISATION, PostmortemContent
from rca.domain.quarters import UNDATED, Quarter
from rca.domain.vocabulary import RecordKind, Severity, Status
from rca.services.reading import PUBLISHED_STATES, revision_content
from rca.services.visibility import is_open
from rca.store import tables as t
from rca.store.postmortems import load_contents

SMALL_CELL = 5
"""Restricted records are counted in words under this many, so that none can be told apart."""


@dataclass(frozen=True, slots=True)
class Incident:
    """A published record that counts."""

    id: str
    reference: str
    kind: RecordKind
    occurred_at: datetime | None
    published_at: datetime | None
    created_at: datetime
    unconfirmed: int
    imported: bool
    content: PostmortemContent
    spans: dict[str, float]

    @property
    def days_to_publish(self) -> float | None:
        """Days from the incident to its publication; None for imports, which came in later."""
        if self.imported or not self.published_at or not self.occurred_at:
            return None
        return (self.published_at - self.occurred_at).total_seconds() / 86400

    @property
    def severity(self) -> Severity | None:
        """Its final severity; None is unknown."""
        return self.content.severity

    @property
    def title(self) -> str:
        """Its title, or its reference when it has none."""
        return self.content.title or self.reference

    def minutes(self, key: str) -> float | None:
        """A derived duration in minutes; None when blank, rough to the day, or unconfirmed."""
        return self.spans.get(key)


def confirmed_spans(content: PostmortemContent) -> dict[str, float]:
    """Minutes by duration, of those whose two ends a person stands for."""
    found = {}
    for span in durations(content):
        ends = (content.mark(span.from_milestone), content.mark(span.to_milestone))
        if span.value is not None and all(mark is not None and mark.confirmed for mark in ends):
            found[span.key] = span.value.total_seconds() / 60
    return found


@dataclass(frozen=True, slots=True)
class Window:
    """One period's records. ``days`` are those that passed until ``until``."""

    period: Period
    until: datetime
    days: float
    incidents: tuple[Incident, ...] = ()
    near_misses: tuple[Incident, ...] = ()
    drills: int = 0
    known: int = 0
    not_required: int = 0
    waiting: tuple[str, ...] = ()
    restricted: int = 0

    @property
    def noun(self) -> str:
        """What sentences call the period: ``this quarter``."""
        return self.period.noun

    @property
    def under_way(self) -> bool:
        """Whether the period had not ended."""
        return self.until < self.period.end

    @property
    def unconfirmed(self) -> int:
        """How many records hold values that nobody confirmed."""
        return sum(1 for incident in self.incidents if incident.unconfirmed)

    def minutes(self, key: str) -> list[float]:
        """Confirmed durations of one phase, shortest first."""
        found = (incident.minutes(key) for incident in self.incidents)
        return sorted(value for value in found if value is not None)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose records: one organisation, or all (``None``); of these all, or those that concern one
    team (it took part, or owns a service that was touched) or services of one tier.
    """

    organisation: str | None = OWN_ORGANISATION
    team: str = ""
    tier: int | None = None

    @property
    def narrowed(self) -> bool:
        """Whether it is less than whole organisations."""
        return bool(self.team) or self.tier is not None

    @property
    def words(self) -> str:
        """As a reader sees it."""
        parts = []
        if self.organisation is None:
            parts.append("All organisations, imported records included")
        elif self.organisation != OWN_ORGANISATION:
            parts.append(self.organisation)
        if self.team:
            parts.append(f"Incidents that concern the team {self.team}")
        if self.tier is not None:
            parts.append(f"Incidents that touched a service of tier {self.tier}")
        return "; ".join(parts)

    @property
    def text(self) -> str:
        """As :func:`scope_of` reads it."""
        return self.organisation or ALL

    def conditions(self) -> tuple[Any, ...]:
        """WHERE conditions on ``postmortem``."""
        row = t.PostmortemRow
        found = []
        if self.organisation is not None:
            found.append(col(row.organisation) == self.organisation)
        if self.team:
            took_part = select(t.PostmortemTeam.postmortem_id).where(
                t.PostmortemTeam.name == self.team
            )
            owned = _touching(
                col(t.Service.owning_team_id) == t.Team.id, col(t.Team.name) == self.team
            )
            found.append(or_(col(row.id).in_(took_part), col(row.id).in_(owned)))
        if self.tier is not None:
            found.append(col(row.id).in_(_touching(col(t.Service.tier) == self.tier)))
        return tuple(found)


def _touching(*where: Any) -> Any:
    """Ids of postmortems that touched a service of the catalogue."""
    touched = t.PostmortemService
    return select(touched.postmortem_id).where(col(touched.name) == t.Service.name, *where)


def default_scope(session: Session) -> Scope:
    """The own organisation; all of them in an instance that only holds imports."""
    row = t.PostmortemRow
    query = select(row.id).where(row.organisation == OWN_ORGANISATION).limit(1)
    return Scope() if session.exec(query).first() else Scope(None)


ALL = "all"


def scope_of(session: Session, text: str, *, team: str = "", tier: int | None = None) -> Scope:
    """The scope that an address or option names: blank is the default, ``all``, or a name."""
    whose = default_scope(session) if not text else Scope(None if text == ALL else text)
    return replace(whose, team=team, tier=tier)


def in_period(period: Period) -> tuple[Any, ...]:
    """WHERE conditions: records whose date is known well enough to lie in the period."""
    row = t.PostmortemRow
    if isinstance(period, Quarter):
        return (col(row.quarter) == str(period),)
    return (
        row.quarter != UNDATED,
        col(row.occurred_at) >= period.start,
        col(row.occurred_at) < period.end,
    )


def periods_to(last: Period, back: int) -> list[Period]:
    """``last`` and the ``back`` periods before it, oldest first."""
    found: list[Period] = [last]
    for _ in range(back):
        found.insert(0, found[0].previous())
    return found


def is_published(row: t.PostmortemRow) -> bool:
    """Whether readers see the record; one under correction still shows its last revision."""
    return row.status in PUBLISHED_STATES or row.published_number is not None


def load_window(session: Session, *, period: Period, scope: Scope, now: datetime) -> Window:
    """The records of ``period``: open ones in full, restricted ones only counted."""
    here = (*in_period(period), *scope.conditions())
    query = select(t.PostmortemRow).where(*here, is_open())
    rows = list(session.exec(query.order_by(col(t.PostmortemRow.reference))))
    needed = [row for row in rows if row.status != Status.NOT_REQUIRED]
    records = _records(session, [row for row in needed if is_published(row)])
    incident = RecordKind.INCIDENT.value
    until = min(max(now, period.start + timedelta(days=1)), period.end)
    restricted = select(func.count()).select_from(t.PostmortemRow).where(*here, ~is_open())
    return Window(
        period=period,
        until=until,
        days=(until - period.start).total_seconds() / 86400,
        incidents=tuple(r for r in records if r.kind is RecordKind.INCIDENT),
        near_misses=tuple(r for r in records if r.kind is RecordKind.NEAR_MISS),
        drills=sum(1 for r in records if r.kind is RecordKind.DRILL),
        known=sum(row.record_kind == incident for row in needed),
        not_required=sum(
            row.record_kind == incident and row.status == Status.NOT_REQUIRED for row in rows
        ),
        waiting=tuple(
            row.reference for row in needed if row.record_kind == incident and not is_published(row)
        ),
        restricted=session.exec(restricted).one(),
    )


def _records(session: Session, rows: list[t.PostmortemRow]) -> list[Incident]:
    contents = load_contents(session, rows)
    for row in rows:
        if row.status not in PUBLISHED_STATES and row.published_number is not None:
            contents[row.id] = revision_content(session, row, row.published_number)
    return [
        Incident(
            id=row.id,
            reference=row.reference,
            kind=RecordKind(row.record_kind),
            occurred_at=row.occurred_at,
            published_at=row.published_at,
            created_at=row.created_at,
            unconfirmed=row.unconfirmed,
            imported=row.import_key is not None,
            content=contents[row.id],
            spans=confirmed_spans(contents[row.id]),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class ActionFact:
    """An action item of a published open record, with what follow-through needs."""

    title: str
    reference: str
    status: str
    due: datetime | None
    started: datetime
    done_at: datetime | None
    verified: str
    verified_on: Any
    priority: str | None
    team: str
    postmortem_id: str = field(repr=False, default="")


def load_actions(session: Session, *, scope: Scope) -> list[ActionFact]:
    """Confirmed commitments of published open records of every quarter."""
    action, owner = t.ActionItemRow, t.PostmortemRow
    query = (
        select(action, owner)
        .where(
            action.postmortem_id == owner.id,
            *scope.conditions(),
            is_open(),
            col(owner.status).in_(PUBLISHED_STATES),
            action.kind == "commitment",
            col(action.confirmed).is_(True),
            action.title != "",
        )
        .order_by(col(action.id))
    )
    return [_action(row, parent) for row, parent in session.exec(query)]


def _action(row: t.ActionItemRow, parent: t.PostmortemRow) -> ActionFact:
    started = parent.published_at or parent.occurred_at or parent.created_at
    due = datetime.combine(row.due, datetime.min.time(), started.tzinfo) if row.due else None
    return ActionFact(
        title=row.title,
        reference=parent.reference,
        status=row.status,
        due=due,
        started=started,
        done_at=row.done_at,
        verified=row.verified,
        verified_on=row.verified_on,
        priority=row.priority,
        team=row.team,
        postmortem_id=parent.id,
    )


def months(
    session: Session, *, scope: Scope, last: Period, back: int
) -> list[tuple[str, str, int]]:
    """``(2026-08, SEV2 or blank, count)`` of published open incidents whose month is known, for
    ``last`` and the ``back`` periods before it.
    """
    first = periods_to(last, back)[0]
    row = t.PostmortemRow
    query = select(row.occurred_at, row.severity).where(
        *scope.conditions(),
        is_open(),
        col(row.status).in_(PUBLISHED_STATES),
        row.record_kind == RecordKind.INCIDENT.value,
        col(row.occurred_at) >= first.start,
        col(row.occurred_at) < last.end,
        col(row.occurred_precision).not_in(["year", "unknown"]),
    )
    found = Counter((f"{at:%Y-%m}", severity or "") for at, severity in session.exec(query) if at)
    return [(month, severity, count) for (month, severity), count in sorted(found.items())]


def counts_by_quarter(
    session: Session, *, scope: Scope, last: Quarter, back: int
) -> dict[str, int]:
    """Published open incidents of ``last`` and the ``back`` quarters before it, oldest first."""
    names = [str(period) for period in periods_to(last, back)]
    row = t.PostmortemRow
    query = (
        select(row.quarter, func.count())
        .where(
            col(row.quarter).in_(names),
            *scope.conditions(),
            is_open(),
            col(row.status).in_(PUBLISHED_STATES),
            row.record_kind == RecordKind.INCIDENT.value,
        )
        .group_by(row.quarter)
    )
    found = dict(session.exec(query).all())
    return {name: found.get(name, 0) for name in names}
