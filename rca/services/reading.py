"""Reading postmortems: the list, one record, its history. Nothing here writes."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, func, or_
from sqlmodel import Session, col, select

from rca.domain.access import Permission, Viewer
from rca.domain.lifecycle import EDITABLE
from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import (
    OPEN_ACTION_STATUSES,
    ActionKind,
    AIState,
    RecordKind,
    RevisionKind,
    Severity,
    Status,
)
from rca.errors import Invalid, NotFound, Problem
from rca.services.visibility import find_postmortem, visible_to
from rca.store import search
from rca.store import tables as t
from rca.store.postmortems import load_content

PAGE = 50
PUBLISHED_STATES = (Status.PUBLISHED.value, Status.ARCHIVED.value)


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
        return {name: getattr(self, name) for name in self.__slots__ if getattr(self, name)}


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
    updated_at: datetime


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
        raise Invalid([Problem("after", "This page marker is not valid any more.")]) from error
    return moment, key


def _conditions(session: Session, viewer: Viewer, wanted: ListFilter) -> list[Any]:
    row = t.PostmortemRow
    found: list[Any] = [visible_to(viewer)]
    equal = {
        row.severity: wanted.severity,
        row.status: wanted.status,
        row.quarter: wanted.quarter,
        row.ai_summary: wanted.ai,
        row.record_kind: wanted.kind,
        row.organisation: wanted.organisation,
    }
    found += [col(column) == value for column, value in equal.items() if value and value != "blank"]
    if wanted.severity == "blank":
        found.append(col(row.severity).is_(None))
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
    items = list_items(session, rows)
    return Page(
        tuple(items),
        older=_cursor(rows[-1]) if rows and older else "",
        newer=_cursor(rows[0]) if rows and newer else "",
        total=total,
    )


def list_items(session: Session, rows: Sequence[t.PostmortemRow]) -> list[ListItem]:
    """List values of rows that the caller already filtered by visibility."""
    ids = [row.id for row in rows]
    services = _services_of(session, ids)
    actions = _open_actions_of(session, ids)
    return [_item(row, services.get(row.id, ()), actions.get(row.id, 0)) for row in rows]


def _item(row: t.PostmortemRow, services: tuple[str, ...], open_actions: int) -> ListItem:
    return ListItem(
        reference=row.reference,
        title=row.title,
        severity=Severity(row.severity) if row.severity else None,
        status=Status(row.status),
        kind=RecordKind(row.record_kind),
        organisation=row.organisation,
        services=services,
        occurred_at=row.occurred_at,
        occurred_precision=row.occurred_precision,
        quarter=row.quarter,
        ai=row.ai_summary,
        unconfirmed=row.unconfirmed,
        restricted=row.visibility != "open",
        open_actions=open_actions,
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


def _open_actions_of(session: Session, ids: Sequence[str]) -> dict[str, int]:
    action = t.ActionItemRow
    query = (
        select(action.postmortem_id, func.count())
        .where(
            col(action.postmortem_id).in_(ids),
            col(action.status).in_([status.value for status in OPEN_ACTION_STATUSES]),
            action.kind == ActionKind.COMMITMENT.value,
        )
        .group_by(col(action.postmortem_id))
    )
    return dict(session.exec(query).all())


@dataclass(frozen=True, slots=True)
class Facets:
    """Values that the list can be narrowed by, as the viewer may see them."""

    services: tuple[str, ...]
    quarters: tuple[str, ...]
    factor_classes: tuple[str, ...]
    organisations: tuple[str, ...]


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
    )


@dataclass(frozen=True, slots=True)
class CommentView:
    """A remark with its author's display name."""

    id: str
    anchor: str
    body: str
    author: str
    created_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class RevisionView:
    """One entry of the history."""

    number: int
    kind: RevisionKind
    actor: str
    reason: str
    created_at: datetime
    content_hash: str


