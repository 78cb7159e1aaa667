"""The post office: once, again after a refusal, given up in sight of everybody, and never twice."""

import threading
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from rca import jobs as runner
from rca.config import Smtp
from rca.domain.access import Viewer
from rca.domain.mail import MailKind
from rca.errors import Forbidden, NotFound, NotNow
from rca.services import diagnosis, jobs, mailing
from rca.services.mail_desk import Desk, Leaving
from rca.store import tables as t
from rca.store.engine import reading, writing
from tests.mail.world import later, messages, settings_of, work
from tests.people import make_people
from tests.post_office import office, words_of


def _queue(engine: Engine, now: datetime, key: str = "k", to: str = "ines@example.org") -> bool:
    with writing(engine) as session:
        return mailing.queue(session, mailing.Draft(key, MailKind.TEST, to), now=now)


def test_it_works(engine: Engine, now: datetime, tmp_path: Path) -> None:
    with office() as running:
        settings = settings_of(tmp_path, running.smtp)
        assert _queue(engine, now)
        assert work(engine, settings, now) == 1
        assert work(engine, settings, now) == 0
        [mail] = running.box.mails
    [row] = messages(engine)
    assert (row.state, row.attempts, row.settled_at) == ("sent", 1, now)
    assert mail["Message-ID"] == f"<{row.message_id}>"
    assert "asked for a test mail" in words_of(mail)


def test_a_key_goes_out_once(sqlite_engine: Engine, now: datetime, tmp_path: Path) -> None:
    assert [_queue(sqlite_engine, now) for _ in range(3)] == [True, False, False]
    with office() as running:
        work(sqlite_engine, settings_of(tmp_path, running.smtp), now)
        assert not _queue(sqlite_engine, later(now, days=3))
        work(sqlite_engine, settings_of(tmp_path, running.smtp), later(now, days=3))
        assert len(running.box.mails) == 1


