"""The audit chain: each row carries the hash of the one before."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from rca.store import tables as t

_GENESIS = "0" * 64
_LOCK = 7_220_115


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did. ``detail`` holds names and numbers, never a postmortem's text."""

    actor: str
    action: str
    object_kind: str
    object_id: str
    detail: dict[str, Any]
    before_hash: str = ""
    after_hash: str = ""


def _digest(prev: str, at: datetime, act: Act) -> str:
    fields = [prev, at.isoformat(), act.actor, act.action, act.object_kind, act.object_id]
    fields += [json.dumps(act.detail, sort_keys=True), act.before_hash, act.after_hash]
    return hashlib.sha256("\x1f".join(fields).encode()).hexdigest()


def append(session: Session, act: Act, *, now: datetime) -> None:
    """Add one row in the caller's transaction, chained to the newest.

    PostgreSQL takes an advisory lock until commit, so that two writers can't chain to the same
    row; SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    newest = select(t.AuditEvent.hash).order_by(col(t.AuditEvent.seq).desc()).limit(1)
    prev = session.exec(newest).first() or _GENESIS
    session.add(
        t.AuditEvent(
            at=now,
            actor=act.actor,
            action=act.action,
            object_kind=act.object_kind,
            object_id=act.object_id,
            detail=act.detail,
            before_hash=act.before_hash,
            after_hash=act.after_hash,
            prev_hash=prev,
            hash=_digest(prev, now, act),
        )
    )
    session.flush()


def first_broken(session: Session) -> int | None:
    """The sequence number of the first row that does not fit the chain, or None."""
    prev = _GENESIS
    for row in session.exec(select(t.AuditEvent).order_by(col(t.AuditEvent.seq))):
        act = Act(
            row.actor,
            row.action,
            row.object_kind,
            row.object_id,
            row.detail,
            row.before_hash,
            row.after_hash,
        )
        if row.prev_hash != prev or row.hash != _digest(prev, row.at, act):
            return row.seq
        prev = row.hash
    return None


def head(session: Session) -> str:
    """Hash of the newest row: the outside anchor that PDFs print."""
    newest = select(t.AuditEvent.hash).order_by(col(t.AuditEvent.seq).desc()).limit(1)
    return session.exec(newest).first() or _GENESIS
