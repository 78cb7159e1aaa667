"""What the review's pages show: the value, its charts where they are drawn, words for its cells."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from rca.domain.quarters import Quarter
from rca.errors import NotFound
from rca.reports import words
from rca.reports.paper import wide
from rca.reports.value import Cell, Chart, Review, Sheet, review_digest
from rca.services import report_pdf, reviews

_WIDE = ("stack", "control", "dots", "smalls")
_LONG = 28


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A review with the drawings that the cache holds; ``drawn`` is empty until they are made."""

    review: Review
    digest: str
    drawn: dict[str, str]
    earlier: str
    later: str


def page_of(
    session: Session,
    *,
    quarter: Quarter,
    now: datetime,
    organisation: str,
    home: Path,
    whose: str = "",
) -> ReviewPage:
    """The page of one quarter. Draws nothing. Raises NotFound without an incident there."""
    review = reviews.build(
        session, quarter=quarter, now=now, organisation=organisation, whose=whose
    )
    lines = reviews.list_quarters(session, now=now, organisation=whose)
    names = [line.quarter for line in lines]
    return ReviewPage(
        review=review,
        digest=review_digest(review),
        drawn=report_pdf.charts_kept(tuple(review.charts()), home=home),
        earlier=next((name for name in names if name < str(quarter)), ""),
        later=next((name for name in reversed(names) if name > str(quarter)), ""),
    )


def drawing(review: Review, name: str, *, home: Path) -> str:
    """The SVG of one chart; the first asked for draws them all. Raises NotFound."""
    drawn = report_pdf.charts_of(tuple(review.charts()), home=home)
    if name not in drawn:
        raise NotFound(f"There is no chart {name} in the review of {review.quarter}.")
    return drawn[name]


def is_wide(chart: Chart) -> bool:
    """Whether the chart needs the whole width."""
    if chart.kind == "bars":
        return any(len(str(row[0])) > _LONG for row in chart.sheet.rows)
    return chart.kind in _WIDE


def table_of(sheet: Sheet) -> Sheet:
    """The table as a reader wants it: counts by two words as a matrix."""
    return wide(sheet)


def cell_words(value: Cell, kind: str) -> str:
    """One cell as it reads."""
    return words.cell(value, kind)
