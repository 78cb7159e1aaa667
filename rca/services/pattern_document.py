"""One pattern as JSON, for the command line and the API."""

from collections import Counter
from typing import Any

from sqlmodel import Session

from rca.services.pattern_items import find_pattern, members_of, pattern_items
from rca.services.patterns import open_references


def pattern_document(session: Session, identifier: str) -> dict[str, Any]:
    """One pattern with its open members and their quotes, as JSON."""
    row = find_pattern(session, identifier)
    item = pattern_items(session, [row])[0]
    pairs = members_of(session, [row.id]).get(row.id, [])
    again = set(row.payload.get("duplicates", {}))
    counted = [incident for _, incident in pairs if incident.reference not in again]
    return {
        "id": row.id,
        "name": row.name,
        "organisation": row.organisation,
        "state": row.state,
        "strength": row.strength,
        "size": item.size,
        "causes": list(row.causes),
        "members": [incident.reference for _, incident in pairs],
        "evidence": [{"id": i.reference, "title": i.title, "quote": m.quote} for m, i in pairs],
        "by_quarter": dict(Counter(incident.quarter for incident in counted)),
        "severities": dict(item.severities),
        "severity_weight": item.severity_weight,
        "open_actions": item.open_actions,
        "ai": {
            "influenced": item.ai.influenced,
            "suspected": item.ai.suspected,
            "none": item.ai.none,
            "unknown": item.ai.unknown,
            "unanswered": item.ai.unanswered,
            "share": item.ai.share.value,
            "low": item.ai.share.low,
            "high": item.ai.share.high,
            "n": item.ai.share.n,
        },
        "stability": item.stability,
        "why": [str(part["text"]) for part in row.payload.get("why", [])],
        "phrases": list(row.payload.get("phrases", [])),
        "see_also": open_references(session, list(row.payload.get("see_also", []))),
        "unconfirmed": item.unconfirmed,
        "guardrails": [ref.id for ref in item.guardrails],
    }
