"""The change ledger: each change once, reverts found, sync that goes on where it stopped."""

import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from rca.domain.access import OPERATOR
from rca.domain.change import ChangeRecord
from rca.errors import Forbidden
from rca.services import authoring, changes, risk
from rca.services.change_sync import records_of, sync
from rca.store import tables as t
from rca.store.engine import reading, writing
from tests.factories import rich
from tests.people import People


def _record(key: str, **values: object) -> ChangeRecord:
    return ChangeRecord.model_validate({"key": key, "merged_at": "2026-03-01T10:00:00Z", **values})


def test_the_same_file_again_changes_nothing(session: Session, now: datetime) -> None:
    records = [_record("a", ai_state="evidenced", repo="shop"), _record("b")]
    first = changes.take(session, viewer=OPERATOR, records=records, source="f", now=now)
    second = changes.take(session, viewer=OPERATOR, records=records, source="f", now=now)
    assert (first.added, second.added, second.unchanged) == (2, 0, 2)


def test_what_is_known_is_not_overwritten_by_unknown(session: Session, now: datetime) -> None:
    known = _record("a", ai_state="evidenced", facts={"tests": {"contract": "passed"}})
    changes.take(session, viewer=OPERATOR, records=[known], source="f", now=now)
    later = _record("a", lines_added=3, facts={"secrets": {"found": False}})
    done = changes.take(session, viewer=OPERATOR, records=[later], source="f", now=now)
    row = session.exec(select(t.Change)).one()
    assert done.updated == 1
    assert (row.ai_state, row.lines_added) == ("evidenced", 3)
    assert set(row.facts) == {"tests", "secrets"}


def test_a_reader_may_not_write(session: Session, people: People, now: datetime) -> None:
    with pytest.raises(Forbidden):
        changes.take(session, viewer=people.vera, records=[_record("a")], source="f", now=now)


def test_no_column_of_the_ledger_names_a_person() -> None:
    words = ("author", "user", "person", "email", "by_name", "login")
    assert not [name for name in t.Change.model_fields if any(word in name for word in words)]


def _git(repo: Path, *words: str, at: str = "2026-01-01T00:00:00Z") -> str:
    env = {
        "GIT_AUTHOR_NAME": "Mara", "GIT_AUTHOR_EMAIL": "m@x.example", "GIT_AUTHOR_DATE": at,
        "GIT_COMMITTER_NAME": "Mara", "GIT_COMMITTER_EMAIL": "m@x.example",
        "GIT_COMMITTER_DATE": at, "PATH": "/usr/bin:/bin", "HOME": str(repo),
    }  # fmt: skip
    done = subprocess.run(
        ["git", "-C", str(repo), *words], check=True, capture_output=True, text=True, env=env
    )
    return done.stdout.strip()


