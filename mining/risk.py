"""Are AI-assisted changes riskier? Exposure statistics over a ledger of changes.

A share of incidents is not a risk: the denominator is every change, not those behind incidents.
Absence of evidence is *unknown*, never "not AI", so each estimate compares changes with evidence
to changes without evidence, and says how far undisclosed AI could move it. Without events in both
arms there is no estimate; under five in either there is no verdict. Nothing is computed per person
or per tool.

Sources: Katz et al. 1978 (log interval), Koopman 1984 (score), Mantel and Haenszel 1959,
Greenland and Robins 1985 (variance of the pooled ratio), Robins, Breslow and Greenland 1986
(matched odds ratio), Lash, Fox and Fink 2009 (quantitative bias analysis), Holm 1979.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, sqrt

from mining import stats
from mining.exposure import (
    LEAST_EVENTS,
    Bias,
    Cell,
    Estimate,
    ExposedChange,
    Grouping,
    RiskReport,
    Words,
)

_Z = 1.959963984540054
_POWER = _Z + 0.8416212335729143
_RECALLS = (0.9, 0.7, 0.5)


def _cell(changes: Iterable[ExposedChange], exposed: Callable[[ExposedChange], bool]) -> Cell:
    a = n1 = c = n0 = 0
    for change in changes:
        if exposed(change):
            n1 += 1
            a += bool(change.outcome)
        else:
            n0 += 1
            c += bool(change.outcome)
    return Cell(a, n1, c, n0)


def _has_evidence(change: ExposedChange) -> bool:
    return change.exposure == "evidenced"


def _why_not(cell: Cell) -> str:
    if not cell.n1 or not cell.n0:
        return "no changes in one arm"
    if not cell.a and not cell.c:
        return "no events"
    if not cell.a or not cell.c:
        return "no events in one arm"
    return ""


def _words(cell: Cell, low: float, high: float, p: float | None) -> Words:
    if min(cell.a, cell.c) < LEAST_EVENTS or low <= 1 <= high or (p is not None and p >= 0.05):
        return "cannot distinguish"
    return "associated with more" if low > 1 else "associated with fewer"


def two_sided_fisher(cell: Cell) -> float:
    """Two-sided Fisher exact p of a table."""
    from scipy.stats import fisher_exact

    table = [[cell.a, cell.n1 - cell.a], [cell.c, cell.n0 - cell.c]]
    return float(fisher_exact(table)[1])


def estimate(name: str, cell: Cell) -> Estimate:
    """The ratio of one table, or the reason why there is none."""
    reason = _why_not(cell)
    if reason:
        return Estimate(name, cell, None, None, None, "no data", reason)
    found = stats.risk_ratio(cell.a, cell.n1, cell.c, cell.n0, method="katz")
    assert found.low is not None
    assert found.high is not None
    _, low, high = stats.risk_ratio_score(cell.a, cell.n1, cell.c, cell.n0)
    p = two_sided_fisher(cell)
    words = _words(cell, min(found.low, low), max(found.high, high), p)
    if low > 1 > found.low or found.high > 1 > high:
        words = "cannot distinguish"
    few = "under 5 events in an arm" if min(cell.a, cell.c) < LEAST_EVENTS else ""
    return Estimate(name, cell, found.value, found.low, found.high, words, few, (low, high), p)


def mantel_haenszel(name: str, cells: Sequence[Cell]) -> Estimate:
    """The pooled ratio over strata with the Greenland-Robins interval.

    Strata without an event, or with one arm only, carry no information and are counted, not used.
    """
    used = [cell for cell in cells if cell.informative]
    total = Cell(*(sum(getattr(cell, part) for cell in used) for part in ("a", "n1", "c", "n0")))
    top = sum(cell.a * cell.n0 / (cell.n1 + cell.n0) for cell in used)
    bottom = sum(cell.c * cell.n1 / (cell.n1 + cell.n0) for cell in used)
    if not top or not bottom:
        reason = _why_not(total) or "no events in one arm of the strata that compare"
        return Estimate(name, total, None, None, None, "no data", reason,
                        strata=len(cells), strata_used=len(used))  # fmt: skip
    spread = _Z * sqrt(sum(_variance(cell) for cell in used) / (top * bottom))
    ratio = top / bottom
    low, high = ratio * exp(-spread), ratio * exp(spread)
    p = cochran_p(used)
    return Estimate(
        name,
        total,
        ratio,
        low,
        high,
        _words(total, low, high, p),
        "under 5 events in an arm" if min(total.a, total.c) < LEAST_EVENTS else "",
        p=p,
        strata=len(cells),
        strata_used=len(used),
    )


def cochran_p(cells: Sequence[Cell]) -> float:
    """Cochran-Mantel-Haenszel test with continuity correction: it errs on the side of silence,
    which keeps reports without an effect below one false claim in twenty.
    """
    from scipy.stats import chi2

    gap = spread = 0.0
    for cell in cells:
        n, events = cell.n1 + cell.n0, cell.a + cell.c
        gap += cell.a - events * cell.n1 / n
        if n > 1:
            spread += cell.n1 * cell.n0 * events * (n - events) / (n * n * (n - 1))
    return float(chi2.sf(max(abs(gap) - 0.5, 0.0) ** 2 / spread, 1)) if spread else 1.0


def _variance(cell: Cell) -> float:
    n = cell.n1 + cell.n0
    return ((cell.a + cell.c) * cell.n1 * cell.n0 - cell.a * cell.c * n) / n**2


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given."""
    order = sorted(range(len(p_values)), key=lambda at: p_values[at])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = highest
    return adjusted


