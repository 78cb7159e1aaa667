"""What the newest run compared, its map of incidents and its themes, as pages read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from sqlmodel import Session, col, select

from mining.findings import DIMENSIONS, VERDICTS
from rca.domain import vocabulary as v
from rca.domain.ai import SUMMARY_LABELS
from rca.services.causes import cause_name
from rca.services.mining import last_run_id
from rca.services.patterns import RunView, open_references, run_view
from rca.store import tables as t

_LABELS: Mapping[str, type[v.Vocabulary]] = {
    "trigger": v.Trigger,
    "detection_method": v.DetectionMethod,
    "detection_gap": v.DetectionGap,
    "severity": v.Severity,
    "factor_role": v.FactorRole,
}
SCALE = (0.1, 1.0, 10.0, 100.0)
_LOW, _HIGH = 0.05, 200.0


@dataclass(frozen=True, slots=True)
class FindingView:
    """One comparison in words, with its place on the forest plot's log scale (0 to 1)."""

    subject: str
    pattern_id: str
    answer: str
    here: int
    here_n: int
    there: int
    there_n: int
    not_known: int
    odds_ratio: float | None
    low: float | None
    high: float | None
    q: float
    verdict: str
    verdict_words: str
    at: float | None
    from_: float
    to: float


@dataclass(frozen=True, slots=True)
class FindingsPage:
    """The comparisons of a run: those that hold, and how many were made."""

    run: RunView | None
    rows: tuple[FindingView, ...]
    comparisons: int
    supported: int
    ticks: tuple[tuple[float, str], ...]


def _result(session: Session) -> tuple[RunView | None, dict[str, Any]]:
    run_id = last_run_id(session)
    row = session.get(t.MiningRun, run_id) if run_id else None
    return run_view(session, run_id), dict(row.result) if row else {}


def list_findings(session: Session, *, pattern_id: str = "", limit: int = 40) -> FindingsPage:
    """The surest comparisons of the newest run, of one pattern when one is named."""
    run, result = _result(session)
    rows = [row for row in result.get("findings", []) if _wanted(row, pattern_id)]
    names = _pattern_names(session)
    found = tuple(_view(row, names) for row in rows[:limit])
    return FindingsPage(
        run=run,
        rows=found,
        comparisons=int(result.get("comparisons", 0)),
        supported=sum(row.get("verdict") == "supported" for row in rows),
        ticks=tuple((_place(tick), f"{tick:g}") for tick in SCALE),
    )


def _wanted(row: Mapping[str, Any], pattern_id: str) -> bool:
    return not pattern_id or (row["subject_kind"], row["subject"]) == ("pattern", pattern_id)


def _pattern_names(session: Session) -> dict[str, str]:
    return dict(session.exec(select(t.PatternRow.id, t.PatternRow.name)).all())


def _place(ratio: float) -> float:
    bounded = min(max(ratio, _LOW), _HIGH)
    return round((log(bounded) - log(_LOW)) / (log(_HIGH) - log(_LOW)), 4)


def answer_words(dimension: str, value: str) -> str:
    """``Trigger: config change``."""
    words = _LABELS[dimension].label_of(value) if dimension in _LABELS else value
    if dimension == "ai":
        return SUMMARY_LABELS.get(value, value)
    return f"{DIMENSIONS.get(dimension, dimension)}: {words}"


def _view(row: Mapping[str, Any], names: Mapping[str, str]) -> FindingView:
    subject, is_pattern = str(row["subject"]), row["subject_kind"] == "pattern"
    ratio, low, high = row["odds_ratio"], row["low"], row["high"]
    return FindingView(
        subject=names.get(subject, subject) if is_pattern else cause_name(subject),
        pattern_id=subject if is_pattern else "",
        answer=answer_words(row["dimension"], row["value"]),
        here=row["here"],
        here_n=row["here_n"],
        there=row["there"],
        there_n=row["there_n"],
        not_known=sum(row["not_known"]),
        odds_ratio=ratio,
        low=low,
        high=high,
        q=row["q"],
        verdict=row["verdict"],
        verdict_words=VERDICTS[row["verdict"]],
        at=_place(ratio) if ratio else None,
        from_=_place(low if low else _LOW),
        to=_place(high if high else _HIGH),
    )


