"""The Kubernetes pack: Kyverno ValidatingPolicy over Argo Rollouts, exceptions, an analysis.

Our reading of ``policies.kyverno.io/v1`` and ``argoproj.io/v1alpha1`` (read 2026-08). Objects carry
labels ``guardrails.rca/<fact>`` stamped by the deploy tool; a label that is not there is unknown,
and an unknown match does not apply.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mining.policy import facts
from mining.policy.exporters import Cover, Coverage, Pack, template_names, worst
from mining.policy.stream import dump

PREFIX = "guardrails.rca"
ACTIONS = {"audit": "Audit", "warn": "Warn", "enforce": "Deny"}
_LABEL = {
    "ai.influenced": "ai-influenced",
    "service.name": "service",
    "service.tier": "tier",
    "change.kinds": "kinds",
    "rollout.maxRegions": "max-regions",
    "rollout.firstStepPercent": "first-step-percent",
    "deploy.ref": "commit",
    "deploy.pr": "pull-request",
}
_STRATEGY = {
    "canary": "has(object.spec.strategy.canary)",
    "blue-green": "has(object.spec.strategy.blueGreen)",
}
_ROLLBACK = (
    "(has(object.spec.strategy.canary) && has(object.spec.strategy.canary.analysis))"
    " || (has(object.spec.strategy.blueGreen)"
    " && has(object.spec.strategy.blueGreen.prePromotionAnalysis))"
)
_SIGN = {"gte": ">=", "lte": "<=", "gt": ">", "lt": "<"}
Notes = list[tuple[Cover, str]]


def quoted(text: str) -> str:
    """A CEL string literal that cannot end early."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _annotation(name: str) -> str:
    return quoted(f"{PREFIX}/{name}")


def _has(name: str) -> str:
    key = _annotation(name)
    return f"has(object.metadata.annotations) && {key} in object.metadata.annotations"


def _read(name: str) -> str:
    return f"object.metadata.annotations[{_annotation(name)}]"


def _leaf(leaf: Mapping[str, Any]) -> str | None:
    """CEL that is true exactly when the leaf is surely true; None when it cannot be said."""
    field, op, value = leaf["field"], leaf["op"], leaf.get("value")
    if field == "rollout.strategy" and op in ("in", "eq"):
        wanted = value if isinstance(value, list) else [value]
        parts = [_STRATEGY[item] for item in wanted if item in _STRATEGY]
        return f"({' || '.join(parts)})" if len(parts) == len(wanted) else None
    if (field, op, value) == ("rollout.autoRollback", "eq", True):
        return f"({_ROLLBACK})"
    if (field, op, value) == ("deploy.linked", "eq", True):
        names = ("commit", "pull-request", "build")
        return " && ".join(f'({_has(name)} && {_read(name)} != "")' for name in names)
    if field not in _LABEL:
        return None
    return _label_leaf(_LABEL[field], facts.FACTS[field].kind, op, value)


def _label_leaf(name: str, kind: str, op: str, value: Any) -> str | None:
    there, text = _has(name), _read(name)
    if op == "exists":
        return f'({there} && {text} != "")'
    if kind == "boolean" and op == "eq":
        return f"({there} && {text} == {quoted(str(value).lower())})"
    if kind in ("integer", "number") and op in _SIGN:
        number = f'{text}.matches("^[0-9]{{1,9}}$") && int({text}) {_SIGN[op]} {int(value)}'
        return f"({there} && {number})"
    if kind == "text" and op in ("eq", "in"):
        wanted = value if isinstance(value, list) else [value]
        return f"({there} && {text} in [{', '.join(map(quoted, wanted))}])"
    if kind == "text_list" and op == "contains":
        return f'({there} && {quoted(value)} in {text}.split(","))'
    return None


def _match(spec: Mapping[str, Any], notes: Notes) -> list[dict[str, str]]:
    found = []
    for n, leaf in enumerate(spec["match"].get("all", ())):
        said = _leaf(leaf) if "field" in leaf else None
        if said is None:
            notes.append(("stricter", f"{leaf.get('field', 'a nested group')} is not visible"))
        else:
            found.append({"name": f"all-{n}", "expression": said})
    either = [_leaf(leaf) if "field" in leaf else None for leaf in spec["match"].get("any", ())]
    if either and all(either):
        found.append({"name": "any", "expression": " || ".join(map(str, either))})
    elif either:
        notes.append(("stricter", "alternatives are not visible: it applies to all of them"))
    if "none" in spec["match"]:
        notes.append(("stricter", "exclusions are not visible: those are asked too"))
    return found


