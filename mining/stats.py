"""The one statistics module: every figure that Throughline shows with an interval comes from here.

Values are frozen and name their ``n`` and their method. Intervals are 95 % and two-sided unless
said otherwise. Nothing here computes a mean of durations: they are skewed, and at the numbers a
team has in a quarter a mean carries next to no information.

numpy, scipy and statsmodels are loaded inside the functions that need them, so that importing
this module stays light for web workers and for ``mining.policy``. What a page needs is written on
``scipy.special``, which loads in a tenth of the time of ``scipy.stats``; tests hold it equal.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import asin, exp, fsum, inf, lgamma, log, log1p, pi, sin, sqrt
from statistics import NormalDist, median, stdev
from typing import Any, Literal

CONFIDENCE = 0.95
SMALL = 5
"""Under this many cases a percentage is never shown without its raw fraction."""
NO_CHANGE = "Cannot distinguish from no change"
NOT_ENOUGH = "Not enough data to compare"

_TAIL = (1 - CONFIDENCE) / 2
_Z = NormalDist().inv_cdf(1 - _TAIL)
_POWER = _Z + NormalDist().inv_cdf(0.80)
_RESAMPLES = 4_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % limits; ``value`` is None where the data give none."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: str

    @property
    def known(self) -> bool:
        """Whether there is a figure with both limits."""
        return self.value is not None and self.low is not None and self.high is not None


@dataclass(frozen=True, slots=True)
class Share:
    """``k`` of ``n``. ``value``, ``low`` and ``high`` lie in 0 to 1, or are None when n is 0."""

    k: int
    n: int
    value: float | None
    low: float | None
    high: float | None
    method: str

    @property
    def fraction(self) -> str:
        """The raw fraction, like ``9 of 34``."""
        return f"{self.k} of {self.n}"

    @property
    def small(self) -> bool:
        """Whether the fraction must stand instead of a percentage."""
        return self.n < SMALL


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure against an earlier one.

    ``effect`` is a ratio, or for shares a difference; ``p`` is two-sided. None of it is a verdict:
    that needs all comparisons of a report together, see :func:`verdicts`.
    """

    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    neutral: float
    n: tuple[int, int]
    method: str

    @property
    def excludes_neutral(self) -> bool:
        """Whether the interval leaves out "no change"."""
        if self.low is None or self.high is None:
            return False
        return self.low > self.neutral or self.high < self.neutral


def _check_count(k: int, n: int) -> None:
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is not a share")


# Shares


def wilson(k: int, n: int) -> tuple[float, float]:
    """Wilson's score limits of ``k`` of ``n`` (Wilson 1927, JASA 22:209; Brown, Cai and DasGupta
    2001, Stat. Sci. 16:101 recommend it). ``(0, 1)`` when n is 0.
    """
    _check_count(k, n)
    if not n:
        return 0.0, 1.0
    p, z2 = k / n, _Z * _Z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    low = 0.0 if k == 0 else max(0.0, centre - half)
    high = 1.0 if k == n else min(1.0, centre + half)
    return low, high


def _jeffreys(k: int, n: int) -> tuple[float, float]:
    low = 0.0 if k == 0 else _beta(_TAIL, k + 0.5, n - k + 0.5)
    high = 1.0 if k == n else _beta(1 - _TAIL, k + 0.5, n - k + 0.5)
    return low, high


def _beta(quantile: float, a: float, b: float) -> float:
    from scipy.special import betaincinv

    return float(betaincinv(a, b, quantile))


def share(k: int, n: int, *, method: Literal["wilson", "jeffreys"] = "wilson") -> Share:
    """``k`` of ``n`` with its interval.

    With no event the upper limit is the rule of three, ``3 / n`` (Hanley and Lippman-Hand 1983,
    JAMA 249:1743): a one-sided 95 % limit that a reader can check in the head. Its mirror holds
    when every case is an event. Raises ValueError unless ``0 <= k <= n``.
    """
    _check_count(k, n)
    if not n:
        return Share(0, 0, None, None, None, "no cases")
    if k == 0:
        return Share(k, n, 0.0, 0.0, min(1.0, 3 / n), "rule of three")
    if k == n:
        return Share(k, n, 1.0, max(0.0, 1 - 3 / n), 1.0, "rule of three")
    low, high = wilson(k, n) if method == "wilson" else _jeffreys(k, n)
    return Share(k, n, k / n, low, high, "Wilson" if method == "wilson" else "Jeffreys")


