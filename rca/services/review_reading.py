"""Reading reviews as records: the list, and one with its words put into its figures."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import defer
from sqlmodel import Session, col, func, select

from rca.domain.periods import Period, Span, parse_period
from rca.domain.postmortem import PostmortemContent
from rca.domain.review_words import AGENDA, DECISIONS, PARTS, VERDICT
from rca.domain.vocabulary import RecordKind, ReviewState
from rca.reports.value import (
    Addendum,
    Decision,
    Discussion,
    Edition,
    Review,
    from_json,
)
from rca.services.printing import Printed, printed
from rca.services.quarter.records import in_period, scope_of
from rca.services.quarter.volume import severity_word
from rca.services.reading import PUBLISHED_STATES
from rca.services.review_masking import closed_references, masked
from rca.services.visibility import is_open
from rca.store import tables as t


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """One review in the list."""

    reference: str
    period: str
    scope: str
    number: int
    state: ReviewState
    updated_at: datetime
    published_at: datetime | None
    verdict: str
    digest: str
    team: str
    tier: int | None
    organisation: str


@dataclass(frozen=True, slots=True)
class PartView:
    """One part as it is edited: its body, its version (0 before the first save), its origin."""

    part: str
    label: str
    body: Mapping[str, Any]
    version: int
    updated_at: datetime | None
    by: str


@dataclass(frozen=True, slots=True)
class Late:
    """Published records of the period now, against what the frozen figures rest on."""

    then: int
    then_known: int
    now: int
    now_known: int

    @property
    def words(self) -> str:
        """How complete the frozen figures are; blank when nothing came since."""
        more = self.now - self.then
        if more == 0 and self.now_known == self.then_known:
            return ""
        came = f"{more} more since" if more > 0 else "none more since"
        return (
            f"Frozen with {self.then} of {self.then_known} incidents published. Now "
            f"{self.now} of {self.now_known} are: {came}, which these figures leave out."
        )


@dataclass(frozen=True, slots=True)
class RecordView:
    """A review record: its value with words and state, its parts, and what came late."""

    id: str
    reference: str
    state: ReviewState
    version: int
    review: Review
    incident: Printed | None
    parts: Mapping[str, PartView]
    late: Late | None
    masked: int
    whose: str
    team: str
    tier: int | None
    replaces: str
    newer: str
    look: Mapping[str, Any] | None = None


def period_of(row: t.ReviewRow) -> Period:
    """The period of a record, whatever the settings say today."""
    found = parse_period(row.period, fiscal_start=row.fiscal_start)
    if isinstance(found, Span):
        return replace(found, first=row.starts_on, last=row.ends_on)
    return found


def parts_of(session: Session, review_id: str) -> dict[str, t.ReviewPart]:
    """What people wrote, by part."""
    query = select(t.ReviewPart).where(t.ReviewPart.review_id == review_id)
    return {row.part: row for row in session.exec(query)}


def merged(
    row: t.ReviewRow,
    parts: Mapping[str, t.ReviewPart],
    figures: Review | None = None,
    *,
    addenda: tuple[Addendum, ...] = (),
) -> Review:
    """The figures (frozen, or ``figures`` of the moment) with the words that people wrote."""
    review = figures or from_json(row.snapshot["review"])
    edition = Edition(
        reference=row.reference,
        number=row.number,
        state=row.state,
        frozen_on=row.frozen_at.date().isoformat() if row.frozen_at else "",
        published_on=row.published_at.date().isoformat() if row.published_at else "",
        digest=row.digest,
        addenda=addenda,
    )
    if row.state == ReviewState.PUBLISHED:
        return replace(review, edition=edition)
    bodies = {part: found.body for part, found in parts.items()}
    return replace(_worded(review, bodies), edition=edition)


def _worded(review: Review, bodies: Mapping[str, Mapping[str, Any]]) -> Review:
    sections = tuple(
        replace(section, commentary=str(bodies.get(section.key, {}).get("text", "")))
        for section in review.sections
    )
    review = replace(review, sections=sections)
    if VERDICT in bodies:
        review = replace(review, verdict=str(bodies[VERDICT].get("text", "")))
    if DECISIONS in bodies:
        review = replace(review, decisions=_decisions(bodies[DECISIONS]))
    if AGENDA in bodies:
        review = replace(review, agenda=_agenda(bodies[AGENDA]))
    return review


def _decisions(body: Mapping[str, Any]) -> tuple[Decision, ...]:
    return tuple(
        Decision(
            r["title"] or r["detail"],
            r["detail"] if r["title"] else "",
            r["owner"],
            r["cost"],
            r["by"] or "",
        )
        for r in body.get("rows", ())
    )


def _agenda(body: Mapping[str, Any]) -> tuple[Discussion, ...]:
    return tuple(
        Discussion(r["reference"], r["title"], r["severity"], r["why"], r["by_hand"])
        for r in body.get("rows", ())
    )


def body_of(review: Review, part: str) -> dict[str, Any]:
    """What the form of a part shows before anybody saved it: what the records propose."""
    if part == DECISIONS:
        rows = [
            {"title": d.title, "detail": d.detail, "owner": d.owner, "cost": d.cost,
             "by": d.by or None}
            for d in review.decisions
        ]  # fmt: skip
        return {"rows": rows}
    if part == AGENDA:
        return {
            "rows": [
                {"reference": a.reference, "title": a.title, "severity": a.severity, "why": a.why,
                 "by_hand": a.by_hand}
                for a in review.agenda
            ]
        }  # fmt: skip
    if part == VERDICT:
        return {"text": review.verdict}
    return {"text": next((s.commentary for s in review.sections if s.key == part), "")}


def view(session: Session, row: t.ReviewRow, figures: Review | None) -> RecordView:
    """The record as a reader sees it. ``figures`` of the moment are needed for a draft."""
    stored = parts_of(session, row.id)
    review = merged(row, stored, figures, addenda=_addenda(session, row.id))
    closed = closed_references(session, review)
    review = masked(review, closed)
    names = dict(session.exec(select(t.User.id, t.User.display_name)).all())
    return RecordView(
        id=row.id,
        reference=row.reference,
        state=ReviewState(row.state),
        version=row.version,
        review=review,
        incident=_incident(row, closed),
        parts={part: _part(part, stored.get(part), review, names) for part in PARTS},
        late=_late(session, row, review) if row.state != ReviewState.DRAFT else None,
        masked=len(closed),
        whose=row.organisation,
        team=row.team,
        tier=row.tier,
        replaces=_reference_of(session, t.ReviewRow.id == row.replaces_id),
        newer=_reference_of(session, t.ReviewRow.replaces_id == row.id),
        look=row.snapshot.get("look"),
    )


def _part(
    part: str, row: t.ReviewPart | None, review: Review, names: Mapping[str, str]
) -> PartView:
    if row is None:
        return PartView(part, PARTS[part], body_of(review, part), 0, None, "")
    by = names.get(row.updated_by or "", "")
    return PartView(part, PARTS[part], row.body, row.version, row.updated_at, by)


def _reference_of(session: Session, where: Any) -> str:
    return session.exec(select(t.ReviewRow.reference).where(where)).first() or ""


def _addenda(session: Session, review_id: str) -> tuple[Addendum, ...]:
    row = t.ReviewAddendum
    query = select(row).where(row.review_id == review_id).order_by(col(row.at), col(row.id))
    return tuple(Addendum(found.at.date().isoformat(), found.text) for found in session.exec(query))


def _incident(row: t.ReviewRow, closed: frozenset[str]) -> Printed | None:
    kept = row.snapshot.get("incident")
    if not kept or kept["reference"] in closed:
        return None
    return printed(
        PostmortemContent.model_validate(kept["content"]),
        reference=kept["reference"],
        state=f"revision {kept['number']}",
        unconfirmed=kept["unconfirmed"],
    )


def _late(session: Session, row: t.ReviewRow, review: Review) -> Late:
    scope = scope_of(session, row.organisation, team=row.team, tier=row.tier)
    record = t.PostmortemRow
    published = col(record.status).in_(PUBLISHED_STATES) | col(record.published_number).is_not(None)
    query = (
        select(published, func.count())
        .where(
            *in_period(period_of(row)),
            *scope.conditions(),
            is_open(),
            record.record_kind == RecordKind.INCIDENT.value,
            record.status != "not_required",
        )
        .group_by(published)
    )
    found = {bool(is_published): n for is_published, n in session.exec(query)}
    cover = review.coverage
    here = found.get(True, 0)
    return Late(cover.published, cover.known, here, here + found.get(False, 0))


def _snapshot() -> Any:
    """The column of the figures, megabytes that a list does not need."""
    return col(t.ReviewRow.snapshot)


def list_records(session: Session) -> tuple[ReviewLine, ...]:
    """Every review on record, the newest period first."""
    row = t.ReviewRow
    order = (col(row.starts_on).desc(), col(row.ends_on).desc(), col(row.number).desc())
    query = select(row).options(defer(_snapshot())).order_by(*order, col(row.reference))
    verdicts = {
        found.review_id: str(found.body.get("text", ""))
        for found in session.exec(select(t.ReviewPart).where(t.ReviewPart.part == VERDICT))
    }
    return tuple(_line(session, found, verdicts.get(found.id, "")) for found in session.exec(query))


def _line(session: Session, row: t.ReviewRow, verdict: str) -> ReviewLine:
    scope = scope_of(session, row.organisation, team=row.team, tier=row.tier)
    return ReviewLine(
        reference=row.reference,
        period=row.period,
        scope=scope.words,
        number=row.number,
        state=ReviewState(row.state),
        updated_at=row.updated_at,
        published_at=row.published_at,
        verdict=verdict or row.headline,
        digest=row.digest,
        team=row.team,
        tier=row.tier,
        organisation=row.organisation,
    )


def topics(session: Session, references: list[str]) -> dict[str, tuple[str, str]]:
    """Title and severity in words of open published records, by reference."""
    row = t.PostmortemRow
    query = select(row.reference, row.title, row.severity).where(
        col(row.reference).in_(references), is_open(), col(row.status).in_(PUBLISHED_STATES)
    )
    return {ref: (title or ref, severity_word(sev)) for ref, title, sev in session.exec(query)}
