"""Background jobs. The ``job`` row is the truth: written in its cause's transaction, claimed under
a lease, finished in the transaction of its effect. A queue only wakes a worker sooner.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, update
from sqlmodel import Session, col, select

from rca.domain.vocabulary import JobState
from rca.store import tables as t

LEASE = timedelta(minutes=5)
MOST_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this worker holds until the lease ends."""

    id: str
    kind: str
    key: str
    payload: dict[str, Any]
    attempt: int


def enqueue(
    session: Session,
    *,
    kind: str,
    key: str,
    now: datetime,
    delay: timedelta = timedelta(0),
    payload: dict[str, Any] | None = None,
) -> str:
    """Queue work in the caller's transaction. One that waits under the same key is pushed back
    instead of doubled, so that a burst of publications mines once. Returns the job's id.
    """
    query = select(t.Job).where(t.Job.key == key, t.Job.state == JobState.QUEUED.value)
    job = session.exec(query.with_for_update()).first()
    if job is None:
        job = t.Job(kind=kind, key=key, state=JobState.QUEUED.value, created_at=now, run_at=now)
    job.payload = payload or {}
    job.run_at = now + delay
    session.add(job)
    session.flush()
    return job.id


def due(session: Session, *, now: datetime, kind: str = "") -> Sequence[str]:
    """Ids of jobs that may run now: queued and due, or running under a lease that ended."""
    query = (
        select(t.Job.id)
        .where(
            or_(
                (col(t.Job.state) == JobState.QUEUED.value) & (col(t.Job.run_at) <= now),
                (col(t.Job.state) == JobState.RUNNING.value) & (col(t.Job.lease_until) < now),
            )
        )
        .order_by(col(t.Job.run_at))
    )
    if kind:
        query = query.where(t.Job.kind == kind)
    return session.exec(query).all()


def claim(session: Session, job_id: str, *, now: datetime) -> Claim | None:
    """Take a due job, or None when another worker holds it, it is done, or it gave up."""
    job = session.exec(select(t.Job).where(t.Job.id == job_id).with_for_update()).first()
    if job is None or not _claimable(job, now):
        return None
    if job.attempts >= MOST_ATTEMPTS:
        _give_up(session, job, now)
        return None
    job.state = JobState.RUNNING.value
    job.attempts += 1
    job.lease_until = now + LEASE
    job.heartbeat_at = now
    session.add(job)
    return Claim(job.id, job.kind, job.key, dict(job.payload), job.attempts)


def _claimable(job: t.Job, now: datetime) -> bool:
    if job.state == JobState.QUEUED.value:
        return job.run_at <= now
    return job.state == JobState.RUNNING.value and (job.lease_until or now) < now


def _give_up(session: Session, job: t.Job, now: datetime) -> None:
    job.state = JobState.FAILED.value
    job.error = job.error or "The worker stopped in the middle of it, each time."
    job.finished_at = now
    session.add(job)


def holds(session: Session, held: Claim) -> bool:
    """Whether the claim still stands; call it in the transaction of the effect."""
    job = session.exec(select(t.Job).where(t.Job.id == held.id).with_for_update()).first()
    return job is not None and job.state == JobState.RUNNING.value and job.attempts == held.attempt


def finish(session: Session, held: Claim, *, result: dict[str, Any], now: datetime) -> bool:
    """Mark done in the transaction of the effect. False when another worker took over: then the
    caller rolls its effect back.
    """
    done = session.execute(
        update(t.Job)
        .where(
            col(t.Job.id) == held.id,
            col(t.Job.state) == JobState.RUNNING.value,
            col(t.Job.attempts) == held.attempt,
        )
        .values(state=JobState.DONE.value, finished_at=now, result=result, error="")
    )
    return bool(getattr(done, "rowcount", 0) == 1)


def fail(session: Session, held: Claim, *, error: str, now: datetime) -> None:
    """Put a failed job back with a growing delay, or give up after the last attempt."""
    job = session.get(t.Job, held.id)
    if job is None or job.attempts != held.attempt or job.state != JobState.RUNNING.value:
        return
    job.error = error[:4_000]
    if job.attempts >= MOST_ATTEMPTS:
        _give_up(session, job, now)
        return
    job.state = JobState.QUEUED.value
    job.run_at = now + timedelta(seconds=5 * 4**job.attempts)
    session.add(job)


def heartbeat(session: Session, held: Claim, *, now: datetime) -> None:
    """Extend the lease of a job that takes long."""
    session.execute(
        update(t.Job)
        .where(col(t.Job.id) == held.id, col(t.Job.attempts) == held.attempt)
        .values(heartbeat_at=now, lease_until=now + LEASE)
    )


def waiting(session: Session) -> Sequence[t.Job]:
    """Jobs not finished, oldest first."""
    states = [JobState.QUEUED.value, JobState.RUNNING.value]
    query = select(t.Job).where(col(t.Job.state).in_(states)).order_by(col(t.Job.created_at))
    return session.exec(query).all()


def kind_of(session: Session, job_id: str) -> str:
    """The kind of a job; blank when there is none."""
    return session.exec(select(t.Job.kind).where(t.Job.id == job_id)).first() or ""


def failed_count(session: Session) -> int:
    """How many jobs gave up after their last attempt."""
    query = select(t.Job.id).where(t.Job.state == JobState.FAILED.value)
    return len(session.exec(query).all())


def forget(session: Session, *, kind: str, before: datetime) -> None:
    """Delete finished jobs of a kind that ended before an instant."""
    session.execute(
        delete(t.Job).where(
            col(t.Job.kind) == kind,
            col(t.Job.state) == JobState.DONE.value,
            col(t.Job.finished_at) < before,
        )
    )