def share_interval(k: int, n: int) -> tuple[float, float]:
    """The limits of :func:`share`, for callers that print nothing else. ``n`` is 1 or more.

    One choice wherever a share stands: Wilson, and the rule of three at no or every event.
    """
    found = share(k, n)
    if found.low is None or found.high is None:
        raise ValueError("a share of nothing has no interval")
    return found.low, found.high


def share_difference(k1: int, n1: int, k0: int, n0: int) -> Comparison:
    """``k1/n1 - k0/n0`` with Newcombe's hybrid score limits (Newcombe 1998, Stat. Med. 17:873,
    method 10) and Fisher's exact two-sided p.
    """
    method = "difference of shares, Newcombe interval, Fisher exact"
    if not n1 or not n0:
        return Comparison(None, None, None, None, 0.0, (n1, n0), method)
    p1, p0 = k1 / n1, k0 / n0
    (l1, u1), (l0, u0) = wilson(k1, n1), wilson(k0, n0)
    low = p1 - p0 - sqrt((p1 - l1) ** 2 + (u0 - p0) ** 2)
    high = p1 - p0 + sqrt((u1 - p1) ** 2 + (p0 - l0) ** 2)
    p = fisher(k1, n1, k0, n0, alternative="two-sided")
    return Comparison(p1 - p0, low, high, p, 0.0, (n1, n0), method)


# Counts


def poisson_rate(k: int, exposure: float = 1.0) -> Interval:
    """Events per unit of exposure, Garwood's exact limits (Garwood 1936, Biometrika 28:437).

    They never cover less than 95 %; under about ten events they cover more. ``exposure`` is in
    whatever unit the rate is wanted (months, deploys). Raises ValueError when it is not positive.
    """
    from scipy.special import gammaincinv

    if exposure <= 0 or k < 0:
        raise ValueError("a rate needs a positive exposure and a count of 0 or more")
    low = float(gammaincinv(k, _TAIL)) if k else 0.0
    high = float(gammaincinv(k + 1, 1 - _TAIL))
    return Interval(k / exposure, low / exposure, high / exposure, k, "Garwood")


def rate_ratio(k1: int, e1: float, k0: int, e0: float) -> Comparison:
    """Rate ``k1/e1`` over rate ``k0/e0``, exact given the sum (Przyborowski and Wilenski 1940,
    Biometrika 31:313): given ``k1 + k0`` the first is binomial, its Clopper-Pearson limits are
    turned into limits of the ratio. With no events at all there is nothing to compare.
    """
    method = "rate ratio, exact conditional"
    if e1 <= 0 or e0 <= 0:
        raise ValueError("a rate needs a positive exposure")
    total = k1 + k0
    if not total:
        return Comparison(None, None, None, None, 1.0, (k1, k0), method)
    low = _beta(_TAIL, k1, k0 + 1) if k1 else 0.0
    high = _beta(1 - _TAIL, k1 + 1, k0) if k0 else 1.0
    scale = e0 / e1
    return Comparison(
        k1 / k0 * scale if k0 else None,
        low / (1 - low) * scale,
        high / (1 - high) * scale if k0 else None,
        _binomial_p(k1, total, e1 / (e1 + e0)),
        1.0,
        (k1, k0),
        method,
    )


def _binomial_p(k: int, n: int, p: float) -> float:
    """Two-sided: every outcome that is at most as likely as the one seen."""
    logs = [
        lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * log(p) + (n - i) * log1p(-p)
        for i in range(n + 1)
    ]
    return _as_unlikely(logs, k)


def _as_unlikely(logs: Sequence[float], seen: int) -> float:
    limit = logs[seen] + 1e-7
    return min(1.0, fsum(exp(value) for value in logs if value <= limit))


@dataclass(frozen=True, slots=True)
class ControlPoint:
    """One period of a c- or u-chart: its rate and the limits that chance alone stays within."""

    rate: float
    low: float
    high: float
    signal: bool


def control_chart(
    counts: Sequence[int], exposures: Sequence[float] | None = None
) -> tuple[float, tuple[ControlPoint, ...]]:
    """Centre line and points of a c-chart, or with exposures of a u-chart.

    Limits are Poisson quantiles at 0.135 % and 99.865 %, the tails of three standard deviations:
    at small counts the textbook ``mean +- 3 sqrt(mean)`` (Montgomery, Introduction to Statistical
    Quality Control, ch. 7) has a lower limit below zero and too many false alarms above. The
    same limits make a funnel plot when points are services instead of months (Spiegelhalter 2005,
    Stat. Med. 24:1185).
    """
    exposed = list(exposures) if exposures is not None else [1.0] * len(counts)
    if len(exposed) != len(counts) or any(e <= 0 for e in exposed):
        raise ValueError("each count needs a positive exposure")
    if not counts:
        return 0.0, ()
    centre = sum(counts) / sum(exposed)
    points = []
    for k, e in zip(counts, exposed, strict=True):
        low = _poisson_quantile(0.00135, centre * e)
        high = _poisson_quantile(0.99865, centre * e)
        points.append(ControlPoint(k / e, low / e, high / e, not low <= k <= high))
    return centre, tuple(points)


