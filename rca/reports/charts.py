"""Chart values to SVG: one description for page and print.

altair and vl_convert load inside the functions: only the report child may call them. What each
kind looks like stands in ``charts_time``, ``charts_rows`` and ``charts_many``.
"""

import re
from collections.abc import Callable
from functools import cache
from html import escape
from typing import Any

from rca.reports.charts_many import dots, smalls
from rca.reports.charts_marks import GRID, INK, INK_2, LINE, data
from rca.reports.charts_rows import bars, parts, rates, shares
from rca.reports.charts_size import inner, outer, sized
from rca.reports.charts_time import control, stack, step
from rca.reports.fonts import SANS, folders
from rca.reports.value import Chart


@cache
def engine() -> Any:
    """The chart engine with the fonts of print, started."""
    import altair as alt
    import vl_convert

    for folder in folders():
        vl_convert.register_font_directory(str(folder))
    nothing = alt.Chart(data([{"x": 1}])).mark_point().encode(x=alt.X("x:Q"))
    vl_convert.vegalite_to_svg(nothing.to_dict())
    return vl_convert


def specification(chart: Chart, *, validate: bool = False) -> dict[str, Any]:
    """What the engine draws. Checking it against the schema costs as much as drawing, so only
    tests ask for that: the descriptions are ours, only their numbers differ.
    """
    from altair.utils.schemapi import debug_mode

    with debug_mode(validate):
        made: dict[str, Any] = _DRAWN[chart.kind](chart).to_dict(validate=validate)
    width, height = inner(chart)
    return made | {"config": _CONFIG, "width": width, "height": height}


def draw(chart: Chart) -> str:
    """The chart as an SVG text with a ``<title>``. The same value gives the same text."""
    drawn = str(engine().vegalite_to_svg(specification(chart)))
    return _titled(sized(drawn, outer(chart)), chart)


_CONFIG: dict[str, Any] = {
    "font": SANS,
    "background": None,
    "view": {"stroke": None},
    "axis": {
        "labelFont": SANS, "titleFont": SANS, "labelFontSize": 11, "titleFontSize": 11,
        "titleFontWeight": "normal", "labelColor": INK_2, "titleColor": INK_2,
        "domainColor": LINE, "tickColor": LINE, "gridColor": GRID, "labelLimit": 0,
        "labelOverlap": "greedy",
    },
    "legend": {
        "labelFont": SANS, "titleFont": SANS, "labelFontSize": 11, "labelColor": INK_2,
        "orient": "top", "title": None, "symbolType": "square", "symbolStrokeColor": LINE,
        "symbolSize": 90, "offset": 4, "padding": 0,
    },
    "header": {
        "labelFont": SANS, "labelFontSize": 11, "labelColor": INK, "labelLimit": 200,
        "title": None,
    },
    "text": {"font": SANS, "fontSize": 11, "color": INK_2},
}  # fmt: skip


def _titled(svg: str, chart: Chart) -> str:
    """Put the finding in as ``<title>``: print readers take it, and ``aria-label`` is ignored."""
    words = escape(f"{chart.title}. {chart.alt}", quote=False)
    svg = re.sub(r'<rect width="\d+" height="\d+" fill="white"/>', "", svg, count=1)
    # A container of marks is no picture of its own; with that role it would need a text.
    svg = re.sub(r' role="graphics-symbol" aria-roledescription="[^"]*mark container"', "", svg)
    svg = re.sub(_IDLE, "", svg)
    head = re.sub(r' class="marks"', ' class="drawn" role="img"', svg, count=1)
    return re.sub(r"(<svg[^>]*>)", rf"\1<title>{_literal(words)}</title>", head, count=1)


_IDLE = (
    r'<path class="(?:foreground|background)"(?![^>]*(?:fill|stroke)=)[^>]*/>'
    r'| opacity="1"(?=[ />])'
)
"""What an SVG of the engine holds that shows nothing: a third of its marks to go through."""


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\")


_DRAWN: dict[str, Callable[[Chart], Any]] = {
    "stack": stack,
    "control": control,
    "bars": bars,
    "shares": shares,
    "rates": rates,
    "dots": dots,
    "parts": parts,
    "step": step,
    "smalls": smalls,
}
