"""Periodic work: begun once by two workers, and what was missed is caught up once."""

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from rca.errors import Forbidden, Invalid, NotFound
from rca.services import mail_choices, periodic, report_pdf, review_mail
from rca.services.mail_desk import Desk
from rca.store import tables as t
from rca.store.engine import reading, writing
from tests.mail.world import action, address, later, messages, publish, settings_of, work
from tests.people import People, make_people
from tests.post_office import office, words_of

MONDAY = datetime(2026, 10, 12, 7, 0, tzinfo=UTC)


def _world(engine: Engine, now: datetime) -> People:
    with writing(engine) as session:
        people = make_people(session, now)
        address(session, people.ines)
        publish(session, people, now, action("Bound it", date(2026, 10, 9), owner="Ines"))
        mail_choices.choose(session, viewer=people.ines, reminders=True, services=["checkout"],
                            teams=[], now=now)  # fmt: skip
    return people


def _kinds(engine: Engine) -> list[str]:
    return [f"{row.kind} {row.period}" for row in messages(engine)]


def test_nothing_before_the_hour_and_once_after_it(
    sqlite_engine: Engine, now: datetime, tmp_path: Path
) -> None:
    _world(sqlite_engine, now)
    settings = settings_of(tmp_path)
    periodic.tick(sqlite_engine, settings, now=MONDAY - timedelta(days=3, minutes=1))
    before = _kinds(sqlite_engine)
    assert periodic.tick(sqlite_engine, settings, now=MONDAY - timedelta(minutes=1)) == 0
    assert _kinds(sqlite_engine) == before
    assert periodic.tick(sqlite_engine, settings, now=MONDAY) == 2
    assert periodic.tick(sqlite_engine, settings, now=MONDAY + timedelta(hours=3)) == 0
    assert set(_kinds(sqlite_engine)) - set(before) == {"reminder 2026-10-12", "weekly 2026-W41"}


def test_weeks_without_a_worker_are_caught_up_once(
    engine: Engine, now: datetime, tmp_path: Path
) -> None:
    _world(engine, now)
    settings = settings_of(tmp_path)
    periodic.tick(engine, settings, now=MONDAY)
    away = MONDAY + timedelta(days=30)
    assert periodic.tick(engine, settings, now=away) == 2
    assert periodic.tick(engine, settings, now=away) == 0
    weeks = [kind for kind in _kinds(engine) if kind.startswith("weekly")]
    assert weeks == ["weekly 2026-W41", "weekly 2026-W45"]


