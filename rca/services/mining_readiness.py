"""What a mining run would find to read, for pages that have nothing to show yet."""

from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from rca.domain.vocabulary import JobState
from rca.services.visibility import is_open
from rca.store import tables as t


@dataclass(frozen=True, slots=True)
class Readiness:
    """Published, open postmortems, drafts on their way, and whether a run is asked for."""

    published: int
    unpublished: int
    asked: bool


def readiness(session: Session) -> Readiness:
    """Counted at this moment; restricted records take no part in mining and none in this."""
    row, job = t.PostmortemRow, t.Job
    counted = select(func.count()).select_from(row).where(is_open())
    published = session.exec(counted.where(col(row.published_number).is_not(None))).one()
    all_open = session.exec(counted).one()
    waiting = select(func.count()).select_from(job).where(
        job.kind == "mine",
        col(job.state).in_([JobState.QUEUED.value, JobState.RUNNING.value]),
    )  # fmt: skip
    return Readiness(published, all_open - published, session.exec(waiting).one() > 0)
