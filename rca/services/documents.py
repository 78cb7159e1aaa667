"""PDFs and drawings made in the background: asked for once, made by a worker, kept by digest.

A web process never renders. It asks, shows how far it is, and sends what was made.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Engine, delete, update
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from rca.config import Settings
from rca.domain.vocabulary import JobState
from rca.errors import NotFound, Unavailable
from rca.reports.rendering import RenderingFailed, draw_charts, make_pdf
from rca.reports.value import Chart
from rca.services import jobs
from rca.services.jobs import Claim
from rca.services.report_pdf import Document, charts_key
from rca.store import tables as t
from rca.store.engine import reading, writing

KIND = "print"
KEPT = timedelta(days=30)
RESTRICTED_KEPT = timedelta(minutes=15)
"""Prints of restricted records go soon: who may read one is asked at each request anyway."""
_TOLD_EVERY = 0.5
_DRAWINGS, _PDF = "charts", "pdf"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a document is. ``state``: absent, waiting, making, failed, made."""

    key: str
    name: str
    state: str
    step: str = ""
    done: int = 0
    of: int = 0
    seconds: int = 0
    failed: str = ""


def ask(session: Session, document: Document, *, now: datetime) -> str:
    """Have the document made unless it is, or is under way. Returns its key."""
    request = {
        "html": document.html,
        "charts": [asdict(chart) for chart in document.charts],
        "pictures": dict(document.pictures),
        "colours": dict(document.colours),
    }
    return _ask(session, document.key, _PDF, document.name, not document.keep, request, now)


def ask_drawings(session: Session, charts: tuple[Chart, ...], *, now: datetime) -> str:
    """Have the charts drawn. Returns the key."""
    request = {"charts": [asdict(chart) for chart in charts]}
    return _ask(session, charts_key(charts), _DRAWINGS, "charts", False, request, now)


def _ask(
    session: Session, key: str, kind: str, name: str, restricted: bool, request: dict[str, Any],
    now: datetime,
) -> str:  # fmt: skip
    _forget_old(session, now)
    row = session.get(t.PrintedDocument, key, options=[defer(_data())])
    if row is not None and row.made_at is not None:
        return key
    if row is not None and not row.failed and _job(session, key) is not None:
        return key
    if row is None:
        row = t.PrintedDocument(key=key, kind=kind, asked_at=now)
    row.name, row.restricted, row.request, row.failed = name, restricted, request, ""
    row.asked_at = now
    session.add(row)
    jobs.enqueue(session, kind=KIND, key=f"{KIND}:{key}", now=now, payload={"key": key})
    return key


def _data() -> Any:
    return col(t.PrintedDocument.data)


def _forget_old(session: Session, now: datetime) -> None:
    row = t.PrintedDocument
    session.execute(
        delete(row).where(
            (col(row.asked_at) < now - KEPT)
            | (col(row.restricted).is_(True) & (col(row.asked_at) < now - RESTRICTED_KEPT))
        )
    )


def _job(session: Session, key: str) -> t.Job | None:
    """The job of a document that is not finished."""
    query = select(t.Job).where(
        t.Job.key == f"{KIND}:{key}",
        col(t.Job.state).in_([JobState.QUEUED.value, JobState.RUNNING.value]),
    )
    return session.exec(query).first()


def standing(session: Session, key: str, *, now: datetime) -> Standing:
    """How far the document is."""
    row = session.get(t.PrintedDocument, key, options=[defer(_data())])
    if row is None:
        return Standing(key, "", "absent")
    if row.made_at is not None:
        return Standing(key, row.name, "made")
    seconds = max(0, int((now - row.asked_at).total_seconds()))
    if row.failed:
        return Standing(key, row.name, "failed", seconds=seconds, failed=row.failed)
    job = _job(session, key)
    if job is None:
        words = "The worker stopped before it was done."
        return Standing(key, row.name, "failed", seconds=seconds, failed=words)
    if job.state == JobState.QUEUED:
        return Standing(key, row.name, "waiting", seconds=seconds)
    told = job.result
    return Standing(
        key, row.name, "making", str(told.get("step", "")), int(told.get("done", 0)),
        int(told.get("of", 0)), seconds,
    )  # fmt: skip


def bytes_of(session: Session, key: str) -> bytes | None:
    """What was made, or None."""
    row = t.PrintedDocument
    return session.exec(select(row.data).where(row.key == key)).first()