def test_two_workers_begin_a_period_once(engine: Engine, now: datetime, tmp_path: Path) -> None:
    _world(engine, now)
    made: list[int] = []
    workers = [
        threading.Thread(
            target=lambda: made.append(periodic.tick(engine, settings_of(tmp_path), now=MONDAY))
        )
        for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(made) == 2
    assert len(messages(engine)) == 2


def test_an_older_period_is_never_begun_after_a_newer(session: Session, now: datetime) -> None:
    assert periodic.begin(session, "x", "2026-W41", now=now)
    assert not periodic.begin(session, "x", "2026-W40", now=now)
    assert not periodic.begin(session, "x", "2026-W41", now=now)
    assert periodic.begin(session, "y", "2026-W40", now=now)


def test_the_weekend_waits_for_monday(sqlite_engine: Engine, now: datetime, tmp_path: Path) -> None:
    _world(sqlite_engine, now)
    for day in (10, 11):
        periodic.tick(
            sqlite_engine, settings_of(tmp_path), now=datetime(2026, 10, day, 9, tzinfo=UTC)
        )
    assert not [kind for kind in _kinds(sqlite_engine) if kind.startswith("reminder 2026-10-1")]


def test_without_a_server_no_period_is_used_up(
    sqlite_engine: Engine, now: datetime, tmp_path: Path
) -> None:
    _world(sqlite_engine, now)
    assert periodic.tick(sqlite_engine, settings_of(tmp_path, None), now=MONDAY) == 0
    with reading(sqlite_engine) as session:
        assert session.exec(select(t.PeriodRun)).all() == []


def test_one_kind_that_fails_holds_up_no_other_and_is_tried_again(
    sqlite_engine: Engine, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _world(sqlite_engine, now)

    def broken(*_args: object, **_values: object) -> int:
        raise RuntimeError("no luck")

    with monkeypatch.context() as patched:
        patched.setattr(periodic.reminders, "drafts", broken)
        assert periodic.tick(sqlite_engine, settings_of(tmp_path), now=MONDAY) == 1
    assert periodic.tick(sqlite_engine, settings_of(tmp_path), now=later(MONDAY, minutes=1)) == 1


# Reviews


def _list(session: Session, people: People, now: datetime) -> None:
    review_mail.save_list(session, viewer=people.ada, name="Leadership", now=now,
                          addresses=["cto@example.org", "coo@example.org"])  # fmt: skip


def _send(session: Session, tmp_path: Path, now: datetime, data: bytes, **changes: object) -> int:
    values = {"list_name": "Leadership", "addresses": ["cto@example.org", "coo@example.org"],
              "name": "review.pdf", "subject": "Reliability review 2026-Q3", "period": "2026-Q3",
              "link": "https://rca.example.org/reviews/2026-Q3", "summary": "Fewer pages."}  # fmt: skip
    return review_mail.send_review(
        session, settings=settings_of(tmp_path), pdf_bytes=data, now=now, **{**values, **changes}
    )  # type: ignore[arg-type]


def test_a_review_goes_to_its_list_once(engine: Engine, now: datetime, tmp_path: Path) -> None:
    with writing(engine) as session:
        people = make_people(session, now)
        _list(session, people, now)
        assert _send(session, tmp_path, now, b"%PDF-1") == 2
        assert _send(session, tmp_path, now, b"%PDF-1") == 0
    with office() as running:
        work(engine, settings_of(tmp_path, running.smtp), now)
        mails = running.box.mails
    assert {mail["To"] for mail in mails} == {"cto@example.org", "coo@example.org"}
    for mail in mails:
        [pdf] = mail.iter_attachments()
        assert pdf.get_content() == b"%PDF-1"
        assert "https://rca.example.org/reviews/2026-Q3" in words_of(mail)
        assert mail["List-Unsubscribe"]


def test_a_large_pdf_is_linked(sqlite_engine: Engine, now: datetime, tmp_path: Path) -> None:
    with writing(sqlite_engine) as session:
        people = make_people(session, now)
        _list(session, people, now)
        _send(session, tmp_path, now, b"%PDF" + bytes(10_000_000))
        assert session.exec(select(t.MailAttachment)).all() == []
    with office() as running:
        work(sqlite_engine, settings_of(tmp_path, running.smtp), now)
        mails = running.box.mails
    assert [list(mail.iter_attachments()) for mail in mails] == [[], []]
    assert all("too large to attach" in words_of(mail) for mail in mails)


def test_who_left_the_list_gets_none(sqlite_engine: Engine, now: datetime, tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    with writing(sqlite_engine) as session:
        people = make_people(session, now)
        _list(session, people, now)
        _send(session, tmp_path, now, b"%PDF-1")
        row = session.exec(
            select(t.MailMessage).where(t.MailMessage.recipient == "cto@example.org")
        ).one()
        desk = Desk.of(settings)
        letter = review_mail.compose(session, row, desk, settings, now)
        assert letter is not None
        leaving = desk.read_leave(letter.leave.rpartition("/")[2])
        mail_choices.leave(session, leaving=leaving, now=now)
        assert review_mail.find_list(session, "Leadership").addresses == ("coo@example.org",)
    with office() as running:
        work(sqlite_engine, settings_of(tmp_path, running.smtp), now)
        assert [mail["To"] for mail in running.box.mails] == ["coo@example.org"]


@pytest.mark.parametrize(
    "addresses", [["nobody"], ["a@b.org\nBcc: c@d.org"], [f"a{n}@b.org" for n in range(501)]]
)
def test_a_list_holds_addresses_only(
    session: Session, people: People, now: datetime, addresses: list[str]
) -> None:
    with pytest.raises(Invalid):
        review_mail.save_list(session, viewer=people.ada, name="L", addresses=addresses, now=now)
    with pytest.raises(Forbidden):
        review_mail.save_list(session, viewer=people.ravi, name="L", addresses=[], now=now)
    with pytest.raises(NotFound):
        review_mail.add_schedule(session, viewer=people.ada, list_name="L", days_after=1, now=now)


def test_a_schedule_sends_each_quarter_once_and_none_from_before_it(
    sqlite_engine: Engine, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        report_pdf, "pdf_of", lambda document, **_: b"%PDF " + document.name.encode()
    )
    with writing(sqlite_engine) as session:
        people = make_people(session, now)
        publish(session, people, now)
        _list(session, people, now)
        review_mail.add_schedule(
            session, viewer=people.ada, list_name="Leadership", days_after=14, now=now
        )
        [plan] = review_mail.schedules(session, now=now)
    assert (plan.next_quarter, plan.next_on) == ("2026-Q3", date(2026, 10, 15))
    with office() as running:
        settings = settings_of(tmp_path, running.smtp)
        for moment in (now, datetime(2026, 10, 15, 6, 59, tzinfo=UTC)):
            periodic.tick(sqlite_engine, settings, now=moment)
            work(sqlite_engine, settings, moment)
        assert running.box.mails == []
        due = datetime(2026, 10, 15, 7, 0, tzinfo=UTC)
        for _ in range(2):
            periodic.tick(sqlite_engine, settings, now=due)
            work(sqlite_engine, settings, due)
            work(sqlite_engine, settings, due)
        assert [mail["Subject"] for mail in running.box.mails] == ["Reliability review 2026-Q3"] * 2
        # A quarter without an incident has no review: the job ends, and nothing goes out.
        empty = datetime(2027, 1, 16, 7, 0, tzinfo=UTC)
        periodic.tick(sqlite_engine, settings, now=empty)
        work(sqlite_engine, settings, empty)
        work(sqlite_engine, settings, empty)
        assert len(running.box.mails) == 2
