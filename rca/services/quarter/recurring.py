"""The patterns of the last mining run as leadership reads them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from rca.domain.periods import Period, contains
from rca.domain.quarters import UNDATED
from rca.domain.vocabulary import ActionStatus, GuardrailDecision, PatternState
from rca.reports import words
from rca.reports.value import PatternCard
from rca.services.quarter.records import ActionFact, Incident, Scope, Window
from rca.services.quarter.volume import severity_word
from rca.services.reading import PUBLISHED_STATES
from rca.services.visibility import is_open
from rca.store import tables as t

_SHOWN_PATTERNS = 6


@dataclass(frozen=True, slots=True)
class PatternFacts:
    """All pattern cards, those with incidents in the quarter first, and who is in one."""

    cards: tuple[PatternCard, ...]
    members: dict[str, tuple[str, ...]]
    mined: str

    def shown(self) -> tuple[PatternCard, ...]:
        """Patterns that recurred this quarter, the most frequent first."""
        return tuple(card for card in self.cards if card.here)[:_SHOWN_PATTERNS]

    def assigned(self) -> int:
        """Incidents of the quarter in any pattern."""
        return len(self.members)


def load_patterns(
    session: Session, *, scope: Scope, window: Window, periods: Sequence[Period],
    actions: Sequence[ActionFact],
) -> PatternFacts:  # fmt: skip
    """Recurring patterns of the last run, counted over open published records only."""
    run = session.exec(
        select(t.MiningRun).order_by(col(t.MiningRun.finished_at).desc()).limit(1)
    ).first()
    if run is None:
        return PatternFacts((), {}, "No mining run has looked at these records yet.")
    rows = _pattern_rows(session, scope, run.id)
    members = _members(session, scope, [row.id for row in rows])
    here = {incident.id: incident for incident in window.incidents}
    guardrails = _guardrail_words(session)
    by_owner = defaultdict(list)
    for action in actions:
        by_owner[action.postmortem_id].append(action)
    cards = [
        _card(row, members.get(row.id, []), here, periods, by_owner, guardrails.get(row.id, ""))
        for row in rows
    ]
    cards.sort(key=lambda card: (-card.here, -card.whole, card.name))
    inside: dict[str, tuple[str, ...]] = {}
    for row in rows:
        for owner, _, _ in members.get(row.id, []):
            if owner.id in here:
                inside[owner.reference] = (*inside.get(owner.reference, ()), row.name)
    when = words.day(run.finished_at)
    return PatternFacts(tuple(cards), inside, f"Patterns as mined on {when} (seed {run.seed}).")


def _pattern_rows(session: Session, scope: Scope, run_id: str) -> list[t.PatternRow]:
    pattern = t.PatternRow
    query = select(pattern).where(
        pattern.last_run_id == run_id,
        pattern.kind == "recurrence",
        pattern.state != PatternState.DISMISSED.value,
    )
    if scope.organisation is not None:
        query = query.where(pattern.organisation == scope.organisation)
    return list(session.exec(query.order_by(col(pattern.id))))


_Member = tuple[t.PostmortemRow, str, list[str]]


def _members(session: Session, scope: Scope, ids: Sequence[str]) -> dict[str, list[_Member]]:
    member, owner = t.PatternMember, t.PostmortemRow
    query = (
        select(member.pattern_id, member.quote, owner)
        .where(
            col(member.pattern_id).in_(ids),
            member.postmortem_id == owner.id,
            *scope.conditions(),
            is_open(),
            col(owner.status).in_(PUBLISHED_STATES),
        )
        .order_by(col(member.position), col(owner.reference))
    )
    found: dict[str, list[_Member]] = defaultdict(list)
    for pattern_id, quote, row in session.exec(query):
        found[pattern_id].append((row, quote, []))
    return found


def _card(
    row: t.PatternRow, members: list[_Member], here: dict[str, Incident],
    periods: Sequence[Period], actions: dict[str, list[ActionFact]], guardrail: str,
) -> PatternCard:  # fmt: skip
    dates = [o.occurred_at for o, _, _ in members if o.occurred_at and o.quarter != UNDATED]
    severities = Counter(severity_word(owner.severity) for owner, _, _ in members)
    promised = [a for owner, _, _ in members for a in actions.get(owner.id, [])]
    recent = [(owner, quote) for owner, quote, _ in members if owner.id in here and quote]
    services = Counter(
        s for o, _, _ in members if o.id in here for s in here[o.id].content.services
    )
    payload = row.payload
    if not services:
        services = Counter({str(k): int(v) for k, v in dict(payload.get("services", {})).items()})
    return PatternCard(
        id=row.id,
        name=row.name,
        state=row.state,
        strength=row.strength,
        here=sum(owner.id in here for owner, _, _ in members),
        whole=len(members),
        by_quarter=tuple(
            (str(period), sum(contains(period, at) for at in dates)) for period in periods
        ),
        services=tuple(sorted(services, key=lambda s: (-services[s], s))),
        severities=tuple(sorted(severities.items())),
        quotes=tuple((quote, owner.reference) for owner, quote in recent[:2]),
        actions_done=sum(a.status == ActionStatus.DONE.value for a in promised),
        actions=len(promised),
        guardrail=guardrail,
        stability=payload.get("stability"),
        unconfirmed=sum(1 for owner, _, _ in members if owner.unconfirmed),
    )


def _guardrail_words(session: Session) -> dict[str, str]:
    found: dict[str, list[t.GuardrailRow]] = defaultdict(list)
    for row in session.exec(select(t.GuardrailRow).order_by(col(t.GuardrailRow.id))):
        if row.pattern_id:
            found[row.pattern_id].append(row)
    return {pattern: _of_one(rows) for pattern, rows in found.items()}


def _of_one(rows: list[t.GuardrailRow]) -> str:
    accepted = [r for r in rows if r.decision == GuardrailDecision.ACCEPTED.value]
    proposed = [r for r in rows if r.decision == GuardrailDecision.PROPOSED.value]
    if accepted:
        modes = Counter(r.mode for r in accepted)
        return ", ".join(f"{modes[m]} in {m}" for m in ("enforce", "warn", "audit") if modes[m])
    return "Suggested, to be decided" if proposed else "Rejected"
