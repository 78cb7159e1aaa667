"""Every rule carries sentences that it must hit and sentences that must stay untouched."""

import pytest

from rca.blameless import CATEGORIES, Options, Reviewer
from rca.blameless.lexicon import Rule, load
from rca.blameless.pattern import PatternError, compile_pattern

RULES = load(clarity=True).rules
HITS = [(rule, text) for rule in RULES for text in rule.hits]
MISSES = [(rule, text) for rule in RULES for text in rule.misses]


@pytest.fixture(scope="module")
def reviewer() -> Reviewer:
    return Reviewer()


@pytest.fixture(scope="module")
def with_clarity() -> Reviewer:
    return Reviewer(Options(clarity=True))


def _named(value: object) -> str | None:
    return value.id if isinstance(value, Rule) else None


@pytest.mark.parametrize(("rule", "text"), HITS, ids=_named)
def test_must_hit(rule: Rule, text: str, reviewer: Reviewer, with_clarity: Reviewer) -> None:
    reader = with_clarity if rule.family == "clarity" else reviewer
    found = reader.review(text).findings
    assert [finding.rule for finding in found] == [rule.id]
    assert found[0].excerpt == text[found[0].start : found[0].end]
    assert found[0].category == rule.category


@pytest.mark.parametrize(("rule", "text"), MISSES, ids=_named)
def test_must_miss(rule: Rule, text: str, reviewer: Reviewer, with_clarity: Reviewer) -> None:
    reader = with_clarity if rule.family == "clarity" else reviewer
    assert [(f.rule, f.excerpt) for f in reader.review(text).findings] == []


def test_every_rule_has_examples_a_reason_and_a_question() -> None:
    for rule in RULES:
        assert len(rule.hits) >= 1, rule.id
        assert len(rule.misses) >= 1, rule.id
        assert rule.message.endswith("."), rule.id
        assert rule.question.endswith("?"), rule.id


def test_every_category_has_rules_and_ids_are_unique() -> None:
    assert {rule.category for rule in RULES} == {*CATEGORIES, "clarity"}
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_clarity_is_silent_unless_asked_for(reviewer: Reviewer) -> None:
    assert not [rule for rule in load().rules if rule.family == "clarity"]
    assert reviewer.review("Improve monitoring.").findings == ()


def test_the_mirror_of_ai_scapegoating_is_a_human_error_rule() -> None:
    assert load().rule("ai-mirror").category == "human-error"


@pytest.mark.parametrize(
    ("pattern", "words"),
    [("^a ^b", "at most one anchor"), ("?a b", "anchor must be"), ("a @nothing", "no list"),
     ("a #nothing", "no shape"), ("<person> ^a", "left of the anchor")],
)  # fmt: skip
def test_a_pattern_that_can_not_work_is_refused(pattern: str, words: str) -> None:
    with pytest.raises(PatternError, match=words):
        compile_pattern(pattern, {}, load().shapes)
