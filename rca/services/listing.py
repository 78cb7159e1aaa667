"""The list of postmortems: filters, keyset pages, and what to narrow by."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, func, or_
from sqlmodel import Session, col, select

from rca.domain.access import Viewer
from rca.domain.vocabulary import (
    OPEN_ACTION_STATUSES,
    ActionKind,
    ActionStatus,
    Milestone,
    RecordKind,
    Severity,
    Status,
    TimePrecision,
)
from rca.errors import Invalid, Problem
from rca.services.visibility import visible_to
from rca.store import search
from rca.store import tables as t

PAGE = 50
BLANK = "blank"
"""The filter value that asks for records where the answer is missing."""

_OPEN = [status.value for status in OPEN_ACTION_STATUSES]
_FINE = (TimePrecision.EXACT.value, TimePrecision.MINUTE.value, TimePrecision.APPROX.value)


@dataclass(frozen=True, slots=True)
class ListFilter:
    """What the list is narrowed to; blank means all. Values are stored values."""

    text: str = ""
    severity: str = ""
    status: str = ""
    service: str = ""
    quarter: str = ""
    ai: str = ""
    factor_class: str = ""
    kind: str = ""
    organisation: str = ""

    def active(self) -> dict[str, str]:
        """The narrowing parts only."""
        return {part.name: value for part in fields(self) if (value := getattr(self, part.name))}

    def without(self, name: str) -> "ListFilter":
        """The same list with one filter taken off."""
        return replace(self, **{name: ""})


@dataclass(frozen=True, slots=True)
class ListItem:
    """One row of the list."""

    reference: str
    title: str
    severity: Severity | None
    status: Status
    kind: RecordKind
    organisation: str
    services: tuple[str, ...]
    occurred_at: datetime | None
    occurred_precision: str
    quarter: str
    ai: str
    unconfirmed: int
    restricted: bool
    open_actions: int
    actions: int
    factor: str
    to_detect: timedelta | None
    impact: timedelta | None
    published_at: datetime | None
    updated_at: datetime

    @property
    def done_actions(self) -> int:
        """Commitments that are not open any more."""
        return self.actions - self.open_actions


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list, newest first, with cursors (empty at the ends)."""

    items: tuple[ListItem, ...]
    older: str
    newer: str
    total: int


