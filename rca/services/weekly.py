"""The weekly digest of a service: what brings its lessons back. The same for every reader, so it
holds open records only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from rca.config import Settings
from rca.domain.mail import FollowKind, MailKind, is_address, parse_week, start_of, week_name
from rca.domain.postmortem import OWN_ORGANISATION
from rca.domain.vocabulary import (
    ActionKind,
    ActionStatus,
    GuardrailDecision,
    PatternState,
    Relation,
    Severity,
)
from rca.errors import NotFound
from rca.reports import words
from rca.reports.letter import Item, Letter, Part, letter_html, letter_text
from rca.services import mailing, reminders
from rca.services.catalogue import KILL_SWITCH_DAYS
from rca.services.mail_desk import Desk, Leaving
from rca.services.mining_runs import last_run_id
from rca.services.reading import PUBLISHED_STATES
from rca.services.visibility import is_open
from rca.store import tables as t

AHEAD = timedelta(days=14)
"""How far ahead drills and reviews of guardrails are named."""
MOST = 8


@dataclass(frozen=True, slots=True)
class Week:
    """A whole ISO week, Monday to Sunday, UTC."""

    monday: date

    @classmethod
    def named(cls, text: str) -> "Week":
        """``2026-W40``. Raises NotFound with the expected form."""
        try:
            return cls(parse_week(text))
        except ValueError as error:
            raise NotFound(str(error)) from error

    @property
    def name(self) -> str:
        """``2026-W40``."""
        return week_name(self.monday)

    @property
    def words(self) -> str:
        """As a reader sees it."""
        last = self.monday + timedelta(days=6)
        return f"{words.day(self.monday)} to {words.day(last)}"

    @property
    def year_before(self) -> "Week":
        """The same week a year ago: 52 weeks back, so that weekdays agree."""
        return Week(self.monday - timedelta(weeks=52))

    def holds(self, column: Any) -> Any:
        """A WHERE condition: the column's instant is in this week."""
        end = self.monday + timedelta(days=7)
        return (col(column) >= start_of(self.monday)) & (col(column) < start_of(end))


def services_with_readers(session: Session) -> dict[str, list[t.User]]:
    """Who follows which service, of active accounts with an address."""
    found: dict[str, list[t.User]] = {}
    query = (
        select(t.Follow.name, t.User)
        .where(
            t.Follow.kind == FollowKind.SERVICE.value,
            t.Follow.user_id == t.User.id,
            col(t.User.active).is_(True),
        )
        .order_by(col(t.Follow.name), col(t.User.name))
    )
    for name, user in session.exec(query):
        if is_address(user.email):
            found.setdefault(name, []).append(user)
    return found


def plan(session: Session, *, week: Week, now: datetime, service: str = "") -> int:
    """Put the week's digest in line for everyone who follows a service; once, however often this
    is asked. Returns how many are new.
    """
    made = 0
    for name, users in services_with_readers(session).items():
        if service and name != service:
            continue
        for user in users:
            draft = mailing.Draft(
                key=f"weekly:{week.name}:{user.id}:{name}",
                kind=MailKind.WEEKLY,
                recipient=user.email,
                period=week.name,
                scope=name,
                user_id=user.id,
            )
            made += mailing.queue(session, draft, now=now)
    return made


def compose(
    session: Session, row: t.MailMessage, desk: Desk, _settings: Settings, now: datetime
) -> Letter | None:
    """The digest as it stands now; None in a week with nothing to bring back."""
    if session.get(t.Follow, (row.user_id, FollowKind.SERVICE.value, row.scope)) is None:
        row.said = "The reader asked for no more of these."
        return None
    leaving = Leaving(MailKind.WEEKLY, row.scope, row.user_id or "", "")
    letter = digest(session, service=row.scope, week=Week.named(row.period), desk=desk, now=now,
                    leave=desk.leave(leaving))  # fmt: skip
    if letter is None:
        row.said = "A quiet week: there was nothing to bring back."
    return letter


