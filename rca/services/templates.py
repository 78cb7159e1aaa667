"""Templates: which there are, which one a record follows, and how an admin changes them.

What ships is in files and is version 1; what an admin changes is a new version in the database.
A record names id and version, so that no later change touches it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import func
from sqlmodel import Session, col, select

from rca.domain.access import Permission, Viewer
from rca.domain.postmortem import PostmortemContent
from rca.domain.template import (
    OCCASIONS,
    Template,
    TemplateChange,
    changes,
    first_of,
    occasion_of,
    seeds,
    usual,
)
from rca.errors import Conflict, Invalid, NotFound, NotNow, Problem
from rca.services.permissions import need
from rca.services.visibility import visible_to
from rca.store import audit
from rca.store import tables as t
from rca.store.postmortems import load_content


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version in a template's history. ``changes`` is what it changed from the one before."""

    template: Template
    note: str
    created_at: datetime | None
    records: int
    changes: tuple[TemplateChange, ...]


@dataclass(frozen=True, slots=True)
class TemplateView:
    """A template as the list and its page show it."""

    current: Template
    retired: bool
    shipped: bool
    occasions: tuple[str, ...]
    versions: tuple[VersionView, ...] = ()


def _stored(session: Session, template_id: str = "") -> dict[tuple[str, int], t.TemplateVersion]:
    query = select(t.TemplateVersion)
    if template_id:
        query = query.where(t.TemplateVersion.template_id == template_id)
    return {(row.template_id, row.version): row for row in session.exec(query)}


def _every(session: Session, template_id: str = "") -> dict[tuple[str, int], Template]:
    """Every version there is, shipped or written here; a stored one wins over a file."""
    files = {key: one for key, one in seeds().items() if not template_id or key[0] == template_id}
    rows = _stored(session, template_id)
    return {**files, **{key: Template.model_validate(row.document) for key, row in rows.items()}}


def _newest(found: Mapping[tuple[str, int], Template]) -> dict[str, Template]:
    newest: dict[str, Template] = {}
    for key in sorted(found):
        newest[key[0]] = found[key]
    return newest


def _retired(session: Session) -> frozenset[str]:
    query = select(t.TemplateRow.id).where(t.TemplateRow.retired == True)  # noqa: E712
    return frozenset(session.exec(query))


def current(session: Session) -> dict[str, Template]:
    """The newest version of each template, retired ones too, by id."""
    return _newest(_every(session))


def offered(session: Session) -> list[Template]:
    """The templates that an author may choose, those that ship first."""
    gone, shipped = _retired(session), {key[0] for key in seeds()}
    found = (one for one in current(session).values() if one.id not in gone)
    return sorted(found, key=lambda one: (one.id not in shipped, one.name))


def find(session: Session, template_id: str, version: int | None = None) -> Template:
    """A version, the newest when none is named. Raises NotFound."""
    found = _every(session, template_id)
    number = version or max((key[1] for key in found), default=0)
    if (template_id, number) not in found:
        raise NotFound("There is no such template.")
    return found[template_id, number]


def choices(session: Session) -> dict[str, str]:
    """Template id for each occasion."""
    stored = {row.occasion: row.template_id for row in session.exec(select(t.TemplateChoice))}
    return {occasion: stored.get(occasion, usual(occasion)) for occasion, _ in OCCASIONS}


def usual_for(session: Session, content: PostmortemContent) -> Template:
    """The template that a record of this severity and kind begins with."""
    return find(session, choices(session)[occasion_of(content)])


def of(session: Session, row: t.PostmortemRow, content: PostmortemContent) -> Template:
    """The template that a record follows: the version that it names, or the first that shipped."""
    if not row.template_id:
        return first_of(content)
    return find(session, row.template_id, row.template_version)


def of_many(
    session: Session, rows: Sequence[t.PostmortemRow], contents: Mapping[str, PostmortemContent]
) -> dict[str, Template]:
    """:func:`of` for several records by their id, in one query."""
    every = _every(session) if any(row.template_id for row in rows) else {}
    return {
        row.id: every[row.template_id, row.template_version]
        if row.template_id
        else first_of(contents[row.id])
        for row in rows
    }