def _with_holm(rows: Sequence[Estimate]) -> tuple[Estimate, ...]:
    """Rows by group: many looks, so a word stands only if its adjusted p does."""
    tested = [row for row in rows if row.p is not None]
    p_values = holm([row.p for row in tested if row.p is not None])
    adjusted = dict(zip((row.name for row in tested), p_values, strict=True))
    return tuple(_adjusted(row, adjusted.get(row.name)) for row in rows)


def _adjusted(row: Estimate, p_holm: float | None) -> Estimate:
    words = row.words
    if p_holm is not None and p_holm >= 0.05 and words.startswith("associated"):
        words = "cannot distinguish"
    return replace(row, p_holm=p_holm, words=words)


_KEYS: Mapping[str, Callable[[ExposedChange], str]] = {
    "repo": lambda change: change.repo or "no repository",
    "service": lambda change: change.service or "no service",
    "quarter": lambda change: change.quarter or "undated",
    "size": lambda change: change.size,
}


def _strata(changes: Sequence[ExposedChange], *keys: str) -> dict[tuple[str, ...], Cell]:
    held: dict[tuple[str, ...], list[ExposedChange]] = defaultdict(list)
    for change in changes:
        held[tuple(_KEYS[key](change) for key in keys)].append(change)
    return {key: _cell(part, _has_evidence) for key, part in sorted(held.items())}


def _pooled(changes: Sequence[ExposedChange], unit: Grouping) -> tuple[Estimate, ...]:
    found = [estimate("crude", _cell(changes, _has_evidence))]
    for keys in ((unit,), (unit, "size"), (unit, "quarter"), (unit, "quarter", "size")):
        if len(set(keys)) == len(keys):
            name = "Mantel-Haenszel by " + " x ".join(keys)
            found.append(mantel_haenszel(name, list(_strata(changes, *keys).values())))
    return tuple(found)


def _bounds(changes: Sequence[ExposedChange], crude: Estimate) -> tuple[Estimate, Estimate]:
    """Every unknown change taken as AI, and every one taken as none, which is the crude ratio."""
    every = _cell(changes, lambda change: change.exposure != "attested_none")
    return (
        estimate("every unknown taken as AI", every),
        replace(crude, name="every unknown taken as none"),
    )


def bias_analysis(cell: Cell, recalls: Sequence[float] = _RECALLS) -> tuple[Bias, ...]:
    """The ratio if labels had the given recall, not depending on the outcome, and no false ones.

    Hidden exposed changes are moved out of the other arm at the exposed arm's own risk.
    """
    return tuple(Bias(recall, _at_recall(cell, recall)) for recall in recalls)


def _at_recall(cell: Cell, recall: float) -> float | None:
    if not cell.n1 or not cell.a:
        return None
    risk = cell.a / cell.n1
    hidden = cell.n1 * (1 - recall) / recall
    left, events = cell.n0 - hidden, cell.c - risk * hidden
    return risk / (events / left) if left > 0 and events > 0 else None


def detectable_ratio(cell: Cell) -> float | None:
    """The smallest ratio above 1 that these numbers of changes show four times in five.

    Normal approximation for two proportions, by bisection. None when nothing happened without
    evidence, or when no ratio would do.
    """
    if not cell.c or not cell.n1 or not cell.n0:
        return None
    base = cell.c / cell.n0
    low, high = 1.0, 1 / base
    if _power_gap(high, base, cell) < 0:
        return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _power_gap(middle, base, cell) < 0 else (low, middle)
    return high


def _power_gap(ratio: float, base: float, cell: Cell) -> float:
    other = min(ratio * base, 1.0)
    error = sqrt(other * (1 - other) / cell.n1 + base * (1 - base) / cell.n0)
    return (other - base) - _POWER * error


@dataclass(frozen=True, slots=True)
class MatchedSet:
    """An incident's change with its controls: was each exposed?"""

    case: bool
    controls: tuple[bool, ...]


