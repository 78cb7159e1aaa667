"""A finished run kept: its row, the patterns that follow it, and each record's neighbours.

Runs are immutable. Patterns keep their number, name and what people decided about them: a run's
patterns are matched to the ones before by their members.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert
from sqlmodel import Session, col, select

from mining.patterns import Known, Lineage, Pattern, match_identity
from rca.domain.postmortem import new_id
from rca.domain.vocabulary import PatternState
from rca.services import pattern_history, pattern_masking
from rca.services.mining_corpus import Corpus
from rca.services.mining_documents import kept_keys, pattern_payload, result_document
from rca.store import audit
from rca.store import tables as t

if TYPE_CHECKING:
    from mining.pipeline import MiningResult


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


def store_run(
    session: Session, *, result: "MiningResult", corpus: Corpus, started: datetime, now: datetime
) -> RunSummary:
    """Keep the run and make the patterns follow it, in the caller's transaction."""
    known = {row.id: row for row in session.exec(select(t.PatternRow))}
    live = last_run_id(session)
    before = _known_patterns(session)
    lineage = _between(
        match_identity(before, [Known(p.id, frozenset(p.ids)) for p in result.patterns]),
        {i for i, row in known.items() if row.last_run_id == live},
    )
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
    pattern_masking.forget_restricted(session, run.id)
    gone = [i for i in lineage.gone if known[i].last_run_id == live]
    _store_neighbours(session, result)
    run.result = result_document(result, lineage, names, gone)
    pattern_history.remember(session, run.result, now)
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


def _between(lineage: Lineage, live: set[str]) -> Lineage:
    """The lineage with splits and merges of patterns that the run before knew.

    Dissolved ones are matched too, so that one which comes back has its number again; but what
    they went into long ago is not news of every later run.
    """
    merges = {new: tuple(i for i in old if i in live) for new, old in lineage.merges.items()}
    return replace(
        lineage,
        splits={old: new for old, new in lineage.splits.items() if old in live},
        merges={new: old for new, old in merges.items() if len(old) > 1},
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
    row.payload = {**pattern_payload(pattern), **kept_keys(row, pattern, now)}
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


def _audit(session: Session, run: t.MiningRun, patterns: int, now: datetime) -> None:
    detail = {"records": run.records, "patterns": patterns, "digest": run.data_digest}
    act = audit.Act("operator", "mining.run", "mining_run", run.id, detail)
    audit.append(session, act, now=now)
