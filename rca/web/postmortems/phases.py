"""The phases of an incident as a drawing to scale: numbers for attributes, no style."""

from dataclasses import dataclass

from rca.domain.durations import Phase, human_duration, phases
from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import Milestone
from rca.web.filters import hm

WIDTH, EDGE = 640.0, 8.0
LEAST = 74.0
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
    widths, to_scale = _widths([phase.length.total_seconds() for phase in found])
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


def _widths(seconds: list[float]) -> tuple[list[float], bool]:
    room, total = WIDTH - 2 * EDGE, sum(seconds)
    exact = [room * value / total for value in seconds]
    if min(exact) >= LEAST:
        return exact, True
    short = [width < LEAST for width in exact]
    left = room - LEAST * sum(short)
    wide = sum(value for value, is_short in zip(seconds, short, strict=True) if not is_short)
    widths = [
        LEAST if is_short else left * value / wide
        for value, is_short in zip(seconds, short, strict=True)
    ]
    return widths, False


def _tick(content: PostmortemContent, milestone: Milestone, x: float, anchor: str) -> Tick:
    return Tick(x, anchor, _SHORT[milestone], hm(content.instant(milestone)))
