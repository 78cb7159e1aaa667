"""Tables for print: what belongs together stands in one cell, and nothing is left out unsaid."""

import re
from dataclasses import replace

from rca.reports import words
from rca.reports.sheets import chart_table, joined, rows_of, told, turned
from rca.reports.value import Chart, Column, Sheet
from tests.reports.values import charts


def _chart(kind: str) -> Chart:
    return next(chart for chart in charts() if chart.kind == kind)


def _sheet(*columns: tuple[str, str], rows: tuple[tuple[object, ...], ...]) -> Sheet:
    made = tuple(Column(label.lower(), label, kind) for label, kind in columns)
    return Sheet("s", "S", made, rows)  # type: ignore[arg-type]


def test_cases_and_limits_stand_in_one_cell() -> None:
    table = chart_table(_chart("shares"))
    assert table is not None
    assert [c.label for c in table.columns] == ["Class", "Incidents", "Share", "95%"]
    assert table.rows[0] == ("Configuration", "3 of 9", 0.33, "12–65%")


def test_unknown_limits_stay_a_dash_and_equal_ones_stand_once() -> None:
    sheet = _sheet(("Phase", "text"), ("95% from", "minutes"), ("to", "minutes"),
                   rows=(("Detect", 7.0, 18.0), ("Resolve", None, None), ("Same", 5.0, 5.0)))  # fmt: skip
    assert [row[1] for row in joined(sheet).rows] == ["7 min to 18 min", "–", "5 min"]


def test_a_label_keeps_its_from_where_nothing_follows() -> None:
    sheet = _sheet(("Phase", "text"), ("Visible from", "ratio"), rows=(("Detect", 2.1),))
    assert joined(sheet).columns[1].label == "Visible from"


def test_a_column_that_is_blank_throughout_is_named_below() -> None:
    sheet = _sheet(("Guardrail", "text"), ("Flagged", "count"), ("Hits", "count"),
                   rows=(("Staged", None, 3), ("Bound", None, 0)))  # fmt: skip
    table = joined(sheet)
    assert [c.label for c in table.columns] == ["Guardrail", "Hits"]
    assert table.note == "No entry in any row: flagged."


def test_limits_that_never_move_are_said_once_and_others_stay_a_row() -> None:
    sheet = _chart("control").sheet
    still = turned(sheet)
    assert [row[0] for row in still.rows] == ["Incidents"]
    assert still.note == "Every month: centre 3, lower limit 0, upper limit 9."
    moved = replace(sheet, rows=(*sheet.rows[:-1], ("2026-09", 3, 3.5, 0.0, 9.0, "no")))
    assert [row[0] for row in turned(moved).rows] == ["Incidents", "Centre"]


def test_counts_by_two_words_are_a_line_for_each_of_the_first() -> None:
    sheet = _sheet(("Part", "text"), ("Effect", "text"), ("Rows", "count"),
                   rows=(("Wrote it", "Contributed", 2), ("Wrote it", "Unclear", 1)))  # fmt: skip
    assert told(sheet).rows == (("Wrote it", "Contributed (2), Unclear (1)"),)


def test_bars_that_would_stand_alone_get_the_next_small_table_beside_them() -> None:
    sheet = _sheet(("Actions", "text"), ("Q3", "count"), rows=(("Due", 3),))
    short = replace(_chart("bars"), sheet=_sheet(("Name", "text"), ("Value", "minutes"),
                                                 rows=(("INC-2", 1.0),)))  # fmt: skip
    rows = rows_of([short], [sheet])
    assert [[bool(b.chart) for b in row] for row in rows] == [[True, False]]
    rows = rows_of([_chart("bars")], [sheet])
    assert [[bool(b.chart) for b in row] for row in rows] == [[True], [False]]


def test_every_chart_and_every_table_is_placed_once() -> None:
    sheets = [_sheet((f"A{n}", "text"), ("B", "count"), rows=(("x", n),)) for n in range(5)]
    blocks = [block for row in rows_of(charts(), sheets) for block in row]
    assert [b.chart.name for b in blocks if b.chart] == [c.name for c in charts()]
    tables = [b.sheet for b in blocks if b.sheet]
    assert len(tables) == len(sheets) + sum(chart_table(c) is not None for c in charts())


def test_no_number_is_left_out_of_print() -> None:
    """Numbers of their own in every cell, so that none can stand in for another."""
    shares = (("Class", "text"), ("Incidents", "count"), ("of", "count"), ("Share", "share"),
              ("95% from", "share"), ("to", "share"))  # fmt: skip
    rates = (("Month", "text"), ("Incidents", "count"), ("Centre", "number"),
             ("Lower limit", "number"), ("Upper limit", "number"))  # fmt: skip
    tables = {
        "shares": _sheet(*shares, rows=(("A", 11, 22, 0.5, 0.33, 0.66), ("B", 44, 55, 0.8, 0.77, 0.88))),
        "control": _sheet(*rates, rows=(("2026-08", 12, 34.5, 1.5, 67.5), ("2026-09", 13, 34.5, 2.5, 78.5))),
    }  # fmt: skip
    for kind, sheet in tables.items():
        table = chart_table(replace(_chart(kind), sheet=sheet))
        assert table is not None
        kinds = [column.kind for column in table.columns]
        told = [words.cell(value, k) for row in table.rows
                for value, k in zip(row, kinds, strict=True)]  # fmt: skip
        printed = re.findall(r"[\d.]+\d|\d", " ".join((*told, table.note)))
        for row in sheet.rows:
            for column, value in zip(sheet.columns[1:], row[1:], strict=True):
                assert words.cell(value, column.kind).rstrip("%") in printed, column.label
