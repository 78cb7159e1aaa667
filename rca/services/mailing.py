"""The post office: each mail is a row with a unique key, sent by a job, tried again with backoff.

A mail goes out at most once. Its row says “being sent” before the server hears of it, so a worker
that is killed in the middle leaves a line in the log and a button, never a second copy.
"""

import importlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, func, select

from rca import mail
from rca.config import Settings, Smtp
from rca.domain.access import Permission, Viewer
from rca.domain.mail import MailKind, MailState, is_address, one_line
from rca.domain.postmortem import new_id
from rca.errors import NotFound, NotNow
from rca.reports.letter import Letter, letter_html, letter_text
from rca.services import jobs
from rca.services.jobs import Claim
from rca.services.mail_desk import Desk
from rca.services.permissions import need
from rca.store import audit, keyset
from rca.store import tables as t
from rca.store.engine import writing

_log = logging.getLogger("rca.mail")

BACKOFF = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720, 1_440)
)  # two days and two hours in all
QUIET = timedelta(seconds=60)
"""While the server was out of reach a moment ago, other mails wait instead of timing out too."""
KEPT = timedelta(days=180)
_SETTLED = (MailState.SENT.value, MailState.FAILED.value, MailState.SKIPPED.value)

Composer = Callable[[Session, t.MailMessage, Desk, Settings, datetime], Letter | None]

