"""Which patterns of the newest run somebody asked for, and in what order."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from rca.domain.vocabulary import GuardrailDecision
from rca.services.causes import cause_name
from rca.services.pattern_values import PatternChoices, PatternFilter, PatternItem

ORDERS = {
    "severe": "Weightiest",
    "largest": "Largest",
    "growing": "Growing",
    "actions": "Most open actions",
}
DEFAULT_ORDER = "severe"
"""A quarter more or less is chance as long as counts are small: what weighs most comes first."""
GUARDRAILS = (("none", "None yet"), ("suggested", "Suggested"), ("accepted", "Accepted"))
STATES = (("proposed", "Proposed"), ("confirmed", "Confirmed"))

_KEYS: dict[str, Callable[[PatternItem], Any]] = {
    "severe": lambda item: (-item.severity_weight, -item.size, item.id),
    "largest": lambda item: (-item.size, -item.severity_weight, item.id),
    "growing": lambda item: (-item.growth, -item.severity_weight, -item.size, item.id),
    "actions": lambda item: (-item.open_actions, -item.severity_weight, -item.size, item.id),
}


def in_order(items: Sequence[PatternItem], order: str) -> tuple[PatternItem, ...]:
    """The items by one of :data:`ORDERS`; any other word reads as the default."""
    return tuple(sorted(items, key=_KEYS.get(order, _KEYS[DEFAULT_ORDER])))


def matching(items: Sequence[PatternItem], wanted: PatternFilter) -> list[PatternItem]:
    """Those that meet every condition."""
    return [item for item in items if _meets(item, wanted)]


def _meets(item: PatternItem, wanted: PatternFilter) -> bool:
    words = f"{item.id} {item.name} {item.says} {' '.join(item.services)}".casefold()
    return (
        all(word in words for word in wanted.text.casefold().split())
        and (not wanted.cause or wanted.cause in item.cause_ids)
        and (not wanted.service or wanted.service in item.services)
        and (not wanted.guardrail or wanted.guardrail == guardrail_state(item))
        and (not wanted.state or wanted.state == item.state.value)
        and (not wanted.ai or item.ai.influenced > 0)
    )


def guardrail_state(item: PatternItem) -> str:
    """How far the pattern is answered by a rule: ``none``, ``suggested`` or ``accepted``."""
    decided = {ref.decision for ref in item.guardrails}
    if GuardrailDecision.ACCEPTED.value in decided:
        return "accepted"
    return "suggested" if decided else "none"


def choices_of(items: Sequence[PatternItem]) -> PatternChoices:
    """Causes and services that the items have, by name."""
    causes = {key for item in items for key in item.cause_ids}
    services = Counter(name for item in items for name in item.services)
    named = sorted(((key, cause_name(key)) for key in causes), key=lambda pair: pair[1])
    return PatternChoices(tuple(named), tuple((name, name) for name in sorted(services)))
