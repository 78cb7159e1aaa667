"""Every number of a review is the same in its value, page, PDF, CSV, Markdown and chart marks.

What is compared are whole tables, cell by cell, as each medium shows them. Each number is then
changed in turn, to show that the comparison would notice it.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask

from rca.jobs import run_due
from rca.reports import words
from rca.reports.sheets import rows_of, thinned, wide
from rca.reports.value import Chart, Review, Section, Sheet, from_json
from rca.store.engine import writing
from tests.conftest import NOW
from tests.people import People
from tests.reports import tagged
from tests.services.quarters import fill
from tests.web.conftest import people_of, sign_in
from tests.web.test_review_records import SUMMER, bearer, post, start

Table = list[list[str]]


def _cells(sheet: Sheet) -> Table:
    kinds = [column.kind for column in sheet.columns]
    body = [[words.cell(v, k) for v, k in zip(row, kinds, strict=True)] for row in sheet.rows]
    return [[column.label for column in sheet.columns], *body]


def _printed(section: Section) -> Iterator[Table]:
    for row in rows_of(section.charts, section.sheets):
        for block in row:
            if block.sheet:
                yield _cells(block.sheet)


def on_page(review: Review) -> list[Table]:
    """The tables that the page shows, in order."""
    found = []
    for section in review.sections:
        found += [_cells(wide(chart.sheet)) for chart in section.charts]
        found += [_cells(sheet) for sheet in section.sheets]
    return found


def in_files(review: Review) -> dict[str, Table]:
    """The tables of the CSV files, by name; raw numbers."""
    return {
        sheet.name: [
            [column.key for column in sheet.columns],
            *([("" if value is None else str(value)) for value in row] for row in sheet.rows),
        ]
        for sheet in review.sheets()
    }


class _Tables(HTMLParser):
    """Tables of a page: a list of rows of texts each."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Table] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        del attrs
        if tag == "table":
            self.found.append([])
        elif tag == "tr":
            self.found[-1].append([])
        elif tag in ("th", "td"):
            self.found[-1][-1].append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag not in ("th", "td")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1][-1][-1] += data


def of_page(html: str) -> list[Table]:
    parser = _Tables()
    parser.feed(html)
    return parser.found


def of_markdown(text: str) -> list[Table]:
    blocks = re.findall(r"(?:^\|.*\|$\n?)+", text, re.M)
    split = [[line.strip("|").split(" | ") for line in block.strip().splitlines()]
             for block in blocks]  # fmt: skip
    return [[[cell.strip() for cell in row] for row in [t[0], *t[2:]]] for t in split]


def missing(expected: Sequence[list[str]], found: Sequence[list[str]]) -> list[str] | None:
    """The first row that does not come in order among those found. Spaces do not count: where a
    line of a cell ends there is none.
    """
    place = iter([_close(row) for row in found])
    return next((row for row in expected if not any(_close(row) == o for o in place)), None)


def _close(row: Sequence[str]) -> list[str]:
    return ["".join(cell.split()) for cell in row]


@dataclass(frozen=True)
class Told:
    """What every medium says."""

    review: Review
    page: list[Table]
    markdown: list[Table]
    pdf: list[list[str]]
    files: dict[str, Table]
    marks: dict[str, str]

    def wrong(self, review: Review) -> set[str]:
        """The media that do not say what ``review`` holds."""
        rows = [row for section in review.sections for t in _printed(section) for row in t]
        labels = {
            f"{c.name}: {label}"
            for section in review.sections
            for c in section.charts
            for label in _on_marks(c)
            if f">{label}<" not in self.marks[c.name]
        }
        return {
            name
            for name, bad in (
                ("page", self.page != on_page(review)),
                ("markdown", self.markdown != on_page(review)),
                ("pdf", missing(rows, self.pdf) is not None),
                ("files", self.files != in_files(review)),
                ("marks", bool(labels)),
            )
            if bad
        }


def _on_marks(chart: Chart) -> list[str]:
    """The numbers that stand beside the marks of charts whose table is not printed."""
    if chart.kind == "bars":
        kind = next(c.kind for c in chart.sheet.columns if c.key == "value")
        return [words.cell(row["value"], kind) for row in chart.sheet.records()]
    if chart.kind == "smalls":
        return [str(row["incidents"]) for row in chart.sheet.records()]
    return []


