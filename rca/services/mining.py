"""A mining run over the published records: read, work outside any transaction, store once.

Runs are immutable. Patterns keep their number, name and what people decided about them: this run's
patterns are matched to the ones before by their members. Restricted records take no part; they are
counted as left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, delete, insert
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from mining.patterns import Known, Lineage, Pattern, match_identity
from mining.records import IncidentRecord
from rca.config import Settings
from rca.domain.ai import UNANSWERED
from rca.domain.postmortem import PostmortemContent, new_id
from rca.domain.vocabulary import PatternState, RecordKind, Relation, Status, TimePrecision
from rca.errors import NotNow
from rca.services import guardrails, jobs
from rca.store import audit
from rca.store import tables as t
from rca.store.engine import reading, writing
from rca.store.postmortems import load_contents

if TYPE_CHECKING:
    from mining.findings import Finding
    from mining.pipeline import MiningResult

SEED = 0
TAKEN_KINDS = (RecordKind.INCIDENT, RecordKind.NEAR_MISS, RecordKind.RECURRING_MINOR)
_LIVE = (Status.PUBLISHED.value, Status.ARCHIVED.value)
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a run reads, and how many restricted records it leaves out."""

    records: tuple[IncidentRecord, ...]
    restricted_left_out: int


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What one run did, in numbers."""

    run_id: str
    records: int
    restricted_left_out: int
    patterns: int
    new: int
    gone: int
    unassigned: int
    suggestions: int | None
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON and a job's result."""
        return {name: getattr(self, name) for name in self.__slots__}


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


def _answers(content: PostmortemContent) -> dict[str, str]:
    given = {
        "trigger": content.trigger,
        "detection_method": content.detection_method,
        "detection_gap": content.detection_gap,
    }
    return {name: str(value) for name, value in given.items() if value is not None}


def record_of(row: t.PostmortemRow, content: PostmortemContent) -> IncidentRecord:
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
        fields=_answers(content),
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
    records = tuple(record_of(row, contents[row.id]) for row in shown)
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


def _constraints(session: Session) -> Any:
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


