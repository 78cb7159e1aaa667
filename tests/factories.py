"""Contents to test with: one rich, one light."""

from typing import Any

from rca.domain.postmortem import PostmortemContent, new_id


def rich_data(**changes: Any) -> dict[str, Any]:
    """Everything a SEV-2 needs for review, with links between its rows."""
    entry, factor = new_id(), new_id()
    surfaces = ("design", "config", "review", "incident_response")
    data: dict[str, Any] = {
        "title": "Checkout returns 502 for card payments",
        "severity": "SEV2",
        "services": ["checkout", "payments"],
        "teams": ["Storefront"],
        "times": [
            {"milestone": "impact_started_at", "value": "2026-08-14 09:12"},
            {"milestone": "detected_at", "value": "2026-08-14 09:31", "precision": "approx"},
            {"milestone": "mitigated_at", "value": "2026-08-14 10:02"},
            {"milestone": "fault_introduced_at", "precision": "unknown"},
        ],
        "detection_method": "customer_report",
        "detection_gap": "no_monitor",
        "impact_types": ["errors"],
        "impact_summary": "One in five card payments was refused for fifty minutes.",
        "impact_measures": [
            {"kind": "pct_requests", "value": 21, "estimate": "measured"},
            {"kind": "revenue_amount", "estimate": "unknown", "unit": "EUR"},
        ],
        "trigger": "config_push",
        "timeline": [
            {"id": entry, "at": "2026-08-14 09:12", "text": "Pool size halved by the rollout."},
            {"at": "2026-08-14 09:31", "text": "Support sees reports.", "kind": "detection"},
            {"at": "2026-08-14 10:02", "text": "Config rolled back.", "kind": "repair"},
        ],
        "factors": [
            {
                "id": factor,
                "statement": "The config schema accepted a pool of 4.",
                "factor_class": "config_change",
                "role": "enabled",
                "timeline_ids": [entry],
            },
            {
                "statement": "No alert watched payment success.",
                "factor_class": "monitoring_gap",
                "role": "delayed_detection",
            },
        ],
        "ai_influences": [
            {
                "surface": "code",
                "state": "evidenced",
                "part": "author",
                "effect": "contributed",
                "evidence": [{"basis": "commit_trailer", "locator": "4f2a91c", "quote": "Co-Au"}],
                "conditions": ["missing_gate"],
                "claims": [{"party": "Vendor", "statement": "Not our change."}],
            },
            *({"surface": name, "state": "attested_none"} for name in surfaces),
        ],
        "actions": [
            {
                "title": "Bound the pool size in the config schema",
                "team": "Storefront",
                "due": "2026-09-01",
                "done_criterion": "A pool below 10 is refused in CI",
                "factor_ids": [factor],
            }
        ],
        "notes": [{"kind": "got_lucky", "text": "It was not a Friday."}],
        "summary": "A config rollout halved the pool. *Card payments* queued and failed.",
    }
    return {**data, **changes}


def rich(**changes: Any) -> PostmortemContent:
    """A content ready for review."""
    return PostmortemContent.model_validate(rich_data(**changes))
