"""Reviews on record: what may be done in which state, and that nothing typed or published is lost."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from mining import stats
from rca.domain.access import OPERATOR
from rca.domain.periods import Span, parse_period
from rca.domain.quarters import Quarter
from rca.domain.vocabulary import TimePrecision
from rca.errors import Conflict, Forbidden, Invalid, NotFound, NotNow
from rca.reports.value import Measure, Review
from rca.services import (
    look,
    report_pdf,
    review_compare,
    review_editing,
    review_pages,
    review_reading,
    review_records,
    reviews,
)
from rca.services.report_pdf import Document
from rca.services.review_reading import RecordView
from rca.store import tables as t
from rca.store.engine import reading, writing
from tests.people import People, make_people
from tests.reports.values import review as small_review
from tests.services.quarters import fill, incident, put

SUMMER = datetime(2026, 7, 2, 8, tzinfo=UTC)
SPRING = datetime(2026, 4, 2, 8, tzinfo=UTC)
Q3 = Quarter(2026, 3)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer resamples: intervals are tested where they are made."""
    monkeypatch.setattr(stats, "_RESAMPLES", 100)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """Both databases."""
    with writing(engine) as opened:
        yield opened


def create(session: Session, now: datetime, period: Any = Q3, **more: Any) -> str:
    """A draft by the operator."""
    return review_records.create(session, viewer=OPERATOR, period=period, now=now, **more)


def step(session: Session, act: Any, reference: str, now: datetime, **more: Any) -> Any:
    """Freeze, thaw, publish or discard at the version that is stored."""
    version = review_records.find(session, reference).version
    return act(session, viewer=OPERATOR, reference=reference, base_version=version, now=now, **more)


def freeze(session: Session, reference: str, now: datetime) -> Any:
    return step(session, review_records.freeze, reference, now, organisation="Fernwick")


def view(session: Session, reference: str, now: datetime) -> RecordView:
    page = review_pages.record_page(session, reference=reference, now=now, organisation="Fernwick")
    assert page.record is not None
    return page.record


def write(session: Session, reference: str, part: str, now: datetime, **body: Any) -> int:
    """Save one part over what is stored."""
    row = review_records.find(session, reference)
    stored = session.get(t.ReviewPart, (row.id, part))
    saved = review_editing.save_part(
        session, viewer=OPERATOR, reference=reference, part=part, body=body,
        base_version=stored.version if stored else 0, now=now,
    )  # fmt: skip
    return saved.version


def test_it_works(session: Session, now: datetime) -> None:
    people = make_people(session, now)
    fill(session, people.ines, SUMMER, 4)
    reference = create(session, now)
    assert reference == "2026-Q3_v1"
    write(session, reference, "verdict", now, text="A quiet quarter.")
    digest = freeze(session, reference, now)
    step(session, review_records.publish, reference, now)
    found = view(session, reference, now + timedelta(days=40))
    assert found.review.title == "A quiet quarter."
    assert found.review.digest == digest
    assert found.review.edition.words == "Version 1, published 5 October 2026"
    assert review_records.published_reference(session, period=Q3) == reference
    (line,) = review_reading.list_records(session)
    assert (line.state, line.verdict) == ("published", "A quiet quarter.")


def test_frozen_figures_stay_and_what_comes_late_is_said(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SUMMER, 4)
    put(session, people.ines, incident(SUMMER), at=SUMMER)
    reference = create(session, now)
    freeze(session, reference, now)
    before = view(session, reference, now)
    assert before.late is not None
    assert before.late.words == ""
    fill(session, people.ines, SUMMER + timedelta(days=9), 3)
    after = view(session, reference, now)
    assert after.review == before.review
    assert after.late is not None
    assert after.late.words == (
        "Frozen with 5 of 5 incidents published. Now 8 of 8 are: 3 more since, which these "
        "figures leave out."
    )
    step(session, review_records.thaw, reference, now)
    assert view(session, reference, now).review.coverage.published == 8


def test_the_digest_is_the_same_when_the_snapshot_is_read_back(
    session: Session, people: People, now: datetime
) -> None:
    from rca.reports.value import review_digest

    fill(session, people.ines, SUMMER, 7)
    reference = create(session, now)
    digest = freeze(session, reference, now)
    write(session, reference, "impact", now, text="Mostly one night.")
    assert review_digest(view(session, reference, now).review) == digest


