"""AI influence proposed from the evidence on linked changes and from what the timeline tells of the
response; a person confirms each with a click.

Nothing is overwritten: a proposal is a new row, unconfirmed, that counts as unknown until then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from rca.domain.access import Viewer
from rca.domain.postmortem import AIEvidence, AIInfluence, PostmortemContent, TimelineEntry
from rca.domain.vocabulary import (
    AIAutonomy,
    AIEvidenceBasis,
    AIPart,
    AIState,
    AISurface,
    ChangeAI,
    EvidenceStrength,
    Section,
    ValueSource,
)
from rca.errors import NotFound
from rca.provenance import response
from rca.provenance.response import ResponseTrace
from rca.provenance.tools import UNSPECIFIED
from rca.services import authoring, reading
from rca.services.authoring import Saved
from rca.services.secrets_guard import redact
from rca.store import tables as t

# The detectors' roles -> whose part it was.
PARTS = {
    "author": AIPart.AUTHOR,
    "co-author": AIPart.CO_AUTHOR,
    "reviewer": AIPart.REVIEWER,
    "review-suggestion": AIPart.REVIEWER,
    "ops": AIPart.AGENT_OPERATOR,
    "committer-only": AIPart.COMMITTER_ONLY,
}
_SURFACES = {
    "config": AISurface.CONFIG,
    "flag": AISurface.CONFIG,
    "infra": AISurface.INFRA_AS_CODE,
    "network": AISurface.INFRA_AS_CODE,
    "tests": AISurface.TEST,
    "docs": AISurface.RUNBOOK,
    "alerting": AISurface.ALERTING,
}
_BASES = {
    "D1": AIEvidenceBasis.COMMIT_TRAILER, "D2": AIEvidenceBasis.COMMIT_TRAILER,
    "D3": AIEvidenceBasis.OTHER, "D4": AIEvidenceBasis.COMMIT_TRAILER,
    "D5": AIEvidenceBasis.LOG, "D6": AIEvidenceBasis.COMMIT_TRAILER,
    "D7": AIEvidenceBasis.GIT_NOTE, "D8": AIEvidenceBasis.PR_LABEL,
    "D9": AIEvidenceBasis.OTHER, "D10": AIEvidenceBasis.SELF_REPORT,
}  # fmt: skip
_MEDIUM = ("D8", "D9")


def _words(facts: Any, *names: str) -> str:
    """A text among the facts, by its path; empty when it is absent or no text."""
    here = facts
    for name in names:
        here = here.get(name) if isinstance(here, dict) else None
    if isinstance(here, list):
        here = here[0] if here else None
    return here if isinstance(here, str) else ""


def _surface(change: t.Change, part: AIPart) -> AISurface:
    if part is AIPart.REVIEWER:
        return AISurface.REVIEW
    kinds = [kind for kind in change.kinds if kind in _SURFACES]
    plain = [kind for kind in change.kinds if kind not in _SURFACES]
    return _SURFACES[kinds[0]] if kinds and not plain else AISurface.CODE


def _evidence(change: t.Change) -> AIEvidence:
    detector, _, quote = change.ai_evidence.partition(": ")
    if detector not in _BASES:
        detector, quote = "", change.ai_evidence
    basis = _BASES.get(detector, AIEvidenceBasis.COMMIT_TRAILER)
    if not detector and "label" in change.label_source:
        basis = AIEvidenceBasis.PR_LABEL
    return AIEvidence(
        basis=basis,
        locator=f"{change.key}{f' (detector {detector})' if detector else ''}",
        quote=redact(quote).text[:1_000],
        strength=EvidenceStrength.MEDIUM if detector in _MEDIUM else EvidenceStrength.STRONG,
    )


def proposal(change: t.Change, *, repaired: bool = False) -> AIInfluence | None:
    """The row that a change's evidence suggests, or None when it carries none.

    A change that ``repaired`` belongs to the response and not to what went before.
    """
    role = _words(change.facts, "ai", "part")
    if change.ai_state != ChangeAI.EVIDENCED.value or role == "committer-only":
        return None
    part = PARTS.get(role, AIPart.UNCLEAR)
    autonomy = _words(change.facts, "ai", "autonomy")
    return AIInfluence(
        surface=AISurface.RESPONSE if repaired else _surface(change, part),
        state=AIState.EVIDENCED,
        part=part,
        autonomy=AIAutonomy(autonomy) if autonomy in AIAutonomy.values() else None,
        tool=(_words(change.facts, "ai", "tools") or _words(change.facts, "ai", "tool"))[:240],
        model=_words(change.facts, "provenance", "model")[:240],
        session_ref=redact(_words(change.facts, "provenance", "sessionRef")).text[:2_000],
        change_ref=change.key,
        evidence=[_evidence(change)],
        source=ValueSource.SUGGESTED,
        source_detail=f"evidence on {change.key}",
        confirmed=False,
    )


def proposals(
    session: Session,
    *,
    change_keys: Sequence[str],
    present: Iterable[AIInfluence],
    repaired: bool = False,
) -> list[AIInfluence]:
    """What the changes suggest and no row says yet: one row per change and surface."""
    known = {(row.change_ref, row.surface) for row in present}
    query = select(t.Change).where(col(t.Change.key).in_(change_keys)).order_by(col(t.Change.key))
    found = [row for change in session.exec(query) if (row := proposal(change, repaired=repaired))]
    return [row for row in found if (row.change_ref, row.surface) not in known]


@dataclass(frozen=True, slots=True)
class Proposed:
    """How many rows were added, and the save; None when there was nothing to add."""

    added: int
    saved: Saved | None


_TURNS = {
    "helped": "The line reads as if it helped. What it did is yours to say.",
    "misled": "The line reads as if it misled: what did the adviser have before it, and what made "
    "the advice look right?",
}


def _locator(entry: TimelineEntry) -> str:
    return f"timeline entry {entry.id}"


def _of_response(entry: TimelineEntry, trace: ResponseTrace) -> AIInfluence:
    """An action or an advice of the response as a row. How it turned out is left to a person."""
    return AIInfluence(
        surface=AISurface.RESPONSE,
        state=AIState.REPORTED,
        part=AIPart(trace.part),
        autonomy=AIAutonomy(trace.autonomy),
        tool="" if trace.tool == UNSPECIFIED else trace.tool,
        model=trace.model,
        evidence=[
            AIEvidence(
                basis=AIEvidenceBasis.LOG,
                locator=_locator(entry),
                quote=redact(trace.quote).text[:1_000],
                strength=EvidenceStrength.WEAK,
            )
        ],
        note=_TURNS.get(trace.turn, ""),
        source=ValueSource.SUGGESTED,
        source_detail=f"a line of the timeline (detector R{trace.version})",
        confirmed=False,
    )


def response_proposals(content: PostmortemContent) -> list[AIInfluence]:
    """Rows for actions and advice of an AI in the response that no row speaks of yet."""
    known = {item.locator for row in content.ai_influences for item in row.evidence}
    return [
        _of_response(entry, trace)
        for entry in content.timeline
        if _locator(entry) not in known
        and (trace := response.read(entry.text, actor=entry.actor_role))
    ]


def add_response_proposals(
    session: Session, *, viewer: Viewer, reference: str, base_version: int, now: datetime
) -> Proposed:
    """Add what the timeline tells, unconfirmed. Raises Conflict, Forbidden, NotFound, NotNow."""
    view = reading.view(session, viewer=viewer, reference=reference, live=True)
    fresh = response_proposals(view.content)
    if not fresh:
        return Proposed(0, None)
    rows = [*view.content.ai_influences, *fresh]
    return Proposed(len(fresh), _save(session, viewer, reference, rows, base_version, now))


def add_proposals(
    session: Session,
    *,
    viewer: Viewer,
    reference: str,
    change_keys: Sequence[str],
    base_version: int,
    now: datetime,
    repaired: bool = False,
) -> Proposed:
    """Add what the changes suggest, unconfirmed. Raises Conflict, Forbidden, NotFound, NotNow."""
    view = reading.view(session, viewer=viewer, reference=reference, live=True)
    present = view.content.ai_influences
    fresh = proposals(session, change_keys=change_keys, present=present, repaired=repaired)
    if not fresh:
        return Proposed(0, None)
    return Proposed(
        len(fresh), _save(session, viewer, reference, [*present, *fresh], base_version, now)
    )


def confirm(
    session: Session,
    *,
    viewer: Viewer,
    reference: str,
    row_id: str,
    base_version: int,
    now: datetime,
) -> Saved:
    """A person says that a proposed row is so. Raises NotFound when it is gone."""
    view = reading.view(session, viewer=viewer, reference=reference, live=True)
    rows = view.content.ai_influences
    if row_id not in {row.id for row in rows}:
        raise NotFound("This proposal is not there any more.")
    said = [row.model_copy(update={"confirmed": True}) if row.id == row_id else row for row in rows]
    return _save(session, viewer, reference, said, base_version, now)


def _save(
    session: Session,
    viewer: Viewer,
    reference: str,
    rows: Sequence[AIInfluence],
    base_version: int,
    now: datetime,
) -> Saved:
    return authoring.save_section(
        session,
        viewer=viewer,
        reference=reference,
        section=Section.AI,
        values={"ai_influences": [row.model_dump(mode="json") for row in rows]},
        base_version=base_version,
        now=now,
    )
