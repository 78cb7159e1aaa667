"""What an import would do: files read, drafts sorted into new, here already and refused."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlmodel import Session, col, select

from rca.domain.access import Permission, Viewer
from rca.domain.postmortem import PostmortemContent
from rca.domain.sections import content_hash
from rca.domain.vocabulary import RevisionKind, Visibility
from rca.errors import Forbidden
from rca.formats import intake
from rca.formats.intake import Parsed
from rca.formats.mapping import Assume, Draft
from rca.services.secrets_guard import redact_model
from rca.services.visibility import visible_to
from rca.store import tables as t
from rca.store.postmortems import load_contents

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


def parse(
    sources: Sequence[Source], *, assume: Assume, progress: Progress | None = None
) -> list[Parsed]:
    """Read every file. Never raises for what a file holds.

    Secrets are taken out of every record here, before anything of it is shown or stored; the
    file's notes say what and where.
    """
    found = []
    for number, source in enumerate(sources, start=1):
        read = intake.read(source.name, source.data, assume, kind=source.kind)
        found.append(_without_secrets(read))
        if progress:
            progress(number, len(sources))
    return found


_NOTED = 5


def _without_secrets(file: Parsed) -> Parsed:
    """The file with every record redacted. A record's key stays: a second import still knows it."""
    drafts: list[Draft] = []
    notes: list[str] = []
    for draft in file.drafts:
        content, secrets = redact_model(draft.content)
        if secrets:
            draft = replace(draft, content=content)
            kinds = ", ".join(
                f"{n} × {kind}" for kind, n in Counter(s.kind for s in secrets).items()
            )
            notes.append(f"Secrets taken out of the record on line {draft.line}: {kinds}.")
        drafts.append(draft)
    if not notes:
        return file
    shown = notes[:_NOTED]
    if len(notes) > _NOTED:
        shown.append(f"Secrets were taken out of {len(notes) - _NOTED} more records.")
    shown.append("Whoever had the file has the secrets: revoke those that were real.")
    return replace(file, drafts=type(file.drafts)(drafts), notes=(*file.notes, *shown))


def plan(session: Session, *, viewer: Viewer, parsed: Sequence[Parsed]) -> Plan:
    """Sort the drafts into new, already there and contradicting. Raises Forbidden."""
    if not viewer.may(Permission.WRITE):
        raise Forbidden("Your account may not import: it needs “Write postmortems”.")
    drafts = [draft for file in parsed for draft in file.drafts]
    known = known_keys(session, [draft.key for draft in drafts])
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


def known_keys(session: Session, keys: Sequence[str]) -> dict[str, str]:
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


def names_of(sources: Iterable[Source]) -> str:
    """How a batch is called: its first files and how many more."""
    names = [source.name for source in sources]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
