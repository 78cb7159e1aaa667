"""What only people can do for a guardrail: planned, with the age of its evidence.

A drill, a design or a habit is no rule. It gets a date and evidence, and the page says how old the
newest evidence is. Where the catalogue has it (drills, kill switches), it is read from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from mining.policy import catalogue
from rca.domain.access import Permission, Viewer
from rca.domain.catalogue import DrillEntry
from rca.errors import Conflict, Invalid, NotFound, Problem
from rca.services.catalogue import DrillView, find_drill
from rca.services.catalogue_changes import save_drill
from rca.services.permissions import need
from rca.store import audit
from rca.store import tables as t

FIRST_DAYS = 30
DRILL, SWITCH = "drill.lastPassedDays", "killSwitch.testedDays"
LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing to do again and again; ``last_on`` is the day of the newest evidence."""

    id: str
    action: str
    every_days: int
    is_drill: bool
    due_on: date
    last_on: date | None
    evidence: str
    drill: DrillView | None
    version: int
    guardrail_id: str

    def age(self, today: date) -> int | None:
        """Days since the newest evidence; None without any."""
        return (today - self.last_on).days if self.last_on else None

    def overdue(self, today: date) -> int:
        """Days past its date, 0 before."""
        return max(0, (today - self.due_on).days)


def plan(session: Session, row: t.GuardrailRow, now: datetime) -> None:
    """Give an accepted guardrail its duties; those it has already keep their dates and evidence."""
    kept = {duty.position for duty in _rows(session, [row.id])}
    for position, action in enumerate(catalogue.family(row.family).people):
        if position in kept:
            continue
        due = now.date() + timedelta(days=min(action.every_days, FIRST_DAYS))
        session.add(
            t.GuardrailDuty(
                guardrail_id=row.id, position=position, action=action.action,
                every_days=action.every_days, fact=action.evidence or "", due_on=due,
            )
        )  # fmt: skip
    session.flush()


def _rows(session: Session, ids: Sequence[str]) -> list[t.GuardrailDuty]:
    query = select(t.GuardrailDuty).where(col(t.GuardrailDuty.guardrail_id).in_(list(ids)))
    order = (col(t.GuardrailDuty.due_on), col(t.GuardrailDuty.id))
    return list(session.exec(query.order_by(*order)))


def services_of(doc: Mapping[str, Any]) -> tuple[str, ...]:
    """Services that the rule names in its match."""
    leaves = doc["spec"]["match"].get("all", ())
    named = [leaf["value"] for leaf in leaves if leaf.get("field") == "service.name"]
    return tuple(str(n) for value in named for n in (value if isinstance(value, list) else [value]))


def _from_catalogue(session: Session, fact: str, services: Sequence[str]) -> date | None:
    """The newest day on which the catalogue saw it done on one of the services."""
    names = col(t.Service.name).in_(list(services))
    moments: Sequence[datetime | None] = ()
    if fact == DRILL:
        query = select(t.Drill.recovered_at).where(t.Drill.service_id == t.Service.id, names)
        moments = session.exec(query).all()
    elif fact == SWITCH:
        moments = session.exec(select(t.Service.kill_switch_tested_at).where(names)).all()
    return max((moment.date() for moment in moments if moment is not None), default=None)


def _duty(session: Session, row: t.GuardrailDuty, services: Sequence[str]) -> Duty:
    drill = find_drill(session, drill_id=row.drill_id) if row.drill_id else None
    told = [(date.fromisoformat(entry["on"]), str(entry["evidence"])) for entry in row.done]
    seen = _from_catalogue(session, row.fact, services) if row.fact else None
    if seen:
        told.append((seen, "seen in the catalogue"))
    if drill is not None and drill.recovered_at is not None:
        told.append((drill.recovered_at.date(), drill.evidence or "the drill was held"))
    last, evidence = max(told, default=(None, ""))
    due = max(row.due_on, last + timedelta(days=row.every_days)) if last else row.due_on
    return Duty(
        row.id, row.action, row.every_days, row.fact == DRILL, due, last, evidence, drill,
        row.version, row.guardrail_id,
    )  # fmt: skip


def duties_of(session: Session, row: t.GuardrailRow) -> list[Duty]:
    """The duties of one guardrail, the next one first."""
    services = services_of(row.document)
    found = [_duty(session, item, services) for item in _rows(session, [row.id])]
    return sorted(found, key=lambda duty: (duty.due_on, duty.id))


def all_duties(session: Session) -> list[tuple[Duty, str]]:
    """Duties of every accepted guardrail with its title, the next one first."""
    query = select(t.GuardrailRow).where(t.GuardrailRow.decision == "accepted")
    found = [(duty, row.title) for row in session.exec(query) for duty in duties_of(session, row)]
    return sorted(found, key=lambda pair: (pair[0].due_on, pair[0].id))


def _to_change(session: Session, viewer: Viewer, duty_id: str, version: int) -> t.GuardrailDuty:
    need(viewer, Permission.WRITE)
    row = session.get(t.GuardrailDuty, duty_id, with_for_update=True)
    if row is None:
        raise NotFound("There is no such duty.")
    if row.version != version:
        raise Conflict("Somebody wrote this down meanwhile.", current={}, version=row.version)
    return row


def record(
    session: Session, *, viewer: Viewer, duty_id: str, base_version: int, on: str, evidence: str,
    now: datetime,
) -> str:  # fmt: skip
    """Write down that it was done, with its evidence. The guardrail's id.

    Raises Conflict, Forbidden, NotFound, and Invalid for a day to come or without evidence.
    """
    row = _to_change(session, viewer, duty_id, base_version)
    day, words = _day(on, now), evidence.strip()
    if not words:
        raise Invalid(
            [Problem("evidence", "Link or name what shows it. Without it nobody can look.")]
        )
    if len(words) > LONGEST or "\0" in words:
        raise Invalid([Problem("evidence", f"Keep it under {LONGEST:,} characters.")])
    row.done = [*row.done, {"on": day.isoformat(), "evidence": words}]
    row.due_on = max(row.due_on, day + timedelta(days=row.every_days))
    _keep(session, viewer, row, "duty.done", now)
    return row.guardrail_id


def _day(text: str, now: datetime) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise Invalid([Problem("on", "Give the day as 2026-10-05.")]) from error
    if day > now.date():
        raise Invalid([Problem("on", "That day is still to come: plan it, and come back.")])
    return day


def _keep(
    session: Session, viewer: Viewer, row: t.GuardrailDuty, action: str, now: datetime
) -> None:
    row.version += 1
    session.add(row)
    session.flush()
    act = audit.Act(viewer.name, action, "guardrail", row.guardrail_id, {"position": row.position})
    audit.append(session, act, now=now)


def plan_drill(
    session: Session, *, viewer: Viewer, duty_id: str, base_version: int, entry: DrillEntry,
    now: datetime,
) -> str:  # fmt: skip
    """Plan the drill of a duty in the catalogue, where its times are written down. Its id.

    Raises Conflict, Forbidden, Invalid, NotFound.
    """
    row = _to_change(session, viewer, duty_id, base_version)
    drill_id = save_drill(session, viewer=viewer, entry=entry, now=now)
    row.drill_id = drill_id
    if entry.planned_at is not None:
        row.due_on = entry.planned_at.date()
    _keep(session, viewer, row, "duty.plan", now)
    return drill_id
