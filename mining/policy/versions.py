"""Identity and semantic versions of a guardrail.

patch: words only. minor: certainly no change that passed is blocked now (a looser or narrower
rule, a new exception, other targets). major: anything else. The rule is conservative: what cannot
be shown to be looser counts as blocking more.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

_SETS = frozenset(("in", "notIn", "anyGlob", "noneGlob"))
_MODES = ("audit", "warn", "enforce")
_TEXT = ("severity", "rationale")
_NO_WORDS = ("version", "modified", "status")


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _leaf(leaf: Mapping[str, Any]) -> dict[str, Any]:
    meaning = {"field": leaf["field"], "op": leaf["op"]}
    if leaf["op"] != "exists":
        meaning["value"] = leaf.get("value")
    if leaf["op"] in _SETS:
        meaning["value"] = sorted(set(leaf["value"]), key=_canonical)
    if leaf["op"] == "window":
        meaning["value"] = {**leaf["value"], "days": sorted(set(leaf["value"].get("days", ())))}
    return meaning


def _node(node: Mapping[str, Any]) -> dict[str, Any]:
    return _leaf(node) if "field" in node else _group(node)


def _group(group: Mapping[str, Any]) -> dict[str, Any]:
    words = (word for word in ("all", "any", "none") if word in group)
    return {word: sorted({_canonical(_node(item)) for item in group[word]}) for word in words}


def _checks(spec: Mapping[str, Any]) -> list[str]:
    return sorted(
        {_canonical([_leaf(r["check"]), r.get("onUnknown", "violate")]) for r in spec["require"]}
    )


def identity(doc: Mapping[str, Any]) -> str:
    """``sha256:`` and 64 hex digits over what the rule means: match, require and subject.

    Order, repetition and wording do not count, so a reworded message keeps its identity.
    """
    spec = doc["spec"]
    meaning = {
        "subject": spec["subject"], "match": _group(spec["match"]), "require": _checks(spec)
    }  # fmt: skip
    return "sha256:" + hashlib.sha256(_canonical(meaning).encode()).hexdigest()


def _narrower(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether everything the new match group takes in, the old one took in too."""
    before, after = _group(old), _group(new)
    keeps_all = set(before.get("all", ())) <= set(after.get("all", ()))
    keeps_none = set(before.get("none", ())) <= set(after.get("none", ()))
    if "any" not in before:
        return keeps_all and keeps_none
    keeps_any = "any" in after and set(after["any"]) <= set(before["any"])
    return keeps_all and keeps_none and keeps_any


def _fewer_requirements(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return set(_checks(new)) <= set(_checks(old))


def _exceptions(spec: Mapping[str, Any]) -> set[str]:
    return {
        _canonical([_group(item["scope"]), item["expires"]]) for item in spec.get("exceptions", ())
    }


def _blocks_more(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return (
        old["subject"] != new["subject"]
        or _MODES.index(new["mode"]) > _MODES.index(old["mode"])
        or not _narrower(old["match"], new["match"])
        or not _fewer_requirements(old, new)
        or not _exceptions(old) <= _exceptions(new)
    )


def _meaning(spec: Mapping[str, Any]) -> str:
    parts = [_group(spec["match"]), _checks(spec), sorted(_exceptions(spec)), spec.get("targets")]
    return _canonical([spec["subject"], spec["mode"], parts])


def _words(doc: Mapping[str, Any]) -> str:
    kept = {k: v for k, v in doc["metadata"].items() if k not in _NO_WORDS}
    spec = doc["spec"]
    texts = [spec.get(word) for word in _TEXT]
    messages = [(item["control"], item["message"]) for item in spec["require"]]
    exceptions = [{**item, "scope": None} for item in spec.get("exceptions", ())]
    return _canonical([kept, texts, messages, exceptions, doc.get("cases")])


def _raised(version: str, part: int) -> str:
    numbers: Sequence[int] = [int(number) for number in version.split(".")]
    raised = [*numbers[:part], numbers[part] + 1, 0, 0][:3]
    return ".".join(str(number) for number in raised)


def next_version(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The version that ``new`` must carry when it replaces ``old``; both must be valid.

    Unchanged when only evidence, backtest or dates differ: re-mining is not a new rule.
    """
    version = str(old["metadata"]["version"])
    if _blocks_more(old["spec"], new["spec"]):
        return _raised(version, 0)
    if _meaning(old["spec"]) != _meaning(new["spec"]):
        return _raised(version, 1)
    return _raised(version, 2) if _words(old) != _words(new) else version
