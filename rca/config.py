"""Settings: read once from ``RCA_*`` variables, typed, failing loudly with the variable's name."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rca.errors import SettingError
from rca.paths import checkout_dir

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
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
    "RCA_GUARD_TOKEN": "API token that `rca guard check` sends to the address of its rules.",
    "RCA_SESSION_HOURS": "Hours of idleness after which a sign-in ends. Default 12.",
}


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
    given = _text(env, "RCA_TRUSTED_HOSTS", "")
    hosts = tuple(part.strip() for part in given.split(",") if part.strip())
    return hosts or LOOPBACK


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
