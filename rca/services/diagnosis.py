"""What `rca doctor` looks at: what was found and what to do about it. Nothing is changed."""

import importlib.util
import stat
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Engine, text

from rca.config import Settings
from rca.services import jobs
from rca.store import audit, migrate
from rca.store.engine import FIXED_SQLITE, reading, sqlite_module

Verdict = Literal["ok", "warn", "fail"]
_LOW_SPACE = 500 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. ``advice`` is empty when nothing needs doing."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


def _schema(engine: Engine, _settings: Settings) -> Check:
    if migrate.pending(engine):
        return Check("schema", "fail", "older than this version", "Run `rca migrate`.")
    gaps = migrate.differences(engine)
    if gaps:
        return Check("schema", "fail", f"{len(gaps)} differences from the code's tables",
                     "Restore the newest backup, or report this.")  # fmt: skip
    return Check("schema", "ok", migrate.head())


def _database(engine: Engine, settings: Settings) -> Check:
    with engine.connect() as connection:
        if not settings.is_sqlite:
            version = connection.execute(text("SHOW server_version")).scalar()
            return Check("database", "ok", f"PostgreSQL {version}")
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        problem = connection.exec_driver_sql("PRAGMA quick_check").scalar()
    module = sqlite_module()
    found = f"SQLite {module.sqlite_version}, journal {mode}"
    if problem != "ok":
        return Check("database", "fail", f"{found}: {problem}", "Restore the newest backup.")
    if module.sqlite_version_info < FIXED_SQLITE and str(mode).lower() == "wal":
        return Check(
            "database", "fail", found, "This SQLite can lose WAL writes. Install pysqlite3."
        )
    return Check("database", "ok", found)


def _audit(engine: Engine, _settings: Settings) -> Check:
    with reading(engine) as session:
        broken = audit.first_broken(session)
        head = audit.head(session)
    if broken is not None:
        return Check("audit trail", "fail", f"the chain breaks at row {broken}",
                     "It was changed outside the product. Compare with a backup.")  # fmt: skip
    return Check("audit trail", "ok", f"unbroken, head {head[:12]}")


def _files(_engine: Engine, settings: Settings) -> Check:
    wide = [
        path.name
        for path in (settings.home, settings.home / "secret_key", settings.home / "throughline.db")
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if wide:
        return Check("instance folder", "warn", f"others can read {', '.join(wide)}",
                     f"chmod -R go-rwx {settings.home}")  # fmt: skip
    return Check("instance folder", "ok", f"{settings.home} is its owner's alone")


def _space(_engine: Engine, settings: Settings) -> Check:
    free = migrate.free_space(settings.home)
    found = f"{free // (1024 * 1024):,} MB free"
    if free < _LOW_SPACE:
        return Check("disk", "warn", found, "Writes fail when the disk is full. Make room.")
    return Check("disk", "ok", found)


def _jobs(engine: Engine, _settings: Settings) -> Check:
    with reading(engine) as session:
        waiting = len(jobs.waiting(session))
        failed = jobs.failed_count(session)
    found = f"{waiting} waiting, {failed} gave up"
    if failed:
        return Check("jobs", "warn", found, "The worker's log names the error of each.")
    return Check("jobs", "ok", found)


def _mail(engine: Engine, settings: Settings) -> Check:
    """Knock at the mail server without sending, and count what did not arrive."""
    if settings.smtp is None:
        return Check("mail", "ok", "not set up: no mail is sent")
    from rca import mail
    from rca.services import mailing

    where = f"{settings.smtp.host}:{settings.smtp.port}"
    try:
        with mail.connected(settings.smtp):
            pass
    except mail.MailFailed as error:
        return Check("mail", "fail", f"{where}: {error}", "See the RCA_SMTP_* settings.")
    with reading(engine) as session:
        counts = mailing.counts(session)
    waiting, failed = counts.get("waiting", 0), counts.get("failed", 0)
    found = f"{where} answers; {waiting} waiting, {failed} failed"
    if failed:
        return Check("mail", "warn", found, "The page “Mail” names the reason of each.")
    return Check("mail", "ok", found)


def _pdf(_engine: Engine, _settings: Settings) -> Check:
    if importlib.util.find_spec("weasyprint") is None:
        return Check("PDF", "warn", "WeasyPrint is not installed", "pip install weasyprint")
    import ctypes.util

    if ctypes.util.find_library("pango-1.0") is None:
        return Check("PDF", "warn", "Pango is missing; everything but PDF works",
                     "apt-get install libpango-1.0-0 libpangoft2-1.0-0")  # fmt: skip
    return Check("PDF", "ok", "WeasyPrint and Pango found")


_CHECKS: tuple[Callable[[Engine, Settings], Check], ...] = (
    _database, _schema, _audit, _files, _space, _jobs, _mail, _pdf,
)  # fmt: skip


def examine(engine: Engine, settings: Settings) -> list[Check]:
    """All checks in their order. A check that breaks is a failed check, not an end."""
    with engine.connect() as connection:
        if migrate.current(connection) is None:
            return [
                Check("database", "ok", "empty: the first command that needs it makes the schema"),
                *(check(engine, settings) for check in (_files, _space, _pdf)),
            ]
    found = []
    for check in _CHECKS:
        try:
            found.append(check(engine, settings))
        except Exception as error:
            name = check.__name__.strip("_")
            found.append(Check(name, "fail", str(error).partition("\n")[0]))
    return found
