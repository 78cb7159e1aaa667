"""CSV in and out. Cells that a spreadsheet would run as a formula are written with a ``'``."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rca.formats.rows import Refusal, Row, Sheet, Unreadable

_FORMULA = re.compile(r"^'*[=+\-@\t\r\n＝＋－＠]")
_GUARDED = re.compile(r"^'+[=+\-@\t\r\n＝＋－＠]")
_DELIMITERS = (",", ";", "\t", "|")
_MOST_CELL = 2_000_000


def escape_cell(value: str) -> str:
    """``value`` so that no spreadsheet runs it; :func:`unescape_cell` takes it back."""
    return f"'{value}" if _FORMULA.match(value) else value


def unescape_cell(value: str) -> str:
    """The cell without the guard of :func:`escape_cell`."""
    return value[1:] if _GUARDED.match(value) else value


def write(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """RFC 4180 CSV with a header; every cell is guarded."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([escape_cell(name) for name in columns])
    for row in rows:
        writer.writerow([escape_cell(row.get(name, "")) for name in columns])
    return out.getvalue()


def _delimiter(text: str) -> str:
    """The mark that most often parts the names of the first line."""
    header = text.split("\n", 1)[0]
    return max(_DELIMITERS, key=header.count)


def _records(text: str) -> Iterator[tuple[int, list[str] | str]]:
    """(line, cells), or (line, why it can't be read)."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, _why(str(error))


def _why(message: str) -> str:
    if "unexpected end of data" in message:
        return "a quotation mark is opened and never closed; all after it was not read"
    if "field larger" in message:
        return f"a cell has more than {_MOST_CELL:,} characters"
    return f"the quotation marks do not fit ({message})"


def _header(cells: list[str]) -> list[str]:
    names = [unescape_cell(cell).strip() for cell in cells]
    if not any(names):
        raise Unreadable("Its first line names no columns.")
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise Unreadable(f"Its first line names “{repeated[0]}” twice. Rename one of them.")
    return names


def read(text: str) -> Sheet:
    """Rows under the names of the first line. Raises Unreadable when that line names nothing."""
    csv.field_size_limit(max(_MOST_CELL, csv.field_size_limit()))
    records = ((line, cells) for line, cells in _records(text) if cells)
    _line, first = next(records, (1, ""))
    if isinstance(first, str):
        raise Unreadable(f"Its first line can't be read: {first}." if first else "It is empty.")
    names = _header(first)
    found = [_row(names, line, cells) for line, cells in records]
    return Sheet(
        tuple(item for item in found if isinstance(item, Row) and item.values),
        tuple(item for item in found if isinstance(item, Refusal)),
    )


def _row(names: list[str], line: int, cells: list[str] | str) -> Row | Refusal:
    if isinstance(cells, str):
        return Refusal(line, "(whole row)", cells)
    if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
        return Refusal(
            line, "(whole row)", f"has {len(cells)} cells, but the first line names {len(names)}"
        )
    pairs = zip(names, cells, strict=False)
    return Row(line, {name: unescape_cell(cell) for name, cell in pairs if name and cell.strip()})
