"""Mining proposes guardrails, and never writes over what people decided."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from mining.policy.document import parse, validate
from mining.policy.evidence import MemberEvidence, PatternEvidence
from mining.policy.suggest import suggest
from rca.services import guardrail_decisions as decisions
from rca.services import guardrail_reading as reading
from rca.services.guardrails import _Rows, refresh_suggestions
from rca.store import tables as t
from tests.people import People
from tests.prepared import prepared
from tests.services import guardrail_world as world

Rows = list[t.PostmortemRow]


@pytest.fixture
def incidents(session: Session, people: People, now: datetime) -> Rows:
    """Four published incidents of one pattern, mined."""

    def mined() -> None:
        rows = [world.publish(session, people.ines, now) for _ in range(4)]
        world.run(session, now)
        world.pattern(session, rows)

    prepared(session, "four incidents, mined", mined)
    return list(session.exec(select(t.PostmortemRow).order_by(col(t.PostmortemRow.reference))))


def stored(session: Session) -> list[t.GuardrailRow]:
    return list(session.exec(select(t.GuardrailRow).order_by(col(t.GuardrailRow.id))))


def the(session: Session, template: str = world.RULE) -> t.GuardrailRow:
    return next(row for row in stored(session) if row.template == template)


def test_a_pattern_gives_valid_proposals_with_their_evidence(
    session: Session, incidents: Rows, now: datetime
) -> None:
    count = refresh_suggestions(session, now=now)
    rows = stored(session)
    assert count == len(rows) > 0
    for row in rows:
        assert (row.decision, row.status, row.mode) == ("proposed", "proposed", "audit")
        assert validate(row.document) == []
        assert row.evidence_count == len(row.document["evidence"]["incidents"])
        assert row.pattern_id == "P-01"
        kept = session.exec(
            select(t.GuardrailEvidence).where(t.GuardrailEvidence.guardrail_id == row.id)
        ).all()
        assert len(kept) == row.evidence_count


def test_nothing_mined_is_nothing_proposed(session: Session, people: People, now: datetime) -> None:
    assert refresh_suggestions(session, now=now) == 0
    world.run(session, now)
    world.pattern(session, [world.publish(session, people.ines, now)])
    assert refresh_suggestions(session, now=now) == 0
    assert stored(session) == []


def test_a_second_refresh_changes_nothing(session: Session, incidents: Rows, now: datetime) -> None:
    refresh_suggestions(session, now=now)
    before = [(row.id, row.document, row.version) for row in stored(session)]
    refresh_suggestions(session, now=now)
    assert [(row.id, row.document, row.version) for row in stored(session)] == before


def test_restricted_incidents_take_no_part_and_are_not_named(
    session: Session, people: People, incidents: Rows, now: datetime
) -> None:
    refresh_suggestions(session, now=now)
    hidden = incidents[0]
    hidden.visibility = "restricted"
    session.add(hidden)
    session.flush()
    text = reading.native_stream(session, status="all").text
    assert hidden.reference not in text
    page = reading.guardrail_page(session, guardrail_id=the(session).id, now=now)
    assert hidden.reference not in page.text
    assert page.hidden == 1
    refresh_suggestions(session, now=now)
    assert all(
        hidden.reference not in row.document["evidence"]["incidents"] for row in stored(session)
    )


def test_an_accepted_rule_no_longer_tells_the_name_that_quoted_a_restricted_incident(
    session: Session, people: People, incidents: Rows, now: datetime
) -> None:
    pattern = session.get_one(t.PatternRow, "P-01")
    pattern.name = "Configuration change: as in “Pool of 4 in every region”"
    refresh_suggestions(session, now=now)
    decisions.accept(
        session, viewer=people.ravi, guardrail_id=the(session).id, base_version=1, now=now
    )
    before = reading.native_stream(session).text
    assert before.count("Pool of 4") == 2  # in its evidence and its rationale
    incidents[0].visibility = "restricted"
    pattern.name = "Configuration change"  # as the restriction leaves it
    session.flush()
    [doc] = parse(reading.native_stream(session).text)
    assert doc["evidence"]["cluster"]["label"] == "Configuration change"
    assert "incidents of “Configuration change” " in doc["spec"]["rationale"]
    assert "Pool of 4" not in str(doc)
    assert validate(doc) == []
    page = reading.guardrail_page(session, guardrail_id=the(session).id, now=now)
    assert "Pool of 4" not in page.text


def test_a_document_whose_whole_evidence_is_hidden_still_validates(
    session: Session, incidents: Rows, now: datetime
) -> None:
    refresh_suggestions(session, now=now)
    for row in incidents:
        row.visibility = "restricted"
        session.add(row)
    session.flush()
    docs = parse(reading.native_stream(session, status="proposed").text)
    assert docs
    assert all(validate(doc) == [] for doc in docs)
    assert {tuple(doc["evidence"]["incidents"]) for doc in docs} == {("not shown",)}


def test_a_dismissed_pattern_proposes_nothing(
    session: Session, incidents: Rows, now: datetime
) -> None:
    refresh_suggestions(session, now=now)
    row = session.get(t.PatternRow, "P-01")
    assert row is not None
    row.state = "dismissed"
    session.add(row)
    session.flush()
    assert refresh_suggestions(session, now=now) == 0
    assert stored(session) == []


def test_what_is_rejected_stays_away_until_its_evidence_has_grown(
    session: Session, people: People, incidents: Rows, now: datetime
) -> None:
    refresh_suggestions(session, now=now)
    row = the(session)
    decisions.reject(
        session,
        viewer=people.ravi,
        guardrail_id=row.id,
        base_version=1,
        reason="The schema is generated already.",
        now=now,
    )
    world.run(session, now + timedelta(hours=1), "run2")
    world.pattern(session, incidents, run_id="run2")
    refresh_suggestions(session, now=now)
    assert the(session).decision == "rejected"
    more = world.publish(session, people.ines, now)
    world.pattern(session, [*incidents, more], run_id="run2")
    refresh_suggestions(session, now=now)
    back = the(session)
    assert back.decision == "proposed"
    assert back.id == row.id
    assert back.evidence_count == 5
    assert back.reason == "The schema is generated already."


def test_what_is_accepted_changes_in_its_evidence_only(
    session: Session, people: People, incidents: Rows, now: datetime
) -> None:
    refresh_suggestions(session, now=now)
    row = the(session)
    decisions.accept(session, viewer=people.ravi, guardrail_id=row.id, base_version=1, now=now)
    before = dict(the(session).document)
    more = world.publish(session, people.ines, now)
    world.pattern(session, [*incidents, more])
    refresh_suggestions(session, now=now)
    after = the(session)
    assert after.version == 2
    assert {**after.document, "evidence": 0} == {**before, "evidence": 0}
    assert more.reference in after.document["evidence"]["incidents"]


def test_an_accepted_rule_outlives_its_pattern(
    session: Session, people: People, incidents: Rows, now: datetime
) -> None:
    refresh_suggestions(session, now=now)
    row = the(session)
    decisions.accept(session, viewer=people.ravi, guardrail_id=row.id, base_version=1, now=now)
    world.run(session, now + timedelta(hours=1), "run2")
    assert refresh_suggestions(session, now=now) == 0
    assert [kept.id for kept in stored(session)] == [row.id]


def test_another_scope_is_offered_and_never_written_over_a_decision(
    session: Session, people: People, incidents: Rows, now: datetime
) -> None:
    refresh_suggestions(session, now=now)
    row = the(session)
    decisions.accept(session, viewer=people.ravi, guardrail_id=row.id, base_version=1, now=now)
    kept = the(session).document["spec"]
    more = [world.publish(session, people.ines, now, services=["search", "edge"]) for _ in range(3)]
    world.pattern(session, [*incidents, *more])
    refresh_suggestions(session, now=now)
    assert the(session).document["spec"] == kept
    page = reading.guardrail_page(session, guardrail_id=row.id, now=now)
    assert page.other_scope


def test_the_history_comes_with_the_proposal(
    session: Session, incidents: Rows, now: datetime
) -> None:
    world.ledger(session, incidents, now)
    refresh_suggestions(session, now=now)
    row = the(session)
    whole = row.history["windows"]["whole"]
    assert whole["flagged"] == 30
    assert whole["tp"] == 10
    assert row.history["records"] == 300
    assert row.history["split"] is not None
    assert row.history["verdict"] in ("worth enforcing", "worth testing", "refused for friction")
    stats = row.document["evidence"]["stats"]
    assert stats["exposed"] == 30
    assert validate({**row.document, "backtest": row.history["document"]}) == []


def test_shipped_before_it_is_not_a_link(session: Session, incidents: Rows, now: datetime) -> None:
    start = now - timedelta(days=200)
    for number in range(60):
        world.change(
            session,
            number,
            start + timedelta(days=number),
            incident=incidents[0],
            method="temporal",
        )
    refresh_suggestions(session, now=now)
    assert the(session).document["evidence"]["stats"] == {
        "state": "not_estimable",
        "reason": "no-events",
    }


def test_a_fact_nobody_recorded_is_unknown(
    session: Session, incidents: Rows, now: datetime
) -> None:
    world.change(session, 1, now - timedelta(days=90), facts={"approvals.owners": 2})
    from rca.services.ledger import change_records

    (record,) = change_records(session)
    assert record["approvals"] == {"owners": 2}
    assert record["service"] == {"name": "checkout"}
    assert "ai" not in record
    assert "checks" not in record


def test_two_organisations_may_be_proposed_the_same_rule(
    session: Session, people: People, now: datetime
) -> None:
    both = [_evidence_of("own", "P-01"), _evidence_of("elsewhere", "P-02")]
    found = suggest(both, now=now)
    assert len({item.pattern_ids[0] for item in found}) == 2
    rows = _Rows(session)
    ids = [rows.free_id(item) for item in found]
    assert len(ids) == len(set(ids))


def _evidence_of(organisation: str, name: str) -> PatternEvidence:
    members = tuple(
        MemberEvidence(
            id=f"{organisation}-{number}",
            severity="SEV2",
            services=("checkout",),
            trigger="config_push",
            factor_classes=("config_change",),
            change_kinds=("config",),
        )
        for number in range(4)
    )
    return PatternEvidence(
        name, "config", ("config_change",), members, "run-1", 0.9, organisation=organisation
    )
