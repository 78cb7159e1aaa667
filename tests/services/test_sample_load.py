"""Loading the sample company: once, whole, on both databases, and never into other records."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, func
from sqlmodel import Session, select

from rca.cli import sample as sample_cli
from rca.cli.context import Home, open_home
from rca.config import Settings
from rca.domain.access import OPERATOR
from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import Role, Status
from rca.errors import NotNow
from rca.services import accounts, authoring, sample
from rca.services.ledger import change_records
from rca.services.listing import list_postmortems
from rca.services.sample_files import read_postmortems
from rca.store import audit
from rca.store import tables as t
from rca.store.engine import make_engine, reading, writing
from rca.store.postmortems import load_contents
from tests.conftest import NOW


def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url="sqlite://")


def count(session: Session, table: type[t.PostmortemRow]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def add_own(session: Session, now: datetime) -> str:
    content = PostmortemContent(title="Ours: search is down")
    return authoring.create(session, viewer=OPERATOR, content=content, now=now).reference


@dataclass(frozen=True)
class Loaded:
    """A database after the first load, and what that said."""

    engine: Engine
    counts: dict[str, int]
    steps: list[str]


def load(engine: Engine, folder: Path) -> Loaded:
    steps: list[str] = []
    counts = sample.load(
        engine, settings(folder), now=NOW, progress=lambda step, *_: steps.append(step)
    )
    return Loaded(engine, dict(counts), steps)


def test_it_loads_whole_and_a_second_time_adds_nothing(first: Loaded, tmp_path: Path) -> None:
    holds_everything(first, tmp_path, changes=3_200, linked=30)


@pytest.mark.long
def test_postgresql_loads_it_whole_too(postgresql_emptied: Engine, tmp_path: Path) -> None:
    holds_everything(load(postgresql_emptied, tmp_path), tmp_path, changes=3_200, linked=30)


@pytest.mark.usefixtures("small")
def test_postgresql_loads_some(postgresql_emptied: Engine, tmp_path: Path) -> None:
    holds_everything(load(postgresql_emptied, tmp_path), tmp_path, changes=30, linked=1)


def holds_everything(first: Loaded, folder: Path, *, changes: int, linked: int) -> None:
    """All of the sample's files are there as they were written, once, on the record."""
    engine, counts = first.engine, first.counts
    items = {item.reference: item for item in sample.read_postmortems()}
    assert counts["postmortems"] == len(items)
    assert counts["changes"] >= changes
    assert (counts["services"], counts["accounts"], counts["kept"]) == (8, 10, 0)
    assert first.steps[0] == "Reading the sample company"
    assert first.steps[-1] == "Done"

    second = sample.load(engine, settings(folder), now=NOW)
    assert set(second.values()) == {0}

    with reading(engine) as session:
        rows = {row.reference: row for row in session.exec(select(t.PostmortemRow))}
        assert {name: row.status for name, row in rows.items()} == {
            name: item.status.value for name, item in items.items()
        }
        contents = load_contents(session, rows.values())
        for name, item in items.items():
            stored = contents[rows[name].id]
            assert stored.model_copy(update={"participants": []}) == item.content.model_copy(
                update={"participants": []}
            )
        assert audit.first_broken(session) is None
        assert session.exec(select(func.count()).select_from(t.Job)).one() == 0
        assert sample.is_loaded(session)
        assert sample.others(session) == 0
        assert sum(bool(record["incidents"]) for record in change_records(session)) >= linked