def give(
    session: Session, row: t.PostmortemRow, content: PostmortemContent, template_id: str = ""
) -> None:
    """Begin a new record with a template: the one chosen by hand, else the usual one."""
    if template_id and template_id not in {one.id for one in offered(session)}:
        raise Invalid([Problem("template", "Choose one of the templates.")])
    chosen = find(session, template_id) if template_id else usual_for(session, content)
    _name(row, chosen, by_hand=bool(template_id))


def follow(
    session: Session, row: t.PostmortemRow, old: PostmortemContent, new: PostmortemContent
) -> None:
    """Another severity or kind brings its usual template, unless one was chosen by hand."""
    if row.template_by_hand or not row.template_id or occasion_of(old) == occasion_of(new):
        return
    chosen = usual_for(session, new)
    if chosen.id != row.template_id:
        _name(row, chosen, by_hand=False)


def _name(row: t.PostmortemRow, template: Template, *, by_hand: bool) -> None:
    row.template_id, row.template_version = template.id, template.version
    row.template_by_hand = by_hand


def switch(
    session: Session, row: t.PostmortemRow, *, viewer: Viewer, template_id: str, now: datetime
) -> Template:
    """Give a record the newest version of another template, or of its usual one when blank.

    Nothing that was written is touched. The caller found the row, editable, in this transaction.
    """
    before = f"{row.template_id}@{row.template_version}" if row.template_id else ""
    content = load_content(session, row)
    give(session, row, content, template_id)
    row.version += 1
    row.updated_at = now
    session.add(row)
    after = f"{row.template_id}@{row.template_version}"
    detail = {"from": before, "to": after, "version": row.version}
    act = audit.Act(viewer.name, "postmortem.template", "postmortem", row.id, detail)
    audit.append(session, act, now=now)
    return of(session, row, content)


def list_templates(session: Session) -> list[TemplateView]:
    """All of them: in use first, retired last."""
    gone, shipped = _retired(session), {key[0] for key in seeds()}
    by_id = _occasions(session)
    found = [
        TemplateView(one, one.id in gone, one.id in shipped, tuple(by_id.get(one.id, ())))
        for one in current(session).values()
    ]
    return sorted(found, key=lambda v: (v.retired, not v.shipped, v.current.name))


def _occasions(session: Session) -> dict[str, list[str]]:
    labels = dict(OCCASIONS)
    found: dict[str, list[str]] = {}
    for occasion, template_id in choices(session).items():
        found.setdefault(template_id, []).append(labels[occasion])
    return found


def view(session: Session, *, viewer: Viewer, template_id: str) -> TemplateView:
    """One template with its history, newest first. Raises NotFound."""
    every = _every(session, template_id)
    if not every:
        raise NotFound("There is no such template.")
    rows, counts = _stored(session, template_id), _records(session, viewer, template_id)
    ordered = [every[key] for key in sorted(every)]
    versions = [
        VersionView(
            one,
            rows[one.id, one.version].note if (one.id, one.version) in rows else "",
            rows[one.id, one.version].created_at if (one.id, one.version) in rows else None,
            counts.get(one.version, 0),
            tuple(changes(ordered[place - 1], one)) if place else (),
        )
        for place, one in enumerate(ordered)
    ]
    occasions = tuple(_occasions(session).get(template_id, ()))
    shipped = template_id in {key[0] for key in seeds()}
    retired = template_id in _retired(session)
    return TemplateView(ordered[-1], retired, shipped, occasions, tuple(reversed(versions)))


def _records(session: Session, viewer: Viewer, template_id: str) -> dict[int, int]:
    """How many records that the viewer may see follow each version."""
    row = t.PostmortemRow
    query = (
        select(row.template_version, func.count())
        .where(row.template_id == template_id, visible_to(viewer))
        .group_by(col(row.template_version))
    )
    return dict(session.exec(query).all())


def parse(data: Mapping[str, Any]) -> Template:
    """A validated template. Raises Invalid with a problem per field."""
    try:
        return Template.model_validate(dict(data))
    except ValidationError as error:
        raise Invalid([_problem(item) for item in error.errors(include_url=False)]) from error


