"""The exposure analysis over the ledger, or over a file of changes."""

from collections.abc import Iterable, Sequence

from sqlmodel import Session

from mining.exposure import ExposedChange, Exposure, Grouping, RiskReport
from mining.risk import analyse
from rca.domain.change import PARTS_NOT_ON_THE_CHANGE, ChangeRecord
from rca.domain.quarters import quarter_of
from rca.domain.vocabulary import ChangeAI
from rca.provenance.finding import VERSION
from rca.services.ledger import change_rows, incidents_by_change
from rca.store import tables as t

OUTCOMES = {
    "reverted_30d": "reverted within 30 days of the merge",
    "reverted_ever": "reverted at any time seen",
    "regression_cited": "named as the origin by a later fix",
    "incident": "linked to an incident (declared, by commit or by a person; never by time alone)",
}
"""Outcomes that can be asked for, in words."""

_STATES: dict[str, Exposure] = {
    ChangeAI.EVIDENCED.value: "evidenced",
    ChangeAI.ATTESTED_NONE.value: "attested_none",
}


def _exposure(state: str, part: str) -> Exposure:
    """Review-only and committer-only influence leaves the change's content alone: left out."""
    if part in PARTS_NOT_ON_THE_CHANGE:
        return "excluded"
    return _STATES.get(state, "unknown")


def _definition(outcome: str, source: str, count: int) -> dict[str, str]:
    return {
        "unit": "a change as the ledger has it: a commit on the main line, or a pull request",
        "exposed": f"evidence of AI in the change itself (detectors {VERSION}); "
        "review-only and committer-only are left out",
        "compared": "changes without such evidence: attested none, and unknown",
        "outcome": OUTCOMES.get(outcome, outcome),
        "source": f"{source}, {count:,} changes",
    }


def _of_record(record: ChangeRecord, outcome: str) -> ExposedChange:
    return ExposedChange(
        id=record.key,
        exposure=_exposure(record.ai_state.value, record.ai_part),
        outcome=record.outcomes.get(outcome),
        repo=record.repo,
        service=record.service,
        quarter=quarter_of(record.merged_at),
        lines=record.lines,
    )


def of_records(
    records: Sequence[ChangeRecord], *, outcome: str, by: Grouping, source: str
) -> RiskReport:
    """The report on changes of a file."""
    changes = [_of_record(record, outcome) for record in records]
    return _report(changes, outcome=outcome, by=by, source=source)


def _of_row(row: t.Change, outcome: str, incidents: dict[str, tuple[str, ...]]) -> ExposedChange:
    part = (
        str(row.facts.get("ai", {}).get("part", ""))
        if isinstance(row.facts.get("ai"), dict)
        else ""
    )
    lines = None
    if row.lines_added is not None and row.lines_deleted is not None:
        lines = row.lines_added + row.lines_deleted
    return ExposedChange(
        id=row.key,
        exposure=_exposure(row.ai_state, part),
        outcome=_outcome(row, outcome, incidents),
        repo=row.repo,
        service=row.service,
        quarter=quarter_of(row.merged_at),
        lines=lines,
    )


def _outcome(row: t.Change, outcome: str, incidents: dict[str, tuple[str, ...]]) -> bool | None:
    if outcome == "incident":
        return row.key in incidents
    if outcome == "reverted_30d":
        return row.reverted_30d
    found = row.facts.get("outcomes", {}).get(outcome)
    return found if isinstance(found, bool) else None


def of_ledger(session: Session, *, outcome: str, by: Grouping) -> RiskReport:
    """The report on the organisation's own ledger."""
    incidents = incidents_by_change(session) if outcome == "incident" else {}
    changes = [_of_row(row, outcome, incidents) for row in change_rows(session)]
    return _report(changes, outcome=outcome, by=by, source="the change ledger")


def _unit(changes: Iterable[ExposedChange], by: Grouping) -> Grouping:
    """Pool by service when the ledger knows services, else by repository."""
    if by == "service":
        return "service"
    return "repo" if any(change.repo for change in changes) else "service"


def _report(
    changes: Sequence[ExposedChange], *, outcome: str, by: Grouping, source: str
) -> RiskReport:
    definition = _definition(outcome, source, len(changes))
    return analyse(changes, definition=definition, by=by, unit=_unit(changes, by))
