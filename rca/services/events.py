"""Deliveries of other systems: checked, kept without secrets, and applied once.

A delivery's row and its effect are written in one transaction. What can't be read is kept and
reported, since a vendor may add a field tomorrow; then it is redelivered from here.
"""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from rca.domain.access import Permission, Viewer
from rca.domain.event import Delivery, DeliveryState, Event
from rca.domain.postmortem import new_id
from rca.errors import NotFound
from rca.formats.events import READERS, Malformed
from rca.services import events_apply, events_signature
from rca.services.permissions import need
from rca.services.secrets_guard import redact
from rca.store import audit, keyset
from rca.store import tables as t

_log = logging.getLogger("rca.events")
MOST_BYTES = 1_000_000
REFUSALS_KEPT_EVERY = timedelta(seconds=10)
# What helps to read a delivery later; never a token or a signature.
_HEADERS_KEPT = (
    "content-type", "user-agent", "x-github-event", "x-github-delivery", "x-gitlab-event",
    "x-atlassian-webhook-identifier", "webhook-id", "webhook-timestamp", "ce-type", "ce-id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery. ``state`` may also be ``duplicate``: nothing was stored."""

    id: str
    state: str
    message: str

    @property
    def refused(self) -> bool:
        """Whether the sender could not be believed."""
        return self.state == DeliveryState.REFUSED.value


def receive(
    session: Session,
    *,
    source: str,
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[str],
    now: datetime,
) -> Outcome:
    """Take one delivery in. Raises NotFound for a source that does not exist."""
    if source not in READERS:
        raise NotFound("There is no such source of events.")
    headers = {name.lower(): value for name, value in headers.items()}
    checked = events_signature.check(source, headers=headers, body=body, secrets=secrets, now=now)
    if checked.refused:
        _keep_refusal(session, source, headers, checked.refused, now)
        return Outcome("", DeliveryState.REFUSED.value, checked.refused)
    made = _insert(session, source, checked.delivery_id, headers, body, now)
    if made is None:
        return Outcome("", "duplicate", "This delivery was here before; nothing was stored again.")
    row = session.get_one(t.WebhookDelivery, made)
    _work(session, row, body, now)
    return Outcome(row.id, row.state, row.error or "Recorded.")


def _insert(
    session: Session,
    source: str,
    delivery_id: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> str | None:
    """The id of the new row, or None when this delivery, or this very body, is here already.

    The database decides, so that deliveries in parallel become one row.
    """
    values = {
        "id": new_id(),
        "source": source,
        "delivery_id": redact(_storable(delivery_id)).text[:240],
        "body_sha256": hashlib.sha256(body).hexdigest(),
        "event": "",
        "subject": "",
        "state": DeliveryState.FAILED.value,
        "error": "",
        "headers": {n: _storable(headers[n])[:240] for n in _HEADERS_KEPT if n in headers},
        "body": redact(_storable(body.decode("utf-8", "replace"))).text,
        "result": {},
        "attempts": 1,
        "received_at": now,
        "applied_at": None,
    }
    dialect = session.get_bind().dialect.name
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(t.WebhookDelivery).values(**values).on_conflict_do_nothing()
    # What comes back tells whether it was written; a count of rows is not told everywhere.
    found: str | None = session.execute(
        statement.returning(col(t.WebhookDelivery.id))
    ).scalar_one_or_none()
    return found


def _storable(text: str) -> str:
    """Text that both databases hold: no NUL, no halves of character pairs."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _keep_refusal(
    session: Session, source: str, headers: Mapping[str, str], why: str, now: datetime
) -> None:
    """One line for the log page, without the body; at most one in ten seconds per source, so
    that strangers can't fill the disk.
    """
    row = t.WebhookDelivery
    recent = select(row.id).where(
        row.source == source,
        row.state == DeliveryState.REFUSED.value,
        col(row.received_at) > now - REFUSALS_KEPT_EVERY,
    )
    if session.exec(recent).first() is not None:
        return
    mark = new_id()
    kept = {n: _storable(headers[n])[:240] for n in ("user-agent",) if n in headers}
    session.add(row(source=source, delivery_id=f"refused:{mark}", body_sha256=f"refused:{mark}",
                    state=DeliveryState.REFUSED.value, error=why, headers=kept,
                    received_at=now))  # fmt: skip
    session.flush()


def _work(session: Session, row: t.WebhookDelivery, body: bytes, now: datetime) -> None:
    """Read and apply; whatever goes wrong is written on the row."""
    try:
        event = _read(row, body)
        row.event = event.kind[:120]
        if event.unknown:
            _settle(row, DeliveryState.UNKNOWN, "This kind of event is new to us; it is kept.")
        elif event.ignored:
            _settle(row, DeliveryState.IGNORED, event.ignored)
        else:
            _apply(session, row, event, now)
    except (Malformed, ValidationError, RecursionError) as error:
        _settle(row, DeliveryState.MALFORMED, _words_of(error))
    session.add(row)
    session.flush()


def _apply(session: Session, row: t.WebhookDelivery, event: Event, now: datetime) -> None:
    row.subject = (event.reviews[0].subject if event.reviews else "")[:400]
    try:
        row.result = _applied(session, row.source, event, now)
    except Exception as error:
        # The delivery must survive whatever its effect runs into; it is redelivered from here.
        _log.exception("delivery %s (%s) failed", row.id, row.source)
        _settle(row, DeliveryState.FAILED, f"{type(error).__name__} while it was recorded.")
        return
    _settle(row, DeliveryState.APPLIED, "")
    row.applied_at = now


def _applied(session: Session, source: str, event: Event, now: datetime) -> dict[str, Any]:
    """Apply in a savepoint; once more when another delivery wrote the same record meanwhile."""
    try:
        with session.begin_nested():
            return events_apply.apply(session, source=source, event=event, now=now)
    except IntegrityError:
        with session.begin_nested():
            return events_apply.apply(session, source=source, event=event, now=now)


def _read(row: t.WebhookDelivery, body: bytes) -> Event:
    try:
        data = json.loads(body)
    except (ValueError, UnicodeDecodeError) as error:
        raise Malformed("The body is not JSON.") from error
    return READERS[row.source](Delivery(row.headers, data))


def _words_of(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {first['msg']}"[:500]
    return (str(error) or type(error).__name__)[:500]


def _settle(row: t.WebhookDelivery, state: DeliveryState, error: str) -> None:
    row.state = state.value
    row.error = error


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A delivery as the log shows it."""

    id: str
    source: str
    delivery_id: str
    body_sha256: str
    event: str
    state: str
    error: str
    body: str
    result: Mapping[str, Any]
    attempts: int
    received_at: datetime
    applied_at: datetime | None


def _view(row: t.WebhookDelivery) -> DeliveryView:
    return DeliveryView(**{one.name: getattr(row, one.name) for one in fields(DeliveryView)})


def redeliver(session: Session, *, viewer: Viewer, delivery_id: str, now: datetime) -> Outcome:
    """Apply a kept delivery again; records are keyed, so nothing doubles. Raises NotFound."""
    row = _find(session, viewer, delivery_id)
    if row.state == DeliveryState.REFUSED.value:
        raise NotFound("A refused delivery keeps no body; the sender must send it again.")
    row.attempts += 1
    _work(session, row, row.body.encode(), now)
    act = audit.Act(viewer.name, "webhook.redeliver", "webhook_delivery", row.id,
                    {"source": row.source, "state": row.state})  # fmt: skip
    audit.append(session, act, now=now)
    return Outcome(row.id, row.state, row.error or "Recorded.")


def find(session: Session, *, viewer: Viewer, delivery_id: str) -> DeliveryView:
    """One delivery. Raises Forbidden, NotFound."""
    return _view(_find(session, viewer, delivery_id))


def _find(session: Session, viewer: Viewer, delivery_id: str) -> t.WebhookDelivery:
    need(viewer, Permission.ADMIN)
    row = session.get(t.WebhookDelivery, delivery_id)
    if row is None:
        raise NotFound("There is no such delivery.")
    return row


def deliveries(
    session: Session,
    *,
    viewer: Viewer,
    state: str = "",
    before: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> Sequence[DeliveryView]:
    """Deliveries, newest first, from after ``before``. One more than ``limit`` tells of more."""
    need(viewer, Permission.ADMIN)
    found = keyset.newest_first(
        session, t.WebhookDelivery, lambda row: row.received_at, state=state, before=before,
        limit=limit,
    )  # fmt: skip
    return [_view(row) for row in found]