def test_what_is_published_never_changes(engine: Engine, now: datetime) -> None:
    with writing(engine) as session:
        people = make_people(session, now)
        fill(session, people.ines, SUMMER, 2)
        reference = create(session, now)
        freeze(session, reference, now)
        step(session, review_records.publish, reference, now)
    with writing(engine) as session:
        with pytest.raises(NotNow, match="addendum"):
            write(session, reference, "verdict", now, text="Another one")
        for act in (review_records.thaw, review_records.discard):
            with pytest.raises(NotNow):
                step(session, act, reference, now)
    row = t.ReviewRow.__table__  # type: ignore[attr-defined]
    for statement in (row.update().values(digest="x"), row.delete()):
        with pytest.raises(DBAPIError, match="immutable"), writing(engine) as session:
            session.execute(statement)
    with reading(engine) as session:
        assert view(session, reference, now).review.title.startswith("2 incidents")


def test_corrections_are_addenda_or_a_new_version(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SUMMER, 2)
    reference = create(session, now)
    write(session, reference, "verdict", now, text="Fewer pages at night.")
    with pytest.raises(NotNow, match="not published yet"):
        create(session, now)
    with pytest.raises(NotNow, match="Freeze"):
        step(session, review_records.publish, reference, now)
    freeze(session, reference, now)
    step(session, review_records.publish, reference, now)
    later = now + timedelta(days=3)
    review_records.add_addendum(
        session, viewer=OPERATOR, reference=reference, text="One cost was wrong.", now=later
    )
    found = view(session, reference, later)
    assert [(a.on, a.text) for a in found.review.edition.addenda] == [
        ("2026-10-08", "One cost was wrong.")
    ]
    second = review_records.next_version(session, viewer=OPERATOR, reference=reference, now=later)
    assert second == "2026-Q3_v2"
    assert view(session, second, later).review.verdict == "Fewer pages at night."
    assert view(session, reference, later).newer == second
    assert review_records.published_reference(session, period=Q3) == reference


def test_a_text_that_comes_second_is_kept_and_both_are_known(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SUMMER, 2)
    reference = create(session, now)
    write(session, reference, "impact", now, text="Theirs")
    with pytest.raises(Conflict) as clash:
        review_editing.save_part(
            session, viewer=people.ines, reference=reference, part="impact",
            body={"text": "Mine"}, base_version=0, now=now,
        )  # fmt: skip
    assert (clash.value.current, clash.value.version) == ({"text": "Theirs"}, 1)
    for _ in range(2):
        review_editing.keep_conflict(
            session, viewer=people.ines, reference=reference, part="impact",
            body={"text": "Mine"}, now=now,
        )  # fmt: skip
    told = {(e.kind, e.body["text"]) for e in review_editing.history(session, reference)}
    assert told == {("edit", "Theirs"), ("conflict", "Mine")}
    assert len(review_editing.history(session, reference)) == 2
    # Another part is nobody's conflict.
    write(session, reference, "durations", now, text="Other")


def test_who_may_do_what(session: Session, people: People, now: datetime) -> None:
    fill(session, people.ines, SUMMER, 2)
    with pytest.raises(Forbidden):
        review_records.create(session, viewer=people.vera, period=Q3, now=now)
    reference = review_records.create(session, viewer=people.ines, period=Q3, now=now)
    with pytest.raises(Forbidden):
        review_editing.save_part(
            session, viewer=people.vera, reference=reference, part="verdict",
            body={"text": "x"}, base_version=0, now=now,
        )  # fmt: skip
    with pytest.raises(Forbidden):
        review_records.freeze(
            session, viewer=people.ines, reference=reference, base_version=1, now=now,
            organisation="",
        )  # fmt: skip
    review_records.freeze(
        session, viewer=people.ravi, reference=reference, base_version=1, now=now, organisation=""
    )
    with pytest.raises(Conflict):
        review_records.publish(
            session, viewer=people.ravi, reference=reference, base_version=1, now=now
        )


def test_the_agenda_by_rule_and_by_hand(session: Session, people: People, now: datetime) -> None:
    references = fill(session, people.ines, SUMMER, 3, severity="SEV1")
    hidden = put(session, people.ines, incident(SUMMER, visibility="restricted"), at=SUMMER)
    reference = create(session, now)
    by_rule = view(session, reference, now).review.agenda
    assert [(a.why, a.by_hand) for a in by_rule] == [("SEV-1", False)] * 3
    rows = [{"reference": references[2], "why": "Nobody knew the switch"}]
    write(session, reference, "agenda", now, rows=rows)
    (chosen,) = view(session, reference, now).review.agenda
    assert (chosen.reference, chosen.why, chosen.by_hand) == (
        references[2], "Nobody knew the switch", True,
    )  # fmt: skip
    with pytest.raises(Invalid, match="open to everyone"):
        write(session, reference, "agenda", now, rows=[{"reference": hidden, "why": "x"}])