_COMPOSERS = {
    MailKind.REMINDER: "rca.services.reminders:compose",
    MailKind.WEEKLY: "rca.services.weekly:compose",
    MailKind.REVIEW: "rca.services.review_mail:compose",
    MailKind.CONFIRM: "rca.services.mail_choices:compose_confirm",
    MailKind.TEST: "rca.services.mailing:compose_test",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail to be. ``key`` names what may go out only once."""

    key: str
    kind: MailKind
    recipient: str
    period: str = ""
    scope: str = ""
    user_id: str | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    attachment: str | None = None


def queue(session: Session, draft: Draft, *, now: datetime) -> bool:
    """Put a mail in line in the caller's transaction. False when its key was in line before.

    The database decides, so that two workers put it in line once.
    """
    values = {
        "id": new_id(),
        "key": draft.key[:400],
        "kind": draft.kind.value,
        "period": draft.period,
        "scope": draft.scope,
        "recipient": draft.recipient,
        "user_id": draft.user_id,
        "payload": draft.payload,
        "attachment": draft.attachment,
        "state": MailState.WAITING.value,
        "subject": "",
        "said": "",
        "unreachable": False,
        "attempts": 0,
        "message_id": "",
        "size": 0,
        "created_at": now,
    }
    dialect = session.get_bind().dialect.name
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(t.MailMessage).values(**values).on_conflict_do_nothing()
    made = session.execute(statement.returning(col(t.MailMessage.id))).scalar_one_or_none()
    if made is None:
        return False
    _enqueue(session, made, now)
    return True


def _enqueue(session: Session, message: str, now: datetime, delay: timedelta | None = None) -> None:
    jobs.enqueue(
        session,
        kind="mail",
        key=f"mail:{message}",
        now=now,
        delay=delay or timedelta(0),
        payload={"message": message},
    )


def keep_attachment(
    session: Session, *, name: str, media_type: str, data: bytes, sha256: str, now: datetime
) -> str:
    """Keep a file once for all mails that carry it. Returns its key."""
    if session.get(t.MailAttachment, sha256) is None:
        session.add(
            t.MailAttachment(
                sha256=sha256, name=name, media_type=media_type, data=data, created_at=now
            )
        )
        session.flush()
    return sha256


# Sending


@dataclass(frozen=True, slots=True)
class _Ready:
    outgoing: mail.Outgoing
    smtp: Smtp


def run_job(engine: Engine, claim: Claim, settings: Settings, now: datetime) -> None:
    """Write and send one mail; whatever comes of it is on its row, and the job is done."""
    with writing(engine) as session:
        ready = _begin(session, claim, settings, now)
    if ready is None:
        return
    failure: mail.MailFailed | None = None
    try:
        message = mail.as_message(
            ready.outgoing, smtp=ready.smtp, organisation=settings.organisation, now=now
        )
        mail.send(message, smtp=ready.smtp)
    except mail.MailFailed as error:
        failure = error
    with writing(engine) as session:
        _after(session, claim, failure, now)


def _begin(session: Session, claim: Claim, settings: Settings, now: datetime) -> _Ready | None:
    """The mail, marked as being sent; None when there is nothing to send now."""
    row = session.exec(
        select(t.MailMessage).where(t.MailMessage.id == claim.payload["message"]).with_for_update()
    ).first()
    if row is None or row.state in _SETTLED:
        jobs.finish(session, claim, result={}, now=now)
        return None
    if row.state == MailState.SENDING.value:
        _settle(row, MailState.FAILED, "The worker stopped while it was being sent. It may have "
                "arrived; send it again if it did not.", now)  # fmt: skip
        jobs.finish(session, claim, result={"state": row.state}, now=now)
        return None
    if settings.smtp is None:
        _postpone(session, row, "No mail server is set.", timedelta(hours=1), now)
        jobs.finish(session, claim, result={"state": row.state}, now=now)
        return None
    if _out_of_reach(session, row, now):
        _postpone(session, row, row.said, QUIET, now)
        jobs.finish(session, claim, result={"state": row.state}, now=now)
        return None
    outgoing = _written(session, row, settings, now)
    if outgoing is None:
        jobs.finish(session, claim, result={"state": row.state}, now=now)
        return None
    row.state = MailState.SENDING.value
    row.attempts += 1
    row.tried_at = now
    row.next_at = None
    session.add(row)
    return _Ready(outgoing, settings.smtp)


def _out_of_reach(session: Session, row: t.MailMessage, now: datetime) -> bool:
    query = select(t.MailMessage.id).where(
        col(t.MailMessage.unreachable).is_(True),
        col(t.MailMessage.tried_at) > now - QUIET,
        t.MailMessage.id != row.id,
    )
    return session.exec(query.limit(1)).first() is not None


def _written(
    session: Session, row: t.MailMessage, settings: Settings, now: datetime
) -> mail.Outgoing | None:
    try:
        with session.begin_nested():
            letter = _compose(session, row, settings, now)
    except Exception as error:
        # A letter that can't be written must not stop the others, and must be seen in the log.
        _log.exception("mail %s (%s) could not be written", row.id, row.kind)
        _again(session, row, f"It could not be written: {type(error).__name__}.", now)
        return None
    if letter is None:
        _settle(row, MailState.SKIPPED, row.said or "There was nothing to say.", now)
        return None
    text, html = letter_text(letter), letter_html(letter)
    kept = session.get(t.MailAttachment, row.attachment) if row.attachment else None
    if not row.message_id:
        host = (settings.smtp.sender if settings.smtp else "").rpartition("@")[2].strip("> ")
        row.message_id = f"{row.id}@{host or 'localhost'}"
    row.subject = one_line(letter.subject)
    row.size = len(text.encode()) + len(html.encode()) + (len(kept.data) if kept else 0)
    return mail.Outgoing(
        to=row.recipient,
        subject=row.subject,
        text=text,
        html=html,
        message_id=row.message_id,
        leave=letter.leave,
        attachment=mail.Attachment(kept.name, kept.media_type, kept.data) if kept else None,
    )


def _compose(
    session: Session, row: t.MailMessage, settings: Settings, now: datetime
) -> Letter | None:
    if row.user_id:
        user = session.get(t.User, row.user_id)
        if user is None or not user.active:
            row.said = "The account is not active any more."
            return None
        if row.kind != MailKind.CONFIRM.value:
            row.recipient = user.email
    if not is_address(row.recipient):
        row.said = "There is no mail address any more."
        return None
    module, _, name = _COMPOSERS[MailKind(row.kind)].partition(":")
    composer: Composer = getattr(importlib.import_module(module), name)
    return composer(session, row, Desk.of(settings), settings, now)


def compose_test(
    _session: Session, _row: t.MailMessage, desk: Desk, settings: Settings, _now: datetime
) -> Letter:
    """The test mail."""
    return Letter(
        subject="Throughline can send mail",
        title="It works",
        lede=f"This mail came through {settings.smtp.host if settings.smtp else '?'}. "
        "Links in mail lead to the address below.",
        why="An admin asked for a test mail to this address.",
        button=("Open Throughline", desk.page("/")),
        organisation=desk.organisation,
    )


def _after(session: Session, claim: Claim, failure: mail.MailFailed | None, now: datetime) -> None:
    row = session.get_one(t.MailMessage, claim.payload["message"])
    row.unreachable = failure is not None and failure.unreachable
    if failure is None:
        _settle(row, MailState.SENT, "", now)
        _drop_attachment(session, row)
    elif failure.lasting:
        _settle(row, MailState.FAILED, str(failure), now)
    else:
        _again(session, row, str(failure), now)
    session.add(row)
    jobs.finish(session, claim, result={"state": row.state}, now=now)


def _again(session: Session, row: t.MailMessage, said: str, now: datetime) -> None:
    """In line again, later each time; given up after two days."""
    if row.state == MailState.WAITING.value:
        row.attempts += 1  # it did not come as far as the server
    if row.attempts > len(BACKOFF):
        _settle(row, MailState.FAILED, f"Given up after {row.attempts} tries: {said}", now)
        return
    _postpone(session, row, said, BACKOFF[row.attempts - 1], now)


def _postpone(
    session: Session, row: t.MailMessage, said: str, delay: timedelta, now: datetime
) -> None:
    row.state = MailState.WAITING.value
    row.said = said
    row.next_at = now + delay
    session.add(row)
    _enqueue(session, row.id, now, delay)


def _settle(row: t.MailMessage, state: MailState, said: str, now: datetime) -> None:
    row.state = state.value
    row.said = said
    row.settled_at = now
    row.next_at = None


def _drop_attachment(session: Session, row: t.MailMessage) -> None:
    """Forget a file when every mail that carries it has arrived."""
    if row.attachment is None:
        return
    kept, row.attachment = row.attachment, None
    session.add(row)
    session.flush()
    others = select(t.MailMessage.id).where(t.MailMessage.attachment == kept).limit(1)
    if session.exec(others).first() is None:
        session.execute(delete(t.MailAttachment).where(col(t.MailAttachment.sha256) == kept))


def prune(session: Session, *, now: datetime) -> int:
    """Forget lines of the log after half a year, and files of mails that were given up."""
    old = now - timedelta(days=14)
    message = t.MailMessage
    kept = select(t.MailAttachment.sha256).where(col(t.MailAttachment.created_at) < old)
    session.execute(
        update(message).where(col(message.attachment).in_(kept)).values(attachment=None)
    )
    session.execute(delete(t.MailAttachment).where(col(t.MailAttachment.created_at) < old))
    jobs.forget(session, kind="mail", before=old)
    gone = session.execute(
        delete(message).where(
            col(message.state).in_(_SETTLED), col(message.created_at) < now - KEPT
        )
    )
    return int(getattr(gone, "rowcount", 0))


# The log


@dataclass(frozen=True, slots=True)
class MailView:
    """A line of the log. What the mail said is not kept."""

    id: str
    kind: MailKind
    scope: str
    period: str
    recipient: str
    subject: str
    state: MailState
    said: str
    attempts: int
    size: int
    created_at: datetime
    next_at: datetime | None
    settled_at: datetime | None


def _view(row: t.MailMessage) -> MailView:
    return MailView(
        id=row.id,
        kind=MailKind(row.kind),
        scope=row.scope,
        period=row.period,
        recipient=row.recipient,
        subject=row.subject,
        state=MailState(row.state),
        said=row.said,
        attempts=row.attempts,
        size=row.size,
        created_at=row.created_at,
        next_at=row.next_at,
        settled_at=row.settled_at,
    )


def log(
    session: Session,
    *,
    viewer: Viewer,
    state: str = "",
    before: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> Sequence[MailView]:
    """Mails, newest first. One more than ``limit`` tells of more."""
    need(viewer, Permission.ADMIN)
    found = keyset.newest_first(
        session, t.MailMessage, lambda row: row.created_at, state=state, before=before, limit=limit
    )
    return [_view(row) for row in found]


def counts(session: Session) -> dict[str, int]:
    """How many mails are in each state."""
    state = col(t.MailMessage.state)
    query = select(state, func.count()).group_by(state)
    return dict(session.exec(query).all())


def send_again(session: Session, *, viewer: Viewer, message_id: str, now: datetime) -> None:
    """Put a failed or waiting mail in line now. Raises NotFound, NotNow."""
    need(viewer, Permission.ADMIN)
    row = session.get(t.MailMessage, message_id)
    if row is None:
        raise NotFound("There is no such mail.")
    if row.state not in (MailState.FAILED.value, MailState.WAITING.value):
        raise NotNow(f"It is {MailState(row.state).label.lower()} already.")
    row.state = MailState.WAITING.value
    row.attempts = 0
    row.unreachable = False
    row.settled_at = None
    session.add(row)
    _enqueue(session, row.id, now)
    audit.append(session, audit.Act(viewer.name, "mail.again", "mail", row.id, {}), now=now)


def send_test(session: Session, *, viewer: Viewer, address: str, now: datetime) -> bool:
    """A test mail, at most one a minute to an address."""
    need(viewer, Permission.ADMIN)
    key = f"test:{address}:{now:%Y%m%d%H%M}"
    return queue(session, Draft(key, MailKind.TEST, address), now=now)