def _validations(spec: Mapping[str, Any], notes: Notes) -> list[dict[str, str]]:
    found = []
    for item in spec["require"]:
        said = _leaf(item["check"])
        if said is None:
            notes.append(("looser", f"{item['control']} cannot be asked for here"))
            continue
        if item.get("onUnknown") == "skip" and item["check"]["field"] in _LABEL:
            said = f"!({_has(_LABEL[item['check']['field']])}) || {said}"
        found.append({"expression": said, "message": item["message"]})
    if not found:
        notes.append(("dropped", "none of its requirements can be asked for here"))
    return found


def _policy(doc: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    spec, metadata = doc["spec"], doc["metadata"]
    return {
        "apiVersion": "policies.kyverno.io/v1",
        "kind": "ValidatingPolicy",
        "metadata": {
            "name": metadata["id"],
            "labels": {f"{PREFIX}/family": metadata["family"]},
            "annotations": {f"{PREFIX}/title": metadata["title"]},
        },
        "spec": {
            "validationActions": [ACTIONS[spec["mode"]]],
            "evaluation": {"background": {"enabled": True}},
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["argoproj.io"],
                        "apiVersions": ["v1alpha1"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["rollouts"],
                    }
                ]
            },
            "matchConditions": _match(spec, notes),
            "validations": _validations(spec, notes),
        },
    }


def _exceptions(doc: Mapping[str, Any], now: datetime, notes: Notes) -> list[dict[str, Any]]:
    found = []
    for item in doc["spec"].get("exceptions", ()):
        expires = facts.instant(item["expires"])
        leaves = item["scope"].get("all", ())
        said = [_leaf(leaf) if "field" in leaf else None for leaf in leaves]
        if expires is None or expires <= now:
            continue
        if set(item["scope"]) != {"all"} or not all(said):
            notes.append(("stricter", f"exception {item['id']} is not expressible"))
            continue
        conditions = [{"name": f"all-{n}", "expression": str(cel)} for n, cel in enumerate(said)]
        found.append(
            {
                "apiVersion": "policies.kyverno.io/v1",
                "kind": "PolicyException",
                "metadata": {"name": f"{doc['metadata']['id']}-{item['id']}"[:253]},
                "spec": {
                    "policyRefs": [{"name": doc["metadata"]["id"], "kind": "ValidatingPolicy"}],
                    "matchConditions": conditions,
                    "expiresAt": item["expires"],
                },
            }
        )
    return found


def analysis(doc: Mapping[str, Any]) -> dict[str, Any] | None:
    """An Argo AnalysisTemplate for the rule's objective; None without ``targets.slo``."""
    slo = doc["spec"].get("targets", {}).get("slo")
    if not slo or "successRate" not in slo:
        return None
    query = (
        'sum(rate(http_requests_total{service="{{args.service}}",code!~"5.."}[5m]))'
        ' / sum(rate(http_requests_total{service="{{args.service}}"}[5m]))'
    )
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": {"name": doc["metadata"]["id"]},
        "spec": {
            "args": [{"name": "service"}],
            "metrics": [
                {
                    "name": "success-rate",
                    "interval": "1m",
                    "count": 5,
                    "failureLimit": 1,
                    "successCondition": f"len(result) > 0 && result[0] >= {slo['successRate']}",
                    "provider": {
                        "prometheus": {"address": "http://prometheus:9090", "query": query}
                    },
                }
            ],
        },
    }


def _one(doc: Mapping[str, Any], now: datetime) -> tuple[dict[str, str], Coverage]:
    name = str(doc["metadata"]["id"])
    engines = template_names(doc)
    if engines is not None and "kubernetes" not in engines:
        why = ("its template does not name Kubernetes",)
        return {}, Coverage(name, "kubernetes", "not_applicable", why)
    if doc["spec"]["subject"] != "deploy":
        return {}, Coverage(name, "kubernetes", "dropped", ("a cluster sees deploys only",))
    notes: Notes = []
    objects = [_policy(doc, notes), *_exceptions(doc, now, notes)]
    extra = analysis(doc)
    cover = worst(*(said for said, _ in notes))
    reasons = tuple(dict.fromkeys(why for _, why in notes))
    if cover == "dropped":
        return {}, Coverage(name, "kubernetes", cover, reasons)
    parts = [*objects, *([extra] if extra else [])]
    text = "---\n".join(dump(part) for part in parts)
    reasons = (*reasons, "objects without Argo Rollouts are judged by the deploy job")
    return {f"{name}.yaml": text}, Coverage(name, "kubernetes", cover, reasons)


def export(docs: Sequence[Mapping[str, Any]], *, now: datetime) -> Pack:
    """One file per rule that a cluster can hold."""
    made = [_one(doc, now) for doc in docs]
    files = {path: text for found, _ in made for path, text in found.items()}
    return Pack("kubernetes", files, tuple(cover for _, cover in made))
