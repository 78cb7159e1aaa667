"""The ledger from a git checkout: incremental, resumable, with reverts found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from rca.domain.access import Viewer
from rca.domain.change import MOST_PATHS, ChangeRecord
from rca.domain.vocabulary import ChangeAI
from rca.provenance.gitlog import HistoryEntry, history, is_ancestor, name_of
from rca.provenance.verdict import Verdict, judge
from rca.services import changes
from rca.services.secrets_guard import redact
from rca.store.engine import reading, writing

_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did. ``resumed_from`` is empty when it read the whole history."""

    repo: str
    read: int
    added: int
    reverts: int
    settled: int
    resumed_from: str


def _key(repo: str, sha: str) -> str:
    return f"{repo}@{sha}"


def evidence_of(verdict: Verdict) -> str:
    """The leading finding as the ledger quotes it; empty when nothing is evidenced."""
    lead = next((one for one in verdict.findings if one.says == "ai"), None)
    return (
        redact(f"{lead.detector}: {lead.quote}").text[:500]
        if lead and verdict.state != "unknown"
        else ""
    )


def record_of(entry: HistoryEntry, *, repo: str, service: str) -> ChangeRecord:
    """A commit as a change. Its people stay in git; the ledger has no column for them."""
    verdict = judge(entry.commit)
    return ChangeRecord(
        key=_key(repo, entry.commit.sha),
        merged_at=entry.at,
        repo=repo,
        service=service,
        title=entry.commit.subject.replace("\x00", " ")[:2_000],
        paths=list(entry.paths[:MOST_PATHS]),
        files=len(entry.paths),
        lines_added=entry.added,
        lines_deleted=entry.deleted,
        ai_state=ChangeAI(verdict.state),
        ai_part=verdict.role,
        ai_evidence=evidence_of(verdict),
        label_source=f"detectors {verdict.findings[0].version}" if verdict.findings else "",
        facts=facts_of(verdict),
    )


def facts_of(verdict: Verdict) -> dict[str, Any]:
    """Tool, model and session as gates and proposals read them; nothing for a mere suggestion.

    What the detectors saw is kept beside it, whatever the answer: a state can be looked behind.
    """
    seen = {"findings": findings_of(verdict)} if verdict.findings else {}
    return {**seen, **_used(verdict)}


def findings_of(verdict: Verdict) -> list[dict[str, str]]:
    """Detector, version, role, strength, quote and place of each finding, without secrets."""
    return [
        {
            "detector": one.detector,
            "version": one.version,
            "says": one.says,
            "role": one.role,
            "strength": one.strength,
            "quote": redact(one.quote).text[:300],
            "where": one.where,
        }
        for one in verdict.findings[:_MOST_FINDINGS]
    ]


_MOST_FINDINGS = 8


def _used(verdict: Verdict) -> dict[str, Any]:
    if verdict.state != "evidenced":
        return {}
    provenance = {"model": verdict.model, "sessionRef": redact(verdict.session_ref).text}
    facts: dict[str, Any] = {"ai": {"tools": [verdict.tool]}} if verdict.tool else {}
    known = {name: value for name, value in provenance.items() if value}
    return {**facts, "provenance": known} if known else facts


def records_of(path: Path) -> list[ChangeRecord]:
    """A whole history as changes with what became of them, for a look that stores nothing.

    A revert within thirty days counts; a change younger than that at the newest commit stays
    pending. Raises GitError.
    """
    repo = name_of(path)
    entries = list(history(path, "HEAD"))
    merged = {entry.commit.sha: entry.at for entry in entries}
    reverted: dict[str, datetime] = {}
    for entry in entries:
        for sha in entry.reverts:
            reverted.setdefault(sha, entry.at)
    head = max(merged.values(), default=None)
    records = []
    for entry in entries:
        record = record_of(entry, repo=repo, service="")
        back = reverted.get(entry.commit.sha)
        outcomes = _outcomes(entry.at, back, head)
        records.append(record.model_copy(update={"outcomes": outcomes}))
    return records


def _outcomes(at: datetime, back: datetime | None, head: datetime | None) -> dict[str, bool | None]:
    if back is not None:
        return {"reverted_30d": back - at <= changes.FOLLOW_UP, "reverted_ever": True}
    seen = head is not None and at <= head - changes.FOLLOW_UP
    return {"reverted_30d": False if seen else None}


def _span(engine: Engine, repo: str, path: Path) -> str:
    with reading(engine) as session:
        newest = changes.newest_key(session, repo)
    sha = newest.rpartition("@")[2] if newest else ""
    # A rewritten history has lost the commit: then all is read again, and known keys stay as is.
    return f"{sha}..HEAD" if sha and is_ancestor(path, sha) else "HEAD"


def _chunks(entries: Iterator[HistoryEntry]) -> Iterator[list[HistoryEntry]]:
    while chunk := list(islice(entries, _CHUNK)):
        yield chunk


def sync(
    engine: Engine,
    *,
    viewer: Viewer,
    path: Path,
    service: str = "",
    repo: str = "",
    now: datetime,
    progress: Callable[[int], None] | None = None,
) -> Synced:
    """Read what is new. Each chunk is a transaction, so a stop loses at most one of them.

    Raises GitError when git refuses.
    """
    repo = repo or name_of(path)
    span = _span(engine, repo, path)
    read = added = reverts = 0
    head: datetime | None = None
    for chunk in _chunks(history(path, span)):
        records = [record_of(entry, repo=repo, service=service) for entry in chunk]
        pairs = [
            (_key(repo, entry.commit.sha), _key(repo, sha))
            for entry in chunk
            for sha in entry.reverts
        ]
        with writing(engine) as session:
            added += changes.take(
                session, viewer=viewer, records=records, source=f"git {repo}", now=now
            ).added
            reverts += changes.link_reverts(session, pairs, now=now)
        read += len(chunk)
        head = max([entry.at for entry in chunk] + ([head] if head else []))
        if progress:
            progress(read)
    settled = 0
    if head:
        with writing(engine) as session:
            settled = changes.settle_outcomes(session, repo=repo, head=head)
    return Synced(repo, read, added, reverts, settled, "" if span == "HEAD" else span)
