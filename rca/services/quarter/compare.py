"""Every comparison of a review in one place, so that the verdicts hold over all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from mining import stats
from mining.stats import Comparison, Verdict
from rca.domain.vocabulary import DetectionMethod, Severity
from rca.reports import words
from rca.reports.value import Measure
from rca.services.quarter.records import Window

GRAVE = (Severity.SEV1, Severity.SEV2)
PUBLISH_DAYS = 14


def customer_first(window: Window) -> tuple[int, int]:
    """Incidents that a customer found first, of those whose detection is known."""
    methods = [i.content.detection_method for i in window.incidents]
    known = [m for m in methods if m and m is not DetectionMethod.UNKNOWN]
    return sum(m is DetectionMethod.CUSTOMER_REPORT for m in known), len(known)


def grave(window: Window) -> int:
    """Incidents of the two gravest severities."""
    return sum(incident.severity in GRAVE for incident in window.incidents)


def published_in_time(window: Window) -> tuple[int, int]:
    """Records published within a fortnight of the incident, of those with both dates."""
    spans = [span for i in window.incidents if (span := i.days_to_publish) is not None]
    return sum(span <= PUBLISH_DAYS for span in spans), len(spans)


@dataclass(frozen=True, slots=True)
class Findings:
    """Comparisons with the period before, and what may be said of each among all."""

    comparisons: dict[str, Comparison]
    verdicts: dict[str, Verdict]
    noun: str = "quarter"

    def changed(self, name: str) -> bool:
        """Whether a change may be claimed."""
        return self.verdicts[name].changed

    def say(self, name: str) -> str:
        """The sentence on one comparison; "no change can be told" is one of them."""
        verdict, found = self.verdicts[name], self.comparisons[name]
        if not verdict.changed:
            return verdict.text
        way = "Up" if verdict.up else "Down"
        if found.neutral == 0:
            return f"{way} by {abs(100 * (found.effect or 0)):.0f} points {limits(found)}"
        if found.effect is None:
            return f"{way}: from none before"
        return f"{way}: {found.effect:.2g} times last {self.noun} {limits(found)}"


def limits(found: Comparison) -> str:
    """The interval of a comparison in brackets."""
    if found.neutral == 0:
        return f"({words.points(found.low)} to {words.points(found.high)})"
    high = "no upper limit" if found.high is None else f"{found.high:.2g}"
    return f"({found.low or 0:.2g} to {high})"


PHASES = (
    ("detect", "Detect"),
    ("diagnose", "Understand"),
    ("mitigate", "Mitigate"),
    ("resolve", "Resolve"),
)


def measures(window: Window, in_time: tuple[int, int]) -> tuple[Measure, ...]:
    """What is compared between periods, in numbers alone; ``in_time`` are actions finished by
    their date.
    """
    shares = {
        "customer": ("Found by a customer first", customer_first(window)),
        "in_time": ("Actions finished in time", in_time),
        "published": (f"Published within {PUBLISH_DAYS} days", published_in_time(window)),
    }
    return (
        Measure("incidents", "Incidents", "rate", len(window.incidents), window.days),
        Measure("grave", "SEV-1 and SEV-2 incidents", "rate", grave(window), window.days),
        *(Measure(key, label, "share", k, n) for key, (label, (k, n)) in shares.items()),
        *(_spans(window, key, label) for key, label in PHASES),
    )


def _spans(window: Window, key: str, label: str) -> Measure:
    found: dict[str, list[float]] = {}
    for incident in window.incidents:
        value = incident.minutes(key)
        if value is not None:
            found.setdefault(str(incident.severity or ""), []).append(value)
    strata = tuple((severity, tuple(sorted(found[severity]))) for severity in sorted(found))
    n = sum(len(values) for _, values in strata)
    return Measure(key, f"Time to {label.lower()}", "median", n, n, strata)


def judge(
    now: Sequence[Measure], before: Sequence[Measure], *, seed: int, noun: str = "quarter"
) -> Findings:
    """Every measure that both sides have, and what may be said of each among all."""
    earlier = {measure.key: measure for measure in before}
    found = {
        measure.key: _compared(measure, earlier[measure.key], seed)
        for measure in now
        if measure.key in earlier
    }
    names = sorted(found)
    judged = stats.verdicts([found[name] for name in names])
    return Findings(found, dict(zip(names, judged, strict=True)), noun)


def _compared(now: Measure, before: Measure, seed: int) -> Comparison:
    if now.kind == "rate":
        return stats.rate_ratio(now.k, now.n, before.k, before.n)
    if now.kind == "share":
        return stats.share_difference(now.k, int(now.n), before.k, int(before.n))
    return _median(now, before, seed)


def _median(now: Measure, before: Measure, seed: int) -> Comparison:
    """Ratio of medians; its p is of the rank test within severities, so that a change of mix
    is no change.
    """
    found = stats.median_ratio(now.values, before.values, seed=seed)
    if found.p is None:
        return found
    here, there = dict(now.strata), dict(before.strata)
    strata = [
        (list(here.get(severity, ())), list(there.get(severity, ())))
        for severity in sorted(set(here) | set(there))
    ]
    p = stats.stratified_rank_p(strata)
    return Comparison(
        found.effect,
        found.low,
        found.high,
        p if p is not None else found.p,
        found.neutral,
        found.n,
        "ratio of medians, bootstrap interval, rank-sum test within severities",
    )


def compare(
    now: Window, before: Window, in_time: tuple[int, int], in_time_before: tuple[int, int], *,
    seed: int,
) -> Findings:  # fmt: skip
    """All comparisons with the period before; ``in_time`` are actions finished by their date."""
    return judge(measures(now, in_time), measures(before, in_time_before), seed=seed, noun=now.noun)
