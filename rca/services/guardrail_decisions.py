"""Accept, edit and reject a guardrail. Every write names the version it builds on."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from mining.policy.document import PolicyTextError, identity, next_version, parse, validate
from mining.policy.gates import open_stage
from rca.domain.access import Permission, Viewer
from rca.errors import Conflict, Invalid, NotFound, NotNow, Problem
from rca.services.guardrail_duties import plan
from rca.services.guardrail_gates import gate_settings
from rca.services.guardrail_history import all_gates, history_of
from rca.services.guardrails import ACCEPTED, REJECTED, set_document
from rca.services.ledger import change_records
from rca.services.permissions import need
from rca.store import audit
from rca.store import tables as t

LONGEST_REASON = 2_000
_STAGES = ("experimental", "test", "stable")
_STAGE_OF_MODE = {"audit": "experimental", "warn": "test", "enforce": "stable"}
_FIXED = ("id", "uid", "created", "template")


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision left behind."""

    guardrail_id: str
    version: int
    decision: str


def find_guardrail(session: Session, guardrail_id: str, *, lock: bool = False) -> t.GuardrailRow:
    """The row of that id. Raises NotFound."""
    row = session.get(t.GuardrailRow, guardrail_id, with_for_update=lock or None)
    if row is None:
        raise NotFound(f"There is no guardrail {guardrail_id}.")
    return row


def _to_decide(
    session: Session, viewer: Viewer, guardrail_id: str, base_version: int
) -> t.GuardrailRow:
    need(viewer, Permission.REVIEW)
    row = find_guardrail(session, guardrail_id, lock=True)
    if row.version != base_version:
        raise Conflict(
            "Somebody changed this guardrail while you were deciding.",
            current=row.document,
            version=row.version,
        )
    return row


def accept(
    session: Session,
    *,
    viewer: Viewer,
    guardrail_id: str,
    base_version: int,
    now: datetime,
    owner_team: str = "",
) -> Decided:
    """Take the rule over; it begins in audit, where it interrupts nobody.

    Raises Conflict, Forbidden, Invalid, NotFound, and NotNow when it is accepted already.
    """
    row = _to_decide(session, viewer, guardrail_id, base_version)
    if row.decision == ACCEPTED:
        raise NotNow("This guardrail is accepted already.")
    doc = deepcopy(row.document)
    doc["metadata"]["status"] = "experimental"
    doc["metadata"]["modified"] = now.date().isoformat()
    doc["spec"]["mode"] = "audit"
    if owner_team.strip():
        doc["metadata"]["owner"]["team"] = owner_team.strip()
    doc["metadata"]["version"] = next_version(row.document, doc)
    _refuse_problems(doc)
    set_document(row, doc)
    done = _decide(session, viewer, row, ACCEPTED, "", now)
    plan(session, row, now)
    return done


def reject(
    session: Session,
    *,
    viewer: Viewer,
    guardrail_id: str,
    base_version: int,
    reason: str,
    now: datetime,
) -> Decided:
    """Say no, and why. It comes back only when incidents speak for it that do not today.

    Raises Conflict, Forbidden, Invalid without a reason, NotFound, and NotNow when it is rejected.
    """
    row = _to_decide(session, viewer, guardrail_id, base_version)
    reason = reason.strip()
    if not reason:
        raise Invalid([Problem("reason", "Say why, in a line. The next reader will ask.")])
    if len(reason) > LONGEST_REASON:
        raise Invalid([Problem("reason", f"Keep it under {LONGEST_REASON:,} characters.")])
    if row.decision == REJECTED:
        raise NotNow("This guardrail is rejected already.")
    answers = row.document["evidence"]["incidents"]
    row.suggestion = {**row.suggestion, "rejected_answers": list(answers)}
    row.rejected_evidence_count = len(answers)
    row.reason = reason
    return _decide(session, viewer, row, REJECTED, reason, now)


def _decide(
    session: Session, viewer: Viewer, row: t.GuardrailRow, decision: str, reason: str, now: datetime
) -> Decided:
    row.decision = decision
    row.decided_by = viewer.user_id
    row.decided_at = now
    return _keep(session, viewer, row, decision, reason, now)


def _keep(
    session: Session, viewer: Viewer, row: t.GuardrailRow, action: str, reason: str, now: datetime
) -> Decided:
    """One more version: the row, its revision and the audit act, together."""
    row.version += 1
    row.updated_at = now
    session.add(row)
    session.add(
        t.GuardrailRevision(
            guardrail_id=row.id,
            version=row.version,
            action=action,
            reason=reason,
            document=row.document,
            at=now,
            by_id=viewer.user_id,
        )
    )
    detail = {
        "version": row.version,
        "identity": row.identity,
        "status": row.status,
        "mode": row.mode,
        "rule_version": row.document["metadata"]["version"],
    }
    act = audit.Act(viewer.name, f"guardrail.{action}", "guardrail", row.id, detail)
    audit.append(session, act, now=now)
    session.flush()
    return Decided(row.id, row.version, row.decision)


def edited_text(text: str) -> dict[str, Any]:
    """The one document of a YAML text. Raises Invalid at path ``document``, with its line."""
    try:
        docs = parse(text.replace("\r\n", "\n"))
    except PolicyTextError as error:
        raise Invalid([Problem("document", str(error))]) from error
    if len(docs) != 1:
        raise Invalid([Problem("document", f"One document is needed here, not {len(docs)}.")])
    return docs[0]


