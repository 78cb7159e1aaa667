"""Decisions of people hold on the path of large corpora as they do on the small one."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from mining import recurrence
from mining.patterns import Pattern
from mining.pipeline import MiningOptions, MiningResult, mine
from mining.records import IncidentRecord, from_mapping
from mining.recurrence import Constraints, LinkSettings
from tests.mining.corpus import company

CERTS = [f"cert-{n}" for n in range(1, 5)]
LOCKS = [f"lock-{n}" for n in range(1, 5)]
Path = Callable[[Constraints], MiningResult]


@pytest.fixture(params=["dense", "large"])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of the company on either path."""
    if request.param == "large":
        monkeypatch.setattr(recurrence, "DENSE_UP_TO", 10)
    return lambda kept: mine(company(), MiningOptions(constraints=kept))


def groups(result: MiningResult) -> list[set[str]]:
    return [set(pattern.ids) for pattern in result.patterns]


def holding(result: MiningResult, identifier: str) -> Pattern:
    return next(p for p in result.patterns if identifier in p.ids)


def test_a_member_added_by_a_person_is_in_and_marked(run: Path) -> None:
    result = run(Constraints(together=(frozenset({"cert-1", "cert-2", "lone-1"}),)))
    assert {*CERTS, "lone-1"} in groups(result)
    marked = {m.id for m in holding(result, "lone-1").members if m.added_by_human}
    assert marked == {"lone-1"}


def test_a_member_taken_out_stays_out(run: Path) -> None:
    result = run(Constraints(apart=(("cert-4", frozenset(CERTS[:3])),)))
    assert set(CERTS[:3]) in groups(result)
    assert not any("cert-4" in members for members in groups(result))


def test_a_merge_joins_and_a_split_parts(run: Path) -> None:
    merged = run(Constraints(together=(frozenset([*CERTS, *LOCKS]),)))
    assert {*CERTS, *LOCKS} in groups(merged)
    split = run(
        Constraints(
            together=(frozenset(CERTS[:2]), frozenset(CERTS[2:])),
            apart=tuple((one, frozenset(CERTS[2:])) for one in CERTS[:2]),
        )
    )
    assert set(CERTS[:2]) in groups(split)
    assert set(CERTS[2:]) in groups(split)


def test_what_was_joined_leaves_no_second_pattern_behind(run: Path) -> None:
    joined = frozenset({*CERTS, *LOCKS})
    found = groups(run(Constraints(together=(joined,))))
    assert set(joined) in found
    assert not [ids for ids in found if ids < joined]


def test_what_nobody_touched_is_as_before(run: Path) -> None:
    before = {p.ids: p for p in run(Constraints()).patterns}
    after = run(Constraints(together=(frozenset({"cert-1", "lone-1"}),)))
    rest = [p for p in after.patterns if "cert-1" not in p.ids]
    assert rest
    assert all(before[p.ids] == p for p in rest)


def test_a_decision_about_a_second_report_holds_for_its_incident() -> None:
    twin = replace(company()[0], id="cert-1-again")
    kept = Constraints(together=(frozenset({"cert-1-again", "lone-1"}),))
    result = mine([*company(), twin], MiningOptions(constraints=kept))
    assert "cert-1" in holding(result, "lone-1").ids


def test_what_people_hold_together_is_never_hidden_as_unstable() -> None:
    strict = LinkSettings(stable_from=1.01)
    assert mine(company(), MiningOptions(link=strict)).patterns == ()
    kept = Constraints(together=(frozenset(CERTS),))
    held = mine(company(), MiningOptions(link=strict, constraints=kept))
    assert groups(held) == [set(CERTS)]


def stranger(number: int) -> IncidentRecord:
    """A record that tells of a few things only, over and over, as real ones do."""
    pool, rng = random.Random(0), random.Random(number)
    every = ["".join(pool.choice("abcdefghijklmnop") for _ in range(6)) for _ in range(400)]
    words = rng.sample(every, 8)
    told = " ".join(f"{' '.join(rng.sample(words, 6)).capitalize()}." for _ in range(4))
    return from_mapping({"id": f"f{number:04d}", "text": told})


@pytest.mark.long
def test_decisions_hold_above_the_bound_itself() -> None:
    """More records than the full matrix takes, without any bound moved."""
    filler = [stranger(number) for number in range(recurrence.DENSE_UP_TO)]
    records: list[IncidentRecord] = [*company(), *filler]
    kept = Constraints(
        together=(frozenset({"cert-1", "cert-2", "f0001"}),),
        apart=(("lock-4", frozenset(LOCKS[:3])),),
    )
    found = groups(mine(records, MiningOptions(constraints=kept)))
    assert any({*CERTS, "f0001"} <= members for members in found)
    assert any(set(LOCKS[:3]) <= members for members in found)
    assert not any("lock-4" in members and members & set(LOCKS[:3]) for members in found)
