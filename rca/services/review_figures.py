"""Figures of the moment, computed once per state of the data.

A page of a review asks for its figures once itself and once for each of its drawings. Between two
such requests next to nothing changes, so the value is kept in memory under a fingerprint of all
that it is made of, and who may see a record is part of that: a record restricted meanwhile
changes the fingerprint. Figures rest on open records only and are the same for every reader.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import func, select
from sqlmodel import Session, col

from rca import __version__
from rca.domain.periods import Period
from rca.reports.value import Review
from rca.services import reviews
from rca.store import tables as t

KEPT = 8
"""Reviews kept in memory of one process; each takes some hundred kilobytes."""


class Kept:
    """The last values by key, each made once even when several threads ask at the same time."""

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._places: OrderedDict[str, _Place] = OrderedDict()

    def get(self, key: str, make: Callable[[], Review]) -> Review:
        """The value of ``key``. What ``make`` raises is raised and not kept."""
        with self._lock:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
            while len(self._places) > self._most:
                self._places.popitem(last=False)
        with place.lock:
            if place.value is None:
                place.value = make()
            return place.value

    def __len__(self) -> int:
        return len(self._places)


class _Place:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value: Review | None = None


@cache
def _stores() -> "WeakKeyDictionary[Any, Kept]":
    """What is kept of each database that this process reads."""
    return WeakKeyDictionary()


def _kept(session: Session) -> Kept:
    bind = session.get_bind()
    return _stores().setdefault(getattr(bind, "engine", bind), Kept())


def figures(
    session: Session,
    *,
    period: Period,
    now: datetime,
    organisation: str,
    whose: str = "",
    team: str = "",
    tier: int | None = None,
) -> Review:
    """As :func:`rca.services.reviews.build`, computed only when something has changed."""

    def make() -> Review:
        return reviews.build(
            session, period=period, now=now, organisation=organisation, whose=whose, team=team,
            tier=tier,
        )  # fmt: skip

    asked = [__version__, repr(period), organisation, whose, team, tier, now.date().isoformat()]
    return _kept(session).get(fingerprint(session, asked, period), make)


def fingerprint(session: Session, asked: list[Any], period: Period) -> str:
    """A digest of what was asked and of the state of everything that a review reads.

    The audit chain grows with every use case that leaves a trace. Beside it stands what changes
    without one: autosaved words, what gates say, changes taken in by a job, what suggestions rest
    on.
    """
    state = [asked, _last_act(session), *_rows(session), *_counts(session, period)]
    return hashlib.sha256(json.dumps(state, default=str).encode()).hexdigest()


_ELSEWHERE = (
    "user", "mail", "mailing_list", "review", "review_schedule", "look", "webhook_delivery",
    "guardrail_export", "template", "wording_rule",
)  # fmt: skip
"""Kinds of objects that no figure is made of: a sign-in is no reason to compute anew."""


def _last_act(session: Session) -> str:
    act = t.AuditEvent
    query = select(col(act.hash)).where(col(act.object_kind).not_in(_ELSEWHERE))
    return session.execute(query.order_by(col(act.seq).desc()).limit(1)).scalar() or ""


def _rows(session: Session) -> list[Any]:
    record, action, rule = t.PostmortemRow, t.ActionItemRow, t.GuardrailRow
    columns: tuple[tuple[Any, ...], ...] = (
        (record.id, record.version, record.updated_at, record.status, record.visibility),
        (action.id, action.status, action.due, action.done_at, action.verified),
        # A new run writes into suggestions without an act of the audit chain or a new version.
        (rule.id, rule.version, rule.updated_at, rule.decision, rule.mode, rule.pattern_id),
    )
    return [_listed(session, select(*some).order_by(some[0])) for some in columns]


def _counts(session: Session, period: Period) -> list[Any]:
    said, change, evidence = t.GuardrailOutcome, t.Change, t.GuardrailEvidence
    outcome: tuple[Any, ...] = (said.guardrail_id, said.state, said.overridden, said.false_positive)
    state: Any = change.ai_state
    merged = col(change.merged_at)
    outcomes = select(*outcome, func.count()).group_by(*outcome).order_by(*outcome)
    changes = select(state, func.count()).group_by(state).order_by(state)
    within = changes.where(merged >= period.start, merged < period.end)
    rule: Any = evidence.guardrail_id
    answered = select(rule, func.count()).group_by(rule).order_by(rule)
    return [_listed(session, query) for query in (outcomes, within, answered)]


def _listed(session: Session, query: Any) -> list[list[Any]]:
    return [list(row) for row in session.execute(query)]