def test_decisions_carry_owner_cost_and_date(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SUMMER, 2)
    reference = create(session, now)
    row = {"title": "Fund a second region", "owner": "Platform", "cost": "3 weeks",
           "by": "2026-11-02"}  # fmt: skip
    write(session, reference, "decisions", now, rows=[row, {"title": ""}])
    (decision,) = view(session, reference, now).review.decisions
    assert (decision.owner, decision.cost, decision.by) == ("Platform", "3 weeks", "2026-11-02")
    with pytest.raises(Invalid) as wrong:
        write(session, reference, "decisions", now, rows=[{**row, "by": "soon"}])
    assert wrong.value.problems[0].path == "decisions.rows.0.by"


def test_no_decision_is_asked_for_before_the_day_of_reading(
    session: Session, people: People, now: datetime
) -> None:
    due = [{"title": "Bound the pool", "due": "2026-02-01"}]
    fill(session, people.ines, SUMMER, 2, actions=due)
    late = datetime(2026, 12, 20, 9, tzinfo=UTC)
    review = reviews.build(session, period=Q3, now=late, organisation="")
    assert review.decisions
    assert all(date.fromisoformat(d.by) >= date(2027, 1, 3) for d in review.decisions)


def test_a_frozen_review_keeps_the_company_look_of_that_day(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SUMMER, 3)

    def wears(colour: str) -> None:
        version = look.current(session).version
        look.save(session, viewer=OPERATOR, name="Fernwick", accent=colour, base_version=version,
                  now=now)  # fmt: skip

    def worn(reference: str) -> Document:
        page = review_pages.record_page(
            session, reference=reference, now=now, organisation="Fernwick"
        )
        document = report_pdf.quarter_document(
            session, review=page.review, incident=page.incident, look=page.look
        )
        return look.dressed(document, look.of(session, document))

    wears("#6b2d7a")
    reference = create(session, now)
    assert dict(worn(reference).colours)["#0a5a60"] == "#6b2d7a"
    wears("#7a2d2d")
    assert dict(worn(reference).colours)["#0a5a60"] == "#7a2d2d", "a draft follows"
    freeze(session, reference, now)
    frozen = worn(reference)
    wears("#2d4a7a")
    assert worn(reference).key == frozen.key
    step(session, review_records.publish, reference, now)
    assert worn(reference).colours == frozen.colours
    row = review_records.find(session, reference)
    assert row.snapshot["look"]["accent"] == "#7a2d2d"


def test_a_review_frozen_before_looks_were_kept_wears_the_one_of_today(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SUMMER, 3)
    reference = create(session, now)
    freeze(session, reference, now)
    row = review_records.find(session, reference)
    row.snapshot = {name: value for name, value in row.snapshot.items() if name != "look"}
    session.add(row)
    session.flush()
    look.save(session, viewer=OPERATOR, name="", accent="#2d4a7a", base_version=0, now=now)
    page = review_pages.record_page(session, reference=reference, now=now, organisation="")
    document = report_pdf.quarter_document(session, review=page.review, look=page.look)
    assert look.of(session, document).accent == "#2d4a7a"


def test_what_was_restricted_after_the_freeze_is_left_out(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SUMMER, 5)
    at = SUMMER + timedelta(days=9)
    secret = put(session, people.ines, incident(at, title="Canary breach", severity="SEV1"), at=at)
    reference = create(session, now)
    digest = freeze(session, reference, now)
    step(session, review_records.publish, reference, now)
    assert "Canary" in repr(view(session, reference, now).review)
    row = session.exec(select(t.PostmortemRow).where(t.PostmortemRow.reference == secret)).one()
    row.visibility = "restricted"
    session.add(row)
    session.flush()
    found = view(session, reference, now)
    assert "Canary" not in repr(found.review)
    assert found.masked == 1
    assert found.review.digest == digest
    assert found.review.tiles[0].value == "6"
    assert found.incident is None or found.incident.reference != secret


# Periods and scopes


