"""Results as JSON documents, and the lines of the command's output files."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mining.causes import CauseResult
from mining.pipeline import MiningResult
from mining.similar import Similar
from mining.themes import Themes


def result_document(result: MiningResult) -> dict[str, Any]:
    """The document that ``python -m mining patterns`` writes."""
    patterns = []
    for pattern in result.patterns:
        row = asdict(pattern)
        row["evidence"] = row["members"]
        row["members"] = list(pattern.ids)
        patterns.append(row)
    return {
        "patterns": patterns,
        "unassigned": list(result.unassigned),
        "duplicates": dict(result.duplicates),
        "nearest": [list(pair) for pair in result.nearest],
        "findings": [asdict(finding) for finding in result.findings.rows],
        "comparisons": result.findings.comparisons,
        "coverage": [asdict(question) for question in result.findings.coverage],
        "themes": themes_document(result.themes) if result.themes else None,
        "hidden": result.hidden,
        "notes": list(result.notes),
        "records": result.records,
        "unconfirmed": result.unconfirmed,
        "restricted_left_out": result.restricted_left_out,
        "options": dict(result.options),
        "seed": result.seed,
        "digest": result.digest,
        "versions": dict(result.versions),
    }


def themes_document(found: Themes) -> dict[str, Any]:
    """The document that ``python -m mining themes`` writes."""
    return {
        "themes": [{**asdict(t), "members": list(t.members)} for t in found.themes],
        "hidden": found.hidden,
        "unassigned": list(found.unassigned),
        "reason": found.reason,
    }


def causes_row(result: CauseResult) -> dict[str, Any]:
    """One line of ``python -m mining causes``."""
    return {
        "id": result.record_id,
        "causes": [asdict(cause) for cause in result.causes],
        "primary": result.primary,
    }


def similar_row(identifier: str, found: Sequence[Similar]) -> dict[str, Any]:
    """One line of ``python -m mining similar``."""
    return {
        "id": identifier,
        "similar": [{"id": s.id, "score": s.score, "why": s.why} for s in found],
    }
