"""Where the number of a pattern goes on the map, so that no two lie on each other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 760.0, 520.0
"""Size of the drawing, in its own units."""
# A number like P-123 in the larger letters of a phone; smaller letters leave room to spare.
_LETTER, _TALL, _GAP = 9.5, 17.0, 8.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the drawing that something stands in."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, x: float, y: float, reach: float) -> "Box":
        """The square around a point."""
        return cls(x - reach, y - reach, x + reach, y + reach)

    def meets(self, other: "Box") -> bool:
        """Whether the two share any ground."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


@dataclass(frozen=True, slots=True)
class Label:
    """The number of a pattern: the middle of its base line."""

    text: str
    x: float
    y: float


def place_labels(
    groups: Mapping[str, Sequence[tuple[float, float]]], dots: Sequence[Box]
) -> tuple[Label, ...]:
    """One label for each group, the first ones first, beside the incident nearest its middle.

    A group whose label would lie on another label or on an incident is tried at its other
    incidents, and goes without when there is no room at any.
    """
    taken = list(dots)
    found = []
    for text, places in groups.items():
        for x, y in _candidates(places, len(text) * _LETTER):
            box = _box(x, y, len(text) * _LETTER)
            inside = box.left >= 0 and box.right <= WIDTH and box.top >= 0 and box.bottom <= HEIGHT
            if inside and not any(box.meets(other) for other in taken):
                taken.append(box)
                found.append(Label(text, round(x, 1), round(y, 1)))
                break
    return tuple(found)


def _box(x: float, y: float, wide: float) -> Box:
    return Box(x - wide / 2, y - _TALL + 4, x + wide / 2, y + 4)


def _candidates(
    places: Sequence[tuple[float, float]], wide: float
) -> Iterator[tuple[float, float]]:
    """Right of, left of, above and below each incident, from the middle of the group outwards."""
    middle_x = sum(x for x, _ in places) / len(places)
    middle_y = sum(y for _, y in places) / len(places)
    ranked = sorted(places, key=lambda at: (at[0] - middle_x) ** 2 + (at[1] - middle_y) ** 2)
    for x, y in ranked:
        yield x + _GAP + wide / 2, y + 4
        yield x - _GAP - wide / 2, y + 4
        yield x, y - _GAP - 2
        yield x, y + _GAP + _TALL - 4
