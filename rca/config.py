"""Settings: read once from ``RCA_*`` variables, typed, failing loudly with the variable's name."""

import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from rca.domain.mail import is_address
from rca.errors import SettingError
from rca.paths import checkout_dir

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
ACTION_DAYS = (("SEV1", 7), ("SEV2", 14), ("SEV3", 30), ("SEV4", 60), ("SEV5", 90))
_YES, _NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}

DOCUMENTED: dict[str, str] = {
    "RCA_HOME": "Folder of database, keys and caches. Default: instance/ in the checkout.",
    "RCA_DATABASE_URL": "Database, e.g. postgresql://user@host/name. Default: SQLite in RCA_HOME.",
    "RCA_HOST": "Address to serve on. Default 127.0.0.1; others need RCA_BEHIND_TLS=1.",
    "RCA_PORT": "Port to serve on. Default 8000; the next free one is taken and said.",
    "RCA_PROCESSES": "Number of web processes. Default 2.",
    "RCA_ORGANISATION": "Your organisation's name, shown in the header and in PDFs.",
    "RCA_BEHIND_TLS": "1 when a proxy terminates TLS: secure cookies, and other hosts are allowed.",
    "RCA_TRUSTED_HOSTS": "Comma-separated host names that requests may carry. Default: loopback.",
    "RCA_DEMO": "1 marks an instance of sample data: a banner says so on every page.",
    "RCA_FISCAL_START": "Month (1 to 12) in which your fiscal year begins. Default 1. Such a year, "
    "like FY2027, has the name of the calendar year in which it ends.",
    "RCA_GUARD_TOKEN": "API token that `rca guard check` sends to the address of its rules.",
    "RCA_SESSION_HOURS": "Hours of idleness after which a sign-in ends. Default 12.",
    "RCA_BASE_URL": "Address that people reach, for links in mail: https://rca.example.org.",
    "RCA_SMTP_HOST": "Mail server. Without one no mail is sent and none is queued.",
    "RCA_SMTP_PORT": "Its port. Default 587 with starttls, 465 with tls, 25 with none.",
    "RCA_SMTP_SECURITY": "starttls (the default), tls, or none; none takes no password.",
    "RCA_SMTP_USER": "Account at the mail server; blank when it asks for none.",
    "RCA_SMTP_PASSWORD": "Its password; better RCA_SMTP_PASSWORD_FILE.",
    "RCA_SMTP_CA_FILE": "Certificates to trust beside the system's, for a mail server of your own.",
    "RCA_MAIL_FROM": "Sender of every mail: rca@example.org, or Name <rca@example.org>.",
    "RCA_MAIL_HOUR": "Hour (UTC) from which the day's and the week's mail goes out. Default 7.",
    "RCA_MAIL_MOST_MB": "Largest PDF to attach, in MB; a larger one is linked. Default 10.",
    "RCA_ACTION_DAYS": "Days that an action gets by severity. Default "
    "SEV1:7,SEV2:14,SEV3:30,SEV4:60,SEV5:90.",
    "RCA_REMIND_BEFORE": "Days before the date on which a reminder goes out. Default 7,1.",
    "RCA_REMIND_AFTER": "Rising cadence past the date, as from-day:every-days. Default 1:7,15:3.",
    "RCA_REMIND_BLOCKED": "Days blocked after which the digest names it, weekly. Default 14.",
    "RCA_ESCALATE_AFTER": "Days past the date after which the service's team is told. Default 14.",
}


@dataclass(frozen=True, slots=True)
class Smtp:
    """The mail server. ``sender`` may carry a name; ``security`` is starttls, tls or none."""

    host: str
    port: int = 587
    security: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Reminders:
    """When people are reminded of action items. ``after`` holds (from day, every so many days)."""

    before: tuple[int, ...] = (7, 1)
    after: tuple[tuple[int, int], ...] = ((1, 7), (15, 3))
    blocked: int = 14
    escalate: int = 14


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that may differ between installations."""

    home: Path
    database_url: str
    host: str = "127.0.0.1"
    port: int = 8000
    processes: int = 2
    organisation: str = ""
    behind_tls: bool = False
    trusted_hosts: tuple[str, ...] = LOOPBACK
    demo: bool = False
    session_hours: int = 12
    fiscal_start: int = 1
    base_url: str = ""
    smtp: Smtp | None = None
    mail_hour: int = 7
    mail_most_bytes: int = 10_000_000
    action_days: tuple[tuple[str, int], ...] = ACTION_DAYS
    reminders: Reminders = Reminders()

    def days_to_act(self, severity: str | None) -> int | None:
        """Days that an action of that severity gets; None while the severity is unknown."""
        return dict(self.action_days).get(severity or "")

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is a local file."""
        return self.database_url.startswith("sqlite")

    @property
    def huey_path(self) -> Path:
        """The file that wakes workers; it holds job ids only."""
        return self.home / "wake.db"


