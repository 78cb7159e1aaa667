"""Judge one change by the rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mining.policy.matcher import Outcome, evaluate
from rca.gate.found import GateError


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule's outcome with what a reader needs of the rule."""

    outcome: Outcome
    title: str
    mode: str
    severity: str
    incidents: tuple[str, ...]

    @property
    def blocks(self) -> bool:
        """Only a violation of an enforced rule stops anything."""
        return self.outcome.state == "violation" and self.mode == "enforce"


def judge(
    docs: Iterable[Mapping[str, Any]], record: Mapping[str, Any], now: datetime
) -> tuple[Judged, ...]:
    """Outcomes by rule id. Raises GateError when a rule is malformed: that is never a pass."""
    found = []
    for doc in docs:
        try:
            outcome = evaluate(doc, record, now)
            found.append(
                Judged(
                    outcome,
                    str(doc["metadata"]["title"]),
                    str(doc["spec"]["mode"]),
                    str(doc["spec"]["severity"]),
                    tuple(map(str, doc.get("evidence", {}).get("incidents", ()))),
                )
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            name = doc.get("metadata", {}).get("id", "a rule")
            raise GateError(f"{name} is malformed ({error!r}); try --validate") from error
    return tuple(sorted(found, key=lambda item: item.outcome.rule))


def exit_code(found: Iterable[Judged]) -> int:
    """1 when an enforced rule is violated, else 0: audit and warn never fail."""
    return 1 if any(item.blocks for item in found) else 0
