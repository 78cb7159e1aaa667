"""The value of one recurring cause, and its identity from run to run."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mining.records import AI_STATES, IncidentRecord

UNANSWERED = "unanswered"
SEVERITY_WEIGHT: Mapping[str, int] = {"SEV1": 8, "SEV2": 4, "SEV3": 2, "SEV4": 1, "SEV5": 1}
UNKNOWN_WEIGHT = 1
READ_OF_ONE = 15
"""Of a larger pattern the most central members are read for causes and quotes."""


@dataclass(frozen=True, slots=True)
class Member:
    """An incident in a pattern: the sentence that speaks for it, and how central it is (0 to 1)."""

    id: str
    quote: str
    centrality: float
    duplicate_of: str | None = None
    added_by_human: bool = False


@dataclass(frozen=True, slots=True)
class Near:
    """An incident close to a pattern that did not join, with how much was missing."""

    id: str
    similarity: float
    missing: float


@dataclass(frozen=True, slots=True)
class Pattern:
    """Incidents that look like the same cause coming back.

    ``size`` counts distinct incidents (duplicate reports once). ``ai`` counts per state, with
    ``unanswered`` apart from ``unknown``. ``stability`` is the share of resamples in which members
    stay together. ``strength`` says in one word how much stands behind it: pair, recurring, firm.
    """

    id: str
    name: str
    kind: str
    organisation: str
    causes: tuple[str, ...]
    members: tuple[Member, ...]
    size: int
    strength: str
    stability: float | None
    cohesion: float
    phrases: tuple[tuple[str, float], ...]
    why: tuple[str, ...]
    exemplars: tuple[str, ...]
    least_typical: str
    by_quarter: Mapping[str, int] = field(hash=False)
    ai: Mapping[str, int] = field(hash=False)
    services: Mapping[str, int] = field(hash=False)
    severities: Mapping[str, int] = field(hash=False)
    severity_weight: int = 0
    see_also: tuple[str, ...] = ()
    near: tuple[Near, ...] = ()
    unconfirmed: int = 0
    method: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the members."""
        return tuple(member.id for member in self.members)


def identity_of(ids: Iterable[str]) -> str:
    """A name for exactly these members."""
    return "pat-" + hashlib.sha256("\x1f".join(sorted(ids)).encode()).hexdigest()[:12]


def counts(records: Sequence[IncidentRecord]) -> dict[str, Any]:
    """Counts by quarter, AI state, service and severity, as fields of :class:`Pattern`."""
    quarters = Counter(record.quarter for record in records)
    states = Counter(record.ai_state or UNANSWERED for record in records)
    services = Counter(name for record in records for name in record.services)
    severities = Counter(record.severity or "unknown" for record in records)
    weight = sum(SEVERITY_WEIGHT.get(record.severity or "", UNKNOWN_WEIGHT) for record in records)
    return {
        "by_quarter": dict(sorted(quarters.items())),
        "ai": {state: states.get(state, 0) for state in (*AI_STATES, UNANSWERED)},
        "services": dict(sorted(services.items(), key=lambda pair: (-pair[1], pair[0]))),
        "severities": dict(sorted(severities.items())),
        "severity_weight": weight,
        "unconfirmed": sum(record.unconfirmed for record in records),
    }


@dataclass(frozen=True, slots=True)
class Known:
    """A pattern of an earlier run, as far as matching needs it."""

    id: str
    members: frozenset[str]


@dataclass(frozen=True, slots=True)
class Lineage:
    """How this run's patterns continue the ones before.

    ``kept`` maps a new pattern's id to the old id that it continues. ``splits`` maps an old id to
    the new patterns that its members went to, ``merges`` a new id to the old ones that went into
    it; both only where more than one took part. ``gone`` are old ids that no pattern continues.
    """

    kept: Mapping[str, str]
    splits: Mapping[str, tuple[str, ...]]
    merges: Mapping[str, tuple[str, ...]]
    gone: tuple[str, ...]


def _overlap(old: frozenset[str], new: frozenset[str]) -> float:
    return len(old & new) / min(len(old), len(new)) if old and new else 0.0


def match_identity(before: Sequence[Known], now: Sequence[Known]) -> Lineage:
    """Continue each old pattern by the new one that shares most of its members.

    At least half of the smaller one must be shared. Larger shared counts win; ties go to the
    smaller id, so that the outcome never depends on order.
    """
    pairs = [
        (len(old.members & new.members), _overlap(old.members, new.members), old.id, new.id)
        for old in before
        for new in now
        if len(old.members & new.members) >= 2 or old.members == new.members
    ]
    pairs = [pair for pair in pairs if pair[1] >= 0.5]
    kept: dict[str, str] = {}
    taken: set[str] = set()
    for _, _, old_id, new_id in sorted(pairs, key=lambda p: (-p[0], -p[1], p[2], p[3])):
        if new_id not in kept and old_id not in taken:
            kept[new_id] = old_id
            taken.add(old_id)
    return Lineage(
        kept=kept,
        splits=_many((old, new) for _, _, old, new in pairs),
        merges=_many((new, old) for _, _, old, new in pairs),
        gone=tuple(sorted(old.id for old in before if old.id not in taken)),
    )


def _many(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for one, other in pairs:
        found.setdefault(one, []).append(other)
    return {one: tuple(sorted(others)) for one, others in sorted(found.items()) if len(others) > 1}
