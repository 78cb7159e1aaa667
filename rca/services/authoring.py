"""Write, review and publish a postmortem. Each function is one use case in the caller's
transaction; every write names the version that it builds on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import or_, text
from sqlmodel import Session, col, select

from rca.domain import ai
from rca.domain.access import Permission, Viewer
from rca.domain.lifecycle import EDITABLE, may_move, status_after_edit, unmet
from rca.domain.postmortem import Participant, PostmortemContent, RelatedPostmortem
from rca.domain.quarters import quarter_of
from rca.domain.sections import (
    SECTION_FIELDS,
    changed_sections,
    content_hash,
    unconfirmed_count,
)
from rca.domain.template import Template
from rca.domain.vocabulary import (
    Milestone,
    PersonRole,
    Relation,
    RevisionKind,
    Section,
    Status,
    TimePrecision,
    Visibility,
)
from rca.errors import Conflict, Forbidden, Invalid, NotFound, NotNow, Problem
from rca.services import jobs, pattern_masking, revisions, secrets_guard, templates
from rca.services.permissions import need
from rca.services.visibility import find_postmortem
from rca.store import audit, search
from rca.store import tables as t
from rca.store.postmortems import load_content, write_children, write_header

_REFERENCE_LOCK = 7_220_116
MINING_DELAY = timedelta(seconds=20)
keep_revision = revisions.keep


@dataclass(frozen=True, slots=True)
class Saved:
    """What a write left behind: the reference and the version that the next write builds on.

    ``redacted`` is what looked like a secret and was taken out before storing: say it.
    """

    reference: str
    version: int
    status: Status
    section_versions: Mapping[str, int]
    revision: int
    redacted: tuple[secrets_guard.Secret, ...] = ()


def problems_of(error: ValidationError) -> list[Problem]:
    """Pydantic's findings as field paths and plain words."""
    found = []
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        path = ".".join(str(part) for part in item["loc"])
        found.append(Problem(path, _words_of(item["type"], str(item["msg"]))))
    return found


_KINDS_OF_PROBLEM = {
    "enum": "Choose one of the answers.",
    "missing": "Choose one of the answers.",
    "int_parsing": "Enter a whole number, or leave it blank.",
    "int_from_float": "Enter a whole number, or leave it blank.",
    "float_parsing": "Enter a number, or choose Unknown.",
    "finite_number": "Enter a number, or choose Unknown.",
    "greater_than_equal": "Enter a number of at least 0.",
    "less_than_equal": "This number is too large to store.",
    "date_from_datetime_parsing": "Write the date like 2026-09-01.",
    "date_parsing": "Write the date like 2026-09-01.",
    "date_from_datetime_inexact": "Write the date like 2026-09-01, without a time.",
    "too_long": "Too many rows here.",
    "extra_forbidden": "Not a field of a postmortem.",
}


def _words_of(kind: str, message: str) -> str:
    """Pydantic's finding as a sentence that says what to do."""
    if kind == "string_too_long":
        most = "".join(char for char in message if char.isdigit())
        return f"Too long: {int(most or 0):,} characters fit here."
    return _KINDS_OF_PROBLEM.get(kind, message.removeprefix("Value error, "))


def parse_content(data: Mapping[str, Any]) -> PostmortemContent:
    """Validated content. Raises Invalid with a problem per field."""
    try:
        return PostmortemContent.model_validate(dict(data))
    except ValidationError as error:
        raise Invalid(problems_of(error)) from error


