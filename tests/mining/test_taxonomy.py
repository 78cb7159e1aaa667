"""The one taxonomy: complete, two levels, and replaceable by another organisation's classes."""

import json
from pathlib import Path

import pytest

from mining import taxonomy
from mining.policy import catalogue
from mining.taxonomy import TaxonomyError
from tests.conftest import run_python

MINING_IDS = {
    "config_change", "code_defect", "deploy_upgrade_migration", "capacity_overload_exhaustion",
    "hard_limit_overflow", "expiry_credential_lifecycle", "time_leap_clock",
    "third_party_dependency", "hardware_power", "network_fault", "datastore", "security",
    "operator_action", "automation_misfire", "concurrency_race_deadlock", "monitoring_gap",
    "recovery_failover_failure", "cascade_retry_storm", "testing_validation_gap",
    "process_knowledge_gap", "dns",
}  # fmt: skip


def test_every_id_that_the_rest_of_the_product_uses_is_a_leaf() -> None:
    leaves = {leaf.id for leaf in taxonomy.load().leaves}
    families = catalogue.families()
    asked = {cause for f in families for template in f.templates for cause in template.causes}
    asked |= {cause for kind in catalogue.kinds().values() for cause in kind.causes}
    assert leaves >= MINING_IDS
    assert leaves >= asked


def test_leaves_are_described_and_crossed_to_each_source() -> None:
    for leaf in taxonomy.load().leaves:
        assert len(leaf.description) > 30, leaf.id
        assert set(leaf.maps) == {"google", "socc22", "atlarge", "icco"}, leaf.id
        assert leaf.cues["strong"] or not leaf.scored, leaf.id


def test_ai_is_no_cause() -> None:
    assert not [leaf for leaf in taxonomy.load().leaves if leaf.id.startswith("ai")]


def test_choices_hold_every_leaf_once_under_its_group() -> None:
    listed = [key for _, leaves in taxonomy.choices() for key, _ in leaves]
    assert sorted(listed) == sorted(leaf.id for leaf in taxonomy.load().leaves)


def test_rows_of_another_organisation_are_read(tmp_path: Path) -> None:
    path = tmp_path / "classes.jsonl"
    path.write_text(json.dumps({"id": "X", "name": "Mishap", "description": "Bad luck."}) + "\n")
    found = taxonomy.read(path)
    assert found.foreign
    assert [leaf.id for leaf in found.leaves] == ["X"]


@pytest.mark.parametrize(
    ("text", "word"),
    [("[]", "no classes"), ('[{"name": "no id"}]', "without an id"), ("{a", "readable")],
)
def test_a_broken_taxonomy_says_what_is_wrong(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "classes.yaml"
    path.write_text(text)
    with pytest.raises(TaxonomyError, match=word):
        taxonomy.read(path)


def test_a_form_gets_its_choices_without_numeric_libraries() -> None:
    told = run_python(
        "import sys; import mining.taxonomy as t; t.choices();"
        "print([m for m in ('numpy', 'sklearn', 'pandas', 'scipy') if m in sys.modules])"
    )
    assert told.strip() == "[]"
