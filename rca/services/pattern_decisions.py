"""What people decide about a pattern. Membership decisions are constraints that later runs keep."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from rca.domain.access import Permission, Viewer
from rca.domain.vocabulary import PatternState
from rca.errors import Invalid, NotNow, Problem
from rca.services import jobs
from rca.services.mining_runs import next_number
from rca.services.pattern_history import JOINED_TO, entry, kept
from rca.services.pattern_items import find_pattern, members_of
from rca.services.pattern_masking import with_left
from rca.services.permissions import need
from rca.services.visibility import find_postmortem
from rca.store import audit
from rca.store import tables as t


def _human(row: t.PatternRow) -> dict[str, Any]:
    """A copy of the decisions kept with a pattern, with every part present."""
    kept = deepcopy(row.payload.get("human", {}))
    return {"together": [], "apart": [], "added": [], "removed": {}, **kept}


def _keep(
    session: Session,
    row: t.PatternRow,
    viewer: Viewer,
    action: str,
    now: datetime,
    human: dict[str, Any] | None = None,
    **detail: Any,
) -> None:
    if human is not None:
        row.payload = {**row.payload, "human": human}
    row.decided_by, row.decided_at = viewer.user_id, now
    session.add(row)
    act = audit.Act(viewer.name, f"pattern.{action}", "pattern", row.id, detail)
    audit.append(session, act, now=now)


def _words(text: str, field: str, most: int = 400) -> str:
    words = " ".join(text.split())
    if not words:
        raise Invalid([Problem(field, "Write a few words here.")])
    if len(words) > most:
        raise Invalid([Problem(field, f"Keep it under {most} characters.")])
    return words


def rename(session: Session, *, viewer: Viewer, identifier: str, name: str, now: datetime) -> None:
    """Give the pattern a name of people's own; later runs keep it. Raises Invalid."""
    need(viewer, Permission.REVIEW)
    row = find_pattern(session, identifier)
    row.name, row.named_by_human = _words(name, "name"), True
    _keep(session, row, viewer, "rename", now)


def unname(session: Session, *, viewer: Viewer, identifier: str, now: datetime) -> None:
    """Let the pattern go by the name that the newest run proposes; later runs may change it."""
    need(viewer, Permission.REVIEW)
    row = find_pattern(session, identifier)
    row.name, row.named_by_human = str(row.payload.get("proposed_name", row.name))[:400], False
    _keep(session, row, viewer, "unname", now)


def confirm(session: Session, *, viewer: Viewer, identifier: str, now: datetime) -> None:
    """Say that this is one cause coming back; its members stay together from now on."""
    need(viewer, Permission.REVIEW)
    row = find_pattern(session, identifier)
    human = _human(row)
    human["together"] = [sorted(_references(session, row))]
    row.state, row.reason = PatternState.CONFIRMED.value, ""
    _keep(session, row, viewer, "confirm", now, human, members=len(human["together"][0]))


def dismiss(
    session: Session, *, viewer: Viewer, identifier: str, reason: str, now: datetime
) -> None:
    """Say that this is no pattern, and why. It stays out of the list in later runs."""
    need(viewer, Permission.REVIEW)
    row = find_pattern(session, identifier)
    row.reason = _words(reason, "reason", 2_000)
    row.state = PatternState.DISMISSED.value
    human = {**_human(row), "together": []}
    _keep(session, row, viewer, "dismiss", now, human)


def reconsider(session: Session, *, viewer: Viewer, identifier: str, now: datetime) -> None:
    """Take a decision back: the pattern is a proposal again."""
    need(viewer, Permission.REVIEW)
    row = find_pattern(session, identifier)
    row.state, row.reason = PatternState.PROPOSED.value, ""
    _keep(session, row, viewer, "reconsider", now, {**_human(row), "together": []})