def _poisson_quantile(quantile: float, mean: float) -> int:
    """The smallest count whose cumulative probability reaches ``quantile``."""
    from scipy.special import pdtr

    k = max(0, int(mean - 5 * sqrt(mean)) - 2)
    while pdtr(k, mean) < quantile:
        k += 1
    return k


# Durations


def median_interval(values: Sequence[float], *, seed: int = 0) -> Interval:
    """The median with percentile bootstrap limits (Efron 1979, Ann. Stat. 7:1), 4,000 resamples.

    Under five values there is a median but no interval. Deterministic for a seed.
    """
    ordered = sorted(float(value) for value in values)
    n = len(ordered)
    if not n:
        return Interval(None, None, None, 0, "no values")
    if n < SMALL:
        return Interval(float(median(ordered)), None, None, n, "median, too few for an interval")
    import numpy as np

    drawn = _medians(ordered, seed)
    low, high = np.quantile(drawn, [_TAIL, 1 - _TAIL])
    return Interval(float(median(ordered)), float(low), float(high), n, "median, bootstrap")


def _medians(values: Sequence[float], seed: int) -> Any:
    return _resampled(tuple(values), seed, _RESAMPLES)


@lru_cache(maxsize=32)
def _resampled(values: tuple[float, ...], seed: int, times: int) -> Any:
    """Kept, for a report asks for the same durations in a tile, a table and a comparison."""
    import numpy as np

    chooser = np.random.default_rng(seed)
    sample = np.asarray(values)[chooser.integers(0, len(values), size=(times, len(values)))]
    medians = np.median(sample, axis=1)
    medians.flags.writeable = False
    return medians


def median_ratio(after: Sequence[float], before: Sequence[float], *, seed: int = 0) -> Comparison:
    """Median of ``after`` over median of ``before``: bootstrap limits, rank-sum p (Mann and
    Whitney 1947, Ann. Math. Stat. 18:50). Under five values on a side nothing is compared.
    """
    method = "ratio of medians, bootstrap interval, rank-sum test"
    n = (len(after), len(before))
    if min(n) < SMALL or median(before) <= 0:
        return Comparison(None, None, None, None, 1.0, n, method)
    import numpy as np

    drawn_before = _medians(before, seed + 1)
    drawn = _medians(after, seed)[drawn_before > 0] / drawn_before[drawn_before > 0]
    low, high = np.quantile(drawn, [_TAIL, 1 - _TAIL])
    p = stratified_rank_p([(after, before)])
    effect = float(median(after)) / float(median(before))
    return Comparison(effect, float(low), float(high), p, 1.0, n, method)


def stratified_rank_p(strata: Iterable[tuple[Sequence[float], Sequence[float]]]) -> float | None:
    """Two-sided p of a rank-sum test within strata (van Elteren 1960; weights ``1/(N + 1)``).

    A change in the mix of severities moves a pooled median without anything getting better; here
    each severity is compared with itself. None when no stratum has values on both sides.
    """
    sum_z, variance = 0.0, 0.0
    for after, before in strata:
        m, n = len(after), len(before)
        if not m or not n or m + n < 3:
            continue
        ranks = _ranks([*after, *before])
        total = m + n
        weight = 1 / (total + 1)
        spread = sum((rank - (total + 1) / 2) ** 2 for rank in ranks)
        sum_z += weight * (sum(ranks[:m]) - m * (total + 1) / 2)
        variance += weight**2 * m * n / (total * (total - 1)) * spread
    if variance <= 0:
        return None
    return 2 * (1 - NormalDist().cdf(abs(sum_z) / sqrt(variance)))


