"""Recurring causes as people read them: the list, one pattern, what the last run changed.

Every figure here is counted over open records that still carry their pattern, at the moment of
reading: a record that became restricted since the run is not in it.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from mining import stats
from mining.patterns import SEVERITY_WEIGHT, UNKNOWN_WEIGHT
from mining.prepare import stem
from rca.domain.ai import INFLUENCED, NONE, SUSPECTED, UNKNOWN
from rca.domain.postmortem import OWN_ORGANISATION
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
from rca.services.mining import last_run_id
from rca.services.visibility import is_open
from rca.store import tables as t

ORDERS = {"growing": "Growing", "largest": "Largest", "severe": "Most severe"}
QUARTERS_SHOWN = 6
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class RunView:
    """The run that a page rests on."""

    id: str
    finished_at: datetime
    records: int
    unconfirmed: int
    restricted_left_out: int
    hidden: int
    notes: tuple[str, ...]
    seed: int
    digest: str
    versions: Mapping[str, Any]
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AIShare:
    """What is known of AI influence in a pattern: confirmed among the answered, the rest apart."""

    influenced: int
    suspected: int
    none: int
    unknown: int
    unanswered: int
    share: stats.Share

    @property
    def not_known(self) -> int:
        """Unknown and not asked together."""
        return self.unknown + self.unanswered


@dataclass(frozen=True, slots=True)
class GuardrailRef:
    """A guardrail that answers the pattern."""

    id: str
    title: str
    decision: str
    status: str
    mode: str


@dataclass(frozen=True, slots=True)
class MemberView:
    """An incident of a pattern with the sentence that speaks for it, cut at shared words."""

    id: str
    reference: str
    title: str
    severity: Severity | None
    quarter: str
    occurred_at: datetime | None
    occurred_precision: str
    ai: str
    quote: tuple[tuple[str, bool], ...]
    centrality: float
    unconfirmed: bool
    duplicate_of: str


@dataclass(frozen=True, slots=True)
class PatternItem:
    """One row of the list."""

    id: str
    name: str
    state: PatternState
    named_by_human: bool
    organisation: str
    strength: str
    size: int
    causes: tuple[str, ...]
    says: str
    bars: tuple[tuple[str, int], ...]
    undated: int
    severities: tuple[tuple[str, int], ...]
    severity_weight: int
    stability: float | None
    ai: AIShare
    open_actions: int
    guardrails: tuple[GuardrailRef, ...]
    unconfirmed: int
    reason: str
    growth: int


@dataclass(frozen=True, slots=True)
class PatternsPage:
    """The list to act on, with what stands in no pattern and what changed."""

    run: RunView | None
    items: tuple[PatternItem, ...]
    dismissed: tuple[PatternItem, ...]
    unassigned: int
    assigned: int
    since: tuple[str, ...]
    nearest: tuple[tuple[str, str, float], ...]
    organisation: str
    organisations: tuple[tuple[str, int], ...]


def run_view(session: Session, run_id: str | None) -> RunView | None:
    """The run of that id as pages name it."""
    run = session.get(t.MiningRun, run_id) if run_id else None
    if run is None:
        return None
    return RunView(
        id=run.id,
        finished_at=run.finished_at,
        records=run.records,
        unconfirmed=int(run.result.get("unconfirmed", 0)),
        restricted_left_out=run.restricted_left_out,
        hidden=int(run.result.get("hidden", 0)),
        notes=tuple(run.result.get("notes", ())),
        seed=run.seed,
        digest=run.data_digest,
        versions=run.versions,
        options=run.options,
    )


def list_patterns(
    session: Session, *, order: str = "growing", organisation: str | None = None
) -> PatternsPage:
    """The patterns of the newest run; another order than :data:`ORDERS` reads as growing.

    ``organisation`` blank or ``all`` means every one. By default it is the own one, or every one
    when the own one has no pattern: an instance of imports must not look as if nothing recurred.
    """
    run_id = last_run_id(session)
    whose = _organisations(session, run_id)
    chosen = _chosen(organisation, whose)
    rows = _live_rows(session, run_id, chosen)
    found = pattern_items(session, rows)
    shown = [item for item in found if item.state is not PatternState.DISMISSED and item.size > 1]
    result = _result_of(session, run_id)
    return PatternsPage(
        run=run_view(session, run_id),
        items=tuple(sorted(shown, key=_ORDER_KEYS.get(order, _growing))),
        dismissed=tuple(item for item in found if item.state is PatternState.DISMISSED),
        unassigned=len(_of(session, result.get("unassigned", []), chosen)),
        assigned=_assigned(session, [item.id for item in shown]),
        since=_since(result, found),
        nearest=_open_pairs(session, result.get("nearest", [])),
        organisation=chosen,
        organisations=whose,
    )


def _organisations(session: Session, run_id: str | None) -> tuple[tuple[str, int], ...]:
    """Organisations with patterns in the run, and how many: the own one first."""
    row = t.PatternRow
    query = (
        select(row.organisation, func.count())
        .where(row.last_run_id == run_id, row.state != PatternState.DISMISSED.value)
        .group_by(col(row.organisation))
    )
    found = session.exec(query).all()
    return tuple(sorted(found, key=lambda pair: (pair[0] != OWN_ORGANISATION, -pair[1], pair[0])))


def _chosen(asked: str | None, whose: Sequence[tuple[str, int]]) -> str:
    if asked is not None:
        return "" if asked == "all" else asked
    others = whose and all(name != OWN_ORGANISATION for name, _ in whose)
    return "" if others else OWN_ORGANISATION


def _of(session: Session, references: Sequence[str], organisation: str) -> list[str]:
    """Those open references that are of the organisation; all when it is blank."""
    readable = open_references(session, references)
    if not organisation:
        return readable
    row = t.PostmortemRow
    own: set[str] = set()
    for start in range(0, len(readable), 500):
        chunk = readable[start : start + 500]
        query = select(row.reference).where(
            col(row.reference).in_(chunk), row.organisation == organisation
        )
        own.update(session.exec(query))
    return [reference for reference in readable if reference in own]


def _growing(item: PatternItem) -> Any:
    return (-item.growth, -item.severity_weight, -item.size, item.id)


_ORDER_KEYS = {
    "growing": _growing,
    "largest": lambda item: (-item.size, -item.severity_weight, item.id),
    "severe": lambda item: (-item.severity_weight, -item.size, item.id),
}


def _result_of(session: Session, run_id: str | None) -> dict[str, Any]:
    run = session.get(t.MiningRun, run_id) if run_id else None
    return dict(run.result) if run else {}


def _live_rows(session: Session, run_id: str | None, organisation: str) -> Sequence[t.PatternRow]:
    query = select(t.PatternRow).where(t.PatternRow.last_run_id == run_id)
    if organisation:
        query = query.where(t.PatternRow.organisation == organisation)
    return session.exec(query.order_by(col(t.PatternRow.id))).all()


def open_references(session: Session, references: Sequence[str]) -> list[str]:
    """Those of the references that everybody may know of, in the order given."""
    found: set[str] = set()
    for start in range(0, len(references), 500):
        chunk = references[start : start + 500]
        query = select(t.PostmortemRow.reference).where(
            col(t.PostmortemRow.reference).in_(chunk), is_open()
        )
        found.update(session.exec(query))
    return [reference for reference in references if reference in found]


def _open_pairs(session: Session, pairs: Sequence[Any]) -> tuple[tuple[str, str, float], ...]:
    shown = set(open_references(session, [r for pair in pairs for r in pair[:2]]))
    return tuple((a, b, score) for a, b, score in pairs if a in shown and b in shown)


def _assigned(session: Session, pattern_ids: Sequence[str]) -> int:
    query = select(func.count(func.distinct(t.PatternMember.postmortem_id))).where(
        col(t.PatternMember.pattern_id).in_(pattern_ids),
        t.PatternMember.postmortem_id == t.PostmortemRow.id,
        is_open(),
    )
    return session.exec(query).one()


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
    return [
        _item(row, members.get(row.id, []), guardrails.get(row.id, ()), actions, quarters)
        for row in rows
    ]


def _item(
    row: t.PatternRow,
    members: Sequence[tuple[t.PatternMember, t.PostmortemRow]],
    guardrails: tuple[GuardrailRef, ...],
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
        organisation=row.organisation,
        strength=row.strength,
        size=len(incidents),
        causes=tuple(cause_name(str(cause)) for cause in row.causes),
        says=members[0][0].quote if members else "",
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


def _since(result: Mapping[str, Any], items: Sequence[PatternItem]) -> tuple[str, ...]:
    """What the newest run changed, in sentences."""
    known = {item.id for item in items}
    found = [f"{i} is new" for i in result.get("new", []) if i in known]
    found += [f"{old} split into {', '.join(new)}" for old, new in result.get("splits", {}).items()]
    found += [
        f"{' and '.join(i for i in old if i != new)} went into {new}"
        for new, old in result.get("merges", {}).items()
    ]
    found += [
        f"{i} dissolved: its incidents no longer stand together" for i in result.get("gone", [])
    ]
    return tuple(found)


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
    at = 0
    for match in _WORD.finditer(quote):
        if stem(match[0].lower()) in stems:
            found += [(quote[at : match.start()], False), (match[0], True)]
            at = match.end()
    found.append((quote[at:], False))
    return tuple(part for part in found if part[0])


def pattern_document(session: Session, identifier: str) -> dict[str, Any]:
    """One pattern with its open members and their quotes, as JSON."""
    row = find_pattern(session, identifier)
    item = pattern_items(session, [row])[0]
    pairs = members_of(session, [row.id]).get(row.id, [])
    return {
        "id": row.id,
        "name": row.name,
        "organisation": row.organisation,
        "state": row.state,
        "strength": row.strength,
        "size": item.size,
        "causes": list(row.causes),
        "members": [incident.reference for _, incident in pairs],
        "evidence": [{"id": i.reference, "title": i.title, "quote": m.quote} for m, i in pairs],
        "by_quarter": dict(Counter(incident.quarter for _, incident in pairs)),
        "severities": dict(item.severities),
        "ai": {
            "influenced": item.ai.influenced,
            "suspected": item.ai.suspected,
            "none": item.ai.none,
            "unknown": item.ai.unknown,
            "unanswered": item.ai.unanswered,
            "share": item.ai.share.value,
            "low": item.ai.share.low,
            "high": item.ai.share.high,
            "n": item.ai.share.n,
        },
        "stability": item.stability,
        "why": [str(part["text"]) for part in row.payload.get("why", [])],
        "phrases": list(row.payload.get("phrases", [])),
        "see_also": open_references(session, list(row.payload.get("see_also", []))),
        "unconfirmed": item.unconfirmed,
        "guardrails": [ref.id for ref in item.guardrails],
    }
