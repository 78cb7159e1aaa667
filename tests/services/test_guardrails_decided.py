"""Accept, edit, reject: by whom, on which version, with what left behind."""

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from mining.policy.document import render, validate
from rca.domain.access import Viewer
from rca.errors import Conflict, Forbidden, Invalid, NotFound, NotNow
from rca.services import guardrail_decisions as decisions
from rca.services import guardrail_reading as reading
from rca.store import audit
from rca.store import tables as t
from tests.people import People
from tests.prepared import prepared
from tests.services import guardrail_world as world


@pytest.fixture
def proposed(session: Session, people: People, now: datetime) -> t.GuardrailRow:
    """A proposal with a change ledger behind it."""
    prepared(session, "a proposal with a ledger", lambda: world.proposals(session, people, now))
    found = session.exec(select(t.GuardrailRow).where(t.GuardrailRow.template == world.RULE))
    return found.one()


@pytest.fixture
def accepted(
    session: Session, people: People, proposed: t.GuardrailRow, now: datetime
) -> t.GuardrailRow:
    """The same, accepted by Ravi."""
    decisions.accept(session, viewer=people.ravi, guardrail_id=proposed.id, base_version=1, now=now)
    return proposed


def changed(row: t.GuardrailRow, **changes: Any) -> dict[str, Any]:
    return decisions.with_changes(row.document, changes)


def edit(
    session: Session, viewer: Viewer, row: t.GuardrailRow, doc: dict[str, Any], now: datetime
) -> decisions.Decided:
    return decisions.edit(
        session,
        viewer=viewer,
        guardrail_id=row.id,
        base_version=row.version,
        document=doc,
        now=now,
    )


def test_accepting_begins_in_audit_and_is_written_down(
    session: Session, people: People, proposed: t.GuardrailRow, now: datetime
) -> None:
    done = decisions.accept(
        session,
        viewer=people.ravi,
        guardrail_id=proposed.id,
        base_version=1,
        owner_team="Storefront",
        now=now,
    )
    assert (done.version, done.decision) == (2, "accepted")
    assert (proposed.status, proposed.mode) == ("experimental", "audit")
    assert proposed.document["metadata"]["owner"]["team"] == "Storefront"
    assert validate(proposed.document) == []
    acts = session.exec(select(t.AuditEvent).where(t.AuditEvent.object_kind == "guardrail")).all()
    assert [(act.actor, act.action) for act in acts] == [("ravi", "guardrail.accepted")]
    assert audit.first_broken(session) is None
    assert [step.action for step in page(session, proposed, now).steps] == ["accepted"]


def page(session: Session, row: t.GuardrailRow, now: datetime) -> reading.GuardrailPage:
    return reading.guardrail_page(session, guardrail_id=row.id, now=now)


@pytest.mark.parametrize("name", ["vera", "ines", "otto"])
def test_only_reviewers_decide(
    session: Session, people: People, proposed: t.GuardrailRow, now: datetime, name: str
) -> None:
    viewer = getattr(people, name)
    with pytest.raises(Forbidden):
        decisions.accept(session, viewer=viewer, guardrail_id=proposed.id, base_version=1, now=now)
    with pytest.raises(Forbidden):
        edit(session, viewer, proposed, proposed.document, now)


def test_a_decision_on_an_old_version_is_a_conflict(
    session: Session, people: People, accepted: t.GuardrailRow, now: datetime
) -> None:
    with pytest.raises(Conflict) as clash:
        decisions.reject(
            session,
            viewer=people.ada,
            guardrail_id=accepted.id,
            base_version=1,
            reason="No.",
            now=now,
        )
    assert clash.value.version == 2
    assert accepted.decision == "accepted"


def test_a_rejection_needs_a_reason(
    session: Session, people: People, proposed: t.GuardrailRow, now: datetime
) -> None:
    with pytest.raises(Invalid):
        decisions.reject(
            session, viewer=people.ravi, guardrail_id=proposed.id, base_version=1,
            reason="  ", now=now,
        )  # fmt: skip
    decisions.reject(
        session, viewer=people.ravi, guardrail_id=proposed.id, base_version=1,
        reason="Too loud.", now=now,
    )  # fmt: skip
    assert proposed.rejected_evidence_count == 4
    with pytest.raises(NotNow):
        decisions.reject(
            session, viewer=people.ravi, guardrail_id=proposed.id, base_version=2,
            reason="Again.", now=now,
        )  # fmt: skip


