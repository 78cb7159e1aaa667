"""Mail and calendar pages: own choices, links in mail, secret calendars, and the admin's log."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlmodel import select

from rca.config import Smtp
from rca.domain.access import Viewer
from rca.domain.catalogue import DrillEntry, ServiceEntry
from rca.domain.mail import MailKind
from rca.services import catalogue_changes, mail_choices, mailing
from rca.services.mail_desk import Desk, Leaving
from rca.store import tables as t
from rca.store.engine import reading, writing
from tests.conftest import NOW
from tests.mail.world import action, address, publish, restricted
from tests.people import People
from tests.web.conftest import form_token, people_of, sign_in


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """On one database: what these pages store is tried on both beside their services."""
    return sqlite_app


@pytest.fixture
def world(app: Flask) -> People:
    """Five people, two open actions of Ines, one restricted one, a mail server."""
    app.extensions["rca_settings"] = replace(
        app.extensions["rca_settings"],
        base_url="http://localhost",
        smtp=Smtp("127.0.0.1", 9, "none", sender="rca@example.org"),
    )
    people = people_of(app)
    with writing(app.extensions["rca_engine"]) as session:
        catalogue_changes.save_service(session, viewer=people.ravi, now=NOW, base_version=0,
                                       entry=ServiceEntry(name="checkout"))  # fmt: skip
        catalogue_changes.save_drill(
            session, viewer=people.ravi, now=NOW, base_version=0, drill_id=None,
            entry=DrillEntry(service="checkout", scenario="Lose the queue", planned_at=NOW + timedelta(days=3)),
        )  # fmt: skip
        publish(session, people, NOW, action("Bound; the, pool\\", date(2026, 10, 9), owner="Ines"),
                action("Alert on payments", date(2026, 10, 20), owner="Otto"))  # fmt: skip
        restricted(session, people, NOW, action("Rotate the key", date(2026, 10, 9), owner="Ines"))
    return people


def _desk(app: Flask) -> Desk:
    return Desk.of(app.extensions["rca_settings"])


def _post(client: FlaskClient, path: str, **form: object) -> tuple[int, str]:
    answer = client.post(path, data={"csrf_token": form_token(client), **form})
    return answer.status_code, answer.get_data(as_text=True)


def _feed(app: Flask, viewer: Viewer, service: str = "") -> str:
    """Make a calendar by the page; its path."""
    status, page = _post(sign_in(app, viewer), "/account/mail/calendars", service=service)
    assert status == 200
    found = page.partition('<code class="secret">')[2].partition("</code>")[0]
    return found.removeprefix("http://localhost")


def _titles(app: Flask, path: str) -> list[str]:
    answer = app.test_client().get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "text/calendar"
    calendar = Calendar.from_ical(answer.get_data())
    return [str(event["summary"]) for event in calendar.walk("VEVENT")]


def test_a_calendar_shows_own_dates_as_calendar_programs_want_them(
    app: Flask, world: People
) -> None:
    path = _feed(app, world.ines)
    assert sorted(_titles(app, path)) == [
        "Due: Bound; the, pool\\", "Due: an action of INC-2026-0002 (members only)"
    ]  # fmt: skip
    data = app.test_client().get(path).get_data()
    assert b"Rotate" not in data
    event = next(e for e in Calendar.from_ical(data).walk("VEVENT") if "pool" in e["summary"])
    assert event["dtstart"].dt == date(2026, 10, 9)
    assert event["dtend"].dt == date(2026, 10, 10)
    assert event["url"].startswith("http://localhost/actions/")
    [alarm] = event.walk("VALARM")
    assert alarm["trigger"].dt == timedelta(hours=-15)
    assert data == app.test_client().get(path).get_data(), "the same records, the same bytes"


def test_a_services_calendar_has_what_its_account_may_see(app: Flask, world: People) -> None:
    assert sorted(_titles(app, _feed(app, world.vera, "checkout"))) == [
        "Drill: Lose the queue", "Due: Alert on payments", "Due: Bound; the, pool\\"
    ]  # fmt: skip
    assert len(_titles(app, _feed(app, world.ines, "checkout"))) == 4


def test_an_unchanged_calendar_is_not_sent_again(app: Flask, world: People) -> None:
    path = _feed(app, world.ines)
    first = app.test_client().get(path)
    again = app.test_client().get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")
    with writing(app.extensions["rca_engine"]) as session:
        row = session.exec(select(t.ActionItemRow).where(t.ActionItemRow.owner == "Ines")).first()
        assert row is not None
        row.status = "done"
        session.add(row)
    moved = app.test_client().get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert moved.status_code == 200


def test_an_ended_calendar_is_gone_and_only_its_owner_ends_it(app: Flask, world: People) -> None:
    path = _feed(app, world.ines)
    with reading(app.extensions["rca_engine"]) as session:
        feed = session.exec(select(t.CalendarFeed)).one()
        assert path.split("/")[-1].removesuffix(".ics") not in feed.token_hash
        session.expunge(feed)
    assert _post(sign_in(app, world.otto), f"/account/mail/calendars/{feed.id}/end")[0] == 404
    assert app.test_client().get(path).status_code == 200
    assert _post(sign_in(app, world.ines), f"/account/mail/calendars/{feed.id}/end")[0] == 303
    for wrong in (path, "/calendar/nothing.ics"):
        assert app.test_client().get(wrong).status_code == 404


def test_a_disabled_account_has_no_calendar(app: Flask, world: People) -> None:
    path = _feed(app, world.otto)
    with writing(app.extensions["rca_engine"]) as session:
        user = session.get_one(t.User, world.otto.user_id)
        user.active = False
        session.add(user)
    assert app.test_client().get(path).status_code == 404


def test_choices_are_kept_and_only_for_oneself(app: Flask, world: People) -> None:
    client = sign_in(app, world.vera)
    assert _post(client, "/account/mail", services=["checkout"], teams=["Storefront"])[0] == 303
    with reading(app.extensions["rca_engine"]) as session:
        chosen = mail_choices.choices(session, viewer=world.vera)
        other = mail_choices.choices(session, viewer=world.otto)
    assert (chosen.reminders, chosen.services, chosen.teams) == (
        False,
        ("checkout",),
        ("Storefront",),
    )
    assert (other.reminders, other.services) == (True, ())
    assert _post(client, "/account/mail", services=["no such"])[0] == 422


def test_an_address_is_taken_when_its_link_was_followed_by_its_account(
    app: Flask, world: People
) -> None:
    client = sign_in(app, world.vera)
    assert _post(client, "/account/mail/address", address="nobody")[0] == 422
    assert _post(client, "/account/mail/address", address="vera@example.org")[0] == 303
    with reading(app.extensions["rca_engine"]) as session:
        [mail] = session.exec(select(t.MailMessage)).all()
        assert (mail.kind, mail.recipient) == ("confirm", "vera@example.org")
        assert session.get_one(t.User, world.vera.user_id).email == ""
    path = (
        _desk(app)
        .confirm(world.vera.user_id or "", "vera@example.org")
        .removeprefix("http://localhost")
    )
    assert client.get(path).status_code == 200
    assert _post(sign_in(app, world.otto), path)[0] == 404
    assert _post(client, path)[0] == 303
    with reading(app.extensions["rca_engine"]) as session:
        assert session.get_one(t.User, world.vera.user_id).email == "vera@example.org"


def test_a_link_in_a_mail_ends_it_without_signing_in(app: Flask, world: People) -> None:
    with writing(app.extensions["rca_engine"]) as session:
        address(session, world.vera)
        mail_choices.choose(session, viewer=world.vera, reminders=True, services=["checkout"],
                            teams=[], now=NOW)  # fmt: skip
    leaving = Leaving(MailKind.WEEKLY, "checkout", world.vera.user_id or "", "")
    path = _desk(app).leave(leaving).removeprefix("http://localhost")
    stranger = app.test_client()
    page = stranger.get(path).get_data(as_text=True)
    assert "The weekly digest of checkout" in page

    def followed() -> tuple[str, ...]:
        with reading(app.extensions["rca_engine"]) as session:
            return mail_choices.choices(session, viewer=world.vera).services

    assert followed() == ("checkout",), "opening it ends nothing"
    for _ in range(2):
        ended = stranger.post(path, data={"List-Unsubscribe": "One-Click"})
        assert ended.status_code == 200
        assert "It has ended" in ended.get_data(as_text=True)
    assert followed() == ()
    for forged in (path[:-3], path + "x", "/mail/leave/abc"):
        assert stranger.post(forged).status_code == 404


def test_the_log_names_no_words_and_sends_again(app: Flask, world: People) -> None:
    with writing(app.extensions["rca_engine"]) as session:
        mailing.queue(session, mailing.Draft("k", MailKind.TEST, "a@example.org"), now=NOW)
        row = session.exec(select(t.MailMessage)).one()
        row.state, row.said = "failed", "550 no such user"
        session.add(row)
        message = row.id
    client = sign_in(app, world.ada)
    page = client.get("/settings/mail?state=failed").get_data(as_text=True)
    assert "550 no such user" in page
    assert "a@example.org" in page
    assert _post(client, f"/settings/mail/{message}")[0] == 303
    assert "550" not in client.get("/settings/mail?state=failed").get_data(as_text=True)
    assert _post(client, "/settings/mail/test", address="x")[0] == 422
    assert _post(client, "/settings/mail/test", address="ada@example.org")[0] == 303
    assert _post(sign_in(app, world.ravi), f"/settings/mail/{message}")[0] == 403


def test_the_log_turns_pages(sqlite_app: Flask) -> None:
    people = people_of(sqlite_app)
    with writing(sqlite_app.extensions["rca_engine"]) as session:
        for n in range(52):
            draft = mailing.Draft(f"k{n}", MailKind.TEST, f"reader{n}@example.org")
            mailing.queue(session, draft, now=NOW - timedelta(minutes=n))
    client = sign_in(sqlite_app, people.ada)
    first = client.get("/settings/mail").get_data(as_text=True)
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = client.get(older).get_data(as_text=True)
    assert "reader49@" in first
    assert "reader50@" not in first
    assert "reader51@" in second
    assert "reader49@" not in second


def test_lists_schedules_and_team_addresses(app: Flask, world: People) -> None:
    client = sign_in(app, world.ada)
    assert (
        _post(client, "/settings/mail/lists", name="Board", addresses="a@b.org, c@d.org\n")[0]
        == 303
    )
    assert _post(client, "/settings/mail/lists", name="Board", addresses="nobody")[0] == 422
    assert _post(client, "/settings/mail/schedules", list_name="Board", days_after="10")[0] == 303
    assert _post(client, "/settings/mail/schedules", list_name="Board", days_after="x")[0] == 422
    assert _post(client, "/settings/mail/schedules", list_name="None", days_after="1")[0] == 422
    assert _post(client, "/settings/mail/teams", team="Storefront", address="s@b.org")[0] == 303
    assert _post(client, "/settings/mail/teams", team="Nobody", address="s@b.org")[0] == 422
    page = client.get("/settings/mail/lists").get_data(as_text=True)
    assert "2026-Q3 on" in page
    assert 'value="s@b.org"' in page
    with reading(app.extensions["rca_engine"]) as session:
        schedule = session.exec(select(t.ReviewSchedule.id)).one()
    assert _post(client, f"/settings/mail/schedules/{schedule}/end")[0] == 303
    assert _post(client, "/settings/mail/lists", name="Board", addresses="")[0] == 303
    assert "a@b.org" not in client.get("/settings/mail/lists").get_data(as_text=True)


def test_addresses_in_mails_are_pages_of_ours(sqlite_app: Flask) -> None:
    desk = Desk("", "", "key")
    paths = [desk.action("a"), desk.postmortem("INC-1"), desk.settings(), desk.page("/services"),
             desk.page("/guardrails/x"), desk.page("/reviews/2026-Q3"), desk.confirm("u", "a@b.c"),
             desk.page("/reviews/records/r"), desk.page("/")]  # fmt: skip
    adapter = sqlite_app.url_map.bind("localhost")
    for path in paths:
        assert adapter.match(path, method="GET")
    leaving = desk.leave(Leaving(MailKind.WEEKLY, "a/b", "u", ""))
    assert adapter.match(leaving, method="POST")[0] == "mail.leave_now"


def test_the_use_of_a_calendar_is_written_to_the_hour(app: Flask, world: People) -> None:
    path = _feed(app, world.ines)
    for minutes, written in ((0, 0), (59, 0), (61, 61)):
        app.extensions["rca_clock"] = lambda at=minutes: NOW + timedelta(minutes=at)
        app.test_client().get(path)
        with reading(app.extensions["rca_engine"]) as session:
            used = session.exec(select(t.CalendarFeed.last_used_at)).one()
        assert used == NOW + timedelta(minutes=written)
