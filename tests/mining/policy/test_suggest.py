"""From recurring causes to rules: enough evidence, distinct bodies, honest counts."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from mining.policy import catalogue, document
from mining.policy.evidence import MemberEvidence, PatternEvidence, SuggestSettings
from mining.policy.suggest import Suggestion, has_grown, suggest
from tests.mining.policy.rules import every_template

NOW = datetime(2026, 10, 5, tzinfo=UTC)
AI = (("code", "evidenced", "contributed"),)
NO_AI = (("code", "attested_none", ""),)


def member(number: int, **changes: Any) -> MemberEvidence:
    found = MemberEvidence(
        id=f"INC-{number}",
        severity="SEV2",
        ai=NO_AI,
        services=("checkout",),
        tiers=(1,),
        trigger="config_push",
        factor_classes=("config_change",),
        change_kinds=("config",),
    )
    return replace(found, **changes)


def pattern(
    count: int = 4, *, cause: str = "config_change", name: str = "P-1", **changes: Any
) -> PatternEvidence:
    changes = {"factor_classes": (cause,), **changes}
    members = tuple(member(number, **changes) for number in range(1, count + 1))
    return PatternEvidence(name, f"pattern of {cause}", (cause,), members, "run-1", 0.8)


def found(*patterns: PatternEvidence, **settings: Any) -> list[Suggestion]:
    return suggest(patterns, now=NOW, settings=SuggestSettings(**settings))


def test_a_suggestion_is_a_valid_proposed_document() -> None:
    for item in found(pattern()):
        assert document.validate(item.document) == []
        assert item.document["metadata"]["status"] == "proposed"
        assert item.document["spec"]["mode"] == "audit"
        assert item.document["evidence"]["stats"] == {
            "state": "not_estimable",
            "reason": "no-ledger",
        }
        assert item.answers == ("INC-1", "INC-2", "INC-3", "INC-4")
        assert item.counterfactual.endswith("?")


def test_too_little_evidence_suggests_nothing() -> None:
    assert found(pattern(2)) == []
    assert found(pattern(1, severity="SEV1")) == []
    assert found() == []
    assert found(pattern(6, cause="sunspots")) == []


def test_two_are_enough_when_one_is_of_the_gravest() -> None:
    assert {item.strength for item in found(pattern(2, severity="SEV1"))} == {"thin"}


def test_the_same_incident_twice_counts_once() -> None:
    once = pattern(2)
    assert found(replace(once, members=once.members * 3)) == []


def test_ai_rules_need_known_ai() -> None:
    def asks_of_ai(items: list[Suggestion]) -> set[str]:
        return {
            item.template
            for item in items
            if any(
                leaf["field"] == "ai.influenced"
                for leaf in item.document["spec"]["match"].get("all", ())
            )
        }

    assert asks_of_ai(found(pattern(ai=NO_AI), max_per_pattern=9)) == set()
    assert asks_of_ai(found(pattern(ai=()), max_per_pattern=9)) == set()
    assert asks_of_ai(
        found(pattern(ai=(("code", "suspected", "unclear"),)), max_per_pattern=9)
    ) <= {
        "ai-secret-scan-clean",
        "ai-review-not-overdue",
    }
    assert len(asks_of_ai(found(pattern(ai=AI), max_per_pattern=9))) >= 2


def test_what_is_not_known_is_listed_and_never_counted() -> None:
    known = pattern(4, ai=AI)
    mixed = replace(
        known,
        members=(*known.members, member(5, ai=()), member(6, ai=NO_AI)),
    )
    item = next(
        i for i in found(mixed, max_per_pattern=9) if i.template == "ai-two-owner-approvals"
    )
    assert item.n == 4
    assert item.of == 6
    assert item.cannot_tell == ("INC-5",)
    assert item.not_touched == ("INC-6",)
    low, high = item.interval
    assert 0.2 < low < 4 / 6 < high < 0.95


def test_a_scope_stands_in_the_rule_only_when_it_recurs() -> None:
    spread = replace(
        pattern(4),
        members=tuple(member(n, services=(f"s{n}",)) for n in range(1, 5)),
    )
    scoped = [
        leaf for item in found(pattern()) for leaf in item.document["spec"]["match"].get("all", ())
    ]
    wide = [
        leaf for item in found(spread) for leaf in item.document["spec"]["match"].get("all", ())
    ]
    assert any(leaf["field"] == "service.name" for leaf in scoped)
    assert not any(leaf["field"] == "service.name" for leaf in wide)


def test_patterns_of_different_meaning_never_share_a_body() -> None:
    causes = sorted(
        {cause for family in catalogue.families() for t in family.templates for cause in t.causes}
    )
    patterns = [
        pattern(5, cause=cause, name=f"P-{index}", change_kinds=catalogue.kinds_of((cause,)), ai=AI)
        for index, cause in enumerate(causes)
    ]
    items = suggest(patterns, now=NOW)
    bodies = [document.identity(item.document) for item in items]
    assert len(bodies) == len(set(bodies))
    assert len(items) > len(causes)
    for one, other in pairwise(items):
        assert one.document["metadata"]["id"] != other.document["metadata"]["id"]


def test_one_body_called_for_twice_comes_once_with_both_evidences() -> None:
    other = replace(
        pattern(4, name="P-2"),
        members=tuple(member(number) for number in range(11, 15)),
    )
    merged = found(pattern(), other)
    alone = found(pattern())
    assert [item.template for item in merged] == [item.template for item in alone]
    assert all(item.n == 8 for item in merged)
    assert all(item.pattern_ids == ("P-1", "P-2") for item in merged)
    assert any("also called for by: P-2" in reason for reason in merged[0].reasons)


def test_the_result_does_not_depend_on_order() -> None:
    one, two = pattern(), pattern(5, cause="datastore", name="P-2", change_kinds=("schema",))
    turned = replace(one, members=tuple(reversed(one.members)))
    assert found(one, two) == found(two, turned)


def test_an_id_fits_its_column_and_stays_the_same() -> None:
    first, again = found(pattern()), found(pattern())
    assert [i.document["metadata"]["uid"] for i in first] == [
        i.document["metadata"]["uid"] for i in again
    ]
    assert all(len(i.document["metadata"]["id"]) <= 63 for i in first)


def test_strength_is_a_word_about_the_evidence() -> None:
    words = {
        "thin": found(pattern(2, severity="SEV1")),
        "fair": found(pattern(3)),
        "firm": found(pattern(8)),
    }
    for word, items in words.items():
        assert {item.strength for item in items} == {word}
    assert {i.strength for i in found(pattern(8, unconfirmed=True))} == {"fair"}
    assert {i.strength for i in found(replace(pattern(8), stability=None))} == {"fair"}


@pytest.mark.parametrize(
    "name", ["a\u202eb", "{kinds} {pattern}", "x" * 900, "", "line\nline", "\x1b[0m"]
)
def test_a_hostile_pattern_name_gives_a_valid_document(name: str) -> None:
    for item in found(replace(pattern(), name=name)):
        assert document.validate(item.document) == []
        assert document.parse(document.render([item.document])) == [item.document]


def test_growth_is_a_new_incident_not_a_new_count() -> None:
    item = found(pattern(4))[0]
    assert not has_grown(item, ["INC-1", "INC-2", "INC-3", "INC-4"])
    assert has_grown(item, ["INC-1", "INC-2", "INC-3", "INC-9"])


@pytest.mark.parametrize("template", every_template(), ids=lambda template: template.id)
def test_no_template_is_dead(template: catalogue.Template) -> None:
    """Some pattern calls for it and for no better one of its family."""
    tried = (
        item.template
        for cause in template.causes
        for turn in range(4)
        for item in found(_made_for(template, cause, turn), max_per_pattern=12)
    )
    assert template.id in tried


def _made_for(template: catalogue.Template, cause: str, turn: int) -> PatternEvidence:
    wanted: dict[str, Any] = {
        "factor_classes": (cause,),
        "ai": (),
        "tiers": (0,),
        "change_kinds": tuple(template.example.get("kinds", ())),
        "trigger": "",
    }
    for need in template.needs:
        options = need.get("any", [need])
        for name, asked in options[turn % len(options)].items():
            wanted.update(_answer(name, asked, wanted, turn))
    return pattern(5, cause=cause, **wanted)


def _answer(name: str, asked: Any, wanted: dict[str, Any], turn: int) -> dict[str, Any]:
    if name == "ai":
        surfaces = asked.get("surfaces") or ["code"]
        row = (surfaces[turn % len(surfaces)], asked["states"][0], asked["effects"][0])
        return {"ai": (row,)}
    if name == "aiUnknown":
        return {"ai": (("code", "unknown", ""),)}
    if name == "factor":
        return {"factor_classes": (*wanted["factor_classes"], asked[0])}
    if name in ("trigger", "detection", "gap"):
        column = {"detection": "detection_method", "gap": "detection_gap"}.get(name, name)
        return {column: asked[turn % len(asked)]}
    return {"change_kinds": tuple(asked)} if name == "kinds" else {}


def test_never_asked_about_ai_speaks_for_no_rule() -> None:
    """An import holds no answers; that nobody asked is no evidence that nobody could tell."""
    evidence = pattern(5, cause="code_defect", ai=(), change_kinds=("code",), tiers=(0,))
    assert not [item for item in found(evidence, max_per_pattern=12) if "ai" in item.template]


def test_evidence_never_crosses_organisations() -> None:
    one = pattern(3, cause="code_defect", change_kinds=("code",), tiers=(0,))
    other = replace(one, pattern_id="P-99", organisation="elsewhere")
    for item in suggest([one, other], now=NOW):
        assert len(item.pattern_ids) == 1, item.title
