"""What shipped before an incident: who is listed, in which order, and what a mark leaves behind."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from rca.domain.access import OPERATOR
from rca.domain.change import ChangeRecord
from rca.domain.vocabulary import AIPart, AIState, AISurface, ChangeRelation
from rca.errors import Conflict, Invalid, NotNow
from rca.services import authoring, changes, correlation, prefill, reading
from rca.services.correlation_rank import matching, named, paths_in
from rca.store import tables as t
from tests.factories import rich
from tests.people import People

START = datetime(2026, 8, 14, 9, 12, tzinfo=UTC)


def _service(session: Session, name: str, **values: object) -> str:
    row = t.Service(name=name, **values)
    session.add(row)
    session.flush()
    return row.id


def _world(session: Session, now: datetime) -> None:
    """checkout needs payments, payments needs ledger-db; search is a stranger."""
    checkout = _service(session, "checkout", tier=0, path_globs=["services/checkout/**"])
    payments, database = _service(session, "payments", tier=1), _service(session, "ledger-db")
    _service(session, "search")
    session.add(t.ServiceDependency(service_id=checkout, depends_on_id=payments))
    session.add(t.ServiceDependency(service_id=payments, depends_on_id=database))

    def change(key: str, service: str, hours: float, **values: object) -> ChangeRecord:
        at = START - timedelta(hours=hours)
        data = {"key": key, "merged_at": at, "deployed_at": at, "service": service, **values}
        return ChangeRecord.model_validate({"lines_added": 10, "lines_deleted": 0, **data})

    evidence = {
        "ai_state": "evidenced",
        "ai_part": "co-author",
        "ai_evidence": "D1: Co-authored-by: Claude <noreply@anthropic.com>",
        "facts": {"ai": {"tools": ["claude"]}, "provenance": {"model": "opus"}},
    }
    records = [
        change("near", "checkout", 0.5, title="Halve the pool", paths=["services/checkout/pool.py"],
               **evidence),
        change("far", "checkout", 40, title="Rename a metric"),
        change("needed", "payments", 3),
        change("deep", "ledger-db", 3),
        change("stranger", "search", 0.2),
        change("too-old", "checkout", 60),
        change("by-path", "", 5, paths=["services/checkout/tax.py"]),
        change("repair", "checkout", -0.5, title="Restore the pool"),
    ]  # fmt: skip
    changes.take(session, viewer=OPERATOR, records=records, source="test", now=now)


def _postmortem(session: Session, people: People, now: datetime, **values: object) -> str:
    content = rich(services=["checkout"], ai_influences=[], **values)
    return authoring.create(session, viewer=people.ines, content=content, now=now).reference


def _keys(found: correlation.Shipped) -> list[str]:
    return [one.key for one in found.before]


def test_own_and_needed_services_within_the_window(
    session: Session, people: People, now: datetime
) -> None:
    _world(session, now)
    reference = _postmortem(session, people, now)
    found = correlation.shipped(session, viewer=people.vera, reference=reference)
    assert set(_keys(found)) == {"near", "far", "needed", "deep", "by-path"}
    assert [one.key for one in found.during] == ["repair"]
    assert found.needed == ("payments", "ledger-db")
    assert _keys(found)[0] == "near"
    wide = correlation.shipped(session, viewer=people.vera, reference=reference, hours=168)
    assert "too-old" in _keys(wide)
    assert session.exec(select(t.Link).where(t.Link.to_kind == "postmortem")).all() == []


def test_paths_named_in_the_evidence_and_rollbacks_come_first(
    session: Session, people: People, now: datetime
) -> None:
    _world(session, now)
    reference = _postmortem(session, people, now, what_happened="A retry loop in tax.py span.")
    found = correlation.shipped(session, viewer=people.vera, reference=reference)
    by_path = next(one for one in found.before if one.key == "by-path")
    assert "touches services/checkout/tax.py, named in this postmortem" in [
        reason.words for reason in by_path.reasons
    ]
    before = _keys(found).index("far")
    row = session.exec(select(t.Change).where(t.Change.key == "far")).one()
    row.reverted_30d = True
    session.add(row)
    session.flush()
    after = correlation.shipped(session, viewer=people.vera, reference=reference)
    assert _keys(after).index("far") < before


def test_a_deployment_without_a_known_change_is_listed(
    session: Session, people: People, now: datetime
) -> None:
    _world(session, now)
    at = START - timedelta(hours=2)
    session.add(t.Deployment(key="d1", service="checkout", finished_at=at, result="rolled_back",
                             ref="v41"))  # fmt: skip
    session.flush()
    reference = _postmortem(session, people, now)
    found = correlation.shipped(session, viewer=people.vera, reference=reference)
    row = next(one for one in found.before if one.key == "d1")
    assert (row.is_change, row.title) == (False, "Deployment v41")
    assert "rolled back or reverted later" in [reason.words for reason in row.reasons]


def test_without_an_hour_there_is_no_window(
    session: Session, people: People, now: datetime
) -> None:
    _world(session, now)
    times = [{"milestone": "impact_started_at", "value": "2026-08-14", "precision": "day"}]
    reference = _postmortem(session, people, now, times=times)
    found = correlation.shipped(session, viewer=people.vera, reference=reference)
    assert found.before == ()
    assert "known to the day at best" in found.why_empty


def _mark(session: Session, people: People, reference: str, key: str, relation: ChangeRelation | None,
          now: datetime) -> correlation.Marked:  # fmt: skip
    found = correlation.shipped(session, viewer=people.ines, reference=reference)
    return correlation.mark(
        session, viewer=people.ines, reference=reference, change_key=key, relation=relation,
        base_version=found.version, now=now,
    )  # fmt: skip


def test_a_mark_is_content_with_history_and_proposes_what_the_evidence_says(
    session: Session, people: People, now: datetime
) -> None:
    _world(session, now)
    reference = _postmortem(session, people, now)
    done = _mark(session, people, reference, "near", ChangeRelation.SUSPECT, now)
    assert done.proposed == 1
    view = reading.view(session, viewer=people.ines, reference=reference, live=True)
    [row] = view.content.ai_influences
    assert (row.surface, row.state, row.part) == (
        AISurface.CODE,
        AIState.EVIDENCED,
        AIPart.CO_AUTHOR,
    )
    assert (row.tool, row.model, row.change_ref, row.confirmed) == ("claude", "opus", "near", False)
    assert row.effect is None
    assert row.evidence[0].quote.startswith("Co-authored-by")
    assert view.ai == "unknown"  # nobody confirmed it
    assert [r.kind.value for r in view.revisions] == ["edit", "edit", "edit"]
    again = _mark(session, people, reference, "near", ChangeRelation.CONTRIBUTED, now)
    assert again.proposed == 0
    found = correlation.shipped(session, viewer=people.vera, reference=reference)
    assert found.before[0].relation is ChangeRelation.CONTRIBUTED


def test_one_click_confirms_and_nothing_else_moves(
    session: Session, people: People, now: datetime
) -> None:
    _world(session, now)
    reference = _postmortem(session, people, now)
    _mark(session, people, reference, "near", ChangeRelation.SUSPECT, now)
    view = reading.view(session, viewer=people.ines, reference=reference, live=True)
    [row] = view.content.ai_influences
    prefill.confirm(session, viewer=people.ines, reference=reference, row_id=row.id,
                    base_version=view.section_versions["ai"], now=now)  # fmt: skip
    after = reading.view(session, viewer=people.ines, reference=reference, live=True)
    assert after.ai == "influenced"
    assert after.content.ai_influences == [row.model_copy(update={"confirmed": True})]
    assert len(after.revisions) == len(view.revisions) + 1


def test_marks_are_refused_when_stale_foreign_or_published(
    session: Session, people: People, now: datetime
) -> None:
    _world(session, now)
    reference = _postmortem(session, people, now)
    found = correlation.shipped(session, viewer=people.ines, reference=reference)
    _mark(session, people, reference, "far", ChangeRelation.DISMISSED, now)
    with pytest.raises(Conflict):
        correlation.mark(session, viewer=people.ines, reference=reference, change_key="near",
                         relation=ChangeRelation.FIXED, base_version=found.version, now=now)  # fmt: skip
    with pytest.raises(Invalid):
        _mark(session, people, reference, "made-up", ChangeRelation.FIXED, now)
    row = session.exec(select(t.PostmortemRow)).one()
    row.status = "published"
    session.add(row)
    session.flush()
    with pytest.raises(NotNow):
        _mark(session, people, reference, "near", ChangeRelation.FIXED, now)


def test_globs_and_names() -> None:
    paths = ["services/checkout/a/b.py", "services/search/b.py", "README.md"]
    assert matching(paths, ["services/checkout/**"]) == paths[:1]
    assert matching(paths, ["services/*/b.py", "*.md"]) == paths[1:]
    assert named(paths, paths_in("see checkout/a/b.py, then")) == paths[:1]
    assert named(["src/config.py"], paths_in("The config was wrong. See above.")) == []


def test_ai_in_the_response_is_proposed_from_the_timeline_and_from_a_repair(
    session: Session, people: People, now: datetime
) -> None:
    _world(session, now)
    timeline = [
        {"text": "Claude suggested a larger pool, which turned out to be wrong"},
        {"text": "Priya drained the node"},
        {"text": "restarted the workers after approval", "actor_role": "AI agent"},
    ]
    content = rich(services=["checkout"], ai_influences=[], timeline=timeline)
    reference = authoring.create(session, viewer=people.ines, content=content, now=now).reference
    version = reading.view(session, viewer=people.ines, reference=reference, live=True)

    def propose(base: int) -> prefill.Proposed:
        return prefill.add_response_proposals(
            session, viewer=people.ines, reference=reference, base_version=base, now=now
        )

    done = propose(version.section_versions["ai"])
    assert done.added == 2
    assert done.saved is not None
    assert propose(done.saved.section_versions["ai"]).added == 0
    view = reading.view(session, viewer=people.ines, reference=reference, live=True)
    adviser, operator = view.content.ai_influences
    assert (adviser.surface, adviser.part) == (AISurface.RESPONSE, AIPart.ADVISER)
    assert (adviser.tool, adviser.effect, adviser.confirmed) == ("claude", None, False)
    assert "reads as if it misled" in adviser.note
    assert operator.part is AIPart.AGENT_OPERATOR
    assert operator.autonomy == "acted_with_approval"
    assert view.ai == "unknown"
    repaired = _mark(session, people, reference, "near", ChangeRelation.FIXED, now)
    assert repaired.proposed == 1
    view = reading.view(session, viewer=people.ines, reference=reference, live=True)
    assert view.content.ai_influences[-1].surface is AISurface.RESPONSE


def test_every_finding_behind_a_state_is_kept_and_shown(
    session: Session, people: People, now: datetime
) -> None:
    _world(session, now)
    reference = _postmortem(session, people, now)
    row = session.exec(select(t.Change).where(t.Change.key == "near")).one()
    assert [(one.detector, one.quote) for one in correlation.seen_in(row)] == [
        ("D1", "Co-authored-by: Claude <noreply@anthropic.com>")
    ]
    kept = {"detector": "D6", "version": "1", "says": "ai", "role": "author",
            "strength": "strong", "quote": "Generated with Claude Code", "where": "message"}  # fmt: skip
    row.facts = {**row.facts, "findings": [kept, "broken", {"detector": 3}]}
    session.add(row)
    session.flush()
    found = correlation.shipped(session, viewer=people.ines, reference=reference)
    near = next(one for one in found.before if one.key == "near")
    assert [(one.detector, one.where) for one in near.seen] == [("D6", "message"), ("3", "")]
