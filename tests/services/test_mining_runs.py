"""Runs over stored postmortems: what takes part, what persists, what people decide."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from rca import jobs as runner
from rca.config import Settings
from rca.domain.access import OPERATOR
from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import Visibility
from rca.errors import Forbidden, Invalid, NotNow
from rca.services import (
    authoring,
    jobs,
    mining,
    pattern_decisions,
    pattern_history,
    pattern_masking,
    placing,
    similar,
)
from rca.services.mining import mine_now
from rca.services.mining_corpus import read_corpus
from rca.services.pattern_view import view_pattern
from rca.services.patterns import list_patterns
from rca.store import tables as t
from rca.store.engine import reading, writing
from rca.store.postmortems import load_content
from tests.mining.corpus import company
from tests.people import People, make_people
from tests.prepared import prepared
from tests.services import guardrail_world

CERTIFICATES = "Expiry and credential lifecycle"
"""The cause that the pattern of certificates goes by when nothing else may be told of it."""


def publish(session: Session, people: People, content: PostmortemContent, now: datetime) -> str:
    """A published postmortem, past its review."""
    saved = authoring.create(session, viewer=people.ines, content=content, now=now)
    row = session.exec(
        select(t.PostmortemRow).where(t.PostmortemRow.reference == saved.reference)
    ).one()
    authoring.publish_now(session, row, content, viewer=OPERATOR, now=now)
    row.status = "published"
    session.add(row)
    session.flush()
    return saved.reference


@pytest.fixture
def stored(engine: Engine, now: datetime) -> tuple[People, dict[str, str]]:
    """The invented company, published; the id in the corpus -> its reference."""
    with writing(engine) as session:
        people = make_people(session, now)
        key = "the invented company"
        return people, prepared(session, key, lambda: _company(session, people, now))


def _company(session: Session, people: People, now: datetime) -> dict[str, str]:
    refs = {}
    for record in company():
        content = PostmortemContent(
            title=record.title,
            imported_text=record.text,
            severity=record.severity,
            services=list(record.services),
            times=[{"milestone": "impact_started_at", "value": record.date}],
        )
        refs[record.id] = publish(session, people, content, now)
    return refs


def pattern_of(engine: Engine, reference: str) -> str:
    with reading(engine) as session:
        for item in list_patterns(session).items:
            view = view_pattern(session, identifier=item.id, now=datetime.now().astimezone())
            if reference in [member.reference for member in view.members]:
                return item.id
    return ""


def restrict(session: Session, people: People, reference: str, now: datetime) -> None:
    """Restrict a published postmortem as its page does."""
    query = select(t.PostmortemRow).where(t.PostmortemRow.reference == reference)
    row = session.exec(query).one()
    content = load_content(session, row)
    narrowed = content.model_copy(update={"visibility": Visibility.RESTRICTED})
    authoring._store_edit(session, row, content, narrowed, viewer=people.ines, now=now)


def test_a_run_finds_what_recurs_and_counts_the_rest(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime
) -> None:
    summary = mine_now(engine, now=now)
    assert (summary.records, summary.patterns, summary.unassigned) == (18, 3, 6)
    with reading(engine) as session:
        page = list_patterns(session)
        assert page.unassigned == 6
        assert page.assigned == 12
        assert {item.size for item in page.items} == {4}
        assert sum(count for _, count in page.items[0].bars) <= 4


def test_a_second_run_keeps_numbers_names_and_decisions(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime
) -> None:
    people, refs = stored
    mine_now(engine, now=now)
    number = pattern_of(engine, refs["cert-1"])
    with writing(engine) as session:
        pattern_decisions.rename(
            session, viewer=people.ravi, identifier=number, name="Certificates run out", now=now
        )
        pattern_decisions.confirm(session, viewer=people.ravi, identifier=number, now=now)
    summary = mine_now(engine, now=now + timedelta(days=1))
    assert (summary.new, summary.gone) == (0, 0)
    assert pattern_of(engine, refs["cert-1"]) == number
    with reading(engine) as session:
        view = view_pattern(session, identifier=number, now=now)
        assert view.item.name == "Certificates run out"
        assert view.item.state == "confirmed"
        assert len(view.sizes) == 2
        assert [(one.words, bool(one.by)) for one in view.history] == [
            ("Confirmed as one cause coming back", True),
            ("Renamed", True),
            ("First found", False),
        ]


def test_membership_decisions_outlive_runs(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime
) -> None:
    people, refs = stored
    mine_now(engine, now=now)
    number = pattern_of(engine, refs["lock-1"])
    with writing(engine) as session:
        pattern_decisions.remove_member(
            session, viewer=people.ravi, identifier=number, reference=refs["lock-4"],
            reason="Another table", now=now,
        )  # fmt: skip
        pattern_decisions.add_member(
            session, viewer=people.ravi, identifier=number, reference=refs["lone-5"], now=now
        )
    mine_now(engine, now=now + timedelta(days=1))
    with reading(engine) as session:
        view = view_pattern(session, identifier=number, now=now)
        members = [member.reference for member in view.members]
        assert refs["lone-5"] in members
        assert refs["lock-4"] not in members
        assert [(o.reference, why) for o, why in view.removed] == [
            (refs["lock-4"], "Another table")
        ]


def test_a_split_is_one_act_that_later_runs_keep_and_a_merge_takes_back(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime
) -> None:
    people, refs = stored
    mine_now(engine, now=now)
    first = pattern_of(engine, refs["cert-1"])
    chosen = [refs["cert-3"], refs["cert-4"]]

    def members(identifier: str) -> set[str]:
        with reading(engine) as session:
            view = view_pattern(session, identifier=identifier, now=now)
            return {member.reference for member in view.members}

    with writing(engine) as session:
        ask = {"viewer": people.ravi, "identifier": first, "now": now}
        with pytest.raises(Invalid):
            pattern_decisions.split(session, references=chosen[:1], **ask)
        second = pattern_decisions.split(session, references=chosen, **ask)
    for later in (0, 1, 2):  # at once, and after each of two runs
        assert members(second) == set(chosen)
        assert members(first) == {refs["cert-1"], refs["cert-2"]}
        mine_now(engine, now=now + timedelta(hours=later + 1))
    with writing(engine) as session:
        pattern_decisions.merge(
            session, viewer=people.ravi, identifier=first, other=second, now=now
        )
    mine_now(engine, now=now + timedelta(hours=5))
    assert members(first) == {refs[f"cert-{n}"] for n in range(1, 5)}


def test_restricting_a_published_record_asks_for_a_new_run(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime
) -> None:
    people, refs = stored
    with writing(engine) as session:
        for job in session.exec(select(t.Job).where(t.Job.kind == "mine")):
            session.delete(job)
    with writing(engine) as session:
        row = session.exec(
            select(t.PostmortemRow).where(t.PostmortemRow.reference == refs["cert-1"])
        ).one()
        content = load_content(session, row)
        narrowed = content.model_copy(update={"visibility": Visibility.RESTRICTED})
        authoring._store_edit(session, row, content, narrowed, viewer=people.ines, now=now)
        assert session.exec(select(t.Job).where(t.Job.kind == "mine")).all()


def test_dismissed_with_a_reason_and_out_of_the_list(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime
) -> None:
    people, refs = stored
    mine_now(engine, now=now)
    number = pattern_of(engine, refs["retry-1"])
    with writing(engine) as session, pytest.raises(Invalid):
        pattern_decisions.dismiss(
            session, viewer=people.ravi, identifier=number, reason=" ", now=now
        )
    with writing(engine) as session:
        pattern_decisions.dismiss(
            session, viewer=people.ravi, identifier=number, reason="One drill", now=now
        )
    mine_now(engine, now=now + timedelta(days=1))
    with reading(engine) as session:
        page = list_patterns(session)
        assert number not in [item.id for item in page.items]
        assert [(item.id, item.reason) for item in page.dismissed] == [(number, "One drill")]


def test_only_reviewers_decide_and_organisations_never_mix(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime
) -> None:
    people, refs = stored
    mine_now(engine, now=now)
    number = pattern_of(engine, refs["cert-1"])
    with writing(engine) as session:
        foreign = publish(
            session, people, PostmortemContent(title="Theirs", organisation="Other"), now
        )
        with pytest.raises(Forbidden):
            pattern_decisions.confirm(session, viewer=people.ines, identifier=number, now=now)
        with pytest.raises(NotNow, match="organisation"):
            pattern_decisions.add_member(
                session, viewer=people.ravi, identifier=number, reference=foreign, now=now
            )


def test_a_record_that_became_restricted_is_shown_nowhere(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime
) -> None:
    people, refs = stored
    mine_now(engine, now=now)
    number = pattern_of(engine, refs["cert-1"])
    with writing(engine) as session:
        row = session.exec(
            select(t.PostmortemRow).where(t.PostmortemRow.reference == refs["cert-1"])
        ).one()
        row.visibility = "restricted"
        session.add(row)
    with reading(engine) as session:
        view = view_pattern(session, identifier=number, now=now)
        assert view.item.size == 3
        assert refs["cert-1"] not in str(replace(view, run=None))
        near = similar.for_postmortem(session, viewer=people.vera, reference=refs["cert-2"])
        assert refs["cert-1"] not in [item.reference for item in near]
        assert read_corpus(session).restricted_left_out == 1


def test_similar_incidents_say_why(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime
) -> None:
    people, refs = stored
    mine_now(engine, now=now)
    with reading(engine) as session:
        near = similar.for_postmortem(session, viewer=people.vera, reference=refs["retry-1"])
    assert {item.reference for item in near[:3]} == {refs[f"retry-{n}"] for n in (2, 3, 4)}
    assert all(item.why for item in near)


def test_a_mining_job_queues_the_suggestions_and_they_wait_for_no_lock(
    engine: Engine, now: datetime, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, database_url="sqlite://")
    with writing(engine) as session:
        jobs.enqueue(session, kind="mine", key="mine", now=now)
    assert runner.run_due(engine, settings, now=now) == 1
    with reading(engine) as session:
        kinds = [(job.kind, job.state) for job in session.exec(select(t.Job))]
    assert sorted(kinds) == [("mine", "done"), ("suggest", "queued")]
    assert runner.run_due(engine, settings, now=now) == 1
    with reading(engine) as session:
        states = {job.kind: job.state for job in session.exec(select(t.Job))}
    assert states == {"mine": "done", "suggest": "done"}


def test_a_new_postmortem_is_placed_before_the_next_run(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime
) -> None:
    people, refs = stored
    mine_now(engine, now=now)
    later = now + timedelta(hours=1)
    told = company()[0].text.replace("orders", "search")
    with writing(engine) as session:
        content = PostmortemContent(title="Certificate expired on search", imported_text=told)
        new = publish(session, people, content, later)
    number = pattern_of(engine, refs["cert-1"])
    with reading(engine) as session:
        found = placing.place(session, viewer=people.vera, reference=new)
        assert found is not None
        assert [place.id for place in found.joins] == [number]
        assert found.joins[0].why
        assert found.compared == 18 + 1
        # what the run has read stands as the run said
        assert placing.place(session, viewer=people.vera, reference=refs["cert-2"]) is None
    mine_now(engine, now=later + timedelta(hours=1))
    assert pattern_of(engine, new) == number
    with reading(engine) as session:
        assert placing.place(session, viewer=people.vera, reference=new) is None


def test_a_placement_tells_nothing_of_what_became_restricted(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime
) -> None:
    people, refs = stored
    mine_now(engine, now=now)
    content = PostmortemContent(title="A draft", imported_text=company()[0].text)
    with writing(engine) as session:
        saved = authoring.create(session, viewer=people.ines, content=content, now=now)
    certs = {reference for name, reference in refs.items() if name.startswith("cert")}
    with reading(engine) as session:
        before = placing.place(session, viewer=people.ines, reference=saved.reference)
        assert before is not None
        assert before.draft
        assert before.joins[0].closest in certs
    with writing(engine) as session:
        for row in session.exec(select(t.PostmortemRow)):
            if row.reference in certs:
                row.visibility = Visibility.RESTRICTED.value
                session.add(row)
    with reading(engine) as session:
        after = placing.place(session, viewer=people.ines, reference=saved.reference)
        assert after is not None
        assert after.joins == ()
        assert after.pair == ("", "")


def test_what_is_taken_back_is_as_before_and_the_history_tells_of_it(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime
) -> None:
    people, refs = stored
    mine_now(engine, now=now)
    number = pattern_of(engine, refs["cert-1"])
    with reading(engine) as session:
        before = view_pattern(session, identifier=number, now=now)
    with writing(engine) as session:
        ask = {"viewer": people.ravi, "identifier": number, "now": now}
        pattern_decisions.rename(session, name="Certificates run out", **ask)
        pattern_decisions.remove_member(session, reference=refs["cert-4"], **ask)
    mine_now(engine, now=now + timedelta(days=1))
    with writing(engine) as session:
        pattern_decisions.add_member(session, reference=refs["cert-4"], **ask)
        pattern_decisions.unname(session, **ask)
    mine_now(engine, now=now + timedelta(days=2))
    with reading(engine) as session:
        after = view_pattern(session, identifier=number, now=now)
    assert after.item.name == before.item.name
    assert {m.reference for m in after.members} == {m.reference for m in before.members}
    assert after.removed == ()
    assert [one.words for one in after.history] == [
        "Goes by the name of the run again",
        f"{refs['cert-4']} put in",
        f"{refs['cert-4']} taken out",
        "Renamed",
        "First found",
    ]
    assert {one.by for one in after.history} == {"Ravi", ""}


def test_a_join_is_at_once_and_for_good(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime
) -> None:
    people, refs = stored
    mine_now(engine, now=now)
    first, second = pattern_of(engine, refs["cert-1"]), pattern_of(engine, refs["lock-1"])

    def told(identifier: str) -> list[str]:
        with reading(engine) as session:
            view = view_pattern(session, identifier=identifier, now=now)
            return [one.words for one in view.history]

    with writing(engine) as session:  # into the later number, which keeps its own
        pattern_decisions.merge(
            session, viewer=people.ravi, identifier=second, other=first, now=now
        )
    for days in (0, 1, 2):
        with reading(engine) as session:
            page = list_patterns(session)
            assert sorted(item.size for item in page.items) == [4, 8]
            assert first not in {item.id for item in page.items}
            assert view_pattern(session, identifier=first, now=now).went_into == second
        mine_now(engine, now=now + timedelta(days=days + 1))
    assert told(first) == [f"Joined to {second}", "First found"]
    assert told(second) == [f"{first} joined to it", "First found"]
    with reading(engine) as session:
        assert list_patterns(session).since == ()


def test_what_falls_apart_by_itself_is_written_down_once(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime
) -> None:
    _people, refs = stored
    mine_now(engine, now=now)
    number = pattern_of(engine, refs["cert-1"])
    with writing(engine) as session:
        for key in ("cert-1", "cert-2", "cert-3", "cert-4"):
            query = select(t.PostmortemRow).where(t.PostmortemRow.reference == refs[key])
            row = session.exec(query).one()
            row.status = "not_required"
            session.add(row)
    for days in (1, 2):
        mine_now(engine, now=now + timedelta(days=days))
    with reading(engine) as session:
        view = view_pattern(session, identifier=number, now=now)
    assert not view.live
    assert view.went_into == ""
    assert [one.words for one in view.history] == [
        "Dissolved: its incidents no longer stood together",
        "First found",
    ]


def test_a_restricted_record_is_forgotten_by_its_pattern_at_once(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime
) -> None:
    people, refs = stored
    mine_now(engine, now=now)
    number, named = pattern_of(engine, refs["cert-1"]), pattern_of(engine, refs["lock-1"])
    with writing(engine) as session:
        pattern_decisions.rename(
            session, viewer=people.ravi, identifier=named, name="Locks wait", now=now
        )
        for key in ("cert-1", "lock-1"):
            restrict(session, people, refs[key], now)
    with reading(engine) as session:
        view = view_pattern(session, identifier=number, now=now)
        assert view.item.name == view.proposed_name == CERTIFICATES
        assert view.phrases == ()
        assert view.why == (pattern_masking.WHY,)
        assert view.item.size == 3
        assert view_pattern(session, identifier=named, now=now).item.name == "Locks wait"


def test_a_record_that_people_took_elsewhere_is_forgotten_where_it_was_too(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime
) -> None:
    people, refs = stored
    mine_now(engine, now=now)
    certs, locks, retries = (pattern_of(engine, refs[f"{k}-1"]) for k in ("cert", "lock", "retry"))
    ask: dict[str, Any] = {"viewer": people.ravi, "now": now}
    with writing(engine) as session:
        pattern_decisions.remove_member(session, identifier=certs, reference=refs["cert-1"], **ask)
        both = [refs["lock-1"], refs["lock-2"]]
        half = pattern_decisions.split(session, identifier=locks, references=both, **ask)
        pattern_decisions.merge(session, identifier=certs, other=retries, **ask)
        read_with_it = {certs: "cert-1", locks: "lock-1", half: "lock-3", retries: "retry-1"}
        before = {key: session.get_one(t.PatternRow, key).name for key in read_with_it}
        for key in ("cert-1", "lock-1", "lock-3", "retry-1"):
            restrict(session, people, refs[key], now)
    with reading(engine) as session:
        for identifier, key in read_with_it.items():
            view = view_pattern(session, identifier=identifier, now=now)
            assert view.item.name == view.proposed_name == before[identifier].partition(":")[0]
            assert (view.phrases, view.why) == ((), (pattern_masking.WHY,))
            assert refs[key] not in str(view), "its history names what is hidden"
        told = [one.words for one in view_pattern(session, identifier=certs, now=now).history]
        assert told == [f"{retries} joined to it", "An incident taken out", "First found"]


def test_a_record_restricted_while_a_run_reads_it_is_forgotten_with_the_run(
    engine: Engine, stored: tuple[People, dict[str, str]], now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    people, refs = stored
    whole = mining._mine

    def meanwhile(*given: Any) -> Any:
        found = whole(*given)
        with writing(engine) as session:
            restrict(session, people, refs["cert-1"], now)
        return found

    monkeypatch.setattr(mining, "_mine", meanwhile)
    mine_now(engine, now=now)
    with reading(engine) as session:
        view = view_pattern(session, identifier=pattern_of(engine, refs["cert-2"]), now=now)
    assert view.item.name == CERTIFICATES
    assert (view.phrases, view.why) == ((), (pattern_masking.WHY,))


def test_what_runs_do_is_in_the_history_of_every_pattern_that_it_touched(
    engine: Engine, now: datetime
) -> None:
    later = [now + timedelta(days=n) for n in range(4)]
    with writing(engine) as session:
        guardrail_world.run(session, now)
        for key in ("P-01", "P-02", "P-03"):
            guardrail_world.pattern(session, [], pattern_id=key)
        nothing: dict[str, Any] = {"splits": {}, "merges": {}, "gone": []}
        for at, done in (
            (later[1], {"splits": {"P-01": ["P-01", "P-02"]}}),
            (later[2], {"merges": {"P-01": ["P-01", "P-02"]}, "gone": ["P-02"]}),
            (later[3], {"gone": ["P-03"]}),
        ):
            pattern_history.remember(session, nothing | done, at)
    with reading(engine) as session:
        told = {
            key: [one.words for one in view_pattern(session, identifier=key, now=now).history]
            for key in ("P-01", "P-02", "P-03")
        }
        assert view_pattern(session, identifier="P-02", now=now).went_into == "P-01"
    assert told == {
        "P-01": ["Took in P-02", "Split: some of its incidents are P-02 now", "First found"],
        "P-02": ["Went into P-01", "Split off from P-01", "First found"],
        "P-03": ["Dissolved: its incidents no longer stood together", "First found"],
    }
