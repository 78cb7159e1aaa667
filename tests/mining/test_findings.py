"""Findings: a true association is found; on shuffled answers hardly any run claims one."""

import random
from dataclasses import replace

import pytest

from mining.causes import CauseResult, CauseScorer
from mining.findings import find
from mining.records import IncidentRecord, from_mapping


def world(count: int, *, linked: bool, seed: int) -> list[IncidentRecord]:
    """Half of the records tell of an expired certificate; found by customers, or by chance."""
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        expired = number % 2 == 0
        by_customer = rng.random() < (0.85 if expired else 0.15) if linked else rng.random() < 0.5
        rows.append(
            {
                "id": f"{number:03d}",
                "text": "The certificate expired." if expired else "A disk failed in a server.",
                "services": [rng.choice(["orders", "basket", "stock"])],
                "severity": rng.choice(["SEV1", "SEV2", "SEV3"]),
                "ai_state": rng.choice(["influenced", "none", "unknown"]),
                "fields": {
                    "detection_method": "customer_report" if by_customer else "alert_slo",
                    "trigger": rng.choice(["binary_push", "capacity", "unknown"]),
                },
            }
        )
    return [from_mapping(row) for row in rows]


def causes_of(records: list[IncidentRecord]) -> dict[str, CauseResult]:
    scorer = CauseScorer()
    return {record.id: scorer.score(record) for record in records}


def test_an_association_is_found_with_its_counts() -> None:
    records = world(80, linked=True, seed=1)
    found = find(records, causes_of(records), ())
    best = next(f for f in found.rows if f.value == "customer_report")
    assert best.verdict == "supported"
    assert best.here_n + best.there_n == 80
    assert best.low is not None
    assert found.comparisons >= len(found.rows)


def test_unknown_answers_count_on_neither_side() -> None:
    records = world(60, linked=False, seed=2)
    known = sum(record.fields["trigger"] != "unknown" for record in records)
    rows = [f for f in find(records, causes_of(records), ()).rows if f.dimension == "trigger"]
    assert rows
    for row in rows:
        assert row.here_n + row.there_n == known
        assert sum(row.not_known) == 60 - known


@pytest.fixture(scope="module")
def null_runs() -> list[tuple[bool, bool]]:
    """60 runs without any association: (claimed something, an uncorrected p would have)."""
    runs = []
    for seed in range(60):
        records = world(60, linked=False, seed=seed)
        found = find(records, causes_of(records), ())
        runs.append((bool(found.claimed), any(row.p < 0.05 for row in found.rows)))
    return runs


def test_on_data_without_association_at_most_one_run_in_twenty_claims_one(
    null_runs: list[tuple[bool, bool]],
) -> None:
    claimed = sum(claims for claims, _ in null_runs)
    assert claimed <= 6  # 60 runs at 5 %: seven or more would come by luck once in thirty


def test_the_check_above_has_teeth(null_runs: list[tuple[bool, bool]]) -> None:
    """Uncorrected p values would claim something in many more of the same runs."""
    assert sum(loose for _, loose in null_runs) >= 9


def test_small_margins_are_not_compared() -> None:
    first, *rest = world(20, linked=True, seed=1)
    records = [replace(first, services=("rare",)), *rest]
    assert not [f for f in find(records, causes_of(records), ()).rows if f.value == "rare"]
