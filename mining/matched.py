"""Case-control: changes behind an outcome against changes like them, when not all are recorded.

With the whole ledger a risk ratio is the better answer (`mining.risk`). Where only some changes
are known, each change with the outcome is compared to a few without it: same service, about the
same day and size. What comes out is a ratio of odds and not of risks.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mining.exposure import CHECKLIST, Estimate, ExposedChange, plain
from mining.risk import MatchedSet, case_control

CONTROLS = 4
DAYS = 14


@dataclass(frozen=True, slots=True)
class DatedChange:
    """A change and when it landed, in UTC."""

    change: ExposedChange
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseControlReport:
    """What may be said from matched sets, with what it rests on.

    ``unmatched`` are cases for which no control was found: they say nothing and are only counted.
    ``cases_unknown`` and ``controls_unknown`` carry no label either way and count as unexposed.
    """

    definition: Mapping[str, str]
    cases: int
    unmatched: int
    controls: int
    cases_unknown: int
    controls_unknown: int
    estimate: Estimate
    sentence: str
    checklist: tuple[str, ...] = CHECKLIST

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; numbers are not rounded."""
        found: dict[str, Any] = plain(self)
        return found


def _place(change: ExposedChange) -> tuple[str, str]:
    return (change.service or change.repo, change.size)


def _lot(case: ExposedChange, control: ExposedChange) -> bytes:
    """The order in which controls are taken: by lot, so that no label is looked at."""
    return hashlib.sha256(f"{case.id}\n{control.id}".encode()).digest()


def match(
    changes: Sequence[DatedChange], *, controls: int = CONTROLS, days: int = DAYS
) -> list[tuple[ExposedChange, tuple[ExposedChange, ...]]]:
    """Each change with the outcome, and up to ``controls`` without it.

    Controls share service (or repository) and size bin and landed within ``days`` of the case. A
    change whose outcome is pending, or whose AI part leaves its content alone, is neither.
    """
    usable = sorted(
        (c for c in changes if c.change.outcome is not None and c.change.exposure != "excluded"),
        key=lambda c: (c.at, c.change.id),
    )
    pool: dict[tuple[str, str], list[DatedChange]] = defaultdict(list)
    for one in usable:
        if not one.change.outcome:
            pool[_place(one.change)].append(one)
    times = {place: [one.at for one in found] for place, found in pool.items()}
    near = timedelta(days=days)
    sets = []
    for case in usable:
        if not case.change.outcome:
            continue
        place = _place(case.change)
        first = bisect_left(times.get(place, []), case.at - near)
        last = bisect_right(times.get(place, []), case.at + near)
        found = [one.change for one in pool.get(place, [])[first:last]]
        found.sort(key=lambda control: _lot(case.change, control))
        sets.append((case.change, tuple(found[:controls])))
    return sets


def analyse_matched(
    changes: Sequence[DatedChange],
    *,
    definition: Mapping[str, str],
    controls: int = CONTROLS,
    days: int = DAYS,
) -> CaseControlReport:
    """The odds ratio over the matched sets, or why there is none."""
    sets = match(changes, controls=controls, days=days)
    matched = [(case, found) for case, found in sets if found]
    estimate = case_control(
        [
            MatchedSet(_exposed(case), tuple(_exposed(control) for control in found))
            for case, found in matched
        ]
    )
    said = dict(definition) | {
        "matched": f"up to {controls} changes without the outcome for each with it: same service "
        f"(or repository), within {days} days, same size; drawn by lot, labels unseen; one may "
        "serve twice"
    }
    return CaseControlReport(
        definition=said,
        cases=len(sets),
        unmatched=len(sets) - len(matched),
        controls=sum(len(found) for _, found in matched),
        cases_unknown=sum(case.exposure == "unknown" for case, _ in matched),
        controls_unknown=sum(c.exposure == "unknown" for _, found in matched for c in found),
        estimate=estimate,
        sentence=_say(estimate, len(sets), len(matched)),
    )


def _exposed(change: ExposedChange) -> bool:
    return change.exposure == "evidenced"


def _say(head: Estimate, cases: int, matched: int) -> str:
    if not cases:
        return "No estimate: no change in the ledger has this outcome."
    rest = f"{matched} of {cases} changes with the outcome have changes to compare with"
    if head.ratio is None:
        return f"No estimate: {head.reason}. {rest}."
    interval = f"{head.ratio:.2f}, 95% {head.low:.2f}–{head.high:.2f}"
    if head.words == "cannot distinguish":
        why = f" ({head.reason})" if head.reason else ""
        return f"These sets cannot tell more from fewer: odds ratio {interval}{why}. {rest}."
    side = "higher" if head.words.endswith("more") else "lower"
    return (
        f"Evidence of AI is associated with {side} odds of this outcome: odds ratio {interval}. "
        f"An odds ratio is not a risk ratio, and associated with is not caused by. {rest}."
    )
