"""What a rule would have flagged: counts by hand, a temporal split, honest gates."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mining.policy import document
from mining.policy.backtest import (
    Backtest,
    Window,
    as_document,
    backtest,
    digest,
    exposure,
    risk_ratio,
)
from mining.policy.gates import GateSettings, Observed, gates, open_stage, verdict
from tests.mining.policy.rules import matching, rule

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 10, 5, tzinfo=UTC)
DOC = matching(
    {"all": [{"field": "change.kinds", "op": "contains", "value": "config"}]},
    {"field": "checks", "op": "contains", "value": "config-schema"},
)


def change(day: int, *, kinds: Any = ("config",), checks: Any = (), incidents: Any = ()) -> Any:
    return {
        "at": (START + timedelta(days=day)).isoformat().replace("+00:00", "Z"),
        "change": {"kinds": list(kinds) if kinds is not None else None},
        "checks": list(checks) if checks is not None else None,
        "incidents": list(incidents),
    }


LEDGER = [
    change(0, incidents=["INC-1"]),  # flagged, linked
    change(1, checks=["config-schema"]),  # pass
    change(2, kinds=["code"]),  # out of scope
    change(3, kinds=["code"], incidents=["INC-2"]),  # out of scope, linked: missed
    change(4, kinds=None),  # unknown
    change(5, checks=None),  # flagged only on what is not known
    change(100, incidents=["INC-3"]),  # hold-out, flagged
    change(101, kinds=["code"]),
    change(275),  # too recent to have shown its incidents
    {"change": {"kinds": ["config"]}},  # undated
]
SPLIT = START + timedelta(days=50)


def run(split: datetime | None = SPLIT) -> Backtest:
    return backtest(DOC, LEDGER, split, NOW)


def test_every_count_by_hand() -> None:
    found = run()
    assert (found.records, found.undated, found.too_recent) == (10, 1, 1)
    assert found.train == Window("2026-01-01", "2026-01-06", 6, 1, 3, 2, 1, 1, 2, 2, 1)
    assert found.holdout == Window("2026-04-11", "2026-04-12", 2, 0, 1, 1, 0, 1, 1, 1, 1)
    assert found.whole.flagged == 3
    assert found.whole.missed == 1
    assert found.whole.unflagged == 4
    assert found.whole.flag_rate == pytest.approx(3 / 8)
    assert found.whole.unknown_rate == pytest.approx(2 / 8)
    assert found.whole.flags_per_incident == pytest.approx(3 / 2)


def test_without_a_split_there_is_no_holdout() -> None:
    found = run(None)
    assert found.holdout.evaluated == 0
    assert found.train == found.whole
    assert as_document(found)["holdout"] is False


def test_the_digest_ignores_order_and_nothing_else() -> None:
    assert digest(LEDGER) == digest(list(reversed(LEDGER)))
    assert digest(LEDGER) != digest(LEDGER[1:])


def test_each_change_is_judged_as_of_its_own_time() -> None:
    doc = matching(DOC["spec"]["match"], DOC["spec"]["require"][0]["check"])
    doc["spec"]["exceptions"] = [
        {
            "id": "ex",
            "scope": DOC["spec"]["match"],
            "reason": "until the schema exists",
            "approvedBy": "lead",
            "expires": "2026-01-20T00:00:00Z",
        }
    ]
    found = backtest(doc, LEDGER, SPLIT, NOW)
    assert found.train.flagged == 0
    assert found.holdout.flagged == 1


def test_the_document_part_is_valid_and_says_what_it_is() -> None:
    part = as_document(run())
    assert document.validate({**rule(), "backtest": part}) == []
    assert part["holdout"] is True
    assert (part["evaluated"], part["flagged"], part["tp"]) == (2, 1, 1)
    assert part["precisionCI95"][0] < 1.0
    assert "prevent" not in str(part)


def test_a_hostile_ledger_is_counted_and_never_crashes() -> None:
    odd = [None, 1, "x", [], {"at": 5}, {"at": "2026-01-01T00:00:00Z", "incidents": "INC-1"}]
    found = backtest(DOC, [item for item in odd if isinstance(item, dict)], None, NOW)
    assert (found.records, found.undated) == (2, 1)
    assert found.whole.incidents == 0


def window(**changes: int) -> Window:
    counts = {
        "evaluated": 1000, "unknown": 0, "applicable": 60, "flagged": 40, "unsure": 0,
        "tp": 10, "linked": 20, "incidents": 15, "caught": 8,
    }  # fmt: skip
    return Window("2026-01-01", "2026-06-30", **{**counts, **changes})


def result(**changes: Any) -> Backtest:
    plain = Backtest(
        rule="gr-two-owners",
        dataset="sha256:" + "0" * 64,
        split="2026-06-01T00:00:00+00:00",
        follow_up_days=14,
        undated=0,
        too_recent=0,
        train=window(),
        holdout=window(),
        whole=window(),
        supplied={"ai.influenced": 1000},
        records=1000,
    )
    return replace(plain, **changes)


def test_a_ratio_has_its_interval_and_a_p_value() -> None:
    found = risk_ratio(window())
    assert found.value == pytest.approx((10 / 40) / (10 / 960))
    assert found.interval is not None
    assert found.interval[0] > 5
    assert found.p is not None
    assert risk_ratio(window(), comparisons=3).p == pytest.approx(3 * found.p)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"flagged": 0, "tp": 0, "linked": 10}, "no-changes-to-compare"),
        ({"tp": 0, "linked": 0}, "no-events"),
        ({"tp": 10, "linked": 10}, "no-events-in-one-arm"),
    ],
)
def test_a_ratio_that_cannot_be_told_says_why(changes: dict[str, int], reason: str) -> None:
    assert risk_ratio(window(**changes)).reason == reason


FRICTION = window(evaluated=1000, flagged=300)
LOUD = replace(FRICTION, tp=20, linked=25)
FEW = window(caught=1)
NO_LINK = window(tp=1, linked=20, caught=3)
HAZY = window(unknown=200)
WEAK = window(tp=2, linked=20, caught=2)


@pytest.mark.parametrize(
    ("found", "word", "stage"),
    [
        (result(), "worth enforcing", "test"),
        (result(holdout=WEAK), "worth testing", "test"),
        (result(whole=FEW, holdout=FEW), "too few incidents", "experimental"),
        (result(whole=NO_LINK, holdout=NO_LINK), "no association shown", "experimental"),
        (result(holdout=FRICTION, whole=LOUD), "refused for friction", "test"),
        (result(whole=HAZY), "cannot tell", "experimental"),
        (result(supplied={"tests.contract": 0}), "cannot tell", "experimental"),
    ],
)  # fmt: skip
def test_one_word_and_the_stage_it_opens(found: Backtest, word: str, stage: str) -> None:
    assert verdict(rule(), found).word == word
    assert open_stage(gates(rule(), found)) == stage


def test_enforcing_needs_days_in_audit_and_few_overrides_too() -> None:
    calm = Observed(audit_days=40, outcomes=25, overrides=2)
    assert open_stage(gates(rule(), result(), observed=calm)) == "stable"
    for shut in (
        Observed(audit_days=3, outcomes=25, overrides=2),
        Observed(audit_days=40, outcomes=25, overrides=10),
        Observed(audit_days=40),
    ):
        assert open_stage(gates(rule(), result(), observed=shut)) == "test"


def test_a_fact_that_nobody_supplies_shuts_the_gate_by_name() -> None:
    found = gates(rule(), result(supplied={"tests.contract": 0, "repo": 9}))
    facts = next(gate for gate in found if gate.name == "facts")
    assert not facts.met
    assert facts.measured == "no source for tests.contract"


def test_thresholds_are_settings() -> None:
    strict = GateSettings(min_incidents=50)
    assert verdict(rule(), result(), strict).word == "too few incidents"
    budget = GateSettings(flag_budget=0.01)
    assert verdict(rule(), result(), budget).word == "refused for friction"


def test_nothing_ever_says_prevented() -> None:
    for gate in gates(rule(), result()):
        assert "prevent" not in f"{gate.requirement} {gate.why} {gate.measured}"


def test_a_backtest_of_another_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="is of gr-other"):
        gates(rule(), result(rule="gr-other"))


def test_exposure_is_in_sample_figures_or_a_reason() -> None:
    assert exposure(DOC, [], NOW) == {"state": "not_estimable", "reason": "no-ledger"}
    quiet = [change(day) for day in range(5)]
    assert exposure(DOC, quiet, NOW)["reason"] == "no-events"
    hazy = [change(day, kinds=None, incidents=["INC-1"]) for day in range(9)]
    hazy.append(change(10, kinds=["code"], incidents=["INC-1"]))
    assert exposure(DOC, hazy, NOW)["reason"] == "unknown-exposure"
    stats = exposure(DOC, LEDGER, NOW, comparisons=3)
    assert document.validate(rule(evidence__stats=stats)) == []
    assert "in-sample" in stats["method"]
    assert "Bonferroni x3" in stats["method"]
