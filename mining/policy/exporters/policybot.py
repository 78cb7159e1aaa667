"""policy-bot's ``.policy.yml``: label, path and team approvals of pull requests.

Our reading of its documented options (policy-bot 1.36, read 2026-08). It sees no time, no deploy
and no "not this label", approves a pull request that no rule matches only through a default rule,
and counts a thumbs-up comment as approval unless it is told not to.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mining.policy import catalogue, facts, globs
from mining.policy.exporters import Cover, Coverage, Pack, template_names, worst
from mining.policy.stream import dump

DEFAULT = "guardrails-default-pass"
_CHECKS = {"tests.contract": "contract", "tests.fuzz": "fuzz", "tests.property": "property"}
Notes = list[tuple[Cover, str]]


def _anchored(pattern: str) -> str:
    return f"^{globs.regex(pattern)}$"


def _kind_paths(kinds: Sequence[str], notes: Notes) -> list[str]:
    known = catalogue.kinds()
    notes.append(("stricter", "kinds of change are read from their usual paths"))
    return [_anchored(path) for kind in kinds if kind in known for path in known[kind].paths]


def _positive(spec: Mapping[str, Any], labels: Mapping[str, str], notes: Notes) -> dict[str, Any]:
    """Conditions of the rule; whatever is left out makes the rule apply more often."""
    found: dict[str, Any] = {}
    for leaf in spec["match"].get("all", ()):
        field, op, value = leaf.get("field"), leaf.get("op"), leaf.get("value")
        if (field, op, value) == ("ai.influenced", "eq", True):
            found["has_labels"] = [*found.get("has_labels", ()), labels.get("ai", "ai-assisted")]
        elif (field, op) == ("labels", "contains"):
            found["has_labels"] = [*found.get("has_labels", ()), value]
        elif (field, op) == ("paths", "anyGlob"):
            found["changed_files"] = {"paths": [_anchored(item) for item in value]}
        else:
            notes.append(("stricter", f"{_label(field)} is not visible: it applies to every one"))
    kinds = [leaf.get("value") for leaf in spec["match"].get("any", ())]
    if kinds and all(leaf.get("field") == "change.kinds" for leaf in spec["match"]["any"]):
        paths = found.get("changed_files", {}).get("paths", [])
        if not paths:
            found["changed_files"] = {"paths": _kind_paths(kinds, notes)}
    elif kinds:
        notes.append(("stricter", "alternatives are not visible: it applies to all of them"))
    if "none" in spec["match"]:
        notes.append(("stricter", "no negated condition: those changes are asked too"))
    return found


def _label(field: object) -> str:
    fact = facts.FACTS.get(str(field))
    return fact.label.lower() if fact else "a nested condition"


def _exceptions(spec: Mapping[str, Any], now: datetime, notes: Notes) -> list[str]:
    repos = []
    for item in spec.get("exceptions", ()):
        expires = facts.instant(item["expires"])
        if expires is None or expires <= now:
            continue
        scope = item["scope"].get("all", ())
        simple = set(item["scope"]) == {"all"} and len(scope) == 1 and scope[0]["field"] == "repo"
        if simple and scope[0]["op"] == "eq":
            repos.append("^" + globs.regex(scope[0]["value"]) + "$")
            note = f"exception {item['id']} is compiled in: export again before {item['expires']}"
            notes.append(("exact", note))
        else:
            notes.append(("stricter", f"exception {item['id']} is not expressible"))
    return repos


def _requires(spec: Mapping[str, Any], notes: Notes) -> tuple[dict[str, Any], bool]:
    teams = list(spec.get("targets", {}).get("ownerTeams", ()))
    count, statuses, no_author = 0, [], False
    checks = spec.get("targets", {}).get("checks", {})
    for item in spec["require"]:
        leaf = item["check"]
        field, op, value = leaf["field"], leaf["op"], leaf.get("value")
        if (field, op) == ("approvals.owners", "gte"):
            count = max(count, int(value))
        elif (field, op, value) == ("approvals.selfMerge", "eq", False):
            no_author = True
        elif (field, op) == ("checks", "contains"):
            statuses.append(checks.get(value, value))
        elif field in _CHECKS and (op, value) == ("eq", "passed"):
            statuses.append(checks.get(field, _CHECKS[field]))
        else:
            notes.append(("looser", f"{item['control']} cannot be asked for here"))
    if count and not teams:
        notes.append(("dropped", "no owner team under targets.ownerTeams"))
    found: dict[str, Any] = {"count": count}
    if count:
        found["teams"] = teams
    if statuses:
        found["conditions"] = {"has_status": {"conclusions": ["success"], "statuses": statuses}}
    if not count and not statuses:
        notes.append(("dropped", "none of its requirements can be asked for here"))
    return found, no_author


def _options(no_author: bool) -> dict[str, Any]:
    return {
        "allow_author": False,
        "allow_contributor": not no_author,
        "invalidate_on_push": True,
        "request_review": {"enabled": True, "mode": "teams"},
        "methods": {"comments": [], "github_review": True},
    }


def _rule(doc: Mapping[str, Any], now: datetime, notes: Notes) -> dict[str, Any]:
    spec = doc["spec"]
    targets = spec.get("targets", {})
    conditions: dict[str, Any] = {
        "targets_branch": {"pattern": "^" + globs.regex(targets.get("branch", "main")) + "$"}
    }
    conditions |= _positive(spec, targets.get("labels", {}), notes)
    repos = _exceptions(spec, now, notes)
    if repos:
        conditions["repository"] = {"not_matches": repos}
    requires, no_author = _requires(spec, notes)
    return {
        "name": doc["metadata"]["id"],
        "description": doc["metadata"]["title"],
        "if": conditions,
        "options": _options(no_author),
        "requires": requires,
    }


def _judged(doc: Mapping[str, Any], now: datetime) -> tuple[dict[str, Any] | None, Coverage]:
    name = str(doc["metadata"]["id"])
    engines = template_names(doc)
    if engines is not None and "policybot" not in engines:
        why = "its template does not name policy-bot"
        return None, Coverage(name, "policybot", "not_applicable", (why,))
    if doc["spec"]["subject"] != "change":
        return None, Coverage(name, "policybot", "dropped", ("policy-bot sees no deploys",))
    notes: Notes = []
    rule = _rule(doc, now, notes)
    cover = worst(*(said for said, _ in notes))
    reasons = tuple(dict.fromkeys(why for _, why in notes))
    if cover == "dropped":
        return None, Coverage(name, "policybot", "dropped", reasons)
    if doc["spec"]["mode"] != "enforce":
        why = f"it is in {doc['spec']['mode']}; policy-bot can only block, so it stays outside"
        return rule, Coverage(name, "policybot", "advisory", (why, *reasons))
    return rule, Coverage(name, "policybot", cover, reasons)


def policy(docs: Sequence[Mapping[str, Any]], now: datetime) -> tuple[dict[str, Any], list[Any]]:
    """The policy document and the coverage of each rule."""
    judged = [_judged(doc, now) for doc in docs]
    rules = [rule for rule, _ in judged if rule]
    held = [cover.rule for rule, cover in judged if rule and cover.coverage != "advisory"]
    last = {
        "name": DEFAULT,
        "description": "keeps pull requests outside every guardrail approvable",
        "requires": {"count": 0},
    }
    document: dict[str, Any] = {
        "policy": {"approval": [{"and": [*held, DEFAULT]}]},
        "approval_rules": [*rules, last],
    }
    teams = sorted({team for rule in rules for team in rule["requires"].get("teams", ())})
    if teams:
        document["policy"]["disapproval"] = {"requires": {"teams": teams}}
    return document, [cover for _, cover in judged]


def export(docs: Sequence[Mapping[str, Any]], *, now: datetime) -> Pack:
    """``.policy.yml`` with the rules that policy-bot can hold."""
    document, coverage = policy(docs, now)
    return Pack("policybot", {".policy.yml": dump(document)}, tuple(coverage))
