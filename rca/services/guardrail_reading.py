"""Reading guardrails: the list, one rule with all that speaks for and against it, the stream.

Documents that leave here name open postmortems only, whatever was open when they were written.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from mining.policy import catalogue
from mining.policy.document import render
from mining.policy.gates import Gate, open_stage
from mining.policy.words import RuleWords, in_words
from rca.domain.vocabulary import GuardrailDecision
from rca.services.guardrail_decisions import find_guardrail
from rca.services.guardrail_duties import Duty, duties_of
from rca.services.guardrail_history import all_gates
from rca.services.guardrail_watch import Watch, watch
from rca.services.pattern_items import pattern_names
from rca.services.visibility import is_open
from rca.store import tables as t

EMPTY_STREAM = "# No guardrail is accepted yet. Propose, accept or write one first.\n"
HIDDEN = "not shown"
_LISTS = ("incidents", "notTouched", "cannotTell")


@dataclass(frozen=True, slots=True)
class GuardrailItem:
    """One guardrail in a list."""

    id: str
    title: str
    family: str
    family_name: str
    decision: str
    status: str
    mode: str
    n: int
    of: int
    low: float | None
    high: float | None
    strength: str
    verdict: str
    pattern_id: str | None
    pattern_name: str
    reason: str
    review_by: date | None
    updated_at: datetime
    exceptions_expired: int


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a guardrail's history."""

    at: datetime
    who: str
    action: str
    version: int
    rule_version: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A postmortem that stands in the evidence, with the sentence that put it there."""

    reference: str
    title: str
    quarter: str
    severity: str | None
    quote: str


@dataclass(frozen=True, slots=True)
class GuardrailPage:
    """Everything that the page of one guardrail says."""

    item: GuardrailItem
    version: int
    document: Mapping[str, Any]
    text: str
    words: RuleWords
    family: catalogue.Family
    answers: tuple[Reference, ...]
    not_touched: tuple[Reference, ...]
    cannot_tell: tuple[Reference, ...]
    hidden: int
    gates: tuple[Gate, ...]
    stage: str
    history: Mapping[str, Any]
    suggestion: Mapping[str, Any]
    other_scope: bool
    steps: tuple[Step, ...]
    before: Mapping[str, Any] | None
    watch: Watch | None
    duties: tuple[Duty, ...]


def open_references(session: Session) -> frozenset[str]:
    """References of the postmortems that everybody may see."""
    return frozenset(session.exec(select(t.PostmortemRow.reference).where(is_open())))


def public_document(
    doc: Mapping[str, Any], shown: frozenset[str], names: Mapping[str, str]
) -> dict[str, Any]:
    """The document without what not everybody may see: references, and the name that its patterns
    had, which may quote an incident. They go by their names of today (``names``, by id) instead.
    """
    public: dict[str, Any] = deepcopy(dict(doc))
    evidence = public["evidence"]
    named = {ref for name in _LISTS for ref in evidence.get(name, ())}
    if not named <= shown:
        _rename(public, names)
    for name in _LISTS:
        if name in evidence:
            evidence[name] = [ref for ref in evidence[name] if ref in shown]
    evidence["incidents"] = evidence["incidents"] or [HIDDEN]
    return public


def _rename(doc: dict[str, Any], names: Mapping[str, str]) -> None:
    """Name the patterns of a document as they are named now, in its rationale too when that still
    begins as it was suggested.
    """
    cluster, spec = doc["evidence"]["cluster"], doc["spec"]
    old = str(cluster.get("label", ""))
    keys = str(cluster["id"]).split(",")
    today = "; ".join(names[key] for key in keys if key in names)[:120] or "unnamed"
    cluster["label"] = today
    told = _QUOTED.search(spec["rationale"])
    if told and told[1][:_ALIKE] == old[:_ALIKE]:
        spec["rationale"] = _QUOTED.sub(lambda _: f"“{today}”", spec["rationale"], count=1)


_QUOTED = re.compile("“(.*)”")  # to the last mark: names quote titles
_ALIKE = 20


def counts(session: Session) -> dict[str, int]:
    """How many guardrails each decision has."""
    found = Counter(session.exec(select(t.GuardrailRow.decision)))
    return {decision.value: found[decision.value] for decision in GuardrailDecision}


def _expired(doc: Mapping[str, Any], now: datetime) -> int:
    ends = (item["expires"] for item in doc["spec"].get("exceptions", ()))
    return sum(datetime.fromisoformat(end) <= now for end in ends)


def item_of(row: t.GuardrailRow, pattern_name: str, now: datetime) -> GuardrailItem:
    """What a list says of one row."""
    answered = row.document["evidence"].get("answered") or {}
    low, high = answered.get("interval95") or (None, None)
    return GuardrailItem(
        id=row.id,
        title=row.title,
        family=row.family,
        family_name=catalogue.family(row.family).name,
        decision=row.decision,
        status=row.status,
        mode=row.mode,
        n=answered.get("n", row.evidence_count),
        of=answered.get("of", row.evidence_count),
        low=low,
        high=high,
        strength=row.document["evidence"].get("strength", ""),
        verdict=row.history.get("verdict", ""),
        pattern_id=row.pattern_id,
        pattern_name=pattern_name,
        reason=row.reason,
        review_by=row.review_by,
        updated_at=row.updated_at,
        exceptions_expired=_expired(row.document, now),
    )


def list_guardrails(
    session: Session, *, now: datetime, decision: str = "", family: str = ""
) -> tuple[GuardrailItem, ...]:
    """Guardrails with the most evidence first."""
    query = select(t.GuardrailRow)
    if decision:
        query = query.where(t.GuardrailRow.decision == decision)
    if family:
        query = query.where(t.GuardrailRow.family == family)
    order = (col(t.GuardrailRow.evidence_count).desc(), col(t.GuardrailRow.id))
    names = pattern_names(session)
    return tuple(
        item_of(row, names.get(row.pattern_id or "", ""), now)
        for row in session.exec(query.order_by(*order))
    )


def _references(
    session: Session, names: Sequence[str], quotes: Mapping[str, str]
) -> tuple[Reference, ...]:
    query = select(t.PostmortemRow).where(
        col(t.PostmortemRow.reference).in_(list(names)), is_open()
    )
    rows = session.exec(query.order_by(col(t.PostmortemRow.sort_at).desc()))
    return tuple(
        Reference(row.reference, row.title, row.quarter, row.severity, quotes.get(row.id, ""))
        for row in rows
    )


def _quotes(session: Session, patterns: Sequence[str]) -> dict[str, str]:
    query = select(t.PatternMember).where(col(t.PatternMember.pattern_id).in_(list(patterns)))
    return {member.postmortem_id: member.quote for member in session.exec(query)}


def _steps(session: Session, row: t.GuardrailRow) -> tuple[list[Step], dict[str, Any] | None]:
    query = select(t.GuardrailRevision).where(t.GuardrailRevision.guardrail_id == row.id)
    revisions = list(session.exec(query.order_by(col(t.GuardrailRevision.version))))
    users = dict(session.exec(select(t.User.id, t.User.display_name)).all())
    steps = [
        Step(
            kept.at,
            users.get(kept.by_id or "", "") or "Operator",
            kept.action,
            kept.version,
            kept.document["metadata"]["version"],
            kept.reason,
        )
        for kept in revisions
    ]
    return steps, revisions[-2].document if len(revisions) > 1 else None


def guardrail_page(session: Session, *, guardrail_id: str, now: datetime) -> GuardrailPage:
    """Everything about one guardrail. Raises NotFound."""
    row = find_guardrail(session, guardrail_id)
    shown = open_references(session)
    names = pattern_names(session)
    doc = public_document(row.document, shown, names)
    patterns = row.suggestion.get("patterns") or ([row.pattern_id] if row.pattern_id else [])
    quotes = _quotes(session, patterns)
    evidence = row.document["evidence"]
    lists = {name: _references(session, evidence.get(name, ()), quotes) for name in _LISTS}
    named = sum(len(evidence.get(name, ())) for name in _LISTS)
    found = all_gates(session, row, now)
    steps, before = _steps(session, row)
    suggested = row.suggestion.get("document", {})
    return GuardrailPage(
        item=item_of(row, names.get(row.pattern_id or "", ""), now),
        version=row.version,
        document=doc,
        text=render([doc]),
        words=in_words(doc),
        family=catalogue.family(row.family),
        answers=lists["incidents"],
        not_touched=lists["notTouched"],
        cannot_tell=lists["cannotTell"],
        hidden=named - sum(map(len, lists.values())),
        gates=tuple(found),
        stage=open_stage(found) if found else "experimental",
        history=row.history,
        suggestion=row.suggestion,
        other_scope=bool(suggested) and _other_scope(suggested, row.document),
        steps=tuple(reversed(steps)),
        before=public_document(before, shown, names) if before else None,
        watch=watch(session, row, now),
        duties=tuple(duties_of(session, row)) if row.decision == "accepted" else (),
    )


def _other_scope(suggested: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
    return bool(suggested["spec"]["match"] != kept["spec"]["match"])


def documents(session: Session, *, status: str = "accepted") -> list[dict[str, Any]]:
    """Documents with open references only, sorted by id. ``status``: accepted, proposed, all."""
    query = select(t.GuardrailRow).order_by(col(t.GuardrailRow.id))
    if status != "all":
        query = query.where(t.GuardrailRow.decision == status)
    else:
        query = query.where(t.GuardrailRow.decision != GuardrailDecision.REJECTED.value)
    shown, names = open_references(session), pattern_names(session)
    return [public_document(row.document, shown, names) for row in session.exec(query)]


@dataclass(frozen=True, slots=True)
class Stream:
    """The native YAML stream with its tag."""

    text: str
    count: int

    @property
    def etag(self) -> str:
        """A strong tag over the bytes."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]


def native_stream(session: Session, *, status: str = "accepted") -> Stream:
    """The native stream; without a guardrail a valid stream of one comment."""
    docs = documents(session, status=status)
    return Stream(render(docs) or EMPTY_STREAM, len(docs))