@dataclass(frozen=True, slots=True)
class PostmortemView:
    """One postmortem as a reader sees it.

    ``content`` is the published revision when there is one and a correction is under way, unless
    ``live`` was asked for; ``correcting`` tells so.
    """

    reference: str
    status: Status
    status_reason: str
    version: int
    content: PostmortemContent
    content_hash: str
    quarter: str
    ai: str
    unconfirmed: int
    restricted: bool
    created_at: datetime
    updated_at: datetime
    approved_at: datetime | None
    published_at: datetime | None
    published_number: int | None
    author: str
    approver: str
    may_edit: bool
    may_review: bool
    may_approve: bool
    correcting: bool
    comments: tuple[CommentView, ...] = ()
    revisions: tuple[RevisionView, ...] = ()
    section_versions: dict[str, int] = field(default_factory=dict)
    related_from: tuple[tuple[str, str, str], ...] = ()


def view(session: Session, *, viewer: Viewer, reference: str, live: bool = False) -> PostmortemView:
    """One postmortem. Raises NotFound when absent or hidden."""
    row = find_postmortem(session, viewer, reference)
    status = Status(row.status)
    correcting = row.published_number is not None and status.value not in PUBLISHED_STATES
    content = load_content(session, row)
    if correcting and not live:
        content = revision_content(session, row, row.published_number or 0)
    names = _names(session)
    revisions = _revisions(session, row.id, names)
    return PostmortemView(
        reference=row.reference,
        status=status,
        status_reason=row.status_reason,
        version=row.version,
        content=content,
        content_hash=row.content_hash,
        quarter=row.quarter,
        ai=row.ai_summary,
        unconfirmed=row.unconfirmed,
        restricted=row.visibility != "open",
        created_at=row.created_at,
        updated_at=row.updated_at,
        approved_at=row.approved_at,
        published_at=row.published_at,
        published_number=row.published_number,
        author=names.get(row.created_by or "", ""),
        approver=names.get(row.approved_by or "", ""),
        may_edit=viewer.may(Permission.WRITE) and status in EDITABLE,
        may_review=viewer.may(Permission.REVIEW),
        may_approve=viewer.may(Permission.REVIEW) and not _wrote(session, row, viewer),
        correcting=correcting,
        comments=_comments(session, row.id, names),
        revisions=revisions,
        section_versions=_section_versions(session, row.id),
        related_from=_related_from(session, viewer, row.reference),
    )


def _wrote(session: Session, row: t.PostmortemRow, viewer: Viewer) -> bool:
    if viewer.user_id is None:
        return False
    if viewer.user_id in (row.created_by, row.submitted_by):
        return True
    query = select(t.Revision.id).where(
        t.Revision.postmortem_id == row.id,
        t.Revision.actor_id == viewer.user_id,
        t.Revision.kind == RevisionKind.EDIT.value,
    )
    return session.exec(query).first() is not None


def _section_versions(session: Session, owner: str) -> dict[str, int]:
    query = select(t.SectionVersion).where(t.SectionVersion.postmortem_id == owner)
    return {row.section: row.version for row in session.exec(query)}


def _names(session: Session) -> dict[str, str]:
    users = session.exec(select(t.User))
    return {user.id: user.display_name or user.name for user in users}


def _comments(session: Session, owner: str, names: dict[str, str]) -> tuple[CommentView, ...]:
    query = (
        select(t.Comment)
        .where(t.Comment.postmortem_id == owner)
        .order_by(col(t.Comment.created_at))
    )
    return tuple(
        CommentView(
            row.id,
            row.anchor,
            row.body,
            names.get(row.author_id or "", "Operator"),
            row.created_at,
            row.resolved_at,
        )
        for row in session.exec(query)
    )


def _revisions(session: Session, owner: str, names: dict[str, str]) -> tuple[RevisionView, ...]:
    columns = (
        t.Revision.number,
        t.Revision.kind,
        t.Revision.actor_id,
        t.Revision.reason,
        t.Revision.created_at,
        t.Revision.content_hash,
    )
    query: Any = select(*columns).where(t.Revision.postmortem_id == owner)  # type: ignore[call-overload]
    rows = session.exec(query.order_by(col(t.Revision.number).desc()))
    return tuple(
        RevisionView(
            number, RevisionKind(kind), names.get(actor or "", "Operator"), reason, at, digest
        )
        for number, kind, actor, reason, at, digest in rows
    )


