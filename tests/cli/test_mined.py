"""`rca patterns`, `rca findings` and `rca themes`: empty, filled, asked for something odd."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rca.cli import cli
from rca.cli.findings import _number
from rca.errors import NotFound
from rca.services.mining import mine_now
from rca.store import migrate
from rca.store.engine import make_engine, writing
from tests.conftest import NOW
from tests.people import make_people
from tests.services.test_findings_kept import catalogue, content
from tests.services.test_mining_runs import publish


def rca(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of an instance that does not exist yet."""
    monkeypatch.setenv("RCA_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def mined(home: Path) -> None:
    """Thirty published postmortems and a run over them."""
    home.mkdir()
    engine = make_engine(f"sqlite:///{home / 'throughline.db'}")
    migrate.upgrade(engine, now=NOW)
    with writing(engine) as session:
        people = make_people(session, NOW)
        catalogue(session)
        for number in range(30):
            publish(session, people, content(number), NOW)
    mine_now(engine, now=NOW)
    engine.dispose()


@pytest.mark.usefixtures("home")
def test_before_any_run_each_says_what_to_do_and_data_stays_data() -> None:
    for name in ("patterns", "findings", "themes"):
        done = rca(name)
        assert (done.exit_code, done.stdout) == (0, "No mining run yet. Run `rca mine`.\n"), name
        asked = rca(name, "--json")
        assert json.loads(asked.stdout)[name] == []
        assert "rca mine" in asked.stderr
    rows = list(csv.DictReader(io.StringIO(rca("findings", "--csv").stdout)))
    assert rows == []


@pytest.mark.usefixtures("mined")
def test_findings_are_told_with_what_they_rest_on() -> None:
    told = rca("findings", "--limit", "200").stdout
    assert "15 of 15  0 of 15" in told
    assert "Supported" in told
    assert "comparisons over 30 published postmortems." in told
    found = json.loads(rca("findings", "--verdict", "supported", "--json").stdout)
    assert {row["verdict"] for row in found["findings"]} == {"supported"}
    assert found["run"]["records"] == 30
    best = next(row for row in found["findings"] if "Customer report" in row["answer"])
    assert (best["here"], best["here_n"], best["there"], best["there_n"]) == (15, 15, 0, 15)
    assert best["odds_ratio"] is None
    assert best["interval95"][0] > 1
    about = rca("findings", "--cause", best["subject"]["id"]).stdout
    assert "about it; all in all" in about, "its figures are no share of every comparison"
    asked = rca("findings", "--question", "tier", "--csv")
    rows = list(csv.DictReader(io.StringIO(asked.stdout)))
    assert {row["question"] for row in rows} == {"tier"}
    assert "comparisons" in asked.stderr


@pytest.mark.usefixtures("mined")
def test_what_does_not_exist_is_refused_and_what_matches_nothing_is_said() -> None:
    for unknown in (("--cause", "bad_luck"), ("--pattern", "P-99")):
        assert isinstance(rca("findings", *unknown).exception, NotFound), unknown
    assert rca("findings", "--json", "--csv").exit_code == 2
    none = rca("findings", "--cause", "dns", "--verdict", "supported")
    assert none.exit_code == 0
    assert none.stdout.startswith("Nothing matches.")
    assert rca("themes").stdout == "Themes need 100 records; there are 30.\n"


def test_a_small_odds_ratio_is_not_rounded_to_none() -> None:
    told = [_number(value, "∞") for value in (0.04, 0.0, 3.26, 1234.0, None)]
    assert told == ["0.04", "0.0", "3.3", "1,234", "∞"]
