"""Rows of the pattern list, counted over open records that still carry their pattern.

Figures are counted at the moment of reading: a record that became restricted since the run is in
none of them.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import func
from sqlmodel import Session, col, select

from mining import stats
from mining.patterns import SEVERITY_WEIGHT, UNKNOWN_WEIGHT
from mining.prepare import stem
from rca.domain.ai import INFLUENCED, NONE, SUSPECTED, UNKNOWN
from rca.domain.quarters import UNDATED, Quarter
from rca.domain.vocabulary import (
    OPEN_ACTION_STATUSES,
    ActionKind,
    GuardrailDecision,
    PatternState,
    Severity,
)
from rca.errors import NotFound
from rca.services.causes import cause_name
from rca.services.pattern_values import AIShare, GuardrailRef, PatternItem
from rca.services.visibility import is_open
from rca.store import tables as t

QUARTERS_SHOWN = 6
_WORD = re.compile(r"[^\W\d_]+")


def members_of(
    session: Session, pattern_ids: Sequence[str]
) -> dict[str, list[tuple[t.PatternMember, t.PostmortemRow]]]:
    """Open members by pattern, most central first."""
    query = (
        select(t.PatternMember, t.PostmortemRow)
        .where(
            col(t.PatternMember.pattern_id).in_(pattern_ids),
            t.PatternMember.postmortem_id == t.PostmortemRow.id,
            is_open(),
        )
        .order_by(col(t.PatternMember.pattern_id), col(t.PatternMember.position))
    )
    found: dict[str, list[tuple[t.PatternMember, t.PostmortemRow]]] = {}
    for member, row in session.exec(query):
        found.setdefault(member.pattern_id, []).append((member, row))
    return found


def pattern_items(session: Session, rows: Sequence[t.PatternRow]) -> list[PatternItem]:
    """List values of stored patterns, counted over their open members."""
    ids = [row.id for row in rows]
    members = members_of(session, ids)
    guardrails = guardrails_of(session, ids)
    actions = _open_actions(session, ids)
    quarters = _quarters(session)
    services = _services_of(session, ids)
    return [
        _item(
            row,
            members.get(row.id, []),
            guardrails.get(row.id, ()),
            services.get(row.id, ()),
            actions,
            quarters,
        )
        for row in rows
    ]


def _services_of(session: Session, pattern_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Services by pattern, those of most open members first."""
    member, service = t.PatternMember, t.PostmortemService
    query = (
        select(member.pattern_id, service.name, func.count())
        .where(
            col(member.pattern_id).in_(pattern_ids),
            member.postmortem_id == service.postmortem_id,
            member.postmortem_id == t.PostmortemRow.id,
            is_open(),
        )
        .group_by(col(member.pattern_id), col(service.name))
    )
    counted: dict[str, list[tuple[int, str]]] = {}
    for pattern_id, name, count in session.exec(query):
        counted.setdefault(pattern_id, []).append((-count, name))
    return {key: tuple(name for _, name in sorted(rows)) for key, rows in counted.items()}


def _item(
    row: t.PatternRow,
    members: Sequence[tuple[t.PatternMember, t.PostmortemRow]],
    guardrails: tuple[GuardrailRef, ...],
    services: tuple[str, ...],
    actions: Mapping[str, int],
    quarters: Sequence[str],
) -> PatternItem:
    late = set(row.payload.get("duplicates", {}))
    incidents = [incident for _, incident in members if incident.reference not in late]
    counts = Counter(incident.quarter for incident in incidents)
    bars = tuple((quarter, counts.get(quarter, 0)) for quarter in quarters)
    return PatternItem(
        id=row.id,
        name=row.name,
        state=PatternState(row.state),
        named_by_human=row.named_by_human,
        held=bool(row.payload.get("human", {}).get("together")),
        organisation=row.organisation,
        strength=row.strength,
        size=len(incidents),
        cause_ids=tuple(str(cause) for cause in row.causes),
        causes=tuple(cause_name(str(cause)) for cause in row.causes),
        services=services,
        says=members[0][0].quote.replace("`", "") if members else "",
        bars=bars,
        undated=counts.get(UNDATED, 0),
        severities=severity_counts(incidents),
        severity_weight=sum(
            SEVERITY_WEIGHT.get(incident.severity or "", UNKNOWN_WEIGHT) for incident in incidents
        ),
        stability=row.payload.get("stability"),
        ai=ai_share([incident.ai_summary for incident in incidents]),
        open_actions=actions.get(row.id, 0),
        guardrails=guardrails,
        unconfirmed=sum(incident.unconfirmed > 0 for incident in incidents),
        reason=row.reason,
        growth=bars[-1][1] - bars[-2][1] if len(bars) > 1 else 0,
    )


