"""Twelve families, each with templates that validate and whose cases come out as promised."""

import pytest

from mining.policy import catalogue, document
from mining.policy.candidates import NEEDS
from tests.mining.policy.rules import every_template, from_template

FAMILIES = (
    "provenance",
    "review-ownership",
    "contract-fuzz-property-tests",
    "progressive-delivery",
    "blast-radius",
    "policy-as-code-gates",
    "change-observability",
    "runtime-safeguards",
    "secure-ai-usage",
    "infra-sensitivity",
    "resilience-drills",
    "blameless-rca",
)
ENGINES = {"conftest", "github", "policybot", "kubernetes", "semgrep", "agents"}


def test_there_are_twelve_families_in_order() -> None:
    assert tuple(family.id for family in catalogue.families()) == FAMILIES


@pytest.mark.parametrize("family", catalogue.families(), ids=lambda family: family.id)
def test_a_family_says_what_it_is_for_and_what_it_cannot_do(family: catalogue.Family) -> None:
    assert len(family.templates) >= 2
    assert len(family.purpose) > 20
    assert len(family.cannot) > 20
    assert family.strength in catalogue.STRENGTHS
    assert family.checklist
    assert all(action.every_days > 0 for action in family.people)


@pytest.mark.parametrize("template", every_template(), ids=lambda template: template.id)
def test_a_template_gives_a_valid_document_with_its_cases(template: catalogue.Template) -> None:
    assert document.validate(from_template(template)) == []


@pytest.mark.parametrize("template", every_template(), ids=lambda template: template.id)
def test_the_cases_show_every_outcome(template: catalogue.Template) -> None:
    shown = {case["expect"] for case in template.cases}
    assert {"violation", "pass", "not_applicable", "unknown"} <= shown


@pytest.mark.parametrize("template", every_template(), ids=lambda template: template.id)
def test_a_case_that_comes_out_otherwise_is_refused(template: catalogue.Template) -> None:
    doc = from_template(template)
    case = doc["cases"][0]
    doc["cases"][0] = {**case, "expect": "violation" if case["expect"] == "pass" else "pass"}
    found = document.validate(doc)
    assert [problem.path for problem in found] == ["cases[0]"]


@pytest.mark.parametrize("template", every_template(), ids=lambda template: template.id)
def test_a_template_asks_only_for_what_exists(template: catalogue.Template) -> None:
    asked = {name for need in template.needs for name in need}
    assert asked <= set(NEEDS)
    assert set(template.engines) <= ENGINES
    assert template.causes
    assert "{" not in catalogue.filled_text(
        template.title + template.rationale + template.question,
        {"kinds": "k", "where": "w", "tier": "1", "n": "3", "of": "4", "pattern": "p"},
    )


def test_templates_and_bodies_are_distinct() -> None:
    docs = [from_template(template) for template in every_template()]
    assert len({doc["metadata"]["id"] for doc in docs}) == len(docs)
    assert len({document.identity(doc) for doc in docs}) == len(docs)


def test_only_leaves_of_the_taxonomy_call_for_a_template() -> None:
    from mining import taxonomy

    leaves = {leaf.id for leaf in taxonomy.load().leaves}
    called = {cause for template in every_template() for cause in template.causes}
    called |= {cause for kind in catalogue.kinds().values() for cause in kind.causes}
    assert called <= leaves


def test_a_scope_that_recurs_stands_in_the_rule_and_an_unknown_one_drops_out() -> None:
    template = catalogue.template("owner-approval")
    assert template is not None
    scoped = catalogue.fill_match(template, {"kinds": ("network",), "services": ("edge",)})
    wide = catalogue.fill_match(template, {"kinds": ("network",), "services": ()})
    assert scoped is not None
    assert wide is not None
    assert {"field": "service.name", "op": "in", "value": ["edge"]} in scoped["all"]
    assert "all" not in wide


def test_a_template_without_its_values_gives_nothing() -> None:
    template = catalogue.template("owner-approval")
    assert template is not None
    assert catalogue.fill_match(template, {"kinds": (), "services": ("edge",)}) is None
    assert catalogue.template("written-by-hand") is None
