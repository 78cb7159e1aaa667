"""What goes with what: causes and patterns against the answers of the form, honestly tested.

Every comparison of a run is corrected together. A record that has no answer to a question takes no
part in its comparisons; it is counted as not known, never as no.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mining import stats
from mining.causes import CauseResult
from mining.patterns import Pattern
from mining.records import IncidentRecord

LEAST = 3
MOST_KEPT = 200
SUPPORTED, SUGGESTIVE = 0.05, 0.20
DIMENSIONS = {
    "service": "Service",
    "tier": "Tier",
    "trigger": "Trigger",
    "detection_method": "Found by",
    "detection_gap": "Detection gap",
    "mitigation": "Mitigation",
    "factor_role": "Factor role",
    "severity": "Severity",
    "ai": "AI influence",
}
VERDICTS = {"supported": "Supported", "suggestive": "Suggestive", "not_enough": "Not enough data"}

# Answers that say the same as a cause in other words: comparing them would find only that.
SAME_WORDS: Mapping[str, frozenset[str]] = {
    "config_change": frozenset(["config_push", "feature_flag"]),
    "code_defect": frozenset(["binary_push"]),
    "deploy_upgrade_migration": frozenset(["binary_push", "schema_or_data_migration"]),
    "capacity_overload_exhaustion": frozenset(["capacity"]),
    "cascade_retry_storm": frozenset(["capacity"]),
    "datastore": frozenset(["schema_or_data_migration"]),
    "expiry_credential_lifecycle": frozenset(["cert_or_secret_expiry"]),
    "hardware_power": frozenset(["hardware"]),
    "operator_action": frozenset(["manual_operation"]),
    "security": frozenset(["security_event"]),
    "third_party_dependency": frozenset(["service_provider_change"]),
    "monitoring_gap": frozenset(
        ["none", "no_monitor", "telemetry_missing", "threshold_wrong", "signal_lost_in_noise"]
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison: how often an answer stands with a cause or pattern, and how often without.

    ``here`` of ``here_n`` are the records with the subject that gave the answer, among those that
    answered; ``there`` of ``there_n`` the same without the subject; ``not_known`` gave none.
    """

    subject_kind: str
    subject: str
    dimension: str
    value: str
    here: int
    here_n: int
    there: int
    there_n: int
    not_known: tuple[int, int]
    odds_ratio: float | None
    low: float | None
    high: float | None
    p: float
    q: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Findings:
    """The surest comparisons of a run, at most :data:`MOST_KEPT`, and how many there were."""

    rows: tuple[Finding, ...]
    comparisons: int

    def about(self, kind: str, subject: str) -> tuple[Finding, ...]:
        """The comparisons of one cause or pattern."""
        return tuple(f for f in self.rows if (f.subject_kind, f.subject) == (kind, subject))

    @property
    def claimed(self) -> tuple[Finding, ...]:
        """Those that hold after correction."""
        return tuple(f for f in self.rows if f.verdict == "supported")


_Answers = dict[str, dict[str, frozenset[str]]]
"""Dimension -> record id -> its answers; records without an answer are absent."""


def answers_of(records: Sequence[IncidentRecord]) -> _Answers:
    """What each record answered, by dimension."""
    found: _Answers = {name: {} for name in DIMENSIONS}
    for record in records:
        if record.services:
            found["service"][record.id] = frozenset(record.services)
        if record.severity:
            found["severity"][record.id] = frozenset([record.severity])
        if record.ai_state in ("influenced", "suspected", "none"):
            found["ai"][record.id] = frozenset([record.ai_state])
        for name in ("tier", "trigger", "detection_method", "detection_gap", "mitigation"):
            value = record.fields.get(name, "")
            if value and value != "unknown":
                found[name][record.id] = frozenset([value])
        roles = record.fields.get("factor_role", "")
        if roles:
            found["factor_role"][record.id] = frozenset(roles.split("; "))
    return found


def _subjects(
    causes: Mapping[str, CauseResult], patterns: Sequence[Pattern], ids: frozenset[str]
) -> Iterable[tuple[str, str, frozenset[str]]]:
    by_cause: dict[str, set[str]] = {}
    for record_id in ids:
        for cause in causes[record_id].causes:
            by_cause.setdefault(cause.id, set()).add(record_id)
    for name in sorted(by_cause):
        yield "cause", name, frozenset(by_cause[name])
    for pattern in patterns:
        yield "pattern", pattern.id, frozenset(pattern.ids) & ids


def find(
    records: Sequence[IncidentRecord],
    causes: Mapping[str, CauseResult],
    patterns: Sequence[Pattern],
) -> Findings:
    """Every comparison that has at least three records on each margin, corrected together."""
    ids = frozenset(record.id for record in records)
    answers = answers_of(records)
    drafts = []
    for kind, subject, members in _subjects(causes, patterns, ids):
        for dimension, given in answers.items():
            drafts += _compared(kind, subject, members, ids, dimension, given)
    qs = stats.benjamini_hochberg([draft["p"] for draft in drafts])
    ranked = sorted(zip(qs, drafts, strict=True), key=lambda pair: (pair[0], *_place(pair[1])))
    rows = tuple(_finding(draft, q) for q, draft in ranked[:MOST_KEPT])
    return Findings(rows, len(drafts))


def _place(draft: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(draft[k] for k in ("p", "subject_kind", "subject", "dimension", "value"))


def _compared(
    kind: str,
    subject: str,
    members: frozenset[str],
    ids: frozenset[str],
    dimension: str,
    given: Mapping[str, frozenset[str]],
) -> list[dict[str, Any]]:
    asked = frozenset(given)
    here_ids, there_ids = members & asked, asked - members
    # Only the margins decide what is compared: looking at the cell first would bend the p values.
    if len(here_ids) < LEAST or len(there_ids) < LEAST:
        return []
    found = []
    for value in sorted({value for values in given.values() for value in values}):
        if kind == "cause" and value in SAME_WORDS.get(subject, ()):
            continue
        users = sum(value in values for values in given.values())
        if users < LEAST or len(asked) - users < LEAST:
            continue
        here = sum(value in given[i] for i in here_ids)
        there = users - here
        found.append(
            {
                "subject_kind": kind,
                "subject": subject,
                "dimension": dimension,
                "value": value,
                "here": here,
                "here_n": len(here_ids),
                "there": there,
                "there_n": len(there_ids),
                "not_known": (len(members - asked), len(ids - members - asked)),
                "p": stats.fisher(
                    here, len(here_ids), there, len(there_ids), alternative="two-sided"
                ),
            }
        )
    return found


def _finding(draft: dict[str, Any], q: float) -> Finding:
    ratio = stats.odds_ratio(draft["here"], draft["here_n"], draft["there"], draft["there_n"])
    if q <= SUPPORTED:
        verdict = "supported"
    else:
        verdict = "suggestive" if q <= SUGGESTIVE else "not_enough"
    return Finding(
        **draft,
        odds_ratio=ratio.value,
        low=ratio.low,
        high=ratio.high,
        q=q,
        verdict=verdict,
    )