def test_two_workers_send_each_once(engine: Engine, now: datetime, tmp_path: Path) -> None:
    for n in range(6):
        _queue(engine, now, key=f"k{n}", to=f"reader{n}@example.org")
    with office() as running:
        settings = settings_of(tmp_path, running.smtp)
        workers = [
            threading.Thread(target=runner.run_due, args=(engine, settings), kwargs={"now": now})
            for _ in range(2)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert sorted(mail["To"] for mail in running.box.mails) == [
            f"reader{n}@example.org" for n in range(6)
        ]
    assert {row.state for row in messages(engine)} == {"sent"}


def test_what_passes_is_tried_again_later_each_time_and_given_up_in_the_end(
    sqlite_engine: Engine, now: datetime, tmp_path: Path
) -> None:
    _queue(sqlite_engine, now)
    moment, tries = now, []
    with office() as running:
        settings = settings_of(tmp_path, running.smtp)
        running.box.data = "452 the disk is full"
        while (row := messages(sqlite_engine)[0]).state == "waiting":
            moment = row.next_at or moment
            assert (
                work(sqlite_engine, settings, moment - timedelta(seconds=1)) == 0 or moment == now
            )
            work(sqlite_engine, settings, moment)
            tries.append(moment)
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert gaps == sorted(gaps)
    assert len(tries) == len(mailing.BACKOFF) + 1
    assert row.said == "Given up after 8 tries: 452 the disk is full"
    with reading(sqlite_engine) as session:
        assert not jobs.waiting(session)
        assert jobs.failed_count(session) == 0


def test_what_lasts_is_not_tried_again(
    sqlite_engine: Engine, now: datetime, tmp_path: Path
) -> None:
    _queue(sqlite_engine, now)
    with office() as running:
        running.box.rcpt = "550 no such user"
        work(sqlite_engine, settings_of(tmp_path, running.smtp), now)
    [row] = messages(sqlite_engine)
    assert (row.state, row.said, row.attempts) == ("failed", "550 no such user", 1)


def test_while_the_server_is_away_one_mail_knocks(
    engine: Engine, now: datetime, tmp_path: Path
) -> None:
    for n in range(5):
        _queue(engine, now, key=f"k{n}")
    away = settings_of(tmp_path)
    work(engine, away, now)
    rows = messages(engine)
    assert {row.state for row in rows} == {"waiting"}
    assert sum(row.attempts for row in rows) == 1
    with office() as running:
        work(engine, settings_of(tmp_path, running.smtp), later(now, minutes=2))
        assert len(running.box.mails) == 5


def test_a_worker_that_was_killed_in_the_middle_sends_no_second_copy(
    engine: Engine, now: datetime, tmp_path: Path
) -> None:
    _queue(engine, now)
    with office() as running:
        settings = settings_of(tmp_path, running.smtp)
        with reading(engine) as session:
            [job_id] = jobs.due(session, now=now)
        with writing(engine) as session:
            claim = jobs.claim(session, job_id, now=now)
            assert claim is not None
            assert mailing._begin(session, claim, settings, now) is not None
        after = now + jobs.LEASE + timedelta(seconds=1)
        work(engine, settings, after)
        assert running.box.mails == []
        [row] = messages(engine)
        assert row.state == "failed"
        assert "may have arrived" in row.said
        with writing(engine) as session:
            ada = make_people(session, now).ada
            mailing.send_again(session, viewer=ada, message_id=row.id, now=after)
        work(engine, settings, after)
        assert len(running.box.mails) == 1


def test_without_a_server_it_waits(sqlite_engine: Engine, now: datetime, tmp_path: Path) -> None:
    _queue(sqlite_engine, now)
    work(sqlite_engine, settings_of(tmp_path, None), now)
    [row] = messages(sqlite_engine)
    assert (row.state, row.said) == ("waiting", "No mail server is set.")


def test_a_letter_that_cannot_be_written_stops_no_other(
    sqlite_engine: Engine, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(mailing._COMPOSERS, MailKind.REVIEW, "nowhere:compose")
    with writing(sqlite_engine) as session:
        mailing.queue(session, mailing.Draft("bad", MailKind.REVIEW, "a@example.org"), now=now)
    _queue(sqlite_engine, now, key="good")
    with office() as running:
        work(sqlite_engine, settings_of(tmp_path, running.smtp), now)
        assert len(running.box.mails) == 1
    bad, good = messages(sqlite_engine)
    assert (bad.state, bad.attempts, good.state) == ("waiting", 1, "sent")
    assert "could not be written" in bad.said


def test_a_file_is_kept_once_and_only_until_it_arrived(
    engine: Engine, now: datetime, tmp_path: Path
) -> None:
    with writing(engine) as session:
        for n in range(2):
            mailing.keep_attachment(
                session, name="r.pdf", media_type="application/pdf", data=b"%PDF", sha256="a" * 64,
                now=now,
            )  # fmt: skip
            draft = mailing.Draft(f"k{n}", MailKind.TEST, f"r{n}@example.org", attachment="a" * 64)
            mailing.queue(session, draft, now=now)
        assert len(session.exec(select(t.MailAttachment)).all()) == 1
    with office() as running:
        work(engine, settings_of(tmp_path, running.smtp), now)
        assert [len(list(m.iter_attachments())) for m in running.box.mails] == [1, 1]
    with reading(engine) as session:
        assert session.exec(select(t.MailAttachment)).all() == []


def test_old_lines_are_forgotten(sqlite_engine: Engine, now: datetime, tmp_path: Path) -> None:
    _queue(sqlite_engine, now)
    with office() as running:
        work(sqlite_engine, settings_of(tmp_path, running.smtp), now)
    with writing(sqlite_engine) as session:
        assert mailing.prune(session, now=later(now, days=100)) == 0
        assert mailing.prune(session, now=later(now, days=181)) == 1
        kinds = session.exec(select(t.Job.kind).where(col(t.Job.kind) == "mail")).all()
    assert kinds == []


def test_the_log_is_for_admins(session: Session, now: datetime) -> None:
    people = make_people(session, now)
    mailing.queue(session, mailing.Draft("k", MailKind.TEST, "a@example.org"), now=now)
    [line] = mailing.log(session, viewer=people.ada)
    assert (line.recipient, line.state) == ("a@example.org", "waiting")
    for viewer in (people.ravi, people.ines, people.vera):
        with pytest.raises(Forbidden):
            mailing.log(session, viewer=viewer)
        with pytest.raises(Forbidden):
            mailing.send_again(session, viewer=viewer, message_id=line.id, now=now)
    with pytest.raises(NotFound):
        mailing.send_again(session, viewer=people.ada, message_id="0" * 32, now=now)


def test_what_arrived_is_not_sent_again(
    sqlite_engine: Engine, now: datetime, tmp_path: Path
) -> None:
    _queue(sqlite_engine, now)
    with office() as running:
        work(sqlite_engine, settings_of(tmp_path, running.smtp), now)
    [row] = messages(sqlite_engine)
    with writing(sqlite_engine) as session:
        ada = make_people(session, now).ada
        with pytest.raises(NotNow):
            mailing.send_again(session, viewer=ada, message_id=row.id, now=now)


def test_the_doctor_knocks_and_counts(sqlite_engine: Engine, now: datetime, tmp_path: Path) -> None:
    def mail_check(smtp: Smtp | None) -> diagnosis.Check:
        return diagnosis._mail(sqlite_engine, settings_of(tmp_path, smtp))

    assert diagnosis._mail in diagnosis._CHECKS
    assert mail_check(None).verdict == "ok"
    assert mail_check(settings_of(tmp_path).smtp).verdict == "fail"
    with office() as running:
        assert mail_check(running.smtp).verdict == "ok"
        _queue(sqlite_engine, now)
        running.box.rcpt = "550 no such user"
        work(sqlite_engine, settings_of(tmp_path, running.smtp), now)
        assert mail_check(running.smtp).verdict == "warn"


def test_links_that_end_mail_are_signed(tmp_path: Path) -> None:
    desk = Desk.of(settings_of(tmp_path))
    leaving = Leaving(MailKind.WEEKLY, "checkout", "u1", "")
    link = desk.leave(leaving)
    assert link.startswith("https://rca.example.org/mail/leave/")
    token = link.rpartition("/")[2]
    assert desk.read_leave(token) == leaving
    for forged in (token[:-2], token + "x", "", "e30.abc", desk.confirm("u1", "a@b.c")[-40:]):
        with pytest.raises(NotFound):
            desk.read_leave(forged)
    other = Desk(desk.base, "", "another key of another instance")
    with pytest.raises(NotFound):
        other.read_leave(token)


def test_an_account_that_is_disabled_gets_none(
    sqlite_engine: Engine, now: datetime, tmp_path: Path
) -> None:
    with writing(sqlite_engine) as session:
        vera: Viewer = make_people(session, now).vera
        user = session.get_one(t.User, vera.user_id)
        user.email, user.active = "vera@example.org", False
        session.add(user)
        draft = mailing.Draft("k", MailKind.TEST, "vera@example.org", user_id=user.id)
        mailing.queue(session, draft, now=now)
    with office() as running:
        work(sqlite_engine, settings_of(tmp_path, running.smtp), now)
        assert running.box.mails == []
    assert messages(sqlite_engine)[0].state == "skipped"