@dataclass(frozen=True, slots=True)
class Placed:
    """An incident on the map."""

    reference: str
    title: str
    x: float
    y: float
    pattern_id: str
    pattern_name: str


@dataclass(frozen=True, slots=True)
class MapPage:
    """Incidents by likeness, patterns numbered by size for their marks."""

    run: RunView | None
    points: tuple[Placed, ...]
    patterns: tuple[tuple[str, str, int], ...]


def map_of_incidents(session: Session) -> MapPage:
    """Open incidents of the newest run with their place; dismissed patterns are not drawn."""
    run, result = _result(session)
    places: Mapping[str, Sequence[float]] = result.get("places", {})
    member, row, pattern = t.PatternMember, t.PostmortemRow, t.PatternRow
    query = (
        select(row.reference, pattern.id, pattern.name)
        .where(
            member.postmortem_id == row.id,
            member.pattern_id == pattern.id,
            pattern.last_run_id == (run.id if run else ""),
            pattern.state != v.PatternState.DISMISSED.value,
        )
        .order_by(col(pattern.size), col(pattern.id).desc())
    )
    of = {reference: (key, name) for reference, key, name in session.exec(query)}
    titles = _titles(session, open_references(session, sorted(places)))
    points = tuple(
        Placed(ref, title, places[ref][0], places[ref][1], *of.get(ref, ("", "")))
        for ref, title in titles.items()
    )
    counts: dict[tuple[str, str], int] = {}
    for point in points:
        if point.pattern_id:
            key = (point.pattern_id, point.pattern_name)
            counts[key] = counts.get(key, 0) + 1
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return MapPage(run, points, tuple((key, name, n) for (key, name), n in ranked))


def _titles(session: Session, references: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(references), 500):
        query = select(t.PostmortemRow.reference, t.PostmortemRow.title).where(
            col(t.PostmortemRow.reference).in_(references[start : start + 500])
        )
        found.update(dict(session.exec(query.order_by(col(t.PostmortemRow.reference))).all()))
    return found


@dataclass(frozen=True, slots=True)
class ThemeView:
    """A theme over all organisations."""

    name: str
    cause: str
    size: int
    organisations: int
    stability: float
    exemplars: tuple[tuple[str, str], ...]
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ThemesPage:
    """Themes of the newest run, with what was hidden and why there may be none."""

    run: RunView | None
    rows: tuple[ThemeView, ...]
    hidden: int
    rest: int
    reason: str


def list_themes(session: Session) -> ThemesPage:
    """Themes with their open members; one that lost all but two to restriction is not shown."""
    run, result = _result(session)
    themes: Mapping[str, Any] = result.get("themes", {})
    rows = themes.get("rows", [])
    members = sorted({i for row in rows for i in row["members"]})
    titles = _titles(session, open_references(session, members))
    return ThemesPage(
        run=run,
        rows=tuple(view for row in rows if (view := _theme(row, titles)).size >= 3),
        hidden=int(themes.get("hidden", 0)),
        rest=int(themes.get("rest", 0)),
        reason=str(themes.get("reason", "")),
    )


def _theme(row: Mapping[str, Any], titles: Mapping[str, str]) -> ThemeView:
    shown = [i for i in row["members"] if i in titles]
    pairs = zip(row["exemplars"], row["quotes"], strict=False)
    return ThemeView(
        name=row["name"],
        cause=cause_name(row["cause"]),
        size=len(shown),
        organisations=row["organisations"],
        stability=row["stability"],
        exemplars=tuple((i, titles[i]) for i in row["exemplars"] if i in titles),
        quotes=tuple(quote for i, quote in pairs if i in titles),
    )
