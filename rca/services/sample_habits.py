"""How work usually goes at the sample company: shares, weights and titles for its ledger."""

SHARES = {
    "checkout-api": 20,
    "order-flow": 16,
    "pricing-engine": 14,
    "edge-gateway": 13,
    "payments-gateway": 13,
    "catalogue": 12,
    "identity": 6,
    "insights": 6,
}
KINDS = {
    "code": 46,
    "config": 16,
    "dependency": 8,
    "docs": 6,
    "tests": 5,
    "release": 4,
    "infra": 4,
    "schema": 4,
    "alerting": 3,
    "resilience": 2,
    "flag": 2,
}
# Services whose behaviour lives in files that are pushed, not in what is built.
CONFIG_HEAVY = ("edge-gateway", "checkout-api", "pricing-engine")
CHECK_OF = {
    "config": "config-schema",
    "resilience": "timeouts-and-retries",
    "dependency": "timeouts-and-retries",
    "alerting": "alert-rules",
    "infra": "plan-policy",
    "network": "plan-policy",
    "dns": "plan-policy",
    "capacity": "resource-limits",
}
# How often the check of a kind was left out, at the start and at the end of the six quarters.
LEFT_OUT = {
    "config-schema": (0.16, 0.09),
    "timeouts-and-retries": (0.22, 0.03),
    "alert-rules": (0.5, 0.2),
    "plan-policy": (0.1, 0.03),
    "resource-limits": (0.4, 0.3),
}
# Per quarter: share with evidence of AI, and share whose authors said that there was none.
AI = ((0.14, 0.10), (0.18, 0.16), (0.24, 0.26), (0.32, 0.34), (0.38, 0.38), (0.42, 0.40))
TOOLS = (("Tern", "tern-2"), ("Quillmate", "quill-4"), ("Harbour", "harbour-ops-2"))
SOURCES = ("commit trailer", "pull-request label", "git note")
PLACES = {
    "config": "config/settings.yaml",
    "schema": "migrations/next.sql",
    "dependency": "requirements.lock",
    "docs": "docs/runbook.md",
    "tests": "tests/test_unit.py",
    "release": "deploy/values.yaml",
    "infra": "main.tf",
    "alerting": "alerts/rules.yaml",
    "flag": "flags/flags.yaml",
    "dns": "zones/fernwick.zone",
}
TITLES = {
    "code": (
        "Show delivery day in the list",
        "Split the long handler",
        "Name the empty state",
        "Sort by shelf, then by name",
        "Accept longer street names",
        "Remove an unused branch",
        "Say why a request was refused",
        "Batch the reads",
        "Handle a missing picture",
    ),
    "config": (
        "Raise the page size",
        "New opening hours",
        "Limits for the partner interface",
        "Delivery zones of the month",
        "Weights after the capacity review",
        "Sender address for ap-south",
        "Thresholds for the new region",
    ),
    "dependency": ("Update the web framework", "Update the queue client", "Pin the date library"),
    "docs": ("Runbook: what to try first", "Describe the new report", "Correct two host names"),
    "tests": ("Cover the empty basket", "Quiet a flaky test", "Fixtures with real widths"),
    "release": ("Smaller image", "Base image of the month", "Split the build"),
    "infra": ("Two more nodes", "Module for the new hall", "Tags on all volumes"),
    "schema": ("Index on created date", "Column for the parcel size", "Drop the old view"),
    "alerting": ("Page on order age", "Quieter disk alert", "Dashboard for the pool"),
    "resilience": ("Timeout for the quote client", "One retry for pictures", "Breaker for mail"),
    "flag": ("Flag for the new form", "Remove a settled flag", "Flag per region"),
}
TEST_WEIGHTS = ((62, 2, 16, 20), (12, 1, 52, 35), (18, 1, 46, 35))
