"""What a rule would have flagged in recorded changes, in time order.

A flagged change is one that the rule calls a violation. "Would have flagged" is not "would have
prevented": nothing here says that an incident would not have happened. The rule was found in the
earlier incidents, so only the later window (the hold-out) speaks for it; both are shown.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mining.policy import checks, facts
from mining.policy.matcher import Outcome, Truth, evaluate, holds

EVALUATOR = "native-py/1"
Change = Mapping[str, Any]
Interval = tuple[float, float]


@dataclass(frozen=True)
class Window:
    """Counts over one stretch of time. Every count is of changes, unless it says incidents.

    ``unsure`` are flagged changes where no requirement failed on a known fact: the flag rests on
    what was not recorded. ``tp`` are flagged changes that are linked to an incident.
    """

    start: str
    end: str
    evaluated: int
    unknown: int
    applicable: int
    flagged: int
    unsure: int
    tp: int
    linked: int
    incidents: int
    caught: int

    @property
    def unflagged(self) -> int:
        """Changes the rule judged and let pass, or did not apply to."""
        return self.evaluated - self.unknown - self.flagged

    @property
    def missed(self) -> int:
        """Incident-linked changes among the unflagged."""
        return self.linked - self.tp

    @property
    def flag_rate(self) -> float | None:
        """Flagged share of the evaluated changes: the friction."""
        return self.flagged / self.evaluated if self.evaluated else None

    @property
    def unknown_rate(self) -> float | None:
        """Share of changes on which the rule could not be judged by known facts."""
        return (self.unknown + self.unsure) / self.evaluated if self.evaluated else None

    @property
    def flags_per_incident(self) -> float | None:
        """How many flags people saw for each incident that a flag stood at; None without one."""
        return self.flagged / self.caught if self.caught else None


@dataclass(frozen=True)
class Ratio:
    """A risk ratio, flagged against unflagged; without a value it has a reason."""

    value: float | None = None
    interval: Interval | None = None
    p: float | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Backtest:
    """One rule on one ledger: before the split, from the split on, and together.

    ``holdout_caught`` names the incidents behind the flags of the hold-out, so that a reader can
    see which of them the rule was made from.
    """

    rule: str
    dataset: str
    split: str | None
    follow_up_days: int
    undated: int
    too_recent: int
    train: Window
    holdout: Window
    whole: Window
    supplied: Mapping[str, int]
    records: int
    holdout_caught: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Judged:
    at: datetime
    outcome: Outcome
    incidents: tuple[str, ...]

    @property
    def flagged(self) -> bool:
        return self.outcome.state == "violation"

    @property
    def unsure(self) -> bool:
        """Flagged, and every requirement that was not met was unknown."""
        return self.flagged and all(
            item.leaf.truth is Truth.UNKNOWN for item in self.outcome.violations
        )


class Ledger(tuple[Change, ...]):
    """Recorded changes with what every backtest asks of them, computed once.

    Give the same ledger to many rules; a plain list works too and is prepared each time.
    """

    _digest: str | None = None

    @property
    def tried(self) -> dict[Any, "Backtest"]:
        """Backtests on this ledger by what they depend on: the same rule is run once."""
        kept: dict[Any, Backtest] = self.__dict__.setdefault("_tried", {})
        return kept

    @property
    def digest(self) -> str:
        """See :func:`digest`."""
        if self._digest is None:
            self._digest = digest(self)
        return self._digest

    def supplied(self, name: str) -> int:
        """In how many changes the fact is known."""
        kept: dict[str, int] = self.__dict__.setdefault("_supplied", {})
        if name not in kept:
            kept[name] = facts.supplied(self, name)
        return kept[name]


def digest(changes: Sequence[Change]) -> str:
    """``sha256:`` over the ledger, whatever order its changes and keys come in."""
    lines = sorted(json.dumps(change, sort_keys=True, default=str) for change in changes)
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _incidents(change: Change) -> tuple[str, ...]:
    found = change.get("incidents")
    return tuple(found) if facts.has_kind("text_list", found) and found else ()


def _judge(doc: Mapping[str, Any], change: Change) -> _Judged | None:
    at = facts.instant(change.get("at"))
    if at is None:
        return None
    if holds(doc["spec"]["match"], change) is Truth.FALSE:
        # Most changes are out of scope; the explanation would be thrown away.
        return _Judged(
            at, Outcome(str(doc["metadata"]["id"]), "not_applicable"), _incidents(change)
        )
    return _Judged(at, evaluate(doc, change, at), _incidents(change))


def _count(judged: Sequence[_Judged]) -> Window:
    states = [item.outcome.state for item in judged]
    days = sorted(item.at.astimezone(UTC).date().isoformat() for item in judged)
    flagged = [item for item in judged if item.flagged]
    # The link of a change that could not be judged is in neither arm of the comparison.
    known = [item for item in judged if item.outcome.state != "unknown"]
    return Window(
        start=days[0] if days else "",
        end=days[-1] if days else "",
        evaluated=len(judged),
        unknown=states.count("unknown"),
        applicable=len(judged) - states.count("unknown") - states.count("not_applicable"),
        flagged=len(flagged),
        unsure=sum(item.unsure for item in flagged),
        tp=sum(bool(item.incidents) for item in flagged),
        linked=sum(bool(item.incidents) for item in known),
        incidents=len({name for item in judged for name in item.incidents}),
        caught=len({name for item in flagged for name in item.incidents}),
    )


def backtest(
    doc: Mapping[str, Any],
    changes: Sequence[Change],
    split: datetime | None,
    now: datetime,
    *,
    follow_up_days: int = 14,
) -> Backtest:
    """Run the rule over recorded changes (``incidents`` lists the incidents linked to each).

    Each change is judged as of its own time. Changes without a time, and changes so recent that
    their incidents may not have shown yet, are counted and left out. From ``split`` on is the
    hold-out; without a split everything is in ``train``.
    """
    ledger = changes if isinstance(changes, Ledger) else Ledger(changes)
    key = (json.dumps(doc["spec"], sort_keys=True, default=str), split, now, follow_up_days)
    if key not in ledger.tried:
        ledger.tried[key] = _run(doc, ledger, split, now, follow_up_days)
    return replace(ledger.tried[key], rule=str(doc["metadata"]["id"]))


def _run(
    doc: Mapping[str, Any], ledger: Ledger, split: datetime | None, now: datetime, follow_up: int
) -> Backtest:
    dated = [judged for change in ledger if (judged := _judge(doc, change)) is not None]
    ripe = [item for item in dated if item.at <= now - timedelta(days=follow_up)]
    early = [item for item in ripe if split is None or item.at < split]
    late = [item for item in ripe if split is not None and item.at >= split]
    return Backtest(
        rule=str(doc["metadata"]["id"]),
        dataset=ledger.digest,
        split=split.isoformat() if split else None,
        follow_up_days=follow_up,
        undated=len(ledger) - len(dated),
        too_recent=len(dated) - len(ripe),
        train=_count(early),
        holdout=_count(late),
        whole=_count(ripe),
        supplied={name: ledger.supplied(name) for name in checks.fields(doc)},
        records=len(ledger),
        holdout_caught=tuple(sorted({n for item in late if item.flagged for n in item.incidents})),
    )


def risk_ratio(window: Window, *, comparisons: int = 1) -> Ratio:
    """Incident links per flagged change against per unflagged change, score interval, Fisher p.

    The p value is one-sided and multiplied by ``comparisons`` (Bonferroni). Without events in
    both arms there is no ratio; p is still given where it can be computed.
    """
    from mining.stats import fisher, risk_ratio_score

    a, n1, b, n0 = window.tp, window.flagged, window.missed, window.unflagged
    if not n1 or not n0:
        return Ratio(reason="no-changes-to-compare")
    if not a + b:
        return Ratio(reason="no-events")
    p = min(1.0, comparisons * float(fisher(a, n1, b, n0)))
    if not a or not b:
        return Ratio(p=p, reason="no-events-in-one-arm")
    value, low, high = risk_ratio_score(a, n1, b, n0)
    return Ratio(float(value), (float(low), float(high)), p)


def _share(part: int, whole: int) -> tuple[float | None, list[float] | None]:
    if not whole:
        return None, None
    from mining.stats import share_interval

    low, high = share_interval(part, whole)
    return round(part / whole, 4), [round(float(low), 4), round(float(high), 4)]


def _rounded(ratio: Ratio) -> tuple[float | None, list[float] | None]:
    if ratio.value is None or ratio.interval is None:
        return None, None
    return round(ratio.value, 2), [round(limit, 2) for limit in ratio.interval]


_METHOD = (
    "risk ratio of changes the rule would have flagged against all other judged changes; "
    "score 95 % interval; one-sided Fisher exact, Bonferroni x{}; in-sample"
)


def exposure(
    doc: Mapping[str, Any],
    changes: Sequence[Change],
    now: datetime,
    *,
    comparisons: int = 1,
    follow_up_days: int = 14,
) -> dict[str, Any]:
    """``evidence.stats`` of a document: in-sample figures, or ``not_estimable`` and why."""
    if not changes:
        return {"state": "not_estimable", "reason": "no-ledger"}
    window = backtest(doc, changes, None, now, follow_up_days=follow_up_days).whole
    return exposure_of(window, comparisons=comparisons)


def exposure_of(window: Window, *, comparisons: int = 1) -> dict[str, Any]:
    """``evidence.stats`` from the counts of a backtest that is done already."""
    if not window.evaluated or not window.linked:
        return {"state": "not_estimable", "reason": "no-events"}
    if window.unknown + window.unsure > window.evaluated / 2:
        return {"state": "not_estimable", "reason": "unknown-exposure"}
    ratio = risk_ratio(window, comparisons=comparisons)
    value, interval = _rounded(ratio)
    stats: dict[str, Any] = {
        "window": [window.start, window.end],
        "changes": window.evaluated,
        "exposed": window.flagged,
        "exposedIncidents": window.tp,
        "baseIncidents": window.missed,
        "riskRatio": value,
        "riskRatioCI95": interval,
        "method": _METHOD.format(comparisons),
    }
    if ratio.p is not None:
        stats["pAdj"] = float(f"{ratio.p:.3g}")
    if ratio.reason:
        stats["reason"] = ratio.reason
    return stats


def as_document(result: Backtest) -> dict[str, Any]:
    """The ``backtest`` part of a document: the hold-out when there is one, else everything."""
    held = result.split is not None
    window = result.holdout if held else result.whole
    precision, precision_ci = _share(window.tp, window.flagged)
    recall, recall_ci = _share(window.tp, window.linked)
    value, interval = _rounded(risk_ratio(window))
    return {
        "evaluator": EVALUATOR,
        "dataset": result.dataset,
        "window": [window.start or "1970-01-01", window.end or "1970-01-01"],
        "holdout": held,
        "followUpDays": result.follow_up_days,
        "evaluated": window.evaluated,
        "unknown": window.unknown + window.unsure,
        "applicable": window.applicable,
        "flagged": window.flagged,
        "tp": window.tp,
        "incidents": window.incidents,
        "caught": window.caught,
        "precision": precision,
        "precisionCI95": precision_ci,
        "recall": recall,
        "recallCI95": recall_ci,
        "flagRate": _share(window.flagged, window.evaluated)[0],
        "riskRatio": value,
        "riskRatioCI95": interval,
    }
