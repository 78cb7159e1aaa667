"""Bring records in from files: look first, then store in short transactions.

A record is known by its import key (organisation and source id, address or text), so that running
an import again adds nothing. What came in is published and unconfirmed: it takes part in mining
and reading, and every count says how much rests on it. Each transaction writes its records, the
batch and an audit row together; an import that was cut off is finished by running it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, insert
from sqlmodel import Session, col, select

from rca.domain.access import Permission, Viewer
from rca.domain.postmortem import PostmortemContent, new_id
from rca.domain.sections import content_hash
from rca.domain.vocabulary import PersonRole, RevisionKind, Section, Status, Visibility
from rca.errors import Forbidden
from rca.formats.mapping import Draft
from rca.services import authoring, jobs
from rca.services.import_plan import (
    Finding,
    Plan,
    Progress,
    Source,
    known_keys,
    names_of,
    parse,
    plan,
)
from rca.store import audit, search
from rca.store import tables as t
from rca.store.engine import writing
from rca.store.postmortems import write_header, write_many

CHUNK = 250
_MOST_KEPT = 2_000

__all__ = ["CHUNK", "Finding", "Imported", "Plan", "Progress", "Source", "names_of",
           "need_permission", "parse", "plan", "run"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import stored."""

    batch_id: str
    added: int
    references: tuple[str, ...]


def need_permission(viewer: Viewer, *, as_draft: bool) -> None:
    """Whoever writes may import drafts; published records come in by reviewers. Forbidden else."""
    needed = Permission.WRITE if as_draft else Permission.REVIEW
    if not viewer.may(needed):
        raise Forbidden(
            "Your account may import drafts only; to import as published it needs "
            f"“{Permission.REVIEW.label}”."
        )


def run(
    engine: Engine,
    *,
    viewer: Viewer,
    planned: Plan,
    name: str,
    now: datetime,
    as_draft: bool = False,
    batch_id: str = "",
    progress: Progress | None = None,
) -> Imported:
    """Store what was planned, in transactions of a few hundred records. Raises Forbidden."""
    need_permission(viewer, as_draft=as_draft)
    if not planned.incoming:
        return Imported("", 0, ())
    batch = t.ImportBatch(id=batch_id or new_id(), name=name[:400], at=now, by_id=viewer.user_id)
    problems = [finding.as_dict() for finding in planned.findings]
    references: list[str] = []
    for start in range(0, len(planned.incoming), CHUNK):
        chunk = [item.draft for item in planned.incoming[start : start + CHUNK]]
        with writing(engine) as session:
            added = _store(session, viewer, chunk, as_draft=as_draft, now=now)
            references += added
            kept = session.get(t.ImportBatch, batch.id) or batch
            kept.counts = {**planned.totals(), "added": len(references), "draft": as_draft,
                           "references": references[:_MOST_KEPT]}  # fmt: skip
            kept.problems = problems[:_MOST_KEPT]
            session.add(kept)
            _record(session, viewer, batch.id, added, as_draft=as_draft, now=now)
            if added and not as_draft:
                jobs.enqueue(
                    session, kind="mine", key="mine", now=now, delay=authoring.MINING_DELAY
                )
        if progress:
            progress(min(start + CHUNK, len(planned.incoming)), len(planned.incoming))
    return Imported(batch.id, len(references), tuple(references))


def _record(
    session: Session,
    viewer: Viewer,
    batch_id: str,
    added: Sequence[str],
    *,
    as_draft: bool,
    now: datetime,
) -> None:
    detail: dict[str, Any] = {"records": len(added), "draft": as_draft}
    if added:
        detail |= {"first": added[0], "last": added[-1]}
    act = audit.Act(viewer.name, "import.add", "import", batch_id, detail)
    audit.append(session, act, now=now)


