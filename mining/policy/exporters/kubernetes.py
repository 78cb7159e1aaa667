"""The Kubernetes pack: Kyverno ValidatingPolicy over Argo Rollouts, exceptions, an analysis.

Our reading of ``policies.kyverno.io/v1`` and ``argoproj.io/v1alpha1`` (read 2026-11). Objects carry
annotations ``guardrails.rca/<fact>`` stamped by the deploy tool: texts, whole numbers, ``true`` and
``false``, and lists with commas. What is not there, or not of its kind, is unknown; an unknown
match does not apply.

Every comparison is said twice, as surely true and as surely false, and never raises: an error in a
match condition would refuse the object.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mining.policy import facts
from mining.policy.exporters import Cover, Coverage, Pack, template_names, worst
from mining.policy.exporters.normal import TooLarge, terms
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
_CANARY = "has(object.spec.strategy) && has(object.spec.strategy.canary)"
_BLUE_GREEN = "has(object.spec.strategy) && has(object.spec.strategy.blueGreen)"
_STRATEGY = {"canary": f"({_CANARY})", "blue-green": f"({_BLUE_GREEN})"}
_KNOWN_STRATEGY = f"({_CANARY} || {_BLUE_GREEN})"
_ROLLBACK = (
    f"(({_CANARY} && has(object.spec.strategy.canary.analysis))"
    f" || ({_BLUE_GREEN} && has(object.spec.strategy.blueGreen.prePromotionAnalysis)))"
)
_LINKS = ("commit", "pull-request", "build")
_SIGN = {"gte": ">=", "lte": "<=", "gt": ">", "lt": "<", "eq": "==", "ne": "!="}
_SPECIAL = frozenset("\\.+*?()|[]{}^$")
Notes = list[tuple[Cover, str]]
Said = tuple[str, str]
"""CEL for "known", and CEL for "holds", which may lean on the first."""


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


def _linked() -> Said:
    return "true", " && ".join(f'({_has(name)} && {_read(name)} != "")' for name in _LINKS)


def _said(field: str, op: str, value: Any) -> Said | None:
    """The comparison in CEL; None when an object does not show it."""
    if field == "rollout.strategy" and op in ("in", "eq"):
        wanted = value if isinstance(value, list) else [value]
        parts = [_STRATEGY[item] for item in wanted if item in _STRATEGY]
        whole = len(parts) == len(wanted)
        return (_KNOWN_STRATEGY, f"({' || '.join(parts)})") if whole else None
    if (field, op) == ("rollout.autoRollback", "eq"):
        return _KNOWN_STRATEGY, _ROLLBACK if value else f"!{_ROLLBACK}"
    if (field, op, value) == ("deploy.linked", "eq", True):
        return _linked()
    if field not in _LABEL:
        return None
    return _annotated(_LABEL[field], facts.FACTS[field].kind, op, value)


def _known(name: str, kind: str) -> str:
    there, text = _has(name), _read(name)
    readable = {
        "boolean": f'{text} in ["true", "false"]',
        "integer": f'{text}.matches("^[0-9]{{1,9}}$")',
        "number": f'{text}.matches("^[0-9]{{1,9}}$")',
    }.get(kind, f'{text} != ""')
    return f"({there} && {readable})"


def _annotated(name: str, kind: str, op: str, value: Any) -> Said | None:
    known, text = _known(name, kind), _read(name)
    if kind == "boolean" and op in ("eq", "ne"):
        return known, f"{text} {_SIGN[op]} {quoted(str(value).lower())}"
    if kind in ("integer", "number") and op in _SIGN:
        whole = float(value).is_integer()
        number = f"int({text})" if whole else f"double({text})"
        return known, f"{number} {_SIGN[op]} {int(value) if whole else value}"
    if kind == "text" and op in ("eq", "ne", "in", "notIn"):
        wanted = value if isinstance(value, list) else [value]
        inside = f"{text} in [{', '.join(map(quoted, wanted))}]"
        return known, inside if op in ("eq", "in") else f"!({inside})"
    if kind == "text_list" and op == "contains" and value and "," not in value:
        literal = "".join("\\" + sign if sign in _SPECIAL else sign for sign in value)
        return known, f"{text}.matches({quoted(f'(^|,){literal}(,|$)')})"
    return None


def _leaf(leaf: Mapping[str, Any], want: bool = True) -> str | None:
    """CEL that is true exactly when the leaf is surely ``want``; None when it cannot be said."""
    field, op = leaf["field"], leaf["op"]
    if op == "exists" and field in _LABEL:
        name = _LABEL[field]
        there = f'({_has(name)} && {_read(name)} != "")'
        return _known(name, facts.FACTS[field].kind) if want else f"!{there}"
    said = _said(field, op, leaf.get("value"))
    if said is None:
        return None
    known, holds = said
    return f"({known} && ({holds}))" if want else f"({known} && !({holds}))"


def _surely(group: Mapping[str, Any]) -> str | None:
    """CEL that is true exactly when the group is; None when a part of it is not visible."""
    try:
        found = [[_leaf(leaf, leaf["want"]) for leaf in term] for term in terms(group, True)]
    except TooLarge:
        return None
    if not all(all(term) for term in found):
        return None
    return " || ".join(f"({' && '.join(map(str, term))})" for term in found)


def _match(spec: Mapping[str, Any], notes: Notes) -> list[dict[str, str]]:
    """One condition per part of the match; a part that is not visible is left out, and said."""
    match, found = spec["match"], []
    parts = [(f"all-{n}", {"all": [item]}) for n, item in enumerate(match.get("all", ()))]
    parts += [("any", {"any": match["any"]})] if "any" in match else []
    parts += [(f"none-{n}", {"none": [item]}) for n, item in enumerate(match.get("none", ()))]
    for name, part in parts:
        said = _surely(part)
        if said is None:
            notes.append(("stricter", f"{_named(part)} is not visible: the rule asks without it"))
        else:
            found.append({"name": name, "expression": said})
    return found


def _named(part: Mapping[str, Any]) -> str:
    fields = sorted({leaf["field"] for term in terms(part, True) for leaf in term})
    return " or ".join(fields)


def _validations(spec: Mapping[str, Any], notes: Notes) -> list[dict[str, str]]:
    found = []
    for item in spec["require"]:
        check = item["check"]
        met, failed = _leaf(check), _leaf(check, want=False)
        if met is None or failed is None:
            notes.append(("looser", f"{item['control']} cannot be asked for here"))
            continue
        said = f"!{failed}" if item.get("onUnknown") == "skip" else met
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
        if expires is None or expires <= now:
            continue
        said = _surely(item["scope"])
        if said is None:
            notes.append(("stricter", f"exception {item['id']} is not expressible"))
            continue
        # Older clusters drop the field without a word: then the exception would never end.
        why = f"exception {item['id']} ends by expiresAt (admission, Kyverno 1.19 or later)"
        notes.append(("exact", f"{why}: elsewhere export again before {item['expires']}"))
        found.append(_exception(str(doc["metadata"]["id"]), item, said))
    return found


def _exception(rule: str, item: Mapping[str, Any], said: str) -> dict[str, Any]:
    return {
        "apiVersion": "policies.kyverno.io/v1",
        "kind": "PolicyException",
        "metadata": {"name": f"{rule}-{item['id']}"[:253]},
        "spec": {
            "policyRefs": [{"name": rule, "kind": "ValidatingPolicy"}],
            "matchConditions": [{"name": "scope", "expression": said}],
            "expiresAt": item["expires"],
        },
    }


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
