"""One mail to one address, over SMTP. Knows nothing of postmortems and of the store.

What can be refused for good (an address that does not exist) is told apart from what passes (a
server that is away, a full queue, a password that is wrong until somebody mends it).
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from rca.config import Smtp
from rca.domain.mail import is_address, one_line
from rca.errors import SettingError, ThroughlineError

SECONDS = 15.0
# Folded at 78, the library begins a subject with a space; ours stay on one line, however long.
_POLICY = SMTP.clone(max_line_length=300)


class MailFailed(ThroughlineError):
    """The server did not take it. ``lasting``: trying again would not help. ``unreachable``: it
    was not this mail's fault, so others need not try at once.
    """

    def __init__(self, said: str, *, lasting: bool = False, unreachable: bool = False) -> None:
        super().__init__(said)
        self.lasting = lasting
        self.unreachable = unreachable


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a mail."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail as it is handed to the server. ``leave`` is the address that ends such mail, which
    takes a POST from mail programs (RFC 8058) and shows a button to people.
    """

    to: str
    subject: str
    text: str
    html: str
    message_id: str
    leave: str = ""
    attachment: Attachment | None = None


def sender_of(smtp: Smtp, organisation: str) -> Address:
    """The sender, with the name of the setting or of the organisation. Raises SettingError."""
    name, address = parseaddr(smtp.sender)
    if not is_address(address):
        raise SettingError(f"RCA_MAIL_FROM: “{smtp.sender}” is not an address to send from.")
    shown = name or (f"Throughline, {organisation}" if organisation else "Throughline")
    return Address(one_line(shown, 100), addr_spec=address)


def as_message(mail: Outgoing, *, smtp: Smtp, organisation: str, now: datetime) -> EmailMessage:
    """The mail in the form of RFC 5322. Raises MailFailed for an address that can't be one."""
    if not is_address(mail.to):
        raise MailFailed("It is not a mail address.", lasting=True)
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender_of(smtp, organisation)
    message["To"] = Address(addr_spec=mail.to)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.message_id}>"
    # No answering machine should answer, and no robot should write back.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    if mail.leave:
        message["List-Unsubscribe"] = f"<{mail.leave}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    # Quoted-printable stays readable on the way, and reads less like spam than base64.
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    if mail.attachment:
        kind, _, part = mail.attachment.media_type.partition("/")
        message.add_attachment(
            mail.attachment.data, maintype=kind, subtype=part, filename=mail.attachment.name
        )
    return message


def _context(smtp: Smtp) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=smtp.ca_file or None)


@contextmanager
def connected(smtp: Smtp) -> Iterator[smtplib.SMTP]:
    """A connection, encrypted as the settings ask and signed in. Raises MailFailed."""
    try:
        server = _open(smtp)
    except (OSError, smtplib.SMTPException) as error:
        raise MailFailed(_words_of(error), unreachable=True) from error
    try:
        yield server
    finally:
        try:
            server.quit()
        except (OSError, smtplib.SMTPException):
            server.close()


def _open(smtp: Smtp) -> smtplib.SMTP:
    if smtp.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            smtp.host, smtp.port, timeout=SECONDS, context=_context(smtp)
        )
    else:
        server = smtplib.SMTP(smtp.host, smtp.port, timeout=SECONDS)
    try:
        if smtp.security == "starttls":
            server.starttls(context=_context(smtp))
        if smtp.user:
            server.login(smtp.user, smtp.password)
    except BaseException:
        server.close()
        raise
    return server


def send(message: EmailMessage, *, smtp: Smtp) -> None:
    """Hand it to the server. Raises MailFailed, lasting only when this mail itself was refused."""
    with connected(smtp) as server:
        try:
            server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            raise MailFailed(_answer(code, words), lasting=500 <= code < 600) from error
        except smtplib.SMTPDataError as error:
            lasting = 500 <= error.smtp_code < 600
            raise MailFailed(_answer(error.smtp_code, error.smtp_error), lasting=lasting) from error
        except (OSError, smtplib.SMTPException) as error:
            raise MailFailed(_words_of(error), unreachable=True) from error


def _answer(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return one_line(f"{code} {text}", 400)


def _words_of(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _answer(error.smtp_code, error.smtp_error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The server's certificate is not trusted: {error.verify_message}."
    if isinstance(error, TimeoutError):
        return f"The server did not answer within {SECONDS:.0f} seconds."
    return one_line(f"{type(error).__name__}: {error}", 400)
