"""Exported files in the validators of the engines' own people."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from mining.policy.exporters import github
from tests.engines import engine
from tests.mining.policy.exporters.test_packs import all_docs, files, two_owners
from tests.mining.policy.rules import every_template, from_template

Doc = dict[str, Any]


def _run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=120
    )


def _tool(name: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return _run(Path(sys.executable).with_name(name), *words)


def _written(folder: Path, target: str, docs: list[Doc]) -> Path:
    for name, text in files(docs, target).items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def github_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The GitHub pack of every template, on disk."""
    return _written(tmp_path_factory.mktemp("pack"), "github", [*all_docs(), two_owners()])


def test_workflows_fit_githubs_schema_and_a_wrong_one_does_not(
    github_pack: Path, tmp_path: Path
) -> None:
    flows = sorted((github_pack / ".github/workflows").iterdir())
    assert len(flows) == 2
    done = _tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *flows)
    assert done.returncode == 0, done.stdout
    bad = yaml.safe_load(flows[0].read_text())
    next(iter(bad["jobs"].values()))["steps"] = "none"
    (tmp_path / "bad.yml").write_text(yaml.safe_dump(bad))
    done = _tool(
        "check-jsonschema", "--builtin-schema", "vendor.github-workflows", tmp_path / "bad.yml"
    )
    assert done.returncode == 1


def test_the_gitlab_job_fits_gitlabs_schema(github_pack: Path) -> None:
    job = github_pack / "gitlab/guardrails.gitlab-ci.yml"
    done = _tool("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", job)
    assert done.returncode == 0, done.stdout


def test_zizmor_finds_nothing_and_would_find_a_careless_workflow(
    github_pack: Path, tmp_path: Path
) -> None:
    flows = github_pack / ".github/workflows"
    done = _tool("zizmor", "--offline", "--no-progress", "--persona=pedantic", flows)
    assert done.returncode == 0, done.stdout + done.stderr
    text = (flows / "guardrails.yml").read_text()
    careless = text.replace("  pull_request:\n", "  pull_request_target:\n", 1)
    careless = re.sub(r"checkout@[0-9a-f]{40}", "checkout@v5", careless)
    (tmp_path / "careless.yml").write_text(careless)
    done = _tool("zizmor", "--offline", "--no-progress", tmp_path / "careless.yml")
    assert done.returncode != 0
    assert "dangerous-triggers" in done.stdout
    assert "unpinned-uses" in done.stdout


def test_the_hook_is_a_shell_script(github_pack: Path) -> None:
    assert _run("sh", "-n", github_pack / "hooks/pre-push").returncode == 0


def test_the_gate_that_the_workflow_installs_is_this_version() -> None:
    project = tomllib.loads((Path(__file__).parents[4] / "pyproject.toml").read_text())["project"]
    assert f"{project['name']}=={project['version']}" == github.PACKAGE


def test_semgreps_own_tests_are_counted_and_a_wrong_annotation_fails(tmp_path: Path) -> None:
    docs = [from_template(t) for t in every_template() if t.semgrep]
    good, bad = (_written(tmp_path / name, "semgrep", docs) for name in ("good", "bad"))
    home = engine("semgrep")
    schema = next(home.glob("lib/python*/site-packages/semgrep/semgrep_interfaces/rule_schema_v1.yaml"))  # fmt: skip
    done = _tool("check-jsonschema", "--schemafile", schema, good / "guardrails.yaml")
    assert done.returncode == 0, done.stdout
    source = bad / "guardrails.py"
    source.write_text(source.read_text().replace("# ok:", "# ruleid:", 1))
    said = _run(home / "bin/semgrep", "--test", "--json", tmp_path, "--metrics=off", "--disable-version-check")  # fmt: skip
    # The exit code alone has been 0 after a crash, so results are counted.
    results = json.loads(said.stdout)["results"]
    passed = {
        Path(place).parent.name: [check["passed"] for check in found["checks"].values()]
        for place, found in results.items()
    }
    rules = yaml.safe_load((good / "guardrails.yaml").read_text())["rules"]
    assert passed["good"] == [True] * len(rules)
    assert passed["bad"].count(False) == 1
