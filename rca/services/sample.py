"""Loads the sample company into a store: people, catalogue, postmortems with their history, ledger.

Everything carries the dates of its files. A second load adds nothing. The moves of a postmortem
are written as they happened, in the order of time, each with its revision and audit row; they are
not sent through the use cases, because those would ask today's questions of yesterday's records.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, insert
from sqlmodel import Session, col, select

from rca.config import Settings
from rca.domain.access import OPERATOR, Viewer
from rca.domain.postmortem import Participant, PostmortemContent
from rca.domain.vocabulary import PersonRole, RevisionKind, Role, Status
from rca.services import accounts, authoring
from rca.services.sample_changes import SampleLedger, generate, moment
from rca.services.sample_deployments import links_by_time
from rca.services.sample_files import (
    SampleComment,
    SamplePostmortem,
    read_company,
    read_postmortems,
    row_id_of,
    stable_id,
)
from rca.store import audit
from rca.store import tables as t
from rca.store.engine import writing

LOADED = "sample.load"
Progress = Callable[[str, int, int], None]

# How far each status has come, as the moves that led there.
_MOVES: dict[Status, tuple[RevisionKind, ...]] = {
    Status.DRAFT: (),
    Status.IN_REVIEW: (RevisionKind.SUBMITTED,),
    Status.CHANGES_REQUESTED: (RevisionKind.SUBMITTED,),
    Status.APPROVED: (RevisionKind.SUBMITTED, RevisionKind.APPROVED),
    Status.PUBLISHED: (RevisionKind.SUBMITTED, RevisionKind.APPROVED, RevisionKind.PUBLISHED),
}
_ACTIONS = {
    RevisionKind.SUBMITTED: "postmortem.submit",
    RevisionKind.APPROVED: "postmortem.approve",
    RevisionKind.PUBLISHED: "postmortem.publish",
}


def is_loaded(session: Session) -> bool:
    """Whether a load came to its end here."""
    query = select(t.AuditEvent.seq).where(t.AuditEvent.action == LOADED).limit(1)
    return session.exec(query).first() is not None


def others(session: Session) -> int:
    """How many postmortems are here that are not of the sample."""
    known = [row_id_of(item.reference) for item in read_postmortems()]
    query = select(func.count()).where(col(t.PostmortemRow.id).not_in(known))
    return int(session.exec(query).one())


def load(
    engine: Engine, _settings: Settings, *, now: datetime, progress: Progress | None = None
) -> dict[str, int]:
    """Load what is not there yet, in one transaction, and count what was added.

    Starts no mining. A reference that another record holds already is left to it and counted as
    ``kept``.
    """
    say = progress or (lambda _step, _done, _total: None)
    say("Reading the sample company", 0, 3)
    company, items = read_company(), read_postmortems()
    ledger = generate(company, [row for item in items for row in item.ledger])
    with writing(engine) as session:
        say("People and services", 1, 3)
        counts = _add_people(session, company, now) | _add_catalogue(session, company)
        counts |= _add_postmortems(session, items, say)
        say("Changes", 2, 3)
        counts |= _add_ledger(session, ledger)
        before = list(links_by_time(items, ledger.deployments))
        counts["links"] += _add_rows(session, t.Link, before)
        if any(count for name, count in counts.items() if name != "kept"):
            act = audit.Act(OPERATOR.name, LOADED, "sample", company["name"], dict(counts))
            audit.append(session, act, now=now)
    say("Done", 3, 3)
    return counts


def _add_people(session: Session, company: Mapping[str, Any], now: datetime) -> dict[str, int]:
    """The demo accounts that are not there; none has a password."""
    there = set(session.exec(select(t.User.name)))
    missing = [item for item in company["accounts"] if item["name"] not in there]
    for item in missing:
        accounts.create_user(
            session,
            actor=OPERATOR,
            name=item["name"],
            role=Role(item["role"]),
            display_name=item["display"],
            now=now,
        )
    return {"accounts": len(missing)}


def _add_catalogue(session: Session, company: Mapping[str, Any]) -> dict[str, int]:
    teams = _teams(session, company["teams"])
    there = {row.name: row.id for row in session.exec(select(t.Service))}
    added = [item for item in company["services"] if item["name"] not in there]
    for item in added:
        row = _service(item, teams[item["team"]])
        session.add(row)
        there[item["name"]] = row.id
    session.flush()
    for item in added:
        for need in item["needs"]:
            ids = {"service_id": there[item["name"]], "depends_on_id": there[need]}
            session.add(t.ServiceDependency(**ids))
    windows = _add_rows(session, t.FreezeWindow, [_freeze(item) for item in company["freezes"]])
    drills = _add_rows(session, t.Drill, [_drill(item, there) for item in company["drills"]])
    return {"services": len(added), "freezes": windows, "drills": drills}


def _teams(session: Session, names: Sequence[str]) -> dict[str, str]:
    found = {row.name: row.id for row in session.exec(select(t.Team))}
    for name in names:
        if name not in found:
            row = t.Team(id=stable_id("team", name), name=name)
            session.add(row)
            found[name] = row.id
    session.flush()
    return found


def _service(item: Mapping[str, Any], team: str) -> t.Service:
    tested = [moment(day) for day in item["kill_switch"]["tested"]]
    return t.Service(
        id=stable_id("service", item["name"]),
        name=item["name"],
        description=item["description"],
        tier=int(item["tier"]),
        owning_team_id=team,
        kill_switch_url=item["kill_switch"]["url"],
        kill_switch_tested_at=max(tested) if tested else None,
        data_store=item["data_store"],
        deletion_protected=item.get("deletion_protected", "unknown"),
        path_globs=list(item["paths"]),
    )


def _freeze(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": stable_id("freeze", item["name"]),
        "name": item["name"],
        "starts_at": moment(item["from"]),
        "ends_at": moment(item["to"]),
        "kinds": list(item["kinds"]),
        "services": list(item["services"]),
        "reason": item["reason"],
    }


def _drill(item: Mapping[str, Any], services: Mapping[str, str]) -> dict[str, Any]:
    times = {name: item.get(name) for name in ("planned", "started", "recovered")}
    at = {name: moment(text) if text else None for name, text in times.items()}
    return {
        "id": stable_id("drill", item["service"], item["planned"]),
        "service_id": services[item["service"]],
        "planned_at": at["planned"],
        "scenario": item["scenario"],
        "started_at": at["started"],
        "recovered_at": at["recovered"],
        "evidence": item["evidence"],
    }


def _add_rows(session: Session, table: Any, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows whose id is not there, and say how many."""
    there = set(session.exec(select(table.id)))
    missing = [row for row in rows if row["id"] not in there]
    if missing:
        # Columns that the sample leaves alone get the defaults of the table's class.
        defaults = table(**missing[0]).model_dump()
        session.execute(insert(table), [{**defaults, **row} for row in missing])
    return len(missing)