def next_reference(session: Session, year: int) -> str:
    """The next free ``INC-YYYY-NNNN``; the lock makes two creators get two numbers."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _REFERENCE_LOCK})
    prefix = f"INC-{year}-"
    query = select(t.PostmortemRow.reference).where(
        col(t.PostmortemRow.reference).startswith(prefix)
    )
    numbers = [int(tail) for ref in session.exec(query) if (tail := ref[len(prefix) :]).isdigit()]
    return f"{prefix}{max(numbers, default=0) + 1:04d}"


def create(
    session: Session,
    *,
    viewer: Viewer,
    content: PostmortemContent,
    now: datetime,
    reference: str | None = None,
    template: str = "",
) -> Saved:
    """A new draft; its author is a member of it. Raises Forbidden, Invalid.

    ``template`` is the id of one chosen by hand; blank takes the usual one of its severity.
    """
    need(viewer, Permission.WRITE)
    content = with_member(session, viewer, content, PersonRole.AUTHOR)
    content, redacted = secrets_guard.redact_model(content)
    row = t.PostmortemRow(
        reference=reference or next_reference(session, now.year),
        organisation=content.organisation,
        record_kind=content.record_kind.value,
        status=Status.DRAFT.value,
        visibility=content.visibility.value,
        created_by=viewer.user_id,
        created_at=now,
        updated_at=now,
        sort_at=now,
    )
    templates.give(session, row, content, template)
    session.add(row)
    store_content(session, row, content, old=None, viewer=viewer, now=now)
    keep_revision(session, row, content, RevisionKind.EDIT, viewer=viewer, now=now)
    record(session, viewer, "postmortem.create", row, now=now)
    return replace(saved(session, row), redacted=redacted)


def save(
    session: Session,
    *,
    viewer: Viewer,
    reference: str,
    content: PostmortemContent,
    base_version: int,
    now: datetime,
) -> Saved:
    """Store the whole form. Raises Conflict when somebody saved since ``base_version``."""
    row = _editable(session, viewer, reference)
    old = load_content(session, row)
    if base_version != row.version:
        raise Conflict(
            "Somebody saved this postmortem while you were writing.",
            current=old,
            version=row.version,
        )
    return _store_edit(session, row, old, content, viewer=viewer, now=now)


def save_section(
    session: Session,
    *,
    viewer: Viewer,
    reference: str,
    section: Section,
    values: Mapping[str, Any],
    base_version: int,
    now: datetime,
    autosave: bool = False,
    built_on: int | None = None,
) -> Saved:
    """Store one section. Other sections may have moved on; only this one's version counts.

    ``autosave`` says that nobody pressed a button: its revision may stand for the one before when
    that is the one the page was ``built_on``.
    """
    row = _editable(session, viewer, reference)
    old = load_content(session, row)
    versions = section_versions(session, row.id)
    if base_version != versions[section.value]:
        raise Conflict(
            f"Somebody saved “{section.label}” while you were writing.",
            current=old,
            version=versions[section.value],
        )
    unknown = set(values) - set(SECTION_FIELDS[section])
    if unknown:
        raise Invalid([Problem(name, "Not a field of this section.") for name in sorted(unknown)])
    content = parse_content({**old.model_dump(mode="json"), **values})
    by_itself = (section, built_on) if autosave else None
    return _store_edit(session, row, old, content, viewer=viewer, now=now, by_itself=by_itself)


def _store_edit(
    session: Session,
    row: t.PostmortemRow,
    old: PostmortemContent,
    content: PostmortemContent,
    *,
    viewer: Viewer,
    now: datetime,
    by_itself: tuple[Section, int | None] | None = None,
) -> Saved:
    if content.visibility is not Visibility.OPEN:
        content = with_member(session, viewer, content, PersonRole.MEMBER)
    content, redacted = secrets_guard.redact_model(resolve_people(session, content))
    if content == old:
        revisions.pin(session, row, now=now)  # the page goes on from a text that it did not store
        return replace(saved(session, row), redacted=redacted)
    before = row.content_hash
    store_content(session, row, content, old=old, viewer=viewer, now=now)
    templates.follow(session, row, old, content)
    row.status = status_after_edit(Status(row.status)).value
    row.version += 1
    row.updated_at = now
    session.add(row)
    if row.published_number is not None and content.visibility is not old.visibility:
        # Patterns and neighbours must not keep what became restricted, nor miss what opened.
        if content.visibility is not Visibility.OPEN:
            pattern_masking.forget(session, row)
        jobs.enqueue(session, kind="mine", key="mine", now=now)
    if by_itself is None:
        keep_revision(session, row, content, RevisionKind.EDIT, viewer=viewer, now=now)
        record(session, viewer, "postmortem.edit", row, before=before, now=now)
        return replace(saved(session, row), redacted=redacted)
    touched = changed_sections(old, content)
    section, built_on = by_itself
    kept = revisions.keep_autosave(
        session, row, content,
        section=section, touched=touched, viewer=viewer, now=now, built_on=built_on,
    )  # fmt: skip
    if kept.saves == 1:
        # One row for a sitting in a section, from where it began; its revision holds when it
        # ended, how often it saved, and the text.
        record(
            session, viewer, "postmortem.edit", row, before=before, now=now,
            section=section.value, revision=kept.number,
        )  # fmt: skip
    return replace(saved(session, row), redacted=redacted)


def keep_conflict(
    session: Session, *, viewer: Viewer, reference: str, content: PostmortemContent, now: datetime
) -> None:
    """Keep the text that lost a conflict in the history, in a transaction of its own.

    Kept once: a text that is in the history already needs no second copy.
    """
    content, _ = secrets_guard.redact_model(content)
    row = find_postmortem(session, viewer, reference, lock=True)  # its number is the next one
    query = select(t.Revision.id).where(
        t.Revision.postmortem_id == row.id, t.Revision.content_hash == content_hash(content)
    )
    if session.exec(query).first() is not None:
        return
    keep_revision(session, row, content, RevisionKind.CONFLICT, viewer=viewer, now=now)
    record(session, viewer, "postmortem.conflict_kept", row, now=now)


def store_content(
    session: Session,
    row: t.PostmortemRow,
    content: PostmortemContent,
    *,
    old: PostmortemContent | None,
    viewer: Viewer,
    now: datetime,
) -> None:
    """Make the row, its children, what is derived, and the search index equal to ``content``."""
    content = resolve_people(session, content)
    write_header(row, content)
    derive(row, content)
    session.add(row)
    write_children(session, row.id, content, old, now=now)
    search.index(session, row.id, search.document(row.reference, content))
    touched = changed_sections(old, content) if old else tuple(Section)
    _bump_sections(session, row.id, touched, viewer, now)


def derive(row: t.PostmortemRow, content: PostmortemContent) -> None:
    """Set what follows from the content: when, quarter, AI summary, unconfirmed count, hash."""
    mark = content.mark(Milestone.IMPACT_STARTED) or content.mark(Milestone.DETECTED)
    row.occurred_at = mark.value if mark else None
    row.occurred_precision = (mark.precision if mark else TimePrecision.UNKNOWN).value
    row.quarter = quarter_of(row.occurred_at, TimePrecision(row.occurred_precision))
    row.sort_at = row.occurred_at or row.created_at
    row.ai_summary = ai.summarise(content.ai_influences)
    row.unconfirmed = unconfirmed_count(content)
    row.content_hash = content_hash(content)


def _bump_sections(
    session: Session, owner: str, sections: Sequence[Section], viewer: Viewer, now: datetime
) -> None:
    for section in sections:
        row = session.get(t.SectionVersion, (owner, section.value))
        if row is None:
            row = t.SectionVersion(
                postmortem_id=owner, section=section.value, version=0, updated_at=now
            )
        row.version += 1
        row.updated_at = now
        row.updated_by = viewer.user_id
        session.add(row)


def section_versions(session: Session, owner: str) -> dict[str, int]:
    """Version of each section of a postmortem."""
    query = select(t.SectionVersion).where(t.SectionVersion.postmortem_id == owner)
    return {row.section: row.version for row in session.exec(query)}


def saved(session: Session, row: t.PostmortemRow) -> Saved:
    """The versions that the next write builds on."""
    session.flush()
    return Saved(
        row.reference,
        row.version,
        Status(row.status),
        section_versions(session, row.id),
        latest_revision(session, row.id),
    )


def latest_revision(session: Session, owner: str) -> int:
    """Number of the revision that equals what is stored."""
    newest = revisions.latest(session, owner)
    return newest.number if newest else 0


def record(
    session: Session,
    viewer: Viewer,
    action: str,
    row: t.PostmortemRow,
    *,
    now: datetime,
    before: str = "",
    **detail: Any,
) -> None:
    """One audit row about a postmortem: hashes and names, never its text."""
    act = audit.Act(
        actor=viewer.name,
        action=action,
        object_kind="postmortem",
        object_id=row.id,
        detail={"version": row.version, "status": row.status, **detail},
        before_hash=before,
        after_hash=row.content_hash,
    )
    audit.append(session, act, now=now)


def _editable(session: Session, viewer: Viewer, reference: str) -> t.PostmortemRow:
    need(viewer, Permission.WRITE)
    row = find_postmortem(session, viewer, reference, lock=True)
    if Status(row.status) not in EDITABLE:
        raise NotNow(
            f"This postmortem is {Status(row.status).label.lower()}. "
            "Start a correction to change it."
        )
    return row


def with_member(
    session: Session, viewer: Viewer, content: PostmortemContent, role: PersonRole
) -> PostmortemContent:
    """The content with the writer among its members, so that nobody locks themselves out."""
    if viewer.user_id is None:
        return content
    if any(person.user_id == viewer.user_id for person in content.participants):
        return content
    if any(person.name in (viewer.name, viewer.display_name) for person in content.participants):
        return resolve_people(session, content)
    person = Participant(role=role, name=viewer.display_name, user_id=viewer.user_id)
    return content.model_copy(update={"participants": [*content.participants, person]})


def resolve_people(session: Session, content: PostmortemContent) -> PostmortemContent:
    """Match participants to accounts by name; an account id that a browser sent is not trusted."""
    names = {person.name for person in content.participants}
    if not names:
        return content
    query = select(t.User).where(
        or_(
            col(t.User.display_name).in_(names),
            col(t.User.name).in_({name.lower() for name in names}),
        )
    )
    ids: dict[str, str] = {}
    for user in session.exec(query):
        ids[user.name] = user.id
        ids.setdefault(user.display_name, user.id)
    people = [
        person.model_copy(update={"user_id": ids.get(person.name) or ids.get(person.name.lower())})
        for person in content.participants
    ]
    return content.model_copy(update={"participants": people})


def _move(
    session: Session, viewer: Viewer, reference: str, base_version: int, target: Status
) -> tuple[t.PostmortemRow, PostmortemContent]:
    row = find_postmortem(session, viewer, reference, lock=True)
    content = load_content(session, row)
    if row.version != base_version:
        raise Conflict(
            "This postmortem changed since you opened it. Look again before you decide.",
            current=content,
            version=row.version,
        )
    if not may_move(Status(row.status), target):
        raise NotNow(
            f"A postmortem that is {Status(row.status).label.lower()} can't become "
            f"{target.label.lower()}."
        )
    return row, content


def _finish(session: Session, row: t.PostmortemRow, status: Status, now: datetime) -> Saved:
    row.status = status.value
    row.version += 1
    row.updated_at = now
    session.add(row)
    return saved(session, row)


def submit(
    session: Session, *, viewer: Viewer, reference: str, base_version: int, now: datetime
) -> Saved:
    """Ask for review. Raises Invalid with what its template still asks, each with its field."""
    need(viewer, Permission.WRITE)
    row, content = _move(session, viewer, reference, base_version, Status.IN_REVIEW)
    open_items = unmet(content, templates.of(session, row, content))
    if open_items:
        raise Invalid([Problem(item.anchor, item.text) for item in open_items])
    row.submitted_by = viewer.user_id
    row.status_reason = ""
    keep_revision(session, row, content, RevisionKind.SUBMITTED, viewer=viewer, now=now)
    result = _finish(session, row, Status.IN_REVIEW, now)
    record(session, viewer, "postmortem.submit", row, now=now)
    return result


def request_changes(
    session: Session,
    *,
    viewer: Viewer,
    reference: str,
    base_version: int,
    reason: str,
    now: datetime,
) -> Saved:
    """Hand it back with words. On a published one this starts a correction."""
    need(viewer, Permission.REVIEW)
    if not reason.strip():
        raise Invalid([Problem("reason", "Say what is still open, so that the author can act.")])
    row, _content = _move(session, viewer, reference, base_version, Status.CHANGES_REQUESTED)
    row.status_reason = reason.strip()
    result = _finish(session, row, Status.CHANGES_REQUESTED, now)
    record(session, viewer, "postmortem.request_changes", row, now=now)
    return result


def approve(
    session: Session, *, viewer: Viewer, reference: str, base_version: int, now: datetime
) -> Saved:
    """Sign off this content. Nobody approves what they wrote or submitted. Raises Forbidden."""
    need(viewer, Permission.REVIEW)
    row, content = _move(session, viewer, reference, base_version, Status.APPROVED)
    if viewer.user_id is not None and viewer.user_id in _writers(session, row):
        raise Forbidden("You worked on this postmortem; someone else signs it off.")
    row.approved_hash = row.content_hash
    row.approved_at = now
    row.approved_by = viewer.user_id
    keep_revision(session, row, content, RevisionKind.APPROVED, viewer=viewer, now=now)
    result = _finish(session, row, Status.APPROVED, now)
    record(session, viewer, "postmortem.approve", row, now=now)
    return result


def _writers(session: Session, row: t.PostmortemRow) -> set[str]:
    """Accounts whose words are in it: creator, submitter, and everyone who saved an edit."""
    query = select(t.Revision.actor_id).where(
        t.Revision.postmortem_id == row.id,
        col(t.Revision.kind).in_([RevisionKind.EDIT.value, RevisionKind.SUBMITTED.value]),
    )
    people = {row.created_by, row.submitted_by, *session.exec(query)}
    return {person for person in people if person}


def publish(
    session: Session, *, viewer: Viewer, reference: str, base_version: int, now: datetime
) -> Saved:
    """Make the approved content an immutable revision that readers see; mining follows."""
    need(viewer, Permission.REVIEW)
    row, content = _move(session, viewer, reference, base_version, Status.PUBLISHED)
    if row.approved_hash != row.content_hash:
        raise NotNow("The content changed after approval. Ask for approval again.")
    publish_now(session, row, content, viewer=viewer, now=now)
    result = _finish(session, row, Status.PUBLISHED, now)
    record(session, viewer, "postmortem.publish", row, now=now, number=row.published_number)
    return result


def publish_now(
    session: Session,
    row: t.PostmortemRow,
    content: PostmortemContent,
    *,
    viewer: Viewer,
    now: datetime,
) -> None:
    """Keep the published revision and queue mining; the status is the caller's to set."""
    revision = keep_revision(session, row, content, RevisionKind.PUBLISHED, viewer=viewer, now=now)
    row.published_number = revision.number
    row.published_at = row.published_at or now
    session.add(row)
    jobs.enqueue(session, kind="mine", key="mine", now=now, delay=MINING_DELAY)


