"""The newest run's map: incidents placed by likeness."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from rca.domain.vocabulary import PatternState
from rca.services.pattern_values import RunView
from rca.services.patterns import newest_result, open_references, titles_of
from rca.store import tables as t

MOST_LABELS = 80


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
    """Incidents by likeness, patterns with their counts, the largest first.

    ``labelled`` are the points that carry the number of their pattern: all of them while they are
    few, else the first of each of the largest patterns.
    """

    run: RunView | None
    points: tuple[Placed, ...]
    patterns: tuple[tuple[str, str, int], ...]
    labelled: frozenset[str]


def map_of_incidents(session: Session) -> MapPage:
    """Open incidents of the newest run with their place; dismissed patterns are not drawn."""
    run, result = newest_result(session)
    places: Mapping[str, Sequence[float]] = result.get("places", {})
    member, row, pattern = t.PatternMember, t.PostmortemRow, t.PatternRow
    query = (
        select(row.reference, pattern.id, pattern.name)
        .where(
            member.postmortem_id == row.id,
            member.pattern_id == pattern.id,
            pattern.last_run_id == (run.id if run else ""),
            pattern.state != PatternState.DISMISSED.value,
        )
        .order_by(col(pattern.size), col(pattern.id).desc())
    )
    of = {reference: (key, name) for reference, key, name in session.exec(query)}
    titles = titles_of(session, open_references(session, sorted(places)))
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
    patterns = tuple((key, name, n) for (key, name), n in ranked)
    return MapPage(run, points, patterns, _labelled(points, [key for key, _, _ in patterns]))


def _labelled(points: Sequence[Placed], patterns: Sequence[str]) -> frozenset[str]:
    inside = [point for point in points if point.pattern_id]
    if len(inside) <= MOST_LABELS:
        return frozenset(point.reference for point in inside)
    first = {point.pattern_id: point.reference for point in reversed(inside)}
    return frozenset(first[key] for key in patterns[:MOST_LABELS])