def test_a_decided_rule_can_be_decided_otherwise(
    session: Session, people: People, accepted: t.GuardrailRow, now: datetime
) -> None:
    with pytest.raises(NotNow):
        decisions.accept(
            session, viewer=people.ravi, guardrail_id=accepted.id, base_version=2, now=now
        )
    decisions.reject(
        session, viewer=people.ravi, guardrail_id=accepted.id, base_version=2,
        reason="It asked for the wrong thing.", now=now,
    )  # fmt: skip
    assert reading.native_stream(session).count == 0
    decisions.accept(session, viewer=people.ravi, guardrail_id=accepted.id, base_version=3, now=now)
    assert reading.native_stream(session).count == 1
    assert [s.action for s in page(session, accepted, now).steps] == [
        "accepted", "rejected", "accepted",
    ]  # fmt: skip


def test_words_change_the_patch_and_nothing_else(
    session: Session, people: People, accepted: t.GuardrailRow, now: datetime
) -> None:
    control = accepted.document["spec"]["require"][0]["control"]
    kept = accepted.identity
    assert accepted.document["metadata"]["version"] == "0.1.0"
    edit(
        session,
        people.ravi,
        accepted,
        changed(accepted, messages={control: "run make check-config"}, owner_team="Storefront"),
        now,
    )
    assert accepted.identity == kept
    assert accepted.document["metadata"]["version"] == "0.1.1"
    assert accepted.document["spec"]["require"][0]["message"] == "run make check-config"


def test_nothing_changed_is_no_version(
    session: Session, people: People, accepted: t.GuardrailRow, now: datetime
) -> None:
    done = edit(session, people.ravi, accepted, deepcopy(accepted.document), now)
    assert done.version == 2


def test_an_exception_is_a_minor_version_and_needs_its_end(
    session: Session, people: People, accepted: t.GuardrailRow, now: datetime
) -> None:
    item = {
        "id": "ex-legacy",
        "scope": {"all": [{"field": "repo", "op": "eq", "value": "acme/legacy"}]},
        "reason": "one team until January",
        "approvedBy": "platform lead",
        "expires": "2027-01-31T00:00:00Z",
    }
    endless = {key: value for key, value in item.items() if key != "expires"}
    with pytest.raises(Invalid) as refused:
        edit(session, people.ravi, accepted, changed(accepted, exceptions=[endless]), now)
    assert "missing: expires" in refused.value.problems[0].message
    edit(session, people.ravi, accepted, changed(accepted, exceptions=[item]), now)
    assert accepted.document["metadata"]["version"] == "0.2.0"
    assert page(session, accepted, now).item.exceptions_expired == 0
    late = reading.guardrail_page(session, guardrail_id=accepted.id, now=now + timedelta(days=300))
    assert late.item.exceptions_expired == 1


def test_another_meaning_goes_back_to_audit_and_is_tried_again(
    session: Session, people: People, accepted: t.GuardrailRow, now: datetime
) -> None:
    doc = deepcopy(accepted.document)
    doc["spec"]["match"] = {"all": [{"field": "repo", "op": "eq", "value": "acme/shop"}]}
    edit(session, people.ravi, accepted, doc, now)
    assert accepted.status == "experimental"
    assert accepted.document["metadata"]["version"] == "1.0.0"
    assert accepted.history["windows"]["whole"]["flagged"] > 200
    again = deepcopy(accepted.document)
    again["spec"]["subject"] = "deploy"
    again["spec"]["mode"] = "warn"
    with pytest.raises(Invalid):
        edit(session, people.ravi, accepted, again, now)