def with_changes(doc: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the form's answers put in: mode, owner_team, severity, review_by,
    messages by control, exceptions (the whole list)."""
    new: dict[str, Any] = deepcopy(dict(doc))
    places = {
        "mode": (new["spec"], "mode"),
        "severity": (new["spec"], "severity"),
        "owner_team": (new["metadata"]["owner"], "team"),
        "review_by": (new["metadata"], "reviewBy"),
        "title": (new["metadata"], "title"),
    }
    for name, (holder, key) in places.items():
        if name in changes:
            holder[key] = changes[name]
    for item in new["spec"]["require"]:
        item["message"] = changes.get("messages", {}).get(item["control"], item["message"])
    if "exceptions" in changes:
        new["spec"].pop("exceptions", None)
        if changes["exceptions"]:
            new["spec"]["exceptions"] = list(changes["exceptions"])
    return new


def edit(
    session: Session,
    *,
    viewer: Viewer,
    guardrail_id: str,
    base_version: int,
    document: Mapping[str, Any],
    now: datetime,
) -> Decided:
    """Store a person's wording of the rule. Evidence and backtest stay the machine's.

    Another meaning (match, requirements, subject) puts the rule back to audit; warn and enforce
    open only when their gates do. Raises Conflict, Forbidden, Invalid, NotFound.
    """
    row = _to_decide(session, viewer, guardrail_id, base_version)
    doc = _merged(row, document)
    _refuse_problems(doc)
    before = row.identity
    _settle(session, row, doc, now)
    if doc == row.document:
        return Decided(row.id, row.version, row.decision)
    doc["metadata"]["version"] = next_version(row.document, doc)
    doc["metadata"]["modified"] = now.date().isoformat()
    _refuse(validate(doc))
    set_document(row, doc)
    if row.identity != before:
        ledger = change_records(session)
        row.history = history_of(doc, ledger, now=now, settings=gate_settings(session, row))
    return _keep(session, viewer, row, "edit", "", now)


def _merged(row: t.GuardrailRow, document: Mapping[str, Any]) -> dict[str, Any]:
    """What may be edited from ``document``, what may not from the row."""
    doc: dict[str, Any] = deepcopy(dict(document))
    metadata = doc.get("metadata")
    if not isinstance(metadata, dict):
        raise Invalid([Problem("document", "metadata: missing")])
    kept = row.document["metadata"]
    changed = [name for name in ("id", "uid") if metadata.get(name, kept[name]) != kept[name]]
    if changed:
        raise Invalid([Problem("document", f"metadata.{changed[0]}: stays as it is")])
    for name in _FIXED:
        if name in kept:
            metadata[name] = kept[name]
    metadata["version"], metadata["status"] = kept["version"], kept["status"]
    if "modified" in kept:
        metadata["modified"] = kept["modified"]
    doc["evidence"] = row.document["evidence"]
    doc.pop("backtest", None)
    if "backtest" in row.document:
        doc["backtest"] = row.document["backtest"]
    return doc


def _refuse(found: Sequence[Any]) -> None:
    if found:
        raise Invalid([Problem("document", str(problem)) for problem in found])


def _refuse_problems(doc: Mapping[str, Any]) -> None:
    """Problems of everything but the mode, which is judged once the status is settled."""
    _refuse(validate(_in_audit(doc)))


def _in_audit(doc: Mapping[str, Any]) -> dict[str, Any]:
    spec = doc.get("spec")
    known = isinstance(spec, Mapping) and spec.get("mode") in _STAGE_OF_MODE
    return {**doc, "spec": {**spec, "mode": "audit"}} if known and spec else dict(doc)


def _settle(session: Session, row: t.GuardrailRow, doc: dict[str, Any], now: datetime) -> None:
    """Status and mode that the edited document may have."""
    if identity(doc) != row.identity:
        doc.pop("backtest", None)
        if row.decision == ACCEPTED:
            doc["metadata"]["status"] = "experimental"
        if doc["spec"]["mode"] != "audit":
            raise Invalid(
                [Problem("mode", "Another rule begins in audit again; save it so first.")]
            )
        return
    _promote(session, row, doc, now)


def _promote(session: Session, row: t.GuardrailRow, doc: dict[str, Any], now: datetime) -> None:
    mode = doc["spec"]["mode"]
    needed = _STAGE_OF_MODE[mode]
    if mode != "audit" and row.decision != ACCEPTED:
        raise Invalid([Problem("mode", "Accept the rule first; it begins in audit.")])
    status = doc["metadata"]["status"]
    held = _STAGES.index(status) if status in _STAGES else 0
    if _STAGES.index(needed) <= held:
        return
    found = all_gates(session, row, now)
    reached = open_stage(found) if found else "experimental"
    if _STAGES.index(needed) > _STAGES.index(reached):
        shut = [
            f"{gate.requirement} ({gate.measured})"
            for gate in found
            if not gate.met and _STAGES.index(gate.stage) <= _STAGES.index(needed)
        ]
        why = "; ".join(shut) or "there is no recorded change to judge it by"
        raise Invalid([Problem("mode", f"{mode} is not open yet: {why}.")])
    doc["metadata"]["status"] = needed
    if needed == "stable":
        doc["backtest"] = row.history["document"]
