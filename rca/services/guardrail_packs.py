"""Export packs of the stored guardrails, and what changed since they were last taken away."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import unified_diff
from typing import Literal

from sqlmodel import Session

from mining.policy.exporters import TARGETS, Coverage, Export, export
from rca.domain.access import Permission, Viewer
from rca.errors import Invalid, Problem
from rca.services.guardrail_reading import documents
from rca.services.permissions import need
from rca.store import audit
from rca.store import tables as t

State = Literal["new", "changed", "gone", "same"]


def targets_of(name: str) -> tuple[str, ...]:
    """The targets that a name stands for. Raises Invalid."""
    if name == "all":
        return TARGETS
    if name not in TARGETS:
        known = ", ".join(("native", *TARGETS, "all"))
        raise Invalid([Problem("target", f"“{name}” is not a target. Choose from {known}.")])
    return (name,)


def export_guardrails(session: Session, *, target: str, status: str, now: datetime) -> Export:
    """The packs of ``target`` (or of all) over guardrails of that status. Raises Invalid."""
    return export(documents(session, status=status), targets_of(target), now=now)


@dataclass(frozen=True, slots=True)
class FileView:
    """One file of a pack beside the last export: its text and the lines that differ."""

    path: str
    text: str
    state: State
    diff: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PackView:
    """One target: its files now, its coverage, and when it was last taken away."""

    target: str
    rules: int
    files: tuple[FileView, ...]
    coverage: tuple[Coverage, ...]
    exported_at: datetime | None

    @property
    def changed(self) -> int:
        """Files that differ from the last export."""
        return sum(item.state != "same" for item in self.files)

    def covers(self, *words: str) -> int:
        """Rules with one of those coverage words."""
        return sum(entry.coverage in words for entry in self.coverage)


def _diff(old: str, new: str) -> tuple[tuple[str, str], ...]:
    lines = list(unified_diff(old.splitlines(), new.splitlines(), n=2, lineterm=""))[2:]
    return tuple((line[:1], line[1:]) for line in lines if not line.startswith("@@"))


def _file(path: str, old: str | None, new: str | None) -> FileView:
    if new is None:
        return FileView(path, "", "gone", _diff(old or "", ""))
    if old is None:
        return FileView(path, new, "new", ())
    return FileView(path, new, "same" if old == new else "changed", _diff(old, new))


def _compared(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[FileView, ...]:
    return tuple(_file(path, old.get(path), new.get(path)) for path in sorted({*old, *new}))


def packs(session: Session, *, now: datetime, target: str = "all") -> list[PackView]:
    """Each pack of the accepted rules as an export would write it now. Raises Invalid."""
    made = export_guardrails(session, target=target, status="accepted", now=now)
    found = []
    for pack in made.packs:
        kept = session.get(t.GuardrailExport, pack.target)
        old = {str(path): str(text) for path, text in kept.files.items()} if kept else {}
        files = _compared(old, pack.files)
        at = kept.at if kept else None
        found.append(PackView(pack.target, len(made.rules), files, pack.coverage, at))
    return found


def _digest(files: Mapping[str, str]) -> str:
    text = json.dumps(dict(files), sort_keys=True)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def remember(session: Session, made: Export, *, viewer: Viewer, now: datetime) -> None:
    """Keep what was taken away, so that the next export can be compared with it."""
    need(viewer, Permission.READ)
    for pack in made.packs:
        row = session.get(t.GuardrailExport, pack.target)
        row = row or t.GuardrailExport(target=pack.target, at=now, digest="")
        row.at, row.files, row.digest = now, dict(pack.files), _digest(pack.files)
        session.add(row)
        detail = {"digest": row.digest, "rules": len(made.rules)}
        act = audit.Act(viewer.name, "guardrail.export", "guardrail_export", pack.target, detail)
        audit.append(session, act, now=now)
    session.flush()


def zipped(files: Mapping[str, str]) -> bytes:
    """The files in one archive; the same files always give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in sorted(files.items()):
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return buffer.getvalue()


def stale(made: Export, there: Mapping[str, str]) -> Sequence[str]:
    """Paths where the files that are there differ from what an export would write."""
    wanted = made.files()
    return sorted(path for path, text in wanted.items() if there.get(path) != text)