def set_aside(
    session: Session,
    *,
    viewer: Viewer,
    reference: str,
    base_version: int,
    target: Status,
    reason: str,
    now: datetime,
) -> Saved:
    """Archive, mark as not required, or take back to draft; each with a reason."""
    need(viewer, Permission.REVIEW if target is Status.ARCHIVED else Permission.WRITE)
    if target not in (Status.ARCHIVED, Status.NOT_REQUIRED, Status.DRAFT):
        raise NotNow(f"{target.label} is not reached this way.")
    if target is not Status.DRAFT and not reason.strip():
        raise Invalid([Problem("reason", "Say why; the reason stays with the record.")])
    row, _content = _move(session, viewer, reference, base_version, target)
    row.status_reason = reason.strip()
    result = _finish(session, row, target, now)
    record(session, viewer, f"postmortem.{target.value}", row, now=now)
    return result


def relate(
    session: Session,
    *,
    viewer: Viewer,
    reference: str,
    other: str,
    relation: Relation,
    rationale: str,
    wanted: bool,
    now: datetime,
) -> Saved:
    """Record that this postmortem relates to another, or take that back; twice is once.

    Raises Forbidden, Invalid, NotFound (of either, hidden or absent), NotNow.
    """
    row = _editable(session, viewer, reference)
    if find_postmortem(session, viewer, other).id == row.id:
        raise Invalid([Problem("reference", "A postmortem does not relate to itself.")])
    old = load_content(session, row)
    kept = [link for link in old.related if (link.reference, link.relation) != (other, relation)]
    known = len(kept) < len(old.related)
    if wanted and known:
        return saved(session, row)
    if wanted:
        link = RelatedPostmortem(reference=other, relation=relation, rationale=rationale[:2_000])
        kept.append(link)
    content = old.model_copy(update={"related": kept})
    return _store_edit(session, row, old, content, viewer=viewer, now=now)