_WORDS = {
    "string_pattern_mismatch": "Two to forty small letters, digits and dashes; a letter first.",
    "string_too_short": "Write something here.",
    "greater_than_equal": "At least 1.",
    "less_than_equal": "At most 20.",
    "int_parsing": "Enter a whole number.",
}


def _problem(item: Any) -> Problem:
    path = ".".join(str(part) for part in item["loc"])
    words = _WORDS.get(item["type"]) or str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "string_too_long":
        words = f"Too long: {item['ctx']['max_length']:,} characters fit here."
    return Problem(path, words)


def save(
    session: Session,
    *,
    viewer: Viewer,
    template: Template,
    base_version: int,
    note: str,
    now: datetime,
) -> Template:
    """Store a new version; ``base_version`` 0 makes a new template.

    A version that says what the one before says is not stored. Raises Conflict when somebody
    saved since, Forbidden, Invalid, NotNow.
    """
    need(viewer, Permission.ADMIN)
    every = _every(session, template.id)
    newest = max((key[1] for key in every), default=0)
    _refuse_stale(every, template.id, base_version, newest)
    fresh = template.model_copy(update={"version": newest + 1})
    if newest and not changes(every[template.id, newest], fresh):
        return every[template.id, newest]
    if newest and not note.strip():
        raise Invalid([Problem("note", "Say why, for the next person who wonders.")])
    _head(session, template.id, now)
    session.add(
        t.TemplateVersion(
            template_id=fresh.id,
            version=fresh.version,
            document=fresh.model_dump(mode="json"),
            note=note.strip()[:2_000],
            created_at=now,
            created_by=viewer.user_id,
        )
    )
    _record(session, viewer, "template.save", fresh.id, now, version=fresh.version)
    return fresh


def _refuse_stale(
    every: Mapping[tuple[str, int], Template], template_id: str, base: int, newest: int
) -> None:
    if base == newest:
        return
    if base == 0:
        raise Invalid([Problem("id", "There is a template of this name already.")])
    raise Conflict(
        "Somebody changed this template while you were writing.",
        current=every.get((template_id, newest)),
        version=newest,
    )


def _head(session: Session, template_id: str, now: datetime) -> t.TemplateRow:
    row = session.get(t.TemplateRow, template_id) or t.TemplateRow(id=template_id, changed_at=now)
    row.changed_at = now
    session.add(row)
    session.flush()
    return row


def _record(
    session: Session, viewer: Viewer, action: str, key: str, now: datetime, **detail: Any
) -> None:
    audit.append(session, audit.Act(viewer.name, action, "template", key, detail), now=now)


def retire(
    session: Session, *, viewer: Viewer, template_id: str, retired: bool, now: datetime
) -> None:
    """Stop or start offering a template. One that an occasion uses stays. Raises NotNow."""
    need(viewer, Permission.ADMIN)
    find(session, template_id)
    uses = _occasions(session).get(template_id, [])
    if retired and uses:
        raise NotNow(f"It is the usual one for {', '.join(uses)}. Choose another there first.")
    row = _head(session, template_id, now)
    row.retired = retired
    session.add(row)
    _record(session, viewer, "template.retire" if retired else "template.offer", template_id, now)


def choose(session: Session, *, viewer: Viewer, wanted: Mapping[str, str], now: datetime) -> None:
    """Which template each occasion begins with; records that are begun keep theirs."""
    need(viewer, Permission.ADMIN)
    known = {one.id for one in offered(session)}
    before = choices(session)
    for occasion, _ in OCCASIONS:
        template_id = wanted.get(occasion, before[occasion])
        if template_id not in known:
            raise Invalid([Problem(f"choice-{occasion}", "Choose one of the templates.")])
        if template_id != before[occasion]:
            row = session.get(t.TemplateChoice, occasion) or t.TemplateChoice(
                occasion=occasion, template_id=template_id
            )
            row.template_id = template_id
            session.add(row)
            _record(session, viewer, "template.choose", template_id, now, occasion=occasion)
