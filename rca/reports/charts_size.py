"""How large charts are, known before they are drawn, so that pages need not wait for them.

``inner`` is the part of a chart that its axes frame, ``outer`` the whole of it, in px. The engine
adds axes and legends as they come out; what it drew is put into the outer size, smaller where it
came out larger.
"""

import re
from collections.abc import Callable

from rca.reports.value import Cell, Chart

WIDTH, HALF = 600, 330
"""Widths: across the sheet, and beside its table."""
NAMES, LABELS = 158, 62
"""Widths of the names left of a half chart and of the numbers right of its marks."""
LONG_NAMES = 350
"""The most that names of bars across the sheet take."""
SMALL_NAMES, WORDS = 232, 235
"""Widths of the names of small multiples, and of the words right of ``dots``."""
SMALL_HEIGHT = 36
LEGEND_COLUMNS = 3
_ROW, _MARGINS, _AXIS = 18, 10, 13

Size = tuple[float, float]
_NARROW, _BROAD = frozenset("iljtfrI.,:;'|!()[] -"), frozenset("mwMWGOQ@%&")


def wide(text: str) -> float:
    """Not less than the width of a label in px."""
    return sum(
        4.2 if c in _NARROW else 10.5 if c in _BROAD else 6.2 if c.islower() or c.isdigit() else 7.6
        for c in text
    ) + 4 * sum(not c.isascii() for c in text)


def inner(chart: Chart) -> Size:
    """Width and height of what the axes frame."""
    return _INNER[chart.kind](chart)


def outer(chart: Chart) -> tuple[int, int]:
    """Width and height of the drawing with its axes, legend and margins."""
    height = inner(chart)[1] + _MARGINS + _AROUND[chart.kind](chart)
    return round(_width(chart)), round(height)


_SIZE = re.compile(r'width="([\d.]+)" height="([\d.]+)" viewBox="[^"]*"')


def sized(svg: str, size: tuple[int, int]) -> str:
    """The drawing in a picture of this size, from its corner on, smaller where it is larger."""
    width, height = size
    across, down = size_in(svg)
    scale = max(1.0, across / width, down / height)
    box = f'viewBox="0 0 {width * scale:g} {height * scale:g}"'
    return _SIZE.sub(f'width="{width}" height="{height}" {box}', svg, count=1)


def size_in(svg: str) -> Size:
    """Width and height that a drawing of the engine states. Raises ValueError without them."""
    found = _SIZE.search(svg)
    if not found:
        raise ValueError("a drawing without a size")
    return float(found[1]), float(found[2])


def shown_shares(chart: Chart) -> list[dict[str, Cell]]:
    """The rows of ``shares`` and ``rates`` that have a mark."""
    return [row for row in chart.sheet.records() if row["value"] is not None]


def names_width(chart: Chart) -> float:
    """The room that the names of a chart's rows need."""
    return max((wide(str(row["label"])) for row in chart.sheet.records()), default=0)


def _width(chart: Chart) -> float:
    if chart.kind == "bars" and names_width(chart) > NAMES + 20:
        return min(WIDTH, inner(chart)[0] + min(names_width(chart), LONG_NAMES) + 9 + _MARGINS)
    return WIDTH if chart.kind in ("stack", "control", "dots", "smalls") else HALF


def _different(chart: Chart, key: str) -> int:
    return len({row[key] for row in chart.sheet.records()})


def _bars(chart: Chart) -> Size:
    names = names_width(chart)
    width = WIDTH - 330 if names > NAMES + 20 else HALF - max(names, 60) - 15
    return width, _ROW * len(chart.sheet.rows)


def _shares(chart: Chart) -> Size:
    rows = shown_shares(chart)
    longest = max((len(str(row["label"])) for row in rows), default=0)
    width = HALF - min(NAMES, 11 + 6 * longest) - LABELS
    return width - (24 if chart.kind == "rates" else 0), _ROW * len(rows)


def _dots(chart: Chart) -> Size:
    return WIDTH - WORDS, 42 * len(chart.sheet.rows)


def _parts(chart: Chart) -> Size:
    names = min(names_width(chart), NAMES - 9)
    return min(HALF - 120, HALF - _MARGINS - 9 - names), (_ROW + 3) * _different(chart, "label")


def _smalls(chart: Chart) -> Size:
    return WIDTH - SMALL_NAMES - 15, SMALL_HEIGHT * _different(chart, "pattern")


def _legend(chart: Chart) -> float:
    shown = {row["answer"] for row in chart.sheet.records() if row["incidents"]}
    return 16.0 + 15 * ((len(shown) - 1) // LEGEND_COLUMNS)


def _always(size: Size) -> Callable[[Chart], Size]:
    return lambda _: size


def _around(height: float) -> Callable[[Chart], float]:
    return lambda _: height


_INNER: dict[str, Callable[[Chart], Size]] = {
    "stack": _always((WIDTH - 50, 118)),
    "control": _always((WIDTH - 50, 86)),
    "bars": _bars,
    "shares": _shares,
    "rates": _shares,
    "dots": _dots,
    "parts": _parts,
    "step": _always((HALF - 62, 118)),
    "smalls": _smalls,
}
_AROUND: dict[str, Callable[[Chart], float]] = {
    "stack": _around(47),
    "control": _around(37),
    "bars": _around(0),
    "shares": _around(_AXIS),
    "rates": _around(28),
    "dots": _around(_AXIS),
    "parts": _legend,
    "step": _around(39),
    "smalls": _around(_AXIS),
}
"""What axes and legends add to the height."""
