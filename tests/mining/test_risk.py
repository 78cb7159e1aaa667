"""Exposure analysis: published figures reproduced, no estimate without events, honest words."""

import csv
from pathlib import Path

import numpy as np
import pytest

from mining.exposure import Cell, Estimate, ExposedChange
from mining.risk import (
    MatchedSet,
    analyse,
    bias_analysis,
    case_control,
    detectable_ratio,
    estimate,
    holm,
    mantel_haenszel,
)

DEFINITION = {"outcome": "reverted within 30 days"}


def _two(value: Estimate) -> tuple[float, float, float]:
    assert value.ratio is not None
    assert value.low is not None
    assert value.high is not None
    return round(value.ratio, 2), round(value.low, 2), round(value.high, 2)


def test_the_log_interval_is_the_published_one() -> None:
    assert _two(estimate("aider", Cell(24, 4380, 16, 6193))) == (2.12, 1.13, 3.99)


def test_no_events_no_estimate() -> None:
    for cell in (Cell(0, 142, 6, 9485), Cell(0, 117, 0, 268), Cell(3, 40, 0, 50), Cell(0, 0, 3, 9)):
        found = estimate("x", cell)
        assert found.ratio is None
        assert found.words == "no data"
        assert found.reason


def test_under_five_events_in_an_arm_there_is_no_verdict() -> None:
    found = estimate("x", Cell(4, 20, 4, 4000))
    assert found.ratio == pytest.approx(200)
    assert found.words == "cannot distinguish"
    assert "under 5" in found.reason


def test_a_planted_tripling_is_found_and_never_called_a_cause() -> None:
    changes = [
        ExposedChange(f"{arm}{n}", arm, n < events, repo="r", quarter="2026-Q1", lines=n % 300)
        for arm, total, events in (("evidenced", 2000, 120), ("unknown", 6000, 120))
        for n in range(total)
    ]  # fmt: skip
    report = analyse(changes, definition=DEFINITION)
    assert report.pooled[0].words == "associated with more"
    assert "is not caused by" in report.sentence or "cannot tell" in report.sentence


def test_one_stratum_pools_to_its_own_ratio() -> None:
    cell = Cell(24, 4380, 16, 6193)
    assert mantel_haenszel("x", [cell]).ratio == pytest.approx(estimate("x", cell).ratio)


def test_strata_without_events_are_counted_and_not_used() -> None:
    found = mantel_haenszel("x", [Cell(5, 50, 5, 100), Cell(0, 10, 0, 10), Cell(0, 0, 2, 9)])
    assert (found.strata, found.strata_used) == (3, 1)


def test_label_recall_moves_the_ratio_as_published() -> None:
    found = bias_analysis(Cell(11, 910, 23, 2780))
    assert [round(one.ratio or 0, 2) for one in found] == [1.49, 1.58, 1.88]


def test_pending_outcomes_and_excluded_changes_are_counted_and_left_out() -> None:
    changes = [
        ExposedChange("1", "evidenced", None),
        ExposedChange("2", "excluded", True),
        ExposedChange("3", "unknown", False),
    ]
    report = analyse(changes, definition=DEFINITION)
    assert report.pending == 1
    assert report.counts["excluded"] == 1
    assert report.headline.ratio is None
    assert "50% of 2 changes" in report.sentence


def test_matched_sets_give_an_odds_ratio() -> None:
    # One control each: the Mantel-Haenszel odds ratio is the ratio of discordant pairs.
    sets = [MatchedSet(True, (False,))] * 12 + [MatchedSet(False, (True,))] * 4
    sets += [MatchedSet(True, (True,))] * 5
    assert case_control(sets).ratio == pytest.approx(3.0)
    assert case_control([MatchedSet(True, (True,))]).ratio is None


def test_holm_is_monotone_and_never_below_its_p() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_the_detectable_ratio_shrinks_with_more_changes() -> None:
    few, many = detectable_ratio(Cell(5, 500, 5, 500)), detectable_ratio(Cell(50, 5000, 50, 5000))
    assert few is not None
    assert many is not None
    assert few > many > 1
    # The design's own figure: about 3,800 changes an arm see a ratio of 1.5 at a base of 2 %.
    assert detectable_ratio(Cell(76, 3800, 76, 3800)) == pytest.approx(1.5, abs=0.06)


