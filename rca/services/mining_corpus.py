"""What a mining run reads: published, open postmortems as plain records, and decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from mining.answers import UNKNOWN
from mining.records import IncidentRecord
from rca.domain.ai import UNANSWERED
from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import RecordKind, Relation, Status, TimePrecision
from rca.store import tables as t
from rca.store.postmortems import load_contents

if TYPE_CHECKING:
    from mining.recurrence import Constraints

TAKEN_KINDS = (RecordKind.INCIDENT, RecordKind.NEAR_MISS, RecordKind.RECURRING_MINOR)
Tiers = Mapping[str, int | None]
_LIVE = (Status.PUBLISHED.value, Status.ARCHIVED.value)


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a run reads, and how many restricted records it leaves out."""

    records: tuple[IncidentRecord, ...]
    restricted_left_out: int


def _section(title: str, *paragraphs: str) -> str:
    kept = [paragraph.strip() for paragraph in paragraphs if paragraph.strip()]
    return f"## {title}\n\n" + "\n\n".join(kept) if kept else ""


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines if line.strip())


def record_text(content: PostmortemContent) -> str:
    """The words of a postmortem under headings that tell mining what they are about."""
    factors = [f"{factor.statement} {factor.evidence}".strip() for factor in content.factors]
    notes = [note.text for note in content.notes]
    parts = (
        _section("Summary", content.tldr, content.summary),
        _section("What happened", content.what_happened),
        _section("Impact", content.impact_summary),
        _section("Contributing factors", content.trigger_note, _bullets(factors)),
        _section("Detection", content.cut_detection),
        _section("Response", content.response, content.cut_mitigation),
        content.imported_text,
        _section("Timeline", _bullets([entry.text for entry in content.timeline])),
        _section("Lessons", _bullets(notes)),
        _section("Action items", _bullets([action.title for action in content.actions])),
    )
    return "\n\n".join(part for part in parts if part)


def _date(row: t.PostmortemRow) -> str | None:
    if row.occurred_at is None:
        return None
    digits = {TimePrecision.YEAR.value: 4, TimePrecision.MONTH.value: 7}
    moment = row.occurred_at.astimezone(UTC).date().isoformat()
    return moment[: digits.get(row.occurred_precision, 10)]


def _answers(content: PostmortemContent, tiers: Tiers) -> dict[str, str]:
    roles = [factor.role for factor in content.factors if factor.role and factor.confirmed]
    given = {
        "trigger": content.trigger,
        "detection_method": content.detection_method,
        "detection_gap": content.detection_gap,
        "tier": gravest_tier(content.services, tiers),
        "factor_role": "; ".join(dict.fromkeys(roles)) or None,
    }
    return {name: str(value) for name, value in given.items() if value is not None}


def gravest_tier(services: Sequence[str], tiers: Tiers) -> str | None:
    """The tier of the most critical service, ``unknown`` when another may be more critical.

    None when no service is named: then the question was not answered.
    """
    found = [tiers.get(name.casefold()) for name in services]
    known = [tier for tier in found if tier is not None]
    if not found:
        return None
    sure = known and (len(known) == len(found) or min(known) == 0)
    return str(min(known)) if sure else UNKNOWN


def tiers_of(session: Session) -> Tiers:
    """The tier of every service of the catalogue, by its name in lower case."""
    rows = session.exec(select(t.Service.name, t.Service.tier))
    return {name.casefold(): tier for name, tier in rows}


def record_of(
    row: t.PostmortemRow, content: PostmortemContent, tiers: Tiers | None = None
) -> IncidentRecord:
    """What mining may know of a postmortem: words and answers, no people."""
    causes = [f.factor_class for f in content.factors if f.factor_class and f.confirmed]
    return IncidentRecord(
        id=row.reference,
        text=record_text(content),
        title=content.title,
        organisation=row.organisation,
        date=_date(row),
        services=tuple(content.services),
        severity=row.severity,
        causes=tuple(dict.fromkeys(causes)),
        fields=_answers(content, tiers or {}),
        ai_state=None if row.ai_summary in ("", UNANSWERED) else row.ai_summary,
        kind=row.record_kind,
        restricted=row.visibility != "open",
        unconfirmed=row.unconfirmed > 0,
    )


def read_corpus(session: Session) -> Corpus:
    """The published, open records; a correction under way does not count until it is published."""
    query = select(t.PostmortemRow).where(
        col(t.PostmortemRow.published_number).is_not(None),
        t.PostmortemRow.status != Status.NOT_REQUIRED.value,
        col(t.PostmortemRow.record_kind).in_([kind.value for kind in TAKEN_KINDS]),
    )
    rows = session.exec(query.order_by(col(t.PostmortemRow.reference))).all()
    shown = [row for row in rows if row.visibility == "open"]
    contents = load_contents(session, shown)
    contents.update(_published_contents(session, [r for r in shown if r.status not in _LIVE]))
    tiers = tiers_of(session)
    records = tuple(record_of(row, contents[row.id], tiers) for row in shown)
    return Corpus(records, len(rows) - len(shown))


def _published_contents(
    session: Session, rows: Sequence[t.PostmortemRow]
) -> dict[str, PostmortemContent]:
    found = {}
    for row in rows:
        query = select(t.Revision).where(
            t.Revision.postmortem_id == row.id, t.Revision.number == row.published_number
        )
        revision = session.exec(query).first()
        if revision is not None:
            found[row.id] = PostmortemContent.model_validate(revision.content)
    return found


def read_constraints(session: Session) -> "Constraints":
    """What people decided about membership, as the library takes it."""
    from mining.recurrence import Constraints

    together: list[frozenset[str]] = []
    apart: list[tuple[str, frozenset[str]]] = []
    for row in session.exec(select(t.PatternRow).order_by(col(t.PatternRow.id))):
        human = row.payload.get("human", {})
        together += [frozenset(ids) for ids in human.get("together", [])]
        apart += [(one, frozenset(others)) for one, others in human.get("apart", [])]
    return Constraints((*together, *_recorded_recurrences(session)), tuple(apart))


def _recorded_recurrences(session: Session) -> list[frozenset[str]]:
    """Pairs that an author recorded as one happening again: published, open, one organisation."""
    link, one, other = t.RelatedPostmortemRow, t.PostmortemRow, aliased(t.PostmortemRow)
    query = (
        select(one.reference, other.reference)
        .where(
            link.postmortem_id == one.id,
            link.reference == other.reference,
            link.relation == Relation.RECURRENCE_OF.value,
            one.organisation == other.organisation,
            col(one.published_number).is_not(None),
            col(other.published_number).is_not(None),
            one.visibility == "open",
            other.visibility == "open",
        )
        .order_by(col(one.reference), col(other.reference))
    )
    return [frozenset(pair) for pair in session.exec(query)]