def _ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1, ties sharing their mean rank."""
    ordered = sorted(values)
    first: dict[float, int] = {}
    for place, value in enumerate(ordered):
        first.setdefault(value, place)
    count = Counter(ordered)
    return [first[value] + (count[value] + 1) / 2 for value in values]


# What could be seen at all


def detectable_rate_ratio(k0: int, e1: float = 1.0, e0: float = 1.0) -> float | None:
    """The smallest rise, as a ratio, seen four times in five when ``k0`` were counted before.

    Square-root (variance-stabilising) approximation. None when nothing was counted before.
    """
    if k0 <= 0:
        return None
    return (1 + _POWER / 2 * sqrt(1 / e1 + 1 / e0) / sqrt(k0 / e0)) ** 2


def detectable_share(k0: int, n0: int, n1: int) -> float | None:
    """The smallest rise in a share, in points of 0 to 1, seen four times in five; None when even
    every case would not do. Arcsine approximation (Cohen 1988, Statistical Power Analysis, ch. 6).
    """
    if not n0 or not n1:
        return None
    p0 = (k0 + 0.5) / (n0 + 1)
    angle = asin(sqrt(p0)) + _POWER / 2 * sqrt(1 / n1 + 1 / n0)
    return sin(angle) ** 2 - p0 if angle < pi / 2 else None


def detectable_median_ratio(after: Sequence[float], before: Sequence[float]) -> float | None:
    """The smallest ratio of medians, above 1, seen four times in five by the rank-sum test.

    Durations are taken as log-normal; 3/pi is the efficiency of ranks against a t test.
    """
    logs = [[log(value) for value in side if value > 0] for side in (after, before)]
    if min(len(side) for side in logs) < SMALL:
        return None
    m, n = (len(side) for side in logs)
    pooled = sqrt(((m - 1) * stdev(logs[0]) ** 2 + (n - 1) * stdev(logs[1]) ** 2) / (m + n - 2))
    return exp(_POWER * pooled * sqrt((1 / m + 1 / n) / (3 / pi)))


# Two-by-two tables


def fisher(
    a: int,
    n1: int,
    c: int,
    n0: int,
    *,
    alternative: Literal["greater", "less", "two-sided"] = "greater",
) -> float:
    """Fisher's exact p of ``a`` of ``n1`` against ``c`` of ``n0``; one-sided upwards by default."""
    _check_count(a, n1)
    _check_count(c, n0)
    total = a + c
    first, last = max(0, total - n0), min(n1, total)
    logs = [
        _log_choose(n1, i) + _log_choose(n0, total - i) - _log_choose(n1 + n0, total)
        for i in range(first, last + 1)
    ]
    if alternative == "two-sided":
        return _as_unlikely(logs, a - first)
    tail = logs[a - first :] if alternative == "greater" else logs[: a - first + 1]
    return min(1.0, fsum(exp(value) for value in tail))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def odds_ratio(a: int, n1: int, c: int, n0: int) -> Interval:
    """Conditional maximum-likelihood odds ratio with exact limits (Fisher 1935; Cornfield 1956).

    A limit that does not exist is None.
    """
    from mining.odds import conditional

    _check_count(a, n1)
    _check_count(c, n0)
    value, low, high = (_finite(x) for x in conditional(a, n1, c, n0, CONFIDENCE))
    return Interval(value, low, high, n1 + n0, "odds ratio, exact conditional")


def _finite(value: float) -> float | None:
    number = float(value)
    return number if number == number and number not in (inf, -inf) else None


