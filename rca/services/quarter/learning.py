"""How incidents came to notice, what recurs, AI influence, and how well the learning goes."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from mining import stats
from mining.taxonomy import Taxonomy
from rca.domain import ai
from rca.domain.vocabulary import (
    AIEffect,
    AISurface,
    DetectionGap,
    DetectionMethod,
)
from rca.reports import words
from rca.reports.value import Cell, Chart, Column, PatternCard, Section, Sheet
from rca.services.quarter.columns import SHARE_COLUMNS
from rca.services.quarter.compare import PUBLISH_DAYS, Findings, customer_first, published_in_time
from rca.services.quarter.records import Window

RISK_WORDS = (
    "The share of incidents with AI influence is not the risk per change: that also needs the "
    "share of changes made with AI."
)


def share_cells(k: int, n: int) -> tuple[Cell, ...]:
    """``k``, ``n``, share and its limits, for :data:`SHARE_COLUMNS`."""
    part = stats.share(k, n)
    return k, n, part.value, part.low, part.high


def share_words(k: int, n: int) -> str:
    """``9 of 34 (26%, 95% 15–43%)``; under five cases the fraction alone."""
    part = stats.share(k, n)
    if part.value is None or part.small:
        return part.fraction
    low, high = 100 * (part.low or 0), 100 * (part.high or 0)
    return f"{part.fraction} ({words.percent(part.value)}, 95% {low:.0f}–{high:.0f}%)"


# Detection


def detection(now: Window, before: Window, findings: Findings) -> Section:
    """How the incidents came to notice, and why not sooner."""
    here, there = customer_first(now), customer_first(before)
    silent = len(now.incidents) - here[1]
    says = [
        f"A customer found {share_words(*here)} first; {share_words(*there)} in "
        f"{before.period}. {findings.say('customer')}."
        if here[1]
        else f"How the incidents of this {now.noun} came to notice is not on record."
    ]
    if silent and here[1]:
        says.append(f"For {words.plural(silent, 'incident')} the way of detection is not known.")
    charts = tuple(c for c in (_methods(now), _first(now, before), _gaps(now)) if c)
    return Section("detection", "How we found out", tuple(says), charts)


def _methods(now: Window) -> Chart | None:
    count = Counter(i.content.detection_method or DetectionMethod.UNKNOWN for i in now.incidents)
    if not count:
        return None
    rows = tuple(
        (method.label, count[method])
        for method in sorted(count, key=lambda m: (m is DetectionMethod.UNKNOWN, -count[m], m))
    )
    columns = (Column("label", "Detection"), Column("value", "Incidents", "count"))
    return Chart(
        "detection-methods",
        "bars",
        f"Detected most often by: {rows[0][0]}",
        "; ".join(f"{label}: {count}" for label, count in rows)
        + f"; of {len(now.incidents)} incidents.",
        Sheet("detection-methods", "How incidents were detected", columns, rows),
    )


def _first(now: Window, before: Window) -> Chart | None:
    rows = tuple(
        (str(window.period), *share_cells(*customer_first(window)))
        for window in (before, now)
        if customer_first(window)[1]
    )
    if not rows:
        return None
    return Chart(
        "customer-first",
        "shares",
        "Found by a customer first",
        "; ".join(f"{row[0]}: {row[1]} of {row[2]}" for row in rows) + ".",
        Sheet(
            "customer-first",
            "Found by a customer first",
            (Column("label", "Quarter"), *SHARE_COLUMNS),
            rows,
        ),
    )


def _gaps(now: Window) -> Chart | None:
    gaps = [g for i in now.incidents if (g := i.content.detection_gap)]
    count = Counter(gaps)
    if not count:
        return None
    rows = tuple(
        (gap.label, *share_cells(count[gap], len(gaps)))
        for gap in sorted(count, key=lambda g: (g is DetectionGap.UNKNOWN, -count[g], g))
    )
    return Chart(
        "detection-gaps",
        "shares",
        "Why monitoring did not see it sooner",
        f"Answered for {len(gaps)} of {len(now.incidents)} incidents; {rows[0][0]}: {rows[0][1]}.",
        Sheet(
            "detection-gaps",
            "Why monitoring did not see it sooner",
            (Column("label", "Gap"), *SHARE_COLUMNS),
            rows,
        ),
    )


# Patterns and factors


def _belong(count: int) -> str:
    return "belongs" if count == 1 else "belong"


def patterns(
    now: Window, cards: Sequence[PatternCard], assigned: int, mined: str, taxonomy: Taxonomy
) -> Section:
    """What recurs, with what belongs to no pattern shown as plainly."""
    n = len(now.incidents)
    loose = n - assigned
    if cards:
        says = [
            f"{words.plural(len(cards), 'pattern')} recurred this {now.noun} and hold "
            f"{assigned} of {n} incidents; {loose} {_belong(loose)} to none."
        ]
    else:
        says = [
            f"No pattern holds an incident of this {now.noun}; {loose} of {n} {_belong(loose)} "
            "to none."
        ]
    if mined:
        says.append(mined)
    charts = tuple(c for c in (_recurrence(cards, now.noun), _factors(now, taxonomy)) if c)
    return Section("patterns", "Recurring patterns", tuple(says), charts, cards=tuple(cards))


def _recurrence(cards: Sequence[PatternCard], noun: str) -> Chart | None:
    if not cards:
        return None
    rows = tuple(
        (card.name, quarter, count) for card in cards for quarter, count in card.by_quarter
    )
    columns = (
        Column("pattern", "Pattern"),
        Column("quarter", noun.capitalize()),
        Column("incidents", "Incidents", "count"),
    )
    return Chart(
        "patterns-by-quarter",
        "smalls",
        f"Incidents of each pattern by {noun}",
        "; ".join(f"{card.name}: {card.here} this {noun}, {card.whole} in all" for card in cards)
        + ".",
        Sheet("patterns-by-quarter", f"Patterns by {noun}", columns, rows),
    )


def _factors(now: Window, taxonomy: Taxonomy) -> Chart | None:
    classes = Counter(
        name
        for i in now.incidents
        for name in {f.factor_class for f in i.content.factors if f.factor_class and f.confirmed}
    )
    if not classes:
        return None
    n = len(now.incidents)
    ordered = sorted(classes, key=lambda name: (-classes[name], name))[:12]
    rows = tuple((taxonomy.name_of(name), *share_cells(classes[name], n)) for name in ordered)
    return Chart(
        "factor-classes",
        "shares",
        f"Most common contributing factor: {rows[0][0]}, {rows[0][1]} of {n}",
        f"Shares of {n} incidents by class of contributing factor; an incident has several.",
        Sheet(
            "factor-classes",
            "Contributing factors",
            (Column("label", "Factor class"), *SHARE_COLUMNS),
            rows,
            "Confirmed factors only. The twelve most common classes.",
        ),
    )


# AI influence

_ANSWERS = ("Confirmed", "Suspected", "None", "Unknown", "Not asked")
_SUMMARY = {
    ai.INFLUENCED: "Confirmed",
    ai.SUSPECTED: "Suspected",
    ai.NONE: "None",
    ai.UNKNOWN: "Unknown",
    ai.UNANSWERED: "Not asked",
}


def influence(now: Window, before: Window, changes: Counter[str]) -> Section:
    """What is known and not known of AI influence, by surface, including where it helped."""
    n = len(now.incidents)
    count = _summaries(now)
    blind = count["Unknown"] + count["Not asked"]
    says = [
        f"AI influence is confirmed in {share_words(count['Confirmed'], n)} and suspected in "
        f"{count['Suspected']}; {count['None']} answered none on every surface asked.",
        f"Not known or not asked: {share_words(blind, n)}, "
        f"{_blind(before)} of {len(before.incidents)} before. That is a gap of the data, not a "
        "finding about AI.",
        _helped(now),
        RISK_WORDS + _exposure(changes, now.noun),
    ]
    charts = tuple(c for c in (_by_surface(now), _states(count, n)) if c)
    sheets = (_effects(now),) if _effect_rows(now) else ()
    return Section("ai", "AI influence", tuple(s for s in says if s), charts, sheets)


def _summaries(window: Window) -> Counter[str]:
    return Counter(_SUMMARY[ai.summarise(i.content.ai_influences)] for i in window.incidents)


def _blind(window: Window) -> int:
    count = _summaries(window)
    return count["Unknown"] + count["Not asked"]


def _exposure(changes: Counter[str], noun: str) -> str:
    total = sum(changes.values())
    if not total:
        return f" No change ledger covers this {noun}."
    return (
        f" Of the {noun}'s merged changes, {share_words(changes['evidenced'], total)} carry "
        f"evidence of AI; {changes['attested_none']:,} attest none, "
        f"{changes['unknown']:,} are unknown."
    )


def _helped(now: Window) -> str:
    helped = [
        i
        for i in now.incidents
        if any(r.effect is AIEffect.HELPED and r.confirmed for r in i.content.ai_influences)
    ]
    if not helped:
        return ""
    names = words.listed([i.reference for i in helped])
    return f"AI helped in {words.plural(len(helped), 'incident')}: {names}."


def _answers(now: Window) -> dict[AISurface, Counter[str]]:
    found: dict[AISurface, Counter[str]] = defaultdict(Counter)
    for incident in now.incidents:
        rows = {row.surface: row for row in incident.content.ai_influences}
        for surface in AISurface:
            row = rows.get(surface)
            if row is None:
                found[surface]["Not asked"] += 1
            elif not row.confirmed:
                found[surface]["Unknown"] += 1
            else:
                found[surface][ai.answer_of(row.state).label] += 1
    return found


def _by_surface(now: Window) -> Chart | None:
    if not now.incidents:
        return None
    found = _answers(now)
    rows = tuple(
        (surface.label, answer, found[surface][answer])
        for surface in AISurface
        if sum(found[surface].values()) > found[surface]["Not asked"]
        for answer in _ANSWERS
    )
    if not rows:
        return None
    columns = (
        Column("label", "Surface"),
        Column("answer", "Answer"),
        Column("incidents", "Incidents", "count"),
    )
    return Chart(
        "ai-by-surface",
        "parts",
        "AI influence by surface of the work",
        "; ".join(
            f"{s.label}: {found[s]['Confirmed']} confirmed, {found[s]['Suspected']} suspected, "
            f"{found[s]['Unknown']} unknown"
            for s in AISurface
            if sum(found[s].values()) > found[s]["Not asked"]
        )
        + ".",
        Sheet("ai-by-surface", "AI influence by surface", columns, rows),
        note=f"Each bar is all {len(now.incidents)} incidents.",
    )


def _states(count: Counter[str], n: int) -> Chart | None:
    if not n:
        return None
    rows = tuple((answer, *share_cells(count[answer], n)) for answer in _ANSWERS)
    return Chart(
        "ai-summary",
        "shares",
        f"Known for {n - count['Unknown'] - count['Not asked']} of {n} incidents",
        "; ".join(f"{row[0]}: {row[1]} of {n}" for row in rows) + ".",
        Sheet(
            "ai-summary",
            "AI influence, one answer per incident",
            (Column("label", "Answer"), *SHARE_COLUMNS),
            rows,
            "The most that any surface of the incident says.",
        ),
    )


def _effect_rows(now: Window) -> list[tuple[str, str, int]]:
    count = Counter(
        (row.part.label if row.part else "Part not answered", row.effect.label)
        for i in now.incidents
        for row in i.content.ai_influences
        if row.effect and row.confirmed
    )
    return [(part, effect, n) for (part, effect), n in sorted(count.items())]


def _effects(now: Window) -> Sheet:
    columns = (
        Column("part", "Part of the AI"),
        Column("effect", "What it did"),
        Column("rows", "Surfaces", "count"),
    )
    return Sheet("ai-effects", "Part and effect", columns, tuple(_effect_rows(now)))


# Learning health


def health(now: Window, before: Window, findings: Findings) -> Section:
    """How soon and how well incidents are learnt from, and what coordinating cost."""
    here, there = published_in_time(now), published_in_time(before)
    everything = len(now.incidents) + len(now.near_misses)
    says = [
        f"{share_words(*here)} were published within {PUBLISH_DAYS} days of the incident; "
        f"{share_words(*there)} before. {findings.say('published')}."
        if here[1]
        else f"No record of this {now.noun} was written and published here.",
        f"Near misses are {share_words(len(now.near_misses), everything)} of what was written up.",
        _coordination(now),
    ]
    charts = tuple(c for c in (_publishing(now),) if c)
    return Section("learning", "Learning health", tuple(says), charts, (_depth(now, before),))


def _coordination(now: Window) -> str:
    hours = [h for i in now.incidents if (h := i.content.person_hours) is not None]
    people = [p for i in now.incidents if (p := i.content.responders_count) is not None]
    if not hours and not people:
        return "What coordinating cost was not recorded for any incident."
    parts = []
    if people:
        parts.append(f"median {sorted(people)[len(people) // 2]} responders (n = {len(people)})")
    if hours:
        parts.append(f"{words.number(sum(hours))} person-hours in all (n = {len(hours)})")
    return f"Coordination: {', '.join(parts)}."


def _publishing(now: Window) -> Chart | None:
    spans = sorted(s for i in now.incidents if (s := i.days_to_publish) is not None and s >= 0)
    if len(spans) < stats.SMALL:
        return None
    curve = stats.kaplan_meier([round(s, 1) for s in spans], [True] * len(spans))
    rows = tuple((step.at, 1 - step.share, 1 - step.high, 1 - step.low) for step in curve.steps)
    columns = (
        Column("at", "Days after", "number"),
        Column("share", "Published", "share"),
        Column("low", "95% from", "share"),
        Column("high", "to", "share"),
    )
    median = stats.median_interval(spans, seed=1)
    return Chart(
        "time-to-publish",
        "step",
        f"Half were published within {median.value or 0:.0f} days",
        f"Median {median.value or 0:.0f} days, n {len(spans)}; slowest {spans[-1]:.0f} days.",
        Sheet("time-to-publish", "Days from incident to publication", columns, rows),
        note="Published incidents only: what is not yet published can't be seen here.",
    )


def _depth(now: Window, before: Window) -> Sheet:
    def row(name: str, has: str) -> tuple[Cell, ...]:
        here, there = (
            sum(bool(getattr(i.content, has)) for i in window.incidents) for window in (now, before)
        )
        return name, here, len(now.incidents), there, len(before.incidents)

    rows = (
        row("With a timeline", "timeline"),
        row("With contributing factors", "factors"),
        row("With an answer on AI influence", "ai_influences"),
        row("With action items", "actions"),
        row("With impact in numbers", "impact_measures"),
        row("With notes of what surprised or went well", "notes"),
    )
    columns = (
        Column("what", "Incidents"),
        Column("now", str(now.period), "count"),
        Column("n", "of", "count"),
        Column("before", str(before.period), "count"),
        Column("n_before", "of", "count"),
    )
    return Sheet("depth", "What the published records hold", columns, rows)