def drawn(session: Session, charts: tuple[Chart, ...]) -> dict[str, str]:
    """SVG by chart name when they are drawn, else an empty dictionary."""
    data = bytes_of(session, charts_key(charts)) if charts else None
    found: dict[str, str] = json.loads(data) if data else {}
    return found


def cancel(session: Session, key: str) -> None:
    """Stop a document that is not made. Raises NotFound when there is none."""
    row = t.PrintedDocument
    found = session.execute(delete(row).where(col(row.key) == key, col(row.made_at).is_(None)))
    if not getattr(found, "rowcount", 0):
        raise NotFound("There is nothing under way here: it is made already, or was stopped.")


# The worker's side


class _Teller:
    """Writes progress into the job's row and looks whether anybody still wants the document."""

    def __init__(self, engine: Engine, claim: Claim, key: str) -> None:
        self._engine, self._claim, self._key = engine, claim, key
        self._next = 0.0
        self._step: tuple[int, int, str] = (0, 0, "")
        self._gone = False

    def tell(self, done: int, of: int, step: str) -> None:
        """The child's word; stored with the next look."""
        self._step = (done, of, step)

    def cancelled(self) -> bool:
        """Whether the document was cancelled. Looks, and tells, twice a second at most."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _TOLD_EVERY
            self._look()
        return self._gone

    def _look(self) -> None:
        done, of, step = self._step
        with writing(self._engine) as session:
            session.execute(
                update(t.Job)
                .where(col(t.Job.id) == self._claim.id)
                .values(result={"done": done, "of": of, "step": step})
            )
            wanted = select(t.PrintedDocument.key).where(t.PrintedDocument.key == self._key)
            self._gone = session.exec(wanted).first() is None


def run_job(engine: Engine, claim: Claim, settings: Settings, now: datetime) -> None:
    """Make one document. A second run of the same job finds it made and does nothing."""
    del settings
    key = str(claim.payload["key"])
    with reading(engine) as session:
        row = session.get(t.PrintedDocument, key, options=[defer(_data())])
        request = dict(row.request) if row is not None and row.made_at is None else None
        kind = row.kind if row is not None else ""
    if request is None:
        _finish(engine, claim, key, None, "", now)
        return
    teller = _Teller(engine, claim, key)
    data, failed = None, ""
    try:
        data = _made(engine, kind, request, teller, now)
    except (RenderingFailed, Unavailable) as error:
        # Trying again would end the same way; the reader is told and may ask again.
        failed = str(error)
    _finish(engine, claim, key, data, failed, now)


def _made(
    engine: Engine, kind: str, request: Mapping[str, Any], teller: _Teller, now: datetime
) -> bytes:
    charts = tuple(_charts().validate_python(request["charts"]))
    with reading(engine) as session:
        found = drawn(session, charts)

    def drew(svgs: dict[str, str]) -> None:
        _keep_drawings(engine, charts, svgs, now)

    if kind == _DRAWINGS:
        svgs = found or draw_charts(
            charts, polite=True, cancelled=teller.cancelled, tell=teller.tell
        )
        return json.dumps(svgs).encode()
    return make_pdf(
        request["html"],
        () if found else charts,
        drawn=found,
        drew=drew,
        pictures=request.get("pictures") or {},
        colours=request.get("colours") or {},
        polite=True,
        cancelled=teller.cancelled,
        tell=teller.tell,
    )


def _charts() -> Any:
    return TypeAdapter(list[Chart])


def _keep_drawings(
    engine: Engine, charts: tuple[Chart, ...], svgs: dict[str, str], now: datetime
) -> None:
    """Keep the charts of a document for the page too."""
    key = charts_key(charts)
    with writing(engine) as session:
        row = session.get(t.PrintedDocument, key) or t.PrintedDocument(
            key=key, kind=_DRAWINGS, name="charts", asked_at=now
        )
        row.data, row.request, row.made_at, row.failed = json.dumps(svgs).encode(), {}, now, ""
        session.add(row)


def _finish(
    engine: Engine, claim: Claim, key: str, data: bytes | None, failed: str, now: datetime
) -> None:
    with writing(engine) as session:
        row = session.get(t.PrintedDocument, key)
        if row is not None and row.data is None:
            row.failed = failed
            if data is not None:
                row.data, row.request, row.made_at = data, {}, now
            session.add(row)
        if not jobs.finish(session, claim, result={"failed": failed}, now=now):
            session.rollback()
