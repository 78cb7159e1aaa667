"""What the review's pages show: the value, its charts where they are drawn, words for its cells."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rca.domain.periods import Period
from rca.errors import NotFound
from rca.reports import words
from rca.reports.sheets import wide
from rca.reports.value import Cell, Chart, Review, Sheet
from rca.services import documents, review_figures, review_reading, review_records, reviews
from rca.services.printing import Printed
from rca.services.quarter.front import AGENDA_RULE as AGENDA_RULE
from rca.services.review_reading import RecordView

_WIDE = ("stack", "control", "dots", "smalls")
_LONG = 28


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A review with the drawings that are made; ``drawn`` is empty until they are. ``record`` is
    None for figures of the moment.
    """

    review: Review
    drawn: dict[str, str]
    record: RecordView | None = None
    earlier: str = ""
    later: str = ""
    published: str = ""

    @property
    def incident(self) -> Printed | None:
        """The incident that a frozen review keeps whole."""
        return self.record.incident if self.record else None

    @property
    def look(self) -> Mapping[str, Any] | None:
        """The company look that a frozen review keeps."""
        return self.record.look if self.record else None


def live_page(
    session: Session,
    *,
    period: Period,
    now: datetime,
    organisation: str,
    whose: str = "",
    team: str = "",
    tier: int | None = None,
) -> ReviewPage:
    """Figures of the moment. Draws nothing. Raises NotFound without an incident there."""
    review = review_figures.figures(
        session, period=period, now=now, organisation=organisation, whose=whose, team=team,
        tier=tier,
    )  # fmt: skip
    lines = reviews.list_quarters(session, now=now, organisation=whose)
    names = [line.quarter for line in lines]
    published = review_records.published_reference(
        session, period=period, whose=whose, team=team, tier=tier
    )
    return ReviewPage(
        review=review,
        drawn=documents.drawn(session, tuple(review.charts())),
        earlier=next((name for name in names if name < str(period)), ""),
        later=next((name for name in reversed(names) if name > str(period)), ""),
        published=published or "",
    )


def record_page(
    session: Session, *, reference: str, now: datetime, organisation: str
) -> ReviewPage:
    """A review on record, with its words. Raises NotFound."""
    row = review_records.find(session, reference)
    figures = None
    if not row.snapshot:
        figures = review_records.live(session, row, now=now, organisation=organisation)
    record = review_reading.view(session, row, figures)
    drawn = documents.drawn(session, tuple(record.review.charts()))
    return ReviewPage(review=record.review, drawn=drawn, record=record)


def drawing(page: ReviewPage, name: str) -> str | None:
    """The SVG of one chart, None while it is not drawn. Raises NotFound."""
    if name not in {chart.name for chart in page.review.charts()}:
        raise NotFound(f"There is no chart {name} in the review of {page.review.quarter}.")
    return page.drawn.get(name)


def is_wide(chart: Chart) -> bool:
    """Whether the chart needs the whole width."""
    if chart.kind == "bars":
        return any(len(str(row[0])) > _LONG for row in chart.sheet.rows)
    return chart.kind in _WIDE


def table_of(sheet: Sheet) -> Sheet:
    """The table as a reader wants it: counts by two words as a matrix."""
    return wide(sheet)


def iso_words(text: str) -> str:
    """An ISO day as it reads."""
    return words.iso_day(text)


def cell_words(value: Cell, kind: str) -> str:
    """One cell as it reads."""
    return words.cell(value, kind)
