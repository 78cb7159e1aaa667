"""Pasted rows: proposed beside what is here, taken once, unconfirmed until a person confirms."""

from datetime import date, datetime

import pytest
from sqlmodel import Session

from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import Milestone, Section, Status, ValueSource
from rca.errors import Conflict, Forbidden, Invalid, NotFound, NotNow
from rca.services import authoring, reading
from rca.services import timeline_paste as pastes
from rca.services.authoring import Saved
from rca.services.timeline_paste import Paste
from tests.factories import rich
from tests.people import People

CHAT = """\
[09:12] Ana: alert fired for checkout
[09:13] Bo: asking Ana for the dashboard
[09:31] Ana: rolled back
"""


def paste(now: datetime, text: str = CHAT, **more: object) -> Paste:
    return Paste(text, now, date(2026, 8, 14), **more)  # type: ignore[arg-type]


def made(session: Session, people: People, now: datetime, **changes: object) -> Saved:
    content = PostmortemContent.model_validate({"title": "Checkout", **changes})
    return authoring.create(session, viewer=people.ines, content=content, now=now)


def version(session: Session, people: People, reference: str) -> int:
    view = reading.view(session, viewer=people.ines, reference=reference, live=True)
    return view.section_versions[Section.TIMELINE.value]


def take(
    session: Session,
    people: People,
    now: datetime,
    reference: str,
    text: str = CHAT,
    chosen: set[int] | None = None,
    milestones: set[int] | None = None,
) -> PostmortemContent:
    given = paste(now, text)
    found = pastes.look(session, viewer=people.ines, reference=reference, paste=given)
    pastes.take(
        session,
        viewer=people.ines,
        reference=reference,
        paste=given,
        chosen={row.place for row in found.rows if row.take} if chosen is None else chosen,
        milestones=milestones or set(),
        base_version=found.version,
        now=now,
    )
    return reading.view(session, viewer=people.ines, reference=reference, live=True).content


def test_rows_come_in_unconfirmed_with_roles(
    session: Session, people: People, now: datetime
) -> None:
    saved = made(session, people, now)
    content = take(session, people, now, saved.reference)
    assert [(e.at and e.at.strftime("%H:%M"), e.actor_role, e.text) for e in content.timeline] == [
        ("09:12", "Responder A", "alert fired for checkout"),
        ("09:13", "Responder B", "asking Responder A for the dashboard"),
        ("09:31", "Responder A", "rolled back"),
    ]
    assert not any(entry.confirmed for entry in content.timeline)
    assert {entry.source for entry in content.timeline} == {ValueSource.SUGGESTED}
    assert content.timeline[0].source_detail == "pasted chat"
    assert content.times == []


def test_a_second_paste_adds_only_what_is_new_even_after_an_edit(
    session: Session, people: People, now: datetime
) -> None:
    saved = made(session, people, now)
    content = take(session, people, now, saved.reference)
    rows = [entry.model_dump(mode="json") for entry in content.timeline]
    rows[0]["text"] = "Reworded by hand"
    authoring.save_section(
        session,
        viewer=people.ines,
        reference=saved.reference,
        section=Section.TIMELINE,
        values={"timeline": rows},
        base_version=version(session, people, saved.reference),
        now=now,
    )
    longer = "[08:59] Zoe: deploy starts\n" + CHAT + "[09:50] Bo: resolved\n"
    content = take(session, people, now, saved.reference, longer)
    assert [entry.text for entry in content.timeline] == [
        "deploy starts",
        "Reworded by hand",
        "asking Responder A for the dashboard",
        "rolled back",
        "resolved",
    ]
    with pytest.raises(Invalid):
        take(session, people, now, saved.reference, longer)


