"""The tables and lists of our Markdown: for readers, never read back."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import TimePrecision

_SHAPES = {
    TimePrecision.YEAR: "%Y",
    TimePrecision.MONTH: "%Y-%m",
    TimePrecision.DAY: "%Y-%m-%d",
    TimePrecision.EXACT: "%Y-%m-%d %H:%M:%S",
}


def cell(text: str) -> str:
    """``text`` on one line, so that it can't end a cell or a row."""
    return re.sub(r"([|\\])", r"\\\1", " ".join(text.split()))


def when(value: datetime | None, precision: TimePrecision) -> str:
    """The instant with no more digits than are known."""
    if value is None:
        return "unknown" if precision is TimePrecision.UNKNOWN else ""
    words = value.strftime(_SHAPES.get(precision, "%Y-%m-%d %H:%M"))
    return f"about {words}" if precision is TimePrecision.APPROX else words


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cell(text) for text in row)} |" for row in rows]
    if not lines:
        return ""
    rule = "|" + " --- |" * len(names)
    return "\n".join([f"| {' | '.join(names)} |", rule, *lines])


def _mark(confirmed: bool) -> str:
    return "" if confirmed else " (unconfirmed)"


def _times(content: PostmortemContent) -> str:
    rows = [
        (mark.milestone.label, when(mark.value, mark.precision) + _mark(mark.confirmed))
        for mark in content.times
    ]
    return _table(("What", "When (UTC)"), rows)


def _measures(content: PostmortemContent) -> str:
    rows = [
        (
            row.kind.label,
            "unknown" if row.value is None else f"{row.value:g} {row.unit}".strip(),
            row.estimate.label + _mark(row.confirmed),
            row.note,
        )
        for row in content.impact_measures
    ]
    return _table(("Measure", "Value", "How known", "Note"), rows)


def _timeline(content: PostmortemContent) -> str:
    rows = [
        (
            when(row.at, row.precision),
            row.actor_role,
            row.kind.label,
            row.text + _mark(row.confirmed),
        )
        for row in content.timeline
    ]
    return _table(("Time (UTC)", "Who (role)", "Kind", "What"), rows)


def _factors(content: PostmortemContent) -> str:
    rows = [
        (
            row.statement + _mark(row.confirmed),
            row.factor_class,
            row.role.label if row.role else "",
            row.confidence.label if row.confidence else "",
        )
        for row in content.factors
    ]
    return _table(("Factor", "Class", "What it did", "Confidence"), rows)


def _ai(content: PostmortemContent) -> str:
    rows = [
        (
            row.surface.label,
            f"{row.state.label} ({row.state}){_mark(row.confirmed)}",
            row.effect.label if row.effect else "",
            row.note,
        )
        for row in content.ai_influences
    ]
    return _table(("Surface", "Influence", "Effect", "Note"), rows)


def _actions(content: PostmortemContent) -> str:
    rows = [
        (
            row.title + _mark(row.confirmed),
            row.kind.label,
            row.owner or row.team,
            row.due.isoformat() if row.due else "",
            row.status.label,
        )
        for row in content.actions
    ]
    return _table(("Action", "Kind", "Owner", "Due", "Status"), rows)


def _learning(content: PostmortemContent) -> str:
    rows = [(row.kind.label, row.text + _mark(row.confirmed)) for row in content.notes]
    return _table(("Kind", "Note"), rows)


TABLES: dict[str, Callable[[PostmortemContent], str]] = {
    "Times": _times,
    "Measures of impact": _measures,
    "Timeline": _timeline,
    "Contributing factors": _factors,
    "AI influence": _ai,
    "Action items": _actions,
    "Learning": _learning,
}
"""Heading -> the table under it, "" when there is nothing to show."""
