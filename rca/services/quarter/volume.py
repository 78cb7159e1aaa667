"""Volume, severity, impact and durations: what happened and what it cost."""

from collections import Counter, defaultdict
from datetime import date, timedelta

from mining import stats
from rca.domain.periods import Period
from rca.domain.vocabulary import EstimateKind, ImpactMeasureKind, ImpactType, Severity
from rca.reports import words
from rca.reports.value import Chart, Column, Section, Sheet
from rca.services.quarter.columns import SHARE_COLUMNS
from rca.services.quarter.compare import PHASES, Findings, grave
from rca.services.quarter.records import Incident, Window

_MOST = 10
SEVERITY_UNKNOWN = "Unknown"


def severity_word(severity: str | None) -> str:
    """``SEV-2``; ``Unknown`` when blank."""
    return Severity.label_of(severity) if severity else SEVERITY_UNKNOWN


def month_names(first: date, last: date) -> list[str]:
    """``2026-07`` and so on, from the month of one day to that of the other."""
    places = range(12 * first.year + first.month - 1, 12 * last.year + last.month)
    return [f"{place // 12}-{place % 12 + 1:02d}" for place in places]


def volume(
    now: Window, before: Window, months: list[tuple[str, str, int]], findings: Findings
) -> Section:
    """Counts by month and severity, with the limits that chance alone stays within."""
    interval = stats.poisson_rate(len(now.incidents))
    says = [
        f"{words.plural(len(now.incidents), 'published incident')} "
        f"(95% {interval.low or 0:.0f}–{interval.high or 0:.0f} if the rate stays), "
        f"{len(before.incidents)} in {before.period}. {findings.say('incidents')}.",
        f"{grave(now)} of them SEV-1 or SEV-2, {grave(before)} before. {findings.say('grave')}.",
        f"Counted apart: {words.plural(len(now.near_misses), 'near miss', 'near misses')} "
        f"({len(before.near_misses)} before) and {words.plural(now.drills, 'drill')} "
        f"({before.drills} before).",
    ]
    seen = stats.detectable_rate_ratio(len(before.incidents), now.days, before.days)
    if seen:
        says.append(f"At these numbers only a rise to {seen:.1f} times or more would show.")
    names = _months_shown(months, now.period)
    charts = tuple(c for c in (_stack(months, names), _control(months, names, now)) if c)
    return Section("volume", "Volume and severity", tuple(says), charts, (_mix(now, before),))


