"""What follows an accepted guardrail: incidents since, duties of people, gate thresholds, packs."""

import io
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from mining.policy.gates import GateSettings
from rca.domain.catalogue import DrillEntry
from rca.errors import Conflict, Forbidden, Invalid
from rca.services import guardrail_decisions as decisions
from rca.services import guardrail_duties as duties
from rca.services import guardrail_gates as gates
from rca.services import guardrail_packs as packs
from rca.services.catalogue_changes import save_service
from rca.services.guardrail_map import coverage_map
from rca.services.guardrail_watch import watch
from rca.services.guardrails import refresh_suggestions
from rca.store import tables as t
from tests.people import People
from tests.prepared import prepared
from tests.services import guardrail_world as world


def at(session: Session, row: t.PostmortemRow, moment: datetime) -> t.PostmortemRow:
    row.occurred_at = moment
    session.add(row)
    session.flush()
    return row


@pytest.fixture
def proposed(session: Session, people: People, now: datetime) -> t.GuardrailRow:
    """A proposal; no change is recorded yet, which keeps these tests quick."""
    key = "a proposal without a ledger"
    prepared(session, key, lambda: world.proposals(session, people, now, with_ledger=False))
    found = session.exec(select(t.GuardrailRow).where(t.GuardrailRow.template == world.RULE))
    return found.one()


@pytest.fixture
def accepted(
    session: Session, people: People, proposed: t.GuardrailRow, now: datetime
) -> t.GuardrailRow:
    """The same, accepted."""
    decisions.accept(session, viewer=people.ravi, guardrail_id=proposed.id, base_version=1, now=now)
    return proposed


@pytest.fixture
def adopted(
    session: Session,
    people: People,
    accepted: t.GuardrailRow,
    now: datetime,
) -> t.GuardrailRow:
    """Accepted 200 days ago, with eight incidents of the pattern in the 200 days before."""
    accepted.decided_at = now - timedelta(days=200)
    session.add(accepted)
    rows = list(session.exec(select(t.PostmortemRow)))
    rows += [world.publish(session, people.ines, now) for _ in range(4)]
    world.pattern(session, rows)
    for number in range(0, 400, 3):
        world.change(session, number, now - timedelta(days=400 - number))
    for number, row in enumerate(rows):
        at(session, row, now - timedelta(days=400 - 20 * number))
    return accepted


def test_fewer_afterwards_are_consistent_with_the_rule_and_never_proof(
    session: Session, adopted: t.GuardrailRow, now: datetime
) -> None:
    seen = watch(session, adopted, now)
    assert seen is not None
    assert (seen.before.incidents, seen.after.incidents) == (8, 0)
    assert (seen.before.days, seen.after.days) == (200, 200)
    assert seen.exposure == "changes"  # the ledger has some on both sides
    assert seen.rate is not None
    assert seen.rate.high is not None
    assert seen.rate.high < 1
    assert seen.word == "consistent with fewer"
    assert "proved" not in seen.word


def test_incidents_of_others_and_restricted_ones_stand_apart(
    session: Session, people: People, adopted: t.GuardrailRow, now: datetime
) -> None:
    at(session, world.publish(session, people.ines, now), now - timedelta(days=20))
    hidden = at(session, world.publish(session, people.ines, now), now - timedelta(days=20))
    hidden.visibility = "restricted"
    session.add(hidden)
    session.flush()
    seen = watch(session, adopted, now)
    assert seen is not None
    assert (seen.after.incidents, seen.after.others) == (0, 1)


def test_a_few_days_or_a_few_incidents_say_nothing(
    session: Session, people: People, adopted: t.GuardrailRow, now: datetime
) -> None:
    adopted.decided_at = now - timedelta(days=10)
    seen = watch(session, adopted, now)
    assert seen is not None
    assert seen.word == "too early"
    adopted.decided_at = now - timedelta(days=320)
    seen = watch(session, adopted, now)
    assert seen is not None
    assert seen.word == "cannot tell"


