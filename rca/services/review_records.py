"""The reliability review as a record: draft, frozen, published, and what may be done to each.

The words of a draft and of a frozen review may be edited; its figures are frozen once. What was
published never changes: corrections are dated addenda, or a new version.
"""

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from rca import __version__
from rca.domain.access import OPERATOR, Permission, Viewer
from rca.domain.periods import Period
from rca.domain.vocabulary import ReviewState
from rca.errors import Conflict, Invalid, NotFound, NotNow, Problem
from rca.reports.value import Review, as_json, review_digest
from rca.services import look, reading, review_figures, reviews, secrets_guard
from rca.services.permissions import need
from rca.services.review_reading import merged, parts_of, period_of
from rca.store import audit
from rca.store import tables as t

_LOCK = 7_220_121


def create(
    session: Session,
    *,
    viewer: Viewer,
    period: Period,
    now: datetime,
    whose: str = "",
    team: str = "",
    tier: int | None = None,
    organisation: str = "",
) -> str:
    """A new draft over live data. Returns its reference. Raises Forbidden, NotNow while another
    version of it is not published, NotFound when no incident is on record there.
    """
    need(viewer, Permission.WRITE)
    _check_scope(session, team, tier)
    reviews.build(
        session, period=period, now=now, organisation=organisation, whose=whose, team=team,
        tier=tier,
    )  # fmt: skip
    _one_at_a_time(session)
    row = _new(session, period, whose.strip()[:240], team, tier, viewer, now)
    _record(session, viewer, "review.create", row, now=now)
    return row.reference


def _check_scope(session: Session, team: str, tier: int | None) -> None:
    teams, tiers = reviews.teams_and_tiers(session)
    if team and team not in teams:
        raise Invalid([Problem("team", "No record names this team.")])
    if tier is not None and tier not in tiers:
        raise Invalid([Problem("tier", "No service has this tier.")])


def _one_at_a_time(session: Session) -> None:
    """Two creators get two numbers; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _new(
    session: Session, period: Period, whose: str, team: str, tier: int | None, viewer: Viewer,
    now: datetime,
) -> t.ReviewRow:  # fmt: skip
    row = t.ReviewRow
    query = (
        select(row)
        .where(row.period == str(period), row.organisation == whose, row.team == team,
               row.tier == tier)
        .order_by(col(row.number).desc())
    )  # fmt: skip
    newest = session.exec(query).first()
    if newest is not None and newest.state != ReviewState.PUBLISHED:
        raise NotNow(f"{newest.reference} is not published yet. Finish or discard it first.")
    number = newest.number + 1 if newest else 1
    made = t.ReviewRow(
        reference=_reference(period, whose, team, tier, number),
        period=str(period),
        starts_on=period.start.date(),
        ends_on=(period.end - timedelta(days=1)).date(),
        fiscal_start=getattr(period, "fiscal_start", 1),
        organisation=whose,
        team=team,
        tier=tier,
        number=number,
        state=ReviewState.DRAFT.value,
        replaces_id=newest.id if newest else None,
        created_at=now,
        created_by=viewer.user_id,
        updated_at=now,
    )
    session.add(made)
    session.flush()
    return made


def _reference(period: Period, whose: str, team: str, tier: int | None, number: int) -> str:
    parts = [str(period), whose, f"team-{team}" if team else ""]
    parts += [f"tier-{tier}" if tier is not None else "", f"v{number}"]
    clean = (re.sub(r"[^A-Za-z0-9.]+", "-", part).strip("-") for part in parts)
    return "_".join(part for part in clean if part)


def find(session: Session, reference: str, *, lock: bool = False) -> t.ReviewRow:
    """The record. Raises NotFound."""
    query = select(t.ReviewRow).where(t.ReviewRow.reference == reference)
    row = session.exec(query.with_for_update() if lock else query).first()
    if row is None:
        raise NotFound(f"There is no review {reference}.")
    return row


def live(session: Session, row: t.ReviewRow, *, now: datetime, organisation: str) -> Review:
    """The figures of the moment for the record's period and scope."""
    return review_figures.figures(session, now=now, organisation=organisation, **_asked(row))


