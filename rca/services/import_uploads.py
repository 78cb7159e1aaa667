"""Files between preview and yes, and large imports as a background job."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

from rca.config import Settings
from rca.domain.access import OPERATOR, Permission, Viewer
from rca.domain.postmortem import OWN_ORGANISATION
from rca.errors import Forbidden, NotFound
from rca.formats.mapping import Assume
from rca.services import accounts, importing, jobs
from rca.services.importing import Plan, Source
from rca.services.jobs import Claim
from rca.services.visibility import visible_to
from rca.store import tables as t
from rca.store.engine import reading, writing

KEPT = timedelta(days=1)
AT_ONCE = 2_000
"""Records that one request stores; more of them are stored by the worker."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What somebody sent, with what they said about it."""

    id: str
    sources: tuple[Source, ...]
    assume: Assume


def keep(
    session: Session, *, viewer: Viewer, sources: Sequence[Source], assume: Assume, now: datetime
) -> str:
    """Keep files until they are imported or discarded. Returns the upload's id."""
    if not viewer.may(Permission.WRITE):
        raise Forbidden("Your account may not import: it needs “Write postmortems”.")
    session.execute(delete(t.ImportUpload).where(col(t.ImportUpload.at) < now - KEPT))
    key = secrets.token_hex(16)
    options = {"organisation": assume.organisation, "severities": dict(assume.severities)}
    session.add_all(
        t.ImportUpload(
            id=key,
            position=position,
            name=source.name[:400],
            kind=source.kind,
            options=options,
            data=source.data,
            by_id=viewer.user_id,
            at=now,
        )
        for position, source in enumerate(sources)
    )
    return key


def load(session: Session, *, viewer: Viewer, upload_id: str) -> Upload:
    """The upload, for the account that sent it. Raises NotFound."""
    query = (
        select(t.ImportUpload)
        .where(t.ImportUpload.id == upload_id, t.ImportUpload.by_id == viewer.user_id)
        .order_by(col(t.ImportUpload.position))
    )
    rows = session.exec(query).all()
    if not rows:
        raise NotFound("This upload is gone: it was imported, discarded, or is older than a day.")
    options = rows[0].options
    assume = Assume(
        organisation=options.get("organisation") or OWN_ORGANISATION,
        severities=options.get("severities", {}),
    )
    return Upload(upload_id, tuple(Source(row.name, row.data, row.kind) for row in rows), assume)


def drop(session: Session, *, viewer: Viewer, upload_id: str) -> None:
    """Forget an upload."""
    session.execute(
        delete(t.ImportUpload).where(
            col(t.ImportUpload.id) == upload_id, col(t.ImportUpload.by_id) == viewer.user_id
        )
    )


def plan_of(session: Session, *, viewer: Viewer, upload: Upload) -> Plan:
    """What importing this upload would do now."""
    parsed = importing.parse(upload.sources, assume=upload.assume)
    return importing.plan(session, viewer=viewer, parsed=parsed)


def confirm(
    engine: Engine, *, viewer: Viewer, upload_id: str, as_draft: bool, now: datetime
) -> str:
    """Import the upload, at once or by the worker. Returns the batch's id."""
    with reading(engine) as session:
        upload = load(session, viewer=viewer, upload_id=upload_id)
        planned = plan_of(session, viewer=viewer, upload=upload)
    if len(planned.incoming) > AT_ONCE:
        importing.need_permission(viewer, as_draft=as_draft)
        payload = {"upload": upload_id, "as_draft": as_draft, "by": viewer.user_id}
        with writing(engine) as session:
            jobs.enqueue(
                session, kind="import", key=f"import:{upload_id}", now=now, payload=payload
            )
        return upload_id
    _store(engine, viewer, upload, planned, as_draft=as_draft, now=now)
    with writing(engine) as session:
        drop(session, viewer=viewer, upload_id=upload_id)
    return upload_id


def _store(
    engine: Engine,
    viewer: Viewer,
    upload: Upload,
    planned: Plan,
    *,
    as_draft: bool,
    now: datetime,
) -> int:
    done = importing.run(
        engine,
        viewer=viewer,
        planned=planned,
        name=importing.names_of(upload.sources),
        now=now,
        as_draft=as_draft,
        batch_id=upload.id,
    )
    return done.added


def run_job(engine: Engine, claim: Claim, settings: Settings, now: datetime) -> None:
    """The worker's part of a large import; running it twice adds nothing the second time."""
    upload_id = str(claim.payload["upload"])
    with reading(engine) as session:
        user = session.get(t.User, claim.payload["by"]) if claim.payload["by"] else None
        viewer = accounts.viewer_of(user) if user else OPERATOR
        upload = load(session, viewer=viewer, upload_id=upload_id)
        planned = plan_of(session, viewer=viewer, upload=upload)
    added = _store(
        engine, viewer, upload, planned, as_draft=bool(claim.payload["as_draft"]), now=now
    )
    with writing(engine) as session:
        if jobs.finish(session, claim, result={"added": added}, now=now):
            drop(session, viewer=viewer, upload_id=upload_id)


@dataclass(frozen=True, slots=True)
class BatchView:
    """One import as its owner sees it. ``counts`` is empty while the worker is at it."""

    id: str
    name: str
    at: datetime
    counts: dict[str, Any]
    problems: tuple[dict[str, Any], ...] = ()
    records: tuple[tuple[str, str], ...] = ()
    failed: str = ""

    @property
    def waiting(self) -> bool:
        """Whether the worker has not finished."""
        return not self.counts and not self.failed


def batches(session: Session, *, viewer: Viewer, limit: int = 20) -> list[BatchView]:
    """Earlier imports, newest first: one's own, and all for admins."""
    query = select(t.ImportBatch).order_by(col(t.ImportBatch.at).desc(), col(t.ImportBatch.id))
    if not viewer.may(Permission.ADMIN):
        query = query.where(t.ImportBatch.by_id == viewer.user_id)
    rows = session.exec(query.limit(limit))
    return [BatchView(row.id, row.name, row.at, row.counts, tuple(row.problems)) for row in rows]


def batch(session: Session, *, viewer: Viewer, batch_id: str) -> BatchView:
    """One import with its records. Raises NotFound when it is another's."""
    row = session.get(t.ImportBatch, batch_id)
    waiting = _waiting(session, viewer, batch_id)
    if waiting is not None:
        return waiting
    if row is None or not (row.by_id == viewer.user_id or viewer.may(Permission.ADMIN)):
        raise NotFound("There is no such import, or it is another account's.")
    records = _records(session, viewer, list(row.counts.get("references", []))[:200])
    return BatchView(row.id, row.name, row.at, row.counts, tuple(row.problems), records)


def _waiting(session: Session, viewer: Viewer, batch_id: str) -> BatchView | None:
    query = (
        select(t.Job)
        .where(t.Job.key == f"import:{batch_id}", t.Job.state != "done")
        .order_by(col(t.Job.created_at).desc())
    )
    job = session.exec(query).first()
    if job is None or job.payload.get("by") != viewer.user_id:
        return None
    failed = "The worker could not finish it." if job.state == "failed" else ""
    return BatchView(batch_id, "Your files", job.created_at, {}, failed=failed)


def _records(
    session: Session, viewer: Viewer, references: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    query = select(t.PostmortemRow.reference, t.PostmortemRow.title).where(
        col(t.PostmortemRow.reference).in_(references), visible_to(viewer)
    )
    titles = dict(session.exec(query).all())
    return tuple((name, titles[name]) for name in references if name in titles)
