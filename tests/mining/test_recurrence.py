"""Layer 2: recurrences are found, lone incidents stay alone, nothing depends on order."""

import json
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from mining.clusters import AbstainingLinkage
from mining.documents import result_document
from mining.patterns import Known, match_identity
from mining.pipeline import MiningOptions, mine
from mining.prepare import stem
from mining.records import IncidentRecord, from_mapping
from mining.recurrence import Constraints
from mining.similar import SimilarIndex
from tests.mining.corpus import company


def groups(records: list[IncidentRecord], **options: Any) -> list[set[str]]:
    """The members of each pattern."""
    return [set(p.ids) for p in mine(records, MiningOptions(**options)).patterns]


def test_each_recurrence_is_one_pattern_and_the_rest_stand_alone() -> None:
    result = mine(company())
    found = sorted(sorted(p.ids) for p in result.patterns)
    assert found == [[f"{kind}-{n}" for n in range(1, 5)] for kind in ("cert", "lock", "retry")]
    assert set(result.unassigned) == {f"lone-{n}" for n in range(1, 7)}


def test_a_pattern_carries_its_figures_and_its_evidence() -> None:
    records = {record.id: record for record in company()}
    pattern = next(p for p in mine(company()).patterns if "cert-1" in p.ids)
    assert pattern.causes[0] == "expiry_credential_lifecycle"
    assert "certificate" in pattern.name
    assert sum(pattern.by_quarter.values()) == pattern.size == 4
    assert pattern.ai == {"influenced": 1, "suspected": 0, "none": 1, "unknown": 1, "unanswered": 1}
    assert pattern.stability is not None
    assert pattern.stability >= 0.6
    for member in pattern.members:
        assert member.quote in records[member.id].text
    assert any("certificate" in reason for reason in pattern.why)


def test_order_changes_nothing() -> None:
    shuffled = company()
    random.Random(5).shuffle(shuffled)
    first, second = (result_document(mine(records, seed=3)) for records in (company(), shuffled))
    assert json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)


def test_recurrence_never_crosses_organisations() -> None:
    records = [
        replace(record, organisation="left" if record.id.endswith(("1", "2")) else "right")
        for record in company()
    ]
    of = {record.id: record.organisation for record in records}
    for members in groups(records):
        assert len({of[i] for i in members}) == 1


def test_restricted_records_take_no_part_and_are_counted() -> None:
    records = [replace(r, restricted=r.id == "cert-1") for r in company()]
    result = mine(records)
    assert result.restricted_left_out == 1
    assert "cert-1" not in json.dumps(result_document(result))


def test_two_reports_of_one_incident_count_once() -> None:
    twin = replace(company()[0], id="cert-1-again")
    result = mine([*company(), twin])
    pattern = next(p for p in result.patterns if "cert-1" in p.ids)
    assert result.duplicates == {"cert-1-again": "cert-1"}
    assert pattern.size == 4
    assert len(pattern.members) == 5


def test_what_people_decided_is_kept() -> None:
    kept = Constraints(
        together=(frozenset({"lone-1", "cert-1", "cert-2"}),),
        apart=(("cert-3", frozenset({"cert-1", "cert-2"})),),
    )
    found = groups(company(), constraints=kept)
    assert {"cert-1", "cert-2", "cert-4", "lone-1"} in found
    assert not any("cert-3" in members for members in found)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_records_are_answered_without_an_invention(count: int) -> None:
    records = company()[0:12:4]
    result = mine(records[:count])
    assert result.patterns == ()
    assert len(result.nearest) == (3 if count == 3 else 0)
    assert result.notes


def test_shuffled_text_surfaces_no_pattern() -> None:
    """Words dealt anew over the records: the company is gone, and so must be its patterns."""
    surfaced = 0
    for seed in range(20):
        rng = random.Random(seed)
        words = [word for record in company() for word in record.text.split()]
        rng.shuffle(words)
        taken = iter(words)
        records = [
            replace(r, title="", text=" ".join(next(taken) for _ in r.text.split()))
            for r in company()
        ]
        surfaced += bool(mine(records).patterns)
    assert surfaced <= 1


def test_similar_incidents_come_with_the_words_they_share() -> None:
    index = SimilarIndex(company())
    found = index.of("retry-2", 3)
    assert {s.id for s in found} == {"retry-1", "retry-3", "retry-4"}
    assert all("backoff" in s.words for s in found)


def test_words_that_only_say_how_come_after_those_that_say_what() -> None:
    pair = [
        replace(company()[n], id=f"p{n}", text="The backoff stalled, all green.") for n in (0, 1)
    ]
    [first] = SimilarIndex([*pair, *company()]).of("p0", 1)
    assert first.id == "p1"
    assert first.words[-1] == "green"
    assert "backoff" in first.words


def test_a_draft_is_placed_beside_its_like() -> None:
    draft = replace(company()[0], id="draft")
    assert SimilarIndex(company()[1:]).to(draft, 3)[0].id.startswith("cert")


def test_no_secret_reaches_a_vocabulary() -> None:
    token = "ghp_9fQ2mX7bL4vR8nT1cK6wZ3yH5pJ0sD"
    records = [replace(r, text=f"{r.text} The token was {token}.") for r in company()]
    index = SimilarIndex(records)
    for view in index.space.views:
        assert not [term for term in view.vectoriser.vocabulary_ if "9fq2" in term.lower()]
    assert token not in json.dumps(result_document(mine(records)))


def test_the_estimator_keeps_scikit_learns_manners() -> None:
    check_estimator(AbstainingLinkage(), on_skip=None)


def test_linkage_leaves_what_has_no_company_alone() -> None:
    rows = np.array([[1, 0, 0], [1, 0.1, 0], [0, 0, 1], [0, 1, 0.1], [0, 1, 0]])
    assert list(AbstainingLinkage(cut=0.9).fit(rows).labels_) == [0, 0, -1, 1, 1]


def test_identity_follows_the_members() -> None:
    before = [Known("P-01", frozenset("abcd")), Known("P-02", frozenset("efg"))]
    now = [Known("x", frozenset("abce")), Known("y", frozenset("fg")), Known("z", frozenset("hi"))]
    lineage = match_identity(before, now)
    assert lineage.kept == {"x": "P-01", "y": "P-02"}
    assert lineage.gone == ()


def test_splits_and_merges_are_recorded() -> None:
    whole, parts = [Known("P-01", frozenset("abcd"))], [
        Known("x", frozenset("ab")),
        Known("y", frozenset("cd")),
    ]  # fmt: skip
    assert match_identity(whole, parts).splits == {"P-01": ("x", "y")}
    halves = [Known("P-01", frozenset("ab")), Known("P-02", frozenset("cd"))]
    back = match_identity(halves, [Known("x", frozenset("abcd"))])
    assert back.merges == {"x": ("P-01", "P-02")}
    assert len(back.gone) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("nodes", "node"), ("shipped", "shipping"), ("retries", "retry"), ("expired", "expire")],
)
def test_forms_of_a_word_meet(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_records_without_a_single_word_are_in_no_pattern() -> None:
    found = mine([from_mapping({"id": name, "text": ""}) for name in ("a", "b", "c")])
    assert (found.patterns, found.unassigned) == ((), ("a", "b", "c"))
