"""Charts of rows, one line for each: bars, shares, rates, and answers of all."""

from typing import Any

from rca.reports import words
from rca.reports.charts_marks import (
    INK,
    LINE,
    PALE,
    PETROL,
    PETROL_2,
    WHITE,
    data,
    either,
    name_axis,
)
from rca.reports.charts_size import LEGEND_COLUMNS, LONG_NAMES, inner, shown_shares, wide
from rca.reports.value import Chart

_ANSWERS = {
    "Confirmed": INK,
    "Suspected": PETROL_2,
    "None": PALE,
    "Unknown": WHITE,
    "Not asked": WHITE,
}


def bars(chart: Chart) -> Any:
    """A bar for each row with its value in words."""
    import altair as alt

    kind = next(c.kind for c in chart.sheet.columns if c.key == "value")
    rows = [{**r, "shown": words.cell(r["value"], kind)} for r in chart.sheet.records()]
    most = max(float(r["value"] or 0) for r in rows) or 1
    width = inner(chart)[0]
    room = max(wide(str(r["shown"])) for r in rows) + 8
    y = alt.Y("label:N", sort=None, title=None, axis=name_axis(rows, LONG_NAMES))
    base = alt.Chart(data(rows)).encode(y=y)
    marks = base.mark_bar(color=PETROL, height=11).encode(
        x=alt.X("value:Q", axis=None,
                scale=alt.Scale(domain=[0, most * width / (width - room)], nice=False))
    )  # fmt: skip
    text = base.mark_text(align="left", dx=5, color=INK).encode(
        x=alt.X("value:Q"), text=alt.Text("shown:N")
    )
    return marks + text


def shares(chart: Chart, *, percent: bool = True) -> Any:
    """A share for each row with its interval."""
    import altair as alt

    rows = [{**r, "shown": _share_label(r, percent)} for r in shown_shares(chart)]
    top = 1.0 if percent else 1.15 * max(float(r["high"] or r["value"] or 1) for r in rows)
    scale = alt.Scale(domain=[0, top], clamp=True)
    axis = alt.Axis(format="%" if percent else "", tickCount=3, grid=True, domain=False,
                    ticks=False)  # fmt: skip
    title = None if percent else next(c.label for c in chart.sheet.columns if c.key == "value")
    y = alt.Y("label:N", sort=None, title=None, axis=name_axis(rows))
    base = alt.Chart(data(rows)).encode(y=y)
    line = base.mark_rule(color=PETROL, strokeWidth=2).encode(
        x=alt.X("low:Q", axis=axis, scale=scale, title=title), x2=alt.X2("high:Q")
    )
    mark = base.mark_point(filled=True, shape="square", color=PETROL, size=48, opacity=1).encode(
        x=alt.X("value:Q", scale=scale)
    )
    text = base.mark_text(align="left", color=INK).encode(
        x=alt.value(inner(chart)[0] + 12), text=alt.Text("shown:N")
    )
    return line + mark + text


def _share_label(row: dict[str, Any], percent: bool) -> str:
    if percent:
        return f"{row['k']} of {row['n']}"
    return f"{row['k']} in {float(row['days']):.0f} days"


def rates(chart: Chart) -> Any:
    """A rate for each row with its interval."""
    return shares(chart, percent=False)


def parts(chart: Chart) -> Any:
    """All incidents of each row, parted by answer."""
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
    y = alt.Y("label:N", sort=labels, title=None, axis=name_axis(rows))
    scale = alt.Scale(domain=[0, whole], nice=False)
    color = alt.Color(
        "answer:N",
        sort=order,
        scale=alt.Scale(domain=order, range=[_ANSWERS[a] for a in order]),
        legend=alt.Legend(columns=LEGEND_COLUMNS),
    )
    base = alt.Chart(data(spans)).encode(y=y)
    solid = base.mark_bar(height=15, strokeWidth=0.8, stroke=LINE).encode(
        x=alt.X("from:Q", scale=scale, axis=None), x2=alt.X2("to:Q"), color=color,
        strokeDash=either(alt.StrokeDashValue, "datum.answer == 'Unknown'", [2, 2], [1, 0]),
        opacity=either(alt.OpacityValue, "datum.answer == 'Not asked'", 0.35, 1),
    )  # fmt: skip
    text = base.transform_filter("datum.to - datum.from >= " + str(whole * 0.03)).mark_text(
        fontSize=10
    ).encode(
        x=alt.X("mid:Q", scale=scale), text=alt.Text("incidents:Q"),
        color=either(alt.ColorValue, "datum.answer == 'Confirmed'", WHITE, INK),
    )  # fmt: skip
    return solid + text
