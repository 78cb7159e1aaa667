"""Figures of the moment are computed once per state of the data, and never out of date."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from rca.domain.quarters import Quarter
from rca.domain.vocabulary import Status
from rca.reports.value import Review, as_json
from rca.services import review_figures, reviews
from rca.services.review_figures import Kept, figures
from rca.store import tables as t
from tests.people import People
from tests.services.quarters import fill, incident, put
from tests.services.test_reviews import SUMMER

Q3 = Quarter(2026, 3)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was asked of the real computation, each time that it ran."""
    asked: list[dict[str, Any]] = []
    whole = reviews.build

    def build(session: Session, **given: Any) -> Review:
        asked.append(given)
        return whole(session, **given)

    monkeypatch.setattr(reviews, "build", build)
    return asked


def ask(session: Session, now: datetime, **changes: Any) -> Review:
    given: dict[str, Any] = {"period": Q3, "now": now, "organisation": "Fernwick", **changes}
    return figures(session, **given)


def first(session: Session) -> t.PostmortemRow:
    return session.exec(select(t.PostmortemRow).order_by(t.PostmortemRow.reference)).first()  # type: ignore[return-value, arg-type]


def test_the_same_state_is_computed_once(
    session: Session, people: People, now: datetime, computed: list[dict[str, Any]]
) -> None:
    fill(session, people.ines, SUMMER, 4)
    found = ask(session, now)
    assert ask(session, now + timedelta(hours=3)) is found
    assert len(computed) == 1
    assert found == reviews.build(session, period=Q3, now=now, organisation="Fernwick")


def test_a_record_restricted_meanwhile_is_gone_at_once(
    session: Session, people: People, now: datetime, computed: list[dict[str, Any]]
) -> None:
    references = fill(session, people.ines, SUMMER, 4)
    assert references[0] in str(as_json(ask(session, now)))
    row = first(session)
    row.visibility = "restricted"
    session.add(row)
    session.flush()
    after = ask(session, now)
    assert row.reference not in str(as_json(after))
    assert after.coverage.published == 3
    assert len(computed) == 2


def _severity(session: Session, people: People, now: datetime) -> None:
    row = first(session)
    row.severity, row.version = "SEV1", row.version + 1
    session.add(row)


def _another(session: Session, people: People, now: datetime) -> None:
    put(session, people.ines, incident(SUMMER), at=SUMMER)


def _a_draft(session: Session, people: People, now: datetime) -> None:
    put(session, people.ines, incident(SUMMER), at=SUMMER, status=Status.DRAFT)


def _an_action(session: Session, people: People, now: datetime) -> None:
    row = session.exec(select(t.ActionItemRow)).first()
    assert row is not None
    row.status = "done" if row.status != "done" else "open"
    session.add(row)


def _a_change(session: Session, people: People, now: datetime) -> None:
    session.add(t.Change(key="c1", merged_at=SUMMER, ai_state="evidenced"))


def _a_word_of_a_gate(session: Session, people: People, now: datetime) -> None:
    rule = session.exec(select(t.GuardrailRow)).first()
    assert rule is not None
    session.add(t.GuardrailOutcome(guardrail_id=rule.id, at=now, state="violation"))


def _a_decision(session: Session, people: People, now: datetime) -> None:
    rule = session.exec(select(t.GuardrailRow)).first()
    assert rule is not None
    rule.decision, rule.decided_at, rule.version = "accepted", now, rule.version + 1
    session.add(rule)


def _what_a_rule_rests_on(session: Session, people: People, now: datetime) -> None:
    rule = session.exec(select(t.GuardrailRow)).first()
    assert rule is not None
    session.add(t.GuardrailEvidence(guardrail_id=rule.id, postmortem_id=first(session).id))


def _a_suggestion_of_a_new_run(session: Session, people: People, now: datetime) -> None:
    rule = session.exec(select(t.GuardrailRow)).first()
    assert rule is not None
    rule.title, rule.updated_at = "Bound it well", now + timedelta(seconds=1)
    session.add(rule)


@pytest.mark.parametrize(
    "change",
    [
        _severity,
        _another,
        _a_draft,
        _an_action,
        _a_change,
        _a_word_of_a_gate,
        _a_decision,
        _what_a_rule_rests_on,
        _a_suggestion_of_a_new_run,
    ],
)
def test_whatever_changes_is_seen(
    session: Session, people: People, now: datetime, computed: list[dict[str, Any]],
    change: Callable[[Session, People, datetime], None],
) -> None:  # fmt: skip
    fill(session, people.ines, SUMMER, 3)
    values = {"id": "gr-1", "title": "Bound it", "family": "f", "identity": "i"}
    states = {"decision": "proposed", "status": "draft", "mode": "audit"}
    session.add(t.GuardrailRow(**values, **states, created_at=now, updated_at=now))
    session.flush()
    ask(session, now)
    change(session, people, now)
    session.flush()
    assert ask(session, now) == reviews.build(session, period=Q3, now=now, organisation="Fernwick")
    assert len(computed) == 3, "it was not computed anew"


def test_period_scope_title_and_day_are_kept_apart(
    session: Session, people: People, now: datetime, computed: list[dict[str, Any]]
) -> None:
    fill(session, people.ines, SUMMER, 3)
    ask(session, now)
    ask(session, now, organisation="Other")
    ask(session, now, whose="all")
    ask(session, now + timedelta(days=1))
    assert len(computed) == 4


def _review(session: Session, people: People, now: datetime) -> Review:
    fill(session, people.ines, SUMMER, 1)
    return reviews.build(session, period=Q3, now=now, organisation="")


def test_no_more_than_a_few_are_kept_and_the_oldest_goes(
    session: Session, people: People, now: datetime
) -> None:
    review, made = _review(session, people, now), []
    kept = Kept(2)
    for key in ("a", "b", "a", "c", "a", "b"):
        kept.get(key, lambda key=key: made.append(key) or review)  # type: ignore[misc]
    assert made == ["a", "b", "c", "b"]
    assert len(kept) == 2


def test_two_who_ask_at_once_wait_for_one_computation(
    session: Session, people: People, now: datetime
) -> None:
    review, made, begun = _review(session, people, now), [], threading.Event()
    kept, go = Kept(), threading.Event()

    def slow() -> Review:
        begun.set()
        assert go.wait(10)
        made.append(1)
        return review

    both = [threading.Thread(target=kept.get, args=("k", slow)) for _ in range(2)]
    both[0].start()
    assert begun.wait(10)
    both[1].start()
    go.set()
    for thread in both:
        thread.join(10)
    assert made == [1]


def test_a_fault_is_raised_and_not_kept(session: Session, people: People, now: datetime) -> None:
    review, kept = _review(session, people, now), review_figures.Kept()

    def bad() -> Review:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        kept.get("k", bad)
    assert kept.get("k", lambda: review) is review