def _months_shown(months: list[tuple[str, str, int]], last: Period) -> list[str]:
    """Every month from the quarter of the first incident on."""
    if not months:
        return []
    year, month = months[0][0].split("-")
    first = date(int(year), 3 * ((int(month) - 1) // 3) + 1, 1)
    return month_names(first, (last.end - timedelta(days=1)).date())


def _stack(months: list[tuple[str, str, int]], names: list[str]) -> Chart | None:
    if not months:
        return None
    count = {(month, severity): n for month, severity, n in months}
    used = [s for s in (*Severity.values(), "") if any(key[1] == s for key in count)]
    rows = tuple(
        (month, severity_word(severity), count.get((month, severity), 0))
        for month in names
        for severity in used
    )
    total = Counter[str]()
    for month, _, n in months:
        total[month] += n
    most = max(total, key=lambda month: total[month])
    columns = (
        Column("month", "Month"),
        Column("severity", "Severity"),
        Column("incidents", "Incidents", "count"),
    )
    return Chart(
        "incidents-by-month",
        "stack",
        "Incidents per month by severity",
        f"Stacked bars from {names[0]} to {names[-1]}; most in {most} with {total[most]}.",
        Sheet("incidents-by-month", "Incidents per month by severity", columns, rows),
    )


def _control(months: list[tuple[str, str, int]], names: list[str], now: Window) -> Chart | None:
    done = [month for month in names if month <= f"{now.until:%Y-%m}"]
    if len(done) < 6:
        return None
    counts = [sum(n for m, _, n in months if m == month) for month in done]
    centre, found = stats.control_chart(counts)
    rows = tuple(
        (month, k, round(centre, 2), p.low, p.high, "yes" if p.signal else "no")
        for month, k, p in zip(done, counts, found, strict=True)
    )
    out = [month for month, point in zip(done, found, strict=True) if point.signal]
    title = (
        f"{words.listed(out)} outside what chance alone explains"
        if out
        else "No month is outside what chance alone explains"
    )
    columns = (
        Column("month", "Month"),
        Column("incidents", "Incidents", "count"),
        Column("centre", "Centre", "number"),
        Column("low", "Lower limit", "number"),
        Column("high", "Upper limit", "number"),
        Column("signal", "Outside"),
    )
    return Chart(
        "control",
        "control",
        title,
        f"Monthly counts around {centre:.1f}, limits {found[0].low:.0f} to {found[0].high:.0f}. "
        f"{title}.",
        Sheet("control", "Monthly counts and their limits", columns, rows),
        note="c-chart, Poisson limits at three standard deviations. The last month may be part.",
    )


def _mix(now: Window, before: Window) -> Sheet:
    here, there = (
        Counter(severity_word(i.severity) for i in window.incidents) for window in (now, before)
    )
    names = [*(s.label for s in Severity), SEVERITY_UNKNOWN]
    rows = tuple((name, here[name], there[name]) for name in names if here[name] or there[name])
    columns = (
        Column("severity", "Severity"),
        Column("now", str(now.period), "count"),
        Column("before", str(before.period), "count"),
    )
    return Sheet("severity-mix", "Severity mix", columns, rows)


# Impact


def impact(now: Window, before: Window) -> Section:
    """How long it hurt, whom, and how much of that was measured."""
    spans = [(i, m) for i in now.incidents if (m := i.minutes("impact")) is not None]
    spans.sort(key=lambda pair: (-pair[1], pair[0].reference))
    says = [_impact_words(now, before, spans), *_measured(now)]
    charts = tuple(c for c in (_worst(spans), _types(now)) if c)
    sheets = (_measures(now),) if any(i.content.impact_measures for i in now.incidents) else ()
    return Section("impact", "Impact", tuple(s for s in says if s), charts, sheets)


def _impact_words(now: Window, before: Window, spans: list[tuple[Incident, float]]) -> str:
    if not spans:
        return f"No incident of this {now.noun} has both ends of its impact on record."
    total = sum(m for _, m in spans)
    worst = sum(m for _, m in spans[:3]) / total if total else 0
    earlier = before.minutes("impact")
    text = (
        f"Customers were affected for {words.minutes(total)} in all, over {len(spans)} of "
        f"{len(now.incidents)} incidents whose impact has both ends on record"
    )
    text += f"; {words.minutes(sum(earlier))} over {len(earlier)} before." if earlier else "."
    if len(spans) > 3:
        text += (
            f" The longest three hold {words.percent(worst)} of it: totals follow the few "
            "longest, so no trend is read from them."
        )
    return text


def _measured(now: Window) -> list[str]:
    measures = [m for i in now.incidents for m in i.content.impact_measures if m.confirmed]
    if not measures:
        return [f"No impact was put in numbers this {now.noun}."]
    count = Counter(m.estimate for m in measures)
    return [
        f"Of {words.plural(len(measures), 'impact figure')}, {count[EstimateKind.MEASURED]} were "
        f"measured, {count[EstimateKind.ESTIMATED]} estimated, {count[EstimateKind.UNKNOWN]} "
        "answered as unknown."
    ]


def _worst(spans: list[tuple[Incident, float]]) -> Chart | None:
    if not spans:
        return None
    rows = tuple(
        (f"{i.reference} {_short(i.title)}", round(m, 1), severity_word(i.severity))
        for i, m in spans[:_MOST]
    )
    columns = (
        Column("label", "Incident"),
        Column("value", "Impact lasted", "minutes"),
        Column("severity", "Severity"),
    )
    return Chart(
        "longest-impact",
        "bars",
        f"The {words.plural(len(rows), 'incident')} with the longest impact",
        "; ".join(f"{i.reference} {words.minutes(m)}" for i, m in spans[:_MOST]) + ".",
        Sheet("longest-impact", "Longest impact", columns, rows),
    )


def _short(title: str, most: int = 46) -> str:
    return title if len(title) <= most else title[: most - 1].rsplit(" ", 1)[0] + "…"


def _types(now: Window) -> Chart | None:
    count = Counter(kind for i in now.incidents for kind in i.content.impact_types)
    if not count:
        return None
    n = len(now.incidents)
    rows = []
    for kind in sorted(count, key=lambda k: (-count[k], k)):
        part = stats.share(count[kind], n)
        rows.append((ImpactType(kind).label, count[kind], n, part.value, part.low, part.high))
    columns = (Column("label", "What was harmed"), *SHARE_COLUMNS)
    return Chart(
        "impact-types",
        "shares",
        f"{rows[0][0]} was harmed most often: {rows[0][1]} of {n}",
        f"Shares of {n} incidents by kind of harm; an incident may harm in more than one way.",
        Sheet("impact-types", "What was harmed", columns, tuple(rows)),
    )


def _measures(now: Window) -> Sheet:
    values: dict[str, list[float]] = defaultdict(list)
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for incident in now.incidents:
        for measure in incident.content.impact_measures:
            if not measure.confirmed:
                continue
            name = measure.kind.label + (f", {measure.unit}" if measure.unit else "")
            states[name][measure.estimate] += 1
            if measure.value is not None:
                values[name].append(measure.value)
    summed = {k.label for k in ImpactMeasureKind if not k.value.startswith(("pct", "error"))}
    rows = tuple(
        (
            name,
            len(values[name]),
            sum(values[name]) if values[name] and name.split(",")[0] in summed else None,
            max(values[name]) if values[name] else None,
            states[name]["measured"],
            states[name]["estimated"],
            states[name]["unknown"],
        )
        for name in sorted(states)
    )
    columns = (
        Column("measure", "Measure"),
        Column("n", "Incidents with a number", "count"),
        Column("sum", "Sum", "number"),
        Column("most", "Largest", "number"),
        Column("measured", "Measured", "count"),
        Column("estimated", "Estimated", "count"),
        Column("unknown", "Unknown", "count"),
    )
    return Sheet("impact-measures", "Impact in numbers", columns, rows, "Shares are not added up.")


# Durations


def phases(now: Window, before: Window, findings: Findings, *, seed: int) -> Section:
    """Every duration as a dot, the median with its interval, and what could have been seen."""
    rows, dots = [], []
    for key, label in PHASES:
        here, there = now.minutes(key), before.minutes(key)
        found = stats.median_interval(here, seed=seed)
        if found.value is None:
            continue
        seen = stats.detectable_median_ratio(here, there)
        rows.append(
            (label, found.n, found.value, found.low, found.high,
             stats.median_interval(there, seed=seed).value, len(there),
             seen, findings.say(key))
        )  # fmt: skip
        dots += [(label, value) for value in here]
    columns = (
        Column("phase", "Phase"),
        Column("n", "n", "count"),
        Column("median", "Median", "minutes"),
        Column("low", "95% from", "minutes"),
        Column("high", "to", "minutes"),
        Column("earlier", "Median before", "minutes"),
        Column("earlier_n", "n before", "count"),
        Column("seen", "Visible from", "ratio"),
        Column("say", f"Compared with last {now.noun}"),
    )
    if not rows:
        return Section("durations", "Durations", ("No phase has both of its ends on record.",))
    changed = [label for key, label in PHASES if findings.changed(key)]
    title = (
        f"Changed: {words.listed(changed).lower()}"
        if changed
        else "No phase can be told from no change"
    )
    chart = Chart(
        "durations",
        "dots",
        title,
        "; ".join(f"{r[0]}: median {words.minutes(r[2])}, n {r[1]}" for r in rows) + ".",
        Sheet("durations", "Durations per phase", columns, tuple(rows)),
        Sheet(
            "duration-values",
            "Every duration",
            (Column("phase", "Phase"), Column("minutes", "Minutes", "minutes")),
            tuple(dots),
        ),
        note="Line: median. Shade: its 95% bootstrap interval. Dashed: the "
        f"{now.noun} before. Log scale. Past 250 values an even selection is drawn.",
    )
    says = (
        f"{title}. Times to understand run from detection, the others from the start of impact.",
        "No mean is shown: durations are skewed and a few long ones would decide it. "
        "“Visible from” is the ratio of medians that would be seen four times in five at this n.",
    )
    return Section("durations", "Durations", says, (chart,))
