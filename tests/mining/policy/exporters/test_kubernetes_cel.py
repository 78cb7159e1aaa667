"""The Kubernetes pack's CEL, run by a real CEL, against the native evaluator on hostile objects."""

import random
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from typing import Any

import celpy
import pytest
import yaml

from mining.policy.exporters import export
from mining.policy.matcher import evaluate
from tests.mining.policy.operators import leaf
from tests.mining.policy.rules import every_template, from_template, matching

NOW = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
Doc = dict[str, Any]
TEXTS = ("checkout", "edge", 'a"b', "x,y", "", "-1", "0", "1", "2", "10", "11", "true", "false", "True", "1e3", "release", "schema,code", "re.ease", "x-release", "1.5", "é")  # fmt: skip
NAMES = {
    "ai-influenced": "ai.influenced", "service": "service.name", "tier": "service.tier",
    "kinds": "change.kinds", "max-regions": "rollout.maxRegions",
    "first-step-percent": "rollout.firstStepPercent", "commit": "deploy.ref",
    "pull-request": "deploy.pr",
}  # fmt: skip
STRATEGIES: tuple[Any, ...] = (
    None, {}, {"canary": {}}, {"canary": {"analysis": {"templates": []}}}, {"blueGreen": {}},
    {"blueGreen": {"prePromotionAnalysis": {}}}, {"canary": {"steps": []}},
)  # fmt: skip


def rollout(dice: random.Random) -> Doc:
    """An Argo Rollout that a bad day might bring: no metadata, no strategy, odd annotations."""
    found: Doc = {"metadata": {}, "spec": {}}
    strategy = dice.choice(STRATEGIES)
    if strategy is not None:
        found["spec"]["strategy"] = deepcopy(strategy)
    if dice.random() < 0.9:
        likely = {
            "ai-influenced": ("true", "false"), "service": ("checkout", "edge"),
            "tier": ("0", "1", "2"), "kinds": ("release", "schema,code", "network"),
            "max-regions": ("1", "4"), "first-step-percent": ("5", "50"),
        }  # fmt: skip
        found["metadata"]["annotations"] = {
            f"guardrails.rca/{name}": dice.choice(
                likely.get(name, TEXTS) if dice.random() < 0.7 else TEXTS
            )
            for name in (*NAMES, "build")
            if dice.random() < 0.75
        }
    return found


def record_of(thing: Doc) -> Doc:
    """The facts that a rollout shows, by the rules that the pack states."""
    notes = thing["metadata"].get("annotations", {})
    said = {name: notes.get(f"guardrails.rca/{name}", "") for name in (*NAMES, "build")}
    found: Doc = {"subject": "deploy", "deploy": {"linked": all(said[n] for n in ("commit", "pull-request", "build"))}}  # fmt: skip
    for name, fact in NAMES.items():
        if said[name]:
            group, key = fact.split(".")
            found.setdefault(group, {})[key] = _value(name, said[name])
    strategy = thing["spec"].get("strategy", {})
    kind = "canary" if "canary" in strategy else "blue-green" if "blueGreen" in strategy else None
    if kind:
        part = strategy.get("canary", strategy.get("blueGreen"))
        auto = "analysis" in part if kind == "canary" else "prePromotionAnalysis" in part
        found.setdefault("rollout", {}).update(strategy=kind, autoRollback=auto)
    return found


def _value(name: str, text: str) -> Any:
    if name == "ai-influenced":
        return {"true": True, "false": False}.get(text, text)
    if name in ("tier", "max-regions", "first-step-percent"):
        return int(text) if text.isascii() and text.isdigit() else text
    return text.split(",") if name == "kinds" else text


@cache
def _environment() -> Any:
    return celpy.Environment()


@cache
def _program(text: str) -> Any:
    return _environment().program(_environment().compile(text))


def holds(text: str, thing: Doc) -> bool:
    """The expression on an object; an error is an error here, as it would refuse the object."""
    found = _program(text).evaluate({"object": celpy.json_to_cel(thing)})
    assert isinstance(found, bool | celpy.celtypes.BoolType), text
    return bool(found)


def outcome(objects: list[Doc], thing: Doc) -> str:
    """What Kyverno would say: skipped, excepted, denied or allowed."""
    policy, *rest = objects
    if not all(holds(item["expression"], thing) for item in policy["spec"]["matchConditions"]):
        return "skipped"
    exceptions = (item for item in rest if item["kind"] == "PolicyException")
    if any(
        all(holds(c["expression"], thing) for c in item["spec"]["matchConditions"])
        for item in exceptions
    ):
        return "excepted"
    good = all(holds(item["expression"], thing) for item in policy["spec"]["validations"])
    return "allowed" if good else "denied"


def pack(doc: Doc) -> tuple[str, list[Doc]]:
    """Coverage and objects of one rule."""
    made = export([doc], ["kubernetes"], now=NOW)
    texts = list(made.packs[0].files.values())
    return made.coverage[0].coverage, list(yaml.safe_load_all(texts[0])) if texts else []


def _deploy(group: Doc, *checks: Doc, skip: bool = False) -> Doc:
    doc = matching(group, *checks)
    doc["spec"]["subject"] = "deploy"
    for item in doc["spec"]["require"]:
        item["onUnknown"] = "skip" if skip else "violate"
    return doc