def _text(env: Mapping[str, str], name: str, default: str) -> str:
    """Value of ``name``, or the first line of the file that ``name_FILE`` points to."""
    path = env.get(f"{name}_FILE")
    if path is None:
        return env.get(name, default)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingError(f"{name}_FILE: can't read {path}: {error.strerror}") from error


def _whole(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = _text(env, name, str(default))
    try:
        value = int(text)
    except ValueError as error:
        raise SettingError(f"{name} must be a whole number, not “{text}”.") from error
    if not low <= value <= high:
        raise SettingError(f"{name} must be between {low} and {high}, not {value}.")
    return value


def _yes(env: Mapping[str, str], name: str) -> bool:
    text = _text(env, name, "").strip().lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise SettingError(f"{name} must be 1 or 0, not “{text}”.")


def _home(env: Mapping[str, str]) -> Path:
    given = _text(env, "RCA_HOME", "")
    if given:
        return Path(given).expanduser().resolve()
    return (checkout_dir() or Path.cwd()) / "instance"


def _hosts(env: Mapping[str, str]) -> tuple[str, ...]:
    """What is given, or loopback; the host of links in mail is trusted in either case."""
    given = _text(env, "RCA_TRUSTED_HOSTS", "")
    hosts = tuple(part.strip() for part in given.split(",") if part.strip()) or LOOPBACK
    public = urlsplit(_base_url(env)).hostname
    return hosts if public is None or public in hosts else (*hosts, public)


_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _base_url(env: Mapping[str, str]) -> str:
    given = _text(env, "RCA_BASE_URL", "").rstrip("/")
    if given and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", given):
        raise SettingError(f"RCA_BASE_URL must be like https://rca.example.org, not “{given}”.")
    return given


def _smtp(env: Mapping[str, str]) -> Smtp | None:
    host = _text(env, "RCA_SMTP_HOST", "").strip()
    if not host:
        return None
    security = _text(env, "RCA_SMTP_SECURITY", "starttls").strip().lower()
    if security not in _PORTS:
        raise SettingError(f"RCA_SMTP_SECURITY must be starttls, tls or none, not “{security}”.")
    smtp = Smtp(
        host=host,
        port=_whole(env, "RCA_SMTP_PORT", _PORTS[security], 1, 65535),
        security=security,
        user=_text(env, "RCA_SMTP_USER", ""),
        password=_text(env, "RCA_SMTP_PASSWORD", ""),
        ca_file=_text(env, "RCA_SMTP_CA_FILE", ""),
        sender=_text(env, "RCA_MAIL_FROM", "").strip(),
    )
    if not smtp.sender.isprintable() or not is_address(parseaddr(smtp.sender)[1]):
        raise SettingError("RCA_MAIL_FROM must name the sender, such as rca@example.org.")
    if smtp.password and security == "none":
        raise SettingError("RCA_SMTP_SECURITY=none would send RCA_SMTP_PASSWORD readable by all.")
    if smtp.ca_file and not Path(smtp.ca_file).is_file():
        raise SettingError(f"RCA_SMTP_CA_FILE: there is no file {smtp.ca_file}.")
    return smtp


def _pairs(env: Mapping[str, str], name: str, default: str) -> list[tuple[str, int]]:
    """``word:number`` pairs."""
    found = []
    for part in _text(env, name, default).split(","):
        word, colon, number = part.strip().partition(":")
        if not colon or not word or not number.isdecimal() or not 1 <= int(number) <= 3_650:
            raise SettingError(f"{name} must be like {default}, not “{part.strip()}”.")
        found.append((word.strip(), int(number)))
    return found


def _action_days(env: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    default = ",".join(f"{name}:{days}" for name, days in ACTION_DAYS)
    given = dict(_pairs(env, "RCA_ACTION_DAYS", default))
    known = dict(ACTION_DAYS)
    for name in given:
        if name not in known:
            raise SettingError(f"RCA_ACTION_DAYS knows {', '.join(known)}, not “{name}”.")
    return tuple({**known, **given}.items())


def _reminders(env: Mapping[str, str]) -> Reminders:
    before = _text(env, "RCA_REMIND_BEFORE", "7,1").split(",")
    days = [part.strip() for part in before if part.strip()]
    if not all(day.isdecimal() and len(day) < 4 for day in days):
        raise SettingError(f"RCA_REMIND_BEFORE must be days like 7,1, not “{','.join(before)}”.")
    after = _pairs(env, "RCA_REMIND_AFTER", "1:7,15:3")
    if not all(start.isdecimal() for start, _ in after):
        raise SettingError("RCA_REMIND_AFTER must be like 1:7,15:3: from day, every so many days.")
    return Reminders(
        before=tuple(sorted({int(day) for day in days}, reverse=True)),
        after=tuple(sorted((int(start), every) for start, every in after)),
        blocked=_whole(env, "RCA_REMIND_BLOCKED", 14, 1, 3_650),
        escalate=_whole(env, "RCA_ESCALATE_AFTER", 14, 1, 3_650),
    )


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Read settings. Raises SettingError naming the variable that can't be read.

    An unknown ``RCA_*`` name is an error too: a misspelt setting that is silently ignored is
    found out at the worst moment.
    """
    env = os.environ if env is None else env
    known = set(DOCUMENTED) | {f"{name}_FILE" for name in DOCUMENTED}
    allowed = known | {"RCA_DATA", "RCA_TEST_PG_URL"}
    for name in env:
        if name.startswith("RCA_") and name not in allowed:
            raise SettingError(f"{name} is not a setting. `rca doctor --settings` lists them.")
    home = _home(env)
    url = _text(env, "RCA_DATABASE_URL", "") or f"sqlite:///{home / 'throughline.db'}"
    settings = Settings(
        home=home,
        database_url=url,
        host=_text(env, "RCA_HOST", "127.0.0.1"),
        port=_whole(env, "RCA_PORT", 8000, 1, 65535),
        processes=_whole(env, "RCA_PROCESSES", 2, 1, 64),
        organisation=_text(env, "RCA_ORGANISATION", ""),
        behind_tls=_yes(env, "RCA_BEHIND_TLS"),
        trusted_hosts=_hosts(env),
        demo=_yes(env, "RCA_DEMO"),
        session_hours=_whole(env, "RCA_SESSION_HOURS", 12, 1, 168),
        fiscal_start=_whole(env, "RCA_FISCAL_START", 1, 1, 12),
        base_url=_base_url(env),
        smtp=_smtp(env),
        mail_hour=_whole(env, "RCA_MAIL_HOUR", 7, 0, 23),
        mail_most_bytes=_whole(env, "RCA_MAIL_MOST_MB", 10, 0, 100) * 1_000_000,
        action_days=_action_days(env),
        reminders=_reminders(env),
    )
    if settings.host not in ("127.0.0.1", "::1", "localhost") and not settings.behind_tls:
        raise SettingError(
            f"RCA_HOST={settings.host} would serve passwords without TLS. Put a TLS proxy in "
            "front and set RCA_BEHIND_TLS=1."
        )
    return settings


def prepare_home(home: Path) -> None:
    """Make the instance folder, readable by its owner only."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)


def say_served(home: Path, address: str) -> None:
    """Keep the address that is being served, so that other commands print links that work."""
    (home / "served.json").write_text(json.dumps({"address": address}), encoding="utf-8")


def no_longer_served(home: Path) -> None:
    """Forget the address; the next start may find another port."""
    (home / "served.json").unlink(missing_ok=True)


def public_address(settings: Settings) -> str:
    """Where people reach this instance: RCA_BASE_URL, what is served now, or host and port."""
    if settings.base_url:
        return settings.base_url
    try:
        told = json.loads((settings.home / "served.json").read_text(encoding="utf-8"))
        return str(told["address"])
    except (OSError, ValueError, KeyError, TypeError):
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        return f"http://{host}:{settings.port}"


def secret_key(home: Path) -> str:
    """The instance's signing key: made once, mode 0600, kept across restarts.

    O_EXCL makes two first starts agree: one writes, the other reads.
    """
    prepare_home(home)
    path = home / "secret_key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_text(encoding="ascii").strip()
        if len(key) < 32:
            raise SettingError(
                f"{path} is too short to be a key. Remove it to make a new one."
            ) from None
        return key
    with os.fdopen(handle, "w", encoding="ascii") as file:
        key = secrets.token_hex(32)
        file.write(key)
    return key
