"""The exposure analysis over the ledger, or over a file of changes."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Generic, TypeVar

from sqlalchemy import Text, cast, select
from sqlmodel import Session, col

from mining.exposure import ExposedChange, Exposure, Grouping, RiskReport
from mining.matched import CaseControlReport, DatedChange, analyse_matched
from mining.risk import analyse
from rca.domain.change import PARTS_NOT_ON_THE_CHANGE, ChangeRecord
from rca.domain.postmortem import OWN_ORGANISATION
from rca.domain.quarters import quarter_of
from rca.domain.vocabulary import ChangeAI
from rca.provenance.finding import VERSION
from rca.services.ledger import incidents_by_change
from rca.store import tables as t

Report = TypeVar("Report")

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


@dataclass(frozen=True, slots=True)
class _Row:
    """What the analysis reads of a change; ``facts`` is JSON as it is stored."""

    key: str
    repo: str
    service: str
    merged_at: datetime
    lines_added: int | None
    lines_deleted: int | None
    ai_state: str
    reverted_30d: bool | None
    facts: str

    def exposed(self, outcome: str, incidents: Mapping[str, tuple[str, ...]]) -> ExposedChange:
        """The change as the analysis takes it."""
        facts = json.loads(self.facts or "{}")
        ai = facts.get("ai")
        part = str(ai.get("part", "")) if isinstance(ai, dict) else ""
        lines = None
        if self.lines_added is not None and self.lines_deleted is not None:
            lines = self.lines_added + self.lines_deleted
        return ExposedChange(
            id=self.key,
            exposure=_exposure(self.ai_state, part),
            outcome=self._outcome(outcome, facts, incidents),
            repo=self.repo,
            service=self.service,
            quarter=quarter_of(self.merged_at),
            lines=lines,
        )

    def _outcome(
        self, outcome: str, facts: Mapping[str, Any], incidents: Mapping[str, tuple[str, ...]]
    ) -> bool | None:
        if outcome == "incident":
            return self.key in incidents
        if outcome == "reverted_30d":
            return self.reverted_30d
        found = facts.get("outcomes", {}).get(outcome)
        return found if isinstance(found, bool) else None


def _rows(session: Session) -> list[_Row]:
    """The organisation's own changes, without the wide columns that no figure needs."""
    c = t.Change
    columns: tuple[Any, ...] = (
        c.key,
        c.repo,
        c.service,
        c.merged_at,
        c.lines_added,
        c.lines_deleted,
        c.ai_state,
        c.reverted_30d,
        cast(c.facts, Text),
    )
    query = select(*columns).where(col(c.organisation) == OWN_ORGANISATION)
    return [_Row(*row) for row in session.execute(query.order_by(col(c.merged_at), col(c.key)))]


class _Memo(Generic[Report]):
    """The newest reports by what the ledger held. A report is a value: sharing it is safe."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, ...], Report] = OrderedDict()

    def get(self, key: tuple[str, ...], make: Callable[[], Report]) -> Report:
        """The report kept under ``key``, or the one that ``make`` gives."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return made


_LEDGER = "the change ledger"
_reports: _Memo[RiskReport] = _Memo(24)
_matched: _Memo[CaseControlReport] = _Memo(8)


def of_ledger(session: Session, *, outcome: str, by: Grouping) -> RiskReport:
    """The report on the organisation's own ledger.

    Reading the narrow rows is a tenth of the work. The analysis is made again only when a row or
    a link that it rests on differs: their digest is the key of what is kept in this process.
    """
    incidents = incidents_by_change(session) if outcome == "incident" else {}
    rows = _rows(session)
    digest = hashlib.sha256(repr((rows, sorted(incidents))).encode()).hexdigest()

    def make() -> RiskReport:
        changes = [row.exposed(outcome, incidents) for row in rows]
        return _report(changes, outcome=outcome, by=by, source=_LEDGER)

    return _reports.get((digest, outcome, by), make)


def matched_of_ledger(session: Session, *, outcome: str = "incident") -> CaseControlReport:
    """Changes with the outcome against changes like them: for a ledger that knows only some.

    A link by time alone makes no case, as everywhere.
    """
    incidents = incidents_by_change(session) if outcome == "incident" else {}
    rows = _rows(session)
    digest = hashlib.sha256(repr((rows, sorted(incidents))).encode()).hexdigest()

    def make() -> CaseControlReport:
        changes = [DatedChange(row.exposed(outcome, incidents), row.merged_at) for row in rows]
        return analyse_matched(changes, definition=_definition(outcome, _LEDGER, len(changes)))

    return _matched.get((digest, outcome), make)


def matched_of_records(
    records: Sequence[ChangeRecord], *, outcome: str, source: str
) -> CaseControlReport:
    """The same on changes of a file."""
    changes = [
        DatedChange(_of_record(record, outcome), record.merged_at)
        for record in records
        if record.merged_at is not None
    ]
    return analyse_matched(changes, definition=_definition(outcome, source, len(changes)))


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