def risk_ratio_score(a: int, n1: int, c: int, n0: int) -> tuple[float, float, float]:
    """``(ratio, low, high)`` by inverting the score test (Koopman 1984, Biometrics 40:513;
    Miettinen and Nurminen 1985, Stat. Med. 4:213). Needs an event in both arms.
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    if not a or not c:
        raise ValueError("a risk ratio needs an event in both arms")
    low, high = confint_proportions_2indep(a, n1, c, n0, compare="ratio", method="score")
    return (a / n1) / (c / n0), float(low), float(high)


@dataclass(frozen=True, slots=True)
class RiskRatio:
    """``a`` of ``n1`` exposed against ``c`` of ``n0`` not exposed; ``p`` is one-sided Fisher.

    Without an event in both arms there is no ratio and ``reason`` says why.
    """

    a: int
    n1: int
    c: int
    n0: int
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    method: str
    reason: str = ""


def risk_ratio(
    a: int, n1: int, c: int, n0: int, *, method: Literal["katz", "score"] = "score"
) -> RiskRatio:
    """Risk among exposed over risk among the others.

    ``katz`` is the log interval (Katz et al. 1978, Biometrics 34:469), ``score`` inverts the score
    test and holds better at few events. Raises ValueError when a count exceeds its total.
    """
    _check_count(a, n1)
    _check_count(c, n0)
    name = f"risk ratio, {'Katz log' if method == 'katz' else 'score'} interval, Fisher one-sided"
    if not n1 or not n0:
        return RiskRatio(a, n1, c, n0, None, None, None, None, name, "no-cases-to-compare")
    p = fisher(a, n1, c, n0)
    if not a or not c:
        reason = "no-events" if not a and not c else "no-events-in-one-arm"
        return RiskRatio(a, n1, c, n0, None, None, None, p, name, reason)
    value = (a / n1) / (c / n0)
    if method == "score":
        _, low, high = risk_ratio_score(a, n1, c, n0)
    else:
        spread = _Z * sqrt(1 / a - 1 / n1 + 1 / c - 1 / n0)
        low, high = value * exp(-spread), value * exp(spread)
    return RiskRatio(a, n1, c, n0, value, low, high, p, name)


# Many looks


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p (q) values in the order given (Benjamini and Hochberg 1995, JRSS B 57:289)."""
    m = len(p_values)
    order = sorted(range(m), key=lambda i: p_values[i], reverse=True)
    found, smallest = [1.0] * m, 1.0
    for place, i in enumerate(order):
        smallest = min(smallest, p_values[i] * m / (m - place))
        found[i] = smallest
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be said of one comparison among all of its report."""

    changed: bool
    up: bool
    q: float | None
    text: str


def verdicts(comparisons: Sequence[Comparison]) -> tuple[Verdict, ...]:
    """The verdict on each comparison of a report, in the order given.

    A change is claimed only where the interval excludes "no change" and the p value, adjusted for
    all looks of the report, is at most 5 %. When nothing changed, at most one report in twenty
    says that something did.
    """
    with_p = [(i, c.p) for i, c in enumerate(comparisons) if c.p is not None]
    q_of = dict(
        zip((i for i, _ in with_p), benjamini_hochberg([p for _, p in with_p]), strict=True)
    )
    return tuple(_verdict(c, q_of.get(i)) for i, c in enumerate(comparisons))


def _verdict(comparison: Comparison, q: float | None) -> Verdict:
    if q is None:
        return Verdict(False, False, None, NOT_ENOUGH)
    changed = q <= 1 - CONFIDENCE and comparison.excludes_neutral
    up = comparison.low is not None and comparison.low > comparison.neutral
    return Verdict(changed, changed and up, q, "Changed" if changed else NO_CHANGE)


# How long until


@dataclass(frozen=True, slots=True)
class SurvivalStep:
    """From ``at`` on, ``share`` are still open; ``at_risk`` were followed just before."""

    at: float
    share: float
    low: float
    high: float
    at_risk: int


@dataclass(frozen=True, slots=True)
class Survival:
    """A survival curve; ``median`` is None while more than half are open."""

    steps: tuple[SurvivalStep, ...]
    median: float | None
    n: int
    events: int
    method: str = "Kaplan-Meier, log-log limits"

    def share_at(self, moment: float) -> float:
        """The share still open at ``moment``."""
        passed = [step.share for step in self.steps if step.at <= moment]
        return passed[-1] if passed else 1.0


def kaplan_meier(durations: Sequence[float], ended: Sequence[bool]) -> Survival:
    """Product-limit curve (Kaplan and Meier 1958, JASA 53:457); those not ``ended`` are censored.

    Limits are log-log with Greenwood's variance (Kalbfleisch and Prentice), so they stay within 0
    and 1. Leaving open items out instead would make every backlog look quick.
    """
    if len(durations) != len(ended):
        raise ValueError("each duration needs to say whether it ended")
    followed = Counter(durations)
    events = Counter(at for at, done in zip(durations, ended, strict=True) if done)
    alive, greenwood, at_risk = 1.0, 0.0, len(durations)
    steps: list[SurvivalStep] = []
    for moment in sorted(followed):
        gone = events[moment]
        if gone:
            alive *= 1 - gone / at_risk
            if at_risk > gone:
                greenwood += gone / (at_risk * (at_risk - gone))
            low, high = _log_log(alive, greenwood)
            steps.append(SurvivalStep(float(moment), alive, low, high, at_risk))
        at_risk -= followed[moment]
    half = next((step.at for step in steps if step.share <= 0.5), None)
    return Survival(tuple(steps), half, len(durations), sum(ended))


def _log_log(alive: float, greenwood: float) -> tuple[float, float]:
    if alive <= 0 or alive >= 1:
        return alive, alive
    spread = exp(_Z * sqrt(greenwood) / abs(log(alive)))
    return alive**spread, alive ** (1 / spread)
