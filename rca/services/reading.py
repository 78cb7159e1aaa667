"""Reading one postmortem: its content, history and remarks. Nothing here writes."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from rca.domain.access import Permission, Viewer
from rca.domain.lifecycle import EDITABLE
from rca.domain.postmortem import PostmortemContent
from rca.domain.template import Template
from rca.domain.vocabulary import AIState, RevisionKind, Status
from rca.errors import NotFound
from rca.services import revisions, templates
from rca.services.visibility import find_postmortem, visible_to
from rca.store import tables as t
from rca.store.postmortems import load_content

PUBLISHED_STATES = (Status.PUBLISHED.value, Status.ARCHIVED.value)


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
    saves: int = 1


@dataclass(frozen=True, slots=True)
class PostmortemView:
    """One postmortem as a reader sees it.

    ``content`` is the published revision when there is one and a correction is under way, unless
    ``live`` was asked for; ``correcting`` tells so. ``unpinned_since`` is the
    beginning of a newest revision that an autosave may still replace: whoever shows it pins it.
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
    template: Template | None = None
    template_by_hand: bool = False
    unpinned_since: datetime | None = None


def view(session: Session, *, viewer: Viewer, reference: str, live: bool = False) -> PostmortemView:
    """One postmortem. Raises NotFound when absent or hidden."""
    row = find_postmortem(session, viewer, reference)
    status = Status(row.status)
    correcting = row.published_number is not None and status.value not in PUBLISHED_STATES
    content = load_content(session, row)
    if correcting and not live:
        content = revision_content(session, row, row.published_number or 0)
    names = _names(session)
    newest = revisions.latest(session, row.id)
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
        revisions=_revisions(session, row.id, names),
        section_versions=_section_versions(session, row.id),
        related_from=_related_from(session, viewer, row.reference),
        template=templates.of(session, row, content),
        template_by_hand=row.template_by_hand,
        unpinned_since=revisions.unpinned_since(row, newest),
    )


def shown(
    session: Session, *, viewer: Viewer, reference: str, now: datetime, live: bool = False
) -> PostmortemView:
    """:func:`view` for a page, in a writing transaction: what it shows stays in the history."""
    row = find_postmortem(session, viewer, reference, lock=True)
    revisions.pin(session, row, now=now)
    return view(session, viewer=viewer, reference=reference, live=live)


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


def comments(session: Session, *, viewer: Viewer, reference: str) -> tuple[CommentView, ...]:
    """The comments of one postmortem, oldest first. Raises NotFound."""
    row = find_postmortem(session, viewer, reference)
    return _comments(session, row.id, _names(session))


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
        t.Revision.saves,
    )
    query: Any = select(*columns).where(t.Revision.postmortem_id == owner)  # type: ignore[call-overload]
    rows = session.exec(query.order_by(col(t.Revision.number).desc()))
    return tuple(
        RevisionView(
            number,
            RevisionKind(kind),
            names.get(actor or "", "Operator"),
            reason,
            at,
            digest,
            saves,
        )
        for number, kind, actor, reason, at, digest, saves in rows
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
