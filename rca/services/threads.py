"""Where a postmortem leads: the patterns it belongs to and the guardrails they brought."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from rca.domain.vocabulary import PatternState
from rca.store import tables as t


@dataclass(frozen=True, slots=True)
class PatternLink:
    """A pattern that this postmortem is a member of."""

    id: str
    name: str
    size: int
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GuardrailLink:
    """A guardrail that answers such a pattern, or this postmortem itself."""

    id: str
    title: str
    decision: str
    mode: str


@dataclass(frozen=True, slots=True)
class Thread:
    """Patterns, largest first, and guardrails, decided ones first."""

    patterns: tuple[PatternLink, ...]
    guardrails: tuple[GuardrailLink, ...]


def thread_of(session: Session, *, postmortem_id: str) -> Thread:
    """The thread of a postmortem that the caller may see. Restricted ones are in no pattern."""
    member = t.PatternMember
    rows = session.exec(
        select(t.PatternRow)
        .where(
            member.pattern_id == t.PatternRow.id,
            member.postmortem_id == postmortem_id,
            t.PatternRow.state != PatternState.DISMISSED.value,
        )
        .order_by(col(t.PatternRow.size).desc(), t.PatternRow.id)
    ).all()
    patterns = tuple(
        PatternLink(row.id, row.name, row.size, tuple(str(c) for c in row.causes)) for row in rows
    )
    return Thread(patterns, _guardrails(session, [row.id for row in rows]))


def _guardrails(session: Session, patterns: list[str]) -> tuple[GuardrailLink, ...]:
    rows = session.exec(
        select(t.GuardrailRow)
        .where(col(t.GuardrailRow.pattern_id).in_(patterns), t.GuardrailRow.decision != "rejected")
        .order_by(t.GuardrailRow.decision, t.GuardrailRow.id)
    )
    return tuple(GuardrailLink(row.id, row.title, row.decision, row.mode) for row in rows)
