"""The quarterly review: what counts, what is left out, and what may be said."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from rca.domain.quarters import Quarter
from rca.domain.vocabulary import Status, ValueSource
from rca.errors import NotFound
from rca.reports.value import Review, Sheet, as_json, from_json, review_digest
from rca.services import review_numbers, reviews
from rca.store import tables as t
from tests.people import People
from tests.services.quarters import fill, incident, put

SUMMER = datetime(2026, 7, 2, 8, tzinfo=UTC)
SPRING = datetime(2026, 4, 2, 8, tzinfo=UTC)
Q3 = Quarter(2026, 3)


def build(session: Session, now: datetime, quarter: Quarter = Q3) -> Review:
    """The review as most tests want it."""
    return reviews.build(session, period=quarter, now=now, organisation="Fernwick")


def sheet(review: Review, name: str) -> Sheet:
    """One table of numbers."""
    return next(s for s in review.sheets() if s.name == name)


def row(review: Review, name: str, first: str) -> tuple[Any, ...]:
    """One row of one table by its first cell."""
    return next(r for r in sheet(review, name).rows if r[0] == first)


def test_it_works(session: Session, people: People, now: datetime) -> None:
    fill(session, people.ines, SUMMER, 4)
    review = build(session, now)
    assert review.quarter == "2026-Q3"
    assert review.coverage.words == "4 of 4 incidents published"
    assert [s.key for s in review.sections] == [
        "volume", "impact", "durations", "detection", "patterns", "ai", "follow-through",
        "guardrails", "learning", "appendix",
    ]  # fmt: skip
    assert len(review.tiles) == 4


def test_what_is_not_published_counts_as_coverage_only(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SUMMER, 3)
    draft = incident(SUMMER, title="A draft that nobody reviewed")
    put(session, people.ines, draft, at=SUMMER, status=Status.DRAFT)
    spared = incident(SUMMER, title="Judged not to need one")
    put(session, people.ines, spared, at=SUMMER, status=Status.NOT_REQUIRED)
    review = build(session, now)
    assert review.coverage.words == "3 of 4 incidents published"
    assert review.coverage.not_required == 1
    assert "A draft that nobody reviewed" not in json.dumps(as_json(review))
    assert review.tiles[0].value == "3"


def test_near_misses_and_drills_are_counted_apart(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SUMMER, 2)
    for kind in ("near_miss", "drill"):
        put(session, people.ines, incident(SUMMER, record_kind=kind), at=SUMMER)
    review = build(session, now)
    assert review.tiles[0].value == "2"
    assert "Counted apart: 1 near miss (0 before) and 1 drill (0 before)." in " ".join(
        review.sections[0].says
    )


@pytest.mark.parametrize(("count", "words"), [(0, "fewer than 5"), (3, "fewer than 5"), (6, "6")])
def test_restricted_records_leave_no_trace_but_a_rounded_total(
    session: Session, people: People, now: datetime, count: int, words: str
) -> None:
    fill(session, people.ines, SUMMER, 5)
    open_only = build(session, now)
    for place in range(count):
        hidden = incident(
            SUMMER, title=f"Canary breach {place}", visibility="restricted", services=["vault"]
        )
        put(session, people.ines, hidden, at=SUMMER)
    review = build(session, now)
    text = json.dumps(as_json(review))
    assert "Canary" not in text
    assert "vault" not in text
    assert review.coverage.restricted == words
    if count < 5:
        assert review_digest(review) == review_digest(open_only)


def test_without_a_change_it_says_that_none_can_be_told(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SPRING, 12)
    fill(session, people.ines, SUMMER, 12)
    review = build(session, now)
    assert review.headline == "No change in reliability can be told from 2026-Q2."
    assert {tile.say for tile in review.tiles} <= {
        "Cannot distinguish from no change", "Not enough data to compare",
    }  # fmt: skip
    assert not any(tile.changed for tile in review.tiles)


def test_a_planted_tripling_is_said(session: Session, people: People, now: datetime) -> None:
    fill(session, people.ines, SPRING, 10)
    fill(session, people.ines, SUMMER, 30)
    review = build(session, now)
    assert review.headline.startswith("More incidents")
    assert review.tiles[0].changed
    assert review.tiles[0].say.startswith("Up: 3")


def test_one_quarter_alone_is_compared_with_nothing(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SUMMER, 3)
    assert build(session, now).headline == (
        "3 incidents published, with no earlier quarter to compare with."
    )


def test_unconfirmed_times_stay_out_of_durations(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SUMMER, 6)
    before = row(build(session, now), "durations", "Mitigate")
    imported = incident(SUMMER)
    for mark in imported.times:
        mark.source, mark.confirmed = ValueSource.IMPORTED, False
    put(session, people.ines, imported, at=SUMMER)
    after = build(session, now)
    assert row(after, "durations", "Mitigate")[1] == before[1] == 6
    assert after.coverage.unconfirmed == 1


def test_the_median_is_of_the_minutes_between_the_milestones(
    session: Session, people: People, now: datetime
) -> None:
    for place, minutes in enumerate((10, 20, 30, 400, 50)):
        at = SUMMER + timedelta(days=place)
        put(session, people.ines, incident(at, mitigate=minutes), at=at)
    found = row(build(session, now), "durations", "Mitigate")
    assert found[1:3] == (5, 30.0)
    assert found[3] is not None
    assert found[3] <= 30 <= found[4]


def test_no_person_and_no_mean_is_anywhere(session: Session, people: People, now: datetime) -> None:
    actions = [{"title": "Bound the pool", "owner": "Mara Voss", "due": "2026-09-01"}]
    participants = [{"role": "incident_commander", "name": "Jonas Hale"}]
    fill(session, people.ines, SUMMER, 6, actions=actions, participants=participants)
    text = json.dumps(as_json(build(session, now)))
    for name in ("Mara Voss", "Jonas Hale", "Ines"):
        assert name not in text
    assert "mean" not in text.lower().replace("no mean is shown", "").replace(
        "what it means", ""
    ).replace("does not mean", "").replace("the ratio of means", "")


def test_actions_in_time_overdue_and_declined(
    session: Session, people: People, now: datetime
) -> None:
    def action(due: str, status: str, done: str | None = None) -> dict[str, Any]:
        return {"title": f"{status} by {due}", "due": due, "status": status, "done_at": done,
                "status_reason": "because"}  # fmt: skip

    actions = [
        action("2026-08-01", "done", "2026-08-01 17:00"),
        action("2026-08-01", "done", "2026-08-20"),
        action("2026-09-01", "open"),
        action("2026-09-01", "wont_do"),
        action("2026-12-01", "open"),
    ]
    put(session, people.ines, incident(SUMMER, actions=actions), at=SUMMER)
    review = build(session, now)
    assert row(review, "actions", "Due in the quarter")[1] == 4
    assert row(review, "actions", "Finished in time")[1] == 1
    assert row(review, "actions", "Overdue at its end")[1] == 1
    assert row(review, "actions", "Declined or superseded, of those due")[1] == 1
    assert review.tiles[3].value == "1 of 3"


def test_ai_unknown_is_an_answer_and_the_risk_sentence_stands(
    session: Session, people: People, now: datetime
) -> None:
    helped = {"surface": "incident_response", "state": "reported", "part": "adviser",
              "effect": "helped"}  # fmt: skip
    reference = put(session, people.ines, incident(SUMMER, ai_influences=[helped]), at=SUMMER)
    unknown = [{"surface": "code", "state": "unknown"}]
    put(session, people.ines, incident(SUMMER, ai_influences=unknown), at=SUMMER)
    put(session, people.ines, incident(SUMMER, ai_influences=[]), at=SUMMER)
    review = build(session, now)
    counts = {r[0]: r[1] for r in sheet(review, "ai-summary").rows}
    assert counts == {"Confirmed": 1, "Suspected": 0, "None": 0, "Unknown": 1, "Not asked": 1}
    says = " ".join(next(s for s in review.sections if s.key == "ai").says)
    assert "is not the risk per change" in says
    assert f"AI helped in 1 incident: {reference}." in says
    assert "2 of 3" in says


def test_a_share_under_five_stands_as_a_fraction(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SUMMER, 4)
    assert build(session, now).tiles[2].value == "4 of 4"


def test_a_correction_under_way_still_counts_with_its_published_words(
    session: Session, people: People, now: datetime
) -> None:
    (reference,) = fill(session, people.ines, SUMMER, 1)
    record = session.exec(
        select(t.PostmortemRow).where(t.PostmortemRow.reference == reference)
    ).one()
    record.status, record.title = Status.CHANGES_REQUESTED.value, "Half-written correction"
    session.add(record)
    session.flush()
    review = build(session, now)
    assert review.coverage.published == 1
    assert "Half-written" not in json.dumps(as_json(review))


def test_an_empty_quarter_is_not_found(session: Session, people: People, now: datetime) -> None:
    fill(session, people.ines, SUMMER, 1)
    with pytest.raises(NotFound, match="No incident of January to March 2026"):
        build(session, now, Quarter(2026, 1))
    with pytest.raises(NotFound, match="like 2026-Q3"):
        reviews.parse_period("summer")


def test_the_list_of_quarters(session: Session, people: People, now: datetime) -> None:
    fill(session, people.ines, SPRING, 2)
    fill(session, people.ines, SUMMER, 1)
    put(session, people.ines, incident(SUMMER), at=SUMMER, status=Status.DRAFT)
    lines = reviews.list_quarters(session, now=now)
    assert [(x.quarter, x.incidents, x.waiting, x.under_way) for x in lines] == [
        ("2026-Q3", 1, 1, False),
        ("2026-Q2", 2, 0, False),
    ]


def test_it_survives_json_and_the_digest_is_of_the_data(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SUMMER, 7)
    review = build(session, now)
    assert from_json(json.loads(json.dumps(as_json(review)))) == review
    later = build(session, now + timedelta(days=3))
    assert later.as_of != review.as_of
    assert review_digest(later) == review_digest(review)
    fill(session, people.ines, SUMMER + timedelta(days=20), 1)
    assert review_digest(build(session, now)) != review_digest(review)


# Numbers outside the PDF


def test_csv_holds_the_numbers_of_the_charts(
    session: Session, people: People, now: datetime
) -> None:
    fill(session, people.ines, SUMMER, 7)
    review = build(session, now)
    data = review_numbers.numbers(review, "csv")
    assert data == review_numbers.numbers(review, "csv")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        rows = list(csv.reader(io.StringIO(archive.read("durations.csv").decode())))
    assert {f"{s.name}.csv" for s in review.sheets()} == names
    found = row(review, "durations", "Mitigate")
    assert float(next(r for r in rows if r[0] == "Mitigate")[2]) == found[2]


def test_a_spreadsheet_runs_no_cell(session: Session, people: People, now: datetime) -> None:
    put(session, people.ines, incident(SUMMER, title="=cmd()|calc"), at=SUMMER)
    text = review_numbers.csv_of(sheet(build(session, now), "incidents"))
    assert ",'=cmd()|calc," in text


def test_markdown_for_a_wiki_carries_every_section(
    session: Session, people: People, now: datetime
) -> None:
    put(session, people.ines, incident(SUMMER, title="A | B"), at=SUMMER)
    review = build(session, now)
    text = review_numbers.markdown_of(review)
    for section in review.sections:
        assert f"## {section.title}" in text
    assert "A \\| B" in text
    assert review.headline in text