def digest(
    session: Session, *, service: str, week: Week, desk: Desk, now: datetime, leave: str = ""
) -> Letter | None:
    """The letter about one service, or None when nothing happened, is due or comes back."""
    today = now.date()
    parts = [
        _recurred(session, service, week, desk),
        _year_ago(session, service, week, desk),
        _overdue(session, service, desk, today),
        _drills(session, service, desk, now),
        _guardrails(session, service, desk, today),
        _published(session, service, week, desk),
    ]
    told = tuple(part for part in parts if part is not None)
    if not told:
        return None
    return Letter(
        subject=f"{service}, {week.name}: {_gist(told)}",
        title=f"{service}: what comes back",
        lede=f"Week {week.name}, {week.words}. What is overdue or due is as of "
        f"{words.day(today)}. Open records only; members read of a restricted one elsewhere.",
        why=f"You get this because you follow {service}.",
        parts=told,
        settings=desk.settings(),
        leave=leave,
        organisation=desk.organisation,
    )


def printed(
    session: Session, *, service: str, week: Week, desk: Desk, now: datetime, html: bool = False
) -> str:
    """The digest as its mail would read, blank when there is nothing to say."""
    letter = digest(session, service=service, week=week, desk=desk, now=now)
    if letter is None:
        return ""
    return letter_html(letter) if html else letter_text(letter)


def _gist(parts: Sequence[Part]) -> str:
    return ", ".join(part.heading[0].lower() + part.heading[1:] for part in parts[:3])


def _of(service: str) -> tuple[Any, ...]:
    """Open, own, published records that touched the service."""
    row, name = t.PostmortemRow, t.PostmortemService
    named = select(name.postmortem_id).where(name.name == service)
    return (
        is_open(),
        row.organisation == OWN_ORGANISATION,
        col(row.status).in_(PUBLISHED_STATES),
        col(row.id).in_(named),
    )


def _severity(row: t.PostmortemRow) -> str:
    return Severity(row.severity).label if row.severity else "severity unknown"


def _item(row: t.PostmortemRow, desk: Desk, said: str = "") -> Item:
    at = words.day(row.occurred_at) if row.occurred_at else "date unknown"
    return Item(
        title=row.title or "No title",
        href=desk.postmortem(row.reference),
        meta=f"{row.reference} · {_severity(row)} · {at}",
        words=said,
    )


def _new(session: Session, service: str, week: Week) -> list[t.PostmortemRow]:
    row = t.PostmortemRow
    query = select(row).where(*_of(service), week.holds(row.published_at))
    return list(session.exec(query.order_by(col(row.published_at), col(row.reference))))


def _published(session: Session, service: str, week: Week, desk: Desk) -> Part | None:
    rows = _new(session, service, week)
    if not rows:
        return None
    heading = f"{words.plural(len(rows), 'postmortem')} published"
    return Part(heading, tuple(_item(row, desk, _learnt(session, row)) for row in rows[:MOST]))


def _recurred(session: Session, service: str, week: Week, desk: Desk) -> Part | None:
    items = []
    for row in _new(session, service, week):
        again = [*_by_pattern(session, row), *_by_link(session, row)]
        if again:
            items.append(_item(row, desk, "Again: " + "; ".join(dict.fromkeys(again)) + "."))
    if not items:
        return None
    return Part(f"{words.plural(len(items), 'incident')} came back", tuple(items[:MOST]))


def _by_pattern(session: Session, row: t.PostmortemRow) -> list[str]:
    """Patterns of the newest run that it belongs to, with how many came before it."""
    pattern, member, other = t.PatternRow, t.PatternMember, t.PostmortemRow
    query = (
        select(pattern.name, func.count())
        .where(
            pattern.last_run_id == last_run_id(session),
            pattern.kind == "recurrence",
            pattern.state != PatternState.DISMISSED.value,
            member.pattern_id == pattern.id,
            member.postmortem_id == other.id,
            is_open(),
            col(other.status).in_(PUBLISHED_STATES),
            other.id != row.id,
            col(other.sort_at) < row.sort_at,
            col(pattern.id).in_(
                select(t.PatternMember.pattern_id).where(t.PatternMember.postmortem_id == row.id)
            ),
        )
        .group_by(col(pattern.id), col(pattern.name))
        .order_by(col(pattern.name))
    )
    return [f"{name}, {words.plural(n, 'time')} before" for name, n in session.exec(query)]


def _by_link(session: Session, row: t.PostmortemRow) -> list[str]:
    link, other = t.RelatedPostmortemRow, t.PostmortemRow
    query = select(other.reference).where(
        link.postmortem_id == row.id,
        link.relation == Relation.RECURRENCE_OF.value,
        link.reference == other.reference,
        is_open(),
    )
    return [f"a recurrence of {reference}" for reference in session.exec(query)]


