"""Tables of numbers shaped for print: narrower, with what belongs together in one cell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rca.reports import words
from rca.reports.value import Cell, Chart, Column, Sheet

_MOST_STEPS, _SMALL_ROWS = 8, 12


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
    """The table with its rows as columns: months read from left to right, as in the chart. What
    is the same in every month is said below instead.
    """
    sheet = wide(sheet)
    heads = tuple(Column(str(row[0]), str(row[0])[2:], "number") for row in sheet.rows)
    rows, same = [], []
    for place, column in enumerate(sheet.columns):
        values = [row[place] for row in sheet.rows]
        if place and column.kind == "number" and len(set(values)) == 1:
            same.append(f"{column.label} {words.cell(values[0], column.kind)}")
        elif place and column.kind != "text":
            rows.append((column.label, *values))
    note = f"Every {sheet.columns[0].label.lower()}: {', '.join(same).lower()}." if same else ""
    return replace(
        sheet,
        columns=(sheet.columns[0], *heads),
        rows=tuple(rows),
        note=f"{sheet.note} {note}".strip(),
    )


def joined(sheet: Sheet) -> Sheet:
    """The table with what belongs together in one cell: ``5 of 10``, ``24–76%``."""
    columns: list[Column] = []
    groups: list[list[int]] = []
    for place, column in enumerate(sheet.columns):
        if place and column.label in _JOINTS:
            groups[-1].append(place)
            columns[-1] = replace(columns[-1], label=columns[-1].label.removesuffix(" from"))
        else:
            columns.append(column)
            groups.append([place])
    rows = tuple(tuple(_joined(sheet, row, group) for group in groups) for row in sheet.rows)
    return _filled(replace(sheet, columns=tuple(columns), rows=rows))


def _filled(sheet: Sheet) -> Sheet:
    """The table without columns that are blank in every row; they are named below instead."""
    if not sheet.rows:
        return sheet
    kept = [
        place
        for place, _ in enumerate(sheet.columns)
        if any(row[place] not in (None, "") for row in sheet.rows)
    ]
    blank = [c.label for place, c in enumerate(sheet.columns) if place not in kept]
    note = f"No entry in any row: {', '.join(blank).lower()}." if blank else ""
    return replace(
        sheet,
        columns=tuple(sheet.columns[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in sheet.rows),
        note=f"{sheet.note} {note}".strip(),
    )


_JOINTS = ("of", "to")
"""Labels of columns that go on with the one before."""


def _joined(sheet: Sheet, row: Sequence[Cell], group: Sequence[int]) -> Cell:
    if len(group) == 1:
        return row[group[0]]
    first, second = (words.cell(row[place], sheet.columns[place].kind) for place in group)
    if sheet.columns[group[1]].label == "of":
        return f"{first} of {second}"
    if first == second:
        return first
    if first.endswith("%") and second.endswith("%"):
        return f"{first[:-1]}–{second}"
    return f"{first} to {second}"


def told(sheet: Sheet) -> Sheet:
    """Counts by two words as one line for each of the first."""
    if [c.kind for c in sheet.columns] != ["text", "text", "count"]:
        return sheet
    lines: dict[Cell, list[str]] = {}
    for name, other, count in sheet.rows:
        lines.setdefault(name, []).append(f"{other} ({words.cell(count, 'count')})")
    rows = tuple((name, ", ".join(said)) for name, said in lines.items())
    return replace(sheet, columns=sheet.columns[:2], rows=rows)


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


@dataclass(frozen=True, slots=True)
class Block:
    """What stands in a row of print: a chart or a table, and its percent of the width."""

    part: int
    chart: Chart | None = None
    sheet: Sheet | None = None


Row = tuple[Block, ...]
BESIDE = ("shares", "rates", "step", "parts")
"""Kinds of charts that are half a sheet wide, with their table beside them."""
_SHORT_NAME = 28


def half(chart: Chart) -> bool:
    """Whether the chart is drawn half a sheet wide."""
    if chart.kind == "bars":
        return all(len(str(row[0])) <= _SHORT_NAME for row in chart.sheet.rows)
    return chart.kind in BESIDE


def chart_table(chart: Chart) -> Sheet | None:
    """The numbers of a chart as print shows them; None where every one stands on its mark."""
    shapes: dict[str, Callable[[Sheet], Sheet]] = {
        "stack": turned, "control": turned, "step": thinned, "parts": wide,
        "shares": _plain, "rates": _plain, "dots": _plain,
    }  # fmt: skip
    if chart.kind not in shapes:
        return None
    table = joined(shapes[chart.kind](chart.sheet))
    return replace(table, title="" if table.title == chart.title else table.title)


def _plain(sheet: Sheet) -> Sheet:
    return sheet


def rows_of(charts: Sequence[Chart], sheets: Sequence[Sheet] = ()) -> list[Row]:
    """Charts with their tables, then the other tables, in rows that fill the width. A small table
    is drawn up beside bars that would stand alone.
    """
    left = list(sheets)
    rows: list[Row] = []
    for chart in charts:
        table = chart_table(chart)
        if chart.kind in BESIDE and table:
            rows.append((Block(50, chart=chart), Block(50, sheet=table)))
        elif half(chart) and left and _small(left[0]):
            rows.append((Block(50, chart=chart), Block(50, sheet=joined(left.pop(0)))))
        else:
            rows.append((Block(100, chart=chart),))
            rows += [(Block(100, sheet=table),)] if table else []
    return rows + _table_rows([joined(told(sheet)) for sheet in left])


def _table_rows(sheets: Sequence[Sheet]) -> list[Row]:
    """Tables in order: two of them side by side where both are narrow and of few rows, the
    wordier one wider.
    """
    found: list[tuple[Sheet, ...]] = []
    for sheet in sheets:
        if found and len(found[-1]) == 1 and _small(found[-1][0]) and _small(sheet):
            found[-1] = (*found[-1], sheet)
        else:
            found.append((sheet,))
    return [_parted(group) for group in found]


def _parted(group: tuple[Sheet, ...]) -> Row:
    if len(group) == 1:
        return (Block(100, sheet=across(group[0])),)
    first, second = (sum(_wanted(sheet)[0]) for sheet in group)
    left = min(60, max(40, round(10 * first / (first + second)) * 10))
    return Block(left, sheet=group[0]), Block(100 - left, sheet=group[1])


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
