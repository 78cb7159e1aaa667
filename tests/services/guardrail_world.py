"""Published postmortems, a pattern over them and a change ledger, small enough to count by hand."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from rca.domain.access import Viewer
from rca.services import authoring
from rca.services.guardrails import refresh_suggestions
from rca.store import tables as t
from tests.factories import rich_data
from tests.people import People

RULE = "config-validated"
FACTORS = [
    {
        "statement": "The config schema accepted a pool of 4.",
        "factor_class": "config_change",
        "role": "enabled",
    }
]


def publish(session: Session, viewer: Viewer, now: datetime, **changes: Any) -> t.PostmortemRow:
    """A published postmortem."""
    plain = {
        "ai_influences": [{"surface": "code", "state": "attested_none"}],
        "factors": FACTORS,
        "trigger": None,
        "detection_method": None,
        "detection_gap": None,
    }
    content = authoring.parse_content(rich_data(**{**plain, **changes}))
    made = authoring.create(session, viewer=viewer, content=content, now=now)
    row = session.exec(
        select(t.PostmortemRow).where(t.PostmortemRow.reference == made.reference)
    ).one()
    row.status, row.published_number = "published", 1
    session.add(row)
    session.flush()
    return row


def run(session: Session, now: datetime, run_id: str = "run1") -> None:
    """A mining run of that id."""
    session.add(t.MiningRun(id=run_id, started_at=now, finished_at=now, data_digest="sha256:0"))
    session.flush()


def pattern(
    session: Session,
    rows: list[t.PostmortemRow],
    *,
    causes: tuple[str, ...] = ("config_change",),
    pattern_id: str = "P-01",
    run_id: str = "run1",
) -> None:
    """Make (or move on) a pattern over the rows."""
    kept = session.get(t.PatternRow, pattern_id)
    if kept is None:
        kept = t.PatternRow(
            id=pattern_id,
            kind="recurrence",
            name="Config reaches every region",
            state="proposed",
            causes=list(causes),
            payload={"stability": 0.8},
            first_run_id=run_id,
            last_run_id=run_id,
        )
    kept.last_run_id, kept.size = run_id, len(rows)
    session.add(kept)
    session.flush()
    query = select(t.PatternMember.postmortem_id).where(
        col(t.PatternMember.pattern_id) == pattern_id
    )
    there = set(session.exec(query))
    for row in rows:
        if row.id not in there:
            session.add(
                t.PatternMember(pattern_id=pattern_id, postmortem_id=row.id, quote="It spread.")
            )
    session.flush()


def change(
    session: Session, number: int, at: datetime, *, incident: t.PostmortemRow | None = None,
    method: str = "declared", **values: Any
) -> None:  # fmt: skip
    """A change of the ledger, linked to an incident when one is given."""
    session.add(
        t.Change(
            key=f"acme/shop#{number}",
            repo="acme/shop",
            service=values.pop("service", "checkout"),
            title=f"Change {number}",
            merged_at=at,
            kinds=values.pop("kinds", ["config"]),
            labels=[],
            facts=values.pop("facts", {"checks": []}),
            **values,
        )
    )
    if incident is not None:
        session.add(
            t.Link(
                from_kind="change", from_id=f"acme/shop#{number}", to_kind="postmortem",
                to_id=incident.id, method=method, at=at,
            )
        )  # fmt: skip


def ledger(session: Session, rows: list[t.PostmortemRow], now: datetime) -> None:
    """300 changes over 300 days: every tenth is a config change without its schema check, and a
    third of those is linked to an incident."""
    start = now - timedelta(days=330)
    for number in range(300):
        config = number % 10 == 0
        linked = config and number % 30 == 0
        change(
            session,
            number,
            start + timedelta(days=number),
            kinds=["config"] if config else ["code"],
            incident=rows[number // 30 % len(rows)] if linked else None,
            facts={"checks": [], "approvals.owners": 1},
        )
    session.flush()


def proposals(session: Session, people: People, now: datetime, *, with_ledger: bool = True) -> None:
    """Four incidents of one pattern, and what is proposed from them."""
    rows = [publish(session, people.ines, now) for _ in range(4)]
    run(session, now)
    pattern(session, rows)
    if with_ledger:
        ledger(session, rows, now)
    refresh_suggestions(session, now=now)
