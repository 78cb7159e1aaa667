"""Identity is what a rule means; the version says whether more is blocked than before."""

from copy import deepcopy
from typing import Any

import pytest

from mining.policy.document import identity, next_version
from tests.mining.policy.rules import rule

EXCEPTION = {
    "id": "ex-1",
    "scope": {"all": [{"field": "repo", "op": "eq", "value": "a/b"}]},
    "reason": "one team until January",
    "approvedBy": "platform lead",
    "expires": "2027-01-31T00:00:00Z",
}
TIER = {"field": "service.tier", "op": "lte", "value": 1}


def edited(way: str, value: Any) -> dict[str, Any]:
    return rule(**{way: value})


def require(**changes: Any) -> list[dict[str, Any]]:
    return [{**rule()["spec"]["require"][0], **changes}]


def test_order_words_and_evidence_keep_the_identity() -> None:
    doc = rule(
        metadata__title="Another title for the same rule",
        spec__rationale="Other words for the same thing, at some length.",
        spec__mode="audit",
        spec__require=require(message="other words", control="renamed"),
        evidence__incidents=["INC-9"],
        spec__exceptions=[EXCEPTION],
    )
    doc["spec"]["match"]["all"].reverse()
    doc["spec"]["match"]["all"][0]["value"] = ["infra/**", "**/auth/**", "infra/**"]
    assert identity(doc) == identity(rule())


@pytest.mark.parametrize(
    "changes",
    [
        {"spec__subject": "deploy"},
        {"spec__match": {"all": [TIER]}},
        {"spec__require": require(check={"field": "approvals.owners", "op": "gte", "value": 1})},
        {"spec__require": require(onUnknown="skip")},
    ],
)
def test_another_meaning_is_another_identity(changes: dict[str, Any]) -> None:
    assert identity(rule(**changes)) != identity(rule())


def _narrow() -> dict[str, Any]:
    doc = rule()
    doc["spec"]["match"]["all"].append(TIER)
    return doc


def _wide() -> dict[str, Any]:
    doc = rule()
    del doc["spec"]["match"]["none"]
    return doc


@pytest.mark.parametrize(
    ("new", "version"),
    [
        (rule(), "1.2.0"),
        (rule(evidence__incidents=["INC-9"], metadata__modified="2026-09-01"), "1.2.0"),
        (rule(metadata__title="Another title for the same rule"), "1.2.1"),
        (rule(spec__severity="low"), "1.2.1"),
        (rule(spec__exceptions=[EXCEPTION]), "1.3.0"),
        (rule(spec__targets={"ownerTeams": ["a/b"]}), "1.3.0"),
        (_narrow(), "1.3.0"),
        (_wide(), "2.0.0"),
        (rule(spec__mode="warn"), "2.0.0"),
        (rule(spec__subject="deploy"), "2.0.0"),
        (rule(spec__require=require(onUnknown="skip")), "2.0.0"),
    ],
)
def test_the_next_version(new: dict[str, Any], version: str) -> None:
    assert next_version(rule(), new) == version


def test_taking_an_exception_away_blocks_more() -> None:
    assert next_version(rule(spec__exceptions=[EXCEPTION]), rule()) == "2.0.0"


def test_the_arguments_are_left_alone() -> None:
    old, new = rule(), _wide()
    before = deepcopy((old, new))
    next_version(old, new)
    assert (old, new) == before
