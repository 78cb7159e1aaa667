"""The SMTP side against a real server: encryption, refusals, and headers that can't be forged."""

import socket
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca import mail
from rca.config import Smtp
from rca.domain.mail import is_address, one_line
from tests.conftest import NOW
from tests.post_office import certificate, office

PLAIN = Smtp("127.0.0.1", 25, "none", sender="Throughline <rca@example.org>")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One certificate for the module."""
    return certificate(tmp_path_factory.mktemp("tls"))


def _outgoing(**changes: object) -> mail.Outgoing:
    values: dict[str, object] = {
        "to": "ines@example.org",
        "subject": "catalogue, 2026-W34: 7 action items past the date, 1 drill or test due",
        "text": "Words.\n.\nMore words.",
        "html": "<p>Words.</p>",
        "message_id": "m1@example.org",
        "leave": "https://rca.example.org/mail/leave/abc",
    }
    return mail.Outgoing(**{**values, **changes})  # type: ignore[arg-type]


def _send(smtp: Smtp, now: datetime = NOW, **changes: object) -> None:
    message = mail.as_message(_outgoing(**changes), smtp=smtp, organisation="Fernwick", now=now)
    mail.send(message, smtp=smtp)


def test_it_works() -> None:
    with office() as running:
        pdf = mail.Attachment("review.pdf", "application/pdf", b"%PDF-1.7 \x00\xff")
        _send(running.smtp, attachment=pdf)
        [found] = running.box.mails
    assert found["From"] == "Throughline <rca@example.org>"
    assert found["To"] == "ines@example.org"
    assert found["Subject"] == _outgoing().subject
    assert found["Message-ID"] == "<m1@example.org>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["List-Unsubscribe"] == "<https://rca.example.org/mail/leave/abc>"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = found.get_body(("plain",)), found.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == ["Words.", ".", "More words."]
    assert html.get_content().strip() == "<p>Words.</p>"
    [attached] = found.iter_attachments()
    assert attached.get_content() == b"%PDF-1.7 \x00\xff"
    assert attached.get_filename() == "review.pdf"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_it_is_encrypted_and_signed_in(security: str, files: tuple[Path, Path]) -> None:
    with office(security, files, user="rca" if security == "starttls" else "") as running:
        _send(running.smtp)
        assert running.box.encrypted == [True]


def test_a_certificate_that_is_not_trusted_ends_it(files: tuple[Path, Path]) -> None:
    with office("starttls", files) as running:
        stranger = Smtp("127.0.0.1", running.smtp.port, "starttls", sender=running.smtp.sender)
        with pytest.raises(mail.MailFailed, match="not trusted") as failed:
            _send(stranger)
        assert running.box.mails == []
    assert failed.value.unreachable
    assert not failed.value.lasting


def test_a_server_without_starttls_gets_nothing() -> None:
    with office() as running:
        wary = Smtp("127.0.0.1", running.smtp.port, "starttls", sender=running.smtp.sender)
        with pytest.raises(mail.MailFailed) as failed:
            _send(wary)
        assert running.box.mails == []
    assert not failed.value.lasting


def test_a_wrong_password_may_be_mended(files: tuple[Path, Path]) -> None:
    with office("starttls", files, user="rca") as running:
        wrong = Smtp(**{**{n: getattr(running.smtp, n) for n in running.smtp.__slots__},
                        "password": "wrong"})  # fmt: skip
        with pytest.raises(mail.MailFailed, match="535") as failed:
            _send(wrong)
    assert not failed.value.lasting
    assert "wrong" not in str(failed.value)


@pytest.mark.parametrize(
    ("stage", "answer", "lasting"),
    [
        ("rcpt", "550 no such user", True),
        ("rcpt", "451 greylisted", False),
        ("data", "552 too large", True),
        ("data", "452 disk full", False),
    ],
)
def test_a_refusal_says_whether_it_lasts(stage: str, answer: str, lasting: bool) -> None:
    with office() as running:
        setattr(running.box, stage, answer)
        with pytest.raises(mail.MailFailed, match=answer[:3]) as failed:
            _send(running.smtp)
    assert (failed.value.lasting, failed.value.unreachable) == (lasting, False)


def test_a_server_that_is_away_is_unreachable() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(mail.MailFailed) as failed:
        _send(Smtp("127.0.0.1", port, "none", sender="rca@example.org"))
    assert failed.value.unreachable


@pytest.mark.parametrize(
    "address",
    [
        "", "nobody", "@example.org", "a@", "a b@example.org", "a@example.org\nBcc: b@example.org",
        "a@example.org, b@example.org", "a@-example.org", "a@example..org", ".a@example.org",
        "a..b@example.org", "Ines <ines@example.org>", "ä@example.org", "a@b\x00.org",
        "a@" + "b" * 70 + ".org", '"a b"@example.org', "a@example.org ",
    ],
)  # fmt: skip
def test_what_is_no_address_gets_no_mail(address: str) -> None:
    assert not is_address(address)
    with pytest.raises(mail.MailFailed):
        mail.as_message(_outgoing(to=address), smtp=PLAIN, organisation="", now=NOW)


@settings(max_examples=20, deadline=None)
@given(words=st.text(max_size=60), organisation=st.text(max_size=30))
def test_no_words_become_a_header(words: str, organisation: str) -> None:
    hostile = f"{words}\r\nBcc: thief@example.org\r\n\r\nbody"
    smtp = Smtp("h", 25, "none", sender="rca@example.org")
    message = mail.as_message(
        _outgoing(subject=hostile), smtp=smtp, organisation=organisation + "\nX-Planted: 1", now=NOW
    )
    head = bytes(message).partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n")]
    assert b"bcc" not in names
    assert b"x-planted" not in names
    assert names.count(b"subject") == 1
    assert "\n" not in one_line(hostile)


def test_the_harness_sees_a_forged_header() -> None:
    """Without our care the library raises, or lets it through: either fails the test above."""
    with pytest.raises(ValueError, match="linefeed"):
        mail.EmailMessage()["Subject"] = "x\r\nBcc: thief@example.org"
