"""What a rule would have flagged in the recorded changes, kept beside the rule.

Computed when rules change or mining runs, not when somebody looks at a page.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from mining.policy.backtest import Backtest, as_document, backtest, exposure_of
from mining.policy.facts import instant
from mining.policy.gates import Gate, GateSettings, Observed, gates, observed_gates, verdict
from rca.services.guardrail_gates import gate_settings
from rca.store import tables as t

HOLD_OUT = 1 / 3
FOLLOW_UP_DAYS = 14
WINDOW_NOTE = (
    "The hold-out is the last third of the recorded time. “Would have flagged” is not “would have "
    "prevented”."
)


def split_of(ledger: Sequence[Mapping[str, Any]], now: datetime) -> datetime | None:
    """Where the later third of the judged time begins; None when there is too little of it."""
    ripe = now - timedelta(days=FOLLOW_UP_DAYS)
    found = (instant(change.get("at")) for change in ledger)
    times = sorted(moment for moment in found if moment is not None and moment <= ripe)
    if len(times) < 2 or times[-1] - times[0] < timedelta(days=30):
        return None
    return times[-1] - (times[-1] - times[0]) * HOLD_OUT


def _gate(gate: Gate) -> dict[str, Any]:
    return asdict(gate)


def _windows(result: Backtest) -> dict[str, Any]:
    def counts(name: str) -> dict[str, Any]:
        window = getattr(result, name)
        derived = {
            "flag_rate": window.flag_rate,
            "unknown_rate": window.unknown_rate,
            "flags_per_incident": window.flags_per_incident,
            "unflagged": window.unflagged,
            "missed": window.missed,
        }
        return {**asdict(window), **derived}

    return {name: counts(name) for name in ("train", "holdout", "whole")}


def history_of(
    doc: Mapping[str, Any],
    ledger: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
    settings: GateSettings | None = None,
) -> dict[str, Any]:
    """The stored history of a rule; empty without a ledger."""
    if not ledger:
        return {}
    settings = settings or GateSettings()
    result = backtest(doc, ledger, split_of(ledger, now), now, follow_up_days=FOLLOW_UP_DAYS)
    said = verdict(doc, result, settings)
    return {
        "at": now.isoformat(),
        "identity_of": doc["metadata"]["id"],
        "verdict": said.word,
        "reasons": list(said.reasons),
        "gates": [_gate(gate) for gate in gates(doc, result, settings) if gate.history],
        "document": as_document(result),
        "windows": _windows(result),
        "split": result.split,
        "records": result.records,
        "undated": result.undated,
        "too_recent": result.too_recent,
        "supplied": dict(result.supplied),
        "holdout_caught": list(result.holdout_caught),
        "stats": exposure_of(result.whole, comparisons=settings.comparisons),
    }


def observed(session: Session, row: t.GuardrailRow, now: datetime) -> Observed:
    """Days since the rule was accepted, and the outcomes that gates posted back."""
    states: Counter[str] = Counter()
    overridden = 0
    query = select(t.GuardrailOutcome).where(col(t.GuardrailOutcome.guardrail_id) == row.id)
    for outcome in session.exec(query):
        states[outcome.state] += 1
        overridden += outcome.overridden
    running = row.decision == "accepted" and row.decided_at is not None
    days = (now - row.decided_at).days if running and row.decided_at else 0
    return Observed(audit_days=days, outcomes=states["violation"], overrides=overridden)


def all_gates(session: Session, row: t.GuardrailRow, now: datetime) -> list[Gate]:
    """Every gate of a rule as it stands now: the kept ones of history and those that time opens."""
    kept = [Gate(**gate) for gate in row.history.get("gates", ())]
    if not kept:
        return []
    return [*kept, *observed_gates(observed(session, row, now), gate_settings(session, row))]
