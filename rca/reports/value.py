"""The review as one frozen value: page, PDF, Markdown and the files of numbers are made from it.

Everything in here turns to JSON and back without loss, so that a frozen review is its JSON and
its digest. Charts carry their own numbers; a table beside each shows the same.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from typing import Any

Cell = str | int | float | None
FORM = 1
"""Version of the shape of a frozen review."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``kind``: text, count, number, share, minutes, days, ratio or date."""

    key: str
    label: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of raw numbers; words are made of them only when it is shown."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def records(self) -> list[dict[str, Cell]]:
        """Rows as dictionaries, for a chart."""
        keys = [column.key for column in self.columns]
        return [dict(zip(keys, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure: ``title`` says its finding, ``alt`` says it for those who can't see the marks.

    ``sheet`` is the table beside it. ``points`` are single values drawn but too many to list.
    """

    name: str
    kind: str
    title: str
    alt: str
    sheet: Sheet
    points: Sheet | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure of page one with its interval and its earlier value; ``say`` is the sentence."""

    name: str
    value: str
    small: str
    point: float | None
    low: float | None
    high: float | None
    earlier: float | None
    top: float
    n: str
    say: str
    changed: bool


@dataclass(frozen=True, slots=True)
class PatternCard:
    """A recurring cause as leadership reads it."""

    id: str
    name: str
    state: str
    strength: str
    here: int
    whole: int
    by_quarter: tuple[tuple[str, int], ...]
    services: tuple[str, ...]
    severities: tuple[tuple[str, int], ...]
    quotes: tuple[tuple[str, str], ...]
    actions_done: int
    actions: int
    guardrail: str
    stability: float | None
    unconfirmed: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What the readers are asked to decide."""

    title: str
    detail: str = ""
    owner: str = ""
    cost: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the review: what it says in sentences, then figures and tables as proof."""

    key: str
    title: str
    says: tuple[str, ...]
    charts: tuple[Chart, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    cards: tuple[PatternCard, ...] = ()
    commentary: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How complete the quarter is. ``restricted`` is in words: small counts are not told."""

    published: int
    known: int
    not_required: int
    unconfirmed: int
    restricted: str
    confidence: str
    under_way: bool

    @property
    def words(self) -> str:
        """Like ``34 of 38 incidents published``."""
        return f"{self.published} of {self.known} incidents published"


@dataclass(frozen=True, slots=True)
class Discussion:
    """An incident worth the meeting's time, and why: the rule that chose it, or a person's words
    when ``by_hand``.
    """

    reference: str
    title: str
    severity: str
    why: str
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """What two reviews are compared by: ``k`` of ``n`` cases (share), ``k`` in ``n`` days (rate),
    or minutes by severity (median).
    """

    key: str
    label: str
    kind: str
    k: int
    n: float
    strata: tuple[tuple[str, tuple[float, ...]], ...] = ()

    @property
    def values(self) -> list[float]:
        """All minutes, shortest first."""
        return sorted(value for _, values in self.strata for value in values)


@dataclass(frozen=True, slots=True)
class Addendum:
    """A correction after publication. The figures and words above it stay as they were."""

    on: str
    text: str


@dataclass(frozen=True, slots=True)
class Edition:
    """Which record this is: blank for figures of the moment. Dates are ISO days."""

    reference: str = ""
    number: int = 0
    state: str = ""
    frozen_on: str = ""
    published_on: str = ""
    digest: str = ""
    addenda: tuple[Addendum, ...] = ()
    masked: int = 0

    @property
    def words(self) -> str:
        """Like ``Version 2, published 14 October 2026``."""
        if not self.reference:
            return "Figures of the moment, not frozen"
        said = "draft, figures of the moment"
        if self.published_on:
            said = f"published {_day(self.published_on)}"
        elif self.frozen_on:
            said = f"figures frozen on {_day(self.frozen_on)}, not published"
        return f"Version {self.number}, {said}"


@dataclass(frozen=True, slots=True)
class Review:
    """One quarter of one organisation, as of one instant."""

    quarter: str
    previous: str
    period: str
    organisation: str
    scope: str
    as_of: str
    headline: str
    lede: str
    coverage: Coverage
    tiles: tuple[Tile, ...]
    patterns: tuple[PatternCard, ...]
    unassigned: str
    decisions: tuple[Decision, ...]
    better: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    agenda: tuple[Discussion, ...]
    in_full: str
    definitions: tuple[tuple[str, str], ...]
    noun: str = "quarter"
    verdict: str = ""
    measures: tuple[Measure, ...] = ()
    edition: Edition = Edition()
    form: int = FORM

    @property
    def title(self) -> str:
        """The sentence at its head: people's verdict, else what the figures say."""
        return self.verdict or self.headline

    @property
    def digest(self) -> str:
        """What every page prints: of the frozen figures, else of those of the moment."""
        return self.edition.digest or review_digest(self)

    def charts(self) -> Iterator[Chart]:
        """Every chart, in reading order."""
        for section in self.sections:
            yield from section.charts

    def sheets(self) -> Iterator[Sheet]:
        """Every table of numbers, in reading order."""
        for section in self.sections:
            for chart in section.charts:
                yield chart.sheet
                if chart.points:
                    yield chart.points
            yield from section.sheets


def _day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B %Y}"


def as_json(review: Review) -> dict[str, Any]:
    """The review as plain JSON values."""
    return asdict(review)


def from_json(data: dict[str, Any]) -> Review:
    """Read what :func:`as_json` wrote. Raises pydantic's ValidationError on anything else."""
    found: Review = _reader().validate_python(data)
    return found


@cache
def _reader() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Review)


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical JSON of plain values."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def review_digest(review: Review) -> str:
    """The digest of the data, whenever they were looked at and whatever people wrote of them."""
    data = as_json(review)
    for name in ("as_of", "verdict", "decisions", "agenda", "edition"):
        data.pop(name)
    for section in data["sections"]:
        section.pop("commentary")
    return digest_of(_settled(data))


def _settled(value: Any) -> Any:
    """Whole numbers in one form: JSON read back gives 9.0 where 9 was written."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _settled(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_settled(inner) for inner in value]
    return value
