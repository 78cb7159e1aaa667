"""The numbers of a review outside the PDF: text for a wiki, CSV, Parquet, JSON.

All are made from the same frozen value as page and PDF, so that no two of them can differ.
"""

import csv
import io
import json
import zipfile

from rca.errors import NotFound, Unavailable
from rca.reports import words
from rca.reports.sheets import wide
from rca.reports.value import Addendum, Cell, Decision, Review, Sheet, as_json

SHAPES = {"md": ".md", "csv": "-numbers.zip", "parquet": "-numbers-parquet.zip", "json": ".json"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")
_STILL = (1980, 1, 1, 0, 0, 0)


def parse_shape(text: str) -> str:
    """One of :data:`SHAPES`. Raises NotFound with the choices."""
    if text not in SHAPES:
        raise NotFound(f"The numbers come as {', '.join(SHAPES)}.")
    return text


def numbers(review: Review, shape: str) -> bytes:
    """The review in one of :data:`SHAPES`. The same review gives the same bytes."""
    if shape == "md":
        return markdown_of(review).encode()
    if shape == "json":
        return json.dumps(as_json(review), indent=1, ensure_ascii=False, sort_keys=True).encode()
    sheets = list(review.sheets())
    if shape == "parquet":
        return _zipped({f"{sheet.name}.parquet": _parquet(sheet) for sheet in sheets})
    return _zipped({f"{sheet.name}.csv": csv_of(sheet).encode() for sheet in sheets})


def _zipped(files: dict[str, bytes]) -> bytes:
    """One archive with a fixed clock, so that equal content is equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _STILL), files[name])
    return buffer.getvalue()


def csv_of(sheet: Sheet) -> str:
    """CSV with raw numbers. Text that a spreadsheet would run as a formula is made text."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([column.key for column in sheet.columns])
    writer.writerows([[_safe(value) for value in row] for row in sheet.rows])
    return buffer.getvalue()


def _safe(value: Cell) -> Cell:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


def _parquet(sheet: Sheet) -> bytes:
    import pandas as pd

    frame = pd.DataFrame(sheet.records(), columns=[column.key for column in sheet.columns])
    buffer = io.BytesIO()
    try:
        frame.to_parquet(buffer, index=False)
    except ImportError as error:
        raise Unavailable("Parquet needs pyarrow: `pip install pyarrow`. CSV does not.") from error
    return buffer.getvalue()


def markdown_of(review: Review) -> str:
    """The whole review as Markdown for a wiki, tables in place of charts."""
    organisation = f", {review.organisation}" if review.organisation else ""
    lines = [
        f"# Reliability review {review.quarter}{organisation}",
        "",
        f"**{review.title}**",
        "",
        *([f"What the figures say: {review.headline}", ""] if review.verdict else []),
        review.lede,
        "",
        f"{review.period}. {review.edition.words}. As of {words.iso_day(review.as_of)}, "
        f"{review.coverage.words}, data {review.digest[:12]}.",
        "",
        *(_addendum(addendum) for addendum in review.edition.addenda),
        *_front(review),
    ]
    for section in review.sections:
        lines += [f"## {section.title}", "", *section.says, ""]
        lines += [section.commentary, ""] if section.commentary else []
        for chart in section.charts:
            lines += [f"### {chart.title}", "", *_table(wide(chart.sheet)), ""]
        for sheet in section.sheets:
            lines += [f"### {sheet.title}", "", *_table(sheet), ""]
    lines += ["## Definitions", "", *(f"- **{w}.** {m}" for w, m in review.definitions), ""]
    return "\n".join(lines)


def _front(review: Review) -> list[str]:
    lines = [f"- {t.name}: {t.value} {t.small} ({t.n}). {t.say}." for t in review.tiles]
    lines += ["", "## Decisions requested", ""]
    lines += [f"{i}. {_asked(d)}" for i, d in enumerate(review.decisions, 1)] or ["None."]
    lines += ["", "## Better because of finished work", ""]
    lines += [f"- **{name}.** {text}" for name, text in review.better] or ["Nothing yet."]
    lines += ["", "## Worth discussing", ""]
    lines += [f"- {a.reference} {a.title} ({a.severity}): {a.why}" for a in review.agenda] or [
        "None chosen."
    ]
    return [*lines, ""]


def _asked(decision: Decision) -> str:
    by = f"by {words.iso_day(decision.by)}" if decision.by else ""
    who = ", ".join(part for part in (decision.owner, decision.cost, by) if part)
    text = f"{decision.title} {decision.detail}".strip()
    return f"{text} ({who})" if who else text


def _addendum(addendum: Addendum) -> str:
    text = addendum.text.replace("\n", "\n> ")
    return f"> Addendum, {words.iso_day(addendum.on)}: {text}\n"


def _table(sheet: Sheet) -> list[str]:
    def row(cells: list[str]) -> str:
        return (
            "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
        )

    head = row([column.label for column in sheet.columns])
    rule = "|" + "|".join(" --- " if c.kind == "text" else " ---: " for c in sheet.columns) + "|"
    body = [
        row([words.cell(v, c.kind) for v, c in zip(line, sheet.columns, strict=True)])
        for line in sheet.rows
    ]
    return [head, rule, *body]
