"""Charts along time: incidents by month, their control chart, a curve of what is left open."""

from typing import Any

from rca.reports.charts_marks import (
    BAND,
    GREY,
    INK,
    INK_2,
    LINE,
    PALE,
    PETROL,
    PETROL_2,
    WHITE,
    data,
    either,
)
from rca.reports.value import Chart

_ORDINAL = {
    "SEV-1": INK,
    "SEV-2": PETROL,
    "SEV-3": PETROL_2,
    "SEV-4": GREY,
    "SEV-5": PALE,
    "Unknown": WHITE,
}


def stack(chart: Chart) -> Any:
    """Incidents by month, stacked by severity."""
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
        alt.Chart(data(shown))
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
        alt.Chart(data([t for t in totals if t["total"]]))
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


def control(chart: Chart) -> Any:
    """Incidents by month between their limits."""
    import altair as alt

    rows = chart.sheet.records()
    months = [str(r["month"]) for r in rows]
    x = alt.X("month:O", sort=months, title=None,
              axis=alt.Axis(labelAngle=0, labelExpr=_MONTH))  # fmt: skip
    base = alt.Chart(data(rows)).encode(x=x)
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
        fill=either(alt.FillValue, "datum.signal == 'yes'", INK, WHITE),
        size=either(alt.SizeValue, "datum.signal == 'yes'", 90, 34),
    )
    return band + centre + line + dots


def step(chart: Chart) -> Any:
    """A share over days as a curve of steps, with its band."""
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
    base = alt.Chart(data(rows)).encode(x=x)
    band = base.mark_area(color=BAND, interpolate="step-after").encode(
        y=alt.Y("low:Q", scale=scale, title=says), y2=alt.Y2("high:Q")
    )
    line = base.mark_line(color=PETROL, interpolate="step-after", strokeWidth=2).encode(y=y)
    half = alt.Chart(data([{"y": 0.5}])).mark_rule(color=LINE, strokeDash=[3, 3]).encode(
        y=alt.Y("y:Q", scale=scale)
    )  # fmt: skip
    return band + half + line
