"""What a tracker says of an action's issue: a proposal, until a person accepts or rejects it.

A tracker never moves an action by itself. An issue is closed for many reasons, and whether the risk
is gone is for people to say.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import true
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from rca.domain.access import Permission, Viewer
from rca.domain.event import IssueMove
from rca.domain.postmortem import new_id
from rca.domain.tracker import ProposalState, TrackerSays, issue_key
from rca.domain.vocabulary import OPEN_ACTION_STATUSES, ActionStatus
from rca.errors import NotFound, NotNow
from rca.services.actions import ActionView, Progress, change, view
from rca.services.permissions import need
from rca.services.visibility import visible_to
from rca.store import audit
from rca.store import tables as t

_BECOMES = {
    TrackerSays.DONE: ActionStatus.DONE,
    TrackerSays.DROPPED: ActionStatus.WONT_DO,
    TrackerSays.OPEN: ActionStatus.OPEN,
}
NAMES = {"github": "GitHub", "gitlab": "GitLab", "jira": "Jira"}


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A proposal as an action shows it."""

    id: str
    action_id: str
    source: str
    url: str
    says: TrackerSays
    note: str
    at: datetime

    @property
    def status(self) -> ActionStatus:
        """What the action would become."""
        return _BECOMES[self.says]

    @property
    def needs_words(self) -> bool:
        """Whether accepting it needs a reason and somebody who accepts the risk."""
        return self.says is TrackerSays.DROPPED


def agrees(status: str, says: TrackerSays) -> bool:
    """Whether an action in that status says the same already."""
    if says is TrackerSays.OPEN:
        return status in [one.value for one in OPEN_ACTION_STATUSES]
    if says is TrackerSays.DONE:
        return status == ActionStatus.DONE.value
    return status in (ActionStatus.WONT_DO.value, ActionStatus.SUPERSEDED.value)


# Receiving


def propose(session: Session, *, source: str, move: IssueMove, now: datetime) -> int:
    """Keep the move as a proposal for every action that names the issue. Returns how many are new.

    The same move again changes nothing; an older one than is known is left out, since trackers
    deliver in any order.
    """
    wanted = issue_key(move.url)
    found = [row for row in _candidates(session, move.url) if issue_key(row.tracker_url) == wanted]
    return sum(_keep(session, row, source, move, now) for row in found) if wanted else 0


def _candidates(session: Session, url: str) -> Sequence[t.ActionItemRow]:
    """Actions whose address ends like the issue's: its number or key is in every form of it."""
    last = url.rstrip("/").rpartition("/")[2].partition("?")[0].partition("#")[0]
    if not last:
        return ()
    row = t.ActionItemRow
    query = select(row).where(col(row.tracker_url).icontains(last, autoescape=True))
    return session.exec(query.order_by(col(row.id))).all()


def _keep(
    session: Session, row: t.ActionItemRow, source: str, move: IssueMove, now: datetime
) -> bool:
    held = t.TrackerProposal
    query = select(held).where(held.action_id == row.id).order_by(col(held.at), col(held.id))
    known = session.exec(query).all()
    if known and (known[-1].at > move.at or _says_it(known[-1], move)):
        return False
    state = ProposalState.WAITING
    if agrees(row.status, move.says):
        state = ProposalState.OVERTAKEN
    if not _insert(session, row, source, move, state, now):
        return False
    for one in known:
        if one.state == ProposalState.WAITING.value:
            one.state = ProposalState.OVERTAKEN.value
            session.add(one)
    return state is ProposalState.WAITING


def _says_it(newest: t.TrackerProposal, move: IssueMove) -> bool:
    """Whether the tracker repeats itself: people see it already, or turned it down."""
    undecided = (ProposalState.WAITING.value, ProposalState.REJECTED.value)
    return newest.says == move.says.value and newest.state in undecided


def _insert(
    session: Session,
    row: t.ActionItemRow,
    source: str,
    move: IssueMove,
    state: ProposalState,
    now: datetime,
) -> bool:
    told = f"{source}|{issue_key(move.url)}|{move.says.value}|{move.at.isoformat()}"
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(t.TrackerProposal).values(
        id=new_id(),
        postmortem_id=row.postmortem_id,
        action_id=row.id,
        key=hashlib.sha256(told.encode()).hexdigest(),
        source=source,
        url=move.url,
        says=move.says.value,
        note=move.note[:240],
        at=move.at,
        state=state.value,
        created_at=now,
    )
    made = session.execute(
        statement.on_conflict_do_nothing().returning(col(t.TrackerProposal.id))
    ).scalar_one_or_none()
    return made is not None


# Showing


