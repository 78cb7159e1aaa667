"""What runs in the background: one handler per kind of job, loaded on use.

A handler does its slow work outside any transaction, then writes its effect and calls
``services.jobs.finish`` in one transaction, so that a job that ran twice has one effect.
"""

import importlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Engine

from rca.config import Settings
from rca.services import jobs
from rca.services.jobs import Claim
from rca.store.engine import reading, writing

_log = logging.getLogger("rca.jobs")

Handler = Callable[[Engine, Claim, Settings, datetime], None]

HANDLERS: dict[str, str] = {
    "mine": "rca.services.mining:run_job",
}
"""Kind of job -> ``module:function`` of its handler."""


def handler(kind: str) -> Handler:
    """The handler of ``kind``. Raises KeyError for a kind that this version does not know."""
    module, _, name = HANDLERS[kind].partition(":")
    found: Handler = getattr(importlib.import_module(module), name)
    return found


def run_one(engine: Engine, job_id: str, settings: Settings, *, now: datetime) -> bool:
    """Claim and run one job. Returns whether it was ours to run."""
    with writing(engine) as session:
        claim = jobs.claim(session, job_id, now=now)
    if claim is None:
        return False
    try:
        handler(claim.kind)(engine, claim, settings, now)
    except Exception as error:
        # Whatever a handler raises is the job's failure, never the worker's end.
        _log.exception("job %s (%s) failed", claim.id, claim.kind)
        with writing(engine) as session:
            jobs.fail(session, claim, error=f"{type(error).__name__}: {error}", now=now)
    return True


def run_due(engine: Engine, settings: Settings, *, now: datetime | None = None) -> int:
    """Run every job that is due, one after another. Returns how many ran."""
    moment = now or datetime.now(UTC)
    with reading(engine) as session:
        ids = list(jobs.due(session, now=moment))
    return sum(run_one(engine, job_id, settings, now=moment) for job_id in ids)