def test_what_was_typed_by_hand_is_not_proposed_again(
    session: Session, people: People, now: datetime
) -> None:
    saved = made(
        session, people, now, timeline=[{"at": "2026-08-14 09:31", "text": "Rolled back!"}]
    )
    found = pastes.look(session, viewer=people.ines, reference=saved.reference, paste=paste(now))
    assert [row.state for row in found.rows] == ["new", "new", "here"]
    close = CHAT.replace("alert fired for checkout", "alert fired for the checkout")
    take(session, people, now, saved.reference, chosen={0})
    found = pastes.look(
        session, viewer=people.ines, reference=saved.reference, paste=paste(now, close)
    )
    assert [row.state for row in found.rows] == ["alike", "new", "here"]
    assert not found.rows[0].take


def test_milestones_are_proposed_where_nobody_answered(
    session: Session, people: People, now: datetime
) -> None:
    times = [{"milestone": "detected_at", "value": "2026-08-14 09:00"}]
    saved = made(session, people, now, times=times)
    content = take(session, people, now, saved.reference, milestones={0, 2})
    detected, mitigated = content.mark(Milestone.DETECTED), content.mark(Milestone.MITIGATED)
    assert detected is not None
    assert mitigated is not None
    assert detected.confirmed
    assert detected.value is not None
    assert detected.value.hour == 9
    assert detected.value.minute == 0
    assert not mitigated.confirmed
    assert mitigated.source == ValueSource.SUGGESTED


def test_confirming_is_one_act_of_a_person(session: Session, people: People, now: datetime) -> None:
    saved = made(session, people, now)
    take(session, people, now, saved.reference)
    before = reading.view(session, viewer=people.ines, reference=saved.reference, live=True)
    assert before.unconfirmed == 3
    pastes.confirm(
        session,
        viewer=people.ines,
        reference=saved.reference,
        base_version=before.section_versions["timeline"],
        now=now,
    )
    after = reading.view(session, viewer=people.ines, reference=saved.reference, live=True)
    assert after.unconfirmed == 0
    assert all(entry.source is ValueSource.SUGGESTED for entry in after.content.timeline)


def test_somebody_saved_first(session: Session, people: People, now: datetime) -> None:
    saved = made(session, people, now)
    stale = version(session, people, saved.reference)
    take(session, people, now, saved.reference, chosen={0})
    common = {"viewer": people.ines, "reference": saved.reference, "base_version": stale}
    with pytest.raises(Conflict):
        pastes.confirm(session, now=now, **common)  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        pastes.take(session, paste=paste(now), chosen={1}, milestones=(), now=now, **common)  # type: ignore[arg-type]


def test_who_may(session: Session, people: People, now: datetime) -> None:
    saved = made(session, people, now, visibility="restricted")
    with pytest.raises(NotFound):
        pastes.look(session, viewer=people.otto, reference=saved.reference, paste=paste(now))
    with pytest.raises(Forbidden):
        pastes.open_for(session, viewer=people.vera, reference=saved.reference)
    done = authoring.create(session, viewer=people.ines, content=rich(), now=now)
    authoring.set_aside(
        session,
        viewer=people.ines,
        reference=done.reference,
        base_version=done.version,
        target=Status.NOT_REQUIRED,
        reason="twice",
        now=now,
    )
    with pytest.raises(NotNow):
        pastes.open_for(session, viewer=people.ines, reference=done.reference)


def test_too_much_and_nothing_are_said(session: Session, people: People, now: datetime) -> None:
    saved = made(session, people, now)
    for text in ("", "09:12 x\n" * 2_001, "x" * 2_000_001):
        with pytest.raises(Invalid):
            pastes.look(
                session, viewer=people.ines, reference=saved.reference, paste=paste(now, text)
            )
    with pytest.raises(Invalid, match="time zone"):
        pastes.look(
            session, viewer=people.ines, reference=saved.reference, paste=paste(now, zone="Nowhere")
        )


def test_names_stay_where_somebody_wants_them(
    session: Session, people: People, now: datetime
) -> None:
    saved = made(session, people, now)
    found = pastes.look(
        session, viewer=people.ines, reference=saved.reference, paste=paste(now, keep_names=True)
    )
    assert found.rows[1].proposal.text == "asking Ana for the dashboard"
    assert found.rows[1].proposal.actor_role == "Responder B"
