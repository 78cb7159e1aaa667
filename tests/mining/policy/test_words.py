"""Rules in plain words."""

from typing import Any

import pytest

from mining.policy.words import in_words, leaf_words
from tests.mining.policy.rules import every_template, from_template, matching, rule


def test_a_rule_in_words() -> None:
    words = in_words(rule())
    assert words.when == (
        "AI had a part in the change: yes",
        "Paths changed: any like **/auth/** or infra/**",
    )
    assert words.unless == ("Type of change: revert",)
    assert words.asks == ("Approvals by the owning team: at least 2",)


@pytest.mark.parametrize(
    ("leaf", "words"),
    [
        ({"field": "repo", "op": "notIn", "value": ["a", "b"]}, "Repository: none of a and b"),
        ({"field": "flags", "op": "anyGlob", "value": ["**"]},
         "Feature flags that guard the change: at least one"),
        ({"field": "repo", "op": "exists"}, "Repository: given"),
        ({"field": "at", "op": "window",
          "value": {"tz": "Europe/Berlin", "days": ["fri"], "from": "15:00", "to": "24:00"}},
         "Time of the change or deploy: between 15:00 and 24:00 (Europe/Berlin) on Friday"),
    ],
)  # fmt: skip
def test_a_comparison_in_words(leaf: dict[str, Any], words: str) -> None:
    assert leaf_words(leaf) == words


def test_alternatives_of_one_fact_are_joined() -> None:
    kinds = [{"field": "change.kinds", "op": "contains", "value": k} for k in ("auth", "config")]
    assert in_words(matching({"any": kinds})).when == (
        "Kinds of change: auth or config among them",
    )


def test_every_template_has_words_without_a_field_name() -> None:
    for template in every_template():
        words = in_words(from_template(template))
        assert words.when
        assert words.asks
        assert not any("." in part.split(":")[0] for part in (*words.when, *words.asks))