def _silent(step: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def _mine(engine: Engine, seed: int, progress: Progress) -> tuple["MiningResult", Corpus]:
    from mining.pipeline import MiningOptions, mine

    with reading(engine) as session:
        corpus = read_corpus(session)
        options = MiningOptions(scope="mixed", constraints=_constraints(session))
    return mine(corpus.records, options, seed, progress), corpus


def mine_now(
    engine: Engine, *, now: datetime, seed: int = SEED, progress: Progress = _silent
) -> RunSummary:
    """Mine at once, outside the queue."""
    result, corpus = _mine(engine, seed, progress)
    with writing(engine) as session:
        summary = store_run(session, result=result, corpus=corpus, started=now, now=now)
    return replace(summary, suggestions=guardrails.refresh_now(engine, now=now))


def run_job(engine: Engine, claim: jobs.Claim, settings: Settings, now: datetime) -> None:
    """The handler of the job kind ``mine``: one effect however often it is tried."""
    result, corpus = _mine(engine, int(claim.payload.get("seed", SEED)), _silent)
    with writing(engine) as session:
        if not jobs.holds(session, claim):
            raise NotNow("Another worker took this mining job over.")
        summary = store_run(session, result=result, corpus=corpus, started=now, now=now)
        jobs.enqueue(session, kind="suggest", key="suggest", now=now)
        jobs.finish(session, claim, result=summary.as_dict(), now=now)


def store_run(
    session: Session, *, result: "MiningResult", corpus: Corpus, started: datetime, now: datetime
) -> RunSummary:
    """Keep the run and make the patterns follow it, in the caller's transaction."""
    known = {row.id: row for row in session.exec(select(t.PatternRow))}
    live = last_run_id(session)
    before = _known_patterns(session)
    lineage = match_identity(before, [Known(p.id, frozenset(p.ids)) for p in result.patterns])
    run = _run_row(result, corpus, started, _after_last(session, now))
    session.add(run)
    session.flush()
    ids = _postmortem_ids(session, result)
    numbers = _Numbers(known)
    names: dict[str, str] = {}
    for pattern in result.patterns:
        row = known.get(lineage.kept.get(pattern.id, ""))
        row = row or _new_row(numbers.next(), pattern, run.id)
        names[pattern.id] = row.id
        _follow(session, row, pattern, run.id, ids, now)
    gone = [i for i in lineage.gone if known[i].last_run_id == live]
    _store_neighbours(session, result)
    run.result = _result_document(result, lineage, names, gone)
    session.add(run)
    session.flush()
    new = sum(pattern.id not in lineage.kept for pattern in result.patterns)
    _audit(session, run, len(result.patterns), now)
    return RunSummary(
        run.id,
        result.records,
        corpus.restricted_left_out,
        len(result.patterns),
        new,
        len(gone),
        len(result.unassigned),
        None,
        result.notes,
    )


def last_run_id(session: Session) -> str | None:
    """The newest run, or None before the first."""
    query = select(t.MiningRun.id).order_by(col(t.MiningRun.finished_at).desc()).limit(1)
    return session.exec(query).first()


def _after_last(session: Session, now: datetime) -> datetime:
    """An instant later than every run's, so that the newest run is never in doubt."""
    query = select(t.MiningRun.finished_at).order_by(col(t.MiningRun.finished_at).desc()).limit(1)
    last = session.exec(query).first()
    return max(now, last + timedelta(microseconds=1)) if last else now


def _known_patterns(session: Session) -> list[Known]:
    query = (
        select(t.PatternMember.pattern_id, t.PostmortemRow.reference)
        .where(t.PatternMember.postmortem_id == t.PostmortemRow.id)
        .order_by(col(t.PatternMember.pattern_id))
    )
    members: dict[str, set[str]] = {}
    for pattern_id, reference in session.exec(query):
        members.setdefault(pattern_id, set()).add(reference)
    return [Known(identifier, frozenset(ids)) for identifier, ids in members.items()]


def _run_row(
    result: "MiningResult", corpus: Corpus, started: datetime, now: datetime
) -> t.MiningRun:
    return t.MiningRun(
        id=new_id(),
        started_at=started,
        finished_at=now,
        seed=result.seed,
        options=dict(result.options),
        data_digest=result.digest,
        versions=dict(result.versions),
        records=result.records,
        restricted_left_out=corpus.restricted_left_out,
    )


def _postmortem_ids(session: Session, result: "MiningResult") -> dict[str, str]:
    wanted = sorted({i for pattern in result.patterns for i in pattern.ids})
    found: dict[str, str] = {}
    for start in range(0, len(wanted), 500):
        query = select(t.PostmortemRow.reference, t.PostmortemRow.id).where(
            col(t.PostmortemRow.reference).in_(wanted[start : start + 500])
        )
        found.update(dict(session.exec(query).all()))
    return found


def _store_neighbours(session: Session, result: "MiningResult") -> None:
    """Replace the neighbours of the run before by this run's."""
    query = select(t.PostmortemRow.reference, t.PostmortemRow.id)
    ids = dict(session.exec(query).all())
    session.execute(delete(t.SimilarPostmortem))
    rows = [
        {
            "postmortem_id": ids[reference],
            "other_id": ids[neighbour.id],
            "position": position,
            "score": neighbour.score,
            "why": {"words": list(neighbour.words), "answers": list(neighbour.answers)},
        }
        for reference, found in result.similar.items()
        for position, neighbour in enumerate(found)
        if reference in ids and neighbour.id in ids
    ]
    for start in range(0, len(rows), 1_000):
        session.execute(insert(t.SimilarPostmortem), rows[start : start + 1_000])


def next_number(session: Session) -> str:
    """The number that the next new pattern gets."""
    return _Numbers(dict.fromkeys(session.exec(select(t.PatternRow.id)))).next()


class _Numbers:
    """Hands out P-01, P-02 and so on; a number is never used twice."""

    def __init__(self, known: Iterable[str]) -> None:
        taken = [int(i[2:]) for i in known if i.startswith("P-") and i[2:].isdigit()]
        self._last = max(taken, default=0)

    def next(self) -> str:
        self._last += 1
        return f"P-{self._last:02d}"


def _new_row(identifier: str, pattern: Pattern, run_id: str) -> t.PatternRow:
    return t.PatternRow(
        id=identifier,
        organisation=pattern.organisation or "own",
        kind=pattern.kind,
        name=pattern.name,
        state=PatternState.PROPOSED.value,
        first_run_id=run_id,
        last_run_id=run_id,
    )


def _follow(
    session: Session,
    row: t.PatternRow,
    pattern: Pattern,
    run_id: str,
    ids: Mapping[str, str],
    now: datetime,
) -> None:
    """Bring a stored pattern up to what this run found, keeping what people said of it."""
    if not row.named_by_human:
        row.name = pattern.name[:400]
    row.causes = list(pattern.causes)
    row.strength = pattern.strength
    row.size = pattern.size
    row.last_run_id = run_id
    row.payload = {**_payload(pattern), **_kept_keys(row, pattern, now)}
    session.add(row)
    session.flush()
    session.execute(delete(t.PatternMember).where(col(t.PatternMember.pattern_id) == row.id))
    for position, member in enumerate(pattern.members):
        if member.id in ids:
            session.add(
                t.PatternMember(
                    pattern_id=row.id,
                    postmortem_id=ids[member.id],
                    quote=member.quote,
                    position=position,
                )
            )
    session.flush()


def _payload(pattern: Pattern) -> dict[str, Any]:
    return {
        "by_quarter": dict(pattern.by_quarter),
        "ai": dict(pattern.ai),
        "services": dict(pattern.services),
        "severities": dict(pattern.severities),
        "severity_weight": pattern.severity_weight,
        "phrases": [phrase for phrase, _ in pattern.phrases],
        "weights": [weight for _, weight in pattern.phrases],
        "why": [{"text": text} for text in pattern.why],
        "stability": pattern.stability,
        "cohesion": pattern.cohesion,
        "unconfirmed": pattern.unconfirmed,
        "see_also": list(pattern.see_also),
        "near": [[near.id, near.similarity, near.missing] for near in pattern.near],
        "exemplars": list(pattern.exemplars),
        "least_typical": pattern.least_typical,
        "centrality": {member.id: member.centrality for member in pattern.members},
        "duplicates": {m.id: m.duplicate_of for m in pattern.members if m.duplicate_of},
        "method": pattern.method,
        "proposed_name": pattern.name,
    }


def _kept_keys(row: t.PatternRow, pattern: Pattern, now: datetime) -> dict[str, Any]:
    """Parts of the payload that outlive a run: decisions, and sizes run by run."""
    history = [*row.payload.get("history", []), [now.date().isoformat(), pattern.size]]
    return {"human": row.payload.get("human", {}), "history": history[-40:]}


def _result_document(
    result: "MiningResult", lineage: Lineage, names: Mapping[str, str], gone: Sequence[str]
) -> dict[str, Any]:
    fresh = [names[p.id] for p in result.patterns if p.id not in lineage.kept]
    return {
        "patterns": [names[pattern.id] for pattern in result.patterns],
        "new": fresh,
        "gone": list(gone),
        "splits": {old: [names[n] for n in new] for old, new in lineage.splits.items()},
        "merges": {names[new]: list(old) for new, old in lineage.merges.items()},
        "unassigned": list(result.unassigned),
        "nearest": [list(pair) for pair in result.nearest],
        "hidden": result.hidden,
        "notes": list(result.notes),
        "unconfirmed": result.unconfirmed,
        "findings": [_finding_row(finding, names) for finding in result.findings.rows],
        "comparisons": result.findings.comparisons,
        "places": {key: list(place) for key, place in result.places.items()},
        "themes": _theme_rows(result),
    }


def _finding_row(finding: "Finding", names: Mapping[str, str]) -> dict[str, Any]:
    row = asdict(finding)
    if finding.subject_kind == "pattern":
        row["subject"] = names[finding.subject]
    return row


def _theme_rows(result: "MiningResult") -> dict[str, Any]:
    found = result.themes
    if found is None:
        return {}
    rows = [asdict(theme) for theme in found.themes]
    return {
        "rows": rows,
        "hidden": found.hidden,
        "reason": found.reason,
        "rest": len(found.unassigned),
    }


def _audit(session: Session, run: t.MiningRun, patterns: int, now: datetime) -> None:
    detail = {"records": run.records, "patterns": patterns, "digest": run.data_digest}
    act = audit.Act("operator", "mining.run", "mining_run", run.id, detail)
    audit.append(session, act, now=now)
