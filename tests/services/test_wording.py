"""Wording hints on postmortems: which fields speak, what was left, counts per rule only."""

from datetime import datetime

import pytest
from sqlmodel import Session, select

from rca.errors import Forbidden, Invalid, NotFound
from rca.services import authoring, wording
from rca.store import tables as t
from tests.factories import rich
from tests.people import People

BLAME = "The operator failed to check the queue."


def blaming(**changes: object):  # type: ignore[no-untyped-def]
    return rich(
        summary=f"It began at ten. {BLAME}",
        timeline=[{"at": "2026-08-14 09:12", "text": BLAME}],
        factors=[{"statement": "Ana ignored the page."}],
        actions=[{"title": "The operator should have a second screen"}],
        **changes,
    )


def make(session: Session, people: People, now: datetime, **changes: object) -> str:
    return authoring.create(
        session, viewer=people.ines, content=blaming(**changes), now=now
    ).reference


def test_it_works() -> None:
    fields = wording.findings_for(blaming())
    assert [(field.path, field.anchor) for field in fields] == [
        ("summary", "summary"),
        ("factors.0.statement", "factors-0-statement"),
    ]
    assert fields[0].text[fields[0].findings[0].start :].startswith("The operator failed to")


def test_timelines_and_actions_are_quiet_by_name_too() -> None:
    assert wording.is_read("summary")
    assert wording.is_read("factors-3-statement")
    quiet = ("timeline-0-text", "actions-0-title", "ai_influences-0-claims-0-statement",
             "ai_influences-0-counterfactual", "cut_detection", "participants-0-name")  # fmt: skip
    assert not [name for name in quiet if wording.is_read(name)]


def test_every_field_that_is_read_is_known_by_name() -> None:
    for path, _, _ in wording.texts_of(blaming(title="T")):
        assert wording.is_read(path)
        assert wording.is_read(path.replace(".", "-"))


def test_names_of_participants_are_people() -> None:
    content = rich(summary="Jenkins forgot the tag.")
    assert wording.findings_for(content) == []
    named = rich(
        summary="Jenkins forgot the tag.",
        participants=[{"role": "responder", "name": "Mo Jenkins"}],
    )
    assert len(wording.findings_for(named)) == 1


def test_counts_for_an_import_are_by_category() -> None:
    assert wording.counts_for(blaming()) == {"counterfactual": 1, "person-blame": 1}


def test_a_dismissal_silences_one_sentence_here(
    session: Session, people: People, now: datetime
) -> None:
    reference, other = make(session, people, now), make(session, people, now)
    found = wording.check(session, viewer=people.ines, text=BLAME, reference=reference)[0]
    wording.dismiss(
        session, viewer=people.ines, rule=found.rule, sentence_key=found.key,
        reason="The report's own words", reference=reference, now=now,
    )  # fmt: skip
    assert wording.check(session, viewer=people.ines, text=BLAME, reference=reference) == ()
    assert len(wording.check(session, viewer=people.ines, text=BLAME, reference=other)) == 1


def test_a_dismissal_without_a_postmortem_holds_everywhere_and_twice_is_once(
    session: Session, people: People, now: datetime
) -> None:
    reference = make(session, people, now)
    found = wording.check(session, viewer=people.ines, text=BLAME)[0]
    for _ in range(2):
        wording.dismiss(
            session, viewer=people.ines, rule=found.rule, sentence_key=found.key,
            reason="ours", now=now,
        )  # fmt: skip
    assert wording.check(session, viewer=people.ines, text=BLAME, reference=reference) == ()
    assert len(session.exec(select(t.WordingDismissal)).all()) == 1


def test_a_rule_is_muted_in_one_postmortem(session: Session, people: People, now: datetime) -> None:
    reference = make(session, people, now)
    wording.dismiss(
        session, viewer=people.ines, rule="failed-to", sentence_key="", reason="a quote",
        reference=reference, now=now,
    )  # fmt: skip
    text = f"{BLAME} The engineer failed to look."
    assert wording.check(session, viewer=people.ines, text=text, reference=reference) == ()
    with pytest.raises(Invalid, match="not everywhere"):
        wording.dismiss(
            session, viewer=people.ines, rule="failed-to", sentence_key="", reason="x", now=now
        )


def test_a_dismissal_needs_a_reason_a_rule_and_a_key_of_ours(
    session: Session, people: People, now: datetime
) -> None:
    with pytest.raises(Invalid) as caught:
        wording.dismiss(
            session, viewer=people.ines, rule="none", sentence_key="<b>", reason=" ", now=now
        )
    assert [problem.path for problem in caught.value.problems] == ["rule", "reason", "key"]


def test_readers_check_and_dismiss_nothing_and_outsiders_learn_nothing(
    session: Session, people: People, now: datetime
) -> None:
    reference = make(session, people, now, visibility="restricted")
    with pytest.raises(Forbidden):
        wording.check(session, viewer=people.vera, text=BLAME)
    with pytest.raises(NotFound):
        wording.check(session, viewer=people.otto, text=BLAME, reference=reference)


def test_no_column_could_count_a_person() -> None:
    columns = set(t.WordingDismissal.model_fields)
    assert columns == {"id", "rule", "sentence_key", "postmortem_id", "reason", "at"}


def test_rates_are_per_rule_with_n_and_leave_restricted_records_out(
    session: Session, people: People, now: datetime
) -> None:
    reference = make(session, people, now)
    make(session, people, now)
    make(session, people, now, visibility="restricted")
    found = wording.check(session, viewer=people.ines, text=BLAME, reference=reference)[0]
    wording.dismiss(
        session, viewer=people.ines, rule=found.rule, sentence_key=found.key, reason="ours",
        reference=reference, now=now,
    )  # fmt: skip
    rate = next(rate for rate in wording.rates(session) if rate.rule == "failed-to")
    assert (rate.standing, rate.dismissed) == (1, 1)
    assert (rate.share.k, rate.share.n) == (1, 2)
    assert rate.share.low is not None
    assert not rate.due


def test_a_reviewer_lets_a_hint_speak_again(
    session: Session, people: People, now: datetime
) -> None:
    found = wording.check(session, viewer=people.ines, text=BLAME)[0]
    wording.dismiss(
        session, viewer=people.ines, rule=found.rule, sentence_key=found.key, reason="x", now=now
    )
    row = wording.dismissed_of_open(session)[0]
    with pytest.raises(Forbidden):
        wording.withdraw(session, viewer=people.ines, dismissal_id=row.id, now=now)
    wording.withdraw(session, viewer=people.ravi, dismissal_id=row.id, now=now)
    assert len(wording.check(session, viewer=people.ines, text=BLAME)) == 1
