"""One postmortem as print shows it: roles only, unknown and unconfirmed said as such."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rca.domain import ai
from rca.domain.durations import Duration, durations
from rca.domain.postmortem import (
    ActionItem,
    AIInfluence,
    LearningNote,
    PostmortemContent,
    TimelineEntry,
    TimeMark,
)
from rca.domain.vocabulary import AISurface, Milestone, NoteKind, TimePrecision
from rca.reports import words
from rca.reports.paper import known
from rca.services.causes import cause_name

MOST_TIMELINE = 300
_LEDE = 420


@dataclass(frozen=True, slots=True)
class AIRow:
    """One surface in words. ``answer`` picks the shape of its mark."""

    surface: str
    answer: str
    words: str
    confirmed: bool
    detail: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Printed:
    """Everything that the print templates read of one postmortem."""

    reference: str
    title: str
    state: str
    content: PostmortemContent
    names: bool
    unconfirmed: int
    started: str
    day: str
    outside: tuple[tuple[str, str], ...]
    impact: str
    impact_line: str
    lede: str
    ai_line: str
    times: tuple[TimeMark, ...]
    durations: tuple[Duration, ...]
    timeline: tuple[TimelineEntry, ...]
    timeline_left: int
    factor_names: tuple[str, ...]
    ai_rows: tuple[AIRow, ...]
    actions: tuple[ActionItem, ...]
    notes: tuple[tuple[str, tuple[LearningNote, ...]], ...]
    lucky: tuple[str, ...]


def printed(
    content: PostmortemContent, *, reference: str, state: str, unconfirmed: int, names: bool = False
) -> Printed:
    """The print value of ``content``. ``names`` lets owners of actions through."""
    spans = [d for d in durations(content) if d.value is not None]
    impact = next((d.text for d in spans if d.key == "impact"), "")
    entries = [entry for entry in content.timeline if entry.text.strip()]
    return Printed(
        reference=reference,
        title=content.title or reference,
        state=state,
        content=content,
        names=names,
        unconfirmed=unconfirmed,
        started=_started(content),
        day=_started_on(content),
        outside=_outside(content, impact),
        impact=impact or "Unknown",
        impact_line=_impact_line(content),
        lede=_lede(content),
        ai_line=_ai_line(content.ai_influences),
        times=tuple(content.times),
        durations=tuple(spans),
        timeline=tuple(entries[:MOST_TIMELINE]),
        timeline_left=max(0, len(entries) - MOST_TIMELINE),
        factor_names=tuple(
            cause_name(f.factor_class) if f.factor_class else "Class not chosen"
            for f in content.factors
            if f.statement
        ),
        ai_rows=_grouped([_ai_row(row) for row in _in_order(content.ai_influences)]),
        actions=tuple(action for action in content.actions if action.title),
        notes=_notes(content.notes),
        lucky=tuple(n.text for n in content.notes if n.kind is NoteKind.GOT_LUCKY),
    )


def _started(content: PostmortemContent) -> str:
    mark = content.mark(Milestone.IMPACT_STARTED) or content.mark(Milestone.DETECTED)
    if mark is None:
        return "Not answered"
    text = known(mark.value, mark.precision)
    return f"{text} UTC" if ":" in text else text


def _started_on(content: PostmortemContent) -> str:
    """The day in words, as it goes outside; blank when it is not known so exactly, or nobody
    confirmed it.
    """
    for milestone in (Milestone.IMPACT_STARTED, Milestone.DETECTED):
        mark = content.mark(milestone)
        if mark and mark.value and mark.confirmed and mark.precision not in _VAGUE:
            return words.day(mark.value)
    return ""


def _outside(content: PostmortemContent, impact: str) -> tuple[tuple[str, str], ...]:
    """Begin, end and length of the impact as customers read them; only what is known, and
    confirmed.
    """
    began = _moment(content, Milestone.IMPACT_STARTED)
    ended = _moment(content, Milestone.IMPACT_ENDED)
    # Without an end on record the length runs to mitigation, and says "about".
    guessed = content.mark(Milestone.IMPACT_ENDED) is None
    known_end = _moment(content, Milestone.MITIGATED) if guessed else ended
    found = (("Began", began), ("Ended", ended), ("Lasted", impact if began and known_end else ""))
    return tuple((name, value) for name, value in found if value)


def _moment(content: PostmortemContent, milestone: Milestone) -> str:
    mark = content.mark(milestone)
    if mark is None or mark.value is None or mark.precision in _VAGUE or not mark.confirmed:
        return ""
    day = words.day(mark.value)
    if mark.precision is TimePrecision.DAY:
        return day
    about = "about " if mark.precision is TimePrecision.APPROX else ""
    return f"{day}, {about}{mark.value:%H:%M} UTC"


_VAGUE = (TimePrecision.YEAR, TimePrecision.MONTH, TimePrecision.UNKNOWN)


def _lede(content: PostmortemContent) -> str:
    """The short text when there is one, else the summary's first sentences as plain words."""
    if content.tldr:
        return content.tldr
    text = " ".join(content.summary.replace("*", "").replace("`", "").split())
    if len(text) <= _LEDE:
        return text
    cut = text[:_LEDE]
    return cut[: cut.rfind(". ") + 1] if ". " in cut else cut.rsplit(" ", 1)[0] + "…"


