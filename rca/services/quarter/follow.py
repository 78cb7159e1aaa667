"""What became of the promises: action items due, finished, overdue, declined and verified."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from mining import stats
from rca.domain.vocabulary import ActionStatus, Verification
from rca.reports import words
from rca.reports.value import Chart, Column, Section, Sheet
from rca.services.quarter.compare import Findings
from rca.services.quarter.learning import share_words
from rca.services.quarter.records import ActionFact, Window

_DROPPED = (ActionStatus.WONT_DO.value, ActionStatus.SUPERSEDED.value)


def due_in(actions: Iterable[ActionFact], window: Window) -> list[ActionFact]:
    """Actions whose date fell in the quarter, as far as it has passed."""
    return [a for a in actions if a.due and window.period.start <= a.due < window.until]


def finished_in_time(due: Iterable[ActionFact]) -> tuple[int, int]:
    """Those finished on their date or before, of those due that were not declined."""
    kept = [a for a in due if a.status not in _DROPPED]
    in_time = sum(bool(a.due and a.done_at and a.done_at < a.due + timedelta(days=1)) for a in kept)
    return in_time, len(kept)


def open_at(action: ActionFact, moment: datetime) -> bool:
    """Whether the action was still to be done at ``moment``."""
    if action.status in _DROPPED or action.started > moment:
        return False
    return action.done_at is None or action.done_at > moment


def follow_through(
    now: Window, before: Window, actions: Sequence[ActionFact], findings: Findings
) -> Section:
    """Due, finished, overdue, declined and verified; how long open ones have been open."""
    due, due_before = due_in(actions, now), due_in(actions, before)
    overdue = _overdue(actions, now.until)
    says = [
        f"{share_words(*finished_in_time(due))} of the actions due in the {now.noun} were finished "
        f"in time; {share_words(*finished_in_time(due_before))} in {before.period}. "
        f"{findings.say('in_time')}."
        if due
        else f"No action was due in the {now.noun}.",
        f"{words.plural(len(overdue), 'action')} past the due date at the end of the period.",
    ]
    charts = tuple(c for c in (_funnel(due, now.noun), _survival(actions, now.until)) if c)
    sheets = [_counts(due, due_before, now, before, actions)]
    if overdue:
        sheets.append(_oldest(overdue, now.until))
    return Section("follow-through", "Follow-through", tuple(says), charts, tuple(sheets))


def _overdue(actions: Iterable[ActionFact], moment: datetime) -> list[ActionFact]:
    late = [
        a for a in actions if a.due and a.due + timedelta(days=1) <= moment and open_at(a, moment)
    ]
    return sorted(late, key=lambda a: (a.due or moment, a.title))


def _funnel(due: list[ActionFact], noun: str) -> Chart | None:
    if not due:
        return None
    done = [a for a in due if a.done_at]
    rows = (
        (f"Due in the {noun}", len(due)),
        ("Finished, late or in time", len(done)),
        ("Finished in time", finished_in_time(due)[0]),
        ("Verified effective", sum(a.verified == Verification.EFFECTIVE for a in due)),
        ("Declined or superseded", sum(a.status in _DROPPED for a in due)),
    )
    columns = (Column("label", "Actions"), Column("value", "Count", "count"))
    return Chart(
        "actions-funnel",
        "bars",
        f"{rows[2][1]} of {len(due)} due were finished in time",
        "; ".join(f"{label}: {count}" for label, count in rows) + ".",
        Sheet("actions-funnel", f"Actions due in the {noun}", columns, rows),
    )


def _survival(actions: Sequence[ActionFact], moment: datetime) -> Chart | None:
    known = [a for a in actions if a.status not in _DROPPED and a.started < moment]
    if len(known) < stats.SMALL:
        return None
    spans, ended = [], []
    for action in known:
        done = action.done_at is not None and action.done_at <= moment
        until = action.done_at if done and action.done_at else moment
        spans.append(max(0.0, round((until - action.started).total_seconds() / 86400)))
        ended.append(done)
    curve = stats.kaplan_meier(spans, ended)
    if not curve.steps:
        return None
    rows = tuple((s.at, s.share, s.low, s.high, s.at_risk) for s in curve.steps)
    columns = (
        Column("at", "Days since publication", "number"),
        Column("share", "Still open", "share"),
        Column("low", "95% from", "share"),
        Column("high", "to", "share"),
        Column("at_risk", "Followed", "count"),
    )
    dropped = sum(a.status in _DROPPED for a in actions)
    half = (
        f"Half of all actions are finished within {curve.median:.0f} days"
        if curve.median is not None
        else "Fewer than half of all actions are finished"
    )
    return Chart(
        "action-age",
        "step",
        half,
        f"{half}; {curve.events} finished of {curve.n} followed.",
        Sheet("action-age", "How long actions stay open", columns, rows),
        note=f"Kaplan-Meier, open ones censored, n = {curve.n}. "
        f"{dropped} declined ones are left out.",
    )


def _counts(
    due: list[ActionFact], due_before: list[ActionFact], now: Window, before: Window,
    actions: Sequence[ActionFact],
) -> Sheet:  # fmt: skip
    def verified(window: Window) -> int:
        start, end = window.period.start.date(), window.until.date()
        return sum(
            a.verified == Verification.EFFECTIVE
            and a.verified_on is not None
            and start <= a.verified_on <= end
            for a in actions
        )

    rows = (
        (f"Due in the {now.noun}", len(due), len(due_before)),
        ("Finished in time", finished_in_time(due)[0], finished_in_time(due_before)[0]),
        (f"Verified effective in the {now.noun}", verified(now), verified(before)),
        (
            "Declined or superseded, of those due",
            sum(a.status in _DROPPED for a in due),
            sum(a.status in _DROPPED for a in due_before),
        ),
        (
            "Open at its end",
            sum(open_at(a, now.until) for a in actions),
            sum(open_at(a, before.until) for a in actions),
        ),
        ("Overdue at its end", len(_overdue(actions, now.until)),
         len(_overdue(actions, before.until))),
    )  # fmt: skip
    columns = (
        Column("what", "Actions"),
        Column("now", str(now.period), "count"),
        Column("before", str(before.period), "count"),
    )
    return Sheet("actions", "Action items", columns, rows)


def _oldest(overdue: list[ActionFact], moment: datetime) -> Sheet:
    rows = tuple(
        (a.title, a.reference, a.team or "No team", (moment - a.due).days if a.due else None)
        for a in overdue[:5]
    )
    columns = (
        Column("title", "Action"),
        Column("reference", "From"),
        Column("team", "Team"),
        Column("days", "Overdue", "days"),
    )
    return Sheet("oldest-overdue", "The five longest overdue", columns, rows)