def visible() -> list[Doc]:
    """Rules over everything that an object shows, each operator in match and requirement."""
    leaves = [
        leaf("ai.influenced", "eq", True), leaf("ai.influenced", "ne", True),
        leaf("service.name", "eq", 'a"b'), leaf("service.name", "ne", "edge"),
        leaf("service.name", "in", ["checkout", "x,y"]), leaf("service.name", "notIn", ["edge"]),
        leaf("service.tier", "lte", 1), leaf("service.tier", "eq", 2), leaf("service.tier", "ne", 0),
        leaf("rollout.firstStepPercent", "lt", 1.5), leaf("rollout.firstStepPercent", "gte", 10),
        leaf("rollout.maxRegions", "gt", 1), leaf("change.kinds", "contains", "release"),
        leaf("change.kinds", "contains", "re.ease"), leaf("rollout.strategy", "in", ["canary"]),
        leaf("rollout.strategy", "eq", "blue-green"), leaf("rollout.autoRollback", "eq", True),
        leaf("rollout.autoRollback", "eq", False), leaf("deploy.linked", "eq", True),
        leaf("deploy.ref", "exists"), leaf("service.tier", "exists"), leaf("change.kinds", "exists"),
    ]  # fmt: skip
    first, second, third = leaves[4], leaves[6], leaves[12]
    docs = [_deploy({"all": [item]}, leaf("deploy.ref", "exists")) for item in leaves]
    docs += [_deploy({"none": [item]}, leaf("deploy.ref", "exists")) for item in leaves]
    docs += [_deploy({"all": [leaf("deploy.ref", "exists")]}, item) for item in leaves]
    docs += [_deploy({"all": [leaf("deploy.ref", "exists")]}, item, skip=True) for item in leaves]
    docs.append(_deploy({"any": [{"all": [first, second]}, {"none": [third]}]}, leaves[14]))
    excepted = _deploy({"all": [leaf("deploy.ref", "exists")]}, leaves[16])
    excepted["spec"]["exceptions"] = [
        {"id": "ex-1", "scope": {"any": [first, third]}, "reason": "none yet", "approvedBy": "lead",
         "expires": "2027-06-01T00:00:00Z"}
    ]  # fmt: skip
    return [*docs, excepted]


def disagreements(
    docs: list[Doc], count: int, seed: int, groups: int = 1
) -> list[tuple[str, str, Doc]]:
    """Objects on which the native evaluator and CEL differ, by what the coverage promises.

    Each object meets one group of rules, in turn.
    """
    packs = [(doc, *pack(doc)) for doc in docs]
    dice = random.Random(seed)
    found = []
    for number in range(count):
        thing = rollout(dice)
        record = record_of(thing)
        for doc, cover, objects in packs[number % groups :: groups]:
            if not objects:
                continue
            ours, theirs = evaluate(doc, record, NOW).state, outcome(objects, thing)
            denied = ours == "violation"
            wrong = (
                (theirs == "denied") != denied
                if cover == "exact"
                else denied > (theirs == "denied")
            )
            if wrong or (cover == "exact" and (ours == "excepted") != (theirs == "excepted")):
                found.append((f"{cover} {ours} {theirs} {doc['spec']['match']}", str(doc["spec"]["require"]), thing))  # fmt: skip
    return found


def test_every_visible_comparison_is_exact() -> None:
    assert {pack(doc)[0] for doc in visible()} == {"exact"}


def test_native_and_cel_agree_on_hostile_objects() -> None:
    # Compiling is what costs: a fifth of the rules here, all of them in the long tier.
    assert disagreements(visible()[::5], 40, seed=1) == []


def test_templates_deny_what_the_native_rule_calls_a_violation() -> None:
    docs = [from_template(t) for t in every_template() if "kubernetes" in t.engines]
    assert len(docs) >= 4
    assert {pack(doc)[0] for doc in docs} == {"exact"}
    assert disagreements(docs, 40, seed=2) == []


@pytest.mark.long
def test_native_and_cel_agree_at_full_size() -> None:
    docs = [from_template(t) for t in every_template() if "kubernetes" in t.engines]
    assert disagreements([*visible(), *docs], 3_000, seed=3, groups=5) == []


def test_blue_green_is_let_through_and_a_bare_object_is_not_an_error() -> None:
    doc = next(from_template(t) for t in every_template() if t.id == "canary-with-rollback")
    notes = {"guardrails.rca/service": "checkout", "guardrails.rca/kinds": "code,release"}
    good = {"blueGreen": {"prePromotionAnalysis": {}}}
    objects = pack(doc)[1]
    wanted = ((good, "allowed"), ({"blueGreen": {}}, "denied"), ({}, "denied"), (None, "denied"))
    for strategy, said in wanted:
        thing: Doc = {"metadata": {"annotations": notes}, "spec": {"strategy": strategy}}
        if strategy is None:
            del thing["spec"]["strategy"]
        assert outcome(objects, thing) == said
    assert outcome(objects, {"metadata": {}, "spec": {}}) == "skipped"


def test_what_a_cluster_cannot_see_is_stricter_never_looser() -> None:
    doc = _deploy(
        {"all": [leaf("freeze.active", "eq", True), leaf("service.tier", "lte", 1)]},
        leaf("rollout.strategy", "in", ["canary"]),
    )
    assert pack(doc)[0] == "stricter"
    assert disagreements([doc], 40, seed=4) == []


def test_this_harness_finds_a_planted_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    from mining.policy.exporters import kubernetes

    monkeypatch.setitem(kubernetes._SIGN, "lte", "<")
    faulty = _deploy({"all": [leaf("service.tier", "lte", 1)]}, leaf("deploy.ref", "exists"))
    assert disagreements([faulty], 60, seed=1)