def waiting_for(
    session: Session, *, viewer: Viewer, ids: Sequence[str] | None
) -> dict[str, ProposalView]:
    """The waiting proposal of each of these actions (of all: None) that the viewer may see.

    One that the action agrees with by now, whoever moved it, is not shown.
    """
    held, action = t.TrackerProposal, t.ActionItemRow
    query = (
        select(held, action.status)
        .where(
            true() if ids is None else col(held.action_id).in_(ids),
            held.state == ProposalState.WAITING.value,
            held.action_id == action.id,
            held.postmortem_id == t.PostmortemRow.id,
            visible_to(viewer),
        )
        .order_by(col(held.at))
    )
    return {
        row.action_id: _view(row)
        for row, status in session.exec(query)
        if not agrees(status, TrackerSays(row.says))
    }


def _view(row: t.TrackerProposal) -> ProposalView:
    return ProposalView(
        id=row.id,
        action_id=row.action_id,
        source=NAMES.get(row.source, row.source),
        url=row.url,
        says=TrackerSays(row.says),
        note=row.note,
        at=row.at,
    )


# Deciding


def _find(session: Session, viewer: Viewer, proposal_id: str) -> t.TrackerProposal:
    need(viewer, Permission.WRITE)
    held = t.TrackerProposal
    query = select(held).where(
        held.id == proposal_id, held.postmortem_id == t.PostmortemRow.id, visible_to(viewer)
    )
    row = session.exec(query.with_for_update()).first()
    if row is None:
        raise NotFound("There is no such proposal, or you are not a member of its postmortem.")
    if row.state != ProposalState.WAITING.value:
        raise NotNow(f"It is {ProposalState(row.state).label.lower()} already.")
    return row


def _decide(
    session: Session, row: t.TrackerProposal, state: ProposalState, viewer: Viewer, now: datetime
) -> None:
    row.state = state.value
    row.decided_by, row.decided_at = viewer.user_id, now
    session.add(row)
    detail = {"item": row.action_id, "source": row.source, "says": row.says}
    act = audit.Act(viewer.name, f"proposal.{state.value}", "postmortem", row.postmortem_id, detail)
    audit.append(session, act, now=now)


def accept(
    session: Session,
    *,
    viewer: Viewer,
    proposal_id: str,
    item: ActionView,
    base_version: int,
    now: datetime,
) -> ActionView:
    """Move the action as the tracker says, in the person's name. Raises NotNow when it needs a
    reason first, Conflict, Forbidden, NotFound.
    """
    row = _find(session, viewer, proposal_id)
    if row.action_id != item.id:
        raise NotFound("That proposal is about another action item.")
    if _view(row).needs_words:
        raise NotNow("Say why it will not be done, and who accepts the risk.")
    progress = Progress(status=_view(row).status, due=item.due)
    moved = change(
        session, viewer=viewer, action_id=item.id, progress=progress, base_version=base_version,
        now=now,
    )  # fmt: skip
    _decide(session, row, ProposalState.ACCEPTED, viewer, now)
    return moved


def accept_as_said(
    session: Session,
    *,
    viewer: Viewer,
    proposal_id: str,
    base_version: int,
    reason: str,
    approver: str,
    now: datetime,
) -> ActionView:
    """Accept it in one act, with the words that its status asks for. Raises Invalid for missing
    words, Conflict, Forbidden, NotFound, NotNow.
    """
    row = _find(session, viewer, proposal_id)
    item = view(session, viewer=viewer, action_id=row.action_id, now=now)
    progress = Progress(status=_view(row).status, reason=reason, approver=approver, due=item.due)
    moved = change(
        session, viewer=viewer, action_id=item.id, progress=progress, base_version=base_version,
        now=now,
    )  # fmt: skip
    _decide(session, row, ProposalState.ACCEPTED, viewer, now)
    return moved


def reject(session: Session, *, viewer: Viewer, proposal_id: str, now: datetime) -> str:
    """Keep the action as it is. Returns its id. Raises NotNow, Forbidden, NotFound."""
    row = _find(session, viewer, proposal_id)
    _decide(session, row, ProposalState.REJECTED, viewer, now)
    return row.action_id


def settle(
    session: Session, *, viewer: Viewer, action_id: str, status: ActionStatus, now: datetime
) -> None:
    """A person moved the action by the form: a waiting proposal that agrees is accepted by it."""
    held = t.TrackerProposal
    query = select(held).where(
        held.action_id == action_id, held.state == ProposalState.WAITING.value
    )
    for row in session.exec(query):
        if agrees(status.value, TrackerSays(row.says)):
            _decide(session, row, ProposalState.ACCEPTED, viewer, now)
