"""Which promotion gates are open for a rule, and why the others are shut.

``proposed`` becomes ``experimental`` (audit) when its owner accepts it. The gates here are those
to ``test`` (warn) and to ``stable`` (enforce). The thresholds are starting points, not measured:
they are settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mining.policy.backtest import Backtest, Ratio, Window, risk_ratio

Stage = Literal["test", "stable"]
Word = Literal[
    "worth enforcing",
    "worth testing",
    "refused for friction",
    "too few incidents",
    "no association shown",
    "cannot tell",
]


@dataclass(frozen=True)
class GateSettings:
    """Thresholds of the promotion gates."""

    min_incidents: int = 3
    ratio_above: float = 1.0
    p_below: float = 0.05
    max_unknown: float = 0.10
    flag_budget: float = 0.05
    min_audit_days: int = 28
    max_overrides: float = 0.20
    comparisons: int = 1


@dataclass(frozen=True)
class Observed:
    """What happened since the rule runs: days in audit, and overrides of its outcomes."""

    audit_days: int = 0
    outcomes: int = 0
    overrides: int = 0


@dataclass(frozen=True)
class Gate:
    """One requirement for one stage. ``history`` gates are judged by the ledger alone."""

    stage: Stage
    name: str
    requirement: str
    why: str
    measured: str
    met: bool
    history: bool = True


@dataclass(frozen=True)
class Verdict:
    """One word for what history says of a rule, and the measured reasons."""

    word: Word
    reasons: tuple[str, ...]


def _percent(value: float | None, of: int) -> str:
    return "cannot tell" if value is None else f"{100 * value:.1f} % of {of:,} changes"


def _supplied(result: Backtest) -> Gate:
    absent = sorted(name for name, known in result.supplied.items() if not known)
    return Gate(
        "test", "facts",
        "every fact the rule asks for has a source here",
        "a rule on facts that nobody supplies flags everything, or nothing",
        f"no source for {', '.join(absent)}" if absent else f"{len(result.supplied)} supplied",
        not absent,
    )  # fmt: skip


def _incidents(window: Window, settings: GateSettings) -> Gate:
    return Gate(
        "test", "incidents",
        f"flags stand at {settings.min_incidents} distinct incidents or more",
        "with fewer, one coincidence decides",
        f"{window.caught} of {window.incidents} incidents",
        window.caught >= settings.min_incidents,
    )  # fmt: skip


def _unknown(window: Window, settings: GateSettings) -> Gate:
    rate = window.unknown_rate
    return Gate(
        "test", "unknown",
        f"at most {settings.max_unknown:.0%} of changes cannot be judged",
        "what is not recorded is neither a pass nor a fault",
        _percent(rate, window.evaluated),
        rate is not None and rate <= settings.max_unknown,
    )  # fmt: skip


def _ratio_text(ratio: Ratio) -> str:
    p = "" if ratio.p is None else f"; p {ratio.p:.2g}"
    if ratio.value is None or ratio.interval is None:
        return f"cannot tell ({(ratio.reason or '').replace('-', ' ')}){p}"
    low, high = ratio.interval
    return f"{ratio.value:.2f} ({low:.2f} to {high:.2f}){p}"


def _above(ratio: Ratio, settings: GateSettings) -> bool:
    return ratio.interval is not None and ratio.interval[0] > settings.ratio_above


def _association(window: Window, settings: GateSettings) -> Gate:
    ratio = risk_ratio(window, comparisons=settings.comparisons)
    sure = ratio.p is not None and ratio.p < settings.p_below
    # All linked changes flagged and none unflagged: there is no ratio, but there is a test.
    apart = window.tp > 0 and window.missed == 0
    return Gate(
        "test", "association",
        f"risk ratio above {settings.ratio_above:g} with its whole interval, "
        f"adjusted p below {settings.p_below:g}",
        "flagged changes should be followed by incidents more often than others",
        _ratio_text(ratio),
        sure and (apart or _above(ratio, settings)),
    )  # fmt: skip


def _held_out(doc: Mapping[str, Any], result: Backtest, settings: GateSettings) -> Gate:
    ratio = risk_ratio(result.holdout)
    caught = result.holdout.caught
    few = caught < settings.min_incidents
    known = len(set(result.holdout_caught) & set(doc["evidence"]["incidents"]))
    shown = f"{_ratio_text(ratio)}; {caught} incidents, {known} of them in its evidence"
    return Gate(
        "stable", "hold-out",
        f"in the later window the risk ratio stays above {settings.ratio_above:g}, "
        f"at {settings.min_incidents} incidents or more",
        "the rule was found in the earlier incidents; only later ones speak for it",
        shown if result.split else "no hold-out",
        not few and _above(ratio, settings),
    )  # fmt: skip


def _friction(result: Backtest, settings: GateSettings) -> Gate:
    window = result.holdout if result.split else result.whole
    rate, each = window.flag_rate, window.flags_per_incident
    per = "no incident caught" if each is None else f"{each:.1f} flags per incident caught"
    return Gate(
        "stable", "friction",
        f"at most {settings.flag_budget:.0%} of changes are flagged",
        "each flag costs somebody an interruption",
        f"{_percent(rate, window.evaluated)}; {per}",
        rate is not None and rate <= settings.flag_budget,
    )  # fmt: skip


def _audit(observed: Observed, settings: GateSettings) -> Gate:
    return Gate(
        "stable", "audit",
        f"{settings.min_audit_days} days in audit or warn",
        "people meet the rule before it can stop them",
        f"{observed.audit_days} days",
        observed.audit_days >= settings.min_audit_days,
        history=False,
    )  # fmt: skip


def _overrides(observed: Observed, settings: GateSettings) -> Gate:
    n, of = observed.overrides, observed.outcomes
    return Gate(
        "stable", "overrides",
        f"at most {settings.max_overrides:.0%} of its outcomes were overridden",
        "a rule that is often overridden asks for the wrong thing",
        f"{n} of {of}" if of else "cannot tell (no outcome posted back)",
        bool(of) and n <= settings.max_overrides * of,
        history=False,
    )  # fmt: skip


def observed_gates(observed: Observed, settings: GateSettings | None = None) -> list[Gate]:
    """The gates that only time can open: days in audit, and how often people went round it."""
    settings = settings or GateSettings()
    return [_audit(observed, settings), _overrides(observed, settings)]


def gates(
    doc: Mapping[str, Any],
    result: Backtest,
    settings: GateSettings | None = None,
    observed: Observed | None = None,
) -> list[Gate]:
    """Every gate of a rule in order; the stage is open when all its gates, and those before, are.

    Raises :class:`ValueError` when the backtest is of another rule.
    """
    if result.rule != doc["metadata"]["id"]:
        raise ValueError(f"the backtest is of {result.rule}")
    settings, observed = settings or GateSettings(), observed or Observed()
    return [
        _supplied(result),
        _incidents(result.whole, settings),
        _unknown(result.whole, settings),
        _association(result.whole, settings),
        _held_out(doc, result, settings),
        _friction(result, settings),
        *observed_gates(observed, settings),
    ]


def open_stage(found: list[Gate]) -> Literal["experimental", "test", "stable"]:
    """The highest stage whose gates, and those of the stages before, are all met."""
    if not all(gate.met for gate in found if gate.stage == "test"):
        return "experimental"
    return "stable" if all(gate.met for gate in found) else "test"


def _word(met: Mapping[str, bool]) -> Word:
    if not met["facts"] or not met["unknown"]:
        return "cannot tell"
    if not met["incidents"]:
        return "too few incidents"
    if not met["friction"]:
        return "refused for friction"
    if not met["association"]:
        return "no association shown"
    return "worth enforcing" if met["hold-out"] else "worth testing"


def verdict(
    doc: Mapping[str, Any], result: Backtest, settings: GateSettings | None = None
) -> Verdict:
    """What the ledger says of the rule. Never that it would have prevented anything."""
    history = [gate for gate in gates(doc, result, settings) if gate.history]
    word = _word({gate.name: gate.met for gate in history})
    shut = [f"{gate.requirement}: {gate.measured}" for gate in history if not gate.met]
    good = [f"{gate.requirement}: {gate.measured}" for gate in history if gate.met]
    return Verdict(word, tuple(shut or good))
