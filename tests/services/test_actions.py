"""Action items: who sees them, how they move, and that nobody's words are lost."""

from datetime import date, datetime

import pytest
from sqlmodel import Session, col, select

from rca.domain.vocabulary import ActionStatus, RevisionKind, Status, Verification
from rca.errors import Conflict, Forbidden, Invalid, NotFound
from rca.services import actions, authoring, reading
from rca.services.actions import ActionFilter, Progress
from rca.store import tables as t
from tests.factories import rich
from tests.people import People


def _published(session: Session, people: People, now: datetime, **changes: object) -> str:
    saved = authoring.create(session, viewer=people.ines, content=rich(**changes), now=now)
    for step, viewer in (
        (authoring.submit, people.ines),
        (authoring.approve, people.ravi),
        (authoring.publish, people.ravi),
    ):
        saved = step(
            session, viewer=viewer, reference=saved.reference, base_version=saved.version, now=now
        )
    return saved.reference


def _only(session: Session, people: People, now: datetime) -> actions.ActionView:
    (item,) = actions.list_actions(session, viewer=people.vera, now=now)
    return actions.view(session, viewer=people.vera, action_id=item.id, now=now)


def test_it_works(session: Session, people: People, now: datetime) -> None:
    reference = _published(session, people, now)
    item = _only(session, people, now)
    assert item.overdue_days == 34
    assert item.factors == ("The config schema accepted a pool of 4.",)
    done = actions.change(
        session,
        viewer=people.ines,
        action_id=item.id,
        progress=Progress(ActionStatus.DONE, due=item.due),
        base_version=item.version,
        now=now,
    )
    assert (done.status, done.done_at, done.overdue_days) == (ActionStatus.DONE, now, 0)
    assert actions.list_actions(session, viewer=people.vera, now=now) == []
    shown = reading.view(session, viewer=people.vera, reference=reference)
    assert shown.content.actions[0].status is ActionStatus.DONE
    assert shown.status is Status.PUBLISHED


def test_each_change_leaves_a_revision_and_an_audit_row(
    session: Session, people: People, now: datetime
) -> None:
    _published(session, people, now)
    item = _only(session, people, now)
    actions.change(
        session,
        viewer=people.ines,
        action_id=item.id,
        progress=Progress(ActionStatus.IN_PROGRESS, due=item.due),
        base_version=item.version,
        now=now,
    )
    kinds = session.exec(select(t.Revision.kind).order_by(col(t.Revision.number).desc()))
    assert kinds.first() == RevisionKind.PROGRESS.value
    newest = session.exec(select(t.AuditEvent).order_by(col(t.AuditEvent.seq).desc())).first()
    assert newest is not None
    assert (newest.actor, newest.action) == ("ines", "action.in_progress")


def test_a_second_writer_is_told(session: Session, people: People, now: datetime) -> None:
    _published(session, people, now)
    item = _only(session, people, now)
    first = Progress(ActionStatus.BLOCKED, reason="Waits for the vendor", due=item.due)
    actions.change(
        session,
        viewer=people.ines,
        action_id=item.id,
        progress=first,
        base_version=item.version,
        now=now,
    )
    with pytest.raises(Conflict):
        actions.change(
            session,
            viewer=people.otto,
            action_id=item.id,
            progress=Progress(ActionStatus.DONE, due=item.due),
            base_version=item.version,
            now=now,
        )
    assert _only(session, people, now).status_reason == "Waits for the vendor"


def test_progress_keeps_an_approval(session: Session, people: People, now: datetime) -> None:
    saved = authoring.create(session, viewer=people.ines, content=rich(), now=now)
    saved = authoring.submit(
        session,
        viewer=people.ines,
        reference=saved.reference,
        base_version=saved.version,
        now=now,
    )
    authoring.approve(
        session,
        viewer=people.ravi,
        reference=saved.reference,
        base_version=saved.version,
        now=now,
    )
    item = _only(session, people, now)
    actions.change(
        session,
        viewer=people.ines,
        action_id=item.id,
        progress=Progress(ActionStatus.DONE, due=item.due),
        base_version=item.version,
        now=now,
    )
    version = reading.view(session, viewer=people.ravi, reference=saved.reference).version
    published = authoring.publish(
        session, viewer=people.ravi, reference=saved.reference, base_version=version, now=now
    )
    assert published.status is Status.PUBLISHED