def test_a_proposal_is_not_watched(
    session: Session, proposed: t.GuardrailRow, now: datetime
) -> None:
    assert watch(session, proposed, now) is None
    assert duties.duties_of(session, proposed) == []


def test_the_map_shows_what_happened_since(
    session: Session, adopted: t.GuardrailRow, now: datetime
) -> None:
    rules = [rule for row in coverage_map(session, now=now).rows for rule in row.rules]
    seen = {rule.id: rule.watch for rule in rules}[adopted.id]
    assert seen is not None
    assert seen.before.incidents == 8


# Duties


def test_accepting_plans_what_only_people_can_do(
    session: Session,
    people: People,
    accepted: t.GuardrailRow,
    now: datetime,
) -> None:
    found = duties.duties_of(session, accepted)
    assert [duty.every_days for duty in found] == [30]
    (duty,) = found
    assert duty.age(now.date()) is None
    assert duty.overdue(now.date()) == 0
    assert duty.overdue(now.date() + timedelta(days=33)) == 3
    day = (now - timedelta(days=4)).date()
    duties.record(
        session, viewer=people.ines, duty_id=duty.id, base_version=1, on=day.isoformat(),
        evidence="https://wiki.example/overrides", now=now,
    )  # fmt: skip
    (after,) = duties.duties_of(session, accepted)
    assert after.age(now.date()) == 4
    assert after.evidence == "https://wiki.example/overrides"
    assert after.due_on == now.date() + timedelta(days=30)
    assert [title for _, title in duties.all_duties(session)] == [accepted.title]


@pytest.mark.parametrize(
    ("on", "evidence", "path"),
    [("2999-01-01", "x", "on"), ("yesterday", "x", "on"), ("2026-10-01", "  ", "evidence")],
)
def test_a_duty_is_done_on_a_day_that_was_with_something_to_see(
    session: Session, people: People, accepted: t.GuardrailRow, now: datetime, on: str,
    evidence: str, path: str,
) -> None:  # fmt: skip
    (duty,) = duties.duties_of(session, accepted)
    with pytest.raises(Invalid) as refused:
        duties.record(session, viewer=people.ines, duty_id=duty.id, base_version=1, on=on,
                      evidence=evidence, now=now)  # fmt: skip
    assert [problem.path for problem in refused.value.problems] == [path]
    with pytest.raises(Forbidden):
        duties.record(session, viewer=people.vera, duty_id=duty.id, base_version=1,
                      on="2026-10-01", evidence="x", now=now)  # fmt: skip
    with pytest.raises(Conflict):
        duties.record(session, viewer=people.ines, duty_id=duty.id, base_version=9,
                      on="2026-10-01", evidence="x", now=now)  # fmt: skip


def test_a_drill_is_planned_held_and_becomes_the_evidence(
    session: Session,
    people: People,
    accepted: t.GuardrailRow,
    now: datetime,
) -> None:
    accepted.family = "resilience-drills"
    session.exec(select(t.GuardrailDuty)).one().fact = duties.DRILL
    (duty,) = duties.duties_of(session, accepted)
    assert duty.is_drill
    entry = DrillEntry(scenario="Roll checkout back", planned_at="2026-10-20 09:00")
    drill_id = duties.plan_drill(
        session,
        viewer=people.ravi,
        duty_id=duty.id,
        base_version=duty.version,
        entry=entry,
        now=now,
    )
    (planned,) = duties.duties_of(session, accepted)
    assert planned.due_on.isoformat() == "2026-10-20"
    row = session.get(t.Drill, drill_id)
    assert row is not None
    row.started_at, row.recovered_at = now - timedelta(minutes=50), now
    session.add(row)
    session.flush()
    (held,) = duties.duties_of(session, accepted)
    assert held.drill is not None
    assert held.drill.recovery == timedelta(minutes=50)
    assert held.age(now.date()) == 0