def _asked(row: t.ReviewRow) -> dict[str, Any]:
    return {"period": period_of(row), "whose": row.organisation, "team": row.team, "tier": row.tier}


def freeze(
    session: Session,
    *,
    viewer: Viewer,
    reference: str,
    base_version: int,
    now: datetime,
    organisation: str,
) -> str:
    """Keep the figures as they are now. Returns their digest."""
    row = _at(session, viewer, reference, base_version)
    _only(row, ReviewState.DRAFT, "Its figures are frozen already.")
    # Computed anew, whatever memory holds: this is what stays.
    figures = reviews.build(session, now=now, organisation=organisation, **_asked(row))
    row.snapshot = {
        "review": as_json(figures),
        "incident": _incident(session, figures.in_full),
        "made_with": __version__,
        "look": look.kept(look.current(session)),
    }
    row.digest, row.headline = review_digest(figures), figures.headline
    row.frozen_at, row.frozen_by = now, viewer.user_id
    _move(session, row, ReviewState.FROZEN, now)
    _record(session, viewer, "review.freeze", row, now=now, digest=row.digest)
    return row.digest


def _incident(session: Session, reference: str) -> dict[str, Any] | None:
    """The content of the incident that is printed whole, as published."""
    if not reference:
        return None
    view = reading.view(session, viewer=OPERATOR, reference=reference)
    return {
        "reference": reference,
        "number": view.published_number,
        "unconfirmed": view.unconfirmed,
        "content": view.content.model_dump(mode="json"),
    }


def thaw(
    session: Session, *, viewer: Viewer, reference: str, base_version: int, now: datetime
) -> None:
    """Back to live figures, before publication. The words stay."""
    row = _at(session, viewer, reference, base_version)
    _only(row, ReviewState.FROZEN, "Only frozen figures can be let go.")
    before = row.digest
    row.snapshot, row.digest, row.headline = {}, "", ""
    row.frozen_at, row.frozen_by = None, None
    _move(session, row, ReviewState.DRAFT, now)
    _record(session, viewer, "review.thaw", row, now=now, digest=before)


def publish(
    session: Session, *, viewer: Viewer, reference: str, base_version: int, now: datetime
) -> None:
    """Publish figures and words together. From here on the database refuses any change."""
    row = _at(session, viewer, reference, base_version)
    _only(row, ReviewState.FROZEN, "Freeze its figures first: what is published never moves.")
    words = merged(row, parts_of(session, row.id))
    # The words go into the snapshot too; what they were is then as fixed as the figures.
    row.snapshot = {**row.snapshot, "review": as_json(_bare(words))}
    row.published_at, row.published_by = now, viewer.user_id
    _move(session, row, ReviewState.PUBLISHED, now)
    _record(session, viewer, "review.publish", row, now=now, digest=row.digest)


def _bare(review: Review) -> Review:
    """Without what the row itself says: state, dates, addenda."""
    from rca.reports.value import Edition

    return replace(review, edition=Edition())


def discard(
    session: Session, *, viewer: Viewer, reference: str, base_version: int, now: datetime
) -> None:
    """Delete a review that was never published."""
    row = _at(session, viewer, reference, base_version)
    if row.state == ReviewState.PUBLISHED:
        raise NotNow("A published review stays.")
    _record(session, viewer, "review.discard", row, now=now)
    session.delete(row)
    session.flush()


