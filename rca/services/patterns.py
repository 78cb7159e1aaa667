"""Recurring causes as a list to act on, and what the last run changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from mining.reader import words_of
from rca.domain.postmortem import OWN_ORGANISATION
from rca.domain.vocabulary import PatternState
from rca.services.mining_runs import last_run_id
from rca.services.pattern_filter import DEFAULT_ORDER, choices_of, in_order, matching
from rca.services.pattern_items import pattern_items
from rca.services.pattern_values import PatternFilter, PatternItem, PatternsPage, RunView
from rca.services.visibility import is_open
from rca.store import tables as t

MOST_NAMED = 5


def run_view(session: Session, run_id: str | None) -> RunView | None:
    """The run of that id as pages name it."""
    run = session.get(t.MiningRun, run_id) if run_id else None
    if run is None:
        return None
    return RunView(
        id=run.id,
        finished_at=run.finished_at,
        records=run.records,
        unconfirmed=int(run.result.get("unconfirmed", 0)),
        restricted_left_out=run.restricted_left_out,
        hidden=int(run.result.get("hidden", 0)),
        notes=tuple(run.result.get("notes", ())),
        seed=run.seed,
        digest=run.data_digest,
        versions=run.versions,
        options=run.options,
        reader=_reader(run.options),
    )


def _reader(options: Mapping[str, Any]) -> str:
    """Who names causes that no author chose; blank for a run that did not say."""
    found = options.get("leading_cause")
    return words_of(found) if found else ""


def list_patterns(
    session: Session,
    *,
    order: str = DEFAULT_ORDER,
    organisation: str | None = None,
    wanted: PatternFilter | None = None,
) -> PatternsPage:
    """The patterns of the newest run that are ``wanted``, by one of ``ORDERS``.

    ``organisation`` blank or ``all`` means every one. By default it is the own one, or every one
    when the own one has no pattern: an instance of imports must not look as if nothing recurred.
    """
    run_id = last_run_id(session)
    whose = _organisations(session, run_id)
    chosen = _chosen(organisation, whose)
    rows = _live_rows(session, run_id, chosen)
    found = pattern_items(session, rows)
    shown = [item for item in found if item.state is not PatternState.DISMISSED and item.size > 1]
    result = _result_of(session, run_id)
    return PatternsPage(
        run=run_view(session, run_id),
        items=in_order(matching(shown, wanted or PatternFilter()), order),
        dismissed=tuple(item for item in found if item.state is PatternState.DISMISSED),
        unassigned=len(_of(session, result.get("unassigned", []), chosen)),
        assigned=_assigned(session, [item.id for item in shown]),
        since=_since(result, found),
        nearest=_open_pairs(session, result.get("nearest", [])),
        organisation=chosen,
        organisations=whose,
        found=len(shown),
        choices=choices_of(shown),
    )


def _organisations(session: Session, run_id: str | None) -> tuple[tuple[str, int], ...]:
    """Organisations with patterns in the run, and how many: the own one first."""
    row = t.PatternRow
    query = (
        select(row.organisation, func.count())
        .where(row.last_run_id == run_id, row.state != PatternState.DISMISSED.value)
        .group_by(col(row.organisation))
    )
    found = session.exec(query).all()
    return tuple(sorted(found, key=lambda pair: (pair[0] != OWN_ORGANISATION, -pair[1], pair[0])))


def _chosen(asked: str | None, whose: Sequence[tuple[str, int]]) -> str:
    if asked is not None:
        return "" if asked == "all" else asked
    others = whose and all(name != OWN_ORGANISATION for name, _ in whose)
    return "" if others else OWN_ORGANISATION


def _of(session: Session, references: Sequence[str], organisation: str) -> list[str]:
    """Those open references that are of the organisation; all when it is blank."""
    readable = open_references(session, references)
    if not organisation:
        return readable
    row = t.PostmortemRow
    own: set[str] = set()
    for start in range(0, len(readable), 500):
        chunk = readable[start : start + 500]
        query = select(row.reference).where(
            col(row.reference).in_(chunk), row.organisation == organisation
        )
        own.update(session.exec(query))
    return [reference for reference in readable if reference in own]


def _result_of(session: Session, run_id: str | None) -> dict[str, Any]:
    run = session.get(t.MiningRun, run_id) if run_id else None
    return dict(run.result) if run else {}


def newest_result(session: Session) -> tuple[RunView | None, dict[str, Any]]:
    """The newest run with what it says beside its patterns; None and nothing before the first."""
    run_id = last_run_id(session)
    return run_view(session, run_id), _result_of(session, run_id)


def _live_rows(session: Session, run_id: str | None, organisation: str) -> Sequence[t.PatternRow]:
    query = select(t.PatternRow).where(t.PatternRow.last_run_id == run_id)
    if organisation:
        query = query.where(t.PatternRow.organisation == organisation)
    return session.exec(query.order_by(col(t.PatternRow.id))).all()


def open_references(session: Session, references: Sequence[str]) -> list[str]:
    """Those of the references that everybody may know of, in the order given."""
    found: set[str] = set()
    for start in range(0, len(references), 500):
        chunk = references[start : start + 500]
        query = select(t.PostmortemRow.reference).where(
            col(t.PostmortemRow.reference).in_(chunk), is_open()
        )
        found.update(session.exec(query))
    return [reference for reference in references if reference in found]


def titles_of(session: Session, references: Sequence[str]) -> dict[str, str]:
    """Titles by reference, in the order of references."""
    found: dict[str, str] = {}
    for start in range(0, len(references), 500):
        query = select(t.PostmortemRow.reference, t.PostmortemRow.title).where(
            col(t.PostmortemRow.reference).in_(references[start : start + 500])
        )
        found.update(dict(session.exec(query.order_by(col(t.PostmortemRow.reference))).all()))
    return found


def _open_pairs(session: Session, pairs: Sequence[Any]) -> tuple[tuple[str, str, float], ...]:
    shown = set(open_references(session, [r for pair in pairs for r in pair[:2]]))
    return tuple((a, b, score) for a, b, score in pairs if a in shown and b in shown)


def _assigned(session: Session, pattern_ids: Sequence[str]) -> int:
    query = select(func.count(func.distinct(t.PatternMember.postmortem_id))).where(
        col(t.PatternMember.pattern_id).in_(pattern_ids),
        t.PatternMember.postmortem_id == t.PostmortemRow.id,
        is_open(),
    )
    return session.exec(query).one()


def _since(result: Mapping[str, Any], items: Sequence[PatternItem]) -> tuple[str, ...]:
    """What the newest run changed, in sentences."""
    known = {item.id for item in items}
    new = [i for i in result.get("new", []) if i in known]
    few = len(new) <= MOST_NAMED
    found = [f"{i} is new" for i in new] if few else [f"{len(new)} patterns are new"]
    found += [f"{old} split into {', '.join(new)}" for old, new in result.get("splits", {}).items()]
    found += [
        f"{' and '.join(i for i in old if i != new)} went into {new}"
        for new, old in result.get("merges", {}).items()
    ]
    found += [
        f"{i} dissolved: its incidents no longer stand together" for i in result.get("gone", [])
    ]
    return tuple(found)
