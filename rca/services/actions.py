"""Action items: the list across postmortems, and their progress.

Progress is tracked while a postmortem is published, too: it changes no word that was approved, so
it neither asks for a new approval nor starts a correction. Each change is a revision of its own
kind and builds on the version of the postmortem's action section.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from rca.domain.access import Permission, Viewer
from rca.domain.action import is_link, missing, unpromised
from rca.domain.postmortem import ActionItem, PostmortemContent
from rca.domain.vocabulary import (
    OPEN_ACTION_STATUSES,
    ActionKind,
    ActionStatus,
    RevisionKind,
    Section,
    Severity,
    Verification,
)
from rca.errors import Conflict, Invalid, NotFound, Problem
from rca.services import authoring
from rca.services.permissions import need
from rca.services.visibility import find_postmortem, visible_to
from rca.store import tables as t
from rca.store.postmortems import load_content

_OPEN = [status.value for status in OPEN_ACTION_STATUSES]


@dataclass(frozen=True, slots=True)
class ActionView:
    """An action item with where it comes from. ``version`` is what a change builds on."""

    id: str
    title: str
    kind: ActionKind
    status: ActionStatus
    control: str | None
    strength: str | None
    owner: str
    team: str
    priority: str | None
    due: date | None
    overdue_days: int
    reference: str
    postmortem_title: str
    severity: Severity | None
    verified: Verification
    status_reason: str
    approver: str
    done_criterion: str
    done_at: datetime | None
    tracker_url: str
    verified_on: date | None
    verified_evidence: str
    started: date | None = None
    version: int = 0
    factors: tuple[str, ...] = ()

    def later_than(self, days: int | None) -> int:
        """By how many days its date lies past what its severity allows; 0 when it does not."""
        if days is None or self.due is None or self.started is None:
            return 0
        return max((self.due - self.started).days - days, 0)

    @property
    def is_open(self) -> bool:
        """Whether work is still to do."""
        return self.status in OPEN_ACTION_STATUSES


@dataclass(frozen=True, slots=True)
class ActionFilter:
    """What the list is narrowed to. ``show`` is open, overdue, closed or all."""

    show: str = "open"
    team: str = ""
    service: str = ""


SHOWS = {"open": "Open", "overdue": "Overdue", "closed": "Closed", "all": "All"}


def _conditions(viewer: Viewer, wanted: ActionFilter) -> list[Any]:
    action, name = t.ActionItemRow, t.PostmortemService
    found: list[Any] = [
        action.postmortem_id == t.PostmortemRow.id,
        visible_to(viewer),
        action.title != "",
    ]
    if wanted.team:
        found.append(action.team == wanted.team)
    if wanted.service:
        owners = select(name.postmortem_id).where(name.name == wanted.service)
        found.append(col(action.postmortem_id).in_(owners))
    return found


def _shown(show: str, now: datetime) -> list[Any]:
    action = t.ActionItemRow
    still_open = col(action.status).in_(_OPEN)
    conditions: dict[str, list[Any]] = {
        "open": [still_open],
        "overdue": [still_open, col(action.due) < now.date()],
        "closed": [col(action.status).not_in(_OPEN)],
    }
    return conditions.get(show, [])


def list_actions(
    session: Session, *, viewer: Viewer, now: datetime, wanted: ActionFilter | None = None
) -> list[ActionView]:
    """Action items of visible postmortems, the most overdue first; ideas come last."""
    wanted = wanted or ActionFilter()
    query = (
        select(t.ActionItemRow, t.PostmortemRow)
        .where(*_conditions(viewer, wanted), *_shown(wanted.show, now))
        .order_by(col(t.ActionItemRow.due), col(t.ActionItemRow.id))
    )
    found = [_view(row, owner, now) for row, owner in session.exec(query)]
    return sorted(found, key=lambda a: (a.kind is ActionKind.IDEA, a.due is None, -a.overdue_days))


@dataclass(frozen=True, slots=True)
class ActionFacets:
    """Counts per tab under the other filters, and what can be narrowed by."""

    counts: dict[str, int]
    teams: tuple[str, ...]
    services: tuple[str, ...]


def facets(
    session: Session, *, viewer: Viewer, now: datetime, wanted: ActionFilter
) -> ActionFacets:
    """The tabs' counts and the selects' values, of visible postmortems only."""
    counts = {}
    for show in SHOWS:
        query = select(t.ActionItemRow.id).where(*_conditions(viewer, wanted), *_shown(show, now))
        counts[show] = len(session.exec(query).all())
    action, name = t.ActionItemRow, t.PostmortemService
    base = _conditions(viewer, ActionFilter())
    teams = session.exec(select(action.team).distinct().where(*base, action.team != ""))
    services = session.exec(
        select(name.name).distinct().where(name.postmortem_id == action.postmortem_id, *base)
    )
    return ActionFacets(counts, tuple(sorted(teams)), tuple(sorted(services)))


def _view(row: t.ActionItemRow, owner: t.PostmortemRow, now: datetime, **more: Any) -> ActionView:
    overdue = (now.date() - row.due).days if row.due and row.status in _OPEN else 0
    return ActionView(
        id=row.id,
        title=row.title,
        kind=ActionKind(row.kind),
        status=ActionStatus(row.status),
        control=row.control,
        strength=row.strength,
        owner=row.owner,
        team=row.team,
        priority=row.priority,
        due=row.due,
        overdue_days=max(overdue, 0),
        reference=owner.reference,
        postmortem_title=owner.title,
        severity=Severity(owner.severity) if owner.severity else None,
        verified=Verification(row.verified),
        status_reason=row.status_reason,
        approver=row.approver,
        done_criterion=row.done_criterion,
        done_at=row.done_at,
        tracker_url=row.tracker_url,
        verified_on=row.verified_on,
        verified_evidence=row.verified_evidence,
        started=(owner.published_at or owner.created_at).date(),
        **more,
    )


def _find(
    session: Session, viewer: Viewer, action_id: str, *, lock: bool = False
) -> tuple[t.ActionItemRow, t.PostmortemRow]:
    query = select(t.ActionItemRow, t.PostmortemRow.reference).where(
        t.ActionItemRow.id == action_id,
        t.ActionItemRow.postmortem_id == t.PostmortemRow.id,
        visible_to(viewer),
    )
    found = session.exec(query).first()
    if found is None:
        raise NotFound("There is no such action item, or you are not a member of its postmortem.")
    row, reference = found
    return row, find_postmortem(session, viewer, reference, lock=lock)


def _version(session: Session, owner: t.PostmortemRow) -> int:
    return authoring.section_versions(session, owner.id).get(Section.ACTIONS.value, 0)


def view(session: Session, *, viewer: Viewer, action_id: str, now: datetime) -> ActionView:
    """One action item with the factors that it answers. Raises NotFound."""
    row, owner = _find(session, viewer, action_id)
    factor, link = t.ContributingFactorRow, t.ActionFactor
    query = (
        select(factor.statement)
        .where(link.factor_id == factor.id, link.action_id == row.id)
        .order_by(col(factor.position))
    )
    return _view(
        row, owner, now, version=_version(session, owner), factors=tuple(session.exec(query))
    )


@dataclass(frozen=True, slots=True)
class Terms:
    """Who does it until when, and how one tells. Changing them is progress, not new words."""

    kind: ActionKind
    owner: str
    team: str
    done_criterion: str
    tracker_url: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What a person says about an action item. ``evidence`` belongs to ``verified``; without
    ``terms`` those stay.
    """

    status: ActionStatus
    reason: str = ""
    approver: str = ""
    due: date | None = None
    verified: Verification = Verification.PENDING
    evidence: str = ""
    terms: Terms | None = None


