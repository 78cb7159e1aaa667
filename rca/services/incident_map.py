"""The newest run's map: incidents placed by likeness."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from rca.domain.postmortem import OWN_ORGANISATION
from rca.domain.vocabulary import PatternState
from rca.services.map_labels import HEIGHT, WIDTH, Box, Label, place_labels
from rca.services.pattern_values import RunView
from rca.services.patterns import newest_result, open_references, titles_of
from rca.services.visibility import is_open
from rca.store import tables as t

MOST_LABELS = 60
MOST_THREADS = 40
MARGIN = 20.0


@dataclass(frozen=True, slots=True)
class Placed:
    """An incident on the map, in units of the drawing, with the incident most like it."""

    reference: str
    title: str
    x: float
    y: float
    pattern_id: str
    pattern_name: str
    nearest: str
    nearest_title: str


@dataclass(frozen=True, slots=True)
class Thread:
    """The line from an incident to the middle of its pattern."""

    x: float
    y: float
    to_x: float
    to_y: float


@dataclass(frozen=True, slots=True)
class MapPage:
    """Incidents by likeness, patterns with their counts, the largest first.

    Likeness is measured inside one organisation, so the map is of one: ``organisation``, of those
    that can be drawn, each with its number of incidents. ``labels`` are the numbers of patterns
    where there is room for them, one each; ``threads`` hold the incidents of a pattern together
    while there are few enough patterns to tell apart.
    """

    run: RunView | None
    points: tuple[Placed, ...]
    patterns: tuple[tuple[str, str, int], ...]
    labels: tuple[Label, ...]
    threads: tuple[Thread, ...]
    organisation: str
    organisations: tuple[tuple[str, int], ...]

    def inside(self, pattern_id: str) -> tuple[Placed, ...]:
        """The incidents of one pattern; of none when it is blank."""
        return tuple(point for point in self.points if point.pattern_id == pattern_id)


def map_of_incidents(session: Session, *, organisation: str = "") -> MapPage:
    """Open incidents of the newest run with their place; dismissed patterns are not drawn.

    Another organisation than one that was drawn reads as the own one, or as the largest.
    """
    run, result = newest_result(session)
    places: Mapping[str, Sequence[float]] = result.get("places", {})
    whose = _whose(session, open_references(session, sorted(places)))
    counted = Counter(whose.values())
    ranked = sorted(counted.items(), key=lambda pair: (pair[0] != OWN_ORGANISATION, -pair[1], pair))
    chosen = organisation if organisation in counted else next((name for name, _ in ranked), "")
    of = _patterns(session, run)
    titles = titles_of(session, [ref for ref, name in whose.items() if name == chosen])
    nearest = _nearest(session) if titles else {}
    points = tuple(
        _placed(reference, title, places[reference], of, nearest)
        for reference, title in titles.items()
    )
    return _drawn(run, points, chosen, tuple(ranked))


def _drawn(
    run: RunView | None,
    points: tuple[Placed, ...],
    organisation: str,
    organisations: tuple[tuple[str, int], ...],
) -> MapPage:
    inside = Counter((p.pattern_id, p.pattern_name) for p in points if p.pattern_id)
    ranked = sorted(inside.items(), key=lambda pair: (-pair[1], pair[0]))
    patterns = tuple((key, name, n) for (key, name), n in ranked)
    groups = {key: [(p.x, p.y) for p in points if p.pattern_id == key] for key, _, _ in patterns}
    dots = [Box.around(point.x, point.y, 5.0) for point in points]
    shown = {key: groups[key] for key, _, _ in patterns[:MOST_LABELS]}
    return MapPage(
        run=run,
        points=points,
        patterns=patterns,
        labels=place_labels(shown, dots),
        threads=_threads(groups),
        organisation=organisation,
        organisations=organisations,
    )


def _whose(session: Session, references: Sequence[str]) -> dict[str, str]:
    """The organisation of each reference, in the order of references."""
    row = t.PostmortemRow
    found: dict[str, str] = {}
    for start in range(0, len(references), 500):
        chunk = references[start : start + 500]
        query = select(row.reference, row.organisation).where(col(row.reference).in_(chunk))
        found.update(dict(session.exec(query.order_by(col(row.reference))).all()))
    return found


def _placed(
    reference: str,
    title: str,
    place: Sequence[float],
    of: Mapping[str, tuple[str, str]],
    nearest: Mapping[str, tuple[str, str]],
) -> Placed:
    x = round(MARGIN + place[0] * (WIDTH - 2 * MARGIN), 1)
    y = round(MARGIN + place[1] * (HEIGHT - 2 * MARGIN), 1)
    near = nearest.get(reference, ("", ""))
    return Placed(reference, title, x, y, *of.get(reference, ("", "")), *near)


def _patterns(session: Session, run: RunView | None) -> dict[str, tuple[str, str]]:
    """The pattern of each incident: of several, the largest."""
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
    return {reference: (key, name) for reference, key, name in session.exec(query)}


def _nearest(session: Session) -> dict[str, tuple[str, str]]:
    """The open incident most like each one, with its title, as the newest run kept them."""
    link, one, other = t.SimilarPostmortem, aliased(t.PostmortemRow), t.PostmortemRow
    query = (
        select(one.reference, other.reference, other.title)
        .where(link.postmortem_id == one.id, link.other_id == other.id, is_open())
        .order_by(col(link.position).desc())
    )
    return {mine: (theirs, title) for mine, theirs, title in session.exec(query)}


def _threads(groups: Mapping[str, Sequence[tuple[float, float]]]) -> tuple[Thread, ...]:
    if len(groups) > MOST_THREADS:
        return ()
    found = []
    for places in groups.values():
        middle_x = round(sum(x for x, _ in places) / len(places), 1)
        middle_y = round(sum(y for _, y in places) / len(places), 1)
        found += [Thread(x, y, middle_x, middle_y) for x, y in places if len(places) > 1]
    return tuple(found)
