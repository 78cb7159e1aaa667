"""What the form's four words store, and what one incident's rows add up to."""

from collections.abc import Iterable

from rca.domain.postmortem import AIInfluence
from rca.domain.vocabulary import AIAnswer, AIState

INFLUENCED = "influenced"
SUSPECTED = "suspected"
NONE = "none"
UNKNOWN = "unknown"
UNANSWERED = "unanswered"

SUMMARY_LABELS = {
    INFLUENCED: "AI influence confirmed",
    SUSPECTED: "AI influence suspected",
    NONE: "No AI influence",
    UNKNOWN: "AI influence unknown",
    UNANSWERED: "AI not asked",
}

_ANSWER_OF = {
    AIState.UNKNOWN: AIAnswer.UNKNOWN,
    AIState.ATTESTED_NONE: AIAnswer.NONE,
    AIState.RULED_OUT: AIAnswer.NONE,
    AIState.SUSPECTED: AIAnswer.SUSPECTED,
    AIState.REPORTED: AIAnswer.CONFIRMED,
    AIState.EVIDENCED: AIAnswer.CONFIRMED,
}


def answer_of(state: AIState) -> AIAnswer:
    """The form's word for a stored state."""
    return _ANSWER_OF[state]


def state_for(answer: AIAnswer, *, has_evidence: bool) -> AIState:
    """The stored state of an answer; linked evidence lifts Confirmed and None a step."""
    if answer is AIAnswer.CONFIRMED:
        return AIState.EVIDENCED if has_evidence else AIState.REPORTED
    if answer is AIAnswer.NONE:
        return AIState.RULED_OUT if has_evidence else AIState.ATTESTED_NONE
    return AIState(answer.value)


def summarise(rows: Iterable[AIInfluence]) -> str:
    """One word for the whole incident: the most that any surface says.

    Rows that a machine proposed and nobody confirmed count as unknown. ``none`` is said only when
    every answered surface says none; one unknown surface keeps the incident unknown.
    """
    rows = list(rows)
    if not rows:
        return UNANSWERED
    answers = {answer_of(row.state) if row.confirmed else AIAnswer.UNKNOWN for row in rows}
    if AIAnswer.CONFIRMED in answers:
        return INFLUENCED
    if AIAnswer.SUSPECTED in answers:
        return SUSPECTED
    if AIAnswer.UNKNOWN in answers:
        return UNKNOWN
    return NONE
