"""The conftest and OPA bundle: one fixed evaluator, the rules as data, tests from their cases."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

from mining.policy import facts, globs
from mining.policy.checks import leaves
from mining.policy.exporters import Coverage, Pack
from mining.policy.exporters.normal import TooLarge, terms
from mining.policy.matcher import DAYS
from mining.policy.stream import dump

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CASES_NOW = "2026-01-01T00:00:00Z"
README = """# Guardrails for conftest and OPA

`policy/guardrails.rego` is fixed; `data/guardrails.yaml` holds the rules. Diff the data.

    conftest test change.json --policy policy --data data --output github
    conftest verify --policy policy --data data

`change.json` is a change record (`rca guard check --print-record`). Rules in audit and warn give
warnings, rules in enforce fail. Run it from the base revision, never from the change itself.
"""


def _ns(text: str) -> int:
    at = facts.instant(text)
    assert at is not None
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _value(leaf: Mapping[str, Any]) -> Any:
    value = leaf.get("value")
    if leaf["op"] in ("anyGlob", "noneGlob"):
        return [globs.anchored(pattern) for pattern in value or ()]
    if leaf["op"] == "window" and value:
        return {
            "tz": value["tz"],
            "days": [_WEEKDAYS[DAYS.index(day)] for day in value.get("days", DAYS)],
            "start": _minutes(value["from"]),
            "end": _minutes(value["to"]),
        }
    return value


def _leaf(leaf: Mapping[str, Any]) -> dict[str, Any]:
    made = {"field": leaf["field"], "op": leaf["op"], "value": _value(leaf)}
    return {**made, "want": leaf["want"]} if "want" in leaf else made


def _terms(group: Mapping[str, Any], want: bool) -> list[list[dict[str, Any]]]:
    return [[_leaf(leaf) for leaf in term] for term in terms(group, want)]


def rule_data(doc: Mapping[str, Any]) -> dict[str, Any]:
    """One rule as the evaluator reads it. Raises TooLarge."""
    spec = doc["spec"]
    return {
        "id": doc["metadata"]["id"],
        "title": doc["metadata"]["title"],
        "mode": spec["mode"],
        "severity": spec["severity"],
        "subject": spec["subject"],
        "applies": _terms(spec["match"], True),
        "excluded": _terms(spec["match"], False),
        "require": [
            {
                "control": item["control"],
                "message": item["message"],
                "on_unknown": item.get("onUnknown", "violate"),
                "check": _leaf(item["check"]),
            }
            for item in spec["require"]
        ],
        "exceptions": [
            {
                "id": item["id"],
                "expires_ns": _ns(item["expires"]),
                "applies": _terms(item["scope"], True),
            }
            for item in spec.get("exceptions", ())
        ],
    }


def data(docs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the evaluator needs beside its input: rules, the facts they ask for, the time form."""
    asked = sorted({leaf["field"] for doc in docs for _, leaf in leaves(doc)})
    table = {name: {"kind": facts.FACTS[name].kind, "path": name.split(".")} for name in asked}
    return {
        "guardrails": {
            "instant": f"^(?:{facts.INSTANT})$",
            "facts": table,
            "rules": [rule_data(doc) for doc in docs],
        }
    }


def evaluator() -> str:
    """The fixed Rego text."""
    found = resources.files("mining.policy.exporters").joinpath("evaluator.rego")
    return found.read_text(encoding="utf-8")


def _rego(value: object) -> str:
    """JSON is Rego; a quoted string cannot end early, whatever is in it."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True)


def tests(docs: Sequence[Mapping[str, Any]]) -> str:
    """A Rego test for each case of each rule."""
    lines = ["package main", "", "import rego.v1", ""]
    for n, doc in enumerate(docs):
        for k, case in enumerate(doc.get("cases", ())):
            now = _ns(case.get("now", CASES_NOW))
            lines += [
                f"# {_rego([doc['metadata']['id'], case['name']])}",
                f"test_rule_{n}_case_{k} if {{",
                f"\toutcomes[{_rego(doc['metadata']['id'])}] == {_rego(case['expect'])}",
                f"\t\twith input as {_rego(case['record'])}",
                f"\t\twith data.guardrails.now_ns as {now}",
                "}",
                "",
            ]
    return "\n".join(lines)


def _split(
    docs: Sequence[Mapping[str, Any]],
) -> tuple[list[Mapping[str, Any]], list[Coverage]]:
    kept, coverage = [], []
    for doc in docs:
        name = str(doc["metadata"]["id"])
        try:
            rule_data(doc)
        except TooLarge as error:
            coverage.append(Coverage(name, "conftest", "dropped", (f"its match has {error}",)))
            continue
        kept.append(doc)
        coverage.append(Coverage(name, "conftest", "exact"))
    return kept, coverage


def export(docs: Sequence[Mapping[str, Any]], *, now: datetime) -> Pack:
    """The bundle. Exceptions keep their expiry, so ``now`` does not matter here."""
    kept, coverage = _split(docs)
    files = {
        "README.md": README,
        "policy/guardrails.rego": evaluator(),
        "policy/guardrails_test.rego": tests(kept),
        "data/guardrails.yaml": dump(data(kept)),
    }
    return Pack("conftest", files, tuple(coverage))