def test_a_kill_switch_that_was_tried_is_evidence_for_the_services_of_the_rule(
    session: Session,
    people: People,
    accepted: t.GuardrailRow,
    now: datetime,
) -> None:
    from rca.domain.catalogue import ServiceEntry

    entry = ServiceEntry(name="checkout", kill_switch_tested_at=now - timedelta(days=9))
    save_service(session, viewer=people.ravi, entry=entry, now=now)
    session.exec(select(t.GuardrailDuty)).one().fact = duties.SWITCH
    assert "checkout" in duties.services_of(accepted.document)
    (duty,) = duties.duties_of(session, accepted)
    assert duty.age(now.date()) == 9


# Thresholds


def test_thresholds_are_set_by_admins_and_judge_every_rule_again(
    session: Session,
    people: People,
    accepted: t.GuardrailRow,
    now: datetime,
) -> None:
    usual = gates.gate_settings(session, accepted)
    assert replace(usual, comparisons=1) == GateSettings()
    with pytest.raises(Forbidden):
        gates.set_thresholds(session, viewer=people.ravi, values={"max_unknown": "0.2"}, now=now)
    for text in ("x", "2", "-1"):
        with pytest.raises(Invalid):
            gates.set_thresholds(session, viewer=people.ada, values={"max_unknown": text}, now=now)
    values = {"max_unknown": "0,25", "min_incidents": "40", "p_below": "0.05"}
    changed = gates.set_thresholds(session, viewer=people.ada, values=values, now=now)
    assert changed == ["min_incidents", "max_unknown"]
    assert gates.gate_settings(session, accepted).max_unknown == 0.25
    job = session.exec(select(t.Job).where(t.Job.kind == "suggest")).one()
    assert job.key == "suggest"
    world.ledger(session, list(session.exec(select(t.PostmortemRow))), now)
    refresh_suggestions(session, now=now)
    session.refresh(accepted)
    shut = {gate["name"]: gate for gate in accepted.history["gates"]}["incidents"]
    assert not shut["met"]
    assert shut["requirement"].startswith("flags stand at 40 distinct incidents")


# Packs


def test_a_pack_is_compared_with_what_was_last_taken_away(
    session: Session,
    people: People,
    accepted: t.GuardrailRow,
    now: datetime,
) -> None:
    before = packs.packs(session, now=now)
    assert [view.target for view in before] == list(packs.TARGETS)
    assert {file.state for view in before for file in view.files} == {"new"}
    made = packs.export_guardrails(session, target="all", status="accepted", now=now)
    packs.remember(session, made, viewer=people.ines, now=now)
    assert {view.changed for view in packs.packs(session, now=now)} == {0}
    assert packs.stale(made, made.files()) == []
    doc = decisions.with_changes(accepted.document, {"severity": "critical"})
    decisions.edit(session, viewer=people.ravi, guardrail_id=accepted.id,
                   base_version=accepted.version, document=doc, now=now)  # fmt: skip
    (view,) = packs.packs(session, now=now, target="conftest")
    changed = [file for file in view.files if file.state == "changed"]
    assert [file.path for file in changed] == ["data/guardrails.yaml"]
    assert ("+", "      severity: critical") in {
        (s, f"      {line.strip()}") for s, line in changed[0].diff
    }
    again = packs.export_guardrails(session, target="all", status="accepted", now=now)
    assert "conftest/data/guardrails.yaml" in packs.stale(again, made.files())
    acts = session.exec(select(t.AuditEvent).where(t.AuditEvent.action == "guardrail.export"))
    assert len(acts.all()) == len(packs.TARGETS)


def test_an_archive_of_the_same_files_is_the_same_bytes() -> None:
    files = {"b/x.yaml": "é\n", "a.json": "{}\n"}
    data = packs.zipped(files)
    assert data == packs.zipped(dict(reversed(files.items())))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.read("b/x.yaml").decode() == "é\n"
