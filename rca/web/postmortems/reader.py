"""A postmortem as a document: what the reading page shows beside the words themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from flask import current_app, render_template, request

from rca.domain.access import Permission
from rca.domain.anchors import anchors
from rca.domain.durations import durations, human_duration
from rca.domain.lifecycle import may_move, requirements
from rca.domain.postmortem import (
    ActionItem,
    AIInfluence,
    ContributingFactor,
    ImpactMeasure,
    PostmortemContent,
    TimelineEntry,
)
from rca.domain.vocabulary import (
    DEFAULT_AI_SURFACES,
    ActionStatus,
    AISurface,
    EstimateKind,
    ImpactMeasureKind,
    Milestone,
    RevisionKind,
    Status,
    TimelineKind,
    TimePrecision,
)
from rca.services import reading as postmortems
from rca.services import threads
from rca.services.visibility import find_postmortem
from rca.web.access import allow
from rca.web.context import now, reading, viewer
from rca.web.postmortems import blueprint
from rca.web.postmortems.choices import factor_class_name
from rca.web.postmortems.phases import draw
from rca.web.postmortems.remarks import open_by_anchor, remarks_of
from rca.web.postmortems.shown import shown

LONG_TIMELINE = 40


@dataclass(frozen=True, slots=True)
class Event:
    """A timeline entry on the page: its day when it changed, and the factors that point at it."""

    entry: TimelineEntry
    day: datetime | None
    live: bool
    gap: str
    factors: tuple[int, ...]

    @property
    def is_marked(self) -> bool:
        """Whether a long timeline shows it before it is opened."""
        return bool(self.entry.key or self.factors or self.entry.kind is not TimelineKind.EVENT)


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor with its number, class words, the events it is seen in and the actions for it."""

    number: int
    row: ContributingFactor
    class_name: str
    events: tuple[TimelineEntry, ...]
    actions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """An action with its number, the factors it answers, and how late it is."""

    number: int
    row: ActionItem
    factors: tuple[int, ...]
    overdue_days: int


@dataclass(frozen=True, slots=True)
class Document:
    """What the reading page's template reads."""

    events: tuple[Event, ...]
    long: bool
    factors: tuple[Factor, ...]
    actions: tuple[Action, ...]
    ai: tuple[AIInfluence, ...]
    ai_missing: tuple[AISurface, ...]
    numbers: tuple[tuple[str, str, str, ImpactMeasure], ...]


def document(content: PostmortemContent, *, today: datetime) -> Document:
    """The content with its links resolved both ways and its numbers in words."""
    factor_number = {row.id: place for place, row in enumerate(content.factors, 1)}
    action_numbers: dict[str, list[int]] = {}
    actions = []
    for place, row in enumerate(content.actions, 1):
        linked = tuple(sorted(factor_number[f] for f in row.factor_ids if f in factor_number))
        for factor in row.factor_ids:
            action_numbers.setdefault(factor, []).append(place)
        late = _late(row, today)
        actions.append(Action(place, row, linked, late))
    entries = {entry.id: entry for entry in content.timeline}
    factors = tuple(
        Factor(
            place,
            row,
            factor_class_name(row.factor_class),
            tuple(entry for i, entry in entries.items() if i in row.timeline_ids),
            tuple(action_numbers.get(row.id, ())),
        )
        for place, row in enumerate(content.factors, 1)
    )
    answered = {row.surface for row in content.ai_influences}
    return Document(
        events=tuple(_events(content, factors)),
        long=len(content.timeline) > LONG_TIMELINE,
        factors=factors,
        actions=tuple(actions),
        ai=tuple(sorted(content.ai_influences, key=lambda row: list(AISurface).index(row.surface))),
        ai_missing=tuple(s for s in DEFAULT_AI_SURFACES if s not in answered),
        numbers=tuple(_number(row) for row in content.impact_measures),
    )


def _late(row: ActionItem, today: datetime) -> int:
    still = row.status in (ActionStatus.OPEN, ActionStatus.IN_PROGRESS, ActionStatus.BLOCKED)
    return max((today.date() - row.due).days, 0) if row.due and still else 0