def choose_template(
    session: Session, *, viewer: Viewer, reference: str, template: str, now: datetime
) -> Template:
    """Another template for a record that may be edited; blank means the usual one.

    Nothing written is lost. Raises Forbidden, Invalid, NotFound, NotNow.
    """
    row = _editable(session, viewer, reference)
    return templates.switch(session, row, viewer=viewer, template_id=template, now=now)


def add_comment(
    session: Session, *, viewer: Viewer, reference: str, anchor: str, body: str, now: datetime
) -> str:
    """A remark anchored to a field or row. Returns its id."""
    if not body.strip():
        raise Invalid([Problem("body", "Write something first.")])
    row = find_postmortem(session, viewer, reference)
    comment = t.Comment(
        postmortem_id=row.id,
        anchor=anchor[:240],
        body=body.replace("\x00", "").strip()[:20_000],
        author_id=viewer.user_id,
        created_at=now,
    )
    session.add(comment)
    record(session, viewer, "comment.add", row, now=now)
    return comment.id


def resolve_comment(
    session: Session, *, viewer: Viewer, reference: str, comment_id: str, done: bool, now: datetime
) -> None:
    """Resolve or reopen a remark. Raises NotFound when it is not of this postmortem."""
    row = find_postmortem(session, viewer, reference)
    comment = session.get(t.Comment, comment_id)
    if comment is None or comment.postmortem_id != row.id:
        raise NotFound("There is no such comment here.")
    comment.resolved_at = now if done else None
    comment.resolved_by = viewer.user_id if done else None
    session.add(comment)
    record(session, viewer, "comment.resolve" if done else "comment.reopen", row, now=now)