@dataclass(frozen=True, slots=True)
class _Step:
    """One thing that happened to one record, at its time."""

    at: datetime
    item: SamplePostmortem
    kind: RevisionKind | SampleComment | Status


def _steps(items: Sequence[SamplePostmortem]) -> list[_Step]:
    """Everything that happened, in the order of time."""
    found = []
    for item in items:
        first = RevisionKind.IMPORTED if item.content.imported_text else RevisionKind.EDIT
        found.append(_Step(item.created, item, first))
        found += [_Step(getattr(item, kind.value), item, kind) for kind in _MOVES[item.status]]
        found += [_Step(remark.at, item, remark) for remark in item.comments]
        if item.status is Status.CHANGES_REQUESTED:
            found.append(_Step(item.approved, item, item.status))
    return sorted(found, key=lambda step: (step.at, step.item.reference))


@dataclass
class _Telling:
    """Writes the steps, keeping the rows it made."""

    session: Session
    viewers: Mapping[str, Viewer]
    rows: dict[str, t.PostmortemRow]
    contents: dict[str, PostmortemContent]

    def tell(self, step: _Step) -> None:
        if isinstance(step.kind, SampleComment):
            self.remark(step.item, step.kind)
        elif isinstance(step.kind, Status):
            self.hand_back(step)
        elif step.kind in _ACTIONS:
            self.move(step, step.kind)
        else:
            self.begin(step, step.kind)

    def begin(self, step: _Step, kind: RevisionKind) -> None:
        item, viewer = step.item, self.viewers[step.item.author]
        content = item.content.model_copy(update={"participants": self.people(item, viewer)})
        row = t.PostmortemRow(
            id=row_id_of(item.reference),
            reference=item.reference,
            organisation=content.organisation,
            record_kind=content.record_kind.value,
            status=Status.DRAFT.value,
            visibility=content.visibility.value,
            created_by=viewer.user_id,
            created_at=step.at,
            updated_at=step.at,
            sort_at=step.at,
        )
        self.session.add(row)
        authoring.store_content(self.session, row, content, old=None, viewer=viewer, now=step.at)
        authoring.keep_revision(self.session, row, content, kind, viewer=viewer, now=step.at)
        verb = "import" if kind is RevisionKind.IMPORTED else "create"
        authoring.record(self.session, viewer, f"postmortem.{verb}", row, now=step.at)
        self.rows[item.reference], self.contents[item.reference] = row, content

    def people(self, item: SamplePostmortem, viewer: Viewer) -> list[Participant]:
        """The author first, then the others, each with the account of that name."""
        ids = {one.display_name: one.user_id for one in self.viewers.values()}
        author = Participant(role=PersonRole.AUTHOR, name=viewer.display_name)
        named = [author, *(p for p in item.content.participants if p.name != author.name)]
        return [person.model_copy(update={"user_id": ids.get(person.name)}) for person in named]

    def move(self, step: _Step, kind: RevisionKind) -> None:
        by = step.item.author if kind is RevisionKind.SUBMITTED else step.item.reviewer
        viewer, row = self.viewers[by], self.rows[step.item.reference]
        content = self.contents[step.item.reference]
        revision = authoring.keep_revision(
            self.session, row, content, kind, viewer=viewer, now=step.at
        )
        row.status = Status.IN_REVIEW.value if kind is RevisionKind.SUBMITTED else kind.value
        if kind is RevisionKind.SUBMITTED:
            row.submitted_by = viewer.user_id
        elif kind is RevisionKind.APPROVED:
            row.approved_by, row.approved_at = viewer.user_id, step.at
            row.approved_hash = row.content_hash
        else:
            row.published_number, row.published_at = revision.number, step.at
        self.finish(step, row, viewer, _ACTIONS[kind])

    def hand_back(self, step: _Step) -> None:
        row = self.rows[step.item.reference]
        row.status, row.status_reason = Status.CHANGES_REQUESTED.value, step.item.reason
        self.finish(step, row, self.viewers[step.item.reviewer], "postmortem.request_changes")

    def finish(self, step: _Step, row: t.PostmortemRow, viewer: Viewer, action: str) -> None:
        row.version += 1
        row.updated_at = step.at
        self.session.add(row)
        authoring.record(self.session, viewer, action, row, now=step.at)

    def remark(self, item: SamplePostmortem, remark: SampleComment) -> None:
        viewer = self.viewers[remark.by]
        made = authoring.add_comment(
            self.session, viewer=viewer, reference=item.reference,
            anchor=remark.anchor, body=remark.text, now=remark.at,
        )  # fmt: skip
        if remark.resolved:
            authoring.resolve_comment(
                self.session, viewer=viewer, reference=item.reference,
                comment_id=made, done=True, now=remark.at,
            )  # fmt: skip


def _add_postmortems(
    session: Session, items: Sequence[SamplePostmortem], say: Progress
) -> dict[str, int]:
    there = dict(session.exec(select(t.PostmortemRow.reference, t.PostmortemRow.id)).all())
    missing = [item for item in items if item.reference not in there]
    ours = {item.reference: row_id_of(item.reference) for item in items}
    kept = sum(there.get(reference, key) != key for reference, key in ours.items())
    viewers = {user.name: accounts.viewer_of(user) for user in session.exec(select(t.User))}
    telling, steps = _Telling(session, viewers, {}, {}), _steps(missing)
    for place, step in enumerate(steps):
        if place % 20 == 0:
            say("Postmortems", place, len(steps))
        telling.tell(step)
    session.flush()
    return {"postmortems": len(missing), "kept": kept}


def _add_ledger(session: Session, ledger: SampleLedger) -> dict[str, int]:
    return {
        "changes": _add_rows(session, t.Change, ledger.changes),
        "deployments": _add_rows(session, t.Deployment, ledger.deployments),
        "links": _add_rows(session, t.Link, ledger.links),
    }