def _store(
    session: Session, viewer: Viewer, drafts: Sequence[Draft], *, as_draft: bool, now: datetime
) -> list[str]:
    """Rows of the drafts that nobody else imported meanwhile. Returns their references."""
    numbers = _References(session, now, [draft.reference for draft in drafts if draft.reference])
    known = known_keys(session, [draft.key for draft in drafts])
    fresh = [draft for draft in drafts if draft.key not in known]
    contents = [_with_members(session, viewer, draft.content) for draft in fresh]
    rows = [
        _header(numbers, draft, content, viewer, now, as_draft=as_draft)
        for draft, content in zip(fresh, contents, strict=True)
    ]
    session.add_all(rows)
    write_many(session, [(row.id, c) for row, c in zip(rows, contents, strict=True)], now=now)
    _add_history(session, rows, fresh, viewer, now)
    documents = [
        (row.id, search.document(row.reference, content))
        for row, content in zip(rows, contents, strict=True)
    ]
    search.index_new(session, documents)
    session.flush()
    return [row.reference for row in rows]


def _with_members(
    session: Session, viewer: Viewer, content: PostmortemContent
) -> PostmortemContent:
    """Restricted records keep a member who can open them: whoever brought them in."""
    if content.visibility is not Visibility.OPEN:
        content = authoring.with_member(session, viewer, content, PersonRole.MEMBER)
    return authoring.resolve_people(session, content) if content.participants else content


class _References:
    """Numbers for new records, by the year of the incident. Held under the numbering lock."""

    def __init__(self, session: Session, now: datetime, wanted: Sequence[str]) -> None:
        self.session, self.now = session, now
        authoring.next_reference(session, now.year)
        query = select(t.PostmortemRow.reference).where(col(t.PostmortemRow.reference).in_(wanted))
        self.taken = set(session.exec(query)) if wanted else set()
        self.last: dict[int, int] = {}

    def give(self, draft: Draft) -> str:
        """The record's own reference when it is free, else the next one of its year."""
        if draft.reference and draft.reference not in self.taken:
            self.taken.add(draft.reference)
            return draft.reference
        values = [mark.value for mark in draft.content.times if mark.value]
        year = values[0].year if values else self.now.year
        while True:
            reference = self._next(year)
            if reference not in self.taken:
                self.taken.add(reference)
                return reference

    def _next(self, year: int) -> str:
        if year not in self.last:
            first = authoring.next_reference(self.session, year)
            self.last[year] = int(first.rpartition("-")[2]) - 1
        self.last[year] += 1
        return f"INC-{year}-{self.last[year]:04d}"


def _header(
    numbers: _References,
    draft: Draft,
    content: PostmortemContent,
    viewer: Viewer,
    now: datetime,
    *,
    as_draft: bool,
) -> t.PostmortemRow:
    row = t.PostmortemRow(
        reference=numbers.give(draft),
        import_key=draft.key,
        organisation=content.organisation,
        record_kind=content.record_kind.value,
        status=(Status.DRAFT if as_draft else Status.PUBLISHED).value,
        visibility=content.visibility.value,
        published_number=None if as_draft else 1,
        published_at=None if as_draft else now,
        created_by=viewer.user_id,
        created_at=now,
        updated_at=now,
        sort_at=now,
    )
    write_header(row, content)
    authoring.derive(row, content)
    return row


def _add_history(
    session: Session,
    rows: Sequence[t.PostmortemRow],
    drafts: Sequence[Draft],
    viewer: Viewer,
    now: datetime,
) -> None:
    """First revisions, exactly as the records came in, and the versions later edits build on."""
    revisions = [
        {
            "id": new_id(),
            "postmortem_id": row.id,
            "number": 1,
            "kind": RevisionKind.IMPORTED.value,
            "content": draft.content.model_dump(mode="json"),
            "content_hash": content_hash(draft.content),
            "reason": "",
            "actor_id": viewer.user_id,
            "created_at": now,
        }
        for row, draft in zip(rows, drafts, strict=True)
    ]
    stamp = {"version": 1, "updated_at": now, "updated_by": viewer.user_id}
    versions = [
        {"postmortem_id": row.id, "section": section.value, **stamp}
        for row in rows
        for section in Section
    ]
    if rows:
        session.execute(insert(t.Revision), revisions)
        session.execute(insert(t.SectionVersion), versions)