def severity_counts(incidents: Sequence[t.PostmortemRow]) -> tuple[tuple[str, int], ...]:
    """Severities with their counts, the gravest first, unknown last."""
    found = Counter(incident.severity or "" for incident in incidents)
    order = [*Severity.values(), ""]
    return tuple((name, found[name]) for name in order if found[name])


def ai_share(states: Sequence[str]) -> AIShare:
    """Counts per state, and confirmed among the answered with its interval."""
    found = Counter(states)
    answered = found[INFLUENCED] + found[SUSPECTED] + found[NONE]
    known = answered + found[UNKNOWN]
    return AIShare(
        influenced=found[INFLUENCED],
        suspected=found[SUSPECTED],
        none=found[NONE],
        unknown=found[UNKNOWN],
        unanswered=len(states) - known,
        share=stats.share(found[INFLUENCED], answered),
    )


def _quarters(session: Session) -> list[str]:
    """The last quarters up to the newest incident's, without gaps."""
    query = select(func.max(t.PostmortemRow.quarter)).where(
        t.PostmortemRow.quarter != UNDATED, t.PostmortemRow.quarter != "", is_open(),
        col(t.PostmortemRow.published_number).is_not(None),
    )  # fmt: skip
    newest = session.exec(query).first()
    if not newest:
        return []
    quarter = Quarter.parse(newest)
    found = []
    for _ in range(QUARTERS_SHOWN):
        found.append(str(quarter))
        quarter = quarter.previous()
    return found[::-1]


def guardrails_of(
    session: Session, pattern_ids: Sequence[str]
) -> dict[str, tuple[GuardrailRef, ...]]:
    """Guardrails by pattern, accepted ones first; rejected ones are not an answer."""
    row = t.GuardrailRow
    query = select(row).where(
        col(row.pattern_id).in_(pattern_ids), row.decision != GuardrailDecision.REJECTED.value
    )
    found: dict[str, tuple[GuardrailRef, ...]] = {}
    for item in session.exec(query.order_by(col(row.decision), col(row.id))):
        ref = GuardrailRef(item.id, item.title, item.decision, item.status, item.mode)
        found[item.pattern_id or ""] = (*found.get(item.pattern_id or "", ()), ref)
    return found


def _open_actions(session: Session, pattern_ids: Sequence[str]) -> dict[str, int]:
    action, member = t.ActionItemRow, t.PatternMember
    query = (
        select(member.pattern_id, func.count())
        .where(
            action.postmortem_id == member.postmortem_id,
            member.postmortem_id == t.PostmortemRow.id,
            is_open(),
            col(member.pattern_id).in_(pattern_ids),
            col(action.status).in_([status.value for status in OPEN_ACTION_STATUSES]),
            action.kind == ActionKind.COMMITMENT.value,
        )
        .group_by(col(member.pattern_id))
    )
    return dict(session.exec(query).all())


def pattern_names(session: Session) -> dict[str, str]:
    """The names of all patterns that were ever found, by id."""
    return dict(session.exec(select(t.PatternRow.id, t.PatternRow.name)).all())


def find_pattern(session: Session, identifier: str) -> t.PatternRow:
    """The stored pattern. Raises NotFound."""
    row = session.get(t.PatternRow, identifier)
    if row is None:
        raise NotFound(f"There is no pattern {identifier}.")
    return row


def segments(quote: str, phrases: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """A quote cut into parts; true marks words that the pattern shares."""
    stems = {stem(phrase.lower()) for phrase in phrases}
    found: list[tuple[str, bool]] = []
    at, quote = 0, quote.replace("`", "")
    for match in _WORD.finditer(quote):
        if stem(match[0].lower()) in stems:
            found += [(quote[at : match.start()], False), (match[0], True)]
            at = match.end()
    found.append((quote[at:], False))
    return tuple(part for part in found if part[0])