def _impact_line(content: PostmortemContent) -> str:
    parts = []
    for measure in content.impact_measures:
        mark = "" if measure.confirmed else " (not confirmed)"
        if measure.value is None:
            parts.append(f"{measure.kind.label}: unknown")
            continue
        value = f"{words.number(measure.value)} {measure.unit}".strip()
        parts.append(f"{measure.kind.label}: {value}, {measure.estimate.label.lower()}{mark}")
    text = content.impact_summary.split("\n\n")[0]
    return " ".join([text, *(f"{part}." for part in parts)]).strip() or "Not described."


def _in_order(rows: Sequence[AIInfluence]) -> list[AIInfluence]:
    order = list(AISurface)
    return sorted(rows, key=lambda row: order.index(row.surface))


def _ai_row(row: AIInfluence) -> AIRow:
    answer = ai.answer_of(row.state)
    said = [row.part, row.effect, row.autonomy]
    lines = [
        f"{item.basis.label} {item.locator}".strip() + f" ({item.strength.label.lower()})"
        for item in row.evidence
    ]
    if row.conditions:
        lines.append("What made it possible: " + ", ".join(c.label for c in row.conditions) + ".")
    if row.conditions_note:
        lines.append(row.conditions_note)
    lines += [f"{claim.party} says: {claim.statement}" for claim in row.claims]
    if row.note:
        lines.append(row.note)
    return AIRow(
        surface=row.surface.label,
        answer=answer.value if row.confirmed else "unknown",
        words=answer.label,
        confirmed=row.confirmed,
        detail=", ".join(value.label for value in said if value),
        lines=tuple(lines),
    )


def _grouped(rows: Sequence[AIRow]) -> tuple[AIRow, ...]:
    """Surfaces of the same bare answer in one row: most incidents have many that say none."""
    bare: dict[str, list[AIRow]] = {}
    for row in rows:
        if row.confirmed and not row.detail and not row.lines:
            bare.setdefault(row.answer, []).append(row)
    told = [row for row in rows if row not in bare.get(row.answer, [])]
    joined = [
        replace(same[0], surface=", ".join(row.surface for row in same)) for same in bare.values()
    ]
    return (*told, *joined)


def _ai_line(rows: Sequence[AIInfluence]) -> str:
    summary = ai.SUMMARY_LABELS[ai.summarise(rows)]
    said = [
        f"{row.surface.label.lower()} ({row.effect.label.lower()})"
        for row in _in_order(rows)
        if row.confirmed and row.effect and ai.answer_of(row.state).value == "confirmed"
    ]
    return f"{summary}: {', '.join(said)}." if said else f"{summary}."


def _notes(notes: Sequence[LearningNote]) -> tuple[tuple[str, tuple[LearningNote, ...]], ...]:
    found = []
    for kind in NoteKind:
        rows = tuple(note for note in notes if note.kind is kind and note.text.strip())
        if rows:
            found.append((kind.label, rows))
    return tuple(found)
