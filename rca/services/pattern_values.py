"""The values that pattern pages show: a run, a row of the list, a member, the share of AI."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mining import stats
from rca.domain.vocabulary import PatternState, Severity


@dataclass(frozen=True, slots=True)
class RunView:
    """The run that a page rests on."""

    id: str
    finished_at: datetime
    records: int
    unconfirmed: int
    restricted_left_out: int
    hidden: int
    notes: tuple[str, ...]
    seed: int
    digest: str
    versions: Mapping[str, Any]
    options: Mapping[str, Any]
    reader: str


@dataclass(frozen=True, slots=True)
class AIShare:
    """What is known of AI influence in a pattern: confirmed among the answered, the rest apart."""

    influenced: int
    suspected: int
    none: int
    unknown: int
    unanswered: int
    share: stats.Share

    @property
    def not_known(self) -> int:
        """Unknown and not asked together."""
        return self.unknown + self.unanswered


@dataclass(frozen=True, slots=True)
class GuardrailRef:
    """A guardrail that answers the pattern."""

    id: str
    title: str
    decision: str
    status: str
    mode: str


@dataclass(frozen=True, slots=True)
class MemberView:
    """An incident of a pattern with the sentence that speaks for it, cut at shared words."""

    id: str
    reference: str
    title: str
    severity: Severity | None
    quarter: str
    occurred_at: datetime | None
    occurred_precision: str
    ai: str
    quote: tuple[tuple[str, bool], ...]
    centrality: float
    unconfirmed: bool
    duplicate_of: str


@dataclass(frozen=True, slots=True)
class PatternItem:
    """One row of the list."""

    id: str
    name: str
    state: PatternState
    named_by_human: bool
    held: bool
    organisation: str
    strength: str
    size: int
    cause_ids: tuple[str, ...]
    causes: tuple[str, ...]
    services: tuple[str, ...]
    says: str
    bars: tuple[tuple[str, int], ...]
    undated: int
    severities: tuple[tuple[str, int], ...]
    severity_weight: int
    stability: float | None
    ai: AIShare
    open_actions: int
    guardrails: tuple[GuardrailRef, ...]
    unconfirmed: int
    reason: str
    growth: int

    @property
    def earlier(self) -> int:
        """Dated incidents before the quarters of ``bars``."""
        return self.size - self.undated - sum(count for _, count in self.bars)


@dataclass(frozen=True, slots=True)
class PatternFilter:
    """What a list of patterns is narrowed to; blank is no condition.

    ``guardrail`` is ``none``, ``suggested`` or ``accepted``; ``ai`` is ``confirmed``.
    """

    text: str = ""
    cause: str = ""
    service: str = ""
    guardrail: str = ""
    state: str = ""
    ai: str = ""

    @property
    def any(self) -> bool:
        """Whether anything is asked for."""
        return any((self.text, self.cause, self.service, self.guardrail, self.state, self.ai))


@dataclass(frozen=True, slots=True)
class PatternChoices:
    """What a list can be narrowed to: value and words of what stands in it."""

    causes: tuple[tuple[str, str], ...]
    services: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PatternsPage:
    """The list to act on, with what stands in no pattern and what changed.

    ``items`` are those that were asked for, of ``found`` in all.
    """

    run: RunView | None
    items: tuple[PatternItem, ...]
    dismissed: tuple[PatternItem, ...]
    unassigned: int
    assigned: int
    since: tuple[str, ...]
    nearest: tuple[tuple[str, str, float], ...]
    organisation: str
    organisations: tuple[tuple[str, int], ...]
    found: int
    choices: PatternChoices
