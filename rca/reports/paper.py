"""Print templates to HTML: an environment of its own, with no request and no session in reach."""

from dataclasses import replace
from datetime import date, datetime
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from rca.domain import vocabulary
from rca.domain.vocabulary import TimePrecision
from rca.paths import templates_dir
from rca.reports import words
from rca.reports.fonts import faces_css
from rca.reports.markdown import markdown_to_html
from rca.reports.value import Cell, Column, Sheet

PAPERS = {"a4": "A4", "letter": "letter"}
_MOST_STEPS = 12


def known(value: datetime | None, precision: str = "minute") -> str:
    """A time with no more digits than are known."""
    exactness = TimePrecision(precision)
    if value is None or exactness is TimePrecision.UNKNOWN:
        return "Unknown" if exactness is TimePrecision.UNKNOWN else words.DASH
    clock = f"{value:%Y-%m-%d %H:%M}"
    shapes = {
        TimePrecision.YEAR: f"{value:%Y}",
        TimePrecision.MONTH: f"{value:%B %Y}",
        TimePrecision.DAY: f"{value:%Y-%m-%d}",
        TimePrecision.APPROX: f"about {clock}",
    }
    return shapes.get(exactness, clock)


def wide(sheet: Sheet) -> Sheet:
    """A table of (row, column, count) as a matrix; any other table as it is."""
    if len(sheet.columns) != 3 or [c.kind for c in sheet.columns] != ["text", "text", "count"]:
        return sheet
    across = list(dict.fromkeys(str(row[1]) for row in sheet.rows))
    down = list(dict.fromkeys(str(row[0]) for row in sheet.rows))
    value: dict[tuple[str, str], Cell] = {(str(r[0]), str(r[1])): r[2] for r in sheet.rows}
    columns = (sheet.columns[0], *(Column(name, name, "count") for name in across))
    rows = tuple((name, *(value.get((name, other)) for other in across)) for name in down)
    return replace(sheet, columns=columns, rows=rows)


def turned(sheet: Sheet) -> Sheet:
    """The table with its rows as columns: months read from left to right, as in the chart."""
    sheet = wide(sheet)
    heads = tuple(Column(str(row[0]), str(row[0])[2:], "number") for row in sheet.rows)
    shown = [place for place, c in enumerate(sheet.columns) if place and c.kind != "text"]
    rows = tuple(
        (sheet.columns[place].label, *(row[place] for row in sheet.rows)) for place in shown
    )
    return replace(sheet, columns=(sheet.columns[0], *heads), rows=rows)


def widths(sheet: Sheet) -> tuple[int, ...]:
    """Percent of the width for each column: fixed layout is many times quicker to set, and no
    word is broken in a head that is too narrow.
    """
    weights = []
    for place, column in enumerate(sheet.columns):
        cells = [words.cell(row[place], column.kind) for row in sheet.rows[:60]]
        longest = max((len(text) for text in cells), default=1)
        head = max(len(word) for word in column.label.split()) + 1
        if column.kind == "text":
            needed = 1.2 * longest if longest <= 14 else min(longest, 68) ** 0.9
            weights.append(max(head, needed) + 3)
        else:
            weights.append(max(head, longest) + 1.5)
    total = sum(weights)
    return tuple(max(4, int(100 * weight / total)) for weight in weights)


def thinned(sheet: Sheet, most: int = _MOST_STEPS) -> Sheet:
    """Evenly spaced rows of a long curve, the last among them, saying so."""
    if len(sheet.rows) <= most:
        return sheet
    step = (len(sheet.rows) - 1) / (most - 1)
    rows = tuple(sheet.rows[round(place * step)] for place in range(most))
    note = f"{most} of {len(sheet.rows)} steps; all of them are in the files of numbers."
    return replace(sheet, rows=rows, note=f"{sheet.note} {note}".strip())


def _markdown(text: str) -> Markup:
    return Markup(markdown_to_html(text))  # noqa: S704 - nh3's output is the reason it exists


def _label(value: str | None, name: str) -> str:
    found: str = getattr(vocabulary, name).label_of(value)
    return found


def _day(value: date | datetime | str | None) -> str:
    return words.day(date.fromisoformat(value) if isinstance(value, str) else value)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(templates_dir() / "print"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        known=known,
        wide=wide,
        thinned=thinned,
        turned=turned,
        widths=widths,
        markdown=_markdown,
        label=_label,
        day=_day,
        iso=words.iso_day,
        cell=words.cell,
        minutes=words.minutes,
        percent=words.percent,
        number=words.number,
        plural=words.plural,
    )
    return made


def print_html(template: str, *, paper: str = "a4", **values: Any) -> str:
    """HTML of a template of ``templates/print``, for the PDF engine only.

    Raises KeyError for a paper that is not in :data:`PAPERS`.
    """
    faces = Markup(faces_css())  # noqa: S704 - our own constants
    page = _environment().get_template(template)
    return page.render(faces=faces, paper=PAPERS[paper], **values)
