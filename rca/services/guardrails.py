"""Guardrails: proposed from recurring causes, decided by people.

Mining proposes and refreshes; it never changes what a person accepted, except the evidence beside
it. A rejected suggestion stays away until incidents speak for it that did not before.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

from mining.policy.backtest import Ledger
from mining.policy.document import identity
from mining.policy.suggest import Suggestion, has_grown, suggest
from rca.config import Settings
from rca.domain.vocabulary import GuardrailDecision
from rca.errors import NotNow
from rca.services import jobs
from rca.services.guardrail_evidence import pattern_evidence
from rca.services.guardrail_gates import gate_settings
from rca.services.guardrail_history import history_of
from rca.services.jobs import Claim
from rca.services.ledger import change_records
from rca.services.visibility import is_open
from rca.store import tables as t
from rca.store.engine import reading, writing

PROPOSED, ACCEPTED, REJECTED = (decision.value for decision in GuardrailDecision)


@dataclass(frozen=True, slots=True)
class Prepared:
    """The ledger with the rules already tried on it, and what is to be suggested."""

    ledger: Ledger
    found: list[Suggestion]


def prepare(session: Session, *, now: datetime) -> Prepared:
    """The slow part, which only reads: seconds that no writer should wait for."""
    ledger = Ledger(change_records(session))
    found = list(suggest(pattern_evidence(session), now=now))
    decided = session.exec(select(t.GuardrailRow.document)).all()
    for document in [*(item.document for item in found), *(doc for doc in decided if doc)]:
        history_of(document, ledger, now=now)
    return Prepared(ledger, found)


def refresh_now(engine: Engine, *, now: datetime) -> int:
    """Bring the proposals up to the stored patterns: read and try first, then write."""
    with reading(engine) as session:
        prepared = prepare(session, now=now)
    with writing(engine) as session:
        return refresh_suggestions(session, now=now, prepared=prepared)


def run_job(engine: Engine, claim: Claim, _settings: Settings, now: datetime) -> None:
    """The handler of the job kind ``suggest``: one effect however often it is tried."""
    with reading(engine) as session:
        prepared = prepare(session, now=now)
    with writing(engine) as session:
        if not jobs.holds(session, claim):
            raise NotNow("Another worker took this job over.")
        count = refresh_suggestions(session, now=now, prepared=prepared)
        jobs.finish(session, claim, result={"suggestions": count}, now=now)


def refresh_suggestions(
    session: Session, *, now: datetime, prepared: Prepared | None = None
) -> int:
    """Bring the proposals up to the stored patterns; the number of open proposals.

    No suggestion is a normal outcome. Without ``prepared`` the slow part runs in this transaction.
    """
    prepared = prepared or prepare(session, now=now)
    ledger, found = prepared.ledger, prepared.found
    rows = _Rows(session)
    siblings = Counter(item.pattern_ids[0] for item in found)
    for item in found:
        row = rows.take(item)
        if row is None:
            row = _new_row(item, rows.free_id(item), now)
        row.suggestion = {**row.suggestion, "comparisons": siblings[item.pattern_ids[0]]}
        _follow(session, row, item, ledger, now)
    for row in rows.untaken():
        _retire(session, row, ledger, now)
    session.flush()
    query = select(t.GuardrailRow).where(t.GuardrailRow.decision == PROPOSED)
    return len(session.exec(query).all())


class _Rows:
    """The stored guardrails, each matched to at most one suggestion."""

    def __init__(self, session: Session) -> None:
        query = select(t.GuardrailRow).order_by(col(t.GuardrailRow.id))
        self._rows = {row.id: row for row in session.exec(query)}
        self._taken: set[str] = set()
        self._given: set[str] = set()

    def take(self, item: Suggestion) -> t.GuardrailRow | None:
        """The row that the suggestion continues: the same rule, else the same cause and kind."""
        body = identity(item.document)
        free = [row for row in self._rows.values() if row.id not in self._taken]
        same = [row for row in free if row.identity == body]
        same += [row for row in free if self._continues(row, item)]
        # Two organisations may call for one rule: each keeps the row of its own pattern.
        same.sort(key=lambda row: row.pattern_id not in item.pattern_ids)
        if same:
            self._taken.add(same[0].id)
            return same[0]
        return None

    @staticmethod
    def _continues(row: t.GuardrailRow, item: Suggestion) -> bool:
        return row.template == item.template and row.pattern_id in item.pattern_ids

    def free_id(self, item: Suggestion) -> str:
        """The suggestion's own id, or the next one when another rule bears it; kept for it."""
        wanted = str(item.document["metadata"]["id"])
        names = [wanted, *(f"{wanted}-{number}" for number in range(2, 1000))]
        found = next(name for name in names if name not in self._rows and name not in self._given)
        self._given.add(found)
        return found

    def untaken(self) -> list[t.GuardrailRow]:
        """Rows that no suggestion continues any more."""
        return [row for row in self._rows.values() if row.id not in self._taken]