def _commit(repo: Path, number: int, message: str, at: str) -> str:
    (repo / "pool.py").write_text(f"{number}\n" * number)
    _git(repo, "add", "pool.py", at=at)
    _git(repo, "commit", "-q", "-m", message, at=at)
    return _git(repo, "rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Three commits, the second with evidence of AI and reverted by the third."""
    path = tmp_path / "shop"
    path.mkdir()
    _git(path, "init", "-q")
    _commit(path, 1, "Start", "2026-01-01T00:00:00Z")
    bad = _commit(path, 2, "Halve the pool\n\nAssisted-by: Codex", "2026-01-05T00:00:00Z")
    message = f'Revert "Halve the pool"\n\nThis reverts commit {bad}.'
    _commit(path, 3, message, "2026-01-09T00:00:00Z")
    return path


def test_sync_reads_changes_evidence_and_reverts(engine: Engine, repo: Path, now: datetime) -> None:
    done = sync(engine, viewer=OPERATOR, path=repo, service="checkout", now=now)
    assert (done.read, done.added, done.reverts, done.repo) == (3, 3, 1, "shop")
    with reading(engine) as session:
        rows = {row.title: row for row in session.exec(select(t.Change))}
        links = session.exec(select(t.Link)).all()
        session.expunge_all()
    bad = rows["Halve the pool"]
    assert (bad.ai_state, bad.service, bad.reverted_30d) == ("evidenced", "checkout", True)
    assert (bad.lines_added, bad.lines_deleted, bad.paths) == (2, 1, ["pool.py"])
    [seen] = bad.facts["findings"]
    assert (seen["detector"], seen["where"], seen["version"]) == ("D4", "message", "1")
    assert rows["Start"].reverted_30d is None  # not thirty days old at the newest commit
    assert [(link.method, link.relation) for link in links] == [("revert", None)]


def test_sync_goes_on_where_it_stopped(engine: Engine, repo: Path, now: datetime) -> None:
    sync(engine, viewer=OPERATOR, path=repo, now=now)
    _commit(repo, 4, "Later", "2026-03-01T00:00:00Z")
    again = sync(engine, viewer=OPERATOR, path=repo, now=now)
    assert (again.read, again.added) == (1, 1)
    assert again.settled == 2  # Start and the revert had their thirty days
    with reading(engine) as session:
        report = risk.of_ledger(session, outcome="reverted_30d", by="repo")
    assert report.pending == 1
    assert report.headline.ratio is None


def test_a_rewritten_history_is_read_again_without_doubles(
    engine: Engine, repo: Path, now: datetime
) -> None:
    sync(engine, viewer=OPERATOR, path=repo, now=now)
    _git(repo, "reset", "-q", "--hard", "HEAD~1")
    _commit(repo, 5, "Another way", "2026-01-12T00:00:00Z")
    again = sync(engine, viewer=OPERATOR, path=repo, now=now)
    assert (again.read, again.added) == (3, 1)


def test_incidents_are_an_outcome_only_by_links_that_are_no_guess(
    engine: Engine, now: datetime
) -> None:
    content = rich(changes=[{"change_key": "a", "relation": "contributed"}])
    with writing(engine) as session:
        changes.take(
            session, viewer=OPERATOR, records=[_record("a"), _record("b")], source="f", now=now
        )
        made = authoring.create(session, viewer=OPERATOR, content=content, now=now)
        owner = session.exec(select(t.PostmortemRow.id)).one()
        session.add(t.Link(from_kind="change", from_id="b", to_kind="postmortem", to_id=owner,
                           method="temporal", at=now + timedelta(0)))  # fmt: skip
    assert made.reference
    with reading(engine) as session:
        report = risk.of_ledger(session, outcome="incident", by="repo")
    assert report.outcomes == {"unknown": 1}


def test_a_history_is_looked_at_without_storing_anything(repo: Path) -> None:
    _commit(repo, 4, "Later", "2026-03-01T00:00:00Z")
    records = {record.title: record for record in records_of(repo)}
    assert records["Halve the pool"].outcomes == {"reverted_30d": True, "reverted_ever": True}
    assert records["Start"].outcomes == {"reverted_30d": False}
    assert records["Later"].outcomes == {"reverted_30d": None}
    report = risk.of_records(
        list(records.values()), outcome="reverted_30d", by="repo", source="git shop"
    )
    assert report.pending == 1
    assert report.counts == {"evidenced": 1, "attested_none": 0, "unknown": 3, "excluded": 0}


def test_a_kept_report_goes_with_the_ledger_that_it_was_made_of(
    engine: Engine, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    analyse = risk.analyse

    def counted(*given: object, **named: object) -> object:
        made.append(1)
        return analyse(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(risk, "analyse", counted)
    monkeypatch.setattr(risk, "_reports", risk._Memo(4))
    with writing(engine) as session:
        records = [_record("a"), _record("b")]
        changes.take(session, viewer=OPERATOR, records=records, source="f", now=now)

    def asked(outcome: str = "reverted_30d") -> int:
        with reading(engine) as session:
            return sum(risk.of_ledger(session, outcome=outcome, by="repo").counts.values())

    assert [asked(), asked(), asked("incident")] == [2, 2, 2]
    assert len(made) == 2
    with writing(engine) as session:
        row = session.exec(select(t.Change).where(t.Change.key == "a")).one()
        row.ai_state = "attested_none"
        session.add(row)
    with reading(engine) as session:
        report = risk.of_ledger(session, outcome="reverted_30d", by="repo")
    assert report.counts["attested_none"] == 1
    assert len(made) == 3


def test_matched_sets_take_their_cases_from_links_that_are_no_guess(
    engine: Engine, now: datetime
) -> None:
    content = rich(changes=[{"change_key": "a", "relation": "contributed"}])
    with writing(engine) as session:
        records = [_record(key) for key in "abcdefg"]
        changes.take(session, viewer=OPERATOR, records=records, source="f", now=now)
        authoring.create(session, viewer=OPERATOR, content=content, now=now)
        owner = session.exec(select(t.PostmortemRow.id)).one()
        session.add(t.Link(from_kind="change", from_id="b", to_kind="postmortem", to_id=owner,
                           method="temporal", at=now))  # fmt: skip
    with reading(engine) as session:
        after = risk.matched_of_ledger(session)
    assert (after.cases, after.controls) == (1, 4)
    assert after.estimate.ratio is None
