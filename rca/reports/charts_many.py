"""Charts of many values: every duration of a phase, and small multiples of a pattern's quarters."""

from typing import Any

from rca.reports import words
from rca.reports.charts_marks import (
    BAND,
    GREY,
    INK,
    INK_2,
    LINE,
    PETROL,
    PETROL_2,
    data,
    either,
    name_axis,
)
from rca.reports.charts_size import SMALL_NAMES, inner
from rca.reports.value import Chart


def dots(chart: Chart) -> Any:
    """Every duration of each phase, with median and interval."""
    import altair as alt

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
    y = alt.Y("phase:N", sort=phases, title=None, axis=name_axis(rows, key="phase"))
    x = alt.X("minutes:Q", scale=scale, axis=axis, title=None)
    base = alt.Chart(data(rows)).encode(y=y)
    known = [r for r in rows if r["low"] is not None]
    layers = [
        alt.Chart(data(known)).mark_bar(color=BAND, height=30).encode(
            y=y, x=alt.X("low:Q", scale=scale, axis=axis, title=None), x2=alt.X2("high:Q")
        ),
        alt.Chart(data(jittered))
        .mark_point(filled=True, size=22, color=PETROL_2, opacity=0.75)
        .encode(y=y, x=x, yOffset=alt.YOffset("at:Q", scale=alt.Scale(domain=[0, 1]))),
        base.mark_tick(color=INK, thickness=2, height=34).encode(
            x=alt.X("median:Q", scale=scale)
        ),
        alt.Chart(data([r for r in rows if r["earlier"]]))
        .mark_point(shape="M0,-1V1", size=1156, stroke=INK_2, strokeWidth=1.2, strokeDash=[3, 2],
                    opacity=1)
        .encode(y=y, x=alt.X("earlier:Q", scale=scale)),
        base.mark_text(align="left", color=INK, fontWeight="bold", dy=-6).encode(
            x=alt.value(inner(chart)[0] + 10), text=alt.Text("shown:N")
        ),
        base.mark_text(align="left", color=INK_2, dy=8, fontSize=10).encode(
            x=alt.value(inner(chart)[0] + 10), text=alt.Text("sub:N")
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
    text = f"n {row['n']}"
    if row["low"] is not None:
        text += f", 95% {words.minutes(row['low'])} to {words.minutes(row['high'])}"
    return text


_SPAN = (
    "datum.value < 60 ? datum.value + ' min' : datum.value < 1440 ? datum.value / 60 + ' h' "
    ": datum.value / 1440 + ' d'"
)


def smalls(chart: Chart) -> Any:
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
    base = alt.Chart(data(bars)).encode(x=x, description=alt.Description("said:N"))
    labels = [{"name": _wrapped(name), "at": place + 0.55} for place, name in enumerate(names)]
    lines: list[dict[str, Any]] = [{"at": place + 1} for place, _ in enumerate(names)]
    layers = [
        base.mark_bar(size=30).encode(
            y=top, y2=alt.Y2("at:Q"),
            color=either(alt.ColorValue, f"datum.quarter == '{quarters[-1]}'", PETROL, GREY),
        ),
        alt.Chart(data(lines)).mark_rule(color=LINE).encode(
            y=alt.Y("at:Q", scale=scale, axis=None)
        ),
        base.mark_text(dy=-6, color=INK).encode(y=top, text=alt.Text("incidents:Q")),
        alt.Chart(data(labels))
        .mark_text(align="left", baseline="middle", color=INK, lineHeight=13)
        .encode(x=alt.value(-SMALL_NAMES), y=alt.Y("at:Q", scale=scale, axis=None),
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
