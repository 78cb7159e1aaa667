"""Thresholds of the promotion gates: ours until the organisation sets its own, all audited."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from mining.policy.gates import GateSettings
from rca.domain.access import Permission, Viewer
from rca.errors import Invalid, Problem
from rca.services import jobs
from rca.services.permissions import need
from rca.store import audit
from rca.store import tables as t


@dataclass(frozen=True, slots=True)
class Threshold:
    """One setting: what it says, its range, and the value in force."""

    name: str
    label: str
    low: float
    high: float
    whole: bool
    value: float
    usual: float


_KNOWN: tuple[tuple[str, str, float, float, bool], ...] = (
    ("min_incidents", "Distinct incidents that flags must stand at", 1, 50, True),
    ("ratio_above", "Risk ratio that the whole interval must lie above", 0.5, 10, False),
    ("p_below", "Adjusted p that the test must stay below", 0.001, 0.5, False),
    ("max_unknown", "Largest share of changes that cannot be judged", 0, 1, False),
    ("flag_budget", "Largest share of changes that may be flagged", 0, 1, False),
    ("min_audit_days", "Days in audit or warn before enforcing", 0, 365, True),
    ("max_overrides", "Largest share of outcomes that were overridden", 0, 1, False),
)


def _stored(session: Session) -> dict[str, float]:
    return {row.name: row.value for row in session.exec(select(t.GuardrailGate))}


def thresholds(session: Session) -> list[Threshold]:
    """Every threshold in the order of the gates."""
    usual, stored = asdict(GateSettings()), _stored(session)
    return [
        Threshold(name, label, low, high, whole, stored.get(name, usual[name]), usual[name])
        for name, label, low, high, whole in _KNOWN
    ]


def gate_settings(session: Session, row: t.GuardrailRow) -> GateSettings:
    """Thresholds for one rule; p is corrected for the rules that the same cause called for."""
    values: dict[str, Any] = {item.name: int(item.value) if item.whole else item.value
              for item in thresholds(session)}  # fmt: skip
    usual = GateSettings(comparisons=int(row.suggestion.get("comparisons", 1)))
    return replace(usual, **values)


def _number(item: Threshold, text: str) -> float:
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError as error:
        raise Invalid([Problem(item.name, "A number, please.")]) from error
    if not item.low <= value <= item.high or (item.whole and not value.is_integer()):
        kind = "a whole number" if item.whole else "a number"
        raise Invalid([Problem(item.name, f"It is {kind} from {item.low:g} to {item.high:g}.")])
    return value


def set_thresholds(
    session: Session, *, viewer: Viewer, values: Mapping[str, str], now: datetime
) -> list[str]:
    """Store what differs and have every rule judged again. The names that changed.

    Raises Forbidden, and Invalid at the path of the threshold.
    """
    need(viewer, Permission.ADMIN)
    changed = []
    for item in thresholds(session):
        value = _number(item, values[item.name]) if item.name in values else item.value
        if value == item.value:
            continue
        row = session.get(t.GuardrailGate, item.name) or t.GuardrailGate(
            name=item.name, value=value, updated_at=now
        )
        row.value, row.updated_at = value, now
        session.add(row)
        detail = {"from": item.value, "to": value}
        act = audit.Act(viewer.name, "gate.set", "guardrail_gate", item.name, detail)
        audit.append(session, act, now=now)
        changed.append(item.name)
    if changed:
        jobs.enqueue(session, kind="suggest", key="suggest", now=now)
    session.flush()
    return changed
