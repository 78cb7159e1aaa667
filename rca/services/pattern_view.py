"""One pattern in full: why its incidents stand together, and what nearly joined."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from mining import stats
from mining.patterns import READ_OF_ONE
from rca.domain.quarters import UNDATED
from rca.domain.vocabulary import (
    OPEN_ACTION_STATUSES,
    ActionKind,
    ActionStatus,
    DetectionMethod,
    Severity,
    Trigger,
    Vocabulary,
)
from rca.services import pattern_items as items
from rca.services.mining_runs import last_run_id
from rca.services.pattern_history import PatternEvent, history_of, went_into
from rca.services.pattern_values import GuardrailRef, MemberView, PatternItem, RunView
from rca.services.patterns import run_view
from rca.services.visibility import is_open
from rca.store import tables as t


@dataclass(frozen=True, slots=True)
class Other:
    """A postmortem beside the pattern."""

    reference: str
    title: str
    similarity: float | None = None
    missing: float | None = None


@dataclass(frozen=True, slots=True)
class PatternAction:
    """Work that would break the pattern, and its fate."""

    title: str
    status: ActionStatus
    team: str
    due: date | None
    overdue_days: int
    reference: str
    reason: str
    verified: str


@dataclass(frozen=True, slots=True)
class QuarterCount:
    """Incidents of one quarter with their Poisson interval."""

    quarter: str
    count: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PatternView:
    """Everything a sceptic asks of one pattern."""

    item: PatternItem
    run: RunView | None
    live: bool
    share: stats.Share
    members: tuple[MemberView, ...]
    exemplars: tuple[MemberView, ...]
    least_typical: MemberView | None
    why: tuple[str, ...]
    phrases: tuple[tuple[str, float], ...]
    cause_ids: tuple[str, ...]
    trend: tuple[QuarterCount, ...]
    change: stats.Comparison | None
    services: tuple[tuple[str, int], ...]
    actions: tuple[PatternAction, ...]
    guardrails: tuple[GuardrailRef, ...]
    near: tuple[Other, ...]
    see_also: tuple[Other, ...]
    removed: tuple[tuple[Other, str], ...]
    sizes: tuple[tuple[str, int], ...]
    history: tuple[PatternEvent, ...]
    went_into: str
    joining: float
    first_seen: str
    decided_by: str
    decided_at: datetime | None
    proposed_name: str
    others: tuple[tuple[str, str], ...]
    read: int

    @property
    def severity_words(self) -> str:
        """``2 SEV-1, 5 SEV-2``."""
        told = [
            f"{count} {Severity.label_of(name) if name else 'of unknown severity'}"
            for name, count in self.item.severities
        ]
        return ", ".join(told)


_ANSWER = re.compile(r"(Trigger|Found by) (.+): (\d+ of \d+)\.")
_FORM: Mapping[str, type[Vocabulary]] = {"Trigger": Trigger, "Found by": DetectionMethod}


def in_form_words(line: str) -> str:
    """A reason of the library, with answers as the form words them instead of as they are stored.

    ``Found by alert slo: 4 of 7.`` becomes ``Found by: Alert on an SLO, 4 of 7.``
    """
    found = _ANSWER.fullmatch(line)
    if not found:
        return line
    name, value, counted = found.groups()
    return f"{name}: {_FORM[name].label_of(value.replace(' ', '_'))}, {counted}."


def view_pattern(session: Session, *, identifier: str, now: datetime) -> PatternView:
    """One pattern. Raises NotFound."""
    row = items.find_pattern(session, identifier)
    item = items.pattern_items(session, [row])[0]
    run_id = last_run_id(session)
    run = run_view(session, row.last_run_id)
    pairs = items.members_of(session, [row.id]).get(row.id, [])
    members = tuple(_member(row, member, incident) for member, incident in pairs)
    trend = _trend(item)
    apart = set(row.payload.get("human", {}).get("removed", {}))
    also = row.payload.get("see_also", [])
    return PatternView(
        item=item,
        run=run,
        live=row.last_run_id == run_id,
        share=stats.share(min(item.size, run.records), run.records) if run else stats.share(0, 0),
        members=members,
        exemplars=members[:3],
        least_typical=members[-1] if len(members) > 3 else None,
        why=tuple(in_form_words(str(part["text"])) for part in row.payload.get("why", [])),
        phrases=tuple(
            zip(row.payload.get("phrases", []), row.payload.get("weights", []), strict=False)
        ),
        cause_ids=tuple(str(cause) for cause in row.causes),
        trend=trend,
        change=_change(trend),
        services=_services(session, [incident.id for _, incident in pairs]),
        actions=_actions(session, [incident.id for _, incident in pairs], now),
        guardrails=item.guardrails,
        near=_others(session, [n for n in row.payload.get("near", []) if n[0] not in apart]),
        see_also=_others(session, [[ref, None, None] for ref in also if ref not in apart]),
        removed=_removed(session, row),
        sizes=tuple((str(day), int(size)) for day, size in row.payload.get("history", [])),
        history=history_of(session, row),
        joining=_joining(row.payload.get("near", [])),
        went_into="" if pairs and row.last_run_id == run_id else went_into(row),
        first_seen=_first_seen([incident for _, incident in pairs]),
        decided_by=_name(session, row.decided_by),
        decided_at=row.decided_at,
        proposed_name=str(row.payload.get("proposed_name", row.name)),
        others=_other_patterns(session, row, run_id),
        read=min(item.size, READ_OF_ONE),
    )


def _member(row: t.PatternRow, member: t.PatternMember, incident: t.PostmortemRow) -> MemberView:
    payload = row.payload
    return MemberView(
        id=incident.id,
        reference=incident.reference,
        title=incident.title,
        severity=Severity(incident.severity) if incident.severity else None,
        quarter=incident.quarter,
        occurred_at=incident.occurred_at,
        occurred_precision=incident.occurred_precision,
        ai=incident.ai_summary,
        quote=items.segments(member.quote, payload.get("phrases", [])),
        centrality=float(payload.get("centrality", {}).get(incident.reference, 0.0)),
        unconfirmed=incident.unconfirmed > 0,
        duplicate_of=str(payload.get("duplicates", {}).get(incident.reference, "")),
    )


def _trend(item: PatternItem) -> tuple[QuarterCount, ...]:
    found = []
    for quarter, count in item.bars:
        interval = stats.poisson_rate(count)
        found.append(QuarterCount(quarter, count, interval.low or 0.0, interval.high or 0.0))
    return tuple(found)


def _change(trend: Sequence[QuarterCount]) -> stats.Comparison | None:
    if len(trend) < 2 or not trend[-1].count + trend[-2].count:
        return None
    return stats.rate_ratio(trend[-1].count, 1.0, trend[-2].count, 1.0)


def _services(session: Session, ids: Sequence[str]) -> tuple[tuple[str, int], ...]:
    query = select(t.PostmortemService.name).where(col(t.PostmortemService.postmortem_id).in_(ids))
    found = Counter(session.exec(query))
    return tuple(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def _actions(session: Session, ids: Sequence[str], now: datetime) -> tuple[PatternAction, ...]:
    query = (
        select(t.ActionItemRow, t.PostmortemRow)
        .where(
            col(t.ActionItemRow.postmortem_id).in_(ids),
            t.ActionItemRow.postmortem_id == t.PostmortemRow.id,
            t.ActionItemRow.kind == ActionKind.COMMITMENT.value,
            t.ActionItemRow.title != "",
        )
        .order_by(col(t.ActionItemRow.due), col(t.ActionItemRow.id))
    )
    found = [_action(row, owner, now) for row, owner in session.exec(query)]
    rank = {"open": 0, "in_progress": 0, "blocked": 0, "wont_do": 1, "done": 2}
    return tuple(sorted(found, key=lambda a: (rank.get(a.status.value, 3), -a.overdue_days)))


def _action(row: t.ActionItemRow, owner: t.PostmortemRow, now: datetime) -> PatternAction:
    status = ActionStatus(row.status)
    late = (now.date() - row.due).days if row.due and status in OPEN_ACTION_STATUSES else 0
    return PatternAction(
        title=row.title,
        status=status,
        team=row.team,
        due=row.due,
        overdue_days=max(late, 0),
        reference=owner.reference,
        reason=row.status_reason,
        verified=row.verified,
    )


def _titles(session: Session, references: Sequence[str]) -> dict[str, str]:
    query = select(t.PostmortemRow.reference, t.PostmortemRow.title).where(
        col(t.PostmortemRow.reference).in_(references), is_open()
    )
    return dict(session.exec(query).all())


def _others(session: Session, rows: Sequence[Any]) -> tuple[Other, ...]:
    titles = _titles(session, [row[0] for row in rows])
    return tuple(
        Other(reference, titles[reference], similarity, missing)
        for reference, similarity, missing in rows
        if reference in titles
    )


def _joining(near: Sequence[Any]) -> float:
    """The similarity that joining takes: what one that nearly joined has and lacks."""
    return max((float(has) + float(lacks) for _, has, lacks in near if lacks), default=0.0)


def _removed(session: Session, row: t.PatternRow) -> tuple[tuple[Other, str], ...]:
    reasons: Mapping[str, str] = row.payload.get("human", {}).get("removed", {})
    titles = _titles(session, list(reasons))
    return tuple((Other(ref, titles[ref]), reasons[ref]) for ref in sorted(titles))


def _first_seen(incidents: Sequence[t.PostmortemRow]) -> str:
    dated = [incident.quarter for incident in incidents if incident.quarter not in ("", UNDATED)]
    return min(dated, default=UNDATED)


def _name(session: Session, user_id: str | None) -> str:
    user = session.get(t.User, user_id) if user_id else None
    return (user.display_name or user.name) if user else ""


def _other_patterns(
    session: Session, row: t.PatternRow, run_id: str | None
) -> tuple[tuple[str, str], ...]:
    query = select(t.PatternRow.id, t.PatternRow.name).where(
        t.PatternRow.last_run_id == run_id,
        t.PatternRow.organisation == row.organisation,
        t.PatternRow.id != row.id,
    )
    return tuple(
        (i, f"{i} {name}") for i, name in session.exec(query.order_by(col(t.PatternRow.id)))
    )
