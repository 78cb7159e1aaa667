"""What a rule means: three values, unknown never a pass."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mining.policy import matcher
from mining.policy.matcher import Truth, evaluate, holds
from tests.mining.policy.rules import matching, rule

NOW = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
WORDS = ("all", "any", "none")
ABSENT: Any = object()


def leaf(field: str, op: str, value: object = ABSENT) -> dict[str, Any]:
    found: dict[str, Any] = {"field": field, "op": op}
    return found if value is ABSENT else {**found, "value": value}


@pytest.mark.parametrize(
    ("asked", "record", "expected"),
    [
        (leaf("repo", "eq", "a"), {"repo": "a"}, TRUE),
        (leaf("repo", "eq", "a"), {"repo": "b"}, FALSE),
        (leaf("repo", "eq", "a"), {}, UNKNOWN),
        (leaf("repo", "ne", "a"), {"repo": None}, UNKNOWN),
        (leaf("repo", "ne", "a"), {"repo": "b"}, TRUE),
        (leaf("repo", "in", ["a", "b"]), {"repo": "b"}, TRUE),
        (leaf("repo", "notIn", ["a"]), {"repo": "b"}, TRUE),
        (leaf("repo", "notIn", ["a"]), {"repo": 7}, UNKNOWN),
        (leaf("approvals.owners", "gte", 2), {"approvals": {"owners": 2}}, TRUE),
        (leaf("approvals.owners", "gte", 2), {"approvals": {"owners": "2"}}, UNKNOWN),
        (leaf("approvals.owners", "gte", 2), {"approvals": {"owners": True}}, UNKNOWN),
        (leaf("approvals.owners", "gte", 2), {"approvals": {"owners": 2.5}}, UNKNOWN),
        (leaf("approvals.owners", "gte", 2), {"approvals": {"owners": 10**400}}, UNKNOWN),
        (leaf("approvals.owners", "gte", 2), {"approvals": {"owners": float("nan")}}, UNKNOWN),
        (leaf("approvals.owners", "lt", 2), {"approvals": {"owners": 1}}, TRUE),
        (leaf("approvals.owners", "gt", 2), {"approvals": {"owners": 2}}, FALSE),
        (leaf("approvals.owners", "lte", 2), {"approvals": {"owners": 2}}, TRUE),
        (leaf("ai.influenced", "eq", True), {"ai": {"influenced": 1}}, UNKNOWN),
        (leaf("ai.influenced", "eq", True), {"ai": True}, UNKNOWN),
        (leaf("labels", "contains", "x"), {"labels": ["x"]}, TRUE),
        (leaf("labels", "contains", "x"), {"labels": "x"}, UNKNOWN),
        (leaf("labels", "contains", "x"), {"labels": ["y", 1]}, UNKNOWN),
        (leaf("labels", "contains", "x"), {"labels": []}, FALSE),
        (leaf("paths", "anyGlob", ["infra/**"]), {"paths": ["a.py", "infra/x/y.tf"]}, TRUE),
        (leaf("paths", "noneGlob", ["infra/**"]), {"paths": ["a.py"]}, TRUE),
        (leaf("paths", "noneGlob", ["infra/**"]), {}, UNKNOWN),
        (leaf("provenance.model", "exists"), {}, FALSE),
        (leaf("provenance.model", "exists"), {"provenance": {"model": None}}, FALSE),
        (leaf("provenance.model", "exists"), {"provenance": {"model": ["m"]}}, UNKNOWN),
        (leaf("provenance.model", "exists"), {"provenance": {"model": "m"}}, TRUE),
        (leaf("tests.fuzz", "eq", "passed"), {"tests": {"fuzz": "unknown"}}, UNKNOWN),
        (leaf("tests.fuzz", "eq", "passed"), {"tests": {"fuzz": "failed"}}, FALSE),
        (leaf("repo", "eq", "a"), ["not", "a", "record"], UNKNOWN),
    ],
)
def test_a_leaf(asked: dict[str, Any], record: Any, expected: Truth) -> None:
    assert holds({"all": [asked]}, record) is expected


FRIDAY = {"tz": "Europe/Berlin", "days": ["fri"], "from": "15:00", "to": "24:00"}


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-10-02T13:00:00Z", TRUE),  # 15:00 in Berlin, summer time
        ("2026-10-02T12:59:59Z", FALSE),
        ("2026-10-02T21:59:59.999Z", TRUE),
        ("2026-10-02T22:00:00Z", FALSE),  # Saturday in Berlin
        ("2026-10-30T14:00:00Z", TRUE),  # winter time by then
        ("2026-10-30T13:59:59Z", FALSE),
        ("2026-10-02T13:00:00", UNKNOWN),  # no zone, no instant
        ("2026-02-30T13:00:00Z", UNKNOWN),
        ("yesterday", UNKNOWN),
        (1_790_000_000, UNKNOWN),
    ],
)
def test_a_window_is_local_time(at: Any, expected: Truth) -> None:
    assert holds({"all": [leaf("at", "window", FRIDAY)]}, {"at": at}) is expected


T, F, U = ({"repo": "a"}, {"repo": "b"}, {})
IS_A = leaf("repo", "eq", "a")
HAS_X = leaf("labels", "contains", "x")


@pytest.mark.parametrize(
    ("word", "record", "expected"),
    [
        ("all", {"repo": "a", "labels": ["x"]}, TRUE),
        ("all", {"repo": "a"}, UNKNOWN),
        ("all", {"repo": "b"}, FALSE),
        ("any", {"repo": "a"}, TRUE),
        ("any", {"repo": "b"}, UNKNOWN),
        ("any", {"repo": "b", "labels": []}, FALSE),
        ("none", {"repo": "a"}, FALSE),
        ("none", {"repo": "b"}, UNKNOWN),
        ("none", {"repo": "b", "labels": []}, TRUE),
    ],
)
def test_groups_follow_kleene(word: str, record: Any, expected: Truth) -> None:
    assert holds({word: [IS_A, HAS_X]}, record) is expected


def test_groups_nest() -> None:
    nested = {"any": [{"all": [IS_A, HAS_X]}, {"none": [IS_A]}]}
    assert holds(nested, {"repo": "b"}) is TRUE
    assert holds(nested, {"repo": "a"}) is UNKNOWN
    assert holds(nested, {"repo": "a", "labels": []}) is FALSE


def test_an_unknown_match_is_reported_and_not_enforced() -> None:
    assert evaluate(rule(), {"paths": ["infra/a"], "type": "fix"}, NOW).state == "unknown"


def test_an_unknown_requirement_is_not_met() -> None:
    record = {"ai": {"influenced": True}, "paths": ["infra/a"], "type": "fix"}
    outcome = evaluate(rule(), record, NOW)
    assert outcome.state == "violation"
    assert outcome.violations[0].leaf.truth is UNKNOWN


def test_a_skipped_requirement_alone_never_passes() -> None:
    doc = matching({"all": [IS_A]}, HAS_X)
    doc["spec"]["require"][0]["onUnknown"] = "skip"
    assert evaluate(doc, {"repo": "a"}, NOW).state == "unknown"
    assert evaluate(doc, {"repo": "a", "labels": ["x"]}, NOW).state == "pass"


def test_the_other_subject_is_not_applicable() -> None:
    record = {"subject": "deploy", "repo": "a", "labels": []}
    doc = matching({"all": [IS_A]}, HAS_X)
    assert evaluate(doc, record, NOW).state == "not_applicable"
    assert evaluate(doc, {**record, "subject": "change"}, NOW).state == "violation"
    assert evaluate(doc, {**record, "subject": 7}, NOW).state == "violation"


def test_an_exception_holds_until_it_expires_and_only_when_surely_in_scope() -> None:
    doc = matching({"all": [IS_A]}, HAS_X)
    doc["spec"]["exceptions"] = [
        {
            "id": "ex-1",
            "scope": {"all": [leaf("service.name", "eq", "legacy")]},
            "reason": "one team until January",
            "approvedBy": "platform lead",
            "expires": "2026-12-31T00:00:00Z",
        }
    ]
    inside = {"repo": "a", "labels": [], "service": {"name": "legacy"}}
    assert evaluate(doc, inside, NOW).state == "excepted"
    assert evaluate(doc, inside, NOW).exception == "ex-1"
    assert evaluate(doc, inside, datetime(2026, 12, 31, tzinfo=UTC)).state == "violation"
    assert evaluate(doc, {"repo": "a", "labels": []}, NOW).state == "violation"


def test_the_explanation_names_every_leaf() -> None:
    text = evaluate(rule(), {"ai": {"influenced": True}, "paths": ["x"]}, NOW).text()
    assert text.splitlines()[0] == "gr-two-owners: not_applicable"
    assert "match.all[0]: ai.influenced eq True: true (is True)" in text
    assert "match.all[1]" in text
    assert "match.none[0]: type eq 'revert': unknown (missing)" in text


def test_the_operators_are_the_published_ones() -> None:
    from mining.policy.document import schema

    published = schema()["$defs"]["leaf"]["properties"]["op"]["enum"]
    assert sorted(matcher.OPERATORS) == sorted(published)


LEAVES = st.sampled_from(
    [
        IS_A,
        HAS_X,
        leaf("provenance.model", "exists"),
        leaf("approvals.owners", "gte", 2),
        leaf("paths", "anyGlob", ["infra/**"]),
    ]
)
GROUPS = st.recursive(
    st.fixed_dictionaries({}, optional={w: st.lists(LEAVES, min_size=1) for w in WORDS}),
    lambda inner: st.fixed_dictionaries(
        {}, optional={w: st.lists(st.one_of(LEAVES, inner), min_size=1, max_size=3) for w in WORDS}
    ),
    max_leaves=6,
)
ODD = st.sampled_from([None, "a", "b", 1, 2, True, [], ["x"], ["infra/a"], ["x", 1], {}])
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "repo": ODD,
        "labels": ODD,
        "paths": ODD,
        "provenance": st.one_of(ODD, st.fixed_dictionaries({"model": ODD})),
        "approvals": st.one_of(ODD, st.fixed_dictionaries({"owners": ODD})),
    },
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(GROUPS, RECORDS)
def test_the_quick_way_and_the_explained_way_agree(group: Any, record: Any) -> None:
    outcome = evaluate(matching(group), record, NOW).state
    quick = {TRUE: "applies", FALSE: "not_applicable", UNKNOWN: "unknown"}[holds(group, record)]
    assert quick == ("applies" if outcome in ("pass", "violation") else outcome)
