"""Two reviews side by side: each measure with both values, the change and its interval."""

from dataclasses import dataclass

from mining import stats
from rca.reports import words
from rca.reports.value import Measure, Review
from rca.services.quarter.compare import judge, limits

SEED = 20261
OVERLAP = (
    "The two periods overlap, so the same incidents stand on both sides: a difference tells what "
    "changed in the records, not in reliability."
)


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """One measure: how each side reads, the change with its interval, and what may be said."""

    label: str
    earlier: str
    later: str
    change: str
    say: str
    changed: bool


@dataclass(frozen=True, slots=True)
class PatternLine:
    """Incidents of a pattern on each side; blank where the pattern was not known."""

    id: str
    name: str
    earlier: int | None
    later: int | None


@dataclass(frozen=True, slots=True)
class ReviewComparison:
    """Everything that stands on the page. ``caution`` says why no change may be claimed."""

    earlier: Review
    later: Review
    lines: tuple[ComparedLine, ...]
    patterns: tuple[PatternLine, ...]
    caution: str


def compare(first: Review, second: Review, *, overlap: bool) -> ReviewComparison:
    """``second`` against ``first``, the earlier one; verdicts hold over all measures together."""
    findings = judge(second.measures, first.measures, seed=SEED, noun=second.noun)
    there = {measure.key: measure for measure in first.measures}
    lines = []
    for here in second.measures:
        if here.key not in findings.verdicts:
            continue
        found = findings.comparisons[here.key]
        verdict = findings.verdicts[here.key]
        say = "Not compared: the periods overlap" if overlap else verdict.text
        if verdict.changed and not overlap:
            say = "Up" if verdict.up else "Down"
        lines.append(
            ComparedLine(
                here.label,
                reads(there[here.key]),
                reads(here),
                words.DASH if overlap else _change(found),
                say,
                verdict.changed and not overlap,
            )
        )
    caution = OVERLAP if overlap else _scopes(first, second)
    return ReviewComparison(first, second, tuple(lines), _patterns(first, second), caution)


def _change(found: stats.Comparison) -> str:
    if found.effect is None:
        return words.DASH
    if found.neutral == 0:
        return f"{words.points(found.effect)} points {limits(found)}"
    return f"× {found.effect:.2f} {limits(found)}"


def reads(measure: Measure) -> str:
    """``34 in 92 days``, ``9 of 34 (26%)``, ``47 min (n = 31)``."""
    if measure.kind == "rate":
        return f"{measure.k} in {measure.n:.0f} days"
    if measure.kind == "share":
        part = stats.share(measure.k, int(measure.n))
        small = part.small or part.value is None
        return part.fraction if small else f"{part.fraction} ({words.percent(part.value)})"
    median = stats.median_interval(measure.values, seed=SEED).value
    return f"{words.minutes(median)} (n = {measure.k})"


def _patterns(first: Review, second: Review) -> tuple[PatternLine, ...]:
    sides: list[dict[str, tuple[str, int]]] = []
    for review in (first, second):
        cards = [card for section in review.sections for card in section.cards]
        sides.append({card.id: (card.name, card.here) for card in cards})
    there, here = sides
    names = {**there, **here}
    lines = [
        PatternLine(
            key,
            names[key][0],
            there[key][1] if key in there else None,
            here[key][1] if key in here else None,
        )
        for key in names
    ]
    return tuple(sorted(lines, key=lambda x: (-(x.later or 0), -(x.earlier or 0), x.name)))


def _scopes(first: Review, second: Review) -> str:
    if first.scope == second.scope:
        return ""
    return (
        f"The scopes differ ({first.scope or 'the whole organisation'} against "
        f"{second.scope or 'the whole organisation'}), so a change may be of scope."
    )
