"""The project's own gate: what `make guard` runs, and that it can fail."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mining.policy.document import parse, validate
from rca.cli.guard import command
from tests.gate.test_guard_check import Repo

ROOT = Path(__file__).parents[2]
OWN = ROOT / ".guardrails"


@pytest.fixture
def own(tmp_path: Path) -> Repo:
    """A repository with our folder of guardrails and a first migration."""
    place = tmp_path / "repo"
    place.mkdir()
    made = Repo(place)
    shutil.copytree(OWN, place / ".guardrails", dirs_exist_ok=True)
    made.write("rca/store/migrations/versions/0001_first.py", "revision = '0001'\n")
    made.commit("Base")
    made.base = made.git("rev-parse", "HEAD").strip()
    return made


def check(repo: Repo) -> Result:
    """As in the Makefile."""
    args = ["check", "--policies", str(repo.path / ".guardrails"), "--validate"]
    return CliRunner().invoke(command, [*args, "--repo", str(repo.path), "--base", repo.base])


def test_our_rules_are_valid_and_two_of_them_enforce() -> None:
    docs = parse((OWN / "guardrails.yaml").read_text())
    assert [problem for doc in docs for problem in validate(doc)] == []
    assert sum(doc["spec"]["mode"] == "enforce" for doc in docs) == 2


def test_make_test_runs_the_gate() -> None:
    assert (ROOT / "Makefile").read_text().count("lint types guard\n") == 2


def test_an_ordinary_change_passes(own: Repo) -> None:
    own.write("rca/store/tables/more.py", "x = 1\n")
    own.write("rca/store/migrations/versions/0009_more.py", "revision = '0009'\n")
    own.commit("feat: a column")
    done = check(own)
    assert done.exit_code == 0, done.output
    assert "3 pass" in done.stdout


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("rca/store/migrations/versions/0001_first.py", "gr-own-frozen-first-migration"),
        ("docs/site.pem", "gr-own-no-key-files"),
    ],
)
def test_a_planted_violation_fails_it(own: Repo, path: str, rule: str) -> None:
    own.write(path, "planted\n")
    own.commit("fix: planted")
    done = check(own)
    assert done.exit_code == 1
    assert f"violation [enforce] {rule}" in done.stdout


def test_what_only_warns_lets_through(own: Repo) -> None:
    own.write("rca/store/tables/more.py", "x = 1\n")
    own.commit("feat: a column without its migration")
    done = check(own)
    assert done.exit_code == 0
    assert "violation [warn] gr-own-tables-with-migration" in done.stdout