@pytest.fixture(scope="module")
def first(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """One loaded SQLite database that the tests below only read, or load again in vain."""
    folder = tmp_path_factory.mktemp("sample")
    shutil.copy(sqlite_template, folder / "sample.db")
    made = make_engine(f"sqlite:///{folder / 'sample.db'}")
    yield load(made, folder)
    made.dispose()


@pytest.fixture
def loaded(first: Loaded) -> Engine:
    return first.engine


def test_published_ones_carry_the_revision_that_readers_see(loaded: Engine) -> None:
    published = t.PostmortemRow.status == Status.PUBLISHED.value
    with reading(loaded) as session:
        for row in session.exec(select(t.PostmortemRow).where(published)):
            revision = session.exec(
                select(t.Revision).where(
                    t.Revision.postmortem_id == row.id,
                    t.Revision.number == row.published_number,
                )
            ).one()
            assert revision.content_hash == row.content_hash == row.approved_hash
            assert row.approved_by != row.created_by
            assert row.created_at <= row.approved_at <= row.published_at


def test_the_audit_trail_tells_it_in_the_order_of_time(loaded: Engine) -> None:
    query = select(t.AuditEvent.at).where(t.AuditEvent.object_kind == "postmortem")
    with reading(loaded) as session:
        times = session.exec(query.order_by(t.AuditEvent.seq)).all()
    assert len(times) > 250
    assert list(times) == sorted(times)


def test_restricted_ones_are_seen_by_their_members_only(loaded: Engine) -> None:
    with reading(loaded) as session:
        seen = {}
        for name in ("marta", "teo", "ilse"):
            viewer = accounts.viewer_of(accounts.find_user(session, name))
            seen[name] = list_postmortems(session, viewer=viewer).total
    assert seen["teo"] == len(read_postmortems()) - 2
    assert seen["ilse"] == seen["marta"] == seen["teo"] + 1


def test_accounts_have_roles_and_no_password(loaded: Engine) -> None:
    with reading(loaded) as session:
        users = session.exec(select(t.User.role, t.User.password_hash)).all()
    assert {role for role, _ in users} == {role.value for role in Role}
    assert {password for _, password in users} == {""}


def test_catalogue_has_tiers_dependencies_and_overdue_drills(loaded: Engine) -> None:
    with reading(loaded) as session:
        tiers = sorted(session.exec(select(t.Service.tier)).all())
        drills = session.exec(select(t.Drill.planned_at, t.Drill.recovered_at)).all()
        needs = session.exec(select(func.count()).select_from(t.ServiceDependency)).one()
    assert tiers == [0, 0, 0, 1, 1, 1, 2, 3]
    assert sum(planned < NOW and not recovered for planned, recovered in drills) == 2
    assert sum(recovered is not None for _, recovered in drills) >= 5
    assert needs >= 9


def test_what_shipped_before_is_linked_and_has_no_relation(loaded: Engine) -> None:
    with reading(loaded) as session:
        query = select(t.Link.relation).where(t.Link.method == "temporal")
        relations = session.exec(query).all()
    assert len(relations) >= 20
    assert set(relations) == {None}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """A sample of five records and a few changes, for tests of what is around the load."""
    few = tuple(item for item in read_postmortems() if item.reference.startswith("INC-2026-000"))
    monkeypatch.setattr(sample, "read_postmortems", lambda: few[:5])
    monkeypatch.setattr("rca.services.sample_changes.PER_WORKDAY", 0.1)
    return 5


@pytest.mark.usefixtures("small")
def test_references_that_other_records_hold_are_left_to_them(
    sqlite_engine: Engine, tmp_path: Path, now: datetime
) -> None:
    with writing(sqlite_engine) as session:
        own = add_own(session, now)
    assert own == "INC-2026-0001"
    counts = sample.load(sqlite_engine, settings(tmp_path), now=now)
    assert (counts["postmortems"], counts["kept"]) == (4, 1)
    with reading(sqlite_engine) as session:
        query = select(t.PostmortemRow.title).where(t.PostmortemRow.reference == own)
        assert session.exec(query).one() == "Ours: search is down"
        assert sample.others(session) == 1


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Home:
    monkeypatch.setenv("RCA_HOME", str(tmp_path / "instance"))
    monkeypatch.delenv("RCA_DATABASE_URL", raising=False)
    return open_home()


def test_the_command_says_what_it_added(home: Home, small: int) -> None:
    done = CliRunner().invoke(sample_cli.command, ["--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["postmortems"] == small
    again = CliRunner().invoke(sample_cli.command, [])
    assert "here already" in again.output


@pytest.mark.usefixtures("small")
def test_the_command_refuses_an_instance_with_other_records(home: Home, now: datetime) -> None:
    with home.writing() as session:
        add_own(session, now)
    refused = CliRunner().invoke(sample_cli.command, [])
    assert isinstance(refused.exception, NotNow)
    assert "1 postmortem" in str(refused.exception)
    with home.reading() as session:
        assert count(session, t.PostmortemRow) == 1
    forced = CliRunner().invoke(sample_cli.command, ["--force"])
    assert forced.exit_code == 0, forced.output
    assert "1 reference" in forced.output


def test_filling_a_demo_mines_once_and_keeps_what_people_wrote(
    home: Home, small: int, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[datetime] = []

    class Summary:
        records, patterns = 3, 1

    def mine(engine: Engine, *, now: datetime, progress: object) -> Summary:
        runs.append(now)
        with writing(engine) as session:
            run = t.MiningRun(started_at=now, finished_at=now, data_digest="x")
            session.add(run)
        return Summary()

    monkeypatch.setattr("rca.services.mining.mine_now", mine)
    sample_cli.fill(home)
    with home.writing() as session:
        add_own(session, now)
    sample_cli.fill(home)
    assert len(runs) == 1
    with home.reading() as session:
        assert count(session, t.PostmortemRow) == small + 1
