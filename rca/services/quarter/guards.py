"""Guardrails in the review: standing, what gates reported, incidents before and after."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from mining import stats
from rca.domain.vocabulary import GuardrailDecision
from rca.reports import words
from rca.reports.value import Chart, Column, Section, Sheet
from rca.services.quarter.columns import rate_columns
from rca.services.reading import PUBLISHED_STATES
from rca.services.visibility import is_open
from rca.store import tables as t


@dataclass(frozen=True, slots=True)
class GuardrailFact:
    """A guardrail as the review needs it."""

    id: str
    title: str
    family: str
    decision: str
    mode: str
    pattern_id: str | None
    decided_at: datetime | None
    answers: int
    hits: int
    passes: int
    false_positives: int
    before: tuple[int, float] | None
    after: tuple[int, float] | None


def load_guardrails(session: Session, *, until: datetime) -> list[GuardrailFact]:
    """Every guardrail with what gates reported, and its pattern's incidents before and after."""
    outcome = t.GuardrailOutcome
    said: dict[str, Counter[str]] = defaultdict(Counter)
    query = (
        select(outcome.guardrail_id, outcome.state, outcome.false_positive, func.count())
        .where(col(outcome.at) < until)
        .group_by(outcome.guardrail_id, outcome.state, col(outcome.false_positive))
    )
    for guardrail_id, state, wrong, n in session.exec(query):
        said[guardrail_id][state] += n
        said[guardrail_id]["wrong"] += n if wrong else 0
    answers = dict(
        session.exec(
            select(t.GuardrailEvidence.guardrail_id, func.count())
            .where(t.GuardrailEvidence.postmortem_id == t.PostmortemRow.id, is_open())
            .group_by(t.GuardrailEvidence.guardrail_id)
        ).all()
    )
    times = _pattern_times(session, until)
    rows = session.exec(select(t.GuardrailRow).order_by(col(t.GuardrailRow.id)))
    return [_fact(row, said[row.id], answers.get(row.id, 0), times, until) for row in rows]


def _pattern_times(session: Session, until: datetime) -> dict[str, list[datetime]]:
    member, owner = t.PatternMember, t.PostmortemRow
    query = select(member.pattern_id, owner.occurred_at).where(
        member.postmortem_id == owner.id,
        is_open(),
        col(owner.status).in_(PUBLISHED_STATES),
        col(owner.occurred_at) < until,
    )
    found: dict[str, list[datetime]] = defaultdict(list)
    for pattern_id, at in session.exec(query):
        if at is not None:
            found[pattern_id].append(at)
    return found


def _fact(
    row: t.GuardrailRow, said: Counter[str], answers: int, times: dict[str, list[datetime]],
    until: datetime,
) -> GuardrailFact:  # fmt: skip
    before = after = None
    moments = sorted(times.get(row.pattern_id or "", []))
    decided = row.decided_at
    if row.decision == GuardrailDecision.ACCEPTED.value and decided and moments:
        # Exposure before runs from the pattern's first incident, which is counted: this favours
        # the guardrail, so the table says that it is no proof.
        days_before = max((decided - moments[0]).total_seconds() / 86400, 0.0)
        days_after = max((until - decided).total_seconds() / 86400, 0.0)
        before = (sum(m <= decided for m in moments), round(days_before, 1))
        after = (sum(m > decided for m in moments), round(days_after, 1))
    return GuardrailFact(
        id=row.id,
        title=row.title,
        family=row.family,
        decision=row.decision,
        mode=row.mode,
        pattern_id=row.pattern_id,
        decided_at=decided,
        answers=answers,
        hits=said["violation"],
        passes=said["pass"],
        false_positives=said["wrong"],
        before=before,
        after=after,
    )


def guardrails(facts: Sequence[GuardrailFact]) -> Section:
    """Where each guardrail stands, what it flagged, and incidents before and after it."""
    count = Counter(f.decision for f in facts)
    active = [f for f in facts if f.decision == GuardrailDecision.ACCEPTED.value]
    if not facts:
        return Section("guardrails", "Guardrails", ("No guardrail has been suggested yet.",))
    modes = Counter(f.mode for f in active)
    said = f"; {count['rejected']} rejected" if count["rejected"] else ""
    waiting = f"{count['proposed']} suggested and not decided{said}."
    says = [
        f"No guardrail is accepted yet; {waiting}"
        if not active
        else f"{words.plural(len(active), 'guardrail')} accepted ({modes['audit']} in audit, "
        f"{modes['warn']} warn, {modes['enforce']} enforce); {waiting}"
    ]
    charts = tuple(c for c in (_before_after(active),) if c)
    if charts:
        says.append(
            "Fewer incidents after a guardrail is consistent with it working, and no proof: bad "
            "runs end by themselves."
        )
    shown = sorted(facts, key=lambda f: (_ORDER.get(f.decision, 3), -f.answers, f.title))
    return Section("guardrails", "Guardrails", tuple(says), charts, (_standing(shown),))


_SHOWN = 6
_ORDER = {"accepted": 0, "proposed": 1, "rejected": 2}


def _standing(facts: Sequence[GuardrailFact]) -> Sheet:
    rows = tuple(
        (
            f.title,
            f"{GuardrailDecision.label_of(f.decision)}, {f.mode}"
            if f.decision == "accepted"
            else GuardrailDecision.label_of(f.decision),
            f.answers,
            f.hits + f.passes or None,
            f.hits if f.hits + f.passes else None,
            f.false_positives if f.hits + f.passes else None,
        )
        for f in facts[:_SHOWN]
    )
    columns = (
        Column("title", "Guardrail"),
        Column("standing", "Standing"),
        Column("answers", "Answers incidents", "count"),
        Column("judged", "Changes judged", "count"),
        Column("hits", "Flagged", "count"),
        Column("wrong", "Called wrong", "count"),
    )
    note = f"The first {_SHOWN} of {len(facts)}." if len(facts) > _SHOWN else ""
    return Sheet("guardrails", "Guardrails", columns, rows, note)


def _before_after(active: Sequence[GuardrailFact]) -> Chart | None:
    rows = []
    for fact in active:
        if not fact.before or not fact.after or not fact.before[1] or not fact.after[1]:
            continue
        for when, (k, days) in (("before", fact.before), ("after", fact.after)):
            rate = stats.poisson_rate(k, days / 90)
            rows.append((f"{fact.title}, {when}", k, days, rate.value, rate.low, rate.high))
    if not rows:
        return None
    columns = rate_columns("Guardrail", "Per 90 days")
    return Chart(
        "before-after",
        "rates",
        "Incidents of the pattern before and after its guardrail",
        "; ".join(f"{row[0]}: {row[1]} in {row[2]:.0f} days" for row in rows[:8]) + ".",
        Sheet("before-after", "Before and after", columns, tuple(rows[:16])),
        note="Exact Poisson limits per 90 days. Consistent with, never proof of, an effect.",
    )
