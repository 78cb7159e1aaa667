"""What the stored patterns and their postmortems tell a suggestion. Open records only."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlmodel import Session, col, select

from mining.policy.evidence import MemberEvidence, PatternEvidence
from rca.domain.postmortem import AIInfluence, PostmortemContent
from rca.domain.vocabulary import AIState, PatternState, Status
from rca.services.ledger import counting_links, tiers
from rca.services.visibility import is_open
from rca.store import tables as t
from rca.store.postmortems import load_contents

_LIVE = (Status.PUBLISHED.value, Status.ARCHIVED.value)


def _answers(rows: Sequence[AIInfluence]) -> tuple[tuple[str, str, str], ...]:
    """Surface, state and effect of each answer; what nobody confirmed is unknown."""
    return tuple(
        (
            row.surface.value,
            (row.state if row.confirmed else AIState.UNKNOWN).value,
            row.effect.value if row.effect and row.confirmed else "",
        )
        for row in rows
    )


def member_of(
    row: t.PostmortemRow,
    content: PostmortemContent,
    *,
    tier_of: Mapping[str, int],
    kinds: Sequence[str] = (),
) -> MemberEvidence:
    """What is known of one incident."""
    return MemberEvidence(
        id=row.reference,
        severity=row.severity or "",
        ai=_answers(content.ai_influences),
        services=tuple(content.services),
        tiers=tuple(tier_of[name] for name in content.services if name in tier_of),
        trigger=content.trigger.value if content.trigger else "",
        detection_method=content.detection_method.value if content.detection_method else "",
        detection_gap=content.detection_gap.value if content.detection_gap else "",
        factor_classes=tuple(f.factor_class for f in content.factors if f.factor_class),
        change_kinds=tuple(kinds),
        date=row.occurred_at.date().isoformat() if row.occurred_at else "",
        unconfirmed=row.unconfirmed > 0,
    )


def _kinds_by_incident(session: Session) -> dict[str, tuple[str, ...]]:
    kinds = dict(session.exec(select(t.Change.key, t.Change.kinds)).all())
    found: dict[str, set[str]] = defaultdict(set)
    for link in counting_links(session):
        found[link.to_id].update(map(str, kinds.get(link.from_id, ())))
    return {owner: tuple(sorted(names)) for owner, names in found.items()}


def _live_patterns(session: Session) -> list[t.PatternRow]:
    """Patterns of the newest run, and those that a person confirmed; never dismissed ones."""
    newest = session.exec(
        select(t.MiningRun.id).order_by(col(t.MiningRun.finished_at).desc()).limit(1)
    ).first()
    query = select(t.PatternRow).where(t.PatternRow.state != PatternState.DISMISSED.value)
    kept = PatternState.CONFIRMED.value
    return [
        row
        for row in session.exec(query.order_by(col(t.PatternRow.id)))
        if row.last_run_id == newest or row.state == kept
    ]


def _published(session: Session, row: t.PostmortemRow) -> PostmortemContent | None:
    query = select(t.Revision).where(
        t.Revision.postmortem_id == row.id, t.Revision.number == row.published_number
    )
    revision = session.exec(query).first()
    return PostmortemContent.model_validate(revision.content) if revision else None


def _contents(session: Session, rows: Sequence[t.PostmortemRow]) -> dict[str, PostmortemContent]:
    """What counts of each record: a correction under way counts once it is published again."""
    found = load_contents(session, rows)
    for row in rows:
        if row.status not in _LIVE and (published := _published(session, row)) is not None:
            found[row.id] = published
    return found


def _members(session: Session) -> dict[str, MemberEvidence]:
    inside = select(t.PatternMember.postmortem_id)
    query = select(t.PostmortemRow).where(
        col(t.PostmortemRow.id).in_(inside),
        col(t.PostmortemRow.published_number).is_not(None),
        is_open(),
    )
    rows = list(session.exec(query.order_by(col(t.PostmortemRow.reference))))
    contents, tier_of = _contents(session, rows), tiers(session)
    kinds = _kinds_by_incident(session)
    return {
        row.id: member_of(row, contents[row.id], tier_of=tier_of, kinds=kinds.get(row.id, ()))
        for row in rows
    }


def pattern_evidence(session: Session) -> list[PatternEvidence]:
    """Every live pattern with what is known of its open members, by pattern id."""
    members = _members(session)
    by_pattern: dict[str, list[MemberEvidence]] = defaultdict(list)
    for link in session.exec(select(t.PatternMember)):
        if link.postmortem_id in members:
            by_pattern[link.pattern_id].append(members[link.postmortem_id])
    return [
        PatternEvidence(
            pattern_id=row.id,
            name=row.name,
            causes=tuple(map(str, row.causes)),
            members=tuple(by_pattern[row.id]),
            run=row.last_run_id,
            stability=row.payload.get("stability"),
            organisation=row.organisation,
        )
        for row in _live_patterns(session)
    ]
