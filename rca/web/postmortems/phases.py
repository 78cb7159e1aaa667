"""The phases of an incident as a drawing to scale: numbers for attributes, no style."""

from dataclasses import dataclass
from itertools import pairwise

from rca.domain.durations import Phase, human_duration, phases
from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import Milestone
from rca.web.filters import hm

WIDTH, EDGE = 640.0, 8.0
LEAST, _LETTER, _GAP = 74.0, 6.3, 10.0
_CLASS = {"latent": "c-4", "unnoticed": "c-2", "finding": "c-3", "fixing": "c-1", "watching": "c-4"}
_SHORT = {
    Milestone.FAULT_INTRODUCED: "introduced",
    Milestone.IMPACT_STARTED: "impact starts",
    Milestone.DETECTED: "detected",
    Milestone.DIAGNOSED: "understood",
    Milestone.MITIGATED: "mitigated",
    Milestone.IMPACT_ENDED: "impact ends",
    Milestone.RESOLVED: "resolved",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One phase: where it stands, and its words."""

    x: float
    width: float
    middle: float
    css: str
    label: str
    length: str


@dataclass(frozen=True, slots=True)
class Tick:
    """One milestone on the bar."""

    x: float
    anchor: str
    label: str
    time: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Bars and ticks; ``to_scale`` is False when a short phase was widened to be readable."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    to_scale: bool
    says: str


def draw(content: PostmortemContent) -> Drawing | None:
    """The drawing, or None when fewer than two phases are known."""
    found = [
        phase for phase in phases(content) if phase.key != "latent" or _is_near(phase, content)
    ]
    if len(found) < 2:
        return None
    names = [_SHORT[found[0].start], *(_SHORT[phase.end] for phase in found)]
    widths, to_scale = _widths([phase.length.total_seconds() for phase in found], _least(names))
    bars, ticks, x = [], [], EDGE
    for phase, width in zip(found, widths, strict=True):
        bars.append(
            Bar(
                x,
                width,
                x + width / 2,
                _CLASS[phase.key],
                phase.label,
                human_duration(phase.length),
            )
        )
        ticks.append(_tick(content, phase.start, x, "start" if x == EDGE else "middle"))
        x += width
    ticks.append(_tick(content, found[-1].end, x, "end"))
    says = "; ".join(f"{bar.label} {bar.length}" for bar in bars)
    return Drawing(tuple(bars), tuple(ticks), to_scale, says)


def _is_near(latent: Phase, content: PostmortemContent) -> bool:
    """A condition that lay dormant for weeks would squeeze the incident itself to a line."""
    rest = [phase.length for phase in phases(content) if phase.key != "latent"]
    return bool(rest) and latent.length <= 2 * sum(rest, start=rest[0] - rest[0])


def _least(names: list[str]) -> list[float]:
    """Width that each phase needs so that the names of its two ends stand apart: the outermost
    two names lie wholly inside, the others are centred on their tick.
    """
    needed = [_LETTER * len(name) / 2 for name in names]
    needed[0] *= 2
    needed[-1] *= 2
    return [max(LEAST, one + other + _GAP) for one, other in pairwise(needed)]


def _widths(seconds: list[float], least: list[float]) -> tuple[list[float], bool]:
    room = WIDTH - 2 * EDGE
    widened: set[int] = set()
    while True:
        left = room - sum(least[place] for place in widened)
        shared = sum(value for place, value in enumerate(seconds) if place not in widened)
        widths = [
            least[place] if place in widened else left * value / shared
            for place, value in enumerate(seconds)
        ]
        short = {place for place, width in enumerate(widths) if width < least[place] - 1e-9}
        if not short - widened:
            return widths, not widened
        widened |= short


def _tick(content: PostmortemContent, milestone: Milestone, x: float, anchor: str) -> Tick:
    return Tick(x, anchor, _SHORT[milestone], hm(content.instant(milestone)))