def add_addendum(
    session: Session, *, viewer: Viewer, reference: str, text: str, now: datetime
) -> None:
    """A dated correction under a published review."""
    need(viewer, Permission.REVIEW)
    row = find(session, reference, lock=True)
    _only(row, ReviewState.PUBLISHED, "Before publication the words themselves can be edited.")
    cleaned = secrets_guard.redact(text.replace("\x00", "").strip()).text
    if not 1 <= len(cleaned) <= 4_000:
        raise Invalid([Problem("text", "Say what is corrected, in at most 4,000 characters.")])
    session.add(t.ReviewAddendum(review_id=row.id, text=cleaned, at=now, by_id=viewer.user_id))
    _record(session, viewer, "review.addendum", row, now=now)


def next_version(
    session: Session, *, viewer: Viewer, reference: str, now: datetime
) -> str:  # fmt: skip
    """A new draft over live figures that starts from the words of the published one."""
    need(viewer, Permission.WRITE)
    row = find(session, reference, lock=True)
    _only(row, ReviewState.PUBLISHED, "It is not published, so edit it itself.")
    _one_at_a_time(session)
    made = _new(session, period_of(row), row.organisation, row.team, row.tier, viewer, now)
    for part in parts_of(session, row.id).values():
        session.add(
            t.ReviewPart(
                review_id=made.id, part=part.part, body=part.body, updated_at=now,
                updated_by=viewer.user_id,
            )
        )  # fmt: skip
    _record(session, viewer, "review.create", made, now=now, replaces=row.reference)
    return made.reference


def published_reference(
    session: Session, *, period: Period, whose: str = "", team: str = "", tier: int | None = None
) -> str | None:
    """The newest published version of that period and scope."""
    row = t.ReviewRow
    query = (
        select(row.reference)
        .where(row.period == str(period), row.organisation == whose, row.team == team,
               row.tier == tier, row.state == ReviewState.PUBLISHED.value)
        .order_by(col(row.number).desc())
    )  # fmt: skip
    return session.exec(query).first()


def in_order(session: Session, one: str, other: str) -> tuple[tuple[str, str], bool]:
    """The two references, the earlier first, and whether their periods overlap."""
    rows = [find(session, name) for name in (one, other)]
    rows.sort(key=lambda row: (row.starts_on, row.number))
    return (rows[0].reference, rows[1].reference), rows[1].starts_on <= rows[0].ends_on


def _at(session: Session, viewer: Viewer, reference: str, base_version: int) -> t.ReviewRow:
    need(viewer, Permission.REVIEW)
    row = find(session, reference, lock=True)
    if row.version != base_version:
        raise Conflict(
            "This review changed since you opened it. Look again before you decide.",
            current=row.state,
            version=row.version,
        )
    return row


def _only(row: t.ReviewRow, state: ReviewState, otherwise: str) -> None:
    if row.state != state:
        raise NotNow(otherwise)


def _move(session: Session, row: t.ReviewRow, state: ReviewState, now: datetime) -> None:
    row.state = state.value
    row.version += 1
    row.updated_at = now
    session.add(row)
    session.flush()


def _record(
    session: Session, viewer: Viewer, action: str, row: t.ReviewRow, *, now: datetime, **more: Any
) -> None:
    act = audit.Act(
        actor=viewer.name,
        action=action,
        object_kind="review",
        object_id=row.reference,
        detail={"version": row.version, "state": row.state, **more},
        after_hash=row.digest,
    )
    audit.append(session, act, now=now)


def parse_scope(team: str, tier: str) -> tuple[str, int | None]:
    """Team and tier of a form or option; blank is all. Raises Invalid."""
    if not tier.strip():
        return team.strip(), None
    if not tier.strip().isdigit() or len(tier.strip()) > 2:
        raise Invalid([Problem("tier", "A tier is a whole number, like 0.")])
    return team.strip(), int(tier)


def parse_days(first: str, last: str) -> str:
    """The name of a period of two days of a form. Raises Invalid."""
    try:
        date.fromisoformat(first), date.fromisoformat(last)
    except ValueError as error:
        raise Invalid([Problem("first", "Write both days like 2026-07-01.")]) from error
    return f"{first}..{last}"