def _overdue(session: Session, service: str, desk: Desk, today: date) -> Part | None:
    todos = [
        one
        for one in reminders.open_todos(session, is_open())
        if service in one.services and one.age(today) > 0
    ]
    if not todos:
        return None
    left = len(todos) - MOST
    return Part(
        f"{words.plural(len(todos), 'action item')} past the date",
        tuple(reminders.item_of(one, desk, today) for one in todos[:MOST]),
        more=f"And {left} more." if left > 0 else "",
    )


def _year_ago(session: Session, service: str, week: Week, desk: Desk) -> Part | None:
    row = t.PostmortemRow
    query = select(row).where(
        *_of(service),
        week.year_before.holds(row.occurred_at),
        col(row.occurred_precision).not_in(["year", "month", "unknown"]),
    )
    rows = list(session.exec(query.order_by(col(row.occurred_at), col(row.reference))))
    if not rows:
        return None
    items = tuple(_item(one, desk, _learnt(session, one)) for one in rows[:MOST])
    return Part("A year ago this week", items)


def _learnt(session: Session, row: t.PostmortemRow) -> str:
    """What contributed, and what became of the actions."""
    factor, action = t.ContributingFactorRow, t.ActionItemRow
    statement = session.exec(
        select(factor.statement)
        .where(
            factor.postmortem_id == row.id,
            col(factor.confirmed).is_(True),
            factor.statement != "",
        )
        .order_by(col(factor.position))
        .limit(1)
    ).first()
    statuses = session.exec(
        select(action.status).where(
            action.postmortem_id == row.id,
            action.kind == ActionKind.COMMITMENT.value,
            col(action.confirmed).is_(True),
            action.title != "",
        )
    ).all()
    told = [f"Contributed: {statement}"] if statement else []
    if statuses:
        done = statuses.count(ActionStatus.DONE.value)
        told.append(f"{done} of {words.plural(len(statuses), 'action')} done.")
    return " ".join(told)


def _drills(session: Session, service: str, desk: Desk, now: datetime) -> Part | None:
    row = session.exec(select(t.Service).where(t.Service.name == service)).first()
    if row is None:
        return None
    drill = t.Drill
    query = select(drill).where(
        drill.service_id == row.id,
        col(drill.started_at).is_(None),
        col(drill.planned_at) <= now + AHEAD,
    )
    found = [_drill(one, desk, now) for one in session.exec(query.order_by(col(drill.planned_at)))]
    if row.kill_switch_url:
        found += _kill_switch(row.kill_switch_tested_at, desk, now)
    if not found:
        return None
    heading = words.plural(len(found), "drill or test due", "drills and tests due")
    return Part(heading, tuple(found[:MOST]))


def _drill(drill: t.Drill, desk: Desk, now: datetime) -> Item:
    late = drill.planned_at is not None and drill.planned_at < now
    return Item(
        title=drill.scenario or "A drill without a scenario",
        href=desk.page("/services"),
        meta=f"planned for {words.day(drill.planned_at)}",
        state="Overdue" if late else "",
        urgent=late,
    )


def _kill_switch(tested: datetime | None, desk: Desk, now: datetime) -> list[Item]:
    if tested is not None and now - tested <= timedelta(days=KILL_SWITCH_DAYS):
        return []
    said = f"last tested {words.day(tested)}" if tested else "no test is on record"
    return [Item("The kill switch", desk.page("/services"), said)]


def _guardrails(session: Session, service: str, desk: Desk, today: date) -> Part | None:
    """Adopted guardrails whose review date is near or past, and that answer this service."""
    row, link = t.GuardrailRow, t.GuardrailEvidence
    touched = select(link.guardrail_id).where(
        link.postmortem_id == t.PostmortemRow.id, *_of(service)
    )
    query = select(row).where(
        row.decision == GuardrailDecision.ACCEPTED.value,
        col(row.review_by) <= today + AHEAD,
        col(row.id).in_(touched),
    )
    found = [
        Item(
            title=one.title,
            href=desk.page(f"/guardrails/{one.id}"),
            meta=f"{one.mode}, review by {words.day(one.review_by)}",
            state="Overdue" if one.review_by and one.review_by < today else "",
            urgent=bool(one.review_by and one.review_by < today),
        )
        for one in session.exec(query.order_by(col(row.review_by), col(row.id)))
    ]
    if not found:
        return None
    return Part(f"{words.plural(len(found), 'guardrail')} due for review", tuple(found[:MOST]))