def _null_ledger(random: np.random.Generator, size: int) -> list[ExposedChange]:
    """Several repositories with their own base rate and AI share, and no effect within them."""
    changes = []
    for repo in range(4):
        base, share = random.uniform(0.005, 0.05), random.uniform(0.1, 0.6)
        exposed = random.random(size) < share
        outcome = random.random(size) < base
        changes += [
            ExposedChange(f"{repo}-{n}", "evidenced" if e else "unknown", bool(o), repo=str(repo))
            for n, (e, o) in enumerate(zip(exposed, outcome, strict=True))
        ]
    return changes


def _claims(runs: int, size: int) -> tuple[int, int]:
    random = np.random.default_rng(20261124)
    claimed = covered = 0
    for _ in range(runs):
        strata: dict[str, list[ExposedChange]] = {}
        for change in _null_ledger(random, size):
            strata.setdefault(change.repo, []).append(change)
        cells = []
        for part in strata.values():
            ai = [c for c in part if c.exposure == "evidenced"]
            rest = [c for c in part if c.exposure != "evidenced"]
            cells.append(Cell(sum(bool(c.outcome) for c in ai), len(ai),
                              sum(bool(c.outcome) for c in rest), len(rest)))  # fmt: skip
        pooled = mantel_haenszel("pooled", cells)
        claimed += pooled.words.startswith("associated")
        covered += bool(pooled.low and pooled.high and pooled.low <= 1 <= pooled.high)
    return claimed, covered


def test_without_an_effect_few_reports_claim_one() -> None:
    claimed, covered = _claims(120, 500)
    print(f"false claims {claimed}/120, covered {covered}/120")
    assert claimed <= 6
    assert covered >= 108


@pytest.mark.long
def test_coverage_at_full_size() -> None:
    claimed, covered = _claims(2000, 1500)
    print(f"false claims {claimed / 2000:.1%}, coverage {covered / 2000:.1%}")
    assert 0.93 <= covered / 2000 <= 0.97
    assert claimed / 2000 <= 0.05


@pytest.mark.data
def test_the_published_table_is_reproduced(data_dir: Path) -> None:
    exposure = {"ai": "evidenced", "no_evidence": "unknown"}
    with (data_dir / "changes" / "changes.csv").open(encoding="utf-8", newline="") as file:
        changes = [
            ExposedChange(
                row["id"],
                exposure.get(row["ai_flag"], "excluded"),  # type: ignore[arg-type]
                row["reverted_30d"] == "1",
                repo=row["repo"],
                quarter=f"{row['merged_at'][:4]}-Q{(int(row['merged_at'][5:7]) + 2) // 3}",
                lines=int(row["lines_added"] or 0) + int(row["lines_deleted"] or 0),
            )
            for row in csv.DictReader(file)
        ]
    report = analyse(changes, definition=DEFINITION)
    pooled = {row.name: _two(row) for row in report.pooled}
    assert pooled["crude"] == (1.08, 0.82, 1.42)
    assert pooled["Mantel-Haenszel by repo"] == (1.23, 0.90, 1.68)
    assert pooled["Mantel-Haenszel by repo x size"] == (1.18, 0.86, 1.61)
    assert pooled["Mantel-Haenszel by repo x quarter x size"] == (1.05, 0.75, 1.46)
    assert report.headline.words == "cannot distinguish"
    with (data_dir / "changes" / "risk_by_repo.csv").open(encoding="utf-8", newline="") as file:
        published = {row["repo"]: row for row in csv.DictReader(file)}
    refused = 0
    for row in report.groups:
        if row.ratio is None:
            refused += 1
            continue
        wanted = tuple(
            round(float(published[row.name][key]), 2) for key in ("rr", "ci_low", "ci_high")
        )
        assert _two(row) == pytest.approx(wanted, abs=0.011), row.name
        assert row.words == "cannot distinguish"
    assert refused == 11
