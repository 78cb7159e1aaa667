"""The bundle says what the native evaluator says, on hostile records too: in OPA and in regorus.

OPA is the oracle; regorus, written independently of it, shows that the bundle leans on nothing
that only one of them does.
"""

import json
import random
from collections.abc import Callable, Iterator
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
from tests.mining.policy.exporters.opa_process import Opa
from tests.mining.policy.operators import every_operator, leaf
from tests.mining.policy.rules import every_template, from_template, matching, rule

NOW = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
NOW_NS = int(NOW.timestamp()) * 10**9
Doc = dict[str, Any]


Said = Callable[[Doc], dict[str, str]]
Maker = Callable[[list[Doc], str | None], Said]


def _data(docs: list[Doc]) -> Doc:
    data = conftest.data(docs)
    data["guardrails"]["now_ns"] = NOW_NS
    return data


def engine(docs: list[Doc], evaluator: str | None = None) -> Any:
    made = regorus.Engine()
    made.add_policy("guardrails.rego", evaluator or conftest.evaluator())
    made.add_data_json(json.dumps(_data(docs)))
    return made


def in_regorus(docs: list[Doc], evaluator: str | None = None) -> Said:
    made = engine(docs, evaluator)

    def said(record: Doc) -> dict[str, str]:
        made.set_input_json(json.dumps(record))
        found: dict[str, str] = json.loads(made.eval_rule_as_json("data.main.outcomes"))
        return found

    return said


@pytest.fixture(scope="module")
def opa() -> Iterator[Opa]:
    """Real OPA."""
    made = Opa()
    yield made
    made.close()


@pytest.fixture
def in_opa(opa: Opa) -> Maker:
    """Outcomes by real OPA."""

    def make(docs: list[Doc], evaluator: str | None = None) -> Said:
        policies = {"guardrails.rego": evaluator or conftest.evaluator()}
        number = opa.engine(policies, _data(docs))
        return lambda record: opa.document(number, "main.outcomes", record)  # type: ignore[no-any-return]

    return make


def disagreements(
    make: Maker, count: int, seed: int, evaluator: str | None = None, groups: int = 10
) -> list[tuple[str, str, str]]:
    """Rules on which the two differ. Each record meets one group of rules, in turn."""
    docs = every_operator()
    parts = [docs[n::groups] for n in range(groups)]
    engines = [make(part, evaluator) for part in parts]
    dice = random.Random(seed)
    found = []
    for number in range(count):
        record = hostile.record(dice)
        theirs = engines[number % groups](record)
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


def test_native_and_opa_agree(in_opa: Maker) -> None:
    assert disagreements(in_opa, 200, seed=1) == []


def test_native_and_regorus_agree() -> None:
    assert disagreements(in_regorus, 100, seed=1) == []


@pytest.mark.long
def test_native_and_opa_agree_at_full_size(in_opa: Maker) -> None:
    assert disagreements(in_opa, 3_000, seed=2, groups=3) == []


@pytest.mark.long
def test_native_and_regorus_agree_at_full_size() -> None:
    assert disagreements(in_regorus, 3_000, seed=2, groups=3) == []


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
    assert disagreements(in_regorus, 100, seed=3, evaluator=text.replace(right, wrong))


def test_a_planted_fault_is_found_by_opa_too(in_opa: Maker) -> None:
    right, wrong = FAULTS[1]
    assert disagreements(in_opa, 60, seed=3, evaluator=conftest.evaluator().replace(right, wrong))


def test_cases_run_in_opa_as_generated_tests(opa: Opa) -> None:
    docs = [from_template(template) for template in every_template()]
    policies = {"g.rego": conftest.evaluator(), "g_test.rego": conftest.tests(docs)}
    number = opa.engine(policies, conftest.data(docs))
    names = [
        line.split()[0] for line in conftest.tests(docs).splitlines() if line.startswith("test_")
    ]
    assert len(names) == sum(len(doc["cases"]) for doc in docs)
    assert [name for name in names if opa.document(number, f"main.{name}", {}) is not True] == []


def test_modes_decide_between_warn_and_deny() -> None:
    record = {"repo": "a", "labels": []}
    for mode, kept, other in (("audit", "warn", "deny"), ("enforce", "deny", "warn")):
        doc = matching({"all": [leaf("repo", "eq", "a")]}, leaf("labels", "contains", "x"))
        doc["spec"]["mode"] = mode
        judge = engine([doc])
        judge.set_input_json(json.dumps(record))
        assert len(judge.eval_rule(f"data.main.{kept}")) == 1
        assert len(judge.eval_rule(f"data.main.{other}")) == 0


def test_the_data_reads_the_same_in_plain_yaml() -> None:
    pack = conftest.export([rule()], now=NOW)
    assert yaml.safe_load(pack.files["data/guardrails.yaml"]) == conftest.data([rule()])


def test_untrusted_words_cannot_leave_their_string() -> None:
    doc = rule(metadata__title='A title"} deny contains "x" if { true', spec__mode="audit")
    doc["cases"] = [{"name": 'a"\n}\ndeny', "expect": "unknown", "record": {"repo": '"}\n'}}]
    judge = engine([doc])
    judge.add_policy("t.rego", conftest.tests([doc]))
    judge.set_input_json("{}")
    assert len(judge.eval_rule("data.main.deny")) == 0
    assert judge.eval_rule("data.main.test_rule_0_case_0") is True


def test_a_match_of_too_many_terms_is_dropped_and_said() -> None:
    pairs = [{"any": [leaf("repo", "eq", f"a{n}"), leaf("type", "eq", f"b{n}")]} for n in range(14)]
    doc = matching({"all": pairs})
    with pytest.raises(TooLarge):
        terms(doc["spec"]["match"], True)
    pack = conftest.export([doc, rule()], now=NOW)
    assert [entry.coverage for entry in pack.coverage] == ["dropped", "exact"]
    assert "more than 512 terms" in pack.coverage[0].reasons[0]
