"""The bundle in a real OPA evaluator says what the native one says, on hostile records too."""

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
import regorus
import yaml

from mining.policy.document import validate
from mining.policy.exporters import conftest
from mining.policy.exporters.normal import TooLarge, terms
from mining.policy.matcher import OPERATORS, evaluate
from tests.mining.policy import hostile
from tests.mining.policy.operators import every_operator, leaf
from tests.mining.policy.rules import every_template, from_template, matching, rule

NOW = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
NOW_NS = int(NOW.timestamp()) * 10**9
Doc = dict[str, Any]


def engine(docs: list[Doc], evaluator: str | None = None, **extra: Any) -> Any:
    opa = regorus.Engine()
    opa.add_policy("guardrails.rego", evaluator or conftest.evaluator())
    data = conftest.data(docs)
    data["guardrails"].update({"now_ns": NOW_NS, **extra})
    opa.add_data_json(json.dumps(data))
    return opa


def said(opa: Any, record: Doc) -> dict[str, str]:
    opa.set_input_json(json.dumps(record))
    found: dict[str, str] = json.loads(opa.eval_rule_as_json("data.main.outcomes"))
    return found


def disagreements(
    count: int, seed: int, evaluator: str | None = None, groups: int = 10
) -> list[tuple[str, str, str]]:
    """Rules on which the two differ. Each record meets one group of rules, in turn."""
    docs = every_operator()
    parts = [docs[n::groups] for n in range(groups)]
    engines = [engine(part, evaluator) for part in parts]
    dice = random.Random(seed)
    found = []
    for number in range(count):
        record = hostile.record(dice)
        theirs = said(engines[number % groups], record)
        for doc in parts[number % groups]:
            name = doc["metadata"]["id"]
            ours = evaluate(doc, record, NOW).state
            if theirs.get(name) != ours:
                found.append((name, ours, str(theirs.get(name))))
    return found


def test_the_rules_of_this_harness_use_every_operator_and_validate() -> None:
    docs = every_operator()
    asked = {item["op"] for doc in docs for item in _leaves(doc)}
    assert asked == set(OPERATORS)
    assert all(validate(doc) == [] for doc in docs)


def _leaves(node: Any) -> list[Doc]:
    if isinstance(node, dict):
        inner = [item for value in node.values() for item in _leaves(value)]
        return [node, *inner] if "op" in node and "field" in node else inner
    return [found for item in node for found in _leaves(item)] if isinstance(node, list) else []


def test_native_and_opa_agree() -> None:
    assert disagreements(400, seed=1) == []


@pytest.mark.long
def test_native_and_opa_agree_at_full_size() -> None:
    assert disagreements(3_000, seed=2, groups=3) == []


FAULTS = (
    ('compare("gte", v, value) if v >= value', 'compare("gte", v, value) if v > value'),
    ("raw(leaf.field) == null", "raw(leaf.field) == 7"),
    ('requirement.on_unknown == "violate"', 'requirement.on_unknown == "nothing"'),
    ("now_ns < item.expires_ns", "now_ns > item.expires_ns"),
    ('\tv != "unknown"\n', ""),
    ("minutes < value.end", "minutes < value.start"),
)


@pytest.mark.parametrize(("right", "wrong"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_planted_fault_is_found(right: str, wrong: str) -> None:
    text = conftest.evaluator()
    assert right in text
    assert disagreements(100, seed=3, evaluator=text.replace(right, wrong))


def test_cases_run_in_opa_as_generated_tests() -> None:
    docs = [from_template(template) for template in every_template()]
    opa = engine(docs)
    opa.add_policy("guardrails_test.rego", conftest.tests(docs))
    names = [
        line.split()[0] for line in conftest.tests(docs).splitlines() if line.startswith("test_")
    ]
    assert len(names) == sum(len(doc["cases"]) for doc in docs)
    opa.set_input_json("{}")
    assert all(opa.eval_rule(f"data.main.{name}") is True for name in names)


def test_modes_decide_between_warn_and_deny() -> None:
    record = {"repo": "a", "labels": []}
    for mode, kept, other in (("audit", "warn", "deny"), ("enforce", "deny", "warn")):
        doc = matching({"all": [leaf("repo", "eq", "a")]}, leaf("labels", "contains", "x"))
        doc["spec"]["mode"] = mode
        opa = engine([doc])
        opa.set_input_json(json.dumps(record))
        assert len(opa.eval_rule(f"data.main.{kept}")) == 1
        assert len(opa.eval_rule(f"data.main.{other}")) == 0


def test_the_data_reads_the_same_in_plain_yaml() -> None:
    pack = conftest.export([rule()], now=NOW)
    assert yaml.safe_load(pack.files["data/guardrails.yaml"]) == conftest.data([rule()])


def test_untrusted_words_cannot_leave_their_string() -> None:
    doc = rule(metadata__title='A title"} deny contains "x" if { true', spec__mode="audit")
    doc["cases"] = [{"name": 'a"\n}\ndeny', "expect": "unknown", "record": {"repo": '"}\n'}}]
    opa = engine([doc])
    opa.add_policy("t.rego", conftest.tests([doc]))
    opa.set_input_json("{}")
    assert len(opa.eval_rule("data.main.deny")) == 0
    assert opa.eval_rule("data.main.test_rule_0_case_0") is True


def test_a_match_of_too_many_terms_is_dropped_and_said() -> None:
    pairs = [{"any": [leaf("repo", "eq", f"a{n}"), leaf("type", "eq", f"b{n}")]} for n in range(14)]
    doc = matching({"all": pairs})
    with pytest.raises(TooLarge):
        terms(doc["spec"]["match"], True)
    pack = conftest.export([doc, rule()], now=NOW)
    assert [entry.coverage for entry in pack.coverage] == ["dropped", "exact"]
    assert "more than 512 terms" in pack.coverage[0].reasons[0]
