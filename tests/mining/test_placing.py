"""A new record is placed at once, where a full run would put it too."""

import random
import statistics
import time
from dataclasses import replace

import pytest

from mining.pipeline import mine
from mining.placing import Placement, Placer
from mining.records import IncidentRecord
from mining.similar import SimilarIndex
from tests.mining.corpus import company

Patterns = dict[str, tuple[str, ...]]


def placed(record: IncidentRecord, others: list[IncidentRecord]) -> tuple[Placement, Patterns]:
    patterns = {p.id: p.ids for p in mine(others).patterns}
    return Placer(SimilarIndex(others)).place(record, patterns), patterns


@pytest.mark.parametrize("kind", ["cert", "lock", "retry"])
def test_it_joins_its_like_and_says_why(kind: str) -> None:
    first = next(r for r in company() if r.id == f"{kind}-1")
    others = [r for r in company() if r.id != first.id]
    found, patterns = placed(replace(first, id="new"), others)
    joined = [set(patterns[place.pattern]) for place in found.joins]
    assert joined == [{f"{kind}-{n}" for n in (2, 3, 4)}]
    place = found.joins[0]
    assert place.missing == 0.0
    assert place.closest.startswith(kind)
    assert place.words


def test_what_stands_alone_joins_nothing() -> None:
    for lone in [r for r in company() if r.id.startswith("lone")]:
        found, _ = placed(lone, [r for r in company() if r.id != lone.id])
        assert found.joins == ()
        assert found.pair is None


def test_an_edited_record_is_not_compared_with_its_earlier_self() -> None:
    edited = replace(company()[0], text=company()[0].text + " The list is in one place now.")
    found, patterns = placed(edited, company())
    assert edited.id in patterns[found.joins[0].pattern]
    assert edited.id not in [n.id for n in found.nearest]
    assert found.joins[0].closest != edited.id


def test_two_alike_outside_every_pattern_are_told_as_a_pair() -> None:
    lone = next(r for r in company() if r.id == "lone-1")
    patterns = {p.id: p.ids for p in mine(company()).patterns}
    found = Placer(SimilarIndex(company())).place(replace(lone, id="again"), patterns)
    assert found.joins == ()
    assert found.pair is not None
    assert found.pair.id == "lone-1"


def many(count: int) -> list[IncidentRecord]:
    """Records of real length out of the sentences of the company."""
    rng = random.Random(5)
    parts = [part for record in company() for part in record.text.split(". ")]
    return [
        replace(rng.choice(company()), id=f"m{n:04d}", text=". ".join(rng.sample(parts, 30)))
        for n in range(count)
    ]


def test_one_is_placed_in_under_fifty_milliseconds_among_five_hundred() -> None:
    """Processor time of each of 40, the slowest included."""
    records = many(540)
    placer = Placer(SimilarIndex(records[:500]))
    patterns = {f"P-{at}": [r.id for r in records[at : at + 5]] for at in range(0, 500, 5)}
    taken = []
    for record in records[500:]:
        began = time.process_time()
        placer.place(record, patterns)
        taken.append(time.process_time() - began)
    assert statistics.median(taken) < 0.05
    assert max(taken) < 0.1  # one pause of the collector may fall into any of them
