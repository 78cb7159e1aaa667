"""`rca guardrails` and `rca guard history` against an instance."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlmodel import select

from mining.policy.document import parse, validate
from rca.cli import cli
from rca.services.guardrails import refresh_suggestions
from rca.store import migrate
from rca.store import tables as t
from rca.store.engine import make_engine, writing
from tests.conftest import NOW
from tests.people import make_people
from tests.services import guardrail_world as world


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An instance with proposals; gives the id of one."""
    monkeypatch.setenv("RCA_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    engine = make_engine(f"sqlite:///{tmp_path / 'home' / 'throughline.db'}")
    migrate.upgrade(engine, now=NOW)
    with writing(engine) as session:
        people = make_people(session, NOW)
        rows = [world.publish(session, people.ines, NOW) for _ in range(4)]
        world.run(session, NOW)
        world.pattern(session, rows)
        world.ledger(session, rows, NOW)
        refresh_suggestions(session, now=NOW)
        query = select(t.GuardrailRow.id).where(t.GuardrailRow.template == world.RULE)
        found = session.exec(query).one()
    engine.dispose()
    return found


def rca(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


def test_list_accept_export_reject(home: str, tmp_path: Path) -> None:
    listed = json.loads(rca("guardrails", "list", "--json").stdout)["guardrails"]
    assert home in {item["id"] for item in listed}
    assert all(item["interval95"][0] < 1 for item in listed)
    assert "4 of 4 incidents (95% 25% to 100%)" in rca("guardrails", "list").stdout
    done = rca("guardrails", "accept", home, "--owner", "Storefront", "--json")
    assert json.loads(done.stdout) == {"id": home, "decision": "accepted", "version": 2}
    (doc,) = parse(rca("guardrails", "export").stdout)
    assert validate(doc) == []
    out = tmp_path / "one.yaml"
    assert rca("guardrails", "export", "--out", str(out)).exit_code == 0
    assert parse(out.read_text()) == [doc]
    assert rca("guardrails", "reject", home).exit_code == 2
    assert rca("guardrails", "reject", home, "--reason", "Too loud.").exit_code == 0
    assert rca("guardrails", "list", "--status", "accepted").stdout.startswith("No guardrail")


def test_an_empty_export_is_valid_and_said(home: str) -> None:
    done = rca("guardrails", "export")
    assert done.exit_code == 0
    assert parse(done.stdout) == []
    assert "No accepted guardrail" in done.stderr


def test_all_packs_by_one_command(home: str, tmp_path: Path) -> None:
    out = tmp_path / "packs"
    done = rca("guardrails", "export", "--target", "all", "--status", "all", "--out", str(out))
    coverage = json.loads((out / "coverage.json").read_text())
    lossy = [e for e in coverage["coverage"] if e["coverage"] in ("looser", "dropped")]
    assert done.exit_code == (1 if lossy else 0)
    assert all(entry["rule"] in done.stderr for entry in lossy)
    for name in ("conftest/policy/guardrails.rego", "github/ruleset.json", "agents/AGENTS.md"):
        assert (out / name).is_file()
    more = ("--status", "all", "--out", str(out), "--allow-lossy")
    assert rca("guardrails", "export", "--target", "all", *more).exit_code == 0
    assert rca("guardrails", "export", "--target", "agents", "--status", "all").exit_code == 0


def test_what_is_wrong_ends_in_two(home: str) -> None:
    for words in (("accept", "gr-none"), ("export", "--target", "gatekeeper")):
        done = rca("guardrails", *words)
        assert done.exception is not None


def test_history_for_the_gate(home: str) -> None:
    services = json.loads(rca("guard", "history").stdout)["services"]
    assert len(services["checkout"]) <= 5
    assert "/postmortems/INC-" in services["checkout"][-1]
