"""The ledger for programs: pages by key, records made once and replaced only as last seen."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from rca.domain.access import Permission, Viewer
from rca.domain.change import ChangeRecord
from rca.domain.event import DeploymentRecord
from rca.domain.postmortem import OWN_ORGANISATION
from rca.errors import Conflict, Invalid, NotFound, Problem
from rca.services import changes
from rca.services.events_apply import take_deployment
from rca.services.permissions import need
from rca.services.secrets_guard import redact_model
from rca.store import audit
from rca.store import tables as t

MOST = 200
MOST_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """Some items and the cursor of the next page; empty at the end."""

    items: tuple[dict[str, Any], ...]
    next: str


def cursor(at: datetime, key: str) -> str:
    """The place after an item, opaque to callers."""
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), key]).encode()).decode()


def read_cursor(text: str) -> tuple[datetime, str] | None:
    """The place that a cursor names, None for none. Raises Invalid."""
    if not text:
        return None
    try:
        at, key = json.loads(base64.urlsafe_b64decode(text.encode()))
        found = datetime.fromisoformat(at)
        if found.tzinfo is None or not isinstance(key, str) or "\x00" in key:
            raise ValueError
    except (ValueError, TypeError, binascii.Error) as error:
        raise Invalid([Problem("cursor", "Not a cursor of this list.")]) from error
    return found, key


def etag(value: dict[str, Any]) -> str:
    """A strong tag of a record: equal records have equal tags."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def change_value(row: t.Change) -> dict[str, Any]:
    """A stored change as the record that made it."""
    facts = {name: dict(v) if isinstance(v, dict) else v for name, v in row.facts.items()}
    outcomes = facts.pop("outcomes", {})
    if row.reverted_30d is not None:
        outcomes = {"reverted_30d": row.reverted_30d, **outcomes}
    ai = facts.get("ai")
    part = ai.pop("part", "") if isinstance(ai, dict) else ""
    if ai == {}:
        facts.pop("ai")
    names = set(ChangeRecord.model_fields) - {"ai_part", "outcomes", "facts"}
    record = ChangeRecord(
        **{name: getattr(row, name) for name in names}, ai_part=part, outcomes=outcomes, facts=facts
    )
    return record.model_dump(mode="json")


def deployment_value(row: t.Deployment, keys: Sequence[str]) -> dict[str, Any]:
    """A stored deployment with the keys of its changes."""
    names = set(DeploymentRecord.model_fields) - {"changes"}
    record = DeploymentRecord(**{name: getattr(row, name) for name in names}, changes=list(keys))
    return record.model_dump(mode="json")


def list_changes(
    session: Session,
    *,
    after: str = "",
    limit: int = 50,
    service: str = "",
    repo: str = "",
    ai_state: str = "",
) -> Page:
    """Changes, newest merge first."""
    row = t.Change
    query = select(row).where(row.organisation == OWN_ORGANISATION)
    for column, value in ((row.service, service), (row.repo, repo), (row.ai_state, ai_state)):
        if value:
            query = query.where(column == value)
    place = read_cursor(after)
    at, key = col(row.merged_at), col(row.id)
    if place:
        query = query.where(or_(at < place[0], and_(at == place[0], key < place[1])))
    found = session.exec(query.order_by(at.desc(), key.desc()).limit(limit + 1)).all()
    return _page(found, limit, change_value, lambda one: cursor(one.merged_at, one.id))


def list_deployments(
    session: Session, *, after: str = "", limit: int = 50, service: str = ""
) -> Page:
    """Finished deployments, newest first."""
    row = t.Deployment
    at, key = col(row.finished_at), col(row.id)
    query = select(row).where(at.is_not(None))
    if service:
        query = query.where(row.service == service)
    place = read_cursor(after)
    if place:
        query = query.where(or_(at < place[0], and_(at == place[0], key < place[1])))
    found = session.exec(query.order_by(at.desc(), key.desc()).limit(limit + 1)).all()
    keys = _changes_of(session, [one.key for one in found])
    return _page(
        found,
        limit,
        lambda one: deployment_value(one, keys.get(one.key, ())),
        lambda one: cursor(one.finished_at, one.id),
    )


def _page(
    found: Sequence[Any],
    limit: int,
    value: Callable[[Any], dict[str, Any]],
    place: Callable[[Any], str],
) -> Page:
    shown = found[:limit]
    more = place(shown[-1]) if len(found) > limit else ""
    return Page(tuple(value(one) for one in shown), more)