def case_control(sets: Sequence[MatchedSet]) -> Estimate:
    """Odds ratio over matched sets when there is no full denominator: an odds, not a risk, ratio.

    Mantel-Haenszel over sets with the Robins-Breslow-Greenland interval.
    """
    r = s = pr = ps_qr = qs = 0.0
    used = 0
    for one in sets:
        n = 1 + len(one.controls)
        exposed = sum(one.controls)
        a, b, c, d = int(one.case), exposed, int(not one.case), len(one.controls) - exposed
        ri, si, pi, qi = a * d / n, b * c / n, (a + d) / n, (b + c) / n
        r, s = r + ri, s + si
        pr, ps_qr, qs = pr + pi * ri, ps_qr + pi * si + qi * ri, qs + qi * si
        used += bool(ri or si)
    cell = Cell(
        sum(one.case for one in sets),
        len(sets),
        sum(sum(one.controls) for one in sets),
        sum(len(one.controls) for one in sets),
    )
    if not r or not s:
        return Estimate("odds ratio, matched sets", cell, None, None, None, "no data",
                        "no set in which case and controls differ both ways",
                        strata=len(sets), strata_used=used)  # fmt: skip
    ratio = r / s
    spread = _Z * sqrt(pr / (2 * r * r) + ps_qr / (2 * r * s) + qs / (2 * s * s))
    low, high = ratio * exp(-spread), ratio * exp(spread)
    few = "under 5 events in an arm" if min(cell.a, cell.c) < LEAST_EVENTS else ""
    words = _words(cell, low, high, None)
    return Estimate("odds ratio, matched sets", cell, ratio, low, high, words, few,
                    strata=len(sets), strata_used=used)  # fmt: skip


def _say(head: Estimate, unknown: int, total: int) -> str:
    share = (
        f"{unknown / total:.0%} of {total:,} changes carry no label either way"
        if total
        else ("There are no changes to compare")
    )
    if head.ratio is None:
        return f"No estimate: {head.reason or 'no changes'}. {share}."
    interval = f"{head.ratio:.2f}, 95% {head.low:.2f}–{head.high:.2f}"
    if head.words == "cannot distinguish":
        why = f" ({head.reason})" if head.reason else ""
        return f"These data cannot tell more from fewer: ratio {interval}{why}. {share}."
    side = "more" if head.words.endswith("more") else "fewer"
    return (
        f"Evidence of AI is associated with {side} of this outcome: ratio {interval}. "
        f"Associated with is not caused by. {share}."
    )


def _headline(pooled: Sequence[Estimate]) -> Estimate:
    """The estimate adjusted by unit, quarter and size when there is one, else the next simpler."""
    return next((row for row in reversed(pooled) if row.ratio is not None), pooled[0])


def analyse(
    changes: Sequence[ExposedChange],
    *,
    definition: Mapping[str, str],
    by: Grouping = "repo",
    unit: Grouping = "repo",
) -> RiskReport:
    """The whole report. ``unit`` is what pooled ratios stratify by, ``by`` what rows are shown by.

    Changes whose outcome is pending are counted and left out, as are excluded ones.
    """
    counted = [change for change in changes if change.exposure != "excluded"]
    settled = [change for change in counted if change.outcome is not None]
    pooled = _pooled(settled, unit)
    rows = [estimate(" / ".join(key), cell) for key, cell in _strata(settled, by).items()]
    states = Counter(change.exposure for change in changes)
    attested = [change for change in settled if change.exposure == "attested_none"]
    evidenced = [change for change in settled if _has_evidence(change)]
    head = _headline(pooled)
    return RiskReport(
        definition=dict(definition),
        counts={name: states.get(name, 0)
                for name in ("evidenced", "attested_none", "unknown", "excluded")},
        outcomes=dict(Counter(change.exposure for change in settled if change.outcome)),
        pending=len(counted) - len(settled),
        by=by,
        groups=_with_holm(rows),
        pooled=pooled,
        headline=head,
        bounds=_bounds(settled, pooled[0]),
        bias=bias_analysis(pooled[0].cell),
        detectable=detectable_ratio(pooled[0].cell),
        attested=estimate("against attested none", _cell([*evidenced, *attested], _has_evidence)),
        sentence=_say(head, states.get("unknown", 0), len(counted)),
        quarters=_by_quarter(counted),
    )  # fmt: skip


def _by_quarter(changes: Sequence[ExposedChange]) -> tuple[tuple[str, Mapping[str, int]], ...]:
    held: dict[str, Counter[str]] = defaultdict(Counter)
    for change in changes:
        held[change.quarter or "undated"][change.exposure] += 1
    return tuple((quarter, dict(held[quarter])) for quarter in sorted(held))
