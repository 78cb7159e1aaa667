"""A mining run over the published records: read, work outside any transaction, store once.

Restricted records take no part; they are counted as left out.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from rca.config import Settings
from rca.errors import NotNow
from rca.services import guardrails, jobs
from rca.services.mining_corpus import Corpus, read_constraints, read_corpus
from rca.services.mining_runs import RunSummary, store_run
from rca.store.engine import reading, writing

if TYPE_CHECKING:
    from mining.pipeline import MiningResult

SEED = 0
Progress = Callable[[str, int, int], None]


def _silent(step: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def _mine(engine: Engine, seed: int, progress: Progress) -> tuple["MiningResult", Corpus]:
    from mining.pipeline import MiningOptions, mine

    with reading(engine) as session:
        corpus = read_corpus(session)
        options = MiningOptions(scope="mixed", constraints=read_constraints(session))
    return mine(corpus.records, options, seed, progress), corpus


def mine_now(
    engine: Engine, *, now: datetime, seed: int = SEED, progress: Progress = _silent
) -> RunSummary:
    """Mine at once, outside the queue."""
    result, corpus = _mine(engine, seed, progress)
    with writing(engine) as session:
        summary = store_run(session, result=result, corpus=corpus, started=now, now=now)
    return replace(summary, suggestions=guardrails.refresh_now(engine, now=now))


def run_job(engine: Engine, claim: jobs.Claim, settings: Settings, now: datetime) -> None:
    """The handler of the job kind ``mine``: one effect however often it is tried."""
    result, corpus = _mine(engine, int(claim.payload.get("seed", SEED)), _silent)
    with writing(engine) as session:
        if not jobs.holds(session, claim):
            raise NotNow("Another worker took this mining job over.")
        summary = store_run(session, result=result, corpus=corpus, started=now, now=now)
        jobs.enqueue(session, kind="suggest", key="suggest", now=now)
        jobs.finish(session, claim, result=summary.as_dict(), now=now)