# Field of the content -> name of the form's field, where they differ.
_ON_FORM = {"status_reason": "reason", "verified_evidence": "evidence"}


def _problems(old: ActionItem, item: ActionItem, progress: Progress) -> list[Problem]:
    asked = list(missing(item))
    promised = old.kind is ActionKind.IDEA and item.kind is ActionKind.COMMITMENT
    if promised:
        asked += unpromised(item)
    found = {_ON_FORM.get(field, field): words for field, words in asked}
    if progress.verified is not Verification.PENDING and item.status is not ActionStatus.DONE:
        found["verified"] = "Only a finished action can be checked for effect."
        if not progress.evidence.strip():
            found["evidence"] = "Say what was seen: an alert, a drill, a number."
    moved = progress.due != old.due and old.due is not None
    if moved and not progress.reason.strip():
        found["reason"] = "Say why the date moves."
    if item.tracker_url and not is_link(item.tracker_url):
        found["tracker_url"] = "A link that begins with https:// or http://."
    return [Problem(field, words) for field, words in found.items()]


def _moved(item: ActionItem, progress: Progress, now: datetime) -> dict[str, Any]:
    done = progress.status is ActionStatus.DONE
    checked = done and progress.verified is not Verification.PENDING
    same = checked and progress.verified is item.verified
    return {
        "status": progress.status,
        "status_reason": progress.reason,
        "approver": progress.approver,
        "due": progress.due,
        "done_at": (item.done_at or now) if done else None,
        "verified": progress.verified if done else Verification.PENDING,
        "verified_on": (item.verified_on if same else now.date()) if checked else None,
        "verified_evidence": progress.evidence if checked else "",
        **(asdict(progress.terms) if progress.terms else {}),
    }


def change(
    session: Session,
    *,
    viewer: Viewer,
    action_id: str,
    progress: Progress,
    base_version: int,
    now: datetime,
) -> ActionView:
    """Store the progress of one action item. Raises Invalid, Conflict, Forbidden, NotFound."""
    need(viewer, Permission.WRITE)
    _row, owner = _find(session, viewer, action_id, lock=True)
    old = load_content(session, owner)
    version = _version(session, owner)
    if base_version != version:
        raise Conflict(
            "Somebody changed the action items of this postmortem while you were writing.",
            current=old,
            version=version,
        )
    item = next(item for item in old.actions if item.id == action_id)
    content = _with_action(old, item, _moved(item, progress, now))
    moved = next(one for one in content.actions if one.id == action_id)
    if problems := _problems(item, moved, progress):
        raise Invalid(problems)
    _store(session, owner, old, content, viewer, now)
    authoring.record(
        session, viewer, f"action.{progress.status.value}", owner, now=now, item=action_id
    )
    return view(session, viewer=viewer, action_id=action_id, now=now)


def _with_action(
    content: PostmortemContent, item: ActionItem, values: dict[str, Any]
) -> PostmortemContent:
    """The content with one action changed, validated like everything that is typed."""
    data = content.model_dump(mode="json")
    rows = [row for row in data["actions"] if row["id"] == item.id]
    rows[0].update(values)
    return authoring.parse_content(data)


def _store(
    session: Session,
    owner: t.PostmortemRow,
    old: PostmortemContent,
    content: PostmortemContent,
    viewer: Viewer,
    now: datetime,
) -> None:
    approved = owner.approved_hash == owner.content_hash
    authoring.store_content(session, owner, content, old=old, viewer=viewer, now=now)
    if approved:
        # The words that were signed off are the same; only work on them went on.
        owner.approved_hash = owner.content_hash
    owner.version += 1
    owner.updated_at = now
    session.add(owner)
    authoring.keep_revision(session, owner, content, RevisionKind.PROGRESS, viewer=viewer, now=now)
