"""The history of a postmortem: whole texts, and when an autosave may stand for the one before it.

A revision is never changed. An autosave takes the place of the one before it when that one was
nobody else's business: the same account, the same section, within :data:`SITTING` of the first,
nothing kept in between, not shown to any page since, and written by the page that now saves again
(it names that text as the one it builds on). Numbers are never used twice, so a page that was
filled from a text that is gone leans on the one before it, which is older and therefore safe: a
merge then asks more, and drops nothing.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from rca.domain.access import Viewer
from rca.domain.postmortem import PostmortemContent
from rca.domain.sections import content_hash
from rca.domain.vocabulary import RevisionKind, Section
from rca.store import tables as t

SITTING = timedelta(minutes=5)


def latest(session: Session, owner: str) -> t.Revision | None:
    """The revision that equals what is stored; texts kept from conflicts are others."""
    query = (
        select(t.Revision)
        .where(t.Revision.postmortem_id == owner, t.Revision.kind != RevisionKind.CONFLICT.value)
        .order_by(col(t.Revision.number).desc())
        .limit(1)
    )
    return session.exec(query).first()


def _next_number(session: Session, owner: str) -> int:
    query = select(func.max(t.Revision.number)).where(t.Revision.postmortem_id == owner)
    return (session.exec(query).one() or 0) + 1


def keep(
    session: Session,
    row: t.PostmortemRow,
    content: PostmortemContent,
    kind: RevisionKind,
    *,
    viewer: Viewer,
    now: datetime,
    reason: str = "",
    section: str = "",
    begun_at: datetime | None = None,
    saves: int = 1,
) -> t.Revision:
    """Keep the whole content as it stands."""
    session.flush()
    return _add(
        session,
        t.Revision(
            postmortem_id=row.id,
            number=_next_number(session, row.id),
            kind=kind.value,
            content=content.model_dump(mode="json"),
            content_hash=content_hash(content),
            reason=reason,
            actor_id=viewer.user_id,
            created_at=now,
            section=section,
            begun_at=begun_at,
            saves=saves,
        ),
    )


def _add(session: Session, revision: t.Revision) -> t.Revision:
    session.add(revision)
    session.flush()
    return revision


def keep_autosave(
    session: Session,
    row: t.PostmortemRow,
    content: PostmortemContent,
    *,
    section: Section,
    touched: Iterable[Section],
    viewer: Viewer,
    now: datetime,
    built_on: int | None = None,
) -> t.Revision:
    """Keep an autosave of one section, in the place of the one before where that is allowed.

    ``built_on`` is the revision that the saving page was filled from, or that its last save kept.
    """
    before = latest(session, row.id)
    single = set(touched) <= {section}
    if (
        before is None
        or not single
        or not _replaceable(row, before, section, viewer, now, built_on)
    ):
        name = section.value if single else ""
        return keep(
            session, row, content, RevisionKind.EDIT, viewer=viewer, now=now,
            section=name, begun_at=now,
        )  # fmt: skip
    kept = keep(
        session, row, content, RevisionKind.EDIT, viewer=viewer, now=now,
        section=section.value, begun_at=before.begun_at, saves=before.saves + 1,
    )  # fmt: skip
    session.delete(before)
    session.flush()
    return kept


def _replaceable(
    row: t.PostmortemRow,
    before: t.Revision,
    section: Section,
    viewer: Viewer,
    now: datetime,
    built_on: int | None,
) -> bool:
    return (
        # Another tab of the same account may still build on it.
        before.number == built_on
        and before.kind == RevisionKind.EDIT.value
        and before.section == section.value
        and before.actor_id == viewer.user_id
        and before.number > max(row.seen_number, 1)
        and is_open(before.begun_at, now)
    )


def unpinned_since(row: t.PostmortemRow, newest: t.Revision | None) -> datetime | None:
    """When the newest revision was begun, while an autosave could still take its place."""
    if newest is None or newest.number <= row.seen_number:
        return None
    return newest.begun_at


def is_open(begun_at: datetime | None, now: datetime) -> bool:
    """Whether a sitting that began then goes on."""
    return begun_at is not None and now - begun_at < SITTING


def pin(session: Session, row: t.PostmortemRow, *, now: datetime) -> None:
    """What is stored now is shown to somebody: it stays."""
    newest = latest(session, row.id)
    if newest is not None and is_open(unpinned_since(row, newest), now):
        row.seen_number = newest.number
        session.add(row)


def text_of(session: Session, owner: str, number: int) -> PostmortemContent | None:
    """The text of a revision, or of the kept one before it when that number is gone."""
    query = (
        select(t.Revision)
        .where(t.Revision.postmortem_id == owner, t.Revision.number <= number)
        .order_by(col(t.Revision.number).desc())
        .limit(1)
    )
    found = session.exec(query).first()
    if found is not None and found.number != number and found.kind == RevisionKind.CONFLICT.value:
        found = _stored_before(session, owner, number)
    return PostmortemContent.model_validate(found.content) if found else None


Content = dict[str, Any]
_OWN_SAVES = 24


def own_since(
    session: Session, owner: str, viewer: Viewer, section: Section, number: int | None
) -> list[tuple[Content, Content]]:
    """This account's saves of a section after ``number``: what was stored before and after each.

    At most the newest 24, oldest first; none when it is not known what the page was filled from.
    """
    if number is None or viewer.user_id is None:
        return []
    query = (
        select(t.Revision)
        .where(
            t.Revision.postmortem_id == owner,
            t.Revision.number > number,
            t.Revision.kind == RevisionKind.EDIT.value,
            t.Revision.actor_id == viewer.user_id,
            col(t.Revision.section).in_((section.value, "")),
        )
        .order_by(col(t.Revision.number).desc())
        .limit(_OWN_SAVES)
    )
    found = []
    for after in session.exec(query):
        before = _stored_before(session, owner, after.number)
        found.append((before.content if before else {}, after.content))
    return found[::-1]


def _stored_before(session: Session, owner: str, number: int) -> t.Revision | None:
    query = (
        select(t.Revision)
        .where(
            t.Revision.postmortem_id == owner,
            t.Revision.number < number,
            t.Revision.kind != RevisionKind.CONFLICT.value,
        )
        .order_by(col(t.Revision.number).desc())
        .limit(1)
    )
    return session.exec(query).first()
