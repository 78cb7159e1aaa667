"""Small rules to test with."""

from copy import deepcopy
from typing import Any

from mining.policy import catalogue

_BASE: dict[str, Any] = {
    "apiVersion": "guardrails.rca/v1",
    "kind": "GuardrailPolicy",
    "metadata": {
        "id": "gr-two-owners",
        "uid": "5b0c6a3e-9d1f-4a59-8f0e-2f6b6c1d7a10",
        "version": "1.2.0",
        "title": "AI-influenced access changes need two owners",
        "family": "review-ownership",
        "status": "experimental",
        "owner": {"team": "platform"},
        "created": "2026-08-03",
        "reviewBy": "2027-02-01",
    },
    "spec": {
        "mode": "audit",
        "severity": "high",
        "subject": "change",
        "rationale": "Seven of nine incidents shipped an access change that one reviewer read.",
        "match": {
            "all": [
                {"field": "ai.influenced", "op": "eq", "value": True},
                {"field": "paths", "op": "anyGlob", "value": ["**/auth/**", "infra/**"]},
            ],
            "none": [{"field": "type", "op": "eq", "value": "revert"}],
        },
        "require": [
            {
                "control": "owner-approvals",
                "check": {"field": "approvals.owners", "op": "gte", "value": 2},
                "message": "needs approval by 2 members of the owning team",
            }
        ],
    },
    "evidence": {
        "cluster": {"id": "c12", "run": "run-1"},
        "incidents": ["INC-1", "INC-2", "INC-3"],
        "stats": {"state": "not_estimable", "reason": "no-ledger"},
    },
}


def rule(**changes: Any) -> dict[str, Any]:
    """A good rule; ``spec__mode="warn"`` sets one value, ``spec__mode=...`` (Ellipsis) drops it."""
    doc = deepcopy(_BASE)
    for path, value in changes.items():
        *way, last = path.split("__")
        here = doc
        for part in way:
            here = here[part]
        if value is ...:
            del here[last]
        else:
            here[last] = value
    return doc


def matching(group: dict[str, Any], *checks: dict[str, Any]) -> dict[str, Any]:
    """A rule with that match and those requirements."""
    require = [
        {"control": f"c{index}", "check": check, "message": "do it"}
        for index, check in enumerate(checks or ({"field": "repo", "op": "exists"},))
    ]
    return rule(spec__match=group, spec__require=require)


def from_template(template: catalogue.Template) -> dict[str, Any]:
    """The document that a template gives with its own example values."""
    values = {"kinds": (), "services": (), "tier": None, **template.example}
    said = {**catalogue.words(values), "n": "3", "of": "4", "pattern": "a pattern"}
    spec: dict[str, Any] = {
        "mode": "audit",
        "severity": template.severity,
        "subject": template.subject,
        "rationale": catalogue.filled_text(template.rationale, said),
        "match": catalogue.fill_match(template, values),
        "require": [dict(item) for item in template.require],
    }
    if template.semgrep:
        spec["targets"] = {"semgrep": list(template.semgrep)}
    doc = rule(spec=spec, metadata__family=template.family, metadata__status="proposed")
    doc["metadata"].update(
        id=f"gr-{template.id}",
        title=catalogue.filled_text(template.title, said),
        template=template.id,
    )
    doc["cases"] = [dict(case) for case in template.cases]
    return doc


def every_template() -> list[catalogue.Template]:
    """All templates of all families."""
    return [template for family in catalogue.families() for template in family.templates]
