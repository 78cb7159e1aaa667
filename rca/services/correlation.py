"""What shipped before an incident, on its services and what they need; marked by people.

Nothing here is stored by looking. A mark goes through the postmortem's own content, so that its
history keeps it; "shipped before it" alone stays a question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from rca.domain.access import Viewer
from rca.domain.postmortem import OWN_ORGANISATION, ChangeLink, PostmortemContent
from rca.domain.vocabulary import (
    ChangeRelation,
    LinkMethod,
    Milestone,
    Section,
    TimePrecision,
)
from rca.errors import Conflict, Invalid, Problem
from rca.services import authoring, prefill, reading
from rca.services.authoring import Saved
from rca.services.correlation_rank import (
    Reason,
    Weighed,
    matching,
    paths_in,
    reasons,
)
from rca.store import tables as t

DEFAULT_HOURS = 48
WINDOWS = (6, 24, 48, 168)
MOST_HOPS = 2
MOST_ROWS = 2_000
_EXACT = (TimePrecision.EXACT, TimePrecision.MINUTE, TimePrecision.APPROX)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one detector saw in a change: the reason behind a state."""

    detector: str
    version: str
    says: str
    role: str
    strength: str
    quote: str
    where: str


def seen_in(change: t.Change) -> tuple[Seen, ...]:
    """The findings kept with a change; of older rows, the leading one."""
    found = change.facts.get("findings")
    if isinstance(found, list):
        rows = [one for one in found if isinstance(one, dict)]
        names = Seen.__dataclass_fields__
        return tuple(Seen(**{name: str(row.get(name, "")) for name in names}) for row in rows)
    if not change.ai_evidence:
        return ()
    detector, _, quote = change.ai_evidence.partition(": ")
    if not quote:
        detector, quote = "", change.ai_evidence
    version = change.label_source.removeprefix("detectors ")
    return (Seen(detector, version, "ai", "", "", quote, ""),)


