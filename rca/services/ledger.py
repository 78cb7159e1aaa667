"""The change ledger as the records that rules are judged on.

A fact that nobody recorded stays absent: absent is unknown, and unknown is never a pass.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from rca.domain.postmortem import OWN_ORGANISATION
from rca.domain.vocabulary import ChangeAI, ChangeRelation, LinkMethod
from rca.services.visibility import is_open
from rca.store import tables as t

_AI = {ChangeAI.EVIDENCED.value: True, ChangeAI.ATTESTED_NONE.value: False}
_NO_PART = (ChangeRelation.FIXED.value, ChangeRelation.DISMISSED.value)


def counting_links(session: Session, change_keys: Sequence[str] | None = None) -> list[t.Link]:
    """Links that tie a change to an incident. "Shipped before it" alone is not such a link."""
    query = select(t.Link).where(
        t.Link.from_kind == "change",
        t.Link.to_kind == "postmortem",
        t.Link.method != LinkMethod.TEMPORAL.value,
    )
    if change_keys is not None:
        query = query.where(col(t.Link.from_id).in_(change_keys))
    return [link for link in session.exec(query) if link.relation not in _NO_PART]


def incidents_by_change(session: Session) -> dict[str, tuple[str, ...]]:
    """References of the open postmortems linked to each change key, sorted."""
    open_ones = dict(
        session.exec(select(t.PostmortemRow.id, t.PostmortemRow.reference).where(is_open())).all()
    )
    found: dict[str, set[str]] = defaultdict(set)
    for link in counting_links(session):
        if link.to_id in open_ones:
            found[link.from_id].add(open_ones[link.to_id])
    return {key: tuple(sorted(names)) for key, names in found.items()}


def tiers(session: Session) -> dict[str, int]:
    """Tier by service name, where it is known."""
    rows = session.exec(select(t.Service.name, t.Service.tier))
    return {name: tier for name, tier in rows if tier is not None}


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _put(record: dict[str, Any], name: str, value: object) -> None:
    """Set a dotted fact, making room on the way; None is left out."""
    if value is None:
        return
    *way, last = name.split(".")
    here = record
    for part in way:
        here = here.setdefault(part, {})
        if not isinstance(here, dict):
            return
    here[last] = value


def _merge(record: dict[str, Any], extra: Mapping[str, Any]) -> None:
    for name, value in extra.items():
        if isinstance(value, Mapping) and isinstance(record.get(name), dict):
            _merge(record[name], value)
        elif "." in name:
            _put(record, name, value)
        else:
            record[name] = dict(value) if isinstance(value, Mapping) else value


def _lines(row: t.Change) -> int | None:
    if row.lines_added is None or row.lines_deleted is None:
        return None
    return row.lines_added + row.lines_deleted


def record_of(row: t.Change, incidents: Sequence[str], tier: int | None) -> dict[str, Any]:
    """One change as facts. What its ``facts`` say stands above what its columns say."""
    record: dict[str, Any] = {"key": row.key, "incidents": list(incidents)}
    columns = {
        "repo": row.repo or None,
        "at": _rfc3339(row.deployed_at or row.merged_at),
        "paths": row.paths or None,
        "labels": row.labels,
        "change.kinds": row.kinds or None,
        "change.lines": _lines(row),
        "ai.influenced": _AI.get(row.ai_state),
        "service.name": row.service or None,
        "service.tier": tier,
    }
    for name, value in columns.items():
        _put(record, name, value)
    _merge(record, row.facts)
    return record


def change_rows(session: Session) -> list[t.Change]:
    """The organisation's own changes in time order."""
    query = select(t.Change).where(t.Change.organisation == OWN_ORGANISATION)
    return list(session.exec(query.order_by(col(t.Change.merged_at), col(t.Change.key))))


def change_records(session: Session) -> list[dict[str, Any]]:
    """Every change of the organisation as facts with the incidents linked to it, in time order."""
    linked, tier_of = incidents_by_change(session), tiers(session)
    return [
        record_of(row, linked.get(row.key, ()), tier_of.get(row.service))
        for row in change_rows(session)
    ]
