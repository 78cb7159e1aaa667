"""What waits for one reader. Through their own eyes, and never counted per person elsewhere."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from rca.domain.access import Permission, Viewer
from rca.domain.lifecycle import unmet
from rca.domain.vocabulary import GuardrailDecision, RevisionKind, Severity, Status
from rca.services import templates
from rca.services.actions import ActionView
from rca.services.visibility import visible_to
from rca.store import tables as t
from rca.store.postmortems import load_contents

MOST_WAITING = 6
UNFINISHED = (Status.DRAFT.value, Status.CHANGES_REQUESTED.value)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits for the reader. ``since`` orders the list, oldest first."""

    kind: str
    title: str
    reference: str
    severity: Severity | None
    status: str
    note: str
    since: datetime
    days: int
    key: str = ""


def waiting_for(
    session: Session, *, viewer: Viewer, overdue: list[ActionView], now: datetime
) -> list[Waiting]:
    """Drafts, reviews, decisions and own overdue actions of one reader, oldest first."""
    found = [*_drafts(session, viewer, now), *_overdue_of(viewer, overdue, now)]
    if viewer.may(Permission.REVIEW):
        found += [*_reviews(session, viewer, now), *_suggestions(session, now)]
    return sorted(found, key=lambda item: (item.since, item.reference))


def _days(since: datetime, now: datetime) -> int:
    return max((now - since).days, 0)


def _drafts(session: Session, viewer: Viewer, now: datetime) -> list[Waiting]:
    row = t.PostmortemRow
    query = (
        select(row)
        .where(
            row.created_by == viewer.user_id,
            col(row.created_by).is_not(None),
            col(row.status).in_(UNFINISHED),
            visible_to(viewer),
        )
        .order_by(col(row.updated_at))
        .limit(MOST_WAITING + 1)
    )
    rows = list(session.exec(query))
    contents = load_contents(session, rows)
    followed = templates.of_many(session, rows, contents)
    return [
        Waiting(
            kind="draft",
            title=one.title,
            reference=one.reference,
            severity=Severity(one.severity) if one.severity else None,
            status=one.status,
            note=_left(len(unmet(contents[one.id], followed[one.id])), one.status),
            since=one.updated_at,
            days=_days(one.updated_at, now),
        )
        for one in rows
    ]


def _left(count: int, status: str) -> str:
    handed_back = "handed back to you, " if status == Status.CHANGES_REQUESTED.value else ""
    if not count:
        return f"{handed_back or 'your draft, '}ready for review"
    things = "1 thing" if count == 1 else f"{count} things"
    return f"{handed_back or 'your draft, '}{things} left before review"


def _overdue_of(viewer: Viewer, overdue: list[ActionView], now: datetime) -> list[Waiting]:
    """The reader's own overdue actions. Nobody else's are listed by person anywhere."""
    mine = {viewer.name.lower(), viewer.display_name.lower()}
    return [
        Waiting(
            kind="action",
            title=action.title,
            reference=action.reference,
            severity=action.severity,
            status=action.status.value,
            note=action.postmortem_title,
            since=datetime.combine(action.due, datetime.min.time(), now.tzinfo),
            days=action.overdue_days,
            key=action.id,
        )
        for action in overdue
        if action.due and action.owner.lower() in mine
    ]


def _reviews(session: Session, viewer: Viewer, now: datetime) -> list[Waiting]:
    """Reviews that this reader may do: nobody signs off what they wrote."""
    row, kept = t.PostmortemRow, t.Revision
    wrote = select(kept.postmortem_id).where(
        kept.actor_id == viewer.user_id,
        col(kept.kind).in_([RevisionKind.EDIT.value, RevisionKind.SUBMITTED.value]),
    )
    query = (
        select(row)
        .where(
            col(row.status).in_([Status.IN_REVIEW.value, Status.APPROVED.value]),
            visible_to(viewer),
            or_(col(row.status) == Status.APPROVED.value, col(row.id).not_in(wrote)),
        )
        .order_by(col(row.updated_at))
        .limit(MOST_WAITING + 1)
    )
    return [
        Waiting(
            kind="review",
            title=one.title,
            reference=one.reference,
            severity=Severity(one.severity) if one.severity else None,
            status=one.status,
            note="approved, to be published"
            if one.status == Status.APPROVED.value
            else "waits for a review",
            since=one.updated_at,
            days=_days(one.updated_at, now),
        )
        for one in session.exec(query)
    ]


def _suggestions(session: Session, now: datetime) -> list[Waiting]:
    row = t.GuardrailRow
    query = select(func.count(), func.min(row.created_at)).where(
        row.decision == GuardrailDecision.PROPOSED.value
    )
    count, first = session.exec(query).one()
    if not count or first is None:
        return []
    title = "1 suggested guardrail" if count == 1 else f"{count} suggested guardrails"
    note = "with the incidents behind each; accept, edit or reject"
    return [Waiting("guardrail", title, "", None, "", note, first, _days(first, now))]
