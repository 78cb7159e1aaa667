"""The quarterly review by mail: named lists, schedules, and one call that sends any review."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from rca.config import Settings
from rca.domain.access import Permission, Viewer
from rca.domain.mail import MailKind, is_address, last_day_begun
from rca.domain.quarters import Quarter
from rca.errors import Invalid, NotFound, Problem
from rca.reports.letter import Letter
from rca.services import jobs, mailing
from rca.services.jobs import Claim
from rca.services.mail_desk import Desk, Leaving
from rca.services.permissions import need
from rca.store import audit
from rca.store import tables as t
from rca.store.engine import reading, writing

if TYPE_CHECKING:
    from rca.services.review_delivery import Delivery

MOST_ADDRESSES = 500


@dataclass(frozen=True, slots=True)
class ListView:
    """A mailing list."""

    name: str
    addresses: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A review that goes out by itself."""

    id: str
    list_name: str
    days_after: int
    whose: str
    paper: str
    next_quarter: str
    next_on: date


def lists(session: Session) -> tuple[ListView, ...]:
    """All lists by name."""
    rows = session.exec(select(t.MailingList).order_by(col(t.MailingList.name)))
    return tuple(ListView(row.name, tuple(row.addresses), row.version) for row in rows)


def find_list(session: Session, name: str) -> ListView:
    """The list of that name. Raises NotFound."""
    row = session.get(t.MailingList, name)
    if row is None:
        raise NotFound(f"There is no list “{name}”. `rca mail list` shows them.")
    return ListView(row.name, tuple(row.addresses), row.version)


def save_list(
    session: Session, *, viewer: Viewer, name: str, addresses: Sequence[str], now: datetime
) -> ListView:
    """Make or replace a list; an empty one is removed with its schedules. Raises Invalid."""
    need(viewer, Permission.ADMIN)
    name = " ".join(name.split())
    addresses = list(dict.fromkeys(one.strip() for one in addresses if one.strip()))
    problems = []
    if not name or len(name) > 120 or "@" in name or not name.isprintable():
        problems.append(Problem("name", "A name of up to 120 characters, without @."))
    wrong = [one for one in addresses if not is_address(one)]
    if wrong:
        problems.append(Problem("addresses", f"Not an address: {', '.join(wrong[:5])}."))
    if len(addresses) > MOST_ADDRESSES:
        problems.append(Problem("addresses", f"At most {MOST_ADDRESSES}."))
    if problems:
        raise Invalid(problems)
    row = session.get(t.MailingList, name)
    if not addresses:
        if row is not None:
            session.delete(row)
        return _said(session, viewer, name, (), 0, now)
    row = row or t.MailingList(name=name, version=0, updated_at=now)
    row.addresses, row.updated_at = addresses, now
    row.version += 1
    session.add(row)
    return _said(session, viewer, name, tuple(addresses), row.version, now)


def _said(
    session: Session, viewer: Viewer, name: str, addresses: tuple[str, ...], version: int,
    now: datetime,
) -> ListView:  # fmt: skip
    session.flush()
    act = audit.Act(viewer.name, "mail.list", "mailing_list", name, {"addresses": len(addresses)})
    audit.append(session, act, now=now)
    return ListView(name, addresses, version)


# Schedules


def add_schedule(
    session: Session,
    *,
    viewer: Viewer,
    list_name: str,
    days_after: int,
    now: datetime,
    whose: str = "",
    paper: str = "a4",
) -> str:
    """From the next date on, each quarter's review goes to the list. Raises Invalid, NotFound."""
    need(viewer, Permission.ADMIN)
    find_list(session, list_name)
    if not 0 <= days_after <= 90:
        raise Invalid([Problem("days_after", "0 to 90 days after the quarter's end.")])
    row = t.ReviewSchedule(
        list_name=list_name,
        days_after=days_after,
        whose=whose,
        paper=paper,
        created_at=now,
        created_by=viewer.user_id,
    )
    session.add(row)
    session.flush()
    act = audit.Act(viewer.name, "mail.schedule", "review_schedule", row.id,
                    {"list": list_name, "days_after": days_after})  # fmt: skip
    audit.append(session, act, now=now)
    return row.id


def remove_schedule(session: Session, *, viewer: Viewer, schedule_id: str, now: datetime) -> None:
    """End a schedule. Raises NotFound."""
    need(viewer, Permission.ADMIN)
    row = session.get(t.ReviewSchedule, schedule_id)
    if row is None:
        raise NotFound("There is no such schedule.")
    session.delete(row)
    act = audit.Act(viewer.name, "mail.unschedule", "review_schedule", schedule_id, {})
    audit.append(session, act, now=now)


def schedules(session: Session, *, now: datetime) -> tuple[ScheduleView, ...]:
    """All schedules with their next date."""
    rows = session.exec(
        select(t.ReviewSchedule).order_by(
            col(t.ReviewSchedule.list_name), col(t.ReviewSchedule.created_at)
        )
    )
    return tuple(_schedule(row, now) for row in rows)


def _schedule(row: t.ReviewSchedule, now: datetime) -> ScheduleView:
    quarter = Quarter.of(now)
    while _due_on(quarter.previous(), row.days_after) > now.date():
        quarter = quarter.previous()
    return ScheduleView(
        id=row.id,
        list_name=row.list_name,
        days_after=row.days_after,
        whose=row.whose,
        paper=row.paper,
        next_quarter=str(quarter),
        next_on=_due_on(quarter, row.days_after),
    )