def add_member(
    session: Session, *, viewer: Viewer, identifier: str, reference: str, now: datetime
) -> None:
    """Put a postmortem into the pattern. Raises NotFound, Invalid, NotNow."""
    need(viewer, Permission.REVIEW)
    row = find_pattern(session, identifier)
    incident = find_postmortem(session, viewer, reference.strip().upper())
    _refuse_unfit(row, incident)
    members = _references(session, row)
    if incident.reference in members:
        raise NotNow(f"{incident.reference} is in {row.id} already.")
    human = _human(row)
    human["removed"].pop(incident.reference, None)
    human["apart"] = [pair for pair in human["apart"] if pair[0] != incident.reference]
    human["added"] = sorted({*human["added"], incident.reference})
    anchors = [*members[:2], incident.reference]
    human["together"] = _joined(human["together"], anchors)
    session.add(
        t.PatternMember(pattern_id=row.id, postmortem_id=incident.id, position=len(members))
    )
    row.size += 1
    _keep(session, row, viewer, "add_member", now, human, reference=incident.reference)
    _mine_soon(session, now)


def remove_member(
    session: Session,
    *,
    viewer: Viewer,
    identifier: str,
    reference: str,
    reason: str = "",
    now: datetime,
) -> None:
    """Take a postmortem out; later runs keep it apart from the others. Raises NotFound."""
    need(viewer, Permission.REVIEW)
    row = find_pattern(session, identifier)
    incident = find_postmortem(session, viewer, reference)
    members = _references(session, row)
    if incident.reference not in members:
        raise NotNow(f"{incident.reference} is not in {row.id}.")
    others = sorted(set(members) - {incident.reference})
    human = _human(row)
    human["together"] = [[r for r in ids if r != incident.reference] for ids in human["together"]]
    human["added"] = [r for r in human["added"] if r != incident.reference]
    human["removed"][incident.reference] = " ".join(reason.split())[:2_000]
    human["apart"] = [*human["apart"], [incident.reference, others]]
    _drop_row(session, row, incident.id)
    row.payload = with_left(row.payload, [incident.reference])
    row.size = max(0, row.size - 1)
    _keep(session, row, viewer, "remove_member", now, human, reference=incident.reference)
    _mine_soon(session, now)


def merge(session: Session, *, viewer: Viewer, identifier: str, other: str, now: datetime) -> None:
    """Say that another pattern is the same cause: its incidents are this one's from now on, and
    later runs keep them here, under this number. Raises Invalid."""
    need(viewer, Permission.REVIEW)
    row, second = find_pattern(session, identifier), find_pattern(session, other)
    if row.id == second.id or row.organisation != second.organisation:
        raise Invalid([Problem("other", "Choose another pattern of the same organisation.")])
    moved = _references(session, second)
    ids = [*_references(session, row), *moved]
    human, theirs = _human(row), _human(second)
    human["together"] = _joined(human["together"], ids)
    human["apart"] = [pair for pair in human["apart"] if not set(pair[1]) & set(ids)]
    # A split that is taken back here was kept with the other half.
    theirs["apart"] = [p for p in theirs["apart"] if p[0] not in ids or not set(p[1]) & set(ids)]
    theirs["together"] = []
    _move(session, second, row)
    went = kept(second.payload, entry(now, JOINED_TO, row.id))
    second.payload = with_left({**second.payload, "lineage": went}, moved)
    second.size, row.size = 0, len(set(ids))
    _keep(session, second, viewer, "joined_to", now, theirs, other=row.id)
    _keep(session, row, viewer, "merge", now, human, other=second.id)
    _mine_soon(session, now)


def _move(session: Session, source: t.PatternRow, target: t.PatternRow) -> None:
    """Make the members of one pattern the other's, behind those that it has."""
    member = t.PatternMember
    there = session.exec(select(member).where(member.pattern_id == target.id)).all()
    known = {one.postmortem_id for one in there}
    after = max((one.position for one in there), default=-1) + 1
    for one in session.exec(select(member).where(member.pattern_id == source.id)).all():
        if one.postmortem_id not in known:
            session.add(
                t.PatternMember(
                    pattern_id=target.id,
                    postmortem_id=one.postmortem_id,
                    quote=one.quote,
                    position=after + one.position,
                )
            )
        session.delete(one)
    session.flush()


