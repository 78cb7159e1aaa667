"""Rules that use every operator, nesting, exceptions and both answers to unknown."""

from typing import Any

from mining.policy import facts
from tests.mining.policy.rules import every_template, from_template, matching

FRIDAY = {"tz": "Europe/Berlin", "days": ["fri"], "from": "15:00", "to": "24:00"}
NIGHT = {"tz": "America/New_York", "from": "00:00", "to": "06:30"}


def leaf(field: str, op: str, value: Any = ...) -> dict[str, Any]:
    """A comparison; without a value for ``exists``."""
    found: dict[str, Any] = {"field": field, "op": op}
    return found if value is ... else {**found, "value": value}


def _named(number: int, doc: dict[str, Any]) -> dict[str, Any]:
    doc["metadata"]["id"] = f"gr-operator-{number}"
    return doc


def _leaves() -> list[dict[str, Any]]:
    return [
        leaf("repo", "eq", "acme/shop"),
        leaf("type", "ne", "revert"),
        leaf("service.name", "in", ["checkout", "edge"]),
        leaf("type", "notIn", ["fix", "é"]),
        leaf("approvals.owners", "gte", 2),
        leaf("service.tier", "lte", 1),
        leaf("drill.lastPassedDays", "gt", 30),
        leaf("rollout.firstStepPercent", "lt", 10),
        leaf("labels", "contains", "break-glass"),
        leaf("paths", "anyGlob", ["**/auth/**", "infra/**"]),
        leaf("paths", "noneGlob", ["docs/*", "**/auth/?.py"]),
        leaf("repo", "anyGlob", ["acme/*"]),
        leaf("provenance.model", "exists"),
        leaf("at", "window", FRIDAY),
        leaf("at", "window", NIGHT),
        leaf("ai.influenced", "eq", True),
        leaf("tests.contract", "eq", "passed"),
        leaf("ai.autonomy", "in", ["drafted", "suggested"]),
        *(leaf(name, "exists") for name in facts.FACTS),
    ]


def _nested() -> list[dict[str, Any]]:
    a, b, c, d = _leaves()[:4]
    return [
        {"any": [{"all": [a, b]}, {"none": [c, {"all": [d, a]}]}]},
        {"all": [{"any": [a, c]}, {"none": [{"none": [b]}]}], "none": [d]},
        {"none": [{"any": [a, {"all": [b, c]}]}]},
    ]


def every_operator() -> list[dict[str, Any]]:
    """One rule per comparison, in the match and as a requirement, and nested ones."""
    groups = [{"all": [item]} for item in _leaves()] + _nested()
    groups += [{"none": [item]} for item in _leaves()[:18]]
    docs = [matching(group, leaf("labels", "contains", "x")) for group in groups]
    docs += [matching({"all": [leaf("repo", "exists")]}, item) for item in _leaves()]
    for item in _leaves():
        doc = matching({"all": [leaf("repo", "exists")]}, item, leaf("flags", "contains", "f"))
        for requirement in doc["spec"]["require"]:
            requirement["onUnknown"] = "skip"
        docs.append(doc)
    for expires in ("2026-06-01T00:00:00Z", "2027-06-01T00:00:00+02:00"):
        doc = matching({"all": [leaf("repo", "exists")]}, leaf("labels", "contains", "x"))
        doc["spec"]["exceptions"] = [
            {
                "id": "ex-1",
                "scope": {"any": [leaf("repo", "eq", "acme/legacy"), leaf("type", "eq", "fix")]},
                "reason": "one team until January",
                "approvedBy": "platform lead",
                "expires": expires,
            }
        ]
        docs.append(doc)
    named = [_named(number, doc) for number, doc in enumerate(docs)]
    return named + [from_template(template) for template in every_template()]