@pytest.mark.parametrize(
    ("progress", "fields"),
    [
        (Progress(ActionStatus.WONT_DO, due=date(2026, 9, 1)), {"reason", "approver"}),
        (Progress(ActionStatus.BLOCKED, due=date(2026, 9, 1)), {"reason"}),
        (Progress(ActionStatus.SUPERSEDED, due=date(2026, 9, 1)), {"reason"}),
        (Progress(ActionStatus.OPEN, due=date(2026, 12, 1)), {"reason"}),
        (
            Progress(ActionStatus.OPEN, due=date(2026, 9, 1), verified=Verification.EFFECTIVE),
            {"verified", "evidence"},
        ),
        (
            Progress(ActionStatus.DONE, due=date(2026, 9, 1), verified=Verification.INEFFECTIVE),
            {"evidence"},
        ),
    ],
)
def test_what_a_status_asks_for(
    session: Session, people: People, now: datetime, progress: Progress, fields: set[str]
) -> None:
    _published(session, people, now)
    item = _only(session, people, now)
    with pytest.raises(Invalid) as refused:
        actions.change(
            session,
            viewer=people.ines,
            action_id=item.id,
            progress=progress,
            base_version=item.version,
            now=now,
        )
    assert {problem.path for problem in refused.value.problems} == fields


def test_reopening_forgets_when_it_was_done(
    session: Session, people: People, now: datetime
) -> None:
    _published(session, people, now)
    item = _only(session, people, now)
    effective = Progress(
        ActionStatus.DONE, due=item.due, verified=Verification.EFFECTIVE, evidence="Drill of 3 Oct"
    )
    for progress in (effective, Progress(ActionStatus.OPEN, due=item.due)):
        item = actions.change(
            session,
            viewer=people.ines,
            action_id=item.id,
            progress=progress,
            base_version=item.version,
            now=now,
        )
    assert (item.done_at, item.verified, item.verified_on) == (None, Verification.PENDING, None)


def test_a_viewer_may_not_change_one(session: Session, people: People, now: datetime) -> None:
    _published(session, people, now)
    item = _only(session, people, now)
    with pytest.raises(Forbidden):
        actions.change(
            session,
            viewer=people.vera,
            action_id=item.id,
            progress=Progress(ActionStatus.DONE),
            base_version=item.version,
            now=now,
        )


def test_actions_of_a_restricted_postmortem_are_its_members_alone(
    session: Session, people: People, now: datetime
) -> None:
    authoring.create(session, viewer=people.ines, content=rich(visibility="restricted"), now=now)
    (item,) = actions.list_actions(session, viewer=people.ines, now=now)
    for outsider in (people.otto, people.ada, people.ravi):
        assert actions.list_actions(session, viewer=outsider, now=now) == []
        counts = actions.facets(session, viewer=outsider, now=now, wanted=ActionFilter()).counts
        assert set(counts.values()) == {0}
        with pytest.raises(NotFound):
            actions.view(session, viewer=outsider, action_id=item.id, now=now)


def test_narrowing(session: Session, people: People, now: datetime) -> None:
    _published(session, people, now)
    for wanted, count in (
        (ActionFilter(show="overdue"), 1),
        (ActionFilter(show="closed"), 0),
        (ActionFilter(team="Storefront"), 1),
        (ActionFilter(team="Payments"), 0),
        (ActionFilter(service="checkout"), 1),
        (ActionFilter(service="search"), 0),
    ):
        found = actions.list_actions(session, viewer=people.vera, now=now, wanted=wanted)
        assert len(found) == count, wanted
    found = actions.facets(session, viewer=people.vera, now=now, wanted=ActionFilter())
    assert found.teams == ("Storefront",)
    assert found.services == ("checkout", "payments")