@dataclass(frozen=True, slots=True)
class Landing:
    """One change, or a deployment without a known change, that landed near the incident."""

    key: str
    is_change: bool
    title: str
    service: str
    repo: str
    landed_at: datetime
    before: timedelta
    lines: int | None
    files: int | None
    tier: int | None
    hops: int | None
    ai_state: str
    result: str
    reasons: tuple[Reason, ...]
    relation: ChangeRelation | None
    note: str
    seen: tuple[Seen, ...] = ()

    @property
    def points(self) -> int:
        """The sum that orders the list."""
        return sum(reason.points for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Shipped:
    """The page's value. ``why_empty`` says what keeps the list from being made."""

    reference: str
    title: str
    hours: int
    start: datetime | None
    services: tuple[str, ...]
    needed: tuple[str, ...]
    before: tuple[Landing, ...]
    during: tuple[Landing, ...]
    marked_elsewhere: tuple[ChangeLink, ...]
    why_empty: str
    may_mark: bool
    version: int
    cut: bool = False


def shipped(
    session: Session, *, viewer: Viewer, reference: str, hours: int = DEFAULT_HOURS
) -> Shipped:
    """What landed in the ``hours`` before impact started. Raises NotFound when hidden."""
    view = reading.view(session, viewer=viewer, reference=reference, live=_live(viewer))
    content = view.content
    start, why = _start(content)
    services = _services(session, content.services)
    found: list[Landing] = []
    cut = False
    if start is not None:
        span = (start - timedelta(hours=hours), _end(content, start))
        found, cut = _landings(session, content, services, span, start)
    marked = {link.change_key for link in content.changes}
    marked -= {landing.key for landing in found}
    return Shipped(
        reference=view.reference,
        title=content.title,
        hours=hours,
        start=start,
        services=tuple(content.services),
        needed=tuple(name for name, s in services.items() if s.hops),
        before=tuple(landing for landing in found if landing.before >= timedelta(0)),
        during=tuple(sorted((one for one in found if one.before < timedelta(0)),
                            key=lambda one: one.landed_at)),
        marked_elsewhere=tuple(link for link in content.changes if link.change_key in marked),
        why_empty=why or ("" if content.services else "No service is named yet."),
        may_mark=view.may_edit,
        version=view.section_versions.get(Section.FACTORS.value, 0),
        cut=cut,
    )  # fmt: skip


def _live(viewer: Viewer) -> bool:
    """Writers see the text that their mark would change; readers see what is published."""
    return viewer.may("write")


def _start(content: PostmortemContent) -> tuple[datetime | None, str]:
    mark = content.mark(Milestone.IMPACT_STARTED) or content.mark(Milestone.DETECTED)
    if mark is None or mark.value is None:
        return None, "The time at which impact started is not known yet."
    if mark.precision not in _EXACT:
        return None, "The start of impact is known to the day at best; a window needs an hour."
    return mark.value, ""


def _end(content: PostmortemContent, start: datetime) -> datetime:
    for milestone in (Milestone.IMPACT_ENDED, Milestone.MITIGATED, Milestone.RESOLVED):
        found = content.instant(milestone)
        if found and found >= start:
            return found
    return start


@dataclass(frozen=True, slots=True)
class _Known:
    hops: int
    tier: int | None
    globs: tuple[str, ...]


def _services(session: Session, names: Sequence[str]) -> dict[str, _Known]:
    """The incident's services and what they need, up to two steps, with tier and paths."""
    rows = {row.name: row for row in session.exec(select(t.Service))}
    by_id = {row.id: row.name for row in rows.values()}
    needs: dict[str, set[str]] = {}
    for edge in session.exec(select(t.ServiceDependency)):
        needs.setdefault(by_id[edge.service_id], set()).add(by_id[edge.depends_on_id])
    hops = dict.fromkeys(names, 0)
    edge_of = list(names)
    for step in range(1, MOST_HOPS + 1):
        edge_of = sorted({n for name in edge_of for n in needs.get(name, ())} - set(hops))
        hops.update(dict.fromkeys(edge_of, step))
    return {
        name: _Known(
            step,
            rows[name].tier if name in rows else None,
            tuple(rows[name].path_globs) if name in rows else (),
        )
        for name, step in hops.items()
    }


def _landings(
    session: Session,
    content: PostmortemContent,
    services: Mapping[str, _Known],
    span: tuple[datetime, datetime],
    start: datetime,
) -> tuple[list[Landing], bool]:
    deployed = _deployments(session, span)
    shipped_at = _changes_of(session, deployed)
    changes = _changes(session, span, list(shipped_at))
    marks = {link.change_key: link for link in content.changes}
    mentioned = paths_in(_evidence(content))
    reverted = _reverted(session, [change.key for change in changes])
    rows = []
    for change in changes:
        place = _place_of(change, services)
        if place is None and change.key not in marks:
            continue
        deployment = shipped_at.get(change.key)
        at = change.deployed_at or (deployment and deployment.finished_at) or change.merged_at
        if not span[0] <= at <= span[1]:
            continue
        rows.append(_change_row(change, deployment, at, start, place, services, mentioned,
                                marks.get(change.key), change.key in reverted))  # fmt: skip
    with_change = {row.id for row in shipped_at.values()}
    rows += [
        _deployment_row(row, start, services[row.service])
        for row in deployed
        if row.id not in with_change and row.service in services
    ]
    rows.sort(key=lambda row: (-row.points, abs(row.before), row.key))
    return rows, len(changes) >= MOST_ROWS


def _evidence(content: PostmortemContent) -> str:
    parts: list[str] = [content.trigger_note, content.what_happened, content.summary]
    parts += [f"{factor.statement} {factor.evidence}" for factor in content.factors]
    parts += [entry.text for entry in content.timeline]
    return "\n".join(parts)


def _deployments(session: Session, span: tuple[datetime, datetime]) -> Sequence[t.Deployment]:
    finished = col(t.Deployment.finished_at)
    query = select(t.Deployment).where(finished >= span[0], finished <= span[1])
    return session.exec(query.order_by(finished.desc()).limit(MOST_ROWS)).all()


def _changes_of(session: Session, deployments: Sequence[t.Deployment]) -> dict[str, t.Deployment]:
    by_key = {row.key: row for row in deployments}
    query = select(t.Link).where(
        t.Link.from_kind == "change",
        t.Link.to_kind == "deployment",
        col(t.Link.to_id).in_(list(by_key)),
    )
    return {link.from_id: by_key[link.to_id] for link in session.exec(query)}


def _changes(
    session: Session, span: tuple[datetime, datetime], keys: Sequence[str]
) -> Sequence[t.Change]:
    row = t.Change
    deployed, merged = col(row.deployed_at), col(row.merged_at)
    landed = or_(
        and_(deployed >= span[0], deployed <= span[1]),
        and_(deployed.is_(None), merged >= span[0], merged <= span[1]),
        col(row.key).in_(keys),
    )
    query = select(row).where(row.organisation == OWN_ORGANISATION, landed)
    return session.exec(query.order_by(merged.desc(), col(row.key)).limit(MOST_ROWS)).all()


def _reverted(session: Session, keys: Sequence[str]) -> set[str]:
    query = select(t.Link.to_id).where(
        t.Link.method == LinkMethod.REVERT.value,
        t.Link.to_kind == "change",
        col(t.Link.to_id).in_(keys),
    )
    return set(session.exec(query))


def _place_of(change: t.Change, services: Mapping[str, _Known]) -> int | None:
    """Steps from the incident's services: by the change's service, else by its paths."""
    if change.service in services:
        return services[change.service].hops
    if change.service:
        return None
    near = [known.hops for known in services.values() if matching(change.paths, known.globs)]
    return min(near, default=None)


def _lines(change: t.Change) -> int | None:
    if change.lines_added is None or change.lines_deleted is None:
        return None
    return change.lines_added + change.lines_deleted


def _change_row(
    change: t.Change,
    deployment: t.Deployment | None,
    at: datetime,
    start: datetime,
    hops: int | None,
    services: Mapping[str, _Known],
    mentioned: frozenset[str],
    mark: ChangeLink | None,
    reverted: bool,
) -> Landing:
    known = services.get(change.service)
    result = deployment.result if deployment else ""
    back = reverted or bool(change.reverted_30d) or result in ROLLED_BACK
    tier = known.tier if known else None
    weighed = Weighed(start - at, _lines(change), hops, tier, change.paths, back)
    # Paths speak where nobody said which service it was; else they would only repeat it.
    globs = () if known else tuple(glob for one in services.values() for glob in one.globs)
    return Landing(
        change.key, True, change.title, change.service, change.repo, at, start - at,
        _lines(change), change.files, tier, hops, change.ai_state, result,
        tuple(reasons(weighed, globs=globs, mentioned=mentioned)),
        mark.relation if mark else None, mark.note if mark else "", seen_in(change),
    )  # fmt: skip


ROLLED_BACK = ("rolled_back", "failed", "failure", "error")


def _deployment_row(row: t.Deployment, start: datetime, known: _Known) -> Landing:
    assert row.finished_at is not None
    before = start - row.finished_at
    weighed = Weighed(before, None, known.hops, known.tier, (), row.result in ROLLED_BACK)
    return Landing(
        row.key, False, f"Deployment {row.ref}".strip(), row.service, "", row.finished_at, before,
        None, None, known.tier, known.hops, "unknown", row.result,
        tuple(reasons(weighed, globs=(), mentioned=frozenset())), None, "",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Marked:
    """What a mark left behind: the save, and how many AI rows its evidence proposed."""

    saved: Saved
    proposed: int


def mark(
    session: Session,
    *,
    viewer: Viewer,
    reference: str,
    change_key: str,
    relation: ChangeRelation | None,
    note: str = "",
    base_version: int,
    now: datetime,
) -> Marked:
    """Judge one change; None takes the judgement back. Contributed and suspect ones propose AI
    rows from their evidence, and so does a repair, as AI in the response. Raises Conflict,
    Forbidden, NotFound, NotNow, Invalid.
    """
    view = reading.view(session, viewer=viewer, reference=reference, live=True)
    if session.exec(select(t.Change.id).where(t.Change.key == change_key)).first() is None and (
        change_key not in {link.change_key for link in view.content.changes}
    ):
        raise Invalid([Problem("change", "The ledger holds no such change.")])
    kept = [link for link in view.content.changes if link.change_key != change_key]
    if relation is not None:
        kept.append(ChangeLink(change_key=change_key, relation=relation, note=note))
    saved = authoring.save_section(
        session,
        viewer=viewer,
        reference=reference,
        section=Section.FACTORS,
        values={"changes": [link.model_dump(mode="json") for link in kept]},
        base_version=base_version,
        now=now,
    )
    if relation in (None, ChangeRelation.DISMISSED):
        return Marked(saved, 0)
    repaired = relation is ChangeRelation.FIXED
    return _with_proposals(session, viewer, reference, change_key, saved, now, repaired=repaired)


def _with_proposals(
    session: Session,
    viewer: Viewer,
    reference: str,
    key: str,
    saved: Saved,
    now: datetime,
    *,
    repaired: bool,
) -> Marked:
    try:
        made = prefill.add_proposals(
            session,
            viewer=viewer,
            reference=reference,
            change_keys=(key,),
            repaired=repaired,
            base_version=saved.section_versions[Section.AI.value],
            now=now,
        )
    except Conflict:
        return Marked(saved, 0)
    return Marked(made.saved or saved, made.added)
