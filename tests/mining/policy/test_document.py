"""What the schema and the checks of meaning refuse, each by path and in words."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mining.policy import document
from tests.mining.policy.rules import matching, rule

BACKTEST = {
    "evaluator": "native-py/1",
    "dataset": "sha256:0123456789abcdef",
    "window": ["2026-08-01", "2026-10-31"],
    "holdout": True,
    "evaluated": 100,
    "unknown": 1,
    "flagged": 4,
    "tp": 1,
    "precision": 0.25,
    "recall": None,
    "flagRate": 0.04,
}
EXCEPTION = {
    "id": "ex-1",
    "scope": {"all": [{"field": "repo", "op": "eq", "value": "a/b"}]},
    "reason": "one team until January",
    "approvedBy": "platform lead",
    "expires": "2027-01-31T00:00:00Z",
}


def leaf(field: str, op: str, value: object = ...) -> dict[str, Any]:
    found: dict[str, Any] = {"field": field, "op": op}
    return found if value is ... else {**found, "value": value}


def paths(doc: dict[str, Any]) -> list[str]:
    return [problem.path for problem in document.validate(doc)]


def test_a_good_rule_has_no_problem() -> None:
    assert document.validate(rule()) == []
    assert document.validate(rule(spec__exceptions=[EXCEPTION])) == []


def test_the_published_schema_is_itself_valid() -> None:
    Draft202012Validator.check_schema(document.schema())


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"apiVersion": "guardrails.rca/v2"}, "apiVersion"),
        ({"kind": "Policy"}, "kind"),
        ({"extra": 1}, "(document)"),
        ({"metadata": ...}, "(document)"),
        ({"evidence": ...}, "(document)"),
        ({"metadata__id": "two owners"}, "metadata.id"),
        ({"metadata__id": "gr-" + "a" * 70}, "metadata.id"),
        ({"metadata__uid": "1234"}, "metadata.uid"),
        ({"metadata__version": "1.2"}, "metadata.version"),
        ({"metadata__title": "short"}, "metadata.title"),
        ({"metadata__title": "a title\nof two lines"}, "metadata.title"),
        ({"metadata__family": "vibes"}, "metadata.family"),
        ({"metadata__status": "accepted"}, "metadata.status"),
        ({"metadata__owner": "platform"}, "metadata.owner"),
        ({"metadata__owner": {}}, "metadata.owner"),
        ({"metadata__created": 20260803}, "metadata.created"),
        ({"metadata__reviewBy": ...}, "metadata"),
        ({"spec__mode": "block"}, "spec.mode"),
        ({"spec__severity": "SEV1"}, "spec.severity"),
        ({"spec__subject": "pull-request"}, "spec.subject"),
        ({"spec__rationale": "because"}, "spec.rationale"),
        ({"spec__match": {}}, "spec.match"),
        ({"spec__match": {"all": []}}, "spec.match.all"),
        ({"spec__match": {"not": [leaf("repo", "exists")]}}, "spec.match"),
        ({"spec__require": []}, "spec.require"),
        (
            {"spec__exceptions": [{**EXCEPTION, "expires": "2027-01-31"}]},
            "spec.exceptions[0].expires",
        ),
        ({"spec__exceptions": [{"id": "ex-1"}]}, "spec.exceptions[0]"),
        ({"spec__mode": "enforce"}, "(document)"),
        ({"spec__mode": "warn"}, "metadata.status"),
        ({"evidence__incidents": []}, "evidence.incidents"),
        (
            {"evidence__stats": {"state": "not_estimable", "reason": "lazy"}},
            "evidence.stats.reason",
        ),
        ({"evidence__stats": {"riskRatio": 4.2}}, "evidence.stats"),
    ],
)
def test_a_mutation_is_refused_at_its_place(changes: dict[str, Any], path: str) -> None:
    found = paths(rule(**changes))
    assert any(where == path or where.startswith(path) for where in found), found


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ({"all": [leaf("ai.used", "eq", True)]}, "no such fact"),
        ({"all": [leaf("ai.influenced", "eq", "true")]}, "needs a boolean value"),
        ({"all": [leaf("ai.influenced", "gte", True)]}, "gte does not fit"),
        ({"all": [leaf("paths", "eq", "a")]}, "eq does not fit"),
        ({"all": [leaf("paths", "anyGlob", "infra/**")]}, "list of path patterns"),
        ({"all": [leaf("paths", "anyGlob", ["/infra/**"])]}, "leave the leading /"),
        ({"all": [leaf("paths", "anyGlob", ["a/{b,c}"])]}, "know *, ** and ? only"),
        ({"all": [leaf("paths", "anyGlob", [""])]}, "matches nothing"),
        ({"all": [leaf("paths", "anyGlob", ["**/" * 5 + "a"])]}, "more than 4"),
        ({"all": [leaf("approvals.owners", "gte", 2.5)]}, "needs a integer value"),
        ({"all": [leaf("approvals.owners", "in", [])]}, "needs a list"),
        ({"all": [leaf("tests.fuzz", "eq", "green")]}, "is not a value of tests.fuzz"),
        (
            {"all": [leaf("at", "window", {"tz": "Mars/X", "from": "15:00", "to": "16:00"})]},
            "no such time zone",
        ),
        (
            {"all": [leaf("at", "window", {"tz": "UTC", "from": "15:00", "to": "9:00"})]},
            "times such as",
        ),
        (
            {"all": [leaf("at", "window", {"tz": "UTC", "from": "22:00", "to": "02:00"})]},
            "over midnight as two",
        ),
        (
            {
                "all": [
                    leaf(
                        "at",
                        "window",
                        {"tz": "UTC", "from": "01:00", "to": "02:00", "days": ["fr"]},
                    )
                ]
            },
            "days are a list",
        ),
        ({"all": [leaf("repo", "exists", True)]}, "exists takes no value"),
        ({"all": [leaf("repo", "eq")]}, "missing: value"),
    ],
)
def test_a_comparison_without_meaning_is_refused(group: dict[str, Any], words: str) -> None:
    found = document.validate(matching(group))
    assert any(words in str(problem) for problem in found), [str(p) for p in found]


def test_dates_that_do_not_exist_or_run_backwards_are_refused() -> None:
    assert paths(rule(metadata__created="2026-02-30")) == ["metadata.created"]
    assert paths(rule(metadata__reviewBy="2026-01-01")) == ["metadata.reviewBy"]
    expired = {**EXCEPTION, "expires": "2027-02-30T00:00:00Z"}
    assert paths(rule(spec__exceptions=[expired])) == ["spec.exceptions[0].expires"]


def test_names_that_stand_twice_are_refused() -> None:
    doc = rule()
    doc["spec"]["require"] *= 2
    assert paths(doc) == ["spec.require"]
    assert paths(rule(spec__exceptions=[EXCEPTION, EXCEPTION])) == ["spec.exceptions"]


@pytest.mark.parametrize(
    "text",
    [
        "a\u202etitle that runs backwards",
        "a title with a \x1b[31m sign",
        "a null \x00 in the title",
    ],
)
def test_texts_that_could_mislead_are_refused(text: str) -> None:
    assert "metadata.title" in paths(rule(metadata__title=text))


@pytest.mark.parametrize(
    "secret",
    ["AKIA" + "ABCDEFGHIJKLMNOP", "ghp_" + "a" * 36, "-----BEGIN RSA " + "PRIVATE KEY-----"],
)
def test_a_credential_never_gets_into_a_rule(secret: str) -> None:
    doc = rule(spec__rationale=f"Seven incidents had the key {secret} in the diff.")
    assert paths(doc) == ["spec.rationale"]


def test_enforce_needs_stable_and_a_backtest() -> None:
    stable = rule(spec__mode="enforce", metadata__status="stable")
    assert paths(stable) == ["(document)"]
    assert paths({**stable, "backtest": BACKTEST}) == []
    assert "metadata.status" in paths({**rule(spec__mode="enforce"), "backtest": BACKTEST})


def test_a_rule_of_absurd_size_is_refused() -> None:
    many = {"any": [leaf("repo", "eq", f"r{n}") for n in range(201)]}
    assert paths(matching(many))
    deep: dict[str, Any] = {"all": [leaf("repo", "exists")]}
    for _ in range(9):
        deep = {"all": [deep]}
    assert paths(matching(deep))


def test_problems_never_echo_the_document() -> None:
    found = document.validate(rule(metadata__owner={"team": "x", "password": "hunter2"}))
    assert "hunter2" not in " ".join(map(str, found))
    assert "password" in str(found[0])