def test_warn_and_enforce_open_only_when_their_gates_do(
    session: Session, people: People, accepted: t.GuardrailRow, now: datetime
) -> None:
    _set_gates(accepted, session, met=False)
    for mode in ("warn", "enforce"):
        with pytest.raises(Invalid) as shut:
            edit(session, people.ravi, accepted, changed(accepted, mode=mode), now)
        assert f"{mode} is not open yet" in shut.value.problems[0].message
    _set_gates(accepted, session, met=True)
    edit(session, people.ravi, accepted, changed(accepted, mode="warn"), now)
    assert (accepted.mode, accepted.status) == ("warn", "test")
    with pytest.raises(Invalid, match="28 days"):
        edit(session, people.ravi, accepted, changed(accepted, mode="enforce"), now)
    _outcomes(session, accepted, now)
    later = now + timedelta(days=40)
    edit(session, people.ravi, accepted, changed(accepted, mode="enforce"), later)
    assert (accepted.mode, accepted.status) == ("enforce", "stable")
    assert "backtest" in accepted.document
    assert validate(accepted.document) == []
    edit(session, people.ravi, accepted, changed(accepted, mode="audit"), later)
    assert (accepted.mode, accepted.status) == ("audit", "stable")


def _set_gates(row: t.GuardrailRow, session: Session, *, met: bool) -> None:
    gates = [{**gate, "met": met} for gate in row.history["gates"]]
    row.history = {**row.history, "gates": gates}
    session.add(row)
    session.flush()


def _outcomes(session: Session, row: t.GuardrailRow, now: datetime) -> None:
    for number in range(25):
        session.add(
            t.GuardrailOutcome(
                guardrail_id=row.id, at=now, repo="acme/shop", ref=str(number),
                state="violation", overridden=number < 2,
            )
        )  # fmt: skip
    session.flush()


def test_the_machine_keeps_its_parts(
    session: Session, people: People, accepted: t.GuardrailRow, now: datetime
) -> None:
    doc = deepcopy(accepted.document)
    doc["evidence"] = {**doc["evidence"], "incidents": ["INC-INVENTED"]}
    doc["metadata"]["status"] = "stable"
    doc["metadata"]["title"] = "A title that a person wrote"
    edit(session, people.ravi, accepted, doc, now)
    assert accepted.title == "A title that a person wrote"
    assert accepted.status == "experimental"
    assert "INC-INVENTED" not in accepted.document["evidence"]["incidents"]
    doc["metadata"]["id"] = "gr-another"
    with pytest.raises(Invalid, match="stays as it is"):
        edit(session, people.ravi, accepted, doc, now)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1", "line"),
        ("", "One document is needed here, not 0"),
        ("a: 1\n---\nb: 2\n", "not 2"),
        ("a: &x 1\n", "anchors"),
        ("a: 1\n", "metadata: missing"),
    ],
)
def test_yaml_that_is_no_rule_is_refused_in_words(
    session: Session, people: People, accepted: t.GuardrailRow, now: datetime, text: str, words: str
) -> None:
    with pytest.raises(Invalid) as refused:
        edit(session, people.ravi, accepted, decisions.edited_text(text), now)
    assert words in refused.value.problems[0].message


def test_yaml_comes_back_as_it_was_sent(
    session: Session, people: People, accepted: t.GuardrailRow, now: datetime
) -> None:
    text = render([changed(accepted, title="A title: with a colon, on “Friday”")])
    edit(session, people.ravi, accepted, decisions.edited_text(text.replace("\n", "\r\n")), now)
    assert accepted.title == "A title: with a colon, on “Friday”"


def test_a_guardrail_that_is_not_there(session: Session, people: People, now: datetime) -> None:
    with pytest.raises(NotFound):
        reading.guardrail_page(session, guardrail_id="gr-none", now=now)


def test_the_stream_is_stable_and_empty_is_a_comment(
    session: Session, accepted: t.GuardrailRow, now: datetime
) -> None:
    one, two = reading.native_stream(session), reading.native_stream(session)
    assert one.etag == two.etag
    assert one.count == 1
    none = reading.native_stream(session, status="rejected")
    assert none.count == 0
    assert none.text.startswith("# ")
