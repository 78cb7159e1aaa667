"""The sample's change ledger: reproducible, with gaps, and planted so that backtests differ."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from mining.policy.backtest import Backtest, backtest
from mining.policy.evidence import MemberEvidence, PatternEvidence
from mining.policy.facts import FACTS, supplied
from mining.policy.gates import Observed, gates, open_stage, verdict
from mining.policy.suggest import Suggestion, suggest
from rca.domain.quarters import Quarter
from rca.domain.vocabulary import Visibility
from rca.services.guardrail_history import split_of
from rca.services.ledger import record_of
from rca.services.sample_changes import END, START, SampleLedger, generate
from rca.services.sample_files import SamplePostmortem, read_company, read_postmortems
from rca.store import tables as t

LINKED = ("contributed", "suspect")
PLANTED = (
    ("unvalidated-config", "config-validated"),
    ("unvalidated-config", "canary-with-rollback"),
    ("unvalidated-config", "freeze-respected"),
    ("provider-no-fallback", "timeouts-checked"),
)
AUDITED = Observed(audit_days=40, outcomes=60, overrides=4)


def named(items: Sequence[SamplePostmortem]) -> list[Mapping[str, Any]]:
    return [row for item in items for row in item.ledger]


@pytest.fixture(scope="module")
def items() -> tuple[SamplePostmortem, ...]:
    return read_postmortems()


@pytest.fixture(scope="module")
def ledger(items: tuple[SamplePostmortem, ...]) -> SampleLedger:
    return generate(read_company(), named(items))


@pytest.fixture(scope="module")
def records(items: tuple[SamplePostmortem, ...], ledger: SampleLedger) -> list[dict[str, Any]]:
    incidents: dict[str, list[str]] = {}
    for item in items:
        if item.content.visibility is Visibility.OPEN:
            for row in item.ledger:
                if row["relation"] in LINKED:
                    incidents.setdefault(row["key"], []).append(item.reference)
    tier = {row["name"]: int(row["tier"]) for row in read_company()["services"]}
    return [
        record_of(t.Change(**row), incidents.get(row["key"], ()), tier[row["service"]])
        for row in ledger.changes
    ]


def member(item: SamplePostmortem) -> MemberEvidence:
    content = item.content
    tier = {row["name"]: int(row["tier"]) for row in read_company()["services"]}
    kinds = {
        kind
        for row in item.ledger
        if row["relation"] in LINKED
        for kind in row.get("kinds", ["code"])
    }
    return MemberEvidence(
        id=item.reference,
        severity=content.severity.value if content.severity else "",
        ai=tuple(
            (row.surface.value, row.state.value, row.effect.value if row.effect else "")
            for row in content.ai_influences
        ),
        services=tuple(content.services),
        tiers=tuple(tier[name] for name in content.services),
        trigger=content.trigger.value if content.trigger else "",
        detection_method=content.detection_method.value if content.detection_method else "",
        detection_gap=content.detection_gap.value if content.detection_gap else "",
        factor_classes=tuple(factor.factor_class for factor in content.factors),
        change_kinds=tuple(sorted(kinds)),
    )


def pattern(name: str, items: Sequence[SamplePostmortem]) -> PatternEvidence:
    """The recurrence as its authors meant it: causes that most members name."""
    members = [item for item in items if item.group == name]
    counted = Counter(
        cause for item in members for cause in {f.factor_class for f in item.content.factors}
    )
    causes = [cause for cause, n in counted.most_common() if n >= len(members) / 2]
    return PatternEvidence(name, name, tuple(causes), tuple(map(member, members)), run="run-1")


# Early and late, since the demo is looked at for months after its last change.
@pytest.fixture(scope="module", params=[(2026, 10, 5), (2026, 11, 24)])
def judged(
    request: pytest.FixtureRequest,
    items: tuple[SamplePostmortem, ...],
    records: list[dict[str, Any]],
) -> dict[tuple[str, str], tuple[Suggestion, Backtest]]:
    now = datetime(*request.param, tzinfo=UTC)
    names = sorted({group for group, _ in PLANTED})
    found = suggest([pattern(name, items) for name in names], now=now)
    split = split_of(records, now)
    return {
        (one.pattern_ids[0], one.template): (one, backtest(one.document, records, split, now))
        for one in found
        if (one.pattern_ids[0], one.template) in PLANTED
    }


def test_it_holds_over_three_thousand_changes_in_six_quarters(ledger: SampleLedger) -> None:
    assert len(ledger.changes) >= 3_200
    assert len({row["key"] for row in ledger.changes}) == len(ledger.changes)
    quarters = Counter(str(Quarter.of(row["merged_at"])) for row in ledger.changes)
    assert len(quarters) == 6
    assert min(quarters.values()) > 400
    assert all(START <= row["merged_at"] < END for row in ledger.changes)


def test_the_same_seed_makes_the_same_ledger_and_another_does_not(
    items: tuple[SamplePostmortem, ...], ledger: SampleLedger
) -> None:
    assert generate(read_company(), named(items)) == ledger
    assert generate(read_company(), named(items), seed=1) != ledger


def test_ai_states_are_known_more_often_with_time_and_never_for_all(ledger: SampleLedger) -> None:
    states: dict[str, Counter[str]] = {}
    for row in ledger.changes:
        states.setdefault(str(Quarter.of(row["merged_at"])), Counter())[row["ai_state"]] += 1
    unknown = [counts["unknown"] / counts.total() for counts in states.values()]
    assert unknown[0] > 0.6
    assert 0.1 < unknown[-1] < 0.3
    for row in ledger.changes:
        told = row["facts"].get("ai", {}).get("influenced")
        expected = {"evidenced": True, "attested_none": False, "unknown": None}
        assert told is expected[row["ai_state"]]
        assert bool(row["label_source"]) == (row["ai_state"] != "unknown")


def test_reverts_of_the_last_month_are_not_known_yet(ledger: SampleLedger) -> None:
    last = [row for row in ledger.changes if row["merged_at"] >= datetime(2026, 9, 2, tzinfo=UTC)]
    open_ones = sum(row["reverted_30d"] is None for row in last)
    assert open_ones > 0.95 * len(last)
    earlier = [row["reverted_30d"] for row in ledger.changes if row["merged_at"].year == 2025]
    assert None not in earlier
    assert 0.005 < sum(earlier) / len(earlier) < 0.03


def test_facts_are_of_the_registry_and_some_are_absent(records: list[dict[str, Any]]) -> None:
    known = {name: supplied(records, name) for name in FACTS}
    assert known["change.kinds"] < len(records)
    assert known["checks"] < len(records)
    assert known["rollout.strategy"] > 0.9 * len(records)
    assert sum(count > 0 for count in known.values()) >= 25
    roots = {name.split(".")[0] for name in FACTS} | {"key", "incidents"}
    assert {name for record in records for name in record} <= roots


def test_a_change_that_a_postmortem_names_is_as_the_postmortem_says(
    ledger: SampleLedger,
) -> None:
    change = next(row for row in ledger.changes if row["key"].endswith("@4f2a91c"))
    assert change["title"] == "Weights for the new eu-west pool"
    assert change["kinds"] == ["config"]
    assert change["reverted_30d"] is True
    assert "config-schema" not in change["facts"]["checks"]
    assert change["facts"]["rollout"]["strategy"] == "all-at-once"
    assert change["facts"]["approvals"]["owners"] == 1


def test_every_change_was_shipped_by_one_linked_deployment(ledger: SampleLedger) -> None:
    keys = {row["key"] for row in ledger.deployments}
    linked = [link["from_id"] for link in ledger.links]
    assert sorted(linked) == sorted(row["key"] for row in ledger.changes)
    assert {link["to_id"] for link in ledger.links} == keys


Judged = Mapping[tuple[str, str], tuple[Suggestion, Backtest]]


def test_one_rule_is_worth_enforcing(judged: Judged) -> None:
    one, result = judged["unvalidated-config", "config-validated"]
    assert verdict(one.document, result).word == "worth enforcing"
    assert open_stage(gates(one.document, result, observed=AUDITED)) == "stable"
    assert result.holdout.caught >= 3


def test_one_rule_is_worth_testing_and_no_more(judged: Judged) -> None:
    one, result = judged["provider-no-fallback", "timeouts-checked"]
    assert verdict(one.document, result).word == "worth testing"
    assert open_stage(gates(one.document, result, observed=AUDITED)) == "test"


def test_one_rule_is_refused_for_friction(judged: Judged) -> None:
    one, result = judged["unvalidated-config", "canary-with-rollback"]
    assert verdict(one.document, result).word == "refused for friction"
    assert open_stage(gates(one.document, result, observed=AUDITED)) != "stable"
    assert (result.holdout.flag_rate or 0) > 0.05


def test_one_rule_has_too_few_incidents(judged: Judged) -> None:
    one, result = judged["unvalidated-config", "freeze-respected"]
    assert verdict(one.document, result).word == "too few incidents"
    assert open_stage(gates(one.document, result, observed=AUDITED)) == "experimental"
    assert result.whole.flagged > 0


def test_without_the_left_out_checks_nothing_is_worth_enforcing(
    items: tuple[SamplePostmortem, ...], records: list[dict[str, Any]], judged: Judged
) -> None:
    """The verdict hangs on what was planted, not on the rule."""
    one, _ = judged["unvalidated-config", "config-validated"]
    mended = [
        {**record, "checks": sorted({*record.get("checks", ()), "config-schema"})}
        if record["incidents"]
        else record
        for record in records
    ]
    now = datetime(2026, 11, 24, tzinfo=UTC)
    result = backtest(one.document, mended, split_of(mended, now), now)
    assert verdict(one.document, result).word == "too few incidents"