def _cursor(row: t.PostmortemRow) -> str:
    data = json.dumps([row.sort_at.isoformat(), row.id])
    return base64.urlsafe_b64encode(data.encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        at, key = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not isinstance(key, str):
            raise ValueError("not one of ours")
    except (ValueError, TypeError) as error:
        raise Invalid([Problem("older", "This page marker is not valid any more.")]) from error
    return moment, key


def _conditions(session: Session, viewer: Viewer, wanted: ListFilter) -> list[Any]:
    row = t.PostmortemRow
    found: list[Any] = [visible_to(viewer)]
    equal: dict[Any, str] = {
        row.status: wanted.status,
        row.quarter: wanted.quarter,
        row.ai_summary: wanted.ai,
        row.record_kind: wanted.kind,
        row.organisation: wanted.organisation,
    }
    found += [col(column) == value for column, value in equal.items() if value]
    if wanted.severity:
        severity = col(row.severity)
        blank = wanted.severity == BLANK
        found.append(severity.is_(None) if blank else severity == wanted.severity)
    if wanted.service:
        found.append(_has(t.PostmortemService, t.PostmortemService.name, wanted.service))
    if wanted.factor_class:
        factor = t.ContributingFactorRow
        found.append(_has(factor, factor.factor_class, wanted.factor_class))
    if wanted.text.strip():
        found.append(_words(session, wanted.text))
    return found


def _has(table: Any, column: Any, value: str) -> Any:
    owner = col(t.PostmortemRow.id)
    return exists().where(table.postmortem_id == owner, column == value)


def _words(session: Session, text: str) -> Any:
    exact = func.lower(col(t.PostmortemRow.reference)) == text.strip().lower()
    ids = search.matching_ids(session, text)
    if ids is None:
        return exact
    return or_(exact, col(t.PostmortemRow.id).in_(ids))


def list_postmortems(
    session: Session,
    *,
    viewer: Viewer,
    wanted: ListFilter | None = None,
    older_than: str = "",
    newer_than: str = "",
    limit: int = PAGE,
) -> Page:
    """One page by keyset, newest first, of what the viewer may see. Raises Invalid on a marker
    that is not ours.
    """
    conditions = _conditions(session, viewer, wanted or ListFilter())
    at, key = col(t.PostmortemRow.sort_at), col(t.PostmortemRow.id)
    total = session.exec(select(func.count()).select_from(t.PostmortemRow).where(*conditions)).one()
    query = select(t.PostmortemRow).where(*conditions)
    if newer_than:
        moment, last = _read_cursor(newer_than)
        query = query.where(or_(at > moment, and_(at == moment, key > last)))
        rows = list(session.exec(query.order_by(at, key).limit(limit + 1)))
        more, rows = len(rows) > limit, rows[:limit][::-1]
        return _page(session, rows, total, older=bool(rows), newer=more)
    if older_than:
        moment, last = _read_cursor(older_than)
        query = query.where(or_(at < moment, and_(at == moment, key < last)))
    rows = list(session.exec(query.order_by(at.desc(), key.desc()).limit(limit + 1)))
    more, rows = len(rows) > limit, rows[:limit]
    return _page(session, rows, total, older=more, newer=bool(older_than and rows))


def _page(
    session: Session, rows: Sequence[t.PostmortemRow], total: int, *, older: bool, newer: bool
) -> Page:
    return Page(
        tuple(list_items(session, rows)),
        older=_cursor(rows[-1]) if rows and older else "",
        newer=_cursor(rows[0]) if rows and newer else "",
        total=total,
    )


@dataclass(frozen=True, slots=True)
class _Beside:
    """What stands beside the header rows of one page, read in one query each."""

    services: dict[str, tuple[str, ...]]
    actions: dict[str, tuple[int, int]]
    factors: dict[str, str]
    marks: dict[tuple[str, str], datetime]

    def span(self, owner: str, start: Milestone, end: Milestone) -> timedelta | None:
        """Time between two milestones; None when one is unknown, coarse, or they are reversed."""
        first, last = self.marks.get((owner, start.value)), self.marks.get((owner, end.value))
        return last - first if first and last and last >= first else None


def list_items(session: Session, rows: Sequence[t.PostmortemRow]) -> list[ListItem]:
    """List values of rows that the caller already filtered by visibility."""
    ids = [row.id for row in rows]
    beside = _Beside(
        services=_services_of(session, ids),
        actions=_actions_of(session, ids),
        factors=_factors_of(session, ids),
        marks=_marks_of(session, ids),
    )
    return [_item(row, beside) for row in rows]


def _item(row: t.PostmortemRow, beside: _Beside) -> ListItem:
    open_actions, actions = beside.actions.get(row.id, (0, 0))
    start = Milestone.IMPACT_STARTED
    ended = beside.span(row.id, start, Milestone.IMPACT_ENDED)
    return ListItem(
        reference=row.reference,
        title=row.title,
        severity=Severity(row.severity) if row.severity else None,
        status=Status(row.status),
        kind=RecordKind(row.record_kind),
        organisation=row.organisation,
        services=beside.services.get(row.id, ()),
        occurred_at=row.occurred_at,
        occurred_precision=row.occurred_precision,
        quarter=row.quarter,
        ai=row.ai_summary,
        unconfirmed=row.unconfirmed,
        restricted=row.visibility != "open",
        open_actions=open_actions,
        actions=actions,
        factor=beside.factors.get(row.id, ""),
        to_detect=beside.span(row.id, start, Milestone.DETECTED),
        impact=ended or beside.span(row.id, start, Milestone.MITIGATED),
        published_at=row.published_at,
        updated_at=row.updated_at,
    )


def _services_of(session: Session, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    query = (
        select(t.PostmortemService)
        .where(col(t.PostmortemService.postmortem_id).in_(ids))
        .order_by(col(t.PostmortemService.position))
    )
    found: dict[str, tuple[str, ...]] = {}
    for row in session.exec(query):
        found[row.postmortem_id] = (*found.get(row.postmortem_id, ()), row.name)
    return found


def _actions_of(session: Session, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Commitments per postmortem: (open, all). Superseded ones live on in their successor."""
    action = t.ActionItemRow
    query = (
        select(action.postmortem_id, action.status, func.count())
        .where(
            col(action.postmortem_id).in_(ids),
            action.kind == ActionKind.COMMITMENT.value,
            action.status != ActionStatus.SUPERSEDED.value,
        )
        .group_by(col(action.postmortem_id), col(action.status))
    )
    found: dict[str, tuple[int, int]] = {}
    for owner, status, count in session.exec(query):
        still_open, total = found.get(owner, (0, 0))
        found[owner] = (still_open + (count if status in _OPEN else 0), total + count)
    return found


def _factors_of(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """The first contributing factor's statement per postmortem."""
    factor = t.ContributingFactorRow
    query = (
        select(factor.postmortem_id, factor.statement)
        .where(col(factor.postmortem_id).in_(ids), factor.statement != "")
        .order_by(col(factor.position).desc())
    )
    return dict(session.exec(query).all())


def _marks_of(session: Session, ids: Sequence[str]) -> dict[tuple[str, str], datetime]:
    mark = t.TimeMarkRow
    wanted = (
        Milestone.IMPACT_STARTED.value,
        Milestone.DETECTED.value,
        Milestone.MITIGATED.value,
        Milestone.IMPACT_ENDED.value,
    )
    query = select(mark.postmortem_id, mark.milestone, mark.value).where(
        col(mark.postmortem_id).in_(ids),
        col(mark.milestone).in_(wanted),
        col(mark.precision).in_(_FINE),
    )
    return {(owner, name): value for owner, name, value in session.exec(query) if value}


def counts_by_status(session: Session, *, viewer: Viewer, wanted: ListFilter) -> dict[str, int]:
    """How many visible postmortems each status holds under the other filters."""
    conditions = _conditions(session, viewer, wanted.without("status"))
    status = col(t.PostmortemRow.status)
    query = select(status, func.count()).where(*conditions).group_by(status)
    found = dict(session.exec(query).all())
    return {name: found[name] for name in Status.values() if name in found}


def totals_without(session: Session, *, viewer: Viewer, wanted: ListFilter) -> dict[str, int]:
    """For each active filter: how many there would be without it."""
    found = {}
    for name in wanted.active():
        conditions = _conditions(session, viewer, wanted.without(name))
        query = select(func.count()).select_from(t.PostmortemRow).where(*conditions)
        found[name] = session.exec(query).one()
    return found


@dataclass(frozen=True, slots=True)
class Facets:
    """Values that the list can be narrowed by, as the viewer may see them."""

    services: tuple[str, ...]
    quarters: tuple[str, ...]
    factor_classes: tuple[str, ...]
    organisations: tuple[str, ...]
    kinds: tuple[str, ...]


def facets(session: Session, *, viewer: Viewer) -> Facets:
    """Distinct filter values among visible postmortems."""
    row = t.PostmortemRow

    def distinct(column: Any, join: Any = None) -> tuple[str, ...]:
        query = select(column).distinct().where(visible_to(viewer), column != "")
        if join is not None:
            query = query.where(join.postmortem_id == row.id)
        return tuple(sorted(session.exec(query)))

    return Facets(
        services=distinct(t.PostmortemService.name, t.PostmortemService),
        quarters=tuple(reversed(distinct(row.quarter))),
        factor_classes=distinct(t.ContributingFactorRow.factor_class, t.ContributingFactorRow),
        organisations=distinct(row.organisation),
        kinds=distinct(row.record_kind),
    )
