"""Bring records in from files: look first, then store in short transactions.

A record is known by its import key (organisation and source id, address or text), so that running
an import again adds nothing. What came in is published and unconfirmed: it takes part in mining
and reading, and every count says how much rests on it. Each transaction writes its records, the
batch and an audit row together; an import that was cut off is finished by running it again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, insert
from sqlmodel import Session, col, select

from rca.domain.access import Permission, Viewer
from rca.domain.postmortem import PostmortemContent, new_id
from rca.domain.sections import content_hash
from rca.domain.vocabulary import PersonRole, RevisionKind, Section, Status, Visibility
from rca.errors import Forbidden
from rca.formats import intake
from rca.formats.intake import Parsed
from rca.formats.mapping import Assume, Draft
from rca.services import authoring, jobs
from rca.services.visibility import visible_to
from rca.store import audit, search
from rca.store import tables as t
from rca.store.engine import writing
from rca.store.postmortems import load_contents, write_header, write_many

CHUNK = 250
_MOST_KEPT = 2_000
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A file or a paste. ``kind`` blank means: by its name, else by its looks."""

    name: str
    data: bytes
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that did not go in, or went in otherwise than it may seem."""

    file: str
    line: int
    field: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON and the batch's row."""
        return {"file": self.file, "line": self.line, "field": self.field, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class FileReport:
    """What one file holds, counted by record."""

    name: str
    format: str
    new: int = 0
    already: int = 0
    refused: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Incoming:
    """A draft that would go in, and from where."""

    file: str
    draft: Draft


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do. Nothing is stored yet."""

    files: tuple[FileReport, ...]
    incoming: tuple[Incoming, ...]
    findings: tuple[Finding, ...]
    unknown: Mapping[str, int] = field(default_factory=dict)
    unused: Mapping[str, int] = field(default_factory=dict)

    @property
    def already(self) -> int:
        """Records that are here already."""
        return sum(file.already for file in self.files)

    @property
    def refused(self) -> int:
        """Records, or whole files, that can't go in."""
        return sum(file.refused for file in self.files)

    @property
    def read_nothing(self) -> bool:
        """Whether not one record could be read."""
        return not self.incoming and not self.already

    def totals(self) -> dict[str, int]:
        """Counts that a person wants before saying yes."""
        contents = [item.draft.content for item in self.incoming]
        return {
            "new": len(contents),
            "already": self.already,
            "refused": self.refused,
            "without_date": sum(not content.times for content in contents),
            "without_severity": sum(content.severity is None for content in contents),
            "restricted": sum(content.visibility is not Visibility.OPEN for content in contents),
            "organisations": len({content.organisation for content in contents}),
        }

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "files": [
                {
                    "name": file.name,
                    "format": file.format,
                    "new": file.new,
                    "already": file.already,
                    "refused": file.refused,
                    "notes": list(file.notes),
                }
                for file in self.files
            ],
            "totals": self.totals(),
            "unknown_columns": dict(self.unknown),
            "columns_not_used": dict(self.unused),
            "problems": [finding.as_dict() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import stored."""

    batch_id: str
    added: int
    references: tuple[str, ...]


def parse(
    sources: Sequence[Source], *, assume: Assume, progress: Progress | None = None
) -> list[Parsed]:
    """Read every file. Never raises for what a file holds."""
    found = []
    for number, source in enumerate(sources, start=1):
        found.append(intake.read(source.name, source.data, assume, kind=source.kind))
        if progress:
            progress(number, len(sources))
    return found


def plan(session: Session, *, viewer: Viewer, parsed: Sequence[Parsed]) -> Plan:
    """Sort the drafts into new, already there and contradicting. Raises Forbidden."""
    if not viewer.may(Permission.WRITE):
        raise Forbidden("Your account may not import: it needs “Write postmortems”.")
    drafts = [draft for file in parsed for draft in file.drafts]
    known = _known(session, [draft.key for draft in drafts])
    known |= _own_again(session, viewer, [draft for draft in drafts if draft.key not in known])
    sorter = _Sorter(known)
    files = [sorter.file(file) for file in parsed]
    unknown: Counter[str] = Counter()
    unused: Counter[str] = Counter()
    for file in parsed:
        unknown.update(file.unknown)
        unused.update(file.unused)
    return Plan(tuple(files), tuple(sorter.incoming), tuple(sorter.findings), unknown, unused)


class _Sorter:
    """Goes through the files in order and remembers which keys it met where."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.known = known
        self.met: dict[str, tuple[str, int, str]] = {}
        self.incoming: list[Incoming] = []
        self.findings: list[Finding] = []

    def file(self, file: Parsed) -> FileReport:
        """Sort the drafts of one file."""
        counts: Counter[str] = Counter(self._draft(file.name, draft) for draft in file.drafts)
        self.findings += [
            Finding(file.name, item.line, item.field, item.reason) for item in file.refusals
        ]
        bad_lines = {item.line for item in file.refusals}
        return FileReport(
            file.name,
            file.format,
            new=counts["new"],
            already=counts["already"],
            refused=counts["refused"] + len(bad_lines),
            notes=file.notes,
        )

    def _draft(self, name: str, draft: Draft) -> str:
        digest = content_hash(draft.content)
        if draft.key in self.known:
            if self.known[draft.key] in ("", digest):
                return "already"
            reason = (
                "was imported before with other content; the record here was left as it is. Give "
                "it another id, or change the record here"
            )
        elif draft.key in self.met:
            file, line, first = self.met[draft.key]
            if first == digest:
                return "already"
            where = f"line {line}" if file == name else f"{file}, line {line}"
            reason = f"stands on {where} already, with other content"
        else:
            self.met[draft.key] = (name, draft.line, digest)
            self.incoming.append(Incoming(name, draft))
            return "new"
        kind = draft.key.partition(":")[0]
        self.findings.append(Finding(name, draft.line, kind, f"This {kind} {reason}."))
        return "refused"


def _known(session: Session, keys: Sequence[str]) -> dict[str, str]:
    """Import key -> digest of what was imported under it."""
    found: dict[str, str] = {}
    for start in range(0, len(keys), 500):
        query = (
            select(t.PostmortemRow.import_key, t.Revision.content_hash)
            .where(
                t.Revision.postmortem_id == t.PostmortemRow.id,
                t.Revision.kind == RevisionKind.IMPORTED.value,
                col(t.PostmortemRow.import_key).in_(keys[start : start + 500]),
            )
            .order_by(col(t.Revision.number).desc())
        )
        found.update({key: digest for key, digest in session.exec(query) if key})
    return found


def _own_again(session: Session, viewer: Viewer, drafts: Sequence[Draft]) -> dict[str, str]:
    """Keys of our own exports whose record stands here under its reference, unchanged."""
    by_reference = {draft.reference: draft for draft in drafts if draft.reference}
    found: dict[str, str] = {}
    names = list(by_reference)
    for start in range(0, len(names), 500):
        query = select(t.PostmortemRow).where(
            col(t.PostmortemRow.reference).in_(names[start : start + 500]), visible_to(viewer)
        )
        rows = list(session.exec(query))
        stored = load_contents(session, rows)
        for row in rows:
            draft = by_reference[row.reference]
            if _bare(stored[row.id]) == _bare(draft.content):
                found[draft.key] = ""
    return found


def _bare(content: PostmortemContent) -> Any:
    """The content without ids and without where its values came from."""
    left_out = {"id", "source", "source_detail", "confirmed", "title_source", "user_id"}
    links = {"timeline_ids", "factor_ids"}

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: len(item) if name in links else bare(item)
                for name, item in value.items()
                if name not in left_out
            }
        return [bare(item) for item in value] if isinstance(value, list) else value

    return bare(content.model_dump(mode="json"))


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
    known = _known(session, [draft.key for draft in drafts])
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


def names_of(sources: Iterable[Source]) -> str:
    """How a batch is called: its first files and how many more."""
    names = [source.name for source in sources]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