def _suggested(item: Suggestion) -> dict[str, Any]:
    return {
        "n": item.n,
        "of": item.of,
        "interval": list(item.interval),
        "strength": item.strength,
        "control_strength": item.control_strength,
        "why": item.why,
        "reasons": list(item.reasons),
        "patterns": list(item.pattern_ids),
        "answers": list(item.answers),
        "document": item.document,
    }


def _new_row(item: Suggestion, identifier: str, now: datetime) -> t.GuardrailRow:
    return t.GuardrailRow(
        id=identifier,
        family=item.family,
        template=item.template,
        title=item.title,
        decision=PROPOSED,
        status="proposed",
        mode="audit",
        identity=identity(item.document),
        created_at=now,
        updated_at=now,
    )


def _write(
    session: Session,
    row: t.GuardrailRow,
    item: Suggestion,
    ledger: Sequence[Mapping[str, Any]],
    now: datetime,
) -> None:
    """Let a proposal that nobody touched say what the evidence says today."""
    metadata = {**item.document["metadata"], "id": row.id}
    if row.document:
        metadata["uid"] = row.document["metadata"]["uid"]
        metadata["created"] = row.document["metadata"]["created"]
    row.pattern_id = item.pattern_ids[0]
    row.suggestion = {**_suggested(item), "comparisons": row.suggestion["comparisons"]}
    set_document(row, {**item.document, "metadata": metadata})
    _try(session, row, ledger, now)
    row.updated_at = now
    _keep_evidence(session, row, item.answers)


def _try(
    session: Session, row: t.GuardrailRow, ledger: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """Run the rule over the ledger: its history, and the figures in its evidence."""
    settings = gate_settings(session, row)
    row.history = history_of(row.document, ledger, now=now, settings=settings)
    if row.history:
        evidence = {**row.document["evidence"], "stats": row.history["stats"]}
        row.document = {**row.document, "evidence": evidence}


def set_document(row: t.GuardrailRow, doc: dict[str, Any]) -> None:
    """Store a valid document with the columns that lists sort and filter by."""
    metadata = doc["metadata"]
    row.document = doc
    row.family = metadata["family"]
    row.title = metadata["title"]
    row.status = metadata["status"]
    row.mode = doc["spec"]["mode"]
    row.identity = identity(doc)
    row.review_by = date.fromisoformat(metadata["reviewBy"])


def _keep_evidence(session: Session, row: t.GuardrailRow, references: Sequence[str]) -> None:
    row.evidence_count = len(references)
    session.add(row)
    session.flush()
    session.execute(
        delete(t.GuardrailEvidence).where(col(t.GuardrailEvidence.guardrail_id) == row.id)
    )
    query = select(t.PostmortemRow.id).where(
        col(t.PostmortemRow.reference).in_(list(references)), is_open()
    )
    for owner in session.exec(query):
        session.add(t.GuardrailEvidence(guardrail_id=row.id, postmortem_id=owner))


def _follow(
    session: Session,
    row: t.GuardrailRow,
    item: Suggestion,
    ledger: Sequence[Mapping[str, Any]],
    now: datetime,
) -> None:
    """What a new run may do to a stored row depends on what people did with it."""
    if row.decision == REJECTED:
        if has_grown(item, row.suggestion.get("rejected_answers", ())):
            _come_back(session, row, item, ledger, now)
        return
    if row.decision == PROPOSED and not _edited(session, row):
        _write(session, row, item, ledger, now)
        return
    if identity(item.document) == row.identity:
        row.document = {**row.document, "evidence": item.document["evidence"]}
        _keep_evidence(session, row, item.answers)
    row.suggestion = {**_suggested(item), "comparisons": row.suggestion["comparisons"]}
    _try(session, row, ledger, now)
    session.add(row)


def _edited(session: Session, row: t.GuardrailRow) -> bool:
    """Whether a person wrote in it: then mining writes beside it, never over it."""
    query = select(t.GuardrailRevision).where(
        t.GuardrailRevision.guardrail_id == row.id, t.GuardrailRevision.action == "edit"
    )
    return session.exec(query).first() is not None


def _come_back(
    session: Session,
    row: t.GuardrailRow,
    item: Suggestion,
    ledger: Sequence[Mapping[str, Any]],
    now: datetime,
) -> None:
    """A rejected suggestion with new incidents is proposed again; why it was rejected stays."""
    row.decision = PROPOSED
    row.decided_by, row.decided_at = None, None
    row.version += 1
    _write(session, row, item, ledger, now)


def _retire(
    session: Session, row: t.GuardrailRow, ledger: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """No pattern calls for the row now: an untouched proposal goes, a person's decision stays."""
    if row.decision == PROPOSED and row.version == 1 and not _edited(session, row):
        session.delete(row)
    elif row.decision == ACCEPTED:
        _try(session, row, ledger, now)
        session.add(row)