@pytest.mark.parametrize(
    ("text", "first", "last", "previous"),
    [
        ("2026-Q3", "2026-07-01", "2026-09-30", "2026-Q2"),
        ("FY2027-Q1", "2026-07-01", "2026-09-30", "FY2026-Q4"),
        ("FY2027", "2026-07-01", "2027-06-30", "FY2026"),
        ("2026-09", "2026-09-01", "2026-09-30", "2026-08"),
        ("2026", "2026-01-01", "2026-12-31", "2025"),
        ("2026-07-01..2026-08-15", "2026-07-01", "2026-08-15", "2026-05-16..2026-06-30"),
    ],
)
def test_periods(text: str, first: str, last: str, previous: str) -> None:
    found = parse_period(text, fiscal_start=7)
    assert str(found) == text
    assert str(found.start.date()) == first
    assert str((found.end - timedelta(days=1)).date()) == last
    assert str(found.previous()) == previous
    assert found.previous().end == found.start


@pytest.mark.parametrize(
    "text", ["summer", "2026-13", "2026-Q5", "FY26", "2026-08-15..2026-07-01",
             "2020-01-01..2026-01-01", "2026-02-30..2026-03-01", ""],
)  # fmt: skip
def test_what_is_no_period(text: str) -> None:
    with pytest.raises(ValueError, match=r"period|day"):
        parse_period(text)


def test_a_fiscal_quarter_is_the_calendar_one_of_the_same_days(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SPRING, 3)
    fill(session, people.ines, SUMMER, 5)
    fiscal = parse_period("FY2027-Q1", fiscal_start=7)
    assert isinstance(fiscal, Span)
    two: list[Review] = [
        reviews.build(session, period=period, now=now, organisation="") for period in (Q3, fiscal)
    ]
    assert two[0].tiles == two[1].tiles
    assert two[0].measures == two[1].measures
    assert two[1].previous == "FY2026-Q4"


def test_any_days_and_no_record_of_a_year_only(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SUMMER, 6)
    vague = incident(SUMMER)
    vague.times[0].precision = TimePrecision.YEAR
    put(session, people.ines, vague, at=SUMMER)
    period = parse_period("2026-07-01..2026-07-03")
    review = reviews.build(session, period=period, now=now, organisation="")
    assert review.coverage.published == 4
    assert "this period" in " ".join(s for x in review.sections for s in x.says)


def test_the_scope_of_a_team_and_of_a_tier(session: Session, now: datetime) -> None:
    people = make_people(session, now)
    team = t.Team(name="Payments")
    session.add(team)
    session.flush()
    session.add(t.Service(name="ledger", tier=0, owning_team_id=team.id))
    fill(session, people.ines, SUMMER, 2, services=["ledger"], teams=[])
    fill(session, people.ines, SUMMER, 3, services=["search"], teams=["Payments"])
    fill(session, people.ines, SUMMER, 4, services=["search"], teams=["Search"])

    def count(**scope: Any) -> int:
        review = reviews.build(session, period=Q3, now=now, organisation="", **scope)
        return review.coverage.published

    assert count() == 9
    assert count(team="Payments") == 5
    assert count(tier=0) == 2
    with pytest.raises(Invalid, match="No record names"):
        create(session, now, team="Ghosts")
    reference = create(session, now, team="Payments")
    assert reference == "2026-Q3_team-Payments_v1"
    assert "Payments" in view(session, reference, now).review.scope


def test_an_empty_period_names_who_has_incidents(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SPRING, 1)
    fill(session, people.ines, SUMMER, 2, organisation="Harbour")
    with pytest.raises(NotFound, match=r"published ones of Harbour \(2\)"):
        reviews.build(session, period=Q3, now=now, organisation="", whose="own")
    with pytest.raises(NotFound, match="Other organisations on record: Harbour"):
        reviews.build(session, period=Quarter(2020, 1), now=now, organisation="")


# Comparing


def measured(incidents: int) -> Review:
    """A review that is known by its counts alone."""
    measures = (
        Measure("incidents", "Incidents", "rate", incidents, 92.0),
        Measure("customer", "Found by a customer first", "share", 3, 10.0),
        Measure("mitigate", "Time to mitigate", "median", 3, 3.0, (("SEV2", (9.0, 30.0, 47.0)),)),
    )
    return small_review(measures=measures)


def test_a_planted_change_is_said_and_overlap_claims_nothing() -> None:
    found = review_compare.compare(measured(10), measured(30), overlap=False)
    lines = {line.label: line for line in found.lines}
    assert lines["Incidents"].changed
    assert lines["Incidents"].change.startswith("× 3.00 (")
    assert lines["Incidents"].later == "30 in 92 days"
    assert lines["Found by a customer first"].earlier == "3 of 10 (30%)"
    assert lines["Found by a customer first"].say == "Cannot distinguish from no change"
    same = review_compare.compare(measured(10), measured(30), overlap=True)
    assert not any(line.changed for line in same.lines)
    assert "overlap" in same.caution