def _changes_of(session: Session, keys: Sequence[str]) -> dict[str, list[str]]:
    query = select(t.Link.to_id, t.Link.from_id).where(
        t.Link.from_kind == "change",
        t.Link.to_kind == "deployment",
        col(t.Link.to_id).in_(keys),
    )
    found: dict[str, list[str]] = {}
    for to_id, from_id in session.exec(query):
        found.setdefault(to_id, []).append(from_id)
    return found


def get_change(session: Session, key: str) -> dict[str, Any]:
    """One change. Raises NotFound."""
    return change_value(_change(session, key))


def _change(session: Session, key: str) -> t.Change:
    query = select(t.Change).where(t.Change.key == key, t.Change.organisation == OWN_ORGANISATION)
    row = session.exec(query).first()
    if row is None:
        raise NotFound("The ledger holds no such change.")
    return row


def get_deployment(session: Session, key: str) -> dict[str, Any]:
    """One deployment. Raises NotFound."""
    row = session.exec(select(t.Deployment).where(t.Deployment.key == key)).first()
    if row is None:
        raise NotFound("The ledger holds no such deployment.")
    return deployment_value(row, sorted(_changes_of(session, [key]).get(key, ())))


def add_changes(
    session: Session, *, viewer: Viewer, records: Sequence[ChangeRecord], now: datetime
) -> dict[str, int]:
    """Store new changes; the same ones again change nothing. All or none.

    Raises Conflict when a stored change says otherwise: replacing one names what it replaces.
    """
    need(viewer, Permission.INGEST)
    records = [redact_model(record)[0] for record in records]
    query = select(t.Change).where(col(t.Change.key).in_([record.key for record in records]))
    known = {row.key: change_value(row) for row in session.exec(query)}
    fresh = [record for record in records if record.key not in known]
    differing = sorted(
        {r.key for r in records if r.key in known and known[r.key] != r.model_dump(mode="json")}
    )
    if differing:
        words = ", ".join(differing[:5])
        raise Conflict(f"Stored with other values: {words}. Use PUT with If-Match.",
                       current=None, version=0)  # fmt: skip
    taken = changes.take(session, viewer=viewer, records=fresh, source="api", now=now)
    return {"created": taken.added, "unchanged": len(records) - taken.added}


def replace_change(
    session: Session, *, viewer: Viewer, record: ChangeRecord, seen: str, now: datetime
) -> dict[str, Any]:
    """Put a change in place of the one that was seen. Raises NotFound, Conflict."""
    need(viewer, Permission.INGEST)
    record, _ = redact_model(record)
    row = _change(session, record.key)
    current = change_value(row)
    if seen != etag(current):
        raise Conflict("It changed since you read it.", current=current, version=0)
    for name, value in changes.columns_of(record).items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    after = change_value(row)
    act = audit.Act(viewer.name, "changes.replace", "change", record.key[:400], {},
                    etag(current), etag(after))  # fmt: skip
    audit.append(session, act, now=now)
    return after


def add_deployments(
    session: Session, *, viewer: Viewer, records: Sequence[DeploymentRecord], now: datetime
) -> dict[str, int]:
    """Store deployments; one that is known is completed by what is new and loses nothing."""
    need(viewer, Permission.INGEST)
    made = sum(take_deployment(session, redact_model(r)[0], now=now) for r in records)
    detail = {"added": made, "source": "api"}
    audit.append(session, audit.Act(viewer.name, "deployments.take", "deployment", "api", detail),
                 now=now)  # fmt: skip
    return {"created": made, "completed": len(records) - made}


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was given before."""

    status: int
    body: dict[str, Any]


def kept_answer(session: Session, *, viewer: Viewer, key: str, request_sha256: str) -> Kept | None:
    """The answer to the same request under this key. Raises Conflict for another request."""
    row = session.get(t.IdempotencyKey, (_account(viewer), key))
    if row is None:
        return None
    if row.request_sha256 != request_sha256:
        raise Conflict("This Idempotency-Key was used for another request.", current=None,
                       version=0)  # fmt: skip
    return Kept(row.status, dict(row.body))


def keep_answer(
    session: Session, *, viewer: Viewer, key: str, request_sha256: str, kept: Kept, now: datetime
) -> None:
    """Keep the answer in the transaction of its effect."""
    session.add(
        t.IdempotencyKey(
            account=_account(viewer),
            key=key,
            request_sha256=request_sha256,
            status=kept.status,
            body=kept.body,
            at=now,
        )
    )
    session.flush()


def _account(viewer: Viewer) -> str:
    return viewer.user_id or viewer.name
