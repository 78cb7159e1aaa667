"""Incidents of chosen quarters, published without the long way round."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from rca.domain.access import Viewer
from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import RevisionKind, Status
from rca.services import authoring
from rca.store import tables as t
from tests.factories import rich_data
from tests.prepared import prepared


def incident(at: datetime, *, mitigate: float = 50, **changes: Any) -> PostmortemContent:
    """A SEV-2 that started at ``at`` and was mitigated after ``mitigate`` minutes."""
    times = [
        {"milestone": "impact_started_at", "value": at},
        {"milestone": "detected_at", "value": at + timedelta(minutes=mitigate / 4)},
        {"milestone": "mitigated_at", "value": at + timedelta(minutes=mitigate)},
    ]
    return PostmortemContent.model_validate(rich_data(**{"times": times, **changes}))


def put(
    session: Session,
    viewer: Viewer,
    content: PostmortemContent,
    *,
    at: datetime,
    status: Status = Status.PUBLISHED,
) -> str:
    """Store ``content`` as of ``at`` in ``status``; returns its reference."""
    saved = authoring.create(session, viewer=viewer, content=content, now=at)
    query = select(t.PostmortemRow).where(t.PostmortemRow.reference == saved.reference)
    row = session.exec(query).one()
    row.status = status.value
    if status is Status.PUBLISHED:
        row.published_at = at
        authoring.keep_revision(
            session, row, content, RevisionKind.PUBLISHED, viewer=viewer, now=at
        )
        row.published_number = 1
    session.add(row)
    session.flush()
    return saved.reference


def fill(
    session: Session, viewer: Viewer, first: datetime, count: int, **changes: Any
) -> list[str]:
    """``count`` published incidents, two a day from ``first``, of growing length."""

    def stored() -> list[str]:
        found = []
        for place in range(count):
            at = first + timedelta(hours=12 * place)
            content = incident(at, mitigate=20 + 7 * (place % 11), **changes)
            found.append(put(session, viewer, content, at=at + timedelta(days=5)))
        return found

    key = f"{count} incidents of {viewer.user_id} from {first}: {sorted(changes.items())!r}"
    return prepared(session, key, stored)