def split(
    session: Session, *, viewer: Viewer, identifier: str, references: Sequence[str], now: datetime
) -> str:
    """Say that these members are another cause: they get a pattern of their own, whose number is
    returned; later runs keep both sides apart. Raises Invalid."""
    need(viewer, Permission.REVIEW)
    row = find_pattern(session, identifier)
    members = _references(session, row)
    chosen = [reference for reference in members if reference in set(references)]
    rest = [reference for reference in members if reference not in chosen]
    if len(chosen) < 2 or not rest:
        told = "Choose two or more incidents for the other pattern, and leave at least one here."
        raise Invalid([Problem("members", told)])
    human = _human(row)
    human["together"] = [rest] if len(rest) > 1 else []
    human["apart"] = [*human["apart"], *([reference, rest] for reference in chosen)]
    second = _other_half(session, row, chosen)
    # Either half goes by a name that was read with both, until the next run.
    row.payload, second.payload = with_left(row.payload, chosen), with_left(second.payload, rest)
    row.size = max(0, row.size - len(chosen))
    _keep(session, second, viewer, "split_off", now, other=row.id)
    _keep(session, row, viewer, "split", now, human, into=second.id, members=len(chosen))
    _mine_soon(session, now)
    return second.id


def _other_half(session: Session, row: t.PatternRow, chosen: Sequence[str]) -> t.PatternRow:
    """A stored pattern with members taken over from another; the next run describes it afresh."""
    human = {"together": [sorted(chosen)], "apart": [], "added": [], "removed": {}}
    second = t.PatternRow(
        id=next_number(session),
        organisation=row.organisation,
        kind=row.kind,
        name=row.name,
        state=PatternState.PROPOSED.value,
        causes=list(row.causes),
        strength=row.strength,
        size=len(chosen),
        first_run_id=row.last_run_id,
        last_run_id=row.last_run_id,
        payload={
            "human": human,
            "why": [{"text": f"Split from {row.id} by a reviewer."}],
        },
    )
    session.add(second)
    session.flush()
    for member, incident in members_of(session, [row.id]).get(row.id, []):
        if incident.reference in chosen:
            moved = t.PatternMember(
                pattern_id=second.id,
                postmortem_id=incident.id,
                quote=member.quote,
                position=member.position,
            )
            session.delete(member)
            session.add(moved)
    session.flush()
    return second


def _refuse_unfit(row: t.PatternRow, incident: t.PostmortemRow) -> None:
    if incident.visibility != "open" or incident.published_number is None:
        raise NotNow("Only a published postmortem that everybody may read can join a pattern.")
    if incident.organisation != row.organisation:
        raise NotNow("It belongs to another organisation; patterns never cross that line.")


def _references(session: Session, row: t.PatternRow) -> list[str]:
    return [incident.reference for _, incident in members_of(session, [row.id]).get(row.id, [])]


def _joined(groups: Sequence[Sequence[str]], ids: Sequence[str]) -> list[list[str]]:
    """The groups with ``ids`` as one more, overlapping ones melted into it."""
    wanted = set(ids)
    apart = []
    for group in groups:
        if wanted & set(group):
            wanted |= set(group)
        else:
            apart.append(sorted(group))
    return [*apart, sorted(wanted)]


def _drop_row(session: Session, row: t.PatternRow, postmortem_id: str) -> None:
    session.execute(
        delete(t.PatternMember).where(
            col(t.PatternMember.pattern_id) == row.id,
            col(t.PatternMember.postmortem_id) == postmortem_id,
        )
    )


def _mine_soon(session: Session, now: datetime) -> None:
    jobs.enqueue(session, kind="mine", key="mine", now=now)