@pytest.fixture
def world(sqlite_app: Flask) -> People:
    """Two quarters with incidents of growing length."""
    people = people_of(sqlite_app)
    with writing(sqlite_app.extensions["rca_engine"]) as session:
        fill(session, people.ines, SUMMER, 7)
        fill(session, people.ines, SUMMER - timedelta(days=90), 6)
    return people


@pytest.fixture
def told(sqlite_app: Flask, world: People) -> Told:
    """One frozen review, asked of every medium; charts and PDF are really made."""
    app = sqlite_app
    client, show = sign_in(app, world.ravi), "/reviews/records/2026-Q3_v1"
    start(client)
    assert post(client, f"{show}/freeze", version="1")[0] == 303
    api = app.test_client().get("/api/v1/reviews/2026-Q3_v1", headers=bearer(app, "vera"))
    review = from_json(api.get_json()["review"])
    client.get(f"{show}.pdf")
    run_due(app.extensions["rca_engine"], app.extensions["rca_settings"], now=NOW)
    made = client.get(f"{show}.pdf")
    assert made.mimetype == "application/pdf", made.get_data(as_text=True)[3000:]
    assert tagged.against_the_standard(made.data) == []
    archive = zipfile.ZipFile(io.BytesIO(client.get(f"{show}/numbers.csv").data))
    return Told(
        review=review,
        page=of_page(client.get(show).get_data(as_text=True)),
        markdown=of_markdown(client.get(f"{show}/numbers.md").get_data(as_text=True)),
        pdf=tagged.rows(made.data),
        files={
            name.removesuffix(".csv"): list(csv.reader(io.StringIO(archive.read(name).decode())))
            for name in archive.namelist()
        },
        marks={
            chart.name: client.get(f"{show}/charts/{chart.name}.svg").get_data(as_text=True)
            for chart in review.charts()
        },
    )


def _changed(review: Review) -> Iterator[tuple[str, Review]]:
    """The review with one number changed, for every number of its tables."""
    for place, section in enumerate(review.sections):
        for number, sheet in enumerate(section.sheets):
            for what, other in _other(sheet):
                sheets = (*section.sheets[:number], other, *section.sheets[number + 1 :])
                yield what, _with(review, place, replace(section, sheets=sheets))
        for number, chart in enumerate(section.charts):
            for what, other in _other(chart.sheet):
                charts = list(section.charts)
                charts[number] = replace(chart, sheet=other)
                yield what, _with(review, place, replace(section, charts=tuple(charts)))


def _with(review: Review, place: int, section: Section) -> Review:
    sections = (*review.sections[:place], section, *review.sections[place + 1 :])
    return replace(review, sections=sections)


def _other(sheet: Sheet) -> Iterator[tuple[str, Sheet]]:
    for y, row in enumerate(sheet.rows):
        for x, value in enumerate(row):
            if isinstance(value, int | float):
                line = (*row[:x], value * 3 + 7, *row[x + 1 :])
                rows = (*sheet.rows[:y], line, *sheet.rows[y + 1 :])
                yield f"{sheet.name} {y} {sheet.columns[x].key}", replace(sheet, rows=rows)


def _left_out(review: Review) -> set[str]:
    """Numbers that print leaves to the files: steps between those shown of a long curve."""
    found = set()
    for chart in review.charts():
        if chart.kind == "step":
            shown = thinned(chart.sheet).rows
            found |= {
                f"{chart.sheet.name} {y} {column.key}"
                for y, row in enumerate(chart.sheet.rows)
                for column in chart.sheet.columns
                if row not in shown
            }
    return found


def test_every_number_is_the_same_everywhere_and_a_changed_one_is_noticed(told: Told) -> None:
    assert len(list(told.review.sheets())) > 12
    rows = [row for section in told.review.sections for t in _printed(section) for row in t]
    assert missing(rows, told.pdf) is None
    assert told.wrong(told.review) == set()
    left = _left_out(told.review)
    count = 0
    for what, other in _changed(told.review):
        noticed = told.wrong(other)
        assert {"page", "markdown", "files"} <= noticed, what
        assert what in left or noticed & {"pdf", "marks"}, what
        count += 1
    assert count > 150
