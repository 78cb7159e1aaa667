"""Every comparison of a review in one place, so that the verdicts hold over all of them."""

from dataclasses import dataclass

from mining import stats
from mining.stats import Comparison, Verdict
from rca.domain.vocabulary import DetectionMethod, Severity
from rca.reports import words
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
    """Comparisons with the quarter before, and what may be said of each among all."""

    comparisons: dict[str, Comparison]
    verdicts: dict[str, Verdict]

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
        return f"{way}: {found.effect:.2g} times last quarter {limits(found)}"


def limits(found: Comparison) -> str:
    """The interval of a comparison in brackets."""
    if found.neutral == 0:
        return f"({words.points(found.low)} to {words.points(found.high)})"
    high = "no upper limit" if found.high is None else f"{found.high:.2g}"
    return f"({found.low or 0:.2g} to {high})"


def _median(now: Window, before: Window, key: str, seed: int) -> Comparison:
    """Ratio of medians; its p is of the rank test within severities, so that a change of mix
    is no change.
    """
    found = stats.median_ratio(now.minutes(key), before.minutes(key), seed=seed)
    if found.p is None:
        return found
    sides = [_by_severity(window, key) for window in (now, before)]
    strata = [
        (sides[0].get(severity, []), sides[1].get(severity, []))
        for severity in sorted(set(sides[0]) | set(sides[1]))
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


def _by_severity(window: Window, key: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for incident in window.incidents:
        value = incident.minutes(key)
        if value is not None:
            found.setdefault(str(incident.severity or ""), []).append(value)
    return found


PHASES = (
    ("detect", "Detect"),
    ("diagnose", "Understand"),
    ("mitigate", "Mitigate"),
    ("resolve", "Resolve"),
)


def compare(
    now: Window, before: Window, in_time: tuple[int, int], in_time_before: tuple[int, int], *,
    seed: int,
) -> Findings:  # fmt: skip
    """All comparisons with the quarter before; ``in_time`` are actions finished by their date."""
    found = {
        "incidents": stats.rate_ratio(
            len(now.incidents), now.days, len(before.incidents), before.days
        ),
        "grave": stats.rate_ratio(grave(now), now.days, grave(before), before.days),
        "customer": stats.share_difference(*customer_first(now), *customer_first(before)),
        "in_time": stats.share_difference(*in_time, *in_time_before),
        "published": stats.share_difference(*published_in_time(now), *published_in_time(before)),
    }
    found |= {key: _median(now, before, key, seed) for key, _ in PHASES}
    names = sorted(found)
    judged = stats.verdicts([found[name] for name in names])
    return Findings(found, dict(zip(names, judged, strict=True)))