def _due_on(quarter: Quarter, days_after: int) -> date:
    return (quarter.end + timedelta(days=days_after)).date()


def due_quarter(row: t.ReviewSchedule, *, now: datetime, hour: int) -> Quarter | None:
    """The newest quarter whose date has come since the schedule was made; earlier ones that were
    missed are let go.
    """
    today = last_day_begun(now, hour)
    quarter = Quarter.of(now).previous()
    while _due_on(quarter, row.days_after) > today:
        quarter = quarter.previous()
    return quarter if _due_on(quarter, row.days_after) >= row.created_at.date() else None


def run_job(engine: Engine, claim: Claim, settings: Settings, now: datetime) -> None:
    """Print a scheduled review and put its mails in line: the published record when there is one,
    else the figures of the moment.
    """
    from rca.services import report_pdf

    with reading(engine) as session:
        row = session.get(t.ReviewSchedule, claim.payload["schedule"])
        members = find_list(session, row.list_name) if row else None
        found = _delivery(session, settings, row, claim.payload["quarter"], now) if row else None
    data = (
        report_pdf.pdf_of(found.document, home=settings.home, polite=True)
        if found and members
        else b""
    )
    with writing(engine) as session:
        queued = 0
        if members and found:
            queued = send_delivery(
                session,
                settings=settings,
                delivery=found,
                pdf_bytes=data,
                addresses=members.addresses,
                list_name=members.name,
                once=f"schedule:{claim.payload['schedule']}",
                now=now,
            )
        jobs.finish(session, claim, result={"queued": queued}, now=now)


def _delivery(
    session: Session, settings: Settings, row: t.ReviewSchedule, quarter: str, now: datetime
) -> "Delivery | None":
    """The quarter's review; None when it had no incident, so that there is nothing to say."""
    from rca.services import review_delivery, reviews

    try:
        return review_delivery.delivery(
            session,
            period=reviews.parse_period(quarter),
            now=now,
            organisation=settings.organisation,
            whose=row.whose,
            paper=row.paper,
        )
    except NotFound:
        return None


# Sending


def send_review(
    session: Session,
    *,
    settings: Settings,
    addresses: Sequence[str],
    pdf_bytes: bytes,
    name: str,
    subject: str,
    link: str,
    period: str,
    now: datetime,
    summary: str = "",
    list_name: str = "",
    once: str = "",
) -> int:
    """Put a review in line for each address: the PDF attached when it fits, a link in any case.

    The same bytes of one ``period`` go to an address once; with ``once`` whatever bears that name
    does. Returns how many mails are new.
    """
    digest = hashlib.sha256(pdf_bytes).hexdigest()
    fits = 0 < len(pdf_bytes) <= settings.mail_most_bytes
    made = 0
    for address in dict.fromkeys(addresses):
        made += mailing.queue(
            session,
            mailing.Draft(
                key=f"review:{period}:{once or digest}:{address}",
                kind=MailKind.REVIEW,
                recipient=address,
                period=period[:32],
                scope=list_name,
                payload={
                    "subject": subject,
                    "summary": summary,
                    "link": link,
                    "name": name,
                    "bytes": len(pdf_bytes),
                    "attached": fits,
                },
                attachment=mailing.keep_attachment(
                    session, name=name, media_type="application/pdf", data=pdf_bytes,
                    sha256=digest, now=now,
                ) if fits else None,
            ),
            now=now,
        )  # fmt: skip
    return made


def send_delivery(
    session: Session,
    *,
    settings: Settings,
    delivery: "Delivery",
    pdf_bytes: bytes,
    addresses: Sequence[str],
    list_name: str,
    now: datetime,
    once: str = "",
) -> int:
    """Put a review in line for each address. Returns how many mails are new."""
    return send_review(
        session,
        settings=settings,
        addresses=addresses,
        list_name=list_name,
        period=delivery.period,
        pdf_bytes=pdf_bytes,
        name=delivery.document.name,
        subject=delivery.subject,
        summary=delivery.summary,
        link=Desk.of(settings).page(delivery.path),
        once=once,
        now=now,
    )


def compose(
    session: Session, row: t.MailMessage, desk: Desk, _settings: Settings, _now: datetime
) -> Letter | None:
    """The covering mail of a review."""
    told = row.payload
    leaving = Leaving(MailKind.REVIEW, row.scope, "", row.recipient)
    if row.scope and row.recipient not in _addresses(session, row.scope):
        row.said = "The reader is not on the list any more."
        return None
    attached = told["attached"] and row.attachment is not None
    size = f"{told['bytes'] / 1_000_000:.1f} MB"
    where = (
        f"The PDF ({size}) is attached. The page has the same numbers, with a table under each "
        "chart."
        if attached
        else f"The PDF ({size}) is too large to attach; the page leads to it."
    )
    return Letter(
        subject=told["subject"],
        title=told["subject"],
        lede=" ".join(part for part in (told["summary"], where) if part),
        why=f"This address is on the list “{row.scope}” of {desk.organisation or 'Throughline'}."
        if row.scope
        else "Somebody who keeps this instance sent it to you.",
        button=("Open the review", told["link"]),
        leave=desk.leave(leaving) if row.scope else "",
        organisation=desk.organisation,
    )


def _addresses(session: Session, name: str) -> Sequence[str]:
    row = session.get(t.MailingList, name)
    return row.addresses if row else ()
