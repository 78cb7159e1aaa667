"""Editing the words of a review: one part at a time, each with a version of its own.

A save names the version that it builds on. When somebody saved first, the text that lost is kept
in the history and both are shown: nothing typed is lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, col, select

from rca.domain.access import Permission, Viewer
from rca.domain.review_words import AGENDA, PARTS, checked
from rca.domain.vocabulary import ReviewState
from rca.errors import Conflict, Invalid, NotFound, NotNow, Problem
from rca.services import secrets_guard
from rca.services.authoring import problems_of
from rca.services.permissions import need
from rca.services.review_reading import topics
from rca.services.review_records import find
from rca.store import audit
from rca.store import tables as t


@dataclass(frozen=True, slots=True)
class Saved:
    """The version that the next save of the part builds on, and what looked like a secret."""

    part: str
    version: int
    body: Mapping[str, Any]
    redacted: tuple[secrets_guard.Secret, ...] = ()


def body_checked(session: Session, part: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body as it would be stored. Raises NotFound on an unknown part, Invalid with problems
    whose paths begin with the part.
    """
    if part not in PARTS:
        raise NotFound(f"A review has no part “{part}”.")
    try:
        found = checked(part, body)
    except ValidationError as error:
        raise Invalid(
            [Problem(f"{part}.{p.path}".rstrip("."), p.message) for p in problems_of(error)]
        ) from error
    if part == AGENDA:
        found["rows"] = _known(session, found["rows"])
    return found


def _known(session: Session, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Agenda rows with title and severity; only open published records may be on it."""
    names = topics(session, [row["reference"] for row in rows])
    missing = [(place, row) for place, row in enumerate(rows) if row["reference"] not in names]
    if missing:
        raise Invalid(
            [
                Problem(
                    f"{AGENDA}.rows.{place}.reference",
                    f"No published postmortem {row['reference']} is open to everyone.",
                )
                for place, row in missing
            ]
        )
    return [
        {**row, "title": names[row["reference"]][0], "severity": names[row["reference"]][1]}
        for row in rows
    ]


def save_part(
    session: Session,
    *,
    viewer: Viewer,
    reference: str,
    part: str,
    body: Mapping[str, Any],
    base_version: int,
    now: datetime,
) -> Saved:
    """Store one part. Raises Conflict with what is stored when somebody saved since
    ``base_version``, NotNow once published.
    """
    need(viewer, Permission.WRITE)
    row = find(session, reference, lock=True)
    if row.state == ReviewState.PUBLISHED:
        raise NotNow("This review is published. Add an addendum, or start a new version.")
    cleaned, redacted = secrets_guard.redact_tree(body_checked(session, part, body))
    stored = session.get(t.ReviewPart, (row.id, part))
    version = stored.version if stored else 0
    if stored is not None and stored.body == cleaned:
        return Saved(part, version, cleaned, redacted)
    if version != base_version:
        raise Conflict(
            f"Somebody saved “{PARTS[part]}” while you were writing.",
            current=dict(stored.body) if stored else {},
            version=version,
        )
    if stored is None:
        stored = t.ReviewPart(review_id=row.id, part=part, version=0, updated_at=now)
    stored.body, stored.version = cleaned, version + 1
    stored.updated_at, stored.updated_by = now, viewer.user_id
    row.updated_at = now
    session.add_all([stored, row])
    _keep(session, row, part, "edit", cleaned, viewer, now)
    return Saved(part, stored.version, cleaned, redacted)


def keep_conflict(
    session: Session, *, viewer: Viewer, reference: str, part: str, body: Mapping[str, Any],
    now: datetime,
) -> None:  # fmt: skip
    """Keep a text that lost, in a transaction of its own; once is enough."""
    row = find(session, reference)
    cleaned, _ = secrets_guard.redact_tree(dict(body))
    kept = t.ReviewPartRevision
    query = select(kept).where(kept.review_id == row.id, kept.part == part)
    if any(found.body == cleaned for found in session.exec(query)):
        return
    _keep(session, row, part, "conflict", cleaned, viewer, now)


def _keep(
    session: Session, row: t.ReviewRow, part: str, kind: str, body: Mapping[str, Any],
    viewer: Viewer, now: datetime,
) -> None:  # fmt: skip
    session.add(
        t.ReviewPartRevision(
            review_id=row.id, part=part, kind=kind, body=dict(body), at=now, by_id=viewer.user_id
        )
    )
    session.flush()
    act = audit.Act(
        actor=viewer.name,
        action="review.edit" if kind == "edit" else "review.conflict_kept",
        object_kind="review",
        object_id=row.reference,
        detail={"part": part},
    )
    audit.append(session, act, now=now)


@dataclass(frozen=True, slots=True)
class Earlier:
    """A text of the past: when it was saved, or lost a conflict, and by whom."""

    part: str
    label: str
    kind: str
    at: datetime
    by: str
    body: Mapping[str, Any]


def history(session: Session, reference: str) -> tuple[Earlier, ...]:
    """Every text that was saved or lost a conflict, the newest first."""
    row = find(session, reference)
    kept = t.ReviewPartRevision
    query = (
        select(kept, t.User.display_name)
        .join(t.User, col(t.User.id) == kept.by_id, isouter=True)
        .where(kept.review_id == row.id)
        .order_by(col(kept.at).desc(), col(kept.id))
        .limit(200)
    )
    return tuple(
        Earlier(found.part, PARTS[found.part], found.kind, found.at, name or "Operator", found.body)
        for found, name in session.exec(query)
    )
