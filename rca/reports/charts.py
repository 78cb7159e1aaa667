"""Chart values to SVG: one description for page and print.

Colours stand as attributes in print values that survive greyscale; the page's style sheet maps
them to its own tokens, so that dark mode needs no second drawing. altair and vl_convert load
inside the functions: only the report child may call them.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from typing import Any

from rca.reports.charts_size import (
    LEGEND_COLUMNS,
    LONG_NAMES,
    NAMES,
    SMALL_NAMES,
    inner,
    outer,
    shown_shares,
    sized,
    wide,
)
from rca.reports.fonts import SANS, folders
from rca.reports.value import Chart

INK, INK_2, LINE, GRID = "#15201e", "#43504d", "#818d88", "#e1e5e0"
PETROL, PETROL_2, GREY, PALE, BAND = "#0a5a60", "#5d9a9b", "#aab3ae", "#d5dad6", "#dcebea"
WHITE = "#ffffff"
_ORDINAL = {
    "SEV-1": INK,
    "SEV-2": PETROL,
    "SEV-3": PETROL_2,
    "SEV-4": GREY,
    "SEV-5": PALE,
    "Unknown": WHITE,
}
_ANSWERS = {
    "Confirmed": INK,
    "Suspected": PETROL_2,
    "None": PALE,
    "Unknown": WHITE,
    "Not asked": WHITE,
}


@cache
def engine() -> Any:
    """The chart engine with the fonts of print, started."""
    import altair as alt
    import vl_convert

    for folder in folders():
        vl_convert.register_font_directory(str(folder))
    nothing = alt.Chart(_data([{"x": 1}])).mark_point().encode(x=alt.X("x:Q"))
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


def _data(rows: Sequence[dict[str, Any]]) -> Any:
    import altair as alt

    made: Any = alt.Data
    return made(values=list(rows))


def _either(channel: Any, test: str, yes: Any, no: Any) -> Any:
    """One value where the test holds, another elsewhere. Altair's own ``condition`` reads the
    whole schema at each call.
    """
    return channel(no, condition={"test": test, "value": yes})


def _at(channel: Any, place: float) -> Any:
    """A fixed place in px."""
    return channel(place)


def _stack(chart: Chart) -> Any:
    import altair as alt

    rows = chart.sheet.records()
    order = [name for name in _ORDINAL if any(r["severity"] == name for r in rows)]
    months = list(dict.fromkeys(str(r["month"]) for r in rows))
    totals: list[dict[str, Any]] = [
        {"month": m, "total": sum(int(r["incidents"] or 0) for r in rows if r["month"] == m)}
        for m in months
    ]
    shown = [{**r, "place": order.index(str(r["severity"]))} for r in rows if r["incidents"]]
    x = alt.X("month:O", sort=months, title=None, axis=alt.Axis(labelAngle=0, labelExpr=_MONTH))
    most = max(t["total"] for t in totals)
    y = alt.Y("incidents:Q", title="Incidents", axis=alt.Axis(tickMinStep=1, tickCount=4),
              scale=alt.Scale(domain=[0, max(4, most * 1.12)]))  # fmt: skip
    bars = (
        alt.Chart(_data(shown))
        .mark_bar(stroke=LINE, strokeWidth=0.6, size=22)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "severity:N",
                sort=order,
                scale=alt.Scale(domain=order, range=[_ORDINAL[name] for name in order]),
            ),
            order=alt.Order("place:Q"),
        )
    )
    text = (
        alt.Chart(_data([t for t in totals if t["total"]]))
        .mark_text(dy=-7, color=INK)
        .encode(x=x, y=alt.Y("total:Q"), text=alt.Text("total:Q"))
    )
    return bars + text


_MONTH = (
    "slice(datum.value, 5) == '01' || datum.index == 0 ? "
    "[timeFormat(datetime(toNumber(slice(datum.value, 0, 4)), "
    "toNumber(slice(datum.value, 5)) - 1, 1), '%b'), slice(datum.value, 0, 4)] : "
    "timeFormat(datetime(toNumber(slice(datum.value, 0, 4)), "
    "toNumber(slice(datum.value, 5)) - 1, 1), '%b')"
)


def _control(chart: Chart) -> Any:
    import altair as alt

    rows = chart.sheet.records()
    months = [str(r["month"]) for r in rows]
    x = alt.X("month:O", sort=months, title=None,
              axis=alt.Axis(labelAngle=0, labelExpr=_MONTH))  # fmt: skip
    base = alt.Chart(_data(rows)).encode(x=x)
    y = alt.Y("incidents:Q", title="Incidents", axis=alt.Axis(tickMinStep=1, tickCount=4))
    band = base.mark_area(color=BAND, interpolate="step").encode(
        y=alt.Y("low:Q", title="Incidents"), y2=alt.Y2("high:Q")
    )
    centre = base.mark_line(color=INK_2, strokeDash=[4, 3], strokeWidth=1).encode(
        y=alt.Y("centre:Q")
    )
    line = base.mark_line(color=PETROL, strokeWidth=1.5).encode(y=y)
    dots = base.mark_point(filled=True, size=34, stroke=PETROL, strokeWidth=1.2, opacity=1).encode(
        y=y,
        fill=_either(alt.FillValue, "datum.signal == 'yes'", INK, WHITE),
        size=_either(alt.SizeValue, "datum.signal == 'yes'", 90, 34),
    )
    return band + centre + line + dots


def _bars(chart: Chart) -> Any:
    import altair as alt

    from rca.reports import words

    kind = next(c.kind for c in chart.sheet.columns if c.key == "value")
    rows = [{**r, "shown": words.cell(r["value"], kind)} for r in chart.sheet.records()]
    most = max(float(r["value"] or 0) for r in rows) or 1
    width = inner(chart)[0]
    room = max(wide(str(r["shown"])) for r in rows) + 8
    y = alt.Y("label:N", sort=None, title=None, axis=_names(rows, LONG_NAMES))
    base = alt.Chart(_data(rows)).encode(y=y)
    bars = base.mark_bar(color=PETROL, height=11).encode(
        x=alt.X("value:Q", axis=None,
                scale=alt.Scale(domain=[0, most * width / (width - room)], nice=False))
    )  # fmt: skip
    text = base.mark_text(align="left", dx=5, color=INK).encode(
        x=alt.X("value:Q"), text=alt.Text("shown:N")
    )
    return bars + text


def _names(rows: Sequence[dict[str, Any]], limit: int = NAMES - 9, key: str = "label") -> Any:
    """The axis of names. The engine only measures and cuts them when one may be too long, for
    measuring is what it takes longest for.
    """
    import altair as alt

    cut = limit if any(wide(str(row[key])) > limit for row in rows) else 0
    return alt.Axis(domain=False, ticks=False, labelPadding=9, labelLimit=cut, labelOverlap=False)


def _shares(chart: Chart, *, percent: bool = True) -> Any:
    import altair as alt

    rows = [{**r, "shown": _share_label(r, percent)} for r in shown_shares(chart)]
    top = 1.0 if percent else 1.15 * max(float(r["high"] or r["value"] or 1) for r in rows)
    scale = alt.Scale(domain=[0, top], clamp=True)
    axis = alt.Axis(format="%" if percent else "", tickCount=3, grid=True, domain=False,
                    ticks=False)  # fmt: skip
    title = None if percent else next(c.label for c in chart.sheet.columns if c.key == "value")
    y = alt.Y("label:N", sort=None, title=None, axis=_names(rows))
    base = alt.Chart(_data(rows)).encode(y=y)
    line = base.mark_rule(color=PETROL, strokeWidth=2).encode(
        x=alt.X("low:Q", axis=axis, scale=scale, title=title), x2=alt.X2("high:Q")
    )
    mark = base.mark_point(filled=True, shape="square", color=PETROL, size=48, opacity=1).encode(
        x=alt.X("value:Q", scale=scale)
    )
    text = base.mark_text(align="left", color=INK).encode(
        x=_at(alt.XValue, inner(chart)[0] + 12), text=alt.Text("shown:N")
    )
    return line + mark + text


def _share_label(row: dict[str, Any], percent: bool) -> str:
    if percent:
        return f"{row['k']} of {row['n']}"
    return f"{row['k']} in {float(row['days']):.0f} days"


def _rates(chart: Chart) -> Any:
    return _shares(chart, percent=False)


def _dots(chart: Chart) -> Any:
    import altair as alt

    from rca.reports import words

    rows = [
        {**r, "shown": f"{words.minutes(float(r['median'] or 0))}", "sub": _spread(r)}
        for r in chart.sheet.records()
    ]
    phases = [str(r["phase"]) for r in rows]
    points = _drawn_points(chart)
    jittered: list[dict[str, Any]] = [
        {**p, "minutes": max(float(p["minutes"] or 0), 0.5), "at": _jitter(i)}
        for i, p in enumerate(points)
    ]
    ticks = [1, 5, 15, 60, 240, 1440, 10080]
    low = min([p["minutes"] for p in jittered] or [1])
    high = max([p["minutes"] for p in jittered] or [60])
    scale = alt.Scale(type="log", domain=[min(low, 1), max(high, 60) * 1.1])
    axis = alt.Axis(values=ticks, labelExpr=_SPAN, grid=True, domain=False, ticks=False)
    y = alt.Y("phase:N", sort=phases, title=None, axis=_names(rows, key="phase"))
    x = alt.X("minutes:Q", scale=scale, axis=axis, title=None)
    base = alt.Chart(_data(rows)).encode(y=y)
    known = [r for r in rows if r["low"] is not None]
    layers = [
        alt.Chart(_data(known)).mark_bar(color=BAND, height=30).encode(
            y=y, x=alt.X("low:Q", scale=scale, axis=axis, title=None), x2=alt.X2("high:Q")
        ),
        alt.Chart(_data(jittered))
        .mark_point(filled=True, size=22, color=PETROL_2, opacity=0.75)
        .encode(y=y, x=x, yOffset=alt.YOffset("at:Q", scale=alt.Scale(domain=[0, 1]))),
        base.mark_tick(color=INK, thickness=2, height=34).encode(
            x=alt.X("median:Q", scale=scale)
        ),
        alt.Chart(_data([r for r in rows if r["earlier"]]))
        .mark_point(shape="M0,-1V1", size=1156, stroke=INK_2, strokeWidth=1.2, strokeDash=[3, 2],
                    opacity=1)
        .encode(y=y, x=alt.X("earlier:Q", scale=scale)),
        base.mark_text(align="left", color=INK, fontWeight="bold", dy=-6).encode(
            x=_at(alt.XValue, inner(chart)[0] + 10), text=alt.Text("shown:N")
        ),
        base.mark_text(align="left", color=INK_2, dy=8, fontSize=10).encode(
            x=_at(alt.XValue, inner(chart)[0] + 10), text=alt.Text("sub:N")
        ),
    ]  # fmt: skip
    return alt.layer(*layers)


_MOST_DOTS = 250


def _drawn_points(chart: Chart) -> list[dict[str, Any]]:
    """Every value of a phase, or past 250 evenly spaced ones by rank: more only hide each other."""
    by_phase: dict[Any, list[dict[str, Any]]] = {}
    for point in chart.points.records() if chart.points else []:
        by_phase.setdefault(point["phase"], []).append(point)
    found = []
    for values in by_phase.values():
        step = max(1.0, (len(values) - 1) / (_MOST_DOTS - 1))
        count = min(len(values), _MOST_DOTS)
        found += [values[round(place * step)] for place in range(count)]
    return found


def _jitter(place: int) -> float:
    """A spread that looks random and is the same every time (golden ratio sequence)."""
    return 0.22 + 0.56 * ((place * 0.6180339887) % 1)


def _spread(row: dict[str, Any]) -> str:
    from rca.reports import words

    text = f"n {row['n']}"
    if row["low"] is not None:
        text += f", 95% {words.minutes(row['low'])} to {words.minutes(row['high'])}"
    return text


_SPAN = (
    "datum.value < 60 ? datum.value + ' min' : datum.value < 1440 ? datum.value / 60 + ' h' "
    ": datum.value / 1440 + ' d'"
)


def _parts(chart: Chart) -> Any:
    import altair as alt

    rows = chart.sheet.records()
    labels = list(dict.fromkeys(str(r["label"]) for r in rows))
    spans: list[dict[str, Any]] = []
    for label in labels:
        at = 0
        for row in (r for r in rows if r["label"] == label and r["incidents"]):
            n = int(row["incidents"] or 0)
            spans.append({**row, "from": at, "to": at + n, "mid": at + n / 2})
            at += n
    order = [a for a in _ANSWERS if any(s["answer"] == a for s in spans)]
    whole = max(s["to"] for s in spans)
    y = alt.Y("label:N", sort=labels, title=None, axis=_names(rows))
    scale = alt.Scale(domain=[0, whole], nice=False)
    color = alt.Color(
        "answer:N",
        sort=order,
        scale=alt.Scale(domain=order, range=[_ANSWERS[a] for a in order]),
        legend=alt.Legend(columns=LEGEND_COLUMNS),
    )
    base = alt.Chart(_data(spans)).encode(y=y)
    solid = base.mark_bar(height=15, strokeWidth=0.8, stroke=LINE).encode(
        x=alt.X("from:Q", scale=scale, axis=None), x2=alt.X2("to:Q"), color=color,
        strokeDash=_either(alt.StrokeDashValue, "datum.answer == 'Unknown'", [2, 2], [1, 0]),
        opacity=_either(alt.OpacityValue, "datum.answer == 'Not asked'", 0.35, 1),
    )  # fmt: skip
    text = base.transform_filter("datum.to - datum.from >= " + str(whole * 0.03)).mark_text(
        fontSize=10
    ).encode(
        x=alt.X("mid:Q", scale=scale), text=alt.Text("incidents:Q"),
        color=_either(alt.ColorValue, "datum.answer == 'Confirmed'", WHITE, INK),
    )  # fmt: skip
    return solid + text


def _step(chart: Chart) -> Any:
    import altair as alt

    rows = chart.sheet.records()
    # Reviews frozen by earlier versions may hold a curve on which nothing has happened yet.
    falls = not rows or float(rows[0]["share"] or 0) > float(rows[-1]["share"] or 0)
    first = 1.0 if falls else 0.0
    start: dict[str, Any] = {"at": 0, "share": first, "low": first, "high": first}
    rows = [start, *rows]
    title = next(c.label for c in chart.sheet.columns if c.key == "at")
    says = next(c.label for c in chart.sheet.columns if c.key == "share")
    x = alt.X("at:Q", title=title, scale=alt.Scale(nice=False), axis=alt.Axis(grid=False))
    scale = alt.Scale(domain=[0, 1])
    y = alt.Y("share:Q", title=says, scale=scale, axis=alt.Axis(format="%", tickCount=5))
    base = alt.Chart(_data(rows)).encode(x=x)
    band = base.mark_area(color=BAND, interpolate="step-after").encode(
        y=alt.Y("low:Q", scale=scale, title=says), y2=alt.Y2("high:Q")
    )
    line = base.mark_line(color=PETROL, interpolate="step-after", strokeWidth=2).encode(y=y)
    half = alt.Chart(_data([{"y": 0.5}])).mark_rule(color=LINE, strokeDash=[3, 3]).encode(
        y=alt.Y("y:Q", scale=scale)
    )  # fmt: skip
    return band + half + line


def _smalls(chart: Chart) -> Any:
    """One view with a row of bars for each name: as many charts joined take three times as long."""
    import altair as alt

    rows = chart.sheet.records()
    names = list(dict.fromkeys(str(r["pattern"]) for r in rows))
    quarters = list(dict.fromkeys(str(r["quarter"]) for r in rows))
    most = max(int(r["incidents"] or 0) for r in rows) or 1
    bars = [_small(r, names.index(str(r["pattern"])) + 1, most) for r in rows]
    scale = alt.Scale(domain=[0, len(names)], reverse=True, nice=False)
    x = alt.X("quarter:O", sort=quarters, title=None,
              axis=alt.Axis(labelAngle=0, domain=False, ticks=False))  # fmt: skip
    top = alt.Y("top:Q", scale=scale, axis=None)
    base = alt.Chart(_data(bars)).encode(x=x, description=alt.Description("said:N"))
    labels = [{"name": _wrapped(name), "at": place + 0.55} for place, name in enumerate(names)]
    lines: list[dict[str, Any]] = [{"at": place + 1} for place, _ in enumerate(names)]
    layers = [
        base.mark_bar(size=30).encode(
            y=top, y2=alt.Y2("at:Q"),
            color=_either(alt.ColorValue, f"datum.quarter == '{quarters[-1]}'", PETROL, GREY),
        ),
        alt.Chart(_data(lines)).mark_rule(color=LINE).encode(
            y=alt.Y("at:Q", scale=scale, axis=None)
        ),
        base.mark_text(dy=-6, color=INK).encode(y=top, text=alt.Text("incidents:Q")),
        alt.Chart(_data(labels))
        .mark_text(align="left", baseline="middle", color=INK, lineHeight=13)
        .encode(x=_at(alt.XValue, -SMALL_NAMES), y=alt.Y("at:Q", scale=scale, axis=None),
                text=alt.Text("name:N")),
    ]  # fmt: skip
    return alt.layer(*layers)


def _small(row: dict[str, Any], at: int, most: int) -> dict[str, Any]:
    """A bar that stands on the line ``at`` and takes up to half of its row."""
    said = "; ".join(f"{name}: {row[name]}" for name in ("pattern", "quarter", "incidents"))
    return {**row, "at": at, "top": at - 0.5 * int(row["incidents"] or 0) / most, "said": said}


def _wrapped(name: str, most: int = 42) -> list[str]:
    lines, line = [], ""
    for word in name.split():
        if line and len(line) + 1 + len(word) > most:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    lines.append(line)
    return lines if len(lines) <= 2 else [lines[0], f"{lines[1].rstrip('…')}…"]


_DRAWN: dict[str, Callable[[Chart], Any]] = {
    "stack": _stack,
    "control": _control,
    "bars": _bars,
    "shares": _shares,
    "rates": _rates,
    "dots": _dots,
    "parts": _parts,
    "step": _step,
    "smalls": _smalls,
}
