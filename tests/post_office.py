"""A real SMTP server for tests: takes mail, refuses it in the ways servers do, or is away."""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from rca.config import Smtp

PASSWORD = "copper kettle"


def words_of(mail: EmailMessage) -> str:
    """Everything that a reader could see: headers, text and HTML, decoded."""
    parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    return "\n".join([*(f"{name}: {value}" for name, value in mail.items()), *parts])


@dataclass
class Box:
    """What arrived, and what the server answers when it is told to refuse."""

    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    rcpt: str = ""
    data: str = ""
    encrypted: list[bool] = field(default_factory=list)

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        if self.data:
            return self.data
        self.raw.append(envelope.content)
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        parsed = message_from_bytes(envelope.content, policy=default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        return "250 taken"


@dataclass
class Office:
    """A server that runs."""

    box: Box
    smtp: Smtp


class _OnAnyPort(Controller):
    """A controller that takes a free port, and knocks at that one when it starts."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A fresh certificate for 127.0.0.1 and its key."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
               "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
               "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


def _check(_server: Any, _session: Any, _envelope: Any, _kind: str, data: LoginPassword) -> Any:
    return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


@contextmanager
def office(
    security: str = "none", files: tuple[Path, Path] | None = None, user: str = ""
) -> Iterator[Office]:
    """A server on a free port of this machine."""
    box, options = Box(), {}
    if files:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        options = {"tls_context": context} if security == "starttls" else {"ssl_context": context}
    if user:
        options |= {"authenticator": _check, "auth_required": True}
        options |= {"auth_require_tls": security == "starttls"}
    controller = _OnAnyPort(box, hostname="127.0.0.1", port=0, **options)
    controller.start()
    try:
        yield Office(
            box,
            Smtp(
                "127.0.0.1", controller.port, security, user, PASSWORD if user else "",
                str(files[0]) if files else "", "Throughline <rca@example.org>",
            ),
        )  # fmt: skip
    finally:
        controller.stop()