def _events(content: PostmortemContent, factors: Sequence[Factor]) -> list[Event]:
    """Timed entries in the order of their times; the others keep their place at the end."""
    timed = sorted(
        (e for e in content.timeline if e.at), key=lambda entry: (entry.at is None, entry.at)
    )
    rest = [entry for entry in content.timeline if entry.at is None]
    pointing: dict[str, list[int]] = {}
    for factor in factors:
        for entry in factor.events:
            pointing.setdefault(entry.id, []).append(factor.number)
    days = [None, *(entry.at.date() if entry.at else None for entry in timed)]
    changes = [later != earlier for earlier, later in pairwise(days)]
    found = []
    for entry, new_day in zip([*timed, *rest], [*changes, *(False for _ in rest)], strict=True):
        found.append(
            Event(
                entry,
                entry.at if new_day else None,
                _is_live(content, entry.at),
                _gap(content, entry),
                tuple(pointing.get(entry.id, ())),
            )
        )
    return found


def _is_live(content: PostmortemContent, at: datetime | None) -> bool:
    start = content.instant(Milestone.IMPACT_STARTED)
    end = content.instant(Milestone.IMPACT_ENDED) or content.instant(Milestone.MITIGATED)
    return bool(at and start and end and start <= at < end)


def _gap(content: PostmortemContent, entry: TimelineEntry) -> str:
    """How long after impact start a marked moment came."""
    start = content.instant(Milestone.IMPACT_STARTED)
    marked = entry.kind.value in ("detection", "diagnosis", "repair")
    exact = entry.precision in (TimePrecision.EXACT, TimePrecision.MINUTE)
    if not (marked and exact and start and entry.at and entry.at > start):
        return ""
    return f"{human_duration(entry.at - start)} after impact started"


def _number(row: ImpactMeasure) -> tuple[str, str, str, ImpactMeasure]:
    words = row.estimate.label.lower()
    if row.value is None:
        known = row.estimate is EstimateKind.UNKNOWN
        return row.kind.label, "Unknown" if known else "–", "" if known else words, row
    percent = row.kind in (ImpactMeasureKind.PCT_REQUESTS, ImpactMeasureKind.ERROR_BUDGET)
    unit = "%" if percent and not row.unit else f" {row.unit}" if row.unit else ""
    text = f"{_figure(row.value)}{unit}"
    if row.denominator is not None:
        text += f" of {_figure(row.denominator)}"
    return row.kind.label.removesuffix(" (%)"), text, words, row


def _figure(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}".rstrip("0").rstrip(".")


@blueprint.get("/postmortems/<reference>")
@allow(Permission.READ)
def show(reference: str) -> str:
    """The postmortem to read: the published text, or the draft while there is none."""
    view = shown(reference)
    with reading() as session:
        row = find_postmortem(session, viewer(), reference)
        thread = threads.thread_of(session, postmortem_id=row.id)
    content = view.content
    return render_template(
        "postmortems/show.html",
        view=view,
        content=content,
        doc=document(content, today=now()),
        drawing=draw(content),
        spans=[span for span in durations(content) if span.value is not None],
        thread=thread,
        checklist=requirements(content, view.template),
        moves=_moves(view),
        exports=_exports(),
        anchor_names=anchors(content),
        remarks=remarks_of(view),
        comments_at=open_by_anchor(view.comments),
        about=request.args.get("about", ""),
        diff_since=_since_approval(view),
        here="postmortems",
    )


_FORMATS = (("exports.markdown", "Markdown"), ("exports.json", "JSON"))


def _exports() -> list[tuple[str, str]]:
    return [(name, words) for name, words in _FORMATS if name in current_app.view_functions]


def _since_approval(view: postmortems.PostmortemView) -> tuple[int, int] | None:
    """The text that was last approved or published, and the newest, when they differ."""
    signed = (RevisionKind.APPROVED, RevisionKind.PUBLISHED)
    newest = next((r for r in view.revisions if r.kind is not RevisionKind.CONFLICT), None)
    before = next((r for r in view.revisions if r.kind in signed), None)
    if newest is None or before is None or newest.content_hash == before.content_hash:
        return None
    return before.number, newest.number


def _moves(view: postmortems.PostmortemView) -> dict[str, bool]:
    """Which buttons the account may press, in this state."""
    may_write = viewer().may(Permission.WRITE)
    review = {
        "approve": view.may_approve and may_move(view.status, Status.APPROVED),
        "publish": view.may_review and may_move(view.status, Status.PUBLISHED),
        "hand_back": view.may_review and may_move(view.status, Status.CHANGES_REQUESTED),
        "archive": view.may_review and may_move(view.status, Status.ARCHIVED),
    }
    write = {
        "submit": may_write and may_move(view.status, Status.IN_REVIEW),
        "not_required": may_write and may_move(view.status, Status.NOT_REQUIRED),
        "reopen": may_write and view.status is Status.NOT_REQUIRED,
    }
    return {**review, **write}
