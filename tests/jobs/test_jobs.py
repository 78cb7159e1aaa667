"""Background work: a job has one effect, also when its worker is killed in the middle."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from rca import jobs as runner
from rca.config import Settings
from rca.services import jobs
from rca.store import tables as t
from rca.store.engine import make_engine, reading, writing

ROOT = Path(__file__).resolve().parents[2]


def _settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url="sqlite://")


def _enqueue(engine: Engine, now: datetime, key: str = "k", kind: str = "test") -> str:
    with writing(engine) as session:
        return jobs.enqueue(session, kind=kind, key=key, now=now)


def effect(engine: Engine, claim: jobs.Claim, settings: Settings, now: datetime) -> None:
    """A handler of these tests: one team a run."""
    with writing(engine) as session:
        session.add(t.Team(name=f"made by {claim.key} at {claim.attempt}"))
        assert jobs.finish(session, claim, result={}, now=now)


def broken(engine: Engine, claim: jobs.Claim, settings: Settings, now: datetime) -> None:
    """A handler that always fails."""
    raise RuntimeError("no luck")


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two handlers above under kinds of their own."""
    monkeypatch.setitem(runner.HANDLERS, "test", f"{__name__}:effect")
    monkeypatch.setitem(runner.HANDLERS, "broken", f"{__name__}:broken")
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])


def _teams(engine: Engine) -> int:
    with reading(engine) as session:
        return len(session.exec(select(t.Team)).all())


def test_a_due_job_runs_once(engine: Engine, now: datetime, tmp_path: Path) -> None:
    _enqueue(engine, now)
    assert runner.run_due(engine, _settings(tmp_path), now=now) == 1
    assert runner.run_due(engine, _settings(tmp_path), now=now) == 0
    assert _teams(engine) == 1


def test_a_burst_of_causes_is_one_job(engine: Engine, now: datetime) -> None:
    assert len({_enqueue(engine, now) for _ in range(5)}) == 1


def test_a_failing_job_waits_longer_each_time_and_then_gives_up(
    engine: Engine, now: datetime, tmp_path: Path
) -> None:
    job_id = _enqueue(engine, now, kind="broken")
    moment, ran = now, 0
    for _ in range(12):
        ran += runner.run_due(engine, _settings(tmp_path), now=moment)
        moment += timedelta(hours=1)
    with reading(engine) as session:
        job = session.get(t.Job, job_id)
        assert job is not None
        assert (job.state, ran) == ("failed", jobs.MOST_ATTEMPTS)
        assert "no luck" in job.error


def test_only_one_worker_gets_a_job(engine: Engine, now: datetime) -> None:
    job_id = _enqueue(engine, now)
    with writing(engine) as session:
        first = jobs.claim(session, job_id, now=now)
    with writing(engine) as session:
        second = jobs.claim(session, job_id, now=now)
    assert first is not None
    assert second is None


def test_a_worker_that_lost_its_lease_has_no_effect(engine: Engine, now: datetime) -> None:
    job_id = _enqueue(engine, now)
    with writing(engine) as session:
        slow = jobs.claim(session, job_id, now=now)
    later = now + jobs.LEASE + timedelta(seconds=1)
    with writing(engine) as session:
        quick = jobs.claim(session, job_id, now=later)
    assert slow is not None
    assert quick is not None
    with writing(engine) as session:
        assert jobs.finish(session, quick, result={}, now=later)
    with writing(engine) as session:
        assert not jobs.finish(session, slow, result={}, now=later)


def test_messages_are_json_and_come_back_equal() -> None:
    from huey.registry import Message

    message = Message("1", "run_job", args=["a"], kwargs={})
    data = runner.JsonSerializer().serialize(message)
    assert data.startswith(b"{")
    assert runner.JsonSerializer().deserialize(data) == message


_WORKER = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from rca import jobs as runner
    from rca.config import Settings
    from rca.services import jobs
    from rca.store import tables as t
    from rca.store.engine import make_engine, writing

    def slow(engine, claim, settings, now):
        with writing(engine) as session:
            session.add(t.Team(name=f"half {claim.attempt}"))
            session.flush()
            Path(sys.argv[2]).write_text("in the middle")
            time.sleep(float(sys.argv[3]))
            assert jobs.finish(session, claim, result={}, now=now)

    sys.modules["slow_handler"] = sys.modules["__main__"]
    runner.HANDLERS["test"] = "slow_handler:slow"
    engine = make_engine(sys.argv[1])
    runner.serve_jobs(engine, Settings(home=Path(sys.argv[2]).parent, database_url=sys.argv[1]))
    """
)


def _start_worker(url: str, mark: Path, seconds: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _WORKER, url, str(mark), str(seconds)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def _wait(condition: object, seconds: float = 40) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)


def test_kill_9_in_the_middle_leaves_exactly_one_effect(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    url = str(sqlite_engine.url)
    job_id = _enqueue(sqlite_engine, datetime.now(UTC))
    mark = tmp_path / "mark"
    first = _start_worker(url, mark, 60)
    _wait(mark.exists)
    first.send_signal(signal.SIGKILL)
    first.wait()
    with writing(make_engine(url)) as session:  # the lease of the dead one ends
        job = session.get(t.Job, job_id)
        assert job is not None
        assert job.state == "running"
        job.lease_until = datetime.now(UTC) - timedelta(seconds=1)
        session.add(job)
    second = _start_worker(url, mark, 0)
    try:
        _wait(lambda: _state(url, job_id) == "done")
    finally:
        second.send_signal(signal.SIGINT)
        second.wait(20)
    assert _teams(sqlite_engine) == 1


def _state(url: str, job_id: str) -> str:
    with reading(make_engine(url)) as session:
        job = session.get(t.Job, job_id)
        assert job is not None
        return job.state
