"""What goes with what: causes and patterns against the answers of the form, honestly tested.

Every comparison of a run is corrected together. A record that has no answer to a question takes no
part in its comparisons; it is counted as not known, never as no.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from mining import stats
from mining.causes import CauseResult
from mining.patterns import Pattern
from mining.records import IncidentRecord

LEAST = 3
MOST_KEPT = 200
MOST_READ = 3_000
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
    notes: tuple[str, ...] = ()

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


def find(
    records: Sequence[IncidentRecord],
    causes: Mapping[str, CauseResult],
    patterns: Sequence[Pattern],
) -> Findings:
    """Every comparison that has at least three records on each margin, corrected together.

    Patterns are compared over all records; causes, which have to be read, over at most
    :data:`MOST_READ` of them, drawn by their ids and named in the notes.
    """
    answers = {name: given for name, given in answers_of(records).items() if len(given) >= LEAST}
    drafts: list[dict[str, Any]] = []
    notes: tuple[str, ...] = ()
    if answers:
        ids = sorted(record.id for record in records)
        named = [("pattern", p.id, frozenset(p.ids)) for p in patterns if len(p.ids) >= LEAST]
        drafts += _compared(named, ids, answers)
        read = _drawn(ids)
        drafts += _compared(_by_cause(read, causes), read, answers)
        if len(read) < len(ids):
            told = f"{len(read):,} of {len(ids):,} records, drawn at random"
            notes = (f"Causes were compared with answers over {told}; patterns over all.",)
    qs = stats.benjamini_hochberg([draft["p"] for draft in drafts])
    ranked = sorted(zip(qs, drafts, strict=True), key=lambda pair: (pair[0], *_place(pair[1])))
    rows = tuple(_finding(draft, q) for q, draft in ranked[:MOST_KEPT])
    return Findings(rows, len(drafts), notes)


def _place(draft: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(draft[k] for k in ("p", "subject_kind", "subject", "dimension", "value"))


def _drawn(ids: Sequence[str]) -> list[str]:
    """At most :data:`MOST_READ` ids, always the same ones of the same records."""
    if len(ids) <= MOST_READ:
        return list(ids)
    by_hash = sorted(ids, key=lambda i: (sha256(i.encode()).digest(), i))
    return sorted(by_hash[:MOST_READ])


_Subject = tuple[str, str, frozenset[str]]


def _by_cause(ids: Sequence[str], causes: Mapping[str, CauseResult]) -> list[_Subject]:
    found: dict[str, set[str]] = {}
    for record_id in ids:
        for cause in causes[record_id].causes:
            found.setdefault(cause.id, set()).add(record_id)
    return [("cause", name, frozenset(found[name])) for name in sorted(found)]


def _indicator(sets: Sequence[frozenset[str]], at: Mapping[str, int]) -> Any:
    """One row per set, one column per record; ids that are not asked for fall away."""
    from scipy import sparse

    pairs = [(row, at[i]) for row, ids in enumerate(sets) for i in ids if i in at]
    rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
    shape = (len(sets), len(at))
    return sparse.csr_matrix(([1] * len(pairs), (rows, columns)), shape=shape, dtype="int64")


def _compared(
    subjects: Sequence[_Subject], ids: Sequence[str], answers: _Answers
) -> list[dict[str, Any]]:
    """Comparisons of some subjects with every answer, counted all at once.

    Only the margins decide what is compared: looking at the cell first would bend the p values.
    """
    at = {identifier: place for place, identifier in enumerate(ids)}
    members = _indicator([ids_of for _, _, ids_of in subjects], at)
    sizes = members.getnnz(axis=1)
    found = []
    for dimension, given in answers.items():
        asked = frozenset(given) & at.keys()
        values = sorted({value for i in asked for value in given[i]})
        users = [frozenset(i for i in asked if value in given[i]) for value in values]
        here = (members @ _indicator(users, at).T).toarray()
        here_n = (members @ _indicator([asked], at).T).toarray().ravel()
        for row, column in zip(*_worth_comparing(here_n, users, len(asked)), strict=True):
            kind, subject, _ = subjects[row]
            value = values[column]
            if kind == "cause" and value in SAME_WORDS.get(subject, ()):
                continue
            counts = _counts(here[row, column], here_n[row], len(users[column]), len(asked))
            missing = int(sizes[row] - here_n[row])
            not_known = (missing, len(ids) - len(asked) - missing)
            names = {"subject_kind": kind, "subject": subject, "dimension": dimension}
            found.append({**names, "value": value, **counts, "not_known": not_known})
    return found


def _worth_comparing(here_n: Any, users: Sequence[frozenset[str]], asked: int) -> Any:
    """Rows and columns whose margins hold at least :data:`LEAST` records on each side."""
    import numpy as np

    counts = np.array([len(ids) for ids in users], dtype=np.int64)
    rows = (here_n >= LEAST) & (asked - here_n >= LEAST)
    columns = (counts >= LEAST) & (asked - counts >= LEAST)
    return np.nonzero(np.outer(rows, columns))


def _counts(here: int, here_n: int, users: int, asked: int) -> dict[str, Any]:
    here, here_n = int(here), int(here_n)
    there, there_n = users - here, asked - here_n
    p = stats.fisher(here, here_n, there, there_n, alternative="two-sided")
    return {"here": here, "here_n": here_n, "there": there, "there_n": there_n, "p": p}


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
