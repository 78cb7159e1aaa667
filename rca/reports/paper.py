"""Print templates to HTML: an environment of its own, with no request and no session in reach."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from rca.domain import vocabulary
from rca.domain.text import quoted
from rca.domain.vocabulary import TimePrecision
from rca.paths import templates_dir
from rca.reports import words
from rca.reports.fonts import faces_css
from rca.reports.markdown import markdown_to_html
from rca.reports.value import Cell, Column, Sheet

PAPERS = {"a4": "A4", "letter": "letter"}
_MOST_STEPS, _SMALL_ROWS = 8, 12


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


def across(sheet: Sheet) -> Sheet:
    """A narrow table of few rows with its rows as columns; any other table as it is."""
    counts = all(column.kind == "count" for column in sheet.columns[1:])
    if not counts or len(sheet.columns) > 3 or len(sheet.rows) > 7:
        return sheet
    heads = tuple(Column(str(row[0]), str(row[0]), "count") for row in sheet.rows)
    rows = tuple(
        (column.label, *(row[place] for row in sheet.rows))
        for place, column in enumerate(sheet.columns)
        if place
    )
    return replace(sheet, columns=(sheet.columns[0], *heads), rows=rows)


def pairs(sheets: Sequence[Sheet]) -> list[tuple[tuple[Sheet, int], ...]]:
    """Tables in order with their percent of the width: two of them side by side where both are
    narrow and of few rows, the wordier one wider.
    """
    found: list[tuple[Sheet, ...]] = []
    for sheet in sheets:
        if found and len(found[-1]) == 1 and _small(found[-1][0]) and _small(sheet):
            found[-1] = (*found[-1], sheet)
        else:
            found.append((sheet,))
    return [_parted(group) for group in found]


def _parted(group: tuple[Sheet, ...]) -> tuple[tuple[Sheet, int], ...]:
    if len(group) == 1:
        return ((group[0], 100),)
    first, second = (sum(_wanted(sheet)[0]) for sheet in group)
    left = min(60, max(40, round(10 * first / (first + second)) * 10))
    return ((group[0], left), (group[1], 100 - left))


def _small(sheet: Sheet) -> bool:
    return len(sheet.columns) <= 4 and len(sheet.rows) <= _SMALL_ROWS


WHOLE = 106
"""Characters that a line of a table across the sheet holds."""


def widths(sheet: Sheet, chars: float = WHOLE) -> tuple[int, ...]:
    """Percent of the width for each column: fixed layout is many times quicker to set, and no
    word is broken while there is room for it.
    """
    return _shared(*_wanted(sheet), chars)


def _wanted(sheet: Sheet) -> tuple[list[float], list[float]]:
    """For each column the characters that it would like, and those that it needs."""
    wanted, least = [], []
    for place, column in enumerate(sheet.columns):
        cells = [words.cell(row[place], column.kind) for row in sheet.rows[:60]]
        head = 1.15 * max(len(word) for word in column.label.split())
        longest = max((len(text) for text in cells), default=1)
        if column.kind == "text":
            word = max((len(w) for text in cells for w in text.split()), default=1)
            needed = 1.05 * longest if longest <= 14 else min(longest, 68) ** 0.9
            needed = longest if 14 < longest <= 36 else needed
            wanted.append(max(head, needed) + 3)
            least.append(max(head, 1.1 * min(word, 24)) + 2)
        else:
            wanted.append(max(head, longest) + 2)
            least.append(max(head, longest) + 1)
    return wanted, least


def _shared(wanted: Sequence[float], least: Sequence[float], chars: float) -> tuple[int, ...]:
    """Percents as wanted, but for each column what it needs at least, taken from the others."""
    scale = chars / sum(wanted)
    given = [max(want * scale, need) for want, need in zip(wanted, least, strict=True)]
    over = sum(given) - chars
    spare = [have - need for have, need in zip(given, least, strict=True)]
    if over > 0 and sum(spare) > 0:
        part = min(1.0, over / sum(spare))
        given = [have - part * more for have, more in zip(given, spare, strict=True)]
    return tuple(max(4, int(100 * have / sum(given))) for have in given)


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
        across=across,
        pairs=pairs,
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
        quoted=quoted,
    )
    return made


def print_html(template: str, *, paper: str = "a4", **values: Any) -> str:
    """HTML of a template of ``templates/print``, for the PDF engine only.

    Raises KeyError for a paper that is not in :data:`PAPERS`.
    """
    faces = Markup(faces_css())  # noqa: S704 - our own constants
    page = _environment().get_template(template)
    return page.render(faces=faces, paper=PAPERS[paper], **values)
