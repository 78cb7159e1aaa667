"""Values of the exposure analysis: changes, tables, estimates and the report they add up to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, Literal

Exposure = Literal["evidenced", "attested_none", "unknown", "excluded"]
Words = Literal["no data", "cannot distinguish", "associated with more", "associated with fewer"]
Grouping = Literal["repo", "service", "quarter", "size"]

LEAST_EVENTS = 5
_SIZES = ((10, "up to 10 lines"), (50, "11 to 50"), (200, "51 to 200"), (1000, "201 to 1,000"))

CHECKLIST = (
    "Selection: is AI asked about for every change, or only after something broke?",
    "Detection: do AI-labelled fixes name the change they mend more often than others?",
    "Labelling: does the share of labelled changes differ by tool, team or month?",
    "Links: are outcomes declared or inferred? A link by time alone is no cause.",
    "Task: which work is handed to AI? Easy and boilerplate work breaks less.",
    "Follow-up: did every change have the same number of days in which to fail?",
    "Clustering: changes of one pull request or session fail together; intervals are too narrow.",
    "Many looks: rows by group are exploratory; their p-values are Holm-adjusted.",
    "Definition: which rule made a change count as exposed? One rule can decide the result.",
)


@dataclass(frozen=True, slots=True)
class ExposedChange:
    """One change of the ledger. ``outcome`` None is pending or unknown; ``lines`` None unknown."""

    id: str
    exposure: Exposure
    outcome: bool | None
    repo: str = ""
    service: str = ""
    quarter: str = ""
    lines: int | None = None

    @property
    def size(self) -> str:
        """Its size bin."""
        if self.lines is None:
            return "size unknown"
        return next((name for most, name in _SIZES if self.lines <= most), "over 1,000")


@dataclass(frozen=True, slots=True)
class Cell:
    """A two-by-two table: ``a`` of ``n1`` with evidence, ``c`` of ``n0`` without."""

    a: int
    n1: int
    c: int
    n0: int

    @property
    def informative(self) -> bool:
        """Whether it adds to a pooled ratio: both arms present and any event."""
        return bool(self.n1 and self.n0 and (self.a or self.c))


@dataclass(frozen=True, slots=True)
class Estimate:
    """One ratio with its interval and what may be said. ``reason`` is set when there is none.

    ``low`` and ``high`` are the log interval; ``score`` inverts the score test. A verdict needs
    both to leave out 1.
    """

    name: str
    cell: Cell
    ratio: float | None
    low: float | None
    high: float | None
    words: Words
    reason: str = ""
    score: tuple[float, float] | None = None
    p: float | None = None
    p_holm: float | None = None
    strata: int | None = None
    strata_used: int | None = None


@dataclass(frozen=True, slots=True)
class Bias:
    """The crude ratio if labels found only ``recall`` of AI-assisted changes, all else equal."""

    recall: float
    ratio: float | None


@dataclass(frozen=True, slots=True)
class RiskReport:
    """Everything that may be said, with what it rests on."""

    definition: Mapping[str, str]
    counts: Mapping[str, int]
    outcomes: Mapping[str, int]
    pending: int
    by: Grouping
    groups: tuple[Estimate, ...]
    pooled: tuple[Estimate, ...]
    headline: Estimate
    bounds: tuple[Estimate, Estimate]
    bias: tuple[Bias, ...]
    detectable: float | None
    attested: Estimate
    sentence: str
    checklist: tuple[str, ...] = CHECKLIST
    quarters: tuple[tuple[str, Mapping[str, int]], ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; numbers are not rounded."""
        found: dict[str, Any] = plain(self)
        return found


def plain(value: Any) -> Any:
    """A value as plain dicts, lists and numbers; infinities become null."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and value in (inf, -inf) else value
