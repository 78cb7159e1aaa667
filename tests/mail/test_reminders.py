"""Reminders: whom, when, how often, and what a reader who may not see a record never reads."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from rca.config import Reminders, Settings
from rca.domain.catalogue import ServiceEntry
from rca.domain.mail import reminder_falls
from rca.domain.vocabulary import ActionStatus
from rca.services import actions, catalogue_changes, mail_choices, reminders
from rca.services.actions import Progress
from rca.services.mail_desk import Desk
from rca.services.reminder_forecast import Forecast, forecast
from rca.store import tables as t
from rca.store.engine import writing
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
from tests.post_office import office, words_of

TODAY = date(2026, 10, 5)


def _falls(due: date, today: date = TODAY, since: date | None = None) -> bool:
    return reminder_falls(
        due,
        after=since or today - timedelta(days=1),
        until=today,
        before_days=(7, 1),
        cadence=((1, 7), (15, 3)),
    )


def test_the_cadence_rises() -> None:
    due = date(2026, 9, 1)
    days = [n for n in range(-10, 30) if _falls(due, due + timedelta(days=n))]
    assert days == [-7, -1, 1, 8, 15, 18, 21, 24, 27]


def test_days_without_a_worker_are_caught_up() -> None:
    due = date(2026, 9, 28)
    assert not _falls(due, due + timedelta(days=3))
    assert _falls(due, due + timedelta(days=3), since=due)
    assert not _falls(due, due + timedelta(days=3), since=due + timedelta(days=1))
    assert not _falls(due, due + timedelta(days=1), since=due + timedelta(days=1))


def _plan(session: Session, settings: Settings, now: datetime, until: date = TODAY) -> int:
    return reminders.plan(
        session, after=until - timedelta(days=1), until=until, settings=settings, now=now
    )


def test_it_works(engine: Engine, now: datetime, tmp_path: Path) -> None:
    with office() as running:
        settings = settings_of(tmp_path, running.smtp)
        with writing(engine) as session:
            people = make_people(session, now)
            address(session, people.ines)
            reference = publish(
                session, people, now,
                action("Bound the pool size", date(2026, 10, 4), owner="Ines"),
                action("Alert on payment success", date(2026, 10, 12), owner="ines"),
                action("Rewrite everything", date(2026, 12, 1), owner="Ines"),
            )  # fmt: skip
            assert _plan(session, settings, now) == 1
            assert _plan(session, settings, now) == 0, "one mail a reader and day"
        work(engine, settings, now)
        [mail] = running.box.mails
    text = mail.get_body(("plain",))
    assert text is not None
    words = text.get_content()
    assert mail["Subject"] == "1 action item past the date, 1 due soon"
    assert "Overdue: Bound the pool size" in words
    assert f"due 4 October 2026, 1 day ago · {reference}" in words
    assert "Alert on payment success" in words
    assert "Rewrite everything" not in words
    assert "because you own action items" in words
    assert mail["List-Unsubscribe"].startswith("<https://rca.example.org/mail/leave/")


def test_nothing_that_falls_means_no_mail(session: Session, people: People, now: datetime,
                                          tmp_path: Path) -> None:  # fmt: skip
    address(session, people.ines)
    publish(session, people, now, action("Bound it", TODAY - timedelta(days=3), owner="Ines"))
    assert _plan(session, settings_of(tmp_path), now) == 0


@pytest.mark.parametrize("status", ["done", "wont_do", "superseded"])
def test_what_is_closed_is_left_alone(
    session: Session, people: People, now: datetime, tmp_path: Path, status: str
) -> None:
    address(session, people.ines)
    closed = action("Bound it", TODAY - timedelta(days=1), owner="Ines", status=status,
                    status_reason="Said", approver="Storefront lead")  # fmt: skip
    publish(session, people, now, closed)
    assert _plan(session, settings_of(tmp_path), now) == 0


def test_ideas_drafts_imports_and_foreign_records_remind_nobody(
    session: Session, people: People, now: datetime, tmp_path: Path
) -> None:
    address(session, people.ines)
    due = TODAY - timedelta(days=1)
    publish(session, people, now, action("An idea", due, owner="Ines", kind="idea"))
    publish(session, people, now, action("Theirs", due, owner="Ines"), organisation="Elsewhere")
    publish(session, people, now,
            action("Read by a machine", due, owner="Ines", source="imported", confirmed=False))  # fmt: skip
    reference = publish(session, people, now, action("In a draft", due, owner="Ines"))
    row = session.exec(select(t.PostmortemRow).where(t.PostmortemRow.reference == reference)).one()
    row.status = "draft"
    session.add(row)
    assert _plan(session, settings_of(tmp_path), now) == 0


def test_a_team_reads_of_what_has_no_reachable_owner(
    session: Session, people: People, now: datetime, tmp_path: Path
) -> None:
    due = TODAY - timedelta(days=1)
    address(session, people.ines)
    publish(session, people, now, action("Hers", due, owner="Ines"), action("Nobody's", due),
            action("A stranger's", due, owner="Somebody Else"))  # fmt: skip
    mail_choices.set_team_address(
        session, viewer=people.ada, team="Storefront", address="storefront@example.org", now=now
    )
    settings = settings_of(tmp_path)
    assert _plan(session, settings, now) == 2
    everybody = reminders.readers(session)
    box = next(reader for reader in everybody if not reader.user_id)
    share = reminders.share_of(
        session, box, reminders.map_of(session, everybody), today=TODAY, when=settings.reminders
    )
    assert {todo.title for todo in share.all()} == {"Nobody's", "A stranger's"}


def test_long_past_the_date_goes_to_the_team_that_owns_the_service(
    engine: Engine, now: datetime, tmp_path: Path
) -> None:
    with office() as running:
        settings = settings_of(tmp_path, running.smtp)
        with writing(engine) as session:
            people = make_people(session, now)
            for viewer in (people.ines, people.otto):
                address(session, viewer)
            catalogue_changes.save_service(
                session, viewer=people.ravi, now=now, base_version=0,
                entry=ServiceEntry(name="checkout", owning_team="Payments"),
            )  # fmt: skip
            publish(session, people, now,
                    action("Late", TODAY - timedelta(days=14), owner="Ines"),
                    action("Not so late", TODAY - timedelta(days=13), owner="Ines"))  # fmt: skip
            mail_choices.choose(session, viewer=people.otto, reminders=True, services=[],
                                teams=["Payments"], now=now)  # fmt: skip
            assert _plan(session, settings, now) == 1
        work(engine, settings, now)
        [mail] = running.box.mails
    words = words_of(mail)
    assert mail["To"] == "otto@example.org"
    assert "Long past the date" in words
    assert "Late" in words
    assert "Not so late" not in words
    assert "Ines" not in words, "a team reads of work, not of people"


def test_blocked_for_long_is_named_weekly(
    session: Session, people: People, now: datetime, tmp_path: Path
) -> None:
    address(session, people.ines)
    publish(session, people, now, action("Waits", date(2026, 12, 1), owner="Ines"))
    [item] = actions.list_actions(session, viewer=people.ines, now=now)
    actions.change(
        session, viewer=people.ines, action_id=item.id, now=now,
        progress=Progress(ActionStatus.BLOCKED, reason="The vendor", due=item.due),
        base_version=actions.view(session, viewer=people.ines, action_id=item.id, now=now).version,
    )  # fmt: skip
    settings = settings_of(tmp_path)
    days = [
        n for n in range(1, 30)
        if _plan(session, settings, later(now, days=n), until=TODAY + timedelta(days=n))
    ]  # fmt: skip
    assert days == [14, 21, 28]


def test_restricted_records_reach_members_only_and_without_their_words(
    sqlite_engine: Engine, now: datetime, tmp_path: Path
) -> None:
    due = TODAY - timedelta(days=20)
    with office() as running:
        settings = settings_of(tmp_path, running.smtp, reminders=Reminders(after=((1, 1),)))
        with writing(sqlite_engine) as session:
            people = make_people(session, now)
            for viewer in (people.ines, people.otto, people.ada):
                address(session, viewer)
                mail_choices.choose(session, viewer=viewer, reminders=True, services=[],
                                    teams=[], now=now)  # fmt: skip
            catalogue_changes.save_service(
                session, viewer=people.ravi, now=now, base_version=0,
                entry=ServiceEntry(name="checkout", owning_team="Storefront"),
            )  # fmt: skip
            for viewer in (people.otto, people.ada):
                mail_choices.choose(session, viewer=viewer, reminders=True, services=[],
                                    teams=["Storefront"], now=now)  # fmt: skip
            mail_choices.set_team_address(session, viewer=people.ada, team="Storefront",
                                          address="storefront@example.org", now=now)  # fmt: skip
            reference = restricted(session, people, now, action("Rotate the key", due, owner="Ines"),
                                   action("Audit the reads", due, owner="Otto"))  # fmt: skip
            assert _plan(session, settings, now) == 1
        work(sqlite_engine, settings, now)
        [mail] = running.box.mails
    assert mail["To"] == "ines@example.org"
    assert reference in words_of(mail)
    for secret in ("Rotate the key", "Keys were readable", "checkout", "A drill shows it"):
        assert secret not in words_of(mail)


def test_what_is_done_before_the_mail_goes_is_not_nagged_about(
    sqlite_engine: Engine, now: datetime, tmp_path: Path
) -> None:
    with writing(sqlite_engine) as session:
        people = make_people(session, now)
        address(session, people.ines)
        publish(session, people, now, action("Bound it", TODAY - timedelta(days=1), owner="Ines"))
        _plan(session, settings_of(tmp_path), now)
    with writing(sqlite_engine) as session:
        [item] = actions.list_actions(session, viewer=people.ines, now=now)
        version = actions.view(session, viewer=people.ines, action_id=item.id, now=now).version
        actions.change(session, viewer=people.ines, action_id=item.id, base_version=version,
                       progress=Progress(ActionStatus.DONE, due=item.due), now=now)  # fmt: skip
    with office() as running:
        work(sqlite_engine, settings_of(tmp_path, running.smtp), now)
        assert running.box.mails == []
    [row] = messages(sqlite_engine)
    assert (row.state, row.said) == ("skipped", "Everything was done meanwhile.")


def test_the_link_of_a_mail_ends_it(
    session: Session, people: People, now: datetime, tmp_path: Path
) -> None:
    address(session, people.ines)
    settings = settings_of(tmp_path)
    desk = Desk.of(settings)
    publish(session, people, now, action("Bound it", TODAY - timedelta(days=1), owner="Ines"))
    [reader] = reminders.readers(session)
    whole = reminders.map_of(session, [reader])
    share = reminders.share_of(session, reader, whole, today=TODAY, when=settings.reminders)
    letter = reminders.letter(reader, share, desk=desk, today=TODAY, when=settings.reminders)
    leaving = desk.read_leave(letter.leave.rpartition("/")[2])
    for _ in range(2):
        mail_choices.leave(session, leaving=leaving, now=now)
    assert reminders.readers(session) == ()
    assert _plan(session, settings, now) == 0
    assert not mail_choices.choices(session, viewer=people.ines).reminders


def test_a_name_that_two_share_is_nobodys(
    session: Session, people: People, now: datetime, tmp_path: Path
) -> None:
    user = session.get_one(t.User, people.otto.user_id)
    user.display_name = "Ines"
    session.add(user)
    for viewer in (people.ines, people.otto):
        address(session, viewer)
    publish(session, people, now, action("Whose?", TODAY - timedelta(days=1), owner="Ines"))
    assert _plan(session, settings_of(tmp_path), now) == 0


def test_the_next_reminder_is_said_before_it_comes(
    session: Session, now: datetime, tmp_path: Path
) -> None:
    settings, people = settings_of(tmp_path), make_people(session, now)
    publish(
        session, people, now,
        action("Bound the pool size", date(2026, 10, 20), owner="Ines", team="Storefront"),
        action("Rewrite everything", None),
    )  # fmt: skip
    rows = {row.title: row.id for row in session.exec(select(t.ActionItemRow))}

    def told(title: str = "Bound the pool size", today: date = TODAY) -> Forecast | None:
        return forecast(session, action_id=rows[title], today=today, settings=settings)

    assert told() == Forecast(date(2026, 10, 13), ())
    mail_choices.set_team_address(
        session, viewer=people.ada, team="Storefront", address="shop@fernwick.example", now=now
    )
    assert told() == Forecast(date(2026, 10, 13), ("the address of the team Storefront",))
    address(session, people.ines)
    assert told() == Forecast(date(2026, 10, 13), ("its owner",))
    assert told(today=date(2026, 10, 13)) == Forecast(date(2026, 10, 19), ("its owner",))
    assert told("Rewrite everything") is None
    assert forecast(
        session, action_id=rows["Bound the pool size"], today=TODAY,
        settings=settings_of(tmp_path, None),
    ) is None  # fmt: skip


def test_a_weekend_waits_for_monday(session: Session, now: datetime, tmp_path: Path) -> None:
    people = make_people(session, now)
    publish(session, people, now, action("Bound it", date(2026, 10, 11), owner="Ines"))
    [row] = session.exec(select(t.ActionItemRow)).all()
    told = forecast(
        session, action_id=row.id, today=date(2026, 10, 5), settings=settings_of(tmp_path)
    )
    assert told is not None
    assert told.day == date(2026, 10, 12)