def revision_content(session: Session, row: t.PostmortemRow, number: int) -> PostmortemContent:
    """The content of one revision. Raises NotFound."""
    query = select(t.Revision).where(
        t.Revision.postmortem_id == row.id, t.Revision.number == number
    )
    revision = session.exec(query).first()
    if revision is None:
        raise NotFound(f"There is no revision {number} of {row.reference}.")
    return PostmortemContent.model_validate(revision.content)


def _related_from(
    session: Session, viewer: Viewer, reference: str
) -> tuple[tuple[str, str, str], ...]:
    """Postmortems that point here: (reference, title, relation), visible ones only."""
    link = t.RelatedPostmortemRow
    query = (
        select(t.PostmortemRow.reference, t.PostmortemRow.title, link.relation)
        .where(
            link.postmortem_id == t.PostmortemRow.id,
            link.reference == reference,
            visible_to(viewer),
        )
        .order_by(col(t.PostmortemRow.reference))
    )
    return tuple((ref, title, relation) for ref, title, relation in session.exec(query))


@dataclass(frozen=True, slots=True)
class ActionView:
    """An action item with where it comes from."""

    id: str
    title: str
    kind: str
    status: str
    control: str | None
    strength: str | None
    owner: str
    team: str
    priority: str | None
    due: Any
    overdue_days: int
    reference: str
    postmortem_title: str
    severity: str | None
    verified: str
    status_reason: str


def list_actions(
    session: Session, *, viewer: Viewer, now: datetime, only_open: bool = True
) -> list[ActionView]:
    """Action items of visible postmortems, the most overdue first; ideas come last."""
    action = t.ActionItemRow
    query = (
        select(action, t.PostmortemRow)
        .where(action.postmortem_id == t.PostmortemRow.id, visible_to(viewer), action.title != "")
        .order_by(col(action.due), col(action.id))
    )
    if only_open:
        states = [status.value for status in OPEN_ACTION_STATUSES]
        query = query.where(col(action.status).in_(states))
    found = [_action(row, owner, now) for row, owner in session.exec(query)]
    return sorted(found, key=lambda a: (a.kind == "idea", a.due is None, -a.overdue_days))


def _action(row: t.ActionItemRow, owner: t.PostmortemRow, now: datetime) -> ActionView:
    is_open = row.status in [status.value for status in OPEN_ACTION_STATUSES]
    overdue = (now.date() - row.due).days if row.due and is_open else 0
    return ActionView(
        id=row.id,
        title=row.title,
        kind=row.kind,
        status=row.status,
        control=row.control,
        strength=row.strength,
        owner=row.owner,
        team=row.team,
        priority=row.priority,
        due=row.due,
        overdue_days=max(overdue, 0),
        reference=owner.reference,
        postmortem_title=owner.title,
        severity=owner.severity,
        verified=row.verified,
        status_reason=row.status_reason,
    )


def ai_rows_by_surface(session: Session, *, condition: Any) -> dict[str, dict[str, int]]:
    """Count of answers per surface and state over postmortems that meet ``condition``.

    A row that nobody confirmed counts as unknown.
    """
    row = t.AIInfluenceRow
    query = (
        select(row.surface, row.state, row.confirmed, func.count())
        .where(row.postmortem_id == t.PostmortemRow.id, condition)
        .group_by(col(row.surface), col(row.state), col(row.confirmed))
    )
    found: dict[str, dict[str, int]] = {}
    for surface, state, confirmed, count in session.exec(query):
        state = state if confirmed else AIState.UNKNOWN.value
        cell = found.setdefault(surface, {})
        cell[state] = cell.get(state, 0) + count
    return found
