"""What a run and its patterns keep as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mining.patterns import Lineage, Pattern
from rca.store import tables as t

if TYPE_CHECKING:
    from mining.findings import Finding
    from mining.pipeline import MiningResult


def pattern_payload(pattern: Pattern) -> dict[str, Any]:
    """What a run found of a pattern, beside the columns of its row."""
    return {
        "by_quarter": dict(pattern.by_quarter),
        "ai": dict(pattern.ai),
        "services": dict(pattern.services),
        "severities": dict(pattern.severities),
        "severity_weight": pattern.severity_weight,
        "phrases": [phrase for phrase, _ in pattern.phrases],
        "weights": [weight for _, weight in pattern.phrases],
        "why": [{"text": text} for text in pattern.why],
        "stability": pattern.stability,
        "cohesion": pattern.cohesion,
        "unconfirmed": pattern.unconfirmed,
        "see_also": list(pattern.see_also),
        "near": [[near.id, near.similarity, near.missing] for near in pattern.near],
        "exemplars": list(pattern.exemplars),
        "least_typical": pattern.least_typical,
        "centrality": {member.id: member.centrality for member in pattern.members},
        "duplicates": {m.id: m.duplicate_of for m in pattern.members if m.duplicate_of},
        "method": pattern.method,
        "proposed_name": pattern.name,
    }


def kept_keys(row: t.PatternRow, pattern: Pattern, now: datetime) -> dict[str, Any]:
    """Parts of the payload that outlive a run: decisions, sizes run by run, splits and merges."""
    history = [*row.payload.get("history", []), [now.date().isoformat(), pattern.size]]
    return {
        "human": row.payload.get("human", {}),
        "history": history[-40:],
        "lineage": row.payload.get("lineage", []),
    }


def result_document(
    result: "MiningResult", lineage: Lineage, names: Mapping[str, str], gone: Sequence[str]
) -> dict[str, Any]:
    """What a run says beside its patterns; ``names`` maps the run's own ids to stored numbers."""
    fresh = [names[p.id] for p in result.patterns if p.id not in lineage.kept]
    return {
        "patterns": [names[pattern.id] for pattern in result.patterns],
        "new": fresh,
        "gone": list(gone),
        "splits": {old: [names[n] for n in new] for old, new in lineage.splits.items()},
        "merges": {names[new]: list(old) for new, old in lineage.merges.items()},
        "unassigned": list(result.unassigned),
        "nearest": [list(pair) for pair in result.nearest],
        "hidden": result.hidden,
        "notes": list(result.notes),
        "unconfirmed": result.unconfirmed,
        "findings": [_finding_row(finding, names) for finding in result.findings.rows],
        "comparisons": result.findings.comparisons,
        "coverage": [asdict(question) for question in result.findings.coverage],
        "places": {key: list(place) for key, place in result.places.items()},
        "themes": _theme_rows(result),
    }


def _finding_row(finding: "Finding", names: Mapping[str, str]) -> dict[str, Any]:
    row = asdict(finding)
    if finding.subject_kind == "pattern":
        row["subject"] = names[finding.subject]
    return row


def _theme_rows(result: "MiningResult") -> dict[str, Any]:
    found = result.themes
    if found is None:
        return {}
    rows = [asdict(theme) for theme in found.themes]
    return {
        "rows": rows,
        "hidden": found.hidden,
        "reason": found.reason,
        "rest": len(found.unassigned),
    }
