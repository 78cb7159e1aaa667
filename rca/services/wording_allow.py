"""The phrases that an organisation keeps: looked at, given a reason, and left alone from then on.

They live in the database. A file of the same entries in RCA_HOME is read beside them, so that an
installation can begin with one and `rca lint --allow` can use it outside of the service.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml
from sqlmodel import Session, col, select

from rca.blameless import CATEGORIES, Allowed, AllowListError, read_allow_list
from rca.blameless.lexicon import load
from rca.blameless.suppression import EVERY_RULE
from rca.domain.access import Permission, Viewer
from rca.errors import Invalid, NotFound, Problem, SettingError
from rca.services.permissions import need
from rca.store import audit
from rca.store import tables as t

ALLOW_FILE = "wording-allow.yaml"
"""The file of the same shape in RCA_HOME: a list of {rule, phrase, reason}."""

_KIND = "wording_allowed"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class KeptPhrase:
    """One entry as the page shows it. ``id`` is empty for one that only the file has."""

    id: str
    rule: str
    phrase: str
    reason: str
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PhraseAct:
    """One line of the list's history, from the audit."""

    at: datetime
    actor: str
    action: str
    rule: str
    phrase: str
    reason: str


def read_file(home: Path) -> tuple[Allowed, ...]:
    """The entries of the file; empty without one. Raises SettingError on a broken one."""
    path = home / ALLOW_FILE
    if not path.is_file():
        return ()
    try:
        return read_allow_list(path.read_bytes())
    except AllowListError as error:
        raise SettingError(f"{path}: {error}") from error


def allowed(session: Session, *, home: Path) -> tuple[Allowed, ...]:
    """What the review leaves alone: the entries of the database and of the file."""
    kept = [Allowed(row.rule, row.phrase, row.reason) for row in _rows(session)]
    return tuple(dict.fromkeys((*kept, *read_file(home))))


def kept_phrases(session: Session, *, home: Path) -> list[KeptPhrase]:
    """The list for the page, by phrase; entries that only the file has come last."""
    rows = _rows(session)
    known = {(row.rule, _plain(row.phrase)) for row in rows}
    found = [KeptPhrase(row.id, row.rule, row.phrase, row.reason, row.updated_at) for row in rows]
    return found + [
        KeptPhrase("", entry.rule, entry.phrase, entry.reason)
        for entry in read_file(home)
        if (entry.rule, _plain(entry.phrase)) not in known
    ]


def rule_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """What an entry may hold for: every rule, the rules of a category, one rule."""
    rules = load(clarity=True).rules
    whole = [(EVERY_RULE, "Every rule"), *((name, f"All of {name}") for name in CATEGORIES)]
    single = [(rule.id, f"{rule.id} ({rule.category})") for rule in rules]
    return [("Whole groups", whole), ("One rule", sorted(single))]


def keep(
    session: Session,
    *,
    viewer: Viewer,
    rule: str,
    phrase: str,
    reason: str,
    now: datetime,
    entry_id: str = "",
) -> None:
    """Add an entry, or change the one of that id. Admins only; audited.

    Raises Invalid without phrase or reason, for an unknown rule or a phrase that is there;
    NotFound, Forbidden.
    """
    need(viewer, Permission.ADMIN)
    phrase = " ".join(phrase.split())
    _check(session, rule, phrase, reason, entry_id)
    row = session.get(t.WordingAllowed, entry_id) if entry_id else None
    if entry_id and row is None:
        raise NotFound("This phrase is not on the list any more.")
    action = "wording.allow_change" if row else "wording.allow"
    row = row or t.WordingAllowed(phrase=phrase, updated_at=now)
    row.rule, row.phrase, row.reason, row.updated_at = rule, phrase, reason.strip(), now
    session.add(row)
    session.flush()
    _audit(session, viewer, action, row, now)


def remove(session: Session, *, viewer: Viewer, entry_id: str, now: datetime) -> None:
    """Take an entry off the list: its rule speaks again. Twice is once. Admins only; audited."""
    need(viewer, Permission.ADMIN)
    row = session.get(t.WordingAllowed, entry_id)
    if row is None:
        return
    session.delete(row)
    _audit(session, viewer, "wording.allow_remove", row, now)


def take_from_file(session: Session, *, viewer: Viewer, home: Path, now: datetime) -> int:
    """Put the file's entries on the list, each with an audit row; says how many were new."""
    need(viewer, Permission.ADMIN)
    new = [entry for entry in kept_phrases(session, home=home) if not entry.id]
    for entry in new:
        reason = entry.reason or f"From {ALLOW_FILE}"
        keep(session, viewer=viewer, rule=entry.rule, phrase=entry.phrase, reason=reason, now=now)
    return len(new)


def as_file(session: Session) -> str:
    """The list as YAML for `rca lint --allow`; reads back to the same entries."""
    entries = [
        {"rule": row.rule, "phrase": row.phrase, "reason": row.reason} for row in _rows(session)
    ]
    return yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, default_style='"')


def history(session: Session, *, viewer: Viewer, limit: int = 50) -> list[PhraseAct]:
    """Who changed the list, when and why, newest first. Admins only."""
    need(viewer, Permission.ADMIN)
    row = t.AuditEvent
    query = select(row).where(row.object_kind == _KIND).order_by(col(row.seq).desc()).limit(limit)
    return [
        PhraseAct(
            act.at,
            act.actor,
            act.action,
            str(act.detail.get("rule", "")),
            str(act.detail.get("phrase", "")),
            str(act.detail.get("reason", "")),
        )
        for act in session.exec(query)
    ]


def _rows(session: Session) -> Sequence[t.WordingAllowed]:
    rows = session.exec(select(t.WordingAllowed)).all()
    return sorted(rows, key=lambda row: (_plain(row.phrase), row.rule))


def _check(session: Session, rule: str, phrase: str, reason: str, entry_id: str) -> None:
    problems = []
    if rule not in {known for _, group in rule_choices() for known, _ in group}:
        problems.append(Problem("rule", "There is no such rule."))
    if not phrase:
        problems.append(Problem("phrase", "Write the words that stay as they are."))
    if len(phrase) > _LONGEST:
        problems.append(Problem("phrase", f"Keep the phrase under {_LONGEST} characters."))
    if not reason.strip() or len(reason) > 2_000:
        problems.append(Problem("reason", "Say in a sentence why these words stay."))
    if "\x00" in phrase + reason:
        problems.append(Problem("phrase", "There is a character in it that can't be kept."))
    same = [r for r in _rows(session) if (r.rule, _plain(r.phrase)) == (rule, _plain(phrase))]
    if any(row.id != entry_id for row in same):
        problems.append(Problem("phrase", "This phrase is on the list for this rule."))
    if problems:
        raise Invalid(problems)


def _plain(phrase: str) -> str:
    return " ".join(phrase.lower().split())


def _audit(
    session: Session, viewer: Viewer, action: str, row: t.WordingAllowed, now: datetime
) -> None:
    detail = {"rule": row.rule, "phrase": row.phrase, "reason": row.reason}
    audit.append(session, audit.Act(viewer.name, action, _KIND, row.id, detail), now=now)
