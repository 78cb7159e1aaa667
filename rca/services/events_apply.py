"""What an event leaves in the ledger: changes with their evidence, deployments, signals, links."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from rca.domain.access import Viewer
from rca.domain.change import ChangeRecord
from rca.domain.event import (
    DeliveryState,
    DeploymentRecord,
    Event,
    ReportedChange,
    SignalRecord,
)
from rca.domain.vocabulary import ChangeAI, LinkMethod, Role
from rca.provenance.commit import Commit
from rca.provenance.verdict import judge
from rca.services import changes, tracker
from rca.services.change_sync import evidence_of, facts_of
from rca.store import tables as t


def apply(session: Session, *, source: str, event: Event, now: datetime) -> dict[str, Any]:
    """Write everything of the event; the same event again changes nothing. Returns counts."""
    viewer = Viewer(None, f"webhook {source}", f"Webhook {source}", Role.AUTHOR)
    result: dict[str, Any] = {}
    if event.changes:
        records = [_judged(session, told) for told in event.changes]
        taken = changes.take(session, viewer=viewer, records=records, source=source, now=now)
        result["changes"] = {"added": taken.added, "updated": taken.updated}
    for record in event.deployments:
        take_deployment(session, record, now=now)
    for signal in event.signals:
        take_signal(session, signal)
        if event.last_deployment_before:
            _link_by_time(session, signal, now)
    for name, rows in (("deployments", event.deployments), ("signals", event.signals)):
        if rows:
            result[name] = len(rows)
    if event.issues:
        result["proposals"] = sum(
            tracker.propose(session, source=source, move=move, now=now) for move in event.issues
        )
    if event.reviews:
        result["reviews"] = [{"approved": r.approved, "bot": r.bot} for r in event.reviews]
    return result


def service_of(session: Session, repo: str) -> str:
    """The catalogue's service that bears the repository's name; blank when there is none."""
    name = repo.rpartition("/")[2]
    query = select(t.Service.name).where(t.Service.name == name)
    return (session.exec(query).first() or "") if name else ""


def _judged(session: Session, told: ReportedChange) -> ChangeRecord:
    """The record with what the detectors see in its words. Its author stays outside."""
    record = told.record
    facts = {**record.facts, **_reviews(session, told.subject)}
    update: dict[str, Any] = {"service": record.service or service_of(session, record.repo)}
    if told.message:
        commit = Commit(
            sha=record.key.rpartition("@")[2],
            message=told.message,
            author_name=told.author_name,
            author_email=told.author_email,
            branch=told.branch,
            labels=tuple(record.labels),
        )
        verdict = judge(commit)
    if told.message and not _known_evidence(session, record.key):
        update |= {
            "ai_state": ChangeAI(verdict.state),
            "ai_part": verdict.role if verdict.ai else "",
            "ai_evidence": evidence_of(verdict),
            "label_source": f"detectors {verdict.findings[0].version}" if verdict.findings else "",
        }
        facts |= facts_of(verdict)
    return record.model_copy(update={**update, "facts": facts})


def _known_evidence(session: Session, key: str) -> bool:
    """Whether the change bears evidence already: a later event must not put its own in place."""
    query = select(t.Change.ai_state).where(t.Change.key == key)
    return session.exec(query).first() == ChangeAI.EVIDENCED.value


def _reviews(session: Session, subject: str) -> dict[str, Any]:
    """How many reviews came before the merge, by people and by bots. Nobody is named."""
    if not subject:
        return {}
    row = t.WebhookDelivery
    query = select(row.result).where(
        row.subject == subject, row.state == DeliveryState.APPLIED.value
    )
    found = [review for result in session.exec(query) for review in result.get("reviews", ())]
    if not found:
        return {}
    return {
        "reviews": {
            "people": sum(not one["bot"] for one in found),
            "bots": sum(one["bot"] for one in found),
            "approved": any(one["approved"] and not one["bot"] for one in found),
        }
    }


def take_deployment(session: Session, record: DeploymentRecord, *, now: datetime) -> bool:
    """Store or complete a deployment and tie it to its changes. True when it is new."""
    row = session.exec(select(t.Deployment).where(t.Deployment.key == record.key)).first()
    fresh = row is None
    row = row or t.Deployment(key=record.key)
    _fill(row, record, ("service", "environment", "started_at", "finished_at", "result", "ref"))
    session.add(row)
    session.flush()
    known = _changes(session, record.changes)
    if not row.service:
        row.service = next((c.service for c in known if c.service), "") or next(
            (name for key in record.changes
             if (name := service_of(session, key.rpartition("@")[0]))), ""
        )  # fmt: skip
        session.add(row)
    for key in record.changes:
        _link(session, ("change", key, "deployment", record.key), LinkMethod.SHA, "strong", now)
    for change in known:
        if change.deployed_at is None and row.finished_at and row.result == "success":
            change.deployed_at = row.finished_at
            session.add(change)
    session.flush()
    return fresh


def _fill(row: Any, record: Any, names: Sequence[str]) -> None:
    """Copy what is known; a later event that tells less takes nothing away."""
    for name in names:
        value = getattr(record, name)
        if value not in (None, ""):
            setattr(row, name, value)


def _changes(session: Session, keys: Sequence[str]) -> Sequence[t.Change]:
    return session.exec(select(t.Change).where(col(t.Change.key).in_(keys))).all()


def take_signal(session: Session, record: SignalRecord) -> None:
    """Store or complete a signal."""
    row = session.exec(select(t.Signal).where(t.Signal.key == record.key)).first()
    row = row or t.Signal(key=record.key, source=record.source, kind=record.kind)
    _fill(row, record, ("title", "service", "environment", "urgency", "started_at", "ended_at",
                        "url"))  # fmt: skip
    session.add(row)
    session.flush()


def _link(
    session: Session,
    way: tuple[str, str, str, str],
    method: LinkMethod,
    confidence: str,
    now: datetime,
    note: str = "",
) -> None:
    from_kind, from_id, to_kind, to_id = way
    query = select(t.Link.id).where(
        t.Link.from_kind == from_kind,
        t.Link.from_id == from_id,
        t.Link.to_kind == to_kind,
        t.Link.to_id == to_id,
        t.Link.method == method.value,
    )
    if session.exec(query).first() is None:
        session.add(
            t.Link(
                from_kind=from_kind,
                from_id=from_id,
                to_kind=to_kind,
                to_id=to_id,
                method=method.value,
                confidence=confidence,
                note=note,
                at=now,
            )
        )


def _link_by_time(session: Session, signal: SignalRecord, now: datetime) -> None:
    """The sender's own rule: the last deployment before it. By time alone, and said so."""
    if signal.started_at is None:
        return
    finished = col(t.Deployment.finished_at)
    query = select(t.Deployment.key).where(finished <= signal.started_at)
    last = session.exec(query.order_by(finished.desc()).limit(1)).first()
    if last:
        way = ("deployment", last, "signal", signal.key)
        _link(session, way, LinkMethod.TEMPORAL, "weak", now, "Last deployment before it.")
