"""What runs in the background: one handler per kind of job, loaded on use.

A handler does its slow work outside any transaction, then writes its effect and calls
``services.jobs.finish`` in one transaction, so that a job that ran twice has one effect.

The ``job`` table is the truth. huey runs the ids that the sweeper finds due in it, from a queue
in this process's memory: a second durable queue could only disagree with the table.
"""

import importlib
import json
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from huey import MemoryHuey
from huey.registry import Message
from huey.serializer import Serializer
from sqlalchemy import Engine

from rca.config import Settings
from rca.services import jobs
from rca.services.jobs import Claim
from rca.store.engine import reading, writing

_log = logging.getLogger("rca.jobs")

Handler = Callable[[Engine, Claim, Settings, datetime], None]

HANDLERS: dict[str, str] = {
    "mine": "rca.services.mining:run_job",
    "suggest": "rca.services.guardrails:run_job",
    "import": "rca.services.import_uploads:run_job",
    "mail": "rca.services.mailing:run_job",
    "review_mail": "rca.services.review_mail:run_job",
    "print": "rca.services.documents:run_job",
}
"""Kind of job -> ``module:function`` of its handler."""

HEARTBEAT_SECONDS = 60.0
SWEEP_SECONDS = 1.0
TICK_SECONDS = 60.0


def handler(kind: str) -> Handler:
    """The handler of ``kind``. Raises KeyError for a kind that this version does not know."""
    module, _, name = HANDLERS[kind].partition(":")
    found: Handler = getattr(importlib.import_module(module), name)
    return found


@contextmanager
def _kept_alive(engine: Engine, claim: Claim) -> Iterator[None]:
    """Extend the lease while the work runs, so that only a dead worker loses its job."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(HEARTBEAT_SECONDS):
            with writing(engine) as session:
                jobs.heartbeat(session, claim, now=datetime.now(UTC))

    thread = threading.Thread(target=beat, name=f"heartbeat-{claim.id[:8]}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def run_one(engine: Engine, job_id: str, settings: Settings, *, now: datetime) -> bool:
    """Claim and run one job. Returns whether it was ours to run."""
    with writing(engine) as session:
        claim = jobs.claim(session, job_id, now=now)
    if claim is None:
        return False
    try:
        with _kept_alive(engine, claim):
            handler(claim.kind)(engine, claim, settings, now)
    except Exception as error:
        # Whatever a handler raises is the job's failure, never the worker's end.
        _log.exception("job %s (%s) failed", claim.id, claim.kind)
        with writing(engine) as session:
            jobs.fail(session, claim, error=f"{type(error).__name__}: {error}", now=now)
    return True


def due_ids(engine: Engine, *, now: datetime) -> list[str]:
    """Ids of the jobs that may run now."""
    with reading(engine) as session:
        return list(jobs.due(session, now=now))


def run_due(engine: Engine, settings: Settings, *, now: datetime | None = None) -> int:
    """Run every job that is due, one after another. Returns how many ran."""
    moment = now or datetime.now(UTC)
    return sum(
        run_one(engine, job_id, settings, now=moment) for job_id in due_ids(engine, now=moment)
    )


class _Printing(threading.Thread):
    """A lane of its own for printing: somebody waits for the page, and mining takes minutes."""

    def __init__(self, run: Callable[[str], None]) -> None:
        super().__init__(name="printing", daemon=True)
        self._run, self._ids = run, queue.SimpleQueue[str | None]()

    def send(self, job_id: str) -> None:
        """Print this next."""
        self._ids.put(job_id)

    def end(self) -> None:
        """Stop after the one under way."""
        self._ids.put(None)

    def run(self) -> None:
        while (job_id := self._ids.get()) is not None:
            self._run(job_id)


class JsonSerializer(Serializer):  # type: ignore[misc]
    """huey's messages as JSON: its default is pickle, which runs code on load."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps(data._asdict(), default=str).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(**json.loads(data))


class _Ticker(threading.Thread):
    """Begins periodic work: a look once a minute, beside the jobs, which may take long."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        super().__init__(name="ticker", daemon=True)
        self._engine, self._settings = engine, settings
        self.stop = threading.Event()

    def run(self) -> None:
        from rca.services import periodic

        while True:
            periodic.tick(self._engine, self._settings, now=datetime.now(UTC))
            if self.stop.wait(TICK_SECONDS):
                return


class _Sweeper(threading.Thread):
    """Hands due ids to huey, each once until its work is over."""

    def __init__(self, engine: Engine, send: Callable[[str], Any], underway: set[str]) -> None:
        super().__init__(name="sweeper", daemon=True)
        self._engine, self._send, self._underway = engine, send, underway
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.wait(SWEEP_SECONDS):
            try:
                self._sweep()
            except Exception:
                # A database that is away for a while must not end the worker.
                _log.exception("the sweep failed; trying again")

    def _sweep(self) -> None:
        for job_id in due_ids(self._engine, now=datetime.now(UTC)):
            if job_id not in self._underway:
                self._underway.add(job_id)
                self._send(job_id)


def _kind(engine: Engine, job_id: str) -> str:
    with reading(engine) as session:
        return jobs.kind_of(session, job_id)


def serve_jobs(engine: Engine, settings: Settings) -> None:
    """Run jobs until the process is told to stop (SIGINT finishes the one under way)."""
    huey = MemoryHuey("rca", results=False, serializer=JsonSerializer())
    underway: set[str] = set()

    def run(job_id: str) -> None:
        try:
            run_one(engine, job_id, settings, now=datetime.now(UTC))
        finally:
            underway.discard(job_id)

    run_job = huey.task(name="run_job")(run)
    printing = _Printing(run)

    def send(job_id: str) -> None:
        (printing.send if _kind(engine, job_id) == "print" else run_job)(job_id)

    threads = (_Sweeper(engine, send, underway), _Ticker(engine, settings))
    printing.start()
    for thread in threads:
        thread.start()
    try:
        huey.create_consumer(workers=1, periodic=False, max_delay=1.0).run()
    finally:
        for thread in threads:
            thread.stop.set()
        printing.end()
