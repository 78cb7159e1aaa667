"""Durations are derived from milestones, never typed."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import Milestone, TimePrecision

_PAIRS = (
    ("detect", "Time to detect", Milestone.IMPACT_STARTED, Milestone.DETECTED),
    ("acknowledge", "Time to acknowledge", Milestone.DETECTED, Milestone.ACKNOWLEDGED),
    ("diagnose", "Time to diagnose", Milestone.DETECTED, Milestone.DIAGNOSED),
    ("mitigate", "Time to mitigate", Milestone.IMPACT_STARTED, Milestone.MITIGATED),
    ("impact", "Impact lasted", Milestone.IMPACT_STARTED, Milestone.IMPACT_ENDED),
    ("resolve", "Time to resolve", Milestone.IMPACT_STARTED, Milestone.RESOLVED),
)
_IN_ORDER = tuple(Milestone)[:9]
_COARSE = (TimePrecision.DAY, TimePrecision.MONTH, TimePrecision.YEAR, TimePrecision.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Duration:
    """A derived duration. ``value`` is None when it can't be told; ``approximate`` when rough."""

    key: str
    label: str
    value: timedelta | None
    approximate: bool
    from_milestone: Milestone
    to_milestone: Milestone

    @property
    def text(self) -> str:
        """Like ``1 h 12 min``; ``about`` in front when an end is rough; a dash when unknown."""
        if self.value is None:
            return "–"
        return ("about " if self.approximate else "") + human_duration(self.value)


def human_duration(span: timedelta) -> str:
    """Two largest units: ``45 s``, ``12 min``, ``1 h 12 min``, ``3 d 4 h``."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 60:
        return f"{minutes} min"
    if hours < 48:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"


def _derive(content: PostmortemContent, start: Milestone, end: Milestone) -> timedelta | None:
    first, last = content.mark(start), content.mark(end)
    if not first or not last or first.value is None or last.value is None:
        return None
    if first.precision in _COARSE or last.precision in _COARSE or last.value < first.value:
        return None
    return last.value - first.value


def durations(content: PostmortemContent) -> list[Duration]:
    """All derived durations in their usual order. A negative or day-precision one is unknown.

    Without an answer for the end of impact, impact is taken to last about until mitigation.
    """
    found = []
    for key, label, start, end in _PAIRS:
        guessed = end is Milestone.IMPACT_ENDED and content.mark(end) is None
        end = Milestone.MITIGATED if guessed else end
        ends = (content.mark(start), content.mark(end))
        rough = guessed or any(mark and mark.precision is TimePrecision.APPROX for mark in ends)
        found.append(Duration(key, label, _derive(content, start, end), rough, start, end))
    return found


def order_warnings(content: PostmortemContent) -> list[str]:
    """Milestones that stand in an unusual order: a warning to explain, never an error.

    Mitigation can precede declaration and incidents reopen, so the author explains instead.
    """
    known = [(m, v) for m in _IN_ORDER if (v := content.instant(m)) is not None]
    return [
        f"“{later.label}” is before “{earlier.label}”. If that is right, say why in the note."
        for (earlier, first), (later, second) in pairwise(known)
        if second < first
    ]


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of an incident between two known instants."""

    key: str
    label: str
    start: Milestone
    end: Milestone
    length: timedelta


_PHASES = (
    ("latent", "Latent", Milestone.FAULT_INTRODUCED, (Milestone.IMPACT_STARTED,)),
    ("unnoticed", "Unnoticed", Milestone.IMPACT_STARTED, (Milestone.DETECTED,)),
    ("finding", "Finding out", Milestone.DETECTED, (Milestone.DIAGNOSED, Milestone.MITIGATED)),
    ("fixing", "Fixing", Milestone.DIAGNOSED, (Milestone.MITIGATED,)),
    ("watching", "Watching", Milestone.MITIGATED, (Milestone.RESOLVED, Milestone.IMPACT_ENDED)),
)


def phases(content: PostmortemContent) -> list[Phase]:
    """The known stretches in order, each beginning where the one before ended.

    Empty unless impact start and one later milestone are known to the minute or better.
    """
    found: list[Phase] = []
    for key, label, start, ends in _PHASES:
        for end in ends:
            length = _derive(content, start, end)
            if length:
                name = (
                    "Detected to mitigated"
                    if end is Milestone.MITIGATED and key == "finding"
                    else label
                )
                found.append(Phase(key, name, start, end, length))
                break
    return found
