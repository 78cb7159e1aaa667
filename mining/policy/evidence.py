"""What a suggestion may know: incidents, the patterns they form, and how much is enough."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MemberEvidence:
    """What a suggestion may know of one incident. Empty and ``unknown`` both mean not known."""

    id: str
    severity: str = ""
    ai: tuple[tuple[str, str, str], ...] = ()
    services: tuple[str, ...] = ()
    tiers: tuple[int, ...] = ()
    trigger: str = ""
    detection_method: str = ""
    detection_gap: str = ""
    factor_classes: tuple[str, ...] = ()
    change_kinds: tuple[str, ...] = ()
    date: str = ""
    unconfirmed: bool = False


@dataclass(frozen=True)
class PatternEvidence:
    """A recurring cause as the miner found it."""

    pattern_id: str
    name: str
    causes: tuple[str, ...]
    members: tuple[MemberEvidence, ...]
    run: str
    stability: float | None = None
    organisation: str = ""


@dataclass(frozen=True)
class SuggestSettings:
    """How much evidence a suggestion needs, and what a proposed document says of its owner."""

    min_incidents: int = 3
    min_with_gravest: int = 2
    gravest: tuple[str, ...] = ("SEV1",)
    max_per_pattern: int = 3
    owner_team: str = "unassigned"
    review_days: int = 90
    stable_from: float = 0.6
    firm_from: int = 5
