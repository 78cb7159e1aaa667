"""The weekly digest: it brings lessons back, holds open records only, and keeps quiet when it can."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from rca.domain.catalogue import DrillEntry, ServiceEntry
from rca.domain.mail import last_day_begun, last_week_over, parse_week, week_name
from rca.errors import NotFound
from rca.reports.letter import Letter, letter_html, letter_text
from rca.services import catalogue_changes, mail_choices, weekly
from rca.services.mail_desk import Desk
from rca.store import tables as t
from rca.store.engine import writing
from tests.conftest import NOW
from tests.mail.world import (
    action,
    address,
    later,
    messages,
    publish,
    restricted,
    settings_of,
    work,
)
from tests.people import People, make_people
from tests.post_office import office

WEEK = weekly.Week.named("2026-W41")  # 5 to 11 October: the tests publish on the 5th
DESK = Desk("https://rca.example.org", "Fernwick", "key of a test")
AFTER = datetime(2026, 10, 12, 8, 0, tzinfo=NOW.tzinfo)


def _digest(session: Session, service: str = "checkout", week: weekly.Week = WEEK) -> Letter | None:
    return weekly.digest(session, service=service, week=week, desk=DESK, now=AFTER)


def _headings(letter: Letter | None) -> list[str]:
    return [part.heading for part in letter.parts] if letter else []


def test_weeks_are_named_after_iso() -> None:
    assert week_name(date(2027, 1, 1)) == "2026-W53"
    assert parse_week("2026-w53") == date(2026, 12, 28)
    for wrong in ("2026-W54", "2026-40", "W40", ""):
        with pytest.raises(NotFound, match="Write it like"):
            weekly.Week.named(wrong)


def test_a_week_is_over_on_monday_at_the_hour() -> None:
    monday = datetime(2026, 10, 12, 6, 59, tzinfo=NOW.tzinfo)
    assert week_name(last_week_over(monday, 7)) == "2026-W40"
    assert week_name(last_week_over(monday + timedelta(minutes=1), 7)) == "2026-W41"
    assert week_name(last_week_over(monday + timedelta(days=5), 7)) == "2026-W41"
    assert last_day_begun(monday, 7) == date(2026, 10, 11)


def test_a_quiet_week_says_nothing(session: Session, people: People, now: datetime) -> None:
    publish(session, people, now, action("Bound it", date(2026, 11, 1)))
    assert _digest(session, week=weekly.Week.named("2026-W42")) is None
    assert _digest(session, service="search") is None


def test_what_was_published_tells_what_contributed(
    session: Session, people: People, now: datetime
) -> None:
    reference = publish(session, people, now, action("Bound it", date(2026, 11, 1)))
    letter = _digest(session)
    assert _headings(letter) == ["1 postmortem published"]
    assert letter is not None
    [item] = letter.parts[0].items
    assert item.href == f"https://rca.example.org/postmortems/{reference}"
    assert item.words == "Contributed: The config schema accepted a pool of 4. 0 of 1 action done."


def _pattern(session: Session, references: list[str], now: datetime, **changes: object) -> None:
    run = t.MiningRun(started_at=now, finished_at=now, data_digest="d")
    session.add(run)
    session.flush()
    values = {"id": "p1", "kind": "recurrence", "name": "Pools too small", "state": "proposed",
              "first_run_id": run.id, "last_run_id": run.id}  # fmt: skip
    session.add(t.PatternRow(**{**values, **changes}))
    session.flush()
    for place, reference in enumerate(references):
        row = session.exec(
            select(t.PostmortemRow).where(t.PostmortemRow.reference == reference)
        ).one()
        session.add(t.PatternMember(pattern_id="p1", postmortem_id=row.id, position=place))
    session.flush()


def _moved(day: str) -> dict[str, object]:
    return {"times": [{"milestone": "impact_started_at", "value": f"{day} 09:12"},
                      {"milestone": "detected_at", "value": f"{day} 09:31"},
                      {"milestone": "mitigated_at", "value": f"{day} 10:02"}]}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "told"), [({}, True), ({"state": "dismissed"}, False), ({"kind": "theme"}, False)]
)
def test_what_came_back_is_said_with_how_often(
    session: Session, people: People, now: datetime, changes: dict[str, object], told: bool
) -> None:
    earlier = publish(session, people, later(now, days=-60), **_moved("2026-05-01"))
    newer = publish(session, people, now)
    _pattern(session, [earlier, newer], now, **changes)
    letter = _digest(session)
    assert letter is not None
    again = [item.words for part in letter.parts for item in part.items if "Again" in item.words]
    assert again == (["Again: Pools too small, 1 time before."] if told else [])


def test_a_link_of_recurrence_counts_and_a_restricted_record_does_not(
    engine: Engine, now: datetime
) -> None:
    with writing(engine) as session:
        people = make_people(session, now)
        hidden = restricted(session, people, later(now, days=-60))
        earlier = publish(session, people, later(now, days=-60), **_moved("2026-05-01"))
        related = [{"reference": name, "relation": "recurrence_of"} for name in (earlier, hidden)]
        publish(session, people, now, related=related)
        _pattern(session, [hidden], now)
        letter = _digest(session)
        assert letter is not None
        assert f"Again: a recurrence of {earlier}." in letter_text(letter)
        assert hidden not in letter_text(letter)


def test_overdue_and_a_year_ago(session: Session, people: People, now: datetime) -> None:
    late = action("Bound the pool", date(2026, 10, 1), owner="Ines")
    publish(session, people, later(now, days=-360), late, title="It was the pool",
            **_moved("2025-10-08"))  # fmt: skip
    restricted(session, people, later(now, days=-360), action("Hidden", date(2026, 10, 1)))
    letter = _digest(session)
    assert _headings(letter) == ["A year ago this week", "1 action item past the date"]
    assert letter is not None
    words = letter_text(letter)
    assert "It was the pool" in words
    assert "Bound the pool" in words
    assert "Hidden" not in words
    assert "Ines" not in words, "no person stands in a service's digest"


def test_drills_kill_switches_and_guardrails_that_are_due(engine: Engine, now: datetime) -> None:
    with writing(engine) as session:
        people = make_people(session, now)
        catalogue_changes.save_service(
            session, viewer=people.ravi, now=now, base_version=0,
            entry=ServiceEntry(name="checkout", kill_switch_url="https://flags.example.org/x"),
        )  # fmt: skip
        for days, scenario in ((20, "Lose the queue"), (90, "Far away")):
            catalogue_changes.save_drill(
                session, viewer=people.ravi, now=now, base_version=0, drill_id=None,
                entry=DrillEntry(service="checkout", scenario=scenario, planned_at=later(now, days=days)),
            )  # fmt: skip
        reference = publish(session, people, later(now, days=-60))
        row = session.exec(
            select(t.PostmortemRow).where(t.PostmortemRow.reference == reference)
        ).one()
        for name, review_by, decision in (
            ("near", 8, "accepted"),
            ("far", 90, "accepted"),
            ("open", 8, "proposed"),
        ):
            session.add(t.GuardrailRow(
                id=name, family="config", title=f"Rule {name}", decision=decision, status="accepted",
                mode="warn", identity=name, created_at=now, updated_at=now,
                review_by=AFTER.date() + timedelta(days=review_by),
            ))  # fmt: skip
            session.flush()
            session.add(t.GuardrailEvidence(guardrail_id=name, postmortem_id=row.id))
        session.flush()
        letter = _digest(session)
        assert _headings(letter) == ["2 drills and tests due", "1 guardrail due for review"]
        assert letter is not None
        assert [i.title for p in letter.parts for i in p.items] == [
            "Lose the queue", "The kill switch", "Rule near"
        ]  # fmt: skip
        assert "no test is on record" in letter_text(letter)


def test_it_goes_to_those_who_follow_once_a_week(
    engine: Engine, now: datetime, tmp_path: Path
) -> None:
    with office() as running:
        settings = settings_of(tmp_path, running.smtp)
        with writing(engine) as session:
            people = make_people(session, now)
            publish(session, people, now)
            for viewer in (people.vera, people.otto):
                address(session, viewer)
            mail_choices.choose(session, viewer=people.vera, reminders=False,
                                services=["checkout", "payments"], teams=[], now=now)  # fmt: skip
            assert weekly.plan(session, week=WEEK, now=AFTER) == 2
            assert weekly.plan(session, week=WEEK, now=AFTER) == 0
            user = session.get_one(t.User, people.vera.user_id)
            mail_choices._unfollow(session, user.id, mail_choices.FollowKind.SERVICE, "payments")
        work(engine, settings, AFTER)
        [mail] = running.box.mails
    assert (mail["To"], mail["Subject"]) == (
        "vera@example.org",
        "checkout, 2026-W41: 1 postmortem published",
    )
    assert {row.scope: row.state for row in messages(engine)} == {
        "checkout": "sent",
        "payments": "skipped",
    }


def test_the_html_loads_nothing_and_escapes(
    session: Session, people: People, now: datetime
) -> None:
    publish(session, people, now, title='<img src="https://x.example/p.png"> & <script>x</script>')
    letter = _digest(session)
    assert letter is not None
    html = letter_html(letter)
    assert "&lt;img src=" in html
    for loading in ("<img", "<script", "<link", "url(", "@import"):
        assert loading not in html
    assert all(len(line) <= 76 or "https://" in line for line in letter_text(letter).splitlines())
