"""The review as one frozen value: page, PDF, Markdown and the files of numbers are made from it.

Everything in here turns to JSON and back without loss, so that a frozen review is its JSON and
its digest. Charts carry their own numbers; a table beside each shows the same.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
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
    """An incident worth the meeting's time, and the rule that chose it."""

    reference: str
    title: str
    severity: str
    why: str


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
    form: int = FORM

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
    """The digest printed on every page: of the data, whenever they were looked at."""
    data = as_json(review)
    data.pop("as_of")
    return digest_of(data)
